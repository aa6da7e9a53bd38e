//! Addresses of this very machine, through the command.

use std::io;
use std::net::UdpSocket;

use super::right;
use crate::desk::Desk;
use crate::server::Server;

/// The address that this machine has towards others. Connecting a datagram socket sends nothing.
fn own_address() -> io::Result<String> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect("198.51.100.1:9").map_err(|fault| {
        io::Error::other(format!("this machine has no address but loopback: {fault}"))
    })?;
    Ok(socket.local_addr()?.ip().to_string())
}

#[test]
fn no_address_of_this_machine_is_asked_whatever_it_is_called() -> io::Result<()> {
    let desk = Desk::new()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let canary = runtime.block_on(Server::on("0.0.0.0:0", right))?;
    let port = canary.address.port();
    let own = own_address()?;
    for (host, allowed) in [
        (own.as_str(), None),
        (own.as_str(), Some("127.0.0.0/8")),
        ("localhost", Some("10.0.0.0/8")),
        ("127.0.0.1", None),
        ("0.0.0.0", None),
        ("0x7f000001", None),
        ("2130706433", None),
        ("127.1", None),
        ("[::1]", None),
        ("[::]", None),
        ("[::ffff:127.0.0.1]", Some("127.0.0.0/8")),
        ("[64:ff9b::7f00:1]", Some("127.0.0.0/8")),
    ] {
        let url = format!("https://{host}:{port}/a.gif?token=hush");
        let mut words = vec!["verify-url", "-p", "sinch,tsg-global,carrierx,ringcentral"];
        words.extend(allowed.iter().flat_map(|range| ["--allow-net", range]));
        words.push(&url);
        let run = desk.run(&words)?;
        assert_eq!(
            (run.code, run.err.as_str()),
            (Some(1), ""),
            "{url}: {}",
            run.out
        );
        assert_eq!(run.out.matches("MMS502").count(), 4, "{url}: {}", run.out);
        assert!(!run.out.contains("hush"), "{}", run.out);
    }
    assert_eq!(canary.accepted(), 0);
    // The canary listens: with leave it is reached.
    let url = format!("http://{own}:{port}/a.gif");
    let run = desk.run(&["verify-url", "-p", "sinch", "--allow-net", &own, &url])?;
    assert_eq!(run.code, Some(0), "{}", run.out);
    assert_eq!(canary.accepted(), 4);
    Ok(())
}
