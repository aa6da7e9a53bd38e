//! Real servers: what is configured well passes, what is not is told, in every configuration tried.

use std::io::{self, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mmsfit::Provider;

use crate::{GIF, codes, policy, verifier};

mod more;
mod old_tls;
mod s3;

const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada Lovelace\r\nNOTE:analytical analytical analytical analytical\r\nEND:VCARD\r\n";

/// A server's process, ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Starts a program and waits until it listens. A machine without the program fails the test: it never passes by skipping.
fn start(program: &str, package: &str, arguments: &[&str], port: u16) -> io::Result<Running> {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|why| {
            io::Error::other(format!(
                "{program} does not start ({why}): install the package {package}"
            ))
        })?;
    let mut running = Running(child);
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if let Some(status) = running.0.try_wait()? {
            return Err(io::Error::other(format!(
                "{program} has ended with {status} instead of listening"
            )));
        }
        if begun.elapsed() > Duration::from_secs(60) {
            return Err(io::Error::other(format!(
                "{program} does not listen on {port}"
            )));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(running)
}

fn media(folder: &Path) -> io::Result<()> {
    std::fs::write(folder.join("picture.gif"), GIF)?;
    std::fs::write(folder.join("picture"), GIF)?;
    std::fs::write(folder.join("card.vcf"), CARD)?;
    std::fs::write(folder.join("empty.gif"), b"")
}

async fn expect(port: u16, cases: &[(&str, &str)]) {
    let tsg = verifier(Provider::TsgGlobal, policy());
    for (path, expected) in cases {
        let verdict = tsg.verify(&format!("http://127.0.0.1:{port}{path}")).await;
        assert_eq!(codes(&verdict), *expected, "{path}: {:?}", verdict.findings);
    }
}

#[tokio::test]
async fn python_is_judged_right() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    media(folder.path())?;
    let port = free_port()?;
    let directory = folder.path().to_string_lossy().into_owned();
    for protocol in ["HTTP/1.0", "HTTP/1.1"] {
        let script = "import http.server, sys, functools\n\
                      handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[2])\n\
                      http.server.SimpleHTTPRequestHandler.protocol_version = sys.argv[3]\n\
                      http.server.SimpleHTTPRequestHandler.extensions_map['.vcf'] = 'text/x-vcard'\n\
                      http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), handler).serve_forever()\n";
        let running = start(
            "python3",
            "python3",
            &["-c", script, &port.to_string(), &directory, protocol],
            port,
        )?;
        expect(
            port,
            &[
                ("/picture.gif", ""),
                ("/card.vcf", ""),
                ("/picture", "MMS504"),
                ("/missing.gif", "MMS503"),
                ("/empty.gif", "MMS001 MMS504"),
                ("/picture.gif/", "MMS503"),
            ],
        )
        .await;
        drop(running);
    }
    Ok(())
}

#[tokio::test]
async fn nginx_is_judged_right_with_and_without_compression() -> io::Result<()> {
    for (setting, card) in [
        ("", ""),
        ("gzip on;", ""),
        // The type is listed: what is compressed on the fly has no length.
        (
            "gzip on; gzip_min_length 1; gzip_types text/vcard image/gif;",
            "MMS505 MMS508",
        ),
        (
            "chunked_transfer_encoding off; gzip on; gzip_min_length 1; gzip_types text/vcard;",
            "MMS505",
        ),
    ] {
        let folder = tempfile::tempdir()?;
        media(folder.path())?;
        let port = free_port()?;
        let root = folder.path().display();
        let file = folder.path().join("nginx.conf");
        let mut config = std::fs::File::create(&file)?;
        write!(
            config,
            "daemon off; master_process off; pid {root}/pid; error_log /dev/null; events {{}}\n\
             http {{ access_log off; types {{ image/gif gif; text/vcard vcf; }} default_type application/octet-stream;\n\
             client_body_temp_path {root}/a; proxy_temp_path {root}/b; fastcgi_temp_path {root}/c;\n\
             uwsgi_temp_path {root}/d; scgi_temp_path {root}/e; {setting}\n\
             server {{ listen 127.0.0.1:{port}; root {root};\n\
             location /moved {{ return 302 /card.vcf; }}\n\
             location /away {{ return 302 http://10.0.0.1/card.vcf; }}\n\
             location /get {{ limit_except POST {{ deny all; }} }} }} }}\n"
        )?;
        let running = start(
            "nginx",
            "nginx-light",
            &["-c", &file.to_string_lossy()],
            port,
        )?;
        let moved = format!("{card} ~MMS506");
        let picture = if setting.contains("image/gif") {
            "MMS505 MMS508"
        } else {
            ""
        };
        expect(
            port,
            &[
                ("/card.vcf", card),
                ("/picture.gif", picture),
                ("/picture", "MMS504"),
                ("/missing.gif", "MMS503"),
                ("/empty.gif", "MMS001 MMS504"),
                ("/moved", moved.trim()),
                ("/away", "MMS502"),
                ("/get", "MMS503"),
            ],
        )
        .await;
        drop(running);
    }
    Ok(())
}

#[tokio::test]
async fn node_is_judged_right_streaming_or_not() -> io::Result<()> {
    let port = free_port()?;
    let script = format!(
        "const body = Buffer.from('{}', 'hex');\n\
         require('http').createServer((request, answer) => {{\n\
           answer.setHeader('Content-Type', 'image/gif');\n\
           if (request.url === '/stream') {{ answer.write(body.subarray(0, 9)); answer.end(body.subarray(9)); }}\n\
           else if (request.url === '/length') {{ answer.setHeader('Content-Length', body.length); answer.end(body); }}\n\
           else if (request.url === '/end') {{ answer.end(body); }}\n\
           else if (request.url === '/no-head' && request.method === 'HEAD') {{ answer.statusCode = 405; answer.end(); }}\n\
           else if (request.url === '/no-head') {{ answer.setHeader('Content-Length', body.length); answer.end(body); }}\n\
           else {{ answer.statusCode = 404; answer.end(); }}\n\
         }}).listen({port}, '127.0.0.1');\n",
        GIF.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    );
    let running = start("node", "nodejs", &["-e", &script], port)?;
    expect(
        port,
        &[
            ("/length", ""),
            ("/stream", "MMS505 MMS508"),
            ("/end", "MMS505"),
            ("/no-head", "MMS509"),
            ("/missing", "MMS503"),
        ],
    )
    .await;
    drop(running);
    Ok(())
}
