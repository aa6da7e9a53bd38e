//! Where a URL may lead: nothing that is not public is ever connected to, however it is spelled.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use mmsfit::{Code, FetchPolicy, Provider, Resolution, Resolve, Verdict};

use crate::server::Server;
use crate::{Fixed, codes, policy, right, verifier};

/// Addresses inside of networks, and services of clouds.
const INTERNAL: &[[u8; 4]] = &[
    [127, 0, 0, 1],
    [127, 1, 2, 3],
    [0, 0, 0, 0],
    [10, 0, 0, 1],
    [172, 16, 0, 1],
    [192, 168, 1, 1],
    [169, 254, 169, 254],
    [169, 254, 170, 2],
    [100, 100, 100, 200],
    [192, 0, 0, 192],
    [168, 63, 129, 16],
    [198, 18, 0, 1],
    [255, 255, 255, 255],
];

/// A name is what the most obliging resolver makes of it: this machine.
fn here() -> Fixed {
    Fixed::of(&["127.0.0.1"])
}

/// Ways to write one IPv4 address as a host (WHATWG URL, clause 3.5: each part decimal, octal or hexadecimal; 1 to 4 parts).
fn spellings(octets: [u8; 4]) -> Vec<String> {
    let whole = u32::from_be_bytes(octets);
    let [a, b, c, d] = octets.map(u32::from);
    let low16 = whole & 0xffff;
    let low24 = whole & 0xff_ffff;
    let mut hosts = Vec::new();
    let forms: [fn(u32) -> String; 7] = [
        |n| n.to_string(),
        |n| format!("0{n:o}"),
        |n| format!("000000{n:o}"),
        |n| format!("0x{n:x}"),
        |n| format!("0X{n:X}"),
        |n| format!("0x0000{n:x}"),
        |n| {
            n.to_string()
                .bytes()
                .map(|digit| format!("%{digit:02x}"))
                .collect()
        },
    ];
    for first in forms {
        hosts.push(first(whole));
        hosts.push(format!("{}.", first(whole)));
        for last in forms {
            hosts.push(format!("{}.{}", first(a), last(low24)));
            hosts.push(format!("{}.{}.{}", first(a), first(b), last(low16)));
            hosts.push(format!("{}.{}.{}.{}", first(a), last(b), first(c), last(d)));
        }
    }
    let dotted = Ipv4Addr::from(octets).to_string();
    let digits = |zero: u32| -> String {
        dotted
            .chars()
            .filter_map(|character| match character.to_digit(10) {
                Some(digit) => char::from_u32(zero + digit),
                None => Some(character),
            })
            .collect()
    };
    // Full-width, mathematical, superscript-free digits that IDNA maps to ASCII; dots that it maps to `.`.
    hosts.extend([
        digits(0xff10),
        digits(0x1d7ce),
        digits(0x1d7d8),
        digits(0x1d7f6),
    ]);
    for dot in ["\u{3002}", "\u{ff0e}", "\u{ff61}", "%2e", "%E3%80%82"] {
        hosts.push(dotted.replace('.', dot));
    }
    hosts.extend([
        format!("{dotted}."),
        format!("{dotted}\t"),
        dotted.replacen('.', "\t.\n", 1),
    ]);
    for embedded in [
        format!("::ffff:{dotted}"),
        format!("::{dotted}"),
        format!("::ffff:0:{dotted}"),
        format!("64:ff9b::{dotted}"),
        format!("64:ff9b:1::{dotted}"),
        format!("2002:{:x}:{:x}::", whole >> 16, low16),
        format!("2001::{:x}:{:x}", !whole >> 16, !low16 & 0xffff),
        format!("2a00:1450::5efe:{dotted}"),
        format!("fe80::200:5efe:{dotted}"),
        format!("0:0:0:0:0:FFFF:{:x}:{:x}", whole >> 16, low16),
    ] {
        hosts.push(format!("[{embedded}]"));
    }
    hosts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::print_stdout,
    reason = "the figures are wanted beside the verdict"
)]
async fn no_spelling_of_an_internal_address_reaches_the_canary() -> io::Result<()> {
    let canary = Server::on("0.0.0.0:0", |request| right(&request.method)).await?;
    let port = canary.address.port();
    let mut urls = Vec::new();
    for octets in INTERNAL {
        for host in spellings(*octets) {
            urls.push(format!("http://{host}:{port}/"));
        }
        let dotted = Ipv4Addr::from(*octets);
        for decoy in [
            format!("http://www.example.com@{dotted}:{port}/"),
            format!("http://www.example.com:80@{dotted}:{port}/"),
            format!("http://{dotted}:{port}\\@www.example.com/"),
            format!("http://{dotted}:{port}#@www.example.com/"),
            format!("http://{dotted}:{port}?@www.example.com/"),
            format!("http:{dotted}:{port}/"),
            format!("http:/{dotted}:{port}/"),
            format!("http:///{dotted}:{port}/"),
            format!("http:\\\\{dotted}:{port}/"),
            format!(" http://{dotted}:{port}/ "),
            format!("HTTP://{dotted}:{port}/"),
            format!("https://{dotted}:{port}/"),
            format!("ftp://{dotted}:{port}/"),
            format!("gopher://{dotted}:{port}/_GET"),
            format!("ws://{dotted}:{port}/"),
            format!("//{dotted}:{port}/"),
            format!("http://{dotted}%00.example.com:{port}/"),
            format!("http://{dotted}.nip.io:{port}/"),
            format!("http://{dotted}:0{port}/"),
            format!("h\nttp://{dotted}:{port}/"),
            format!("http://{dotted}%20:{port}/"),
        ] {
            urls.push(decoy);
        }
    }
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "localtest.me",
        "\u{24db}\u{24de}\u{24d2}\u{24d0}\u{24db}\u{24d7}\u{24de}\u{24e2}\u{24e3}",
        "metadata.google.internal",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fec0::1]",
        "[ff02::1]",
        "[100::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[5f00::1]",
        "0",
        "0x0",
        "00",
        "127.1",
        "127.0.1",
        "0x7f001",
        "1.1.1.1.1",
        "256.1",
    ] {
        urls.push(format!("http://{host}:{port}/"));
        urls.push(format!("https://{host}:{port}/"));
    }
    assert!(urls.len() >= 1_500, "only {} spellings", urls.len());
    // The port is made to be no hindrance, so that it is the address that is refused.
    let guard = verifier(
        Provider::Sinch,
        FetchPolicy::new()
            .ports([80, 443, port])
            .connect_within(Duration::from_millis(500))
            .resolver(here())
            .concurrency(64, 64),
    );
    let mut by_code = [0, 0];
    let mut verdicts = std::pin::pin!(guard.verify_all(&urls));
    for url in &urls {
        let verdict = verdicts.next().await.expect("one verdict a URL");
        let code = verdict.findings.first().map(|finding| finding.code);
        assert_eq!(verdict.verdict(), Verdict::Refused, "{url}: {verdict:?}");
        match code {
            Some(Code::UrlScheme) => by_code[0] += 1,
            Some(Code::AddressNotPublic) => by_code[1] += 1,
            _ => panic!("{url}: {verdict:?}"),
        }
    }
    println!(
        "{} spellings: {} refused for their form, {} for their address, {} connections",
        urls.len(),
        by_code[0],
        by_code[1],
        canary.accepted()
    );
    assert_eq!(by_code[0] + by_code[1], urls.len());
    assert!(by_code[1] > 1_000, "{by_code:?}");
    assert_eq!(canary.accepted(), 0);
    // The canary does sing: without this the test would pass with a deaf one.
    std::net::TcpStream::connect(("127.0.0.1", port))?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(canary.accepted(), 1);
    Ok(())
}

#[tokio::test]
async fn any_bad_answer_refuses_the_whole_name() {
    for answers in [
        &["93.184.215.14", "127.0.0.1"][..],
        &["127.0.0.1", "93.184.215.14"],
        &["2606:4700::1111", "10.0.0.1"],
        &["93.184.215.14", "::1"],
        &["93.184.215.14", "::ffff:93.184.215.14"],
        &["168.63.129.16"],
    ] {
        let guard = verifier(
            Provider::Sinch,
            FetchPolicy::new().resolver(Fixed::of(answers)),
        );
        let verdict = guard.verify("https://media.example/a.jpg").await;
        assert_eq!(codes(&verdict), "MMS502", "{answers:?}");
    }
}

#[tokio::test]
async fn a_name_without_an_address_or_with_too_many_is_unreachable() {
    struct Broken;
    impl Resolve for Broken {
        fn resolve<'a>(&'a self, _host: &'a str) -> Resolution<'a> {
            Box::pin(async { Err(io::Error::other("NXDOMAIN")) })
        }
    }
    let crowd = Fixed(
        (0..=255)
            .map(|last| IpAddr::from([93, 184, 215, last]))
            .collect(),
    );
    for policy in [
        FetchPolicy::new().resolver(Fixed(Vec::new())),
        FetchPolicy::new().resolver(Broken),
        FetchPolicy::new().resolver(crowd),
    ] {
        let verdict = verifier(Provider::Sinch, policy)
            .verify("https://media.example/a.jpg")
            .await;
        assert_eq!(codes(&verdict), "MMS503");
    }
}

#[tokio::test]
async fn a_resolver_that_never_answers_is_given_up() {
    struct Silent;
    impl Resolve for Silent {
        fn resolve<'a>(&'a self, _host: &'a str) -> Resolution<'a> {
            Box::pin(std::future::pending())
        }
    }
    let begun = std::time::Instant::now();
    let policy = FetchPolicy::new()
        .connect_within(Duration::from_millis(300))
        .resolver(Silent);
    let verdict = verifier(Provider::Sinch, policy)
        .verify("https://media.example/a.jpg")
        .await;
    assert_eq!(codes(&verdict), "MMS510");
    assert!(begun.elapsed() < Duration::from_millis(500));
}

#[tokio::test]
async fn a_name_is_resolved_once_and_every_probe_goes_to_the_address_that_was_checked()
-> io::Result<()> {
    /// The address that is allowed at first, the canary's ever after.
    struct Rebinding(Arc<AtomicUsize>);
    impl Resolve for Rebinding {
        fn resolve<'a>(&'a self, _host: &'a str) -> Resolution<'a> {
            let asked = self.0.fetch_add(1, Ordering::SeqCst);
            let last = if asked == 0 { 1 } else { 2 };
            Box::pin(async move { Ok(vec![IpAddr::from([127, 0, 0, last])]) })
        }
    }
    let server = Server::on("127.0.0.1:0", |request| right(&request.method)).await?;
    let port = server.address.port();
    let canary = Server::on(&format!("127.0.0.2:{port}"), |request| {
        right(&request.method)
    })
    .await?;
    let asked = Arc::new(AtomicUsize::new(0));
    let guard = verifier(
        Provider::TsgGlobal,
        policy().resolver(Rebinding(Arc::clone(&asked))),
    );
    let verdict = guard
        .verify(&format!("http://media.example:{port}/a.gif"))
        .await;
    assert_eq!(codes(&verdict), "");
    assert_eq!(verdict.address, Some(server.address.to_string()));
    assert_eq!((server.accepted(), canary.accepted()), (4, 0));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    Ok(())
}

#[tokio::test]
async fn form_is_refused_before_anybody_is_asked() {
    struct Asked(Arc<AtomicUsize>);
    impl Resolve for Asked {
        fn resolve<'a>(&'a self, _host: &'a str) -> Resolution<'a> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Ok(vec![IpAddr::from([93, 184, 215, 14])]) })
        }
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let guard = verifier(
        Provider::Sinch,
        FetchPolicy::new().resolver(Asked(Arc::clone(&asked))),
    );
    let long = format!("https://media.example/{}", "a".repeat(9_000));
    for url in [
        "",
        "photo.jpg",
        "/photo.jpg",
        "//media.example/a",
        "file:///etc/passwd",
        "data:image/gif;base64,R0lG",
        "javascript:alert(1)",
        "http://media.example/a",
        "http://93.184.215.14/a",
        "https://user@media.example/a",
        "https://user:secret@media.example/a",
        "https://:secret@media.example/a",
        "https://media.example:22/a",
        "https://media.example:25/a",
        "https://media.example:6379/a",
        "https://media.example:8443/a",
        "https://media.example:0/a",
        "https://media.example:65536/a",
        "https://",
        "https:///",
        "https://?a",
        "https://media.example:secret/a",
        "https://[::1/a",
        "https://med ia.example/a",
        "https://media.example%/a",
        long.as_str(),
    ] {
        let verdict = guard.verify(url).await;
        assert_eq!(codes(&verdict), "MMS501", "{url}: {verdict:?}");
        assert!(!format!("{verdict:?}").contains("secret@"), "{verdict:?}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_request_carries_exactly_the_host_that_was_checked() -> io::Result<()> {
    let server = Server::plain(|request| right(&request.method)).await?;
    let port = server.address.port();
    let guard = verifier(Provider::RingCentral, policy().resolver(here()));
    for (path, line) in [
        ("/a b", "/a%20b"),
        ("/a\r\nX-Evil: 1", "/aX-Evil:%201"),
        ("/%0d%0aX-Evil:1", "/%0d%0aX-Evil:1"),
        ("\\evil.example/", "/evil.example/"),
        ("/a#@evil.example", "/a"),
        ("?q=a b", "/?q=a%20b"),
        ("/../../b", "/b"),
        ("/\u{e9}", "/%C3%A9"),
    ] {
        let verdict = guard
            .verify(&format!("http://Media.Example:{port}{path}"))
            .await;
        assert_eq!(codes(&verdict), "", "{path:?}");
        let raw = server
            .requests()
            .last()
            .map(|request| request.raw.clone())
            .unwrap_or_default();
        let expected = format!("GET {line} HTTP/1.1\r\nHost: media.example:{port}\r\n");
        assert!(raw.starts_with(&expected), "{path:?}: {raw}");
        assert_eq!(raw.matches("\r\n").count(), 7, "{raw:?}");
        assert!(!raw.contains("\r\nX-Evil"), "{raw:?}");
    }
    Ok(())
}
