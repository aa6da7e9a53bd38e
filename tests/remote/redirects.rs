//! Redirects: followed by our own loop, few, each one checked as if it had been given.

use std::io;

use mmsfit::Provider;

use crate::server::{Server, Step};
use crate::{Fixed, codes, policy, right, verifier};

fn redirect(status: u16, fields: &str) -> Vec<Step> {
    let answer = format!("HTTP/1.1 {status} Moved\r\n{fields}Content-Length: 0\r\n\r\n");
    vec![Step::Send(answer.into_bytes())]
}

/// `/hops/N` needs N more redirects to the picture.
async fn server() -> io::Result<Server> {
    Server::plain(|request| {
        if let Some(left) = request
            .path
            .strip_prefix("/hops/")
            .and_then(|left| left.parse::<u32>().ok())
        {
            return match left {
                0 => right(&request.method),
                left => redirect(302, &format!("Location: /hops/{}\r\n", left - 1)),
            };
        }
        match request
            .path
            .strip_prefix("/to/")
            .and_then(|rest| rest.split_once('/'))
        {
            Some((_, "right")) => right(&request.method),
            Some((status, hex)) => {
                let location: Vec<u8> = hex
                    .as_bytes()
                    .chunks(2)
                    .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                    .collect();
                let mut bytes =
                    format!("HTTP/1.1 {status} Moved\r\nContent-Length: 0\r\nLocation: ")
                        .into_bytes();
                bytes.extend_from_slice(&location);
                bytes.extend_from_slice(b"\r\n\r\n");
                vec![Step::Send(bytes)]
            }
            None => match request.path.as_str() {
                "/long" => redirect(302, &format!("Location: /{}\r\n", "a".repeat(10_000))),
                "/twice" => redirect(302, "Location: /right\r\nLocation: /right\r\n"),
                "/nowhere" => redirect(302, ""),
                "/circle" => redirect(302, "Location: /circle\r\n"),
                "/ping" => redirect(302, "Location: /pong\r\n"),
                "/pong" => redirect(302, "Location: /ping\r\n"),
                _ => right(&request.method),
            },
        }
    })
    .await
}

fn to(status: u16, location: &str) -> String {
    let hex: String = location.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("/to/{status}/{hex}")
}

#[tokio::test]
async fn each_redirect_is_checked_as_if_it_had_been_given() -> io::Result<()> {
    let server = server().await?;
    let canary = Server::on("127.0.0.2:0", |request| right(&request.method)).await?;
    let port = canary.address.port();
    let mut cases: Vec<(String, String, &str)> = Vec::new();
    for status in [301, 302, 303, 307, 308] {
        for (location, expected) in [
            ("/right".to_owned(), "~MMS506"),
            ("right".to_owned(), "~MMS506"),
            ("/right?q".to_owned(), "~MMS506"),
            ("/right#fragment".to_owned(), "~MMS506"),
            (server.url("/right"), "~MMS506"),
            (format!("http://127.0.0.2:{port}/"), "MMS502"),
            (format!("//127.0.0.2:{port}/"), "MMS502"),
            (format!("http://2130706434:{port}/"), "MMS502"),
            (format!("http://[::ffff:127.0.0.1]:{port}/"), "MMS502"),
            (
                "http://169.254.169.254/latest/meta-data/".to_owned(),
                "MMS502",
            ),
            ("https://10.0.0.1/".to_owned(), "MMS502"),
            ("http://93.184.215.14/".to_owned(), "MMS501"),
            ("https://93.184.215.14:22/".to_owned(), "MMS501"),
            ("https://93.184.215.14:6379/".to_owned(), "MMS501"),
            ("ftp://127.0.0.1/".to_owned(), "MMS506"),
            ("file:///etc/passwd".to_owned(), "MMS506"),
            ("data:image/gif,GIF89a".to_owned(), "MMS506"),
            ("http://user:secret@127.0.0.1/".to_owned(), "MMS506"),
            ("http://".to_owned(), "MMS506"),
            (String::new(), "MMS506"),
            ("/\u{e9}".to_owned(), "~MMS506"),
        ] {
            cases.push((
                format!("{status} to {location:.60}"),
                to(status, &location),
                expected,
            ));
        }
    }
    for (path, expected) in [
        ("/long", "MMS506"),
        ("/twice", "MMS506"),
        ("/nowhere", "MMS506"),
        ("/circle", "MMS506"),
        ("/ping", "MMS506"),
        ("/hops/0", ""),
        ("/hops/1", "~MMS506"),
        ("/hops/3", "~MMS506"),
        ("/hops/4", "MMS506"),
        ("/hops/6", "MMS506"),
        ("/to/302/fffe", "MMS506"),
    ] {
        cases.push((path.to_owned(), path.to_owned(), expected));
    }
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    let policy = mmsfit::FetchPolicy::new()
        .allow_net("127.0.0.1".parse().expect("a range"))
        .connect_within(std::time::Duration::from_millis(1_500));
    let guard = verifier(Provider::TsgGlobal, policy);
    for (name, path, expected) in &cases {
        let verdict = guard.verify(&server.url(path)).await;
        assert_eq!(codes(&verdict), *expected, "{name}: {:?}", verdict.findings);
        assert!(!format!("{verdict:?}").contains("secret@"), "{verdict:?}");
    }
    assert_eq!(canary.accepted(), 0);
    Ok(())
}

#[tokio::test]
async fn the_provider_is_given_the_final_url() -> io::Result<()> {
    let server = server().await?;
    let path = to(302, "/right?X-Amz-Signature=mine#part");
    let verdict = verifier(Provider::Sinch, policy())
        .verify(&server.url(&path))
        .await;
    assert_eq!(codes(&verdict), "~MMS506");
    assert_eq!(
        verdict.url_to_send(),
        Some(server.url("/right?X-Amz-Signature=mine").as_str())
    );
    assert_eq!(verdict.final_url, Some(server.url("/right")));
    assert!(!format!("{verdict:?}").contains("mine"));
    Ok(())
}

#[tokio::test]
async fn a_redirect_to_a_name_is_resolved_and_checked() -> io::Result<()> {
    let server = server().await?;
    let guard = verifier(Provider::Sinch, policy().resolver(Fixed::of(&["10.0.0.1"])));
    let verdict = guard
        .verify(&server.url(&to(302, "http://inside.example/")))
        .await;
    assert_eq!(codes(&verdict), "MMS502");
    Ok(())
}
