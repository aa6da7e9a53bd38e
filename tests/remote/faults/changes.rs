//! What changes between our look and the provider's.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use mmsfit::{Provider, Verdict};

use super::{Case, TYPE, judge, on_gzip, send, with_body};
use crate::server::{Server, Step};
use crate::{GIF, codes, head, policy, right, verifier};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_the_same_the_second_time_is_told() -> io::Result<()> {
    judge(cases()).await
}

pub(super) fn cases() -> Vec<Case> {
    let length = |bytes: &[u8]| format!("{TYPE}Content-Length: {}\n", bytes.len());
    let mut another = GIF.to_vec();
    another[13] ^= 1;
    let reversed: Vec<u8> = GIF.iter().rev().copied().collect();
    let longer = [GIF, b"x"].concat();
    let second = |name: &str, get: Vec<Step>, codes| on_gzip(name, get, right("HEAD"), codes);
    vec![
        second(
            "other bytes",
            with_body(&length(&reversed), &reversed),
            "MMS507",
        ),
        second("one bit", with_body(&length(&another), &another), "MMS507"),
        second(
            "another length",
            with_body(&length(&longer), &longer),
            "MMS507 MMS509",
        ),
        second(
            "another type",
            with_body("Content-Type: image/png\nContent-Length: 43\n", GIF),
            "MMS504 MMS509",
        ),
        second(
            "gone",
            send("HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n"),
            "MMS503",
        ),
        second(
            "throttled",
            send("HTTP/1.1 429 Slow\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n"),
            "MMS503",
        ),
        second(
            "moved",
            send("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"),
            "MMS503",
        ),
        second("hangs", vec![Step::Hang], "MMS510"),
        second("closes", Vec::new(), "MMS503"),
    ]
}

#[tokio::test]
async fn a_body_that_is_another_each_time_is_told_and_its_bytes_stay_fixable() -> io::Result<()> {
    let count = AtomicUsize::new(0);
    let server = Server::plain(move |request| {
        let mut body = GIF.to_vec();
        body[13] = u8::try_from(count.fetch_add(1, Ordering::SeqCst) % 251).unwrap_or_default();
        let mut bytes = head(&format!("{TYPE}Content-Length: {}\n", body.len()));
        if request.method == "GET" {
            bytes.extend_from_slice(&body);
        }
        send(bytes)
    })
    .await?;
    for provider in [Provider::Sinch, Provider::CarrierX, Provider::TsgGlobal] {
        let verdict = verifier(provider, policy())
            .verify(&server.url("/a.gif"))
            .await;
        assert_eq!(codes(&verdict), "MMS507", "{provider}");
        assert_eq!(verdict.verdict(), Verdict::Fixable);
        assert_eq!(verdict.url_to_send(), None);
    }
    // RingCentral is sent the bytes that were read once: nothing can differ.
    let once = verifier(Provider::RingCentral, policy())
        .verify(&server.url("/a.gif"))
        .await;
    assert_eq!(codes(&once), "");
    Ok(())
}

#[tokio::test]
async fn a_signed_url_that_runs_out_before_the_provider_fetches_is_warned_of() -> io::Result<()> {
    let server = Server::plain(|request| right(&request.method)).await?;
    let sinch = verifier(Provider::Sinch, policy());
    for (query, expected) in [
        (
            "X-Amz-Date=20010101T000000Z&X-Amz-Expires=604800&X-Amz-Signature=s",
            "~MMS503",
        ),
        (
            "X-Goog-Date=20010101T000000Z&X-Goog-Expires=60&X-Goog-Signature=s",
            "~MMS503",
        ),
        ("se=2001-01-01T00:00:00Z&sig=s", "~MMS503"),
        ("Expires=978307200&Signature=s&Key-Pair-Id=k", "~MMS503"),
        (
            "X-Amz-Date=29990101T000000Z&X-Amz-Expires=604800&X-Amz-Signature=s",
            "",
        ),
        ("Expires=32503680000&Signature=s", ""),
        ("se=2999-01-01&sig=s", ""),
        ("w=640&q=75", ""),
    ] {
        let verdict = sinch.verify(&server.url(&format!("/a.gif?{query}"))).await;
        assert_eq!(codes(&verdict), expected, "{query}");
        assert_eq!(verdict.verdict(), Verdict::Passed, "{query}");
    }
    let bytes = verifier(Provider::RingCentral, policy());
    let url = server.url("/a.gif?Expires=978307200&Signature=s");
    assert_eq!(codes(&*bytes.verify(&url).await), "");
    Ok(())
}
