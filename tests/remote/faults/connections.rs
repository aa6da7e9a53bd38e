//! Connections that are refused, break, or never come about.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use mmsfit::Provider;

use super::{Case, judge, on_get, send};
use crate::server::{Server, Step};
use crate::{Fixed, codes, policy, right, verifier};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_breaks_before_its_answer_is_unreachable() -> io::Result<()> {
    judge(cases()).await
}

pub(super) fn cases() -> Vec<Case> {
    let pause = || Step::Wait(Duration::from_millis(30));
    vec![
        on_get("closes at once", Vec::new(), "MMS503"),
        on_get("closes after a while", vec![pause()], "MMS503"),
        on_get("resets at once", vec![Step::Reset], "MMS503"),
        on_get("resets after a while", vec![pause(), Step::Reset], "MMS503"),
        on_get(
            "half a head",
            send("HTTP/1.1 200 OK\r\nContent-Ty"),
            "MMS503",
        ),
        on_get(
            "resets in the head",
            [send("HTTP/1.1 200 OK\r\n"), vec![pause(), Step::Reset]].concat(),
            "MMS503",
        ),
        on_get(
            "closes behind an interim answer",
            send("HTTP/1.1 103 Early Hints\r\n\r\n"),
            "MMS503",
        ),
    ]
}

#[tokio::test]
async fn a_closed_port_is_unreachable() -> io::Result<()> {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let verdict = verifier(Provider::Sinch, policy())
        .verify(&format!("http://{closed}/a.gif"))
        .await;
    assert_eq!(codes(&verdict), "MMS503");
    Ok(())
}

#[tokio::test]
async fn an_address_without_a_route_is_unreachable() {
    // Multicast takes no TCP; the range is allowed, so that it is the network that refuses.
    let policy = policy().allow_net("224.0.0.0/4".parse().expect("a range"));
    let verdict = verifier(Provider::Sinch, policy)
        .verify("http://224.0.0.1/a.gif")
        .await;
    assert_eq!(codes(&verdict), "MMS503", "{:?}", verdict.findings);
}

#[tokio::test]
async fn a_dead_address_does_not_hide_a_living_one() -> io::Result<()> {
    let server = Server::on("127.0.0.1:0", |request| right(&request.method)).await?;
    let port = server.address.port();
    // Nobody listens at the other address.
    for answers in [&["127.0.0.9", "127.0.0.1"][..], &["127.0.0.1", "127.0.0.9"]] {
        let guard = verifier(Provider::Sinch, policy().resolver(Fixed::of(answers)));
        let verdict = guard
            .verify(&format!("http://media.example:{port}/a.gif"))
            .await;
        assert_eq!(codes(&verdict), "", "{answers:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_address_that_swallows_everything_does_not_hide_a_living_one() -> io::Result<()> {
    let server = Server::on("127.0.0.1:0", |request| right(&request.method)).await?;
    let port = server.address.port();
    // A queue that is full and that nobody empties: further handshakes are not answered at all.
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 3], port).into())?;
    let hole = socket.listen(1)?;
    let address = hole.local_addr()?;
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(stream);
        assert!(waiting.len() < 64, "the queue does not fill");
    }
    let alone = verifier(
        Provider::Sinch,
        policy()
            .connect_within(Duration::from_millis(400))
            .resolver(Fixed::of(&["127.0.0.3"])),
    );
    let url = format!("http://media.example:{port}/a.gif");
    assert_eq!(codes(&*alone.verify(&url).await), "MMS503");
    let both = verifier(
        Provider::Sinch,
        policy().resolver(Fixed::of(&["127.0.0.3", "127.0.0.1"])),
    );
    assert_eq!(codes(&*both.verify(&url).await), "");
    assert!(server.accepted() >= 4);
    Ok(())
}
