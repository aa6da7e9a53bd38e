//! TLS as the command sees it: the platform's roots decide, and a failure names its reason.

use std::process::Stdio;

use tokio::runtime::Runtime;

use super::right;
use crate::authority::{Authority, Failed, pem};
use crate::desk::{Desk, Said, said};
use crate::server::Server;

/// A server whose certificate for an address an authority has signed.
fn server(runtime: &Runtime, authority: &Authority, name: &str) -> Result<Server, Failed> {
    let acceptor = authority.acceptor(name, |_| {})?;
    Ok(runtime.block_on(Server::tls(acceptor, right))?)
}

/// What the command says of a server, with these roots as the platform's.
fn verified(desk: &Desk, server: &Server, roots: &str) -> Result<Said, Failed> {
    let port = server.address.port();
    let child = desk
        .command()
        .env("SSL_CERT_FILE", desk.at(roots))
        .env("SSL_CERT_DIR", desk.at("none"))
        .args(["verify-url", "-p", "sinch", "--allow-net", "127.0.0.1"])
        .arg(format!("https://127.0.0.1:{port}/a.gif?token=hush"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    Ok(said(&child.wait_with_output()?))
}

#[test]
fn a_certificate_passes_by_the_roots_of_the_platform_and_fails_with_its_reason()
-> Result<(), Failed> {
    let desk = Desk::new()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let (ours, strange) = (Authority::new("ours")?, Authority::new("strange")?);
    for (name, authority) in [("ours.pem", &ours), ("strange.pem", &strange)] {
        desk.write(name, pem("CERTIFICATE", &authority.der).as_bytes())?;
    }
    let right = server(&runtime, &ours, "127.0.0.1")?;
    let elsewhere = server(&runtime, &ours, "media.example")?;
    let run = verified(&desk, &right, "ours.pem")?;
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{}", run.out);
    assert_eq!(right.requests().len(), 4);
    for (server, roots, reason) in [
        (&right, "strange.pem", "UnknownIssuer"),
        (&elsewhere, "ours.pem", "not valid for name"),
        (&right, "none.pem", "no root certificates"),
    ] {
        let asked = server.requests().len();
        let run = verified(&desk, server, roots)?;
        assert_eq!((run.code, run.err.as_str()), (Some(1), ""), "{}", run.out);
        let line = run.out.lines().find(|line| line.contains("MMS511"));
        let line = line.unwrap_or_default();
        assert!(
            line.contains(reason) && line.contains("sinch would reject the message"),
            "{roots}: {}",
            run.out
        );
        assert!(!run.out.contains("hush"), "{}", run.out);
        assert_eq!(
            server.requests().len(),
            asked,
            "{roots}: a request went out"
        );
    }
    Ok(())
}
