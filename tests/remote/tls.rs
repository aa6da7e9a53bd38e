//! TLS: certificates that may not be trusted, handshakes that fail, connections that end badly.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mmsfit::{FetchPolicy, Http, HttpClient, HttpFault, Provider};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio_rustls::TlsAcceptor;

use crate::authority::config;
pub(crate) use crate::authority::{Authority, Failed};
use crate::server::{Server, Step};
use crate::{Fixed, GIF, codes, head, policy, right, verifier};

impl Authority {
    pub(crate) fn trusted(&self) -> FetchPolicy {
        policy()
            .trust(self.der.clone())
            .resolver(Fixed::of(&["127.0.0.1"]))
    }
}

async fn judged(server: &Server, policy: FetchPolicy) -> (String, String) {
    let url = format!("https://media.example:{}/a.gif", server.address.port());
    let verdict = verifier(Provider::TsgGlobal, policy).verify(&url).await;
    let told = verdict
        .findings
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ");
    (codes(&verdict), told)
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_for_this_name_is_accepted() -> Result<(), Failed> {
    let authority = Authority::new("authority")?;
    let server = Server::tls(authority.acceptor("media.example", |_| {})?, |request| {
        right(&request.method)
    })
    .await?;
    assert_eq!(
        judged(&server, authority.trusted()).await,
        (String::new(), String::new())
    );
    Ok(())
}

#[tokio::test]
async fn an_answer_is_shared_only_with_those_who_trust_the_same_authority() -> Result<(), Failed> {
    let authority = Authority::new("authority")?;
    let stranger = Authority::new("stranger")?;
    let server = Server::tls(authority.acceptor("media.example", |_| {})?, |request| {
        right(&request.method)
    })
    .await?;
    let together = policy().resolver(Fixed::of(&["127.0.0.1"])).share_answers();
    let trusting = |authority: &Authority| together.clone().trust(authority.der.clone());
    assert_eq!(judged(&server, trusting(&authority)).await.0, "");
    assert_eq!(judged(&server, trusting(&stranger)).await.0, "MMS511");
    Ok(())
}

#[tokio::test]
async fn a_certificate_that_may_not_be_trusted_is_a_tls_failure_with_its_reason()
-> Result<(), Failed> {
    let authority = Authority::new("authority")?;
    let stranger = Authority::new("stranger")?;
    let key = KeyPair::generate()?;
    let own = CertificateParams::new(vec!["media.example".to_owned()])?.self_signed(&key)?;
    for (name, acceptor, reason) in [
        (
            "expired",
            authority.acceptor("media.example", |params| {
                params.not_after = date_time_ymd(2020, 1, 1);
            })?,
            "expired",
        ),
        (
            "not yet valid",
            authority.acceptor("media.example", |params| {
                params.not_before = date_time_ymd(2090, 1, 1);
            })?,
            "not valid yet",
        ),
        (
            "wrong name",
            authority.acceptor("other.example", |_| {})?,
            "not valid for",
        ),
        (
            "a name above",
            authority.acceptor("example", |_| {})?,
            "not valid for",
        ),
        (
            "unknown authority",
            stranger.acceptor("media.example", |_| {})?,
            "UnknownIssuer",
        ),
        (
            "self-signed",
            TlsAcceptor::from(Arc::new(config(own.der().to_vec(), &key)?)),
            "invalid peer certificate",
        ),
    ] {
        let server = Server::tls(acceptor, |request| right(&request.method)).await?;
        let (codes, told) = judged(&server, authority.trusted()).await;
        assert_eq!(codes, "MMS511", "{name}: {told}");
        assert!(told.contains(reason), "{name}: {told}");
        assert!(server.requests().is_empty(), "{name}: a request went out");
    }
    Ok(())
}

#[tokio::test]
async fn a_handshake_that_fails_is_a_tls_failure() -> Result<(), Failed> {
    // The server reads no request: what it is sent is a ClientHello, so it must act before the first empty line.
    let alert = |kind: u8| vec![21, 3, 1, 0, 2, 2, kind];
    for (name, bytes) in [
        (
            "plain HTTP",
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec(),
        ),
        ("no common version", alert(70)),
        ("no common cipher", alert(40)),
        ("unknown name", alert(112)),
        ("noise", vec![0x5a; 64]),
        ("closes", Vec::new()),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let server = tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut hello = [0; 4_096];
                let _ = stream.read(&mut hello).await;
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
        });
        let guard = verifier(
            Provider::Sinch,
            policy().resolver(Fixed::of(&["127.0.0.1"])),
        );
        let verdict = guard
            .verify(&format!("https://media.example:{port}/"))
            .await;
        assert_eq!(codes(&verdict), "MMS511", "{name}: {:?}", verdict.findings);
        server.abort();
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_speaks_http_2_alone_is_told() -> Result<(), Failed> {
    let authority = Authority::new("authority")?;
    // It insists in the handshake.
    let mut config = authority.config("media.example", |_| {})?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    let server = Server::tls(TlsAcceptor::from(Arc::new(config)), |request| {
        right(&request.method)
    })
    .await?;
    let (codes, told) = judged(&server, authority.trusted()).await;
    assert_eq!(codes, "MMS511", "{told}");
    assert!(server.requests().is_empty());
    // It does not ask, and begins with its settings.
    let server = Server::tls(authority.acceptor("media.example", |_| {})?, |_| {
        vec![Step::Send(b"\0\0\0\x04\0\0\0\0\0".to_vec())]
    })
    .await?;
    assert_eq!(judged(&server, authority.trusted()).await.0, "MMS503");
    Ok(())
}

#[tokio::test]
async fn a_handshake_that_stalls_is_given_up() -> Result<(), Failed> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let policy = policy()
        .connect_within(Duration::from_millis(300))
        .resolver(Fixed::of(&["127.0.0.1"]));
    let begun = std::time::Instant::now();
    let verdict = verifier(Provider::Sinch, policy)
        .verify(&format!("https://media.example:{port}/"))
        .await;
    assert_eq!(codes(&verdict), "MMS511", "{:?}", verdict.findings);
    assert!(begun.elapsed() < Duration::from_millis(800));
    drop(listener);
    Ok(())
}

#[tokio::test]
async fn a_tls_connection_that_breaks_in_mid_body_is_a_body_that_is_too_short() -> Result<(), Failed>
{
    let authority = Authority::new("authority")?;
    for then in [Step::Reset, Step::Wait(Duration::ZERO)] {
        let server = Server::tls(
            authority.acceptor("media.example", |_| {})?,
            move |request| {
                if request.method == "HEAD" {
                    return right("HEAD");
                }
                let mut bytes = head("Content-Type: image/gif\nContent-Length: 43\n");
                bytes.extend_from_slice(&GIF[..20]);
                vec![
                    Step::Send(bytes),
                    // A reset takes what was not read yet with it: a busy machine must have read by then, and before the
                    // verifier gives up on a body that does not go on.
                    Step::Wait(Duration::from_millis(200)),
                    then.clone(),
                ]
            },
        )
        .await?;
        assert_eq!(judged(&server, authority.trusted()).await.0, "MMS505");
    }
    Ok(())
}

#[tokio::test]
async fn a_whole_body_is_whole_even_if_tls_is_not_closed_in_due_form() -> Result<(), Failed> {
    let authority = Authority::new("authority")?;
    let server = Server::tls(authority.acceptor("media.example", |_| {})?, |request| {
        [
            right(&request.method),
            // A reset takes what was not read yet with it: a busy machine must have read by then.
            vec![Step::Wait(Duration::from_secs(1)), Step::Reset],
        ]
        .concat()
    })
    .await?;
    assert_eq!(judged(&server, authority.trusted()).await.0, "");
    Ok(())
}

#[tokio::test]
async fn a_redirect_from_https_down_to_http_is_refused() -> Result<(), Failed> {
    let authority = Authority::new("authority")?;
    let plain = Server::plain(|request| right(&request.method)).await?;
    let location = plain.url("/a.gif");
    let server = Server::tls(authority.acceptor("media.example", |_| {})?, move |_| {
        let answer =
            format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        vec![Step::Send(answer.into_bytes())]
    })
    .await?;
    assert_eq!(judged(&server, authority.trusted()).await.0, "MMS506");
    assert_eq!(plain.accepted(), 0);
    Ok(())
}

#[tokio::test]
async fn without_the_authority_among_the_roots_nothing_is_trusted() -> io::Result<()> {
    let authority = Authority::new("authority").map_err(|why| io::Error::other(why.to_string()))?;
    let acceptor = authority
        .acceptor("media.example", |_| {})
        .map_err(|why| io::Error::other(why.to_string()))?;
    let server = Server::tls(acceptor, |request| right(&request.method)).await?;
    let policy = policy().resolver(Fixed::of(&["127.0.0.1"]));
    assert_eq!(judged(&server, policy).await.0, "MMS511");
    Ok(())
}

#[tokio::test]
async fn one_deadline_holds_for_a_handshake_and_its_exchange_together() -> Result<(), Failed> {
    let authority = Authority::new("authority")?;
    let acceptor = authority.acceptor("localhost", |_| {})?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("https://localhost:{}/", listener.local_addr()?.port());
    // Slow to shake hands, then silent: the handshake alone would be in time.
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let stream = acceptor.accept(stream).await?;
        std::future::pending::<()>().await;
        drop(stream);
        Ok::<_, io::Error>(())
    });
    let client = HttpClient::new()
        .trust(authority.der.clone())
        .within(Duration::from_secs(2));
    let begun = Instant::now();
    let answer = client
        .exchange(http::Request::get(&url).body(Default::default())?)
        .await;
    let took = begun.elapsed();
    server.abort();
    assert!(matches!(answer, Err(HttpFault::Late)), "{answer:?}");
    assert!(took >= Duration::from_secs(2), "{took:?}");
    assert!(took < Duration::from_millis(3_200), "{took:?}");
    Ok(())
}

#[tokio::test]
async fn no_patience_is_too_long_for_a_client() -> Result<(), Failed> {
    let server = Server::plain(|request| right(&request.method)).await?;
    let client = HttpClient::new().within(Duration::MAX);
    let request = http::Request::get(server.url("/a.gif")).body(Default::default())?;
    let answer = client.exchange(request).await?;
    assert_eq!(answer.body(), GIF);
    Ok(())
}
