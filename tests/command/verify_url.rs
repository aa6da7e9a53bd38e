//! `verify-url` and URL attachments of `prepare`, against a server that follows a script.

mod figures;
mod prepare;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::desk::{Desk, Said, said};
use crate::json::{faults, schema};
use crate::server::{Request, Server, Step};
use crate::{CARD, common};

/// A picture of one pixel.
const GIF: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\
                     \x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// A server of a thread of its own.
struct Host {
    server: Server,
    _runtime: Runtime,
}

impl Host {
    fn new(script: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let server = runtime.block_on(Server::plain(script))?;
        Ok(Self {
            server,
            _runtime: runtime,
        })
    }

    fn url(&self, path: &str) -> String {
        self.server.url(path)
    }

    /// A text that does not depend on the port.
    fn masked(&self, text: &str) -> String {
        text.replace(&self.server.address.to_string(), "127.0.0.1:8080")
    }
}

/// An answer to GET, and to HEAD the same without its body.
fn answer(request: &Request, status: &str, fields: &str, body: &[u8]) -> Vec<Step> {
    let mut bytes = format!("HTTP/1.1 {status}\r\n{fields}\r\n").into_bytes();
    if request.method == "GET" {
        bytes.extend_from_slice(body);
    }
    vec![Step::Send(bytes)]
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{:x}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(b"\r\n0\r\n\r\n");
    bytes
}

/// A server that does each thing wrong at a path of its own.
fn misbehaving() -> io::Result<Host> {
    let count = AtomicUsize::new(0);
    Host::new(move |request| {
        let typed = "Content-Type: image/gif\r\n";
        let whole = "Content-Type: image/gif\r\nContent-Length: 43\r\n";
        match request.path.split('?').next().unwrap_or_default() {
            "/chunked.gif" => answer(
                request,
                "200 OK",
                "Content-Type: image/gif\r\nTransfer-Encoding: chunked\r\n",
                &chunked(GIF),
            ),
            "/no-length.gif" => answer(request, "200 OK", typed, GIF),
            "/no-head.gif" if request.method == "HEAD" => answer(
                request,
                "405 Method Not Allowed",
                "Content-Length: 0\r\n",
                b"",
            ),
            "/short.gif" => answer(request, "200 OK", whole, &GIF[..20]),
            "/gzip.gif" if request.coding == "gzip" => answer(
                request,
                "200 OK",
                "Content-Type: image/gif\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
                &chunked(GIF),
            ),
            "/untyped.gif" => answer(
                request,
                "200 OK",
                "Content-Type: application/octet-stream\r\nContent-Length: 43\r\n",
                GIF,
            ),
            "/page" => {
                let page = b"<!DOCTYPE html><html><head><title>Sorry</title></head><body>not here</body></html>";
                let fields = format!(
                    "Content-Type: text/html\r\nContent-Length: {}\r\n",
                    page.len()
                );
                answer(request, "200 OK", &fields, page)
            }
            "/other.gif" => {
                let mut body = GIF.to_vec();
                body[13] = u8::try_from(count.fetch_add(1, Ordering::SeqCst) % 251).unwrap_or(0);
                answer(request, "200 OK", whole, &body)
            }
            "/moved.gif" => answer(
                request,
                "302 Found",
                "Location: /right.gif?token=hush\r\nContent-Length: 0\r\n",
                b"",
            ),
            "/inside.gif" => answer(
                request,
                "302 Found",
                "Location: http://169.254.169.254/latest/?token=hush\r\nContent-Length: 0\r\n",
                b"",
            ),
            "/missing.gif" => answer(request, "404 Not Found", "Content-Length: 0\r\n", b""),
            "/slow.gif" => vec![Step::Hang],
            "/card.vcf" => {
                let fields = format!(
                    "Content-Type: text/x-vcard\r\nContent-Length: {}\r\n",
                    CARD.len()
                );
                answer(request, "200 OK", &fields, CARD)
            }
            _ => answer(request, "200 OK", whole, GIF),
        }
    })
}

const PATHS: &[&str] = &[
    "/right.gif",
    "/card.vcf",
    "/chunked.gif",
    "/no-length.gif",
    "/no-head.gif",
    "/gzip.gif",
    "/untyped.gif",
    "/other.gif",
    "/moved.gif",
    "/short.gif",
    "/page",
    "/missing.gif",
    "/inside.gif",
];

/// URLs that nobody is asked about.
const FORMS: &[&str] = &[
    "https://user:hush@media.example/a.gif?token=hush",
    "http://10.0.0.1/a.gif?token=hush",
    "http://93.184.215.14/a.gif?token=hush",
    "ftp://media.example/a.gif?token=hush",
    "not a URL?token=hush",
];

fn verify(desk: &Desk, words: &[&str], urls: &[String]) -> io::Result<Said> {
    let mut line = vec!["verify-url", "--allow-net", "127.0.0.1"];
    line.extend_from_slice(words);
    line.extend(urls.iter().map(String::as_str));
    desk.run(&line)
}

fn every_url(host: &Host) -> Vec<String> {
    let asked = PATHS
        .iter()
        .map(|path| host.url(&format!("{path}?token=hush")));
    asked
        .chain(FORMS.iter().map(|url| (*url).to_owned()))
        .collect()
}

#[test]
fn each_provider_is_told_of_in_its_own_words() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    let mut transcript = String::new();
    for provider in ["sinch", "tsg-global", "carrierx", "ringcentral"] {
        let run = verify(&desk, &["-p", provider], &every_url(&host))?;
        assert_eq!((run.code, run.err.as_str()), (Some(1), ""), "{provider}");
        write!(
            transcript,
            "$ mmsfit verify-url --provider {provider} …\n{}\n",
            host.masked(&run.out)
        )
        .expect("a string takes every write");
    }
    common::assert_golden("verify_url.txt", &transcript)
}

#[test]
fn neither_queries_nor_credentials_are_printed_in_any_format() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    for format in ["human", "json", "jsonl", "junit", "sarif", "github"] {
        let run = verify(
            &desk,
            &["-p", "tsg-global,sinch", "--format", format],
            &every_url(&host),
        )?;
        assert_eq!(run.code, Some(1), "{format}: {}", run.err);
        assert!(run.out.len() > 1_000, "{format}: {}", run.out);
        for text in [&run.out, &run.err] {
            assert!(
                !text.contains("hush") && !text.contains("token="),
                "{format}: {text}"
            );
        }
    }
    let mut mixed = every_url(&host);
    // What is no URL is a path there, and printed as one.
    mixed.pop();
    let prepare = [&["prepare", "-p", "sinch", "--allow-net", "127.0.0.1"][..]].concat();
    let line: Vec<&str> = prepare
        .into_iter()
        .chain(mixed.iter().map(String::as_str))
        .collect();
    let run = desk.run(&line)?;
    assert_eq!(run.code, Some(1));
    assert!(run.out.contains("~ fixable    "), "{}", run.out);
    assert!(
        !run.out.contains("hush") && !run.err.contains("hush"),
        "{}{}",
        run.out,
        run.err
    );
    Ok(())
}

#[test]
fn every_record_of_a_url_follows_the_schema() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    let urls = every_url(&host);
    let words = ["-p", "ringcentral,sinch,carrierx,tsg-global", "--format"];
    let run = |format| verify(&desk, &[&words[..], &[format]].concat(), &urls);
    let lines: Vec<Value> = run("jsonl")?
        .out
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    assert_eq!(lines.len(), 4 * urls.len() + 4);
    let schema = schema();
    for record in &lines {
        assert_eq!(faults(&schema, record), Vec::<String>::new());
    }
    let document: Vec<Value> = serde_json::from_str(&run("json")?.out)?;
    assert_eq!(document.len(), lines.len());
    let of = |path: &str, rules: &str| {
        lines
            .iter()
            .find(|record| record["input"] == host.url(path) && record["rules"] == rules)
            .cloned()
            .unwrap_or_default()
    };
    let chunks = json!({"status": 200, "content_type": "image/gif", "content_length": null, "transfer_encoding": "chunked"});
    let found = of("/chunked.gif", "tsg-global");
    assert_eq!(found["kind"], "url");
    assert_eq!(found["result"], "fixable");
    assert_eq!(found["url"], host.url("/chunked.gif"));
    assert_eq!(found["final_url"], host.url("/chunked.gif"));
    assert_eq!(found["address"], host.server.address.to_string());
    assert_eq!((&found["head"], &found["get"]), (&chunks, &chunks));
    assert_eq!(found["provider_would"], "part_dropped");
    assert_eq!(found["sniffed"]["content_type"], "image/gif");
    assert_eq!(
        of("/chunked.gif", "sinch")["provider_would"],
        "message_rejected"
    );
    assert_eq!(of("/chunked.gif", "carrierx")["provider_would"], "unknown");
    let bytes = of("/chunked.gif", "ringcentral");
    assert_eq!(
        (&bytes["result"], &bytes["provider_would"]),
        (&json!("passed"), &Value::Null)
    );
    assert_eq!(bytes["head"], Value::Null);
    let moved = of("/moved.gif", "sinch");
    assert_eq!(
        (&moved["result"], &moved["final_url"]),
        (&json!("passed"), &json!(host.url("/right.gif")))
    );
    let inside = of("/inside.gif", "sinch");
    assert_eq!(
        (&inside["result"], &inside["get"]),
        (&json!("refused"), &Value::Null)
    );
    let mut wrong = found;
    wrong["url"] = format!("{}?token=x", host.url("/chunked.gif")).into();
    assert!(!faults(&schema, &wrong).is_empty());
    Ok(())
}

#[test]
fn the_exit_code_of_verify_url_means_what_the_help_says() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    let url = |path: &str| vec![host.url(path)];
    for (expected, words, urls) in [
        (0, &["-p", "sinch"][..], url("/right.gif")),
        (0, &["-p", "sinch"], url("/no-head.gif")),
        (1, &["-p", "tsg-global"], url("/no-head.gif")),
        (
            0,
            &["-p", "tsg-global", "--allow-fixable"],
            url("/no-head.gif"),
        ),
        (
            1,
            &["-p", "tsg-global,sinch", "--allow-fixable"],
            url("/missing.gif"),
        ),
        (
            0,
            &["-p", "sinch", "--timeout", "20s", "--jobs", "3"],
            url("/right.gif"),
        ),
        (2, &["-p", "sinch", "--timeout", "0"], url("/right.gif")),
        (2, &["-p", "sinch", "--timeout", "soon"], url("/right.gif")),
        (
            2,
            &["-p", "sinch", "--allow-net", "localhost"],
            url("/right.gif"),
        ),
        (
            2,
            &["-p", "sinch", "--allow-net", "10.0.0.1/8"],
            url("/right.gif"),
        ),
        (2, &["-p", "pigeon"], url("/right.gif")),
        (2, &[], url("/right.gif")),
        (2, &["-p", "sinch"], Vec::new()),
        (2, &["-p", "sinch"], vec!["-".to_owned(), "-".to_owned()]),
        (3, &["-p", "sinch"], vec!["-".to_owned()]),
    ] {
        let run = verify(&desk, words, &urls)?;
        assert_eq!(
            run.code,
            Some(expected),
            "{words:?} {urls:?}\n{}{}",
            run.out,
            run.err
        );
        assert_eq!(run.err.is_empty(), expected != 2, "{words:?} {}", run.err);
    }
    Ok(())
}

#[test]
fn urls_come_from_standard_input_one_a_line_and_are_told_in_their_order() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    let mut child = desk
        .command()
        .args([
            "verify-url",
            "-p",
            "sinch",
            "--allow-net",
            "127.0.0.1",
            "--timeout",
            "1s",
            "--format",
            "jsonl",
        ])
        .args([&host.url("/first.gif"), "-", &host.url("/last.gif")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().expect("standard input is piped");
    let paths: Vec<String> = (0..40)
        .map(|number| match number {
            3 => "/slow.gif".to_owned(),
            7 => "/missing.gif".to_owned(),
            _ => format!("/{number}.gif"),
        })
        .collect();
    for path in &paths {
        write!(input, "\r\n  {} \r\n\n", host.url(path))?;
    }
    drop(input);
    let run = said(&child.wait_with_output()?);
    assert_eq!((run.code, run.err.as_str()), (Some(1), ""));
    let told: Vec<(String, String)> = run
        .out
        .lines()
        .map(|line| {
            let record: Value = serde_json::from_str(line).expect("a line is an object");
            let word = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
            (word("input"), word("result"))
        })
        .collect();
    let mut expected = vec![(host.url("/first.gif"), "passed".to_owned())];
    expected.extend(paths.iter().map(|path| {
        let refused = ["/slow.gif", "/missing.gif"].contains(&path.as_str());
        let word = if refused { "refused" } else { "passed" };
        (host.url(path), word.to_owned())
    }));
    expected.push((host.url("/last.gif"), "passed".to_owned()));
    expected.push((String::new(), String::new()));
    assert_eq!(told, expected);
    Ok(())
}

#[test]
fn junit_and_sarif_and_github_name_the_url() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    let urls = [
        host.url("/right.gif?token=hush"),
        host.url("/missing.gif?token=hush"),
    ];
    let run = |format: &str| verify(&desk, &["-p", "sinch", "--format", format], &urls);
    let why = "the server answers with status 404; sinch would reject the message";
    let help =
        "open the URL from outside the network, without cookies; a signed URL may have run out";
    let (right, missing) = (host.url("/right.gif"), host.url("/missing.gif"));
    assert_eq!(
        run("junit")?.out,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mmsfit\">\n\
             <testsuite name=\"{right}\" tests=\"1\" failures=\"0\" errors=\"0\">\n\
             <testcase classname=\"mmsfit.sinch\" name=\"{right}\"/>\n</testsuite>\n\
             <testsuite name=\"{missing}\" tests=\"1\" failures=\"1\" errors=\"0\">\n\
             <testcase classname=\"mmsfit.sinch\" name=\"{missing}\">\n\
             <failure type=\"MMS503\" message=\"{why}\">\nMMS503 {why}\n  {help}\n</failure>\n</testcase>\n\
             </testsuite>\n</testsuites>\n"
        )
    );
    assert_eq!(
        run("github")?.out,
        format!(
            "::error title=MMS503::{missing}: {why} ({help})\n2 URLs for sinch: 1 passed, 0 fixable, 0 fixed, 1 refused, 0 unchecked\n"
        )
    );
    let sarif: Value = serde_json::from_str(&run("sarif")?.out)?;
    assert_eq!(
        sarif["runs"][0]["results"],
        json!([{
            "ruleId": "MMS503", "level": "error", "message": {"text": format!("{why} ({help})")},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": missing}, "region": {"startLine": 1}}}],
            "properties": {"rules": "sinch", "outcome": "refused"},
        }])
    );
    Ok(())
}

#[test]
fn an_allowed_range_covers_its_addresses_and_no_others() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    let port = host.server.address.port();
    let code = |words: &[&str]| -> io::Result<String> {
        let run = desk.run(&[&["verify-url", "-p", "sinch", "--json"][..], words].concat())?;
        let records: Vec<Value> = serde_json::from_str(&run.out)?;
        Ok(records[0]["findings"][0]["code"]
            .as_str()
            .unwrap_or("passed")
            .to_owned())
    };
    let plain = host.url("/right.gif");
    let named = format!("http://localhost:{port}/right.gif");
    for (expected, words) in [
        ("MMS502", &[plain.as_str()][..]),
        ("MMS502", &["--allow-net", "10.0.0.0/8", &plain]),
        ("MMS502", &["--allow-net", "127.0.0.2", &plain]),
        ("MMS502", &["--allow-net", "::/0", &plain]),
        (
            "passed",
            &[
                "--allow-net",
                "10.0.0.0/8",
                "--allow-net",
                "127.0.0.0/8",
                &plain,
            ],
        ),
        ("MMS501", &[&named]),
        (
            "passed",
            &["--allow-net", "127.0.0.1", "--allow-net", "::1", &named],
        ),
        ("MMS502", &["https://localhost/right.gif"]),
        (
            "MMS501",
            &["--allow-net", "127.0.0.1", "http://93.184.215.14/right.gif"],
        ),
        (
            "MMS501",
            &["--allow-net", "127.0.0.1", "ftp://127.0.0.1/right.gif"],
        ),
        (
            "MMS501",
            &["--allow-net", "127.0.0.1", "http://u:p@127.0.0.1/right.gif"],
        ),
        (
            "MMS502",
            &[
                "--allow-net",
                "127.0.0.1",
                "http://[::ffff:127.0.0.1]/right.gif",
            ],
        ),
    ] {
        assert_eq!(code(words)?, expected, "{words:?}");
    }
    desk.write(
        "mmsfit.toml",
        b"allow-net = [\"127.0.0.0/8\"]\ntimeout = \"9s\"\nprovider = \"sinch\"\n",
    )?;
    let run = desk.run(&["verify-url", "--config", "mmsfit.toml", &plain])?;
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{}", run.out);
    Ok(())
}
