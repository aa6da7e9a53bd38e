//! Remote URLs against servers that misbehave on purpose: one script a fault, one code each.
#![cfg(feature = "net")]

mod addresses;
mod faults;
mod many;
mod real;
mod redirects;
#[path = "../common/server.rs"]
mod server;
mod spellings;
mod tls;

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use mmsfit::{
    ByteCount, FetchPolicy, Outcome, Provider, Resolution, Resolve, UrlVerdict, UrlVerifier,
};

use server::Step;

/// A picture of one pixel.
const GIF: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\
                     \x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// The whole deadline of the tests' policy.
const WHOLE: Duration = Duration::from_millis(4_000);

/// A policy that reaches this machine and has little patience.
fn policy() -> FetchPolicy {
    FetchPolicy::new()
        .allow_net("127.0.0.0/8".parse().expect("a range"))
        .connect_within(Duration::from_millis(1_500))
        .answer_within(Duration::from_millis(1_500))
        .whole_within(WHOLE)
        .min_rate(ByteCount::new(100), Duration::from_millis(700))
        .max_bytes(ByteCount::new(1_000_000))
        .concurrency(64, 64)
}

fn verifier(provider: Provider, policy: FetchPolicy) -> UrlVerifier {
    UrlVerifier::new(provider.rules().clone(), policy)
}

/// The codes of a verdict in order, `~` before those that are only told.
fn codes(verdict: &UrlVerdict) -> String {
    let mut codes: Vec<String> = verdict
        .findings
        .iter()
        .map(|finding| {
            let mark = if finding.outcome == Outcome::Noted {
                "~"
            } else {
                ""
            };
            format!("{mark}{}", finding.code)
        })
        .collect();
    codes.sort();
    codes.join(" ")
}

/// An answer of these header lines, without its body.
fn head(fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{}\r\n", fields.replace('\n', "\r\n")).into_bytes()
}

/// The right answer to a method.
fn right(method: &str) -> Vec<Step> {
    let mut bytes = head(&format!(
        "Content-Type: image/gif\nContent-Length: {}\n",
        GIF.len()
    ));
    if method == "GET" {
        bytes.extend_from_slice(GIF);
    }
    vec![Step::Send(bytes)]
}

/// A resolver that gives fixed answers, whatever the name.
struct Fixed(Vec<IpAddr>);

impl Fixed {
    fn of(addresses: &[&str]) -> Self {
        Self(addresses.iter().flat_map(|text| text.parse()).collect())
    }
}

impl Resolve for Fixed {
    fn resolve<'a>(&'a self, _host: &'a str) -> Resolution<'a> {
        Box::pin(async { Ok::<_, io::Error>(self.0.clone()) })
    }
}
