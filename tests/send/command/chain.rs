//! The whole chain: a real photograph prepared, hosted, verified, sent; and the bytes that the provider then fetches.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Stdio};

use mmsfit::{ContentType, Provider, Rules, sniff};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Desk, photo, provider, record};
use crate::Fallible;
use crate::common::assert_golden;

/// `mmsfit serve` over the desk's media; it ends with the test.
struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Serving {
    fn start(desk: &Desk) -> std::io::Result<Self> {
        // Its public URL must be known before it starts: a port that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut child = desk
            .command(&[
                "serve",
                "--listen",
                &address.to_string(),
                "--media-dir",
                "media-dir",
                "--public-url",
                &format!("http://{address}"),
            ])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let mut first = String::new();
        if let Some(stream) = child.stderr.take() {
            let mut lines = BufReader::new(stream);
            lines.read_line(&mut first)?;
            // Whoever closes this pipe would be told of in the server's own words: keep it open.
            std::thread::spawn(move || lines.lines().for_each(drop));
        }
        assert!(first.starts_with("listening on"), "{first}");
        Ok(Self { child, address })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // A server that is gone already is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_photograph_reaches_each_provider_that_fetches_it_under_its_cap() -> Fallible {
    let desk = Desk::new()?;
    let serving = Serving::start(&desk)?;
    let public = format!("http://{}", serving.address);
    let picture = photo("dandelion_12mp_baseline_420_gps.jpg");
    std::fs::copy(&picture, desk.at("dandelion.jpg"))?;
    let mut transcript = String::new();
    for provider in [Provider::Sinch, Provider::CarrierX, Provider::TsgGlobal] {
        let scripted = self::provider().await?;
        let more = [
            "--media-dir",
            "media-dir",
            "--public-url",
            &public,
            "--allow-net",
            "127.0.0.1",
            "dandelion.jpg",
        ];
        let said = desk
            .send(provider, &scripted.endpoint(), "Hi", &more)
            .await?;
        assert_eq!(said.code, Some(0), "{said:?}");
        transcript.push_str(&format!(
            "$ mmsfit send -p {} ... dandelion.jpg\n{}",
            provider.name(),
            without_lengths(&said.out)
        ));
        assert_eq!(scripted.accepted(), ["Hi"]);
        let sent = scripted.requests().pop().ok_or("no request")?;
        let body: Value = serde_json::from_slice(&sent.body)?;
        let urls = urls_in(&body);
        assert_eq!(urls.len(), 1, "{body:#}");
        for url in urls {
            let (head, bytes) = get(&url).await?;
            assert!(
                head.contains(&format!("content-length: {}\r\n", bytes.len())),
                "{head}"
            );
            assert!(!head.contains("transfer-encoding"), "{head}");
            is_a_picture_for(provider.rules(), &bytes);
        }
    }
    assert_golden("send/command-by-url.txt", &transcript)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_photograph_reaches_the_provider_that_takes_bytes_from_a_number_that_was_looked_up()
-> Fallible {
    let desk = Desk::new()?;
    std::fs::copy(photo("picos_8mp_progressive_420.jpg"), desk.at("picos.jpg"))?;
    let mut transcript = String::new();
    for kind in ["mixed", "form-data"] {
        let scripted = provider().await?;
        let more = ["--multipart", kind, "picos.jpg"];
        let said = desk
            .send(Provider::RingCentral, &scripted.endpoint(), kind, &more)
            .await?;
        assert_eq!(said.code, Some(0), "{said:?}");
        transcript.push_str(&format!(
            "$ mmsfit send -p ringcentral --multipart {kind} ... picos.jpg\n{}",
            without_lengths(&said.out)
        ));
        assert_eq!(scripted.accepted(), [kind]);
        assert_eq!(scripted.tokens(), 1);
        let sent = scripted.requests().pop().ok_or("no request")?;
        assert!(sent.headers["content-type"].starts_with(&format!("multipart/{kind}; boundary=")));
        let boundary = sent.headers["content-type"]
            .split_once("boundary=")
            .ok_or("no boundary")?
            .1
            .to_owned();
        let body = futures_util::stream::iter([Ok::<_, std::io::Error>(sent.body)]);
        let mut parts = multer::Multipart::new(body, boundary);
        let mut names = Vec::new();
        while let Some(part) = parts.next_field().await? {
            let name = part.file_name().unwrap_or_default().to_owned();
            let bytes = part.bytes().await?;
            if name.ends_with(".jpg") {
                is_a_picture_for(Provider::RingCentral.rules(), &bytes);
            } else {
                let envelope: Value = serde_json::from_slice(&bytes)?;
                assert_eq!(envelope["from"]["phoneNumber"], "+15162065575");
            }
            names.push(name);
        }
        assert_eq!(names, ["request.json", "picos.jpg"]);
    }
    assert_golden("send/command-bytes.txt", &transcript)?;
    Ok(())
}

/// A real server that speaks S3; it ends with the test.
struct Store {
    child: Child,
    address: SocketAddr,
}

impl Store {
    async fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = std::process::Command::new("moto_server")
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|fault| {
                format!("moto_server, of the package moto[server] of PyPI: {fault}")
            })?;
        let store = Self { child, address };
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while TcpStream::connect(address).await.is_err() {
            if std::time::Instant::now() > deadline {
                return Err("moto_server did not start".into());
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        Ok(store)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // A server that is gone already is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_hosts_what_the_provider_fetches() -> Fallible {
    let (desk, scripted, store) = (Desk::new()?, provider().await?, Store::start().await?);
    let base = format!("http://{}", store.address);
    let made = ask(
        &format!("{base}/bucket"),
        "PUT",
        "x-amz-acl: public-read\r\nContent-Length: 0\r\n",
    )
    .await?;
    assert!(made.0.starts_with("http/1.1 200"), "{made:?}");
    std::fs::copy(photo("gps.jpg"), desk.at("gps.jpg"))?;
    let public = format!("{base}/bucket/mms");
    let endpoint = scripted.endpoint();
    let mut command = desk.command(&[
        "send",
        "-p",
        "sinch",
        "--from",
        "+15162065575",
        "--to",
        "+15162065574",
        "--text",
        "Hi",
        "--no-fallback",
        "--endpoint",
        &endpoint,
        "--media-store",
        "s3://bucket/mms",
        "--public-url",
        &public,
        "--allow-net",
        "127.0.0.1",
        "gps.jpg",
    ]);
    command
        .env("AWS_ACCESS_KEY_ID", "x")
        .env("AWS_SECRET_ACCESS_KEY", "y")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL", &base)
        .env("AWS_ALLOW_HTTP", "true");
    let said = super::said(command).await?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let sent = scripted.requests().pop().ok_or("no request")?;
    let urls = urls_in(&serde_json::from_slice(&sent.body)?);
    assert!(urls.len() == 1 && urls[0].starts_with(&public), "{urls:?}");
    let (_, bytes) = get(&urls[0]).await?;
    is_a_picture_for(Provider::Sinch.rules(), &bytes);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carrierx_storage_hosts_what_carrierx_fetches() -> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    std::fs::copy(photo("gps.jpg"), desk.at("gps.jpg"))?;
    let more = [
        "--carrierx-storage",
        "--allow-net",
        "127.0.0.1",
        "--json",
        "gps.jpg",
    ];
    let said = desk
        .send(Provider::CarrierX, &scripted.endpoint(), "Hi", &more)
        .await?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let record = record(&said);
    assert_eq!(record["receipt"]["id"], "sid-1");
    let sent = scripted.requests().pop().ok_or("no request")?;
    let body: Value = serde_json::from_slice(&sent.body)?;
    let (_, bytes) = get(body["media_urls"][0].as_str().ok_or("no URL")?).await?;
    is_a_picture_for(Provider::CarrierX.rules(), &bytes);
    assert_eq!(
        bytes.len() as u64,
        record["parts"][0]["output"]["bytes"].as_u64().unwrap_or(0)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_part_is_embedded_for_tsg_global_where_nothing_hosts_it() -> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    let said = desk
        .send(
            Provider::TsgGlobal,
            &scripted.endpoint(),
            "Hi",
            &["pixel.gif"],
        )
        .await?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let sent = scripted.requests().pop().ok_or("no request")?;
    let body: Value = serde_json::from_slice(&sent.body)?;
    assert_eq!(
        body["data"]["attributes"]["parts"][1]["kind"], "embedded",
        "{body:#}"
    );
    Ok(())
}

/// What was said, but for the lengths that the engine arrives at: they are its tests' business.
fn without_lengths(said: &str) -> String {
    said.split_inclusive(' ')
        .zip(said.split(' ').skip(1).chain([""]))
        .map(|(word, next)| match next.starts_with("bytes") {
            true => "N ",
            false => word,
        })
        .collect()
}

/// Under the cap, of a type that the provider takes, and without the place where it was taken.
fn is_a_picture_for(rules: &Rules, bytes: &[u8]) {
    let found = sniff::sniff(bytes);
    let Some(rule) = found.content_type.and_then(|kind| rules.accepts(kind)) else {
        panic!("{:?} for {}", found.content_type, rules.name);
    };
    assert_eq!(found.content_type, Some(ContentType::Jpeg));
    assert!(bytes.len() as u64 <= rule.max_bytes.value().get());
    assert!(bytes.len() as u64 <= rules.message_bytes.value().get());
    assert!(!found.has_location && !found.has_metadata);
}

/// Every URL of this machine in a request.
fn urls_in(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text.starts_with("http://127.0.0.1:") => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(urls_in).collect(),
        Value::Object(map) => map.values().flat_map(urls_in).collect(),
        _ => Vec::new(),
    }
}

/// The head of an answer in lower case, and its body.
async fn get(url: &str) -> Result<(String, Vec<u8>), Box<dyn std::error::Error>> {
    ask(url, "GET", "").await
}

async fn ask(
    url: &str,
    method: &str,
    fields: &str,
) -> Result<(String, Vec<u8>), Box<dyn std::error::Error>> {
    let (address, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .ok_or("no such URL")?;
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{fields}\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or("no head")?;
    let body = answer.split_off(end + 4);
    Ok((String::from_utf8(answer)?.to_ascii_lowercase(), body))
}
