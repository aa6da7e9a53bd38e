//! Servers that are slow, or never end.

use std::io;
use std::time::Duration;

use mmsfit::Provider;

use super::{Case, TYPE, chunked, judge, judge_some_at_once, on_get, send};
use crate::server::{Server, Step};
use crate::{GIF, codes, head, policy, right, verifier};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_too_slow_is_given_up_in_time() -> io::Result<()> {
    judge(late()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_ends_is_cut_off() -> io::Result<()> {
    // One after the other: who sends without an end leaves the others on the machine little time.
    judge_some_at_once(endless(), 1).await
}

pub(super) fn late() -> Vec<Case> {
    let length = format!("{TYPE}Content-Length: {}\n", GIF.len());
    let second = Duration::from_millis(300);
    let stalls = |from: usize| {
        vec![
            Step::Send([head(&length), GIF[..from].to_vec()].concat()),
            Step::Hang,
        ]
    };
    let large = format!("{TYPE}Content-Length: 900000\n");
    vec![
        on_get("says nothing", vec![Step::Hang], "MMS510"),
        on_get(
            "answers too late",
            [vec![Step::Wait(Duration::from_millis(2_500))], right("GET")].concat(),
            "MMS510",
        ),
        on_get(
            "a head by the byte",
            vec![Step::Drip(head(&length), second)],
            "MMS510",
        ),
        on_get(
            "stops in its head",
            [send("HTTP/1.1 200 OK\r\n"), vec![Step::Hang]].concat(),
            "MMS510",
        ),
        on_get(
            "interim answers by the byte",
            vec![Step::Drip(
                b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(9),
                second,
            )],
            "MMS510",
        ),
        on_get(
            "a body by the byte",
            [send(head(&length)), vec![Step::Drip(GIF.to_vec(), second)]].concat(),
            "MMS510",
        ),
        on_get("stops before its body", stalls(0), "MMS510"),
        on_get("stops at the last byte", stalls(GIF.len() - 1), "MMS510"),
        on_get(
            "chunks by the byte",
            [
                send(head(&format!("{TYPE}Transfer-Encoding: chunked\n"))),
                vec![Step::Drip(chunked(GIF), second)],
            ]
            .concat(),
            "MMS508 MMS510",
        ),
        on_get(
            "fast enough, but for ever",
            [
                send(head(&large)),
                vec![Step::Drip(vec![0; 900_000], Duration::from_millis(2))],
            ]
            .concat(),
            "MMS510",
        ),
    ]
}

/// Heads and bodies without an end, and heads that are merely too large.
pub(super) fn endless() -> Vec<Case> {
    let coded = format!("{TYPE}Transfer-Encoding: chunked\n");
    let length = format!("{TYPE}Content-Length: {}\n", GIF.len());
    vec![
        on_get(
            "endless chunk extensions",
            [
                send(head(&coded)),
                send("5;"),
                vec![Step::Forever(vec![b'a'; 1_000])],
            ]
            .concat(),
            "MMS505 MMS508",
        ),
        on_get(
            "endless chunks",
            [
                send(head(&coded)),
                vec![Step::Forever(b"5\r\nGIF89\r\n".to_vec())],
            ]
            .concat(),
            "MMS003 MMS508",
        ),
        on_get(
            "endless chunks of one byte",
            [
                send(head(&coded)),
                vec![Step::Forever(b"1\r\nG\r\n".repeat(1_000))],
            ]
            .concat(),
            "MMS505 MMS508",
        ),
        on_get(
            "endless trailers",
            [
                send(head(&coded)),
                send("0\r\n"),
                vec![Step::Forever(b"A: b\r\n".to_vec())],
            ]
            .concat(),
            "MMS505 MMS508",
        ),
        on_get(
            "endless body without a length",
            [send(head(TYPE)), vec![Step::Forever(vec![0; 1_000])]].concat(),
            "MMS003 MMS505",
        ),
        on_get(
            "endless body behind its length",
            [send(head(&length)), vec![Step::Forever(GIF.to_vec())]].concat(),
            "MMS505",
        ),
        on_get(
            "endless 103",
            vec![Step::Forever(b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec())],
            "MMS503",
        ),
        on_get("64 fields", send(many_fields(62)), ""),
        on_get("65 fields", send(many_fields(63)), "MMS503"),
        on_get("10,000 fields", send(many_fields(10_000)), "MMS503"),
        on_get(
            "a field of 1 MB",
            send(
                [
                    b"HTTP/1.1 200 OK\r\nA: ".to_vec(),
                    vec![b'a'; 1_000_000],
                    b"\r\n\r\n".to_vec(),
                ]
                .concat(),
            ),
            "MMS503",
        ),
        on_get(
            "endless fields",
            vec![
                Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()),
                Step::Forever(b"A: b\r\n".to_vec()),
            ],
            "MMS503",
        ),
        on_get(
            "endless status line",
            vec![
                Step::Send(b"HTTP/1.1 200 ".to_vec()),
                Step::Forever(vec![b'a'; 1_000]),
            ],
            "MMS503",
        ),
    ]
}

fn many_fields(count: usize) -> Vec<u8> {
    let more = "X: y\n".repeat(count);
    let mut bytes = head(&format!("{TYPE}Content-Length: {}\n{more}", GIF.len()));
    bytes.extend_from_slice(GIF);
    bytes
}

#[tokio::test]
async fn an_endless_body_is_not_read_further_than_its_limit() -> io::Result<()> {
    let server = Server::plain(|_| {
        vec![
            Step::Send(head(&format!("{TYPE}Transfer-Encoding: chunked\n"))),
            Step::Forever(
                [
                    format!("{:x}\r\n", 60_000).into_bytes(),
                    vec![0; 60_000],
                    b"\r\n".to_vec(),
                ]
                .concat(),
            ),
        ]
    })
    .await?;
    let verdict = verifier(Provider::RingCentral, policy())
        .verify(&server.url("/endless"))
        .await;
    assert_eq!(codes(&verdict), "MMS003");
    // What lies in the buffers of the two sockets has been sent and is never read.
    assert!(
        server.sent() < 12_000_000,
        "{} bytes were taken",
        server.sent()
    );
    Ok(())
}
