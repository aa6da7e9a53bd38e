//! Many URLs at once: verdicts in order, a shared URL fetched once, a slow one holding up nobody.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use mmsfit::{Attachment, Preparer, Provider};

use crate::server::{Server, Step};
use crate::{GIF, codes, head, policy, right, verifier};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verdicts_come_in_the_order_of_the_urls_whoever_answers_first() -> io::Result<()> {
    let server = Server::plain(|request| match request.path.as_str() {
        "/slow" => [
            vec![Step::Wait(Duration::from_millis(400))],
            right(&request.method),
        ]
        .concat(),
        "/hangs" => vec![Step::Hang],
        "/gone" => vec![Step::Send(
            b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n".to_vec(),
        )],
        _ => right(&request.method),
    })
    .await?;
    let urls: Vec<String> = ["/slow", "/a", "/hangs", "/b", "/gone", "/c"]
        .iter()
        .map(|path| server.url(path))
        .chain(["not a URL".to_owned()])
        .collect();
    let sinch = verifier(Provider::Sinch, policy());
    let found: Vec<(String, String)> = sinch
        .verify_all(&urls)
        .map(|verdict| (verdict.url.clone(), codes(&verdict)))
        .collect()
        .await;
    let expected: Vec<(String, String)> = urls
        .iter()
        .zip(["", "", "MMS510", "", "MMS503", "", "MMS501"])
        .map(|(url, codes)| (url.clone(), codes.to_owned()))
        .collect();
    assert_eq!(found, expected);
    Ok(())
}

#[tokio::test]
async fn a_url_that_is_asked_for_twice_is_fetched_once() -> io::Result<()> {
    let server = Server::plain(|request| right(&request.method)).await?;
    let url = server.url("/shared.gif?signature=a");
    let other = server.url("/shared.gif?signature=b");
    let fragment = format!("{url}#part");
    let urls = [&url, &url, &fragment, &other, &url];
    let sinch = verifier(Provider::Sinch, policy());
    let verdicts: Vec<_> = sinch.verify_all(urls).collect().await;
    assert!(verdicts.iter().all(|verdict| codes(verdict).is_empty()));
    assert!(Arc::ptr_eq(&verdicts[0], &verdicts[4]) && Arc::ptr_eq(&verdicts[0], &verdicts[2]));
    // Two URLs of four probes each: the query tells them apart, the fragment does not.
    assert_eq!(server.accepted(), 8);
    Ok(())
}

#[test]
fn what_was_fetched_is_looked_through_where_work_holds_up_nobody() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()?;
    // The one thread for long work is kept busy, as a large body would.
    let (free, busy) = std::sync::mpsc::channel::<()>();
    runtime.spawn_blocking(move || busy.recv());
    runtime.block_on(async {
        let server = Server::plain(|request| right(&request.method)).await?;
        let url = server.url("/a.gif");
        let sinch = verifier(Provider::Sinch, policy());
        let mut verdict = std::pin::pin!(sinch.verify(&url));
        let early = tokio::time::timeout(Duration::from_millis(1_000), &mut verdict).await;
        assert!(early.is_err(), "judged on a thread that serves sockets");
        assert_eq!(server.accepted(), 4, "all the probes are done");
        drop(free);
        assert_eq!(codes(&*verdict.await), "");
        Ok(())
    })
}

#[tokio::test]
async fn a_url_that_several_providers_are_asked_about_is_fetched_once_and_held_against_each()
-> io::Result<()> {
    let server = Server::plain(|request| match request.path.as_str() {
        "/no-head.gif" if request.method == "HEAD" => vec![Step::Send(
            b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n".to_vec(),
        )],
        _ => right(&request.method),
    })
    .await?;
    let url = server.url("/no-head.gif");
    let together = policy().share_answers();
    let mut told = Vec::new();
    // Known before the first is asked, so that its answer is awaited and read as far as any of them wants it.
    let verifiers = Provider::ALL
        .iter()
        .map(|provider| (provider.name(), verifier(*provider, together.clone())));
    for (name, verifier) in verifiers.collect::<Vec<_>>() {
        let verdict = verifier.verify(&url).await;
        told.push((name, codes(&verdict), server.accepted()));
    }
    let of = |name| {
        let told = told.iter().find(|(provider, ..)| *provider == name);
        told.map_or("", |(_, codes, _)| codes.as_str())
    };
    assert_eq!(of("ringcentral"), "", "{told:?}");
    assert_eq!(of("sinch"), "~MMS509", "{told:?}");
    assert_eq!(of("carrierx"), "MMS509", "{told:?}");
    assert_eq!(of("tsg-global"), "MMS509", "{told:?}");
    // GET and HEAD, each with and without compression offered: four connections, whoever comes first.
    assert_eq!(server.accepted(), 4, "{told:?}");
    // Who does not share asks anew.
    let alone = verifier(Provider::Sinch, policy());
    assert_eq!(codes(&*alone.verify(&url).await), "~MMS509");
    assert_eq!(server.accepted(), 8);
    Ok(())
}

#[tokio::test]
async fn what_was_waited_for_or_read_for_others_counts_for_them_alone() -> io::Result<()> {
    use mmsfit::provider::Limit;
    // A film of 40 minutes' silence, in effect: nothing makes it smaller.
    let mut film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    film.resize(600_000, 7);
    let body = film.clone();
    let server = Server::plain(move |request| {
        let mut bytes = head(&format!(
            "Content-Type: video/mp4\nContent-Length: {}\n",
            body.len()
        ));
        if request.method == "GET" {
            bytes.extend_from_slice(&body);
        }
        vec![Step::Wait(Duration::from_millis(400)), Step::Send(bytes)]
    })
    .await?;
    let rules = |millis: u64, bytes: u64| {
        let mut rules = Provider::TsgGlobal.rules().clone();
        let why = "a test's own";
        rules.url.answer_within = Limit::Assumed {
            value: mmsfit::Millis::new(millis),
            why,
        };
        let cap = Limit::Assumed {
            value: mmsfit::ByteCount::new(bytes),
            why,
        };
        rules.message_bytes = cap;
        for rule in rules.types.to_mut() {
            rule.max_bytes = cap;
        }
        rules
    };
    let together = mmsfit::FetchPolicy::new()
        .allow_net("127.0.0.0/8".parse().map_err(io::Error::other)?)
        .share_answers();
    let patient = mmsfit::UrlVerifier::new(rules(9_000, 1_000_000), together.clone());
    let hasty = mmsfit::UrlVerifier::new(rules(100, 1_000_000), together.clone());
    let small = mmsfit::UrlVerifier::new(rules(9_000, 100_000), together);
    let url = server.url("/film.mp4");
    let (mut told, mut lengths) = (Vec::new(), Vec::new());
    for verifier in [&patient, &hasty, &small] {
        let verdict = verifier.verify(&url).await;
        told.push(codes(&verdict));
        lengths.push(verdict.bytes.as_ref().map(|bytes| bytes.len()));
    }
    assert_eq!(told[1..], ["MMS510", "MMS003"], "{told:?}");
    assert_eq!(lengths, [Some(film.len()), None, None], "{told:?}");
    assert_eq!(server.accepted(), 4);
    Ok(())
}

#[tokio::test]
async fn a_url_that_several_messages_share_is_fetched_once_per_run() -> io::Result<()> {
    let server = Server::plain(|request| right(&request.method)).await?;
    let preparer = Preparer::new(Provider::TsgGlobal).fetch_policy(policy());
    let logo = server.url("/logo.gif");
    let messages = futures_util::stream::iter(0..20).map(|number| {
        let own = server.url(&format!("/{}.gif", number % 5));
        vec![Attachment::from_url(&logo), Attachment::from_url(own)]
    });
    let prepared: Vec<_> = preparer.prepare_stream(messages, 4).collect().await;
    for prepared in prepared {
        let prepared = prepared.map_err(io::Error::other)?;
        let bundle = prepared.into_bundle().map_err(io::Error::other)?;
        assert_eq!(bundle.parts()[0].url(), Some(logo.as_str()));
    }
    assert_eq!(server.accepted(), 6 * 4, "six URLs of four probes each");
    Ok(())
}

#[tokio::test]
async fn connections_to_one_host_stay_few_whoever_asks() -> io::Result<()> {
    let most = Arc::new(AtomicUsize::new(0));
    let peak = Arc::clone(&most);
    // An answer takes 30 ms: who was asked less than that ago is still busy with it.
    let began = Instant::now();
    let log: Mutex<Vec<Duration>> = Mutex::default();
    let server = Server::plain(move |request| {
        let at = began.elapsed();
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.retain(|before| at - *before < Duration::from_millis(30));
        log.push(at);
        peak.fetch_max(log.len(), Ordering::SeqCst);
        [
            vec![Step::Wait(Duration::from_millis(40))],
            match request.path.split('?').next().unwrap_or_default() {
                "/from" => vec![Step::Send(
                    b"HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n".to_vec(),
                )],
                _ => right(&request.method),
            },
        ]
        .concat()
    })
    .await?;
    // Two verifiers under clones of one policy, and redirects that all lead here.
    let shared = policy().concurrency(12, 2);
    let sinch = verifier(Provider::Sinch, shared.clone());
    let tsg = verifier(Provider::TsgGlobal, shared);
    let urls: Vec<String> = (0..8)
        .map(|number| server.url(&format!("/{number}")))
        .collect();
    let moved: Vec<String> = (0..4)
        .map(|number| server.url(&format!("/from?{number}")))
        .collect();
    let (one, other) = tokio::join!(
        sinch.verify_all(&urls).collect::<Vec<_>>(),
        tsg.verify_all(&moved).collect::<Vec<_>>()
    );
    assert!(one.iter().all(|verdict| codes(verdict).is_empty()));
    assert!(
        other.iter().all(|verdict| codes(verdict) == "~MMS506"),
        "{other:?}"
    );
    let most = most.load(Ordering::SeqCst);
    assert!((3..=6).contains(&most), "{most} connections at once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_host_is_asked_for_few_urls_at_once() -> io::Result<()> {
    let (busy, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (Arc::clone(&busy), Arc::clone(&most));
    let server = Server::plain(move |request| {
        // Only the first probe of each URL is counted: it runs alone.
        if request.method == "GET" && request.coding == "identity" {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        } else if request.method == "HEAD" && request.coding == "identity" {
            now.fetch_sub(1, Ordering::SeqCst);
        }
        [
            vec![Step::Wait(Duration::from_millis(30))],
            right(&request.method),
        ]
        .concat()
    })
    .await?;
    let urls: Vec<String> = (0..12)
        .map(|number| server.url(&format!("/{number}")))
        .collect();
    let sinch = verifier(Provider::Sinch, policy().concurrency(12, 3));
    let all: Vec<_> = sinch
        .verify_all(&urls)
        .map(|verdict| codes(&verdict))
        .collect()
        .await;
    assert_eq!(all, vec![String::new(); 12]);
    let most = most.load(Ordering::SeqCst);
    assert!((2..=3).contains(&most), "{most} at once");
    Ok(())
}

#[tokio::test]
async fn waiting_for_a_busy_host_is_not_taken_for_slowness() -> io::Result<()> {
    let server = Server::plain(|request| {
        [
            vec![Step::Wait(Duration::from_millis(150))],
            right(&request.method),
        ]
        .concat()
    })
    .await?;
    let urls: Vec<String> = (0..6)
        .map(|number| server.url(&format!("/{number}")))
        .collect();
    let policy = policy()
        .concurrency(6, 1)
        .whole_within(Duration::from_millis(1_200));
    let sinch = verifier(Provider::Sinch, policy);
    let begun = Instant::now();
    let all: Vec<_> = sinch
        .verify_all(&urls)
        .map(|verdict| codes(&verdict))
        .collect()
        .await;
    assert_eq!(all, vec![String::new(); 6]);
    assert!(
        begun.elapsed() > Duration::from_millis(1_200),
        "the host was not busy enough to show it"
    );
    Ok(())
}

#[tokio::test]
async fn proxies_and_netrc_of_the_environment_are_not_used() -> io::Result<()> {
    // The test runs itself again with a proxy in the environment, as nothing else may be changed from within.
    if std::env::var_os("HTTP_PROXY").is_none() {
        let proxy = Server::plain(|_| Vec::new()).await?;
        let address = format!("http://{}", proxy.address);
        let home = tempfile::tempdir()?;
        let netrc = "default login somebody password secret\n";
        std::fs::write(home.path().join(".netrc"), netrc)?;
        let folder = home.path().to_owned();
        let again = tokio::task::spawn_blocking(move || {
            let mut command = std::process::Command::new(std::env::current_exe()?);
            for name in [
                "HTTP_PROXY",
                "http_proxy",
                "HTTPS_PROXY",
                "https_proxy",
                "ALL_PROXY",
                "all_proxy",
            ] {
                command.env(name, &address);
            }
            command
                .env("HOME", folder)
                .args([
                    "--exact",
                    "many::proxies_and_netrc_of_the_environment_are_not_used",
                ])
                .output()
        });
        let again = again.await.map_err(io::Error::other)??;
        let told = String::from_utf8_lossy(&again.stdout).into_owned();
        assert!(
            again.status.success() && told.contains("1 passed"),
            "{told}"
        );
        assert_eq!(proxy.accepted(), 0);
        return Ok(());
    }
    let server = Server::plain(|request| right(&request.method)).await?;
    let verdict = verifier(Provider::Sinch, policy())
        .verify(&server.url("/a.gif"))
        .await;
    assert_eq!(codes(&verdict), "");
    assert_eq!(server.accepted(), 4);
    for request in server.requests() {
        let raw = request.raw.to_ascii_lowercase();
        assert!(
            !raw.contains("authorization") && !raw.contains("cookie"),
            "{raw}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_servers_wish_for_another_scheme_or_protocol_is_not_followed() -> io::Result<()> {
    let server = Server::plain(|request| {
        let wishes = "Strict-Transport-Security: max-age=31536000; includeSubDomains\n\
                      Alt-Svc: h3=\":443\", h2=\"127.0.0.9:443\"\nSet-Cookie: seen=1\nRefresh: 0; url=/else\n";
        let mut bytes = head(&format!("Content-Type: image/gif\nContent-Length: 43\n{wishes}"));
        if request.method == "GET" {
            bytes.extend_from_slice(GIF);
        }
        vec![Step::Send(bytes)]
    })
    .await?;
    let sinch = verifier(Provider::Sinch, policy());
    for path in ["/a.gif", "/b.gif"] {
        assert_eq!(codes(&*sinch.verify(&server.url(path)).await), "");
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 8);
    assert!(
        requests
            .iter()
            .all(|request| !request.raw.contains("Cookie"))
    );
    Ok(())
}
