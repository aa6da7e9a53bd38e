//! TLS of another age, spoken by a server that still can.

use mmsfit::Provider;

use super::{free_port, start};
use crate::tls::{Authority, Failed};
use crate::{GIF, codes, verifier};

#[tokio::test]
async fn old_versions_and_ciphers_of_tls_are_told() -> Result<(), Failed> {
    let authority = Authority::new("authority")?;
    let (certificate, key) = authority.pem("media.example")?;
    for (options, expected) in [
        ("minVersion: 'TLSv1.2'", ""),
        ("minVersion: 'TLSv1.3'", ""),
        (
            "minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0'",
            "MMS511",
        ),
        (
            "minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0'",
            "MMS511",
        ),
        (
            "maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0'",
            "MMS511",
        ),
        // A client's certificate is asked for, and we have none.
        (
            "requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2'",
            "MMS511",
        ),
    ] {
        let port = free_port()?;
        let hex: String = GIF.iter().map(|byte| format!("{byte:02x}")).collect();
        let script = format!(
            "const body = Buffer.from('{hex}', 'hex');\n\
             require('https').createServer({{ cert: `{certificate}`, key: `{key}`, {options} }}, (request, answer) => {{\n\
               answer.setHeader('Content-Type', 'image/gif');\n\
               answer.setHeader('Content-Length', body.length);\n\
               answer.end(body);\n\
             }}).listen({port}, '127.0.0.1');\n"
        );
        let running = start("node", "nodejs", &["-e", &script], port)?;
        let tsg = verifier(Provider::TsgGlobal, authority.trusted());
        let verdict = tsg
            .verify(&format!("https://media.example:{port}/a.gif"))
            .await;
        let found = codes(&verdict);
        assert_eq!(found, expected, "{options}: {:?}", verdict.findings);
        drop(running);
    }
    Ok(())
}

#[tokio::test]
async fn a_certificate_signed_with_sha_1_is_told() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let made = std::process::Command::new("openssl")
        .args([
            "req", "-x509", "-sha1", "-newkey", "rsa:2048", "-nodes", "-days", "30",
        ])
        .args([
            "-subj",
            "/CN=media.example",
            "-addext",
            "subjectAltName=DNS:media.example",
        ])
        .args(["-keyout", &at("key.pem"), "-out", &at("cert.pem")])
        .output()?;
    assert!(made.status.success(), "install the package openssl");
    let der = std::process::Command::new("openssl")
        .args(["x509", "-in", &at("cert.pem"), "-outform", "der"])
        .output()?
        .stdout;
    let port = free_port()?;
    let script = format!(
        "const fs = require('fs');\n\
         require('https').createServer({{ cert: fs.readFileSync('{}'), key: fs.readFileSync('{}'),\n\
           ciphers: 'DEFAULT@SECLEVEL=0' }}, (request, answer) => answer.end()).listen({port}, '127.0.0.1');\n",
        at("cert.pem"),
        at("key.pem")
    );
    let running = start("node", "nodejs", &["-e", &script], port)?;
    let policy = Authority::new("another")?.trusted().trust(der);
    let verdict = verifier(Provider::TsgGlobal, policy)
        .verify(&format!("https://media.example:{port}/a.gif"))
        .await;
    assert_eq!(codes(&verdict), "MMS511", "{:?}", verdict.findings);
    drop(running);
    Ok(())
}
