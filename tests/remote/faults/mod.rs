//! Faults of HTTP: what is sent, and the codes that it must be given.

mod changes;
mod codings;
mod connections;
mod heads;
mod lengths;
mod slow;
mod statuses;
mod transfers;
mod types;
mod versions;

use std::collections::{HashMap, HashSet};
use std::io;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use mmsfit::{Provider, Verdict};

use crate::server::{Request, Server, Step};
use crate::{GIF, WHOLE, codes, head, policy, right, verifier};

/// What a server does when it is asked with GET and identity, GET and gzip, HEAD.
struct Case {
    name: String,
    get: Vec<Step>,
    coded: Vec<Step>,
    head: Vec<Step>,
    head_coded: Vec<Step>,
    /// Codes under the rules of TSG Global, which fetches with HEAD and GET.
    codes: &'static str,
}

fn send(bytes: impl Into<Vec<u8>>) -> Vec<Step> {
    vec![Step::Send(bytes.into())]
}

fn with_body(fields: &str, body: &[u8]) -> Vec<Step> {
    let mut bytes = head(fields);
    bytes.extend_from_slice(body);
    send(bytes)
}

fn always(name: &str, fields: &str, body: &[u8], codes: &'static str) -> Case {
    Case {
        name: format!("{name}: {fields:?}"),
        get: with_body(fields, body),
        coded: with_body(fields, body),
        head: send(head(fields)),
        head_coded: send(head(fields)),
        codes,
    }
}

fn on_get(name: &str, steps: Vec<Step>, codes: &'static str) -> Case {
    Case {
        name: name.to_owned(),
        get: steps.clone(),
        coded: steps,
        head: right("HEAD"),
        head_coded: right("HEAD"),
        codes,
    }
}

fn on_head(name: &str, steps: Vec<Step>, codes: &'static str) -> Case {
    Case {
        name: name.to_owned(),
        get: right("GET"),
        coded: right("GET"),
        head: steps.clone(),
        head_coded: steps,
        codes,
    }
}

fn on_gzip(name: &str, get: Vec<Step>, head: Vec<Step>, codes: &'static str) -> Case {
    Case {
        name: name.to_owned(),
        get: right("GET"),
        coded: get,
        head: right("HEAD"),
        head_coded: head,
        codes,
    }
}

const TYPE: &str = "Content-Type: image/gif\n";

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{:x}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(b"\r\n0\r\n\r\n");
    bytes
}

/// Has a server follow the scripts, and holds the verdicts of TSG Global's rules against what is expected.
async fn judge(cases: Vec<Case>) -> io::Result<()> {
    judge_some_at_once(cases, 32).await
}

async fn judge_some_at_once(cases: Vec<Case>, at_once: usize) -> io::Result<()> {
    let scripts: HashMap<String, [Vec<Step>; 4]> = cases
        .iter()
        .enumerate()
        .map(|(number, case)| {
            let script = [
                case.get.clone(),
                case.coded.clone(),
                case.head.clone(),
                case.head_coded.clone(),
            ];
            (format!("/{number}.gif"), script)
        })
        .collect();
    let server = Server::plain(move |request: &Request| {
        let which =
            usize::from(request.coding == "gzip") + 2 * usize::from(request.method == "HEAD");
        let path = request.path.split('?').next().unwrap_or_default();
        scripts
            .get(path)
            .map(|script| script[which].clone())
            .unwrap_or_default()
    })
    .await?;
    let tsg = verifier(Provider::TsgGlobal, policy());
    let verdicts: Vec<(String, Duration)> = futures_util::stream::iter(0..cases.len())
        .map(|number| {
            let url = server.url(&format!("/{number}.gif?X-Amz-Signature=secret"));
            let tsg = &tsg;
            async move {
                let begun = Instant::now();
                let verdict = tsg.verify(&url).await;
                assert!(!format!("{verdict:?}").contains("secret"), "{verdict:?}");
                (codes(&verdict), begun.elapsed())
            }
        })
        .buffered(at_once)
        .collect()
        .await;
    let wrong: Vec<String> = cases
        .iter()
        .zip(&verdicts)
        .filter(|(case, (found, _))| case.codes != found)
        .map(|(case, (found, _))| format!("{}: {found:?} instead of {:?}", case.name, case.codes))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    for (case, (_, took)) in cases.iter().zip(&verdicts) {
        assert!(
            *took < WHOLE + Duration::from_millis(200),
            "{}: {took:?}",
            case.name
        );
    }
    Ok(())
}

/// Cases of redirects and of TLS are counted beside their own tests.
#[test]
#[expect(
    clippy::print_stdout,
    reason = "the figures are wanted beside the verdict"
)]
fn at_least_120_http_cases_are_scripted() {
    let groups = [
        ("right", lengths::right()),
        ("malformed lengths", lengths::malformed()),
        ("untrue lengths", lengths::untrue()),
        ("transfer codings", transfers::cases()),
        ("HEAD", heads::cases()),
        ("content codings", codings::cases()),
        ("statuses", statuses::cases()),
        ("types", types::cases()),
        ("slow", slow::late()),
        ("endless", slow::endless()),
        ("versions", versions::cases()),
        ("connections", connections::cases()),
        ("changes", changes::cases()),
    ];
    let names: HashSet<&str> = groups
        .iter()
        .flat_map(|(_, cases)| cases.iter().map(|case| case.name.as_str()))
        .collect();
    let all: usize = groups.iter().map(|(_, cases)| cases.len()).sum();
    for (group, cases) in &groups {
        println!("{:4} {group}", cases.len());
    }
    println!("{all:4} HTTP cases, {} of different names", names.len());
    assert!(names.len() >= 230, "only {} cases", names.len());
}

#[tokio::test]
async fn what_breaks_a_rule_but_came_whole_is_fixable_and_hands_over_its_bytes() -> io::Result<()> {
    let server = Server::plain(|request| match request.path.as_str() {
        "/chunked" => with_body(
            &format!("{TYPE}Transfer-Encoding: chunked\n"),
            &chunked(GIF),
        ),
        "/untyped" => with_body("Content-Length: 43\n", GIF),
        "/short" => with_body(&format!("{TYPE}Content-Length: 44\n"), GIF),
        "/coded" => with_body(
            &format!("{TYPE}Content-Length: 43\nContent-Encoding: gzip\n"),
            GIF,
        ),
        "/missing" => send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        _ => right(&request.method),
    })
    .await?;
    let sinch = verifier(Provider::Sinch, policy());
    for (path, verdict, has_bytes) in [
        ("/right", Verdict::Passed, true),
        ("/chunked", Verdict::Fixable, true),
        ("/untyped", Verdict::Fixable, true),
        ("/short", Verdict::Refused, false),
        ("/coded", Verdict::Refused, false),
        ("/missing", Verdict::Refused, false),
    ] {
        let found = sinch.verify(&server.url(path)).await;
        assert_eq!(found.verdict(), verdict, "{path}: {found:?}");
        assert_eq!(found.bytes.as_deref(), has_bytes.then_some(GIF), "{path}");
        let sent = (verdict == Verdict::Passed).then(|| server.url(path));
        assert_eq!(found.url_to_send(), sent.as_deref(), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn each_provider_is_judged_by_the_requests_that_it_makes() -> io::Result<()> {
    let server = Server::plain(
        |request| match (request.path.as_str(), request.method.as_str()) {
            ("/no-head", "HEAD") => send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
            ("/chunked", _) => with_body(
                &format!("{TYPE}Transfer-Encoding: chunked\n"),
                &chunked(GIF),
            ),
            ("/untyped", "HEAD") => send(head("Content-Length: 43\n")),
            ("/untyped", _) => with_body("Content-Length: 43\n", GIF),
            (_, method) => right(method),
        },
    )
    .await?;
    for (provider, no_head, chunked, untyped) in [
        (Provider::Sinch, "~MMS509", "MMS508 ~MMS509", "MMS504"),
        (Provider::CarrierX, "MMS509", "MMS508 MMS509", "MMS504"),
        (Provider::TsgGlobal, "MMS509", "MMS508 MMS509", "MMS504"),
        (Provider::RingCentral, "", "", ""),
    ] {
        let verifier = verifier(provider, policy());
        for (path, expected) in [
            ("/right", ""),
            ("/no-head", no_head),
            ("/chunked", chunked),
            ("/untyped", untyped),
        ] {
            let verdict = verifier.verify(&server.url(path)).await;
            assert_eq!(
                codes(&verdict),
                expected,
                "{provider} {path}: {:?}",
                verdict.findings
            );
        }
    }
    let methods = |path: &str| {
        let mut methods: Vec<String> = server
            .requests()
            .into_iter()
            .filter(|request| request.path == path)
            .map(|request| format!("{} {}", request.method, request.coding))
            .collect();
        methods.sort();
        methods.dedup();
        methods
    };
    assert_eq!(
        methods("/right"),
        ["GET gzip", "GET identity", "HEAD gzip", "HEAD identity"]
    );
    Ok(())
}

#[tokio::test]
async fn a_throttled_answer_keeps_its_retry_after() -> io::Result<()> {
    let server = Server::plain(|_| {
        send("HTTP/1.1 429 Slow down\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n")
    })
    .await?;
    let verdict = verifier(Provider::Sinch, policy())
        .verify(&server.url("/"))
        .await;
    assert_eq!(codes(&verdict), "MMS503");
    assert_eq!(
        verdict.findings[0].observed.get("retry_after"),
        Some(&"120".into())
    );
    assert_eq!(
        verdict.findings[0].observed.get("status"),
        Some(&429_u32.into())
    );
    assert_eq!(server.accepted(), 1, "nothing is retried");
    Ok(())
}
