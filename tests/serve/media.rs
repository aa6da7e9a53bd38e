//! The embedded server serves media as every provider fetches it, and nothing else.

use std::fs;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use mmsfit::host::{FolderHost, Server, ServerLimits};
use mmsfit::receive::EventSink;
use mmsfit::{
    Attachment, Code, ContentType, HostingError, Preparer, Provider, UrlVerifier, Verdict,
    publish_and_verify,
};
use url::Url;

use crate::http::{connect, get, parse, raw, send};
use crate::{CARD, GIF, Outcome, bundle, policy};

/// A server on a folder of its own; both end with the test.
pub(crate) struct Ours {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) host: FolderHost,
    pub(crate) address: SocketAddr,
}

pub(crate) async fn ours(limits: ServerLimits) -> Result<Ours, Box<dyn std::error::Error>> {
    ours_at("", limits).await
}

/// With a path in front of the public URL.
async fn ours_at(path: &str, limits: ServerLimits) -> Result<Ours, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let public: Url = format!("http://{free}{path}").parse()?;
    let host = FolderHost::new(folder.path(), public)?;
    let events = EventSink::file(&folder.path().join("events.jsonl"))?;
    let server = Server::bind(free, host.clone(), events)
        .await?
        .limits(limits);
    let address = server.address();
    tokio::spawn(server.run(std::future::pending()));
    Ok(Ours {
        folder,
        host,
        address,
    })
}

/// Limits that a test can wait for.
fn hasty() -> ServerLimits {
    let mut limits = ServerLimits::default();
    limits.head_within = Duration::from_millis(400);
    limits.body_within = Duration::from_millis(400);
    limits.stall = Duration::from_millis(500);
    limits
}

fn path_of(url: &Url) -> &str {
    url.path()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_equals_get_in_every_field_and_nothing_is_chunked_or_coded() -> Outcome {
    let ours = ours(ServerLimits::default()).await?;
    for (bytes, content_type, served) in [
        (GIF, ContentType::Gif, "image/gif"),
        (CARD, ContentType::VCard, "text/vcard"),
        (&[0xFF; 300_000][..], ContentType::Jpeg, "image/jpeg"),
        (b"", ContentType::Png, "image/png"),
    ] {
        let hosted = ours.host.publish_bytes(bytes, content_type)?;
        let path = path_of(&hosted.url);
        for coding in [
            "",
            "Accept-Encoding: gzip, br\r\n",
            "Accept-Encoding: identity\r\n",
            "TE: chunked\r\n",
        ] {
            let got = get(ours.address, path, coding)?;
            let head = send(ours.address, "HEAD", path, coding, b"")?;
            assert_eq!((got.status, head.status), (200, 200), "{served}");
            assert_eq!(got.fields, head.fields, "{served}");
            assert_eq!(got.body, bytes, "{served}");
            assert_eq!(head.body, b"", "{served}");
            assert_eq!(got.field("content-type"), Some(served));
            assert_eq!(
                got.field("content-length"),
                Some(bytes.len().to_string().as_str())
            );
            assert_eq!(got.field("transfer-encoding"), None);
            assert_eq!(got.field("content-encoding"), None);
            assert_eq!(got.field("x-content-type-options"), Some("nosniff"));
        }
        let old = parse(&raw(
            ours.address,
            format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes(),
        )?)?;
        assert_eq!((old.status, old.body.as_slice()), (200, bytes), "{served}");
        assert_eq!(
            old.field("content-length"),
            Some(bytes.len().to_string().as_str())
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_and_conditions_work_over_the_wire() -> Outcome {
    let ours = ours(ServerLimits::default()).await?;
    let bytes: Vec<u8> = (0..200_000_u32).map(|at| (at % 251) as u8).collect();
    let hosted = ours.host.publish_bytes(&bytes, ContentType::Jpeg)?;
    let path = path_of(&hosted.url);
    let whole = get(ours.address, path, "")?;
    let etag = whole.field("etag").ok_or("no etag")?;
    let modified = whole.field("last-modified").ok_or("no date")?;

    let part = get(
        ours.address,
        path,
        &format!("Range: bytes=100000-150000\r\nIf-Range: {etag}\r\n"),
    )?;
    assert_eq!(part.status, 206);
    assert_eq!(
        part.field("content-range"),
        Some("bytes 100000-150000/200000")
    );
    assert_eq!(part.field("content-length"), Some("50001"));
    assert_eq!(part.body, bytes[100_000..=150_000]);
    let tail = get(ours.address, path, "Range: bytes=-7\r\n")?;
    assert_eq!(
        (tail.status, tail.body.as_slice()),
        (206, &bytes[199_993..])
    );
    let other = get(
        ours.address,
        path,
        "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n",
    )?;
    assert_eq!((other.status, other.body.len()), (200, 200_000));
    let outside = get(ours.address, path, "Range: bytes=200000-\r\n")?;
    assert_eq!((outside.status, outside.body.len()), (416, 0));
    assert_eq!(outside.field("content-range"), Some("bytes */200000"));
    for condition in [
        format!("If-None-Match: {etag}\r\n"),
        format!("If-Modified-Since: {modified}\r\n"),
    ] {
        let unchanged = get(ours.address, path, &condition)?;
        assert_eq!(
            (unchanged.status, unchanged.body.len()),
            (304, 0),
            "{condition}"
        );
        assert_eq!(unchanged.field("etag"), Some(etag));
        assert_eq!(unchanged.field("content-length"), None);
        let head = send(ours.address, "HEAD", path, &condition, b"")?;
        assert_eq!((head.status, head.fields), (304, unchanged.fields));
    }
    let failed = get(ours.address, path, "If-Match: \"other\"\r\n")?;
    assert_eq!((failed.status, failed.body.len()), (412, 0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_exactly_a_name_of_ours_is_not_found() -> Outcome {
    let ours = ours(ServerLimits::default()).await?;
    let hosted = ours.host.publish_bytes(GIF, ContentType::Gif)?;
    let name = hosted
        .url
        .path()
        .rsplit('/')
        .next()
        .ok_or("no name")?
        .to_owned();
    let hash = name.trim_end_matches(".gif");
    let media = ours.host.media();
    // Foreign files, a link to a file outside, a folder and a pipe, all with names that could be asked for.
    fs::write(ours.folder.path().join("secret.gif"), GIF)?;
    fs::write(media.join("notes.txt"), b"private")?;
    fs::write(media.join(".unfinished-1"), b"private")?;
    let other = |digit: char| format!("{}.gif", digit.to_string().repeat(64));
    std::os::unix::fs::symlink(
        ours.folder.path().join("secret.gif"),
        media.join(other('a')),
    )?;
    std::os::unix::fs::symlink("/dev/zero", media.join(other('b')))?;
    fs::create_dir(media.join(other('c')))?;
    let pipe = std::process::Command::new("mkfifo")
        .arg(media.join(other('d')))
        .status()?;
    assert!(pipe.success());

    let absent = get(ours.address, &format!("/media/{}", other('0')), "")?;
    assert_eq!(absent.status, 404);
    let mut refused = vec![
        "/".to_owned(),
        "/media".to_owned(),
        "/media/".to_owned(),
        "/media//".to_owned(),
        "/media/notes.txt".to_owned(),
        "/media/.unfinished-1".to_owned(),
        "/name-key".to_owned(),
        "/media/../name-key".to_owned(),
        "/media/..%2fname-key".to_owned(),
        "/media/%2e%2e/name-key".to_owned(),
        "/media/..\\name-key".to_owned(),
        "/media/%252e%252e%252fname-key".to_owned(),
        format!("/media/{hash}"),
        format!("/media/{hash}.jpg"),
        format!("/media/{hash}.gif/"),
        format!("/media/{hash}.gif%00"),
        format!("/media/{hash}.gif%20"),
        format!("/media/{hash}.gif.gif"),
        format!("/media/{}.gif", hash.to_uppercase()),
        format!("/media/%{:02x}{}", name.as_bytes()[0], &name[1..]),
        format!("//media/{name}"),
        format!("/media/./{name}"),
        format!("/x/../media/{name}"),
        format!("/MEDIA/{name}"),
        format!("/media/{}", "a".repeat(4_000)),
    ];
    refused.extend(['a', 'b', 'c', 'd'].map(|digit| format!("/media/{}", other(digit))));
    for path in refused {
        let reply = get(ours.address, &path, "")?;
        // The same whether it is absent or forbidden.
        assert_eq!(
            (reply.status, &reply.fields, &reply.body),
            (404, &absent.fields, &absent.body),
            "{path}"
        );
    }
    for (path, expected) in [
        (format!("/media/{name}"), 200),
        (format!("/media/{name}?utm=1"), 200),
    ] {
        assert_eq!(get(ours.address, &path, "")?.status, expected, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        let reply = send(ours.address, method, &format!("/media/{name}"), "", b"")?;
        assert_eq!(
            (reply.status, reply.field("allow")),
            (405, Some("GET, HEAD")),
            "{method}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_urls_pass_the_verification_of_all_four_providers() -> Outcome {
    let ours = ours(ServerLimits::default()).await?;
    for (provider, fixtures) in [
        (
            Provider::Sinch,
            &[
                "photos/small.jpg",
                "audio/tone.wav",
                "audio/tone.mp3",
                "video/clip.mp4",
                "video/clip.3gp",
                "video/clip.avi",
            ][..],
        ),
        (
            Provider::CarrierX,
            &[
                "photos/small.jpg",
                "video/clip.mp4",
                "audio/tone.amr",
                "audio/tone.mp3",
            ],
        ),
        (
            Provider::TsgGlobal,
            &["photos/small.jpg", "video/clip.3gp", "audio/tone.amr"],
        ),
    ] {
        let mut hosted = 0;
        for fixture in fixtures {
            let bundle = match bundle(provider, &[fixture]).await {
                Ok(bundle) => bundle,
                Err(why) => return Err(format!("{fixture} for {}: {why}", provider.name()).into()),
            };
            assert!(bundle.parts().iter().all(|part| part.url().is_none()));
            let bundle = publish_and_verify(bundle, &ours.host, policy()).await?;
            for part in bundle.parts() {
                let url = part.url().ok_or("no URL")?;
                let path = url.parse::<Url>()?.path().to_owned();
                let reply = get(ours.address, &path, "")?;
                assert_eq!(reply.body, part.bytes(), "{fixture}");
                assert_eq!(
                    reply.field("content-type"),
                    Some(part.content_type()),
                    "{fixture}"
                );
                hosted += 1;
            }
        }
        assert_eq!(hosted, fixtures.len());
    }
    let url = ours.host.publish_bytes(GIF, ContentType::Gif)?.url;
    for &provider in Provider::ALL {
        let verifier = UrlVerifier::new(provider.rules().clone(), policy());
        let verdict = verifier.verify(url.as_str()).await;
        assert_eq!(verdict.findings, Vec::new(), "{}", provider.name());
        assert_eq!(verdict.url_to_send(), Some(url.as_str()));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_public_url_with_a_path_works_whether_or_not_a_proxy_strips_it() -> Outcome {
    let ours = ours_at("/mms/v1", ServerLimits::default()).await?;
    let bundle = bundle(Provider::TsgGlobal, &["photos/small.jpg"]).await?;
    let bundle = publish_and_verify(bundle, &ours.host, policy()).await?;
    let url: Url = bundle.parts()[0].url().ok_or("no URL")?.parse()?;
    assert!(url.path().starts_with("/mms/v1/media/"));
    let stripped = url.path().trim_start_matches("/mms/v1");
    assert_eq!(
        get(ours.address, stripped, "")?.body,
        bundle.parts()[0].bytes()
    );
    assert_eq!(get(ours.address, "/mms/v1/healthz", "")?.status, 200);
    assert_eq!(get(ours.address, "/mms/v2/healthz", "")?.status, 404);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_handed_on_that_the_public_url_does_not_serve() -> Outcome {
    let ours = ours(ServerLimits::default()).await?;
    // Another folder behind the same public URL: published, but not there.
    let elsewhere = tempfile::tempdir()?;
    let wrong = FolderHost::new(elsewhere.path(), ours.host.public_url().clone())?;
    let part = bundle(Provider::Sinch, &["photos/small.jpg"]).await?;
    let fault = publish_and_verify(part.clone(), &wrong, policy())
        .await
        .err()
        .ok_or("it passed")?;
    assert!(fault.to_string().contains("MMS503"), "{fault}");
    // The right name with other bytes of the same type and length of life: a cache that is stale.
    let other = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos/grey.jpg"))?;
    let name = wrong.publish_bytes(part.parts()[0].bytes(), ContentType::Jpeg)?;
    let name = name
        .url
        .path()
        .rsplit('/')
        .next()
        .ok_or("no name")?
        .to_owned();
    fs::write(ours.host.media().join(name), other)?;
    let fault = publish_and_verify(part.clone(), &wrong, policy())
        .await
        .err()
        .ok_or("it passed")?;
    assert!(
        matches!(
            &fault,
            HostingError::Url {
                finding: Some(_),
                ..
            }
        ),
        "{fault}"
    );
    assert!(fault.to_string().contains("MMS507"), "{fault}");
    // The default policy does not reach a private address.
    let fault = publish_and_verify(part, &ours.host, mmsfit::FetchPolicy::new())
        .await
        .err()
        .ok_or("it passed")?;
    assert!(fault.to_string().contains("MMS50"), "{fault}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_requests_are_answered_with_4xx_or_a_close_and_the_server_lives() -> Outcome {
    let ours = ours(hasty()).await?;
    let mut field_flood = b"GET /healthz HTTP/1.1\r\nHost: a\r\n".to_vec();
    for at in 0..2_000 {
        field_flood.extend_from_slice(format!("X-{at}: y\r\n").as_bytes());
    }
    field_flood.extend_from_slice(b"\r\n");
    let long_field = [
        b"GET /healthz HTTP/1.1\r\nX: ".as_slice(),
        &[b'a'; 100_000],
        b"\r\n\r\n",
    ]
    .concat();
    let long_path = [b"GET /".as_slice(), &[b'a'; 100_000], b" HTTP/1.1\r\n\r\n"].concat();
    for request in [
        b"\r\n\r\n".as_slice(),
        b"GET\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"GET /healthz HTTP/2.0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"get /healthz HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET  /healthz  HTTP/1.1\r\n\r\n",
        b"GET /health\0z HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHo st: a\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nX: a\0b\r\n\r\n",
        b"POST /callbacks/sinch HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /callbacks/sinch HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /callbacks/sinch HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 6\r\n\r\nhello",
        b"POST /callbacks/sinch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nhello",
        b"POST /callbacks/sinch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        &field_flood,
        &long_field,
        &long_path,
    ] {
        let answer = raw(ours.address, request)?;
        let shown = String::from_utf8_lossy(request.get(..60).unwrap_or(request)).into_owned();
        if !answer.is_empty() {
            let status = parse(&answer)?.status;
            assert!((400..500).contains(&status), "{shown:?}: {status}");
        }
        assert_eq!(get(ours.address, "/healthz", "")?.text(), "ok\n", "after {shown:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_are_let_go_and_do_not_keep_others_out() -> Outcome {
    let mut limits = hasty();
    limits.connections = 32;
    let ours = ours(limits).await?;
    let hosted = ours
        .host
        .publish_bytes(&vec![7; 20_000_000], ContentType::Jpeg)?;
    let path = path_of(&hosted.url);
    let until_closed = |mut stream: std::net::TcpStream| -> io::Result<(Duration, Vec<u8>)> {
        let begun = Instant::now();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        Ok((begun.elapsed(), rest))
    };
    // Half a head, then silence.
    let mut half = connect(ours.address)?;
    half.write_all(b"GET /healthz HTTP/1.1\r\nHos")?;
    let (waited, _) = until_closed(half)?;
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    // A whole exchange, then silence.
    let mut idle = connect(ours.address)?;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")?;
    let (waited, answer) = until_closed(idle)?;
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    // Half a body, then silence.
    let mut body = connect(ours.address)?;
    body.write_all(b"POST /callbacks/sinch HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{")?;
    let (waited, answer) = until_closed(body)?;
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    assert_eq!(parse(&answer)?.status, 408);
    // A reader that reads nothing.
    let mut deaf = connect(ours.address)?;
    deaf.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes())?;
    std::thread::sleep(Duration::from_millis(2_500));
    let (_, answer) = until_closed(deaf)?;
    assert!(answer.len() < 20_000_000, "{}", answer.len());
    // Ten times as many connections as there are places: who comes last is served all the same.
    let mut crowd = Vec::new();
    for _ in 0..320 {
        crowd.push(connect(ours.address)?);
    }
    let begun = Instant::now();
    assert_eq!(get(ours.address, "/healthz", "")?.text(), "ok\n");
    assert!(begun.elapsed() < Duration::from_secs(5));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_deleted_while_it_is_read_is_read_to_its_end() -> Outcome {
    let ours = ours(ServerLimits::default()).await?;
    let bytes = vec![9; 12_000_000];
    let hosted = ours.host.publish_bytes(&bytes, ContentType::Jpeg)?;
    let mut stream = connect(ours.address)?;
    write!(
        stream,
        "GET {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        path_of(&hosted.url)
    )?;
    let mut first = vec![0; 1_000];
    stream.read_exact(&mut first)?;
    let later = hosted.expires.ok_or("no end")? + Duration::from_secs(1);
    assert_eq!(ours.host.sweep(later)?.deleted, 1);
    let mut answer = first;
    stream.read_to_end(&mut answer)?;
    assert_eq!(parse(&answer)?.body, bytes);
    assert_eq!(get(ours.address, path_of(&hosted.url), "")?.status, 404);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_tells_whether_media_can_be_written() -> Outcome {
    let ours = ours(ServerLimits::default()).await?;
    let ready = get(ours.address, "/readyz", "")?;
    assert_eq!(
        (ready.status, ready.text().as_str()),
        (200, "media: ok\nevents: ok\n")
    );
    fs::remove_dir_all(ours.host.media())?;
    let gone = get(ours.address, "/readyz", "")?;
    assert_eq!(
        (gone.status, gone.text().as_str()),
        (503, "media: not writable\nevents: ok\n")
    );
    assert_eq!(get(ours.address, "/healthz", "")?.status, 200);
    assert_eq!(send(ours.address, "POST", "/healthz", "", b"")?.status, 405);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preparer_with_a_host_gives_bundles_with_verified_urls() -> Outcome {
    let ours = ours(ServerLimits::default()).await?;
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos/small.jpg");
    let preparer = |provider| Preparer::new(provider).fetch_policy(policy());
    for provider in [Provider::Sinch, Provider::CarrierX, Provider::TsgGlobal] {
        let prepared = preparer(provider)
            .media_host(ours.host.clone())
            .prepare([Attachment::from_path(&photo)])
            .await?;
        let told = &prepared.report().findings;
        assert!(
            told.iter().all(|told| told.code != Code::NeedsHosting),
            "{}",
            prepared.report()
        );
        let bundle = prepared.into_bundle()?;
        let url = bundle.parts()[0].url().ok_or("no URL")?;
        let reply = get(ours.address, url.parse::<Url>()?.path(), "")?;
        assert_eq!(reply.body, fs::read(&photo)?, "{provider}");
    }
    // Who takes bytes needs no host.
    let uploaded = preparer(Provider::RingCentral)
        .media_host(ours.host.clone())
        .prepare([Attachment::from_path(&photo)])
        .await?
        .into_bundle()?;
    assert_eq!(uploaded.parts()[0].url(), None);

    // Published where nobody serves it: the report says so, and there is no bundle.
    let folder = tempfile::tempdir()?;
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let unserved = FolderHost::new(folder.path(), format!("http://{free}").parse()?)?;
    let prepared = preparer(Provider::Sinch)
        .media_host(unserved)
        .prepare([Attachment::from_path(&photo)])
        .await?;
    assert!(prepared.bundle().is_none());
    let report = prepared.report();
    assert_eq!(report.verdict, Verdict::Refused);
    let finding = report.findings.last().ok_or("nothing is told")?;
    assert_eq!((finding.code, finding.part), (Code::NeedsHosting, Some(0)));
    assert!(
        finding
            .message
            .starts_with("part 0 is published, but its URL would fail: "),
        "{finding}"
    );
    Ok(())
}
