//! A local object store that speaks S3, alone and behind a proxy in each configuration tried.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use mmsfit::{Provider, Verdict};

use super::{CARD, free_port, start};
use crate::tls::{Authority, Failed};
use crate::{GIF, codes, policy, verifier};

/// Sends one request of our own and gives back the status.
fn put(port: u16, path: &str, fields: &str, body: &[u8]) -> io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    write!(
        stream,
        "PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {}\r\nConnection: close\r\n{fields}\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.split(' ').nth(1) != Some("200") {
        return Err(io::Error::other(format!("PUT {path}: {answer}")));
    }
    Ok(())
}

const PUBLIC: &str = "x-amz-acl: public-read\r\n";

fn fill(port: u16) -> io::Result<()> {
    put(port, "/media", "", b"")?;
    for (name, fields, body) in [
        ("picture.gif", "Content-Type: image/gif\r\n", GIF),
        ("card.vcf", "Content-Type: text/vcard\r\n", CARD.as_bytes()),
        ("untyped.gif", "Content-Type: binary/octet-stream\r\n", GIF),
        ("wrong.gif", "Content-Type: image/png\r\n", GIF),
        (
            "coded.gif",
            "Content-Type: image/gif\r\nContent-Encoding: gzip\r\n",
            GIF,
        ),
    ] {
        put(
            port,
            &format!("/media/{name}"),
            &format!("{PUBLIC}{fields}"),
            body,
        )?;
    }
    put(
        port,
        "/media/private.gif",
        "Content-Type: image/gif\r\n",
        GIF,
    )
}

#[tokio::test]
async fn an_object_store_is_judged_right() -> Result<(), Failed> {
    let store = free_port()?;
    let running = start(
        "moto_server",
        "moto[server] of PyPI",
        &["-H", "127.0.0.1", "-p", &store.to_string()],
        store,
    )?;
    fill(store)?;
    super::expect(
        store,
        &[
            ("/media/picture.gif", ""),
            ("/media/card.vcf", ""),
            ("/media/untyped.gif", "MMS504"),
            ("/media/wrong.gif", "MMS504"),
            ("/media/coded.gif", "MMS505"),
            ("/media/private.gif", "MMS503"),
            ("/media/missing.gif", "MMS503"),
            ("/nowhere/picture.gif", "MMS503"),
            // Presigned, for a minute, long ago.
            (
                "/media/picture.gif?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Date=20260101T000000Z\
                 &X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0",
                "~MMS503",
            ),
        ],
    )
    .await;

    let authority = Authority::new("authority")?;
    let (certificate, key) = authority.pem("media.example")?;
    for (name, setting, picture, card) in [
        ("as it comes", "", "", ""),
        (
            "compressed",
            "gzip on; gzip_min_length 1; gzip_proxied any; gzip_types text/vcard;",
            "",
            "MMS505 MMS508",
        ),
        (
            "chunked",
            // Whatever touches the body takes its length away.
            "sub_filter_types *; sub_filter 'no such words' 'none';",
            "MMS505 MMS508",
            "MMS505 MMS508",
        ),
        (
            "HEAD refused",
            "if ($request_method = HEAD) { return 405; }",
            "MMS509",
            "MMS509",
        ),
        (
            "ranges refused",
            "proxy_set_header Range ''; proxy_hide_header Accept-Ranges; max_ranges 0;",
            "",
            "",
        ),
        (
            "unbuffered",
            "proxy_buffering off; proxy_http_version 1.1;",
            "",
            "",
        ),
    ] {
        let folder = tempfile::tempdir()?;
        let root = folder.path().display();
        std::fs::write(folder.path().join("cert.pem"), &certificate)?;
        std::fs::write(folder.path().join("key.pem"), &key)?;
        let (plain, tls) = (free_port()?, free_port()?);
        let file = folder.path().join("nginx.conf");
        std::fs::write(
            &file,
            format!(
                "daemon off; master_process off; pid {root}/pid; error_log /dev/null; events {{}}\n\
                 http {{ access_log off; client_body_temp_path {root}/a; proxy_temp_path {root}/b;\n\
                 fastcgi_temp_path {root}/c; uwsgi_temp_path {root}/d; scgi_temp_path {root}/e;\n\
                 server {{ listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl; server_name media.example;\n\
                 ssl_certificate {root}/cert.pem; ssl_certificate_key {root}/key.pem;\n\
                 location /media/ {{ proxy_pass http://127.0.0.1:{store}; {setting} }}\n\
                 location /moved/ {{ rewrite ^/moved/(.*)$ /media/$1 redirect; }}\n\
                 location /down/ {{ return 302 http://media.example:{plain}/media/picture.gif; }} }} }}\n"
            ),
        )?;
        let proxy = start(
            "nginx",
            "nginx-light",
            &["-c", &file.to_string_lossy()],
            plain,
        )?;
        let tsg = verifier(Provider::TsgGlobal, authority.trusted());
        for base in [
            format!("http://127.0.0.1:{plain}"),
            format!("https://media.example:{tls}"),
        ] {
            for (path, expected) in [
                ("/media/picture.gif", picture),
                ("/media/card.vcf", card),
                ("/media/missing.gif", "MMS503"),
            ] {
                let verdict = tsg.verify(&format!("{base}{path}")).await;
                assert_eq!(
                    codes(&verdict),
                    expected,
                    "{name} {base}{path}: {:?}",
                    verdict.findings
                );
                // Whatever the proxy does to the answer, the bytes can be had but where there are none.
                let fixable = expected.contains("MMS50") && expected != "MMS503";
                assert_eq!(
                    verdict.verdict() == Verdict::Fixable,
                    fixable,
                    "{name} {path}"
                );
            }
        }
        let verdict = tsg
            .verify(&format!("https://media.example:{tls}/moved/picture.gif"))
            .await;
        let expected = format!("{picture} ~MMS506");
        assert_eq!(
            codes(&verdict),
            expected.trim(),
            "{name}: {:?}",
            verdict.findings
        );
        let verdict = tsg
            .verify(&format!("https://media.example:{tls}/down/picture.gif"))
            .await;
        assert_eq!(codes(&verdict), "MMS506", "{name}: {:?}", verdict.findings);
        // Who does not know the authority trusts nothing of it.
        let stranger = verifier(
            Provider::TsgGlobal,
            policy().resolver(crate::Fixed::of(&["127.0.0.1"])),
        );
        let verdict = stranger
            .verify(&format!("https://media.example:{tls}/media/picture.gif"))
            .await;
        assert_eq!(codes(&verdict), "MMS511", "{name}: {:?}", verdict.findings);
        drop(proxy);
    }
    drop(running);
    Ok(())
}
