//! `mmsfit serve` as a user runs it.

use std::fs;
use std::io::{Read, Write};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mmsfit::host::FolderHost;
use mmsfit::{ContentType, Provider};
use serde_json::Value;

use crate::desk::{Serving, command, media_dir};
use crate::http::{connect, get, parse, post, raw, send};
use crate::{GIF, Outcome, callbacks, event_schema, schema_faults};

#[test]
fn each_callback_is_answered_printed_and_follows_the_schema() -> Outcome {
    let folder = tempfile::tempdir()?;
    let serving = Serving::start(folder.path(), &["--events", "-"])?;
    let schema = event_schema()?;
    let mut expected = 0;
    for (provider, name, body) in callbacks()? {
        let path = format!("/callbacks/{}", provider.name());
        let reply = post(serving.address, &path, &body)?;
        assert_eq!(
            (reply.status, reply.body.len()),
            (200, 0),
            "{name}: {}",
            reply.text()
        );
        // The same once more: answered, not printed.
        assert_eq!(post(serving.address, &path, &body)?.status, 200, "{name}");
        expected += if name == "tsg-global-reports" { 2 } else { 1 };
        let lines = serving.out(expected)?;
        assert_eq!(lines.len(), expected, "{name}");
        let event: Value = serde_json::from_str(lines.last().ok_or("no line")?)?;
        assert_eq!(
            schema_faults(&schema, &event),
            Vec::<String>::new(),
            "{name}"
        );
        assert_eq!(event["provider"], provider.name(), "{name}");
    }
    // RingCentral takes no answer of more than 1,024 bytes, its head included.
    let longest = format!(
        "POST /callbacks/ringcentral HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
         Content-Length: 0\r\nValidation-Token: {}\r\n\r\n",
        "x".repeat(512)
    );
    let longest = raw(serving.address, longest.as_bytes())?;
    assert!(longest.starts_with(b"HTTP/1.1 200") && longest.len() <= 1_024);
    let token = "Validation-Token: 3f2c-9a\r\n";
    let handshake = send(
        serving.address,
        "POST",
        "/callbacks/ringcentral",
        token,
        b"",
    )?;
    assert_eq!(
        (handshake.status, handshake.field("validation-token")),
        (200, Some("3f2c-9a"))
    );
    serving.signal("TERM")?;
    let (status, out, err) = serving.ended()?;
    assert_eq!(status.code(), Some(0));
    assert_eq!(out.len(), 13);
    assert_eq!(
        err[1..],
        [
            "warning: callbacks are believed without a secret; give --webhook-secret-file FILE",
            "ending: what is in flight is finished",
        ]
    );
    Ok(())
}

#[test]
fn the_first_line_names_every_address() -> Outcome {
    let folder = tempfile::tempdir()?;
    let serving = Serving::start(folder.path(), &["--events", "-"])?;
    let address = serving.address;
    assert_eq!(
        serving.err("listening")?,
        format!(
            "listening on http://{address}; media: http://127.0.0.1:1/media/; callbacks: \
             http://127.0.0.1:1/callbacks/ringcentral, http://127.0.0.1:1/callbacks/sinch, \
             http://127.0.0.1:1/callbacks/carrierx, http://127.0.0.1:1/callbacks/tsg-global; \
             health: /healthz, /readyz"
        )
    );
    assert_eq!(get(address, "/healthz", "")?.text(), "ok\n");
    assert_eq!(
        get(address, "/readyz", "")?.text(),
        "media: ok\nevents: ok\n"
    );
    Ok(())
}

#[test]
fn what_is_no_callback_is_refused_and_told_without_an_event() -> Outcome {
    let folder = tempfile::tempdir()?;
    let serving = Serving::start(folder.path(), &["--events", "events.jsonl"])?;
    let large = vec![b' '; (1 << 20) + 1];
    let json = "Content-Type: application/json\r\n";
    for (method, path, lines, body, status) in [
        ("POST", "/callbacks/sinch", json, b"{}".as_slice(), 400),
        ("POST", "/callbacks/sinch", json, b"<html>", 400),
        (
            "POST",
            "/callbacks/sinch",
            "Content-Encoding: gzip\r\n",
            b"\x1f\x8b",
            415,
        ),
        ("POST", "/callbacks/sinch", json, &large, 413),
        ("POST", "/callbacks/pigeon", json, b"{}", 404),
        ("POST", "/callbacks/", json, b"{}", 404),
        ("POST", "/callbacks/Sinch", json, b"{}", 404),
        ("GET", "/callbacks/sinch", "", b"", 405),
        ("HEAD", "/callbacks/sinch", "", b"", 405),
        ("PUT", "/callbacks/sinch", json, b"{}", 405),
    ] {
        let reply = send(serving.address, method, path, lines, body)?;
        assert_eq!(reply.status, status, "{method} {path}");
    }
    assert_eq!(
        serving.err("postback code")?,
        "warning: a callback of sinch cannot be read: the body has no postback code"
    );
    serving.signal("INT")?;
    let (status, out, _) = serving.ended()?;
    assert_eq!((status.code(), out), (Some(0), Vec::new()));
    assert_eq!(fs::read(folder.path().join("events.jsonl"))?, b"");
    Ok(())
}

#[test]
fn callbacks_need_the_secret_and_it_is_never_shown() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (old, new) = ("an-older-secret-value", "mmsfit:a-newer-secret-value");
    fs::write(
        folder.path().join("secret"),
        format!("# rotated in May\n{old}\n\n{new}\n"),
    )?;
    let serving = Serving::start(folder.path(), &["--webhook-secret-file", "secret"])?;
    let (_, _, body) = callbacks()?.pop().ok_or("no callback")?;
    let path = "/callbacks/tsg-global";
    let basic = |pair: &str| format!("Authorization: Basic {}\r\n", STANDARD.encode(pair));
    for (path, lines, status) in [
        (path.to_owned(), String::new(), 401),
        (format!("{path}?secret=wrong"), String::new(), 401),
        (path.to_owned(), basic("mmsfit:wrong"), 401),
        (format!("{path}?secret={old}"), String::new(), 200),
        (path.to_owned(), format!("X-Webhook-Secret: {old}\r\n"), 200),
        (
            path.to_owned(),
            format!("Verification-Token: {old}\r\n"),
            200,
        ),
        (path.to_owned(), basic(new), 200),
    ] {
        let reply = send(serving.address, "POST", &path, &lines, &body)?;
        assert_eq!(reply.status, status, "{path} {lines}");
        let challenge = (status == 401).then_some("Basic realm=\"callbacks\"");
        assert_eq!(reply.field("www-authenticate"), challenge);
    }
    // The handshake too; media and health need none.
    let token = "Validation-Token: t\r\n";
    let handshake =
        |path: &str| send(serving.address, "POST", path, token, b"").map(|reply| reply.status);
    assert_eq!(handshake("/callbacks/ringcentral")?, 401);
    assert_eq!(
        handshake(&format!("/callbacks/ringcentral?secret={old}"))?,
        200
    );
    assert_eq!(get(serving.address, "/healthz", "")?.status, 200);
    serving.signal("TERM")?;
    let (_, out, err) = serving.ended()?;
    assert_eq!(out.len(), 2, "two reports in one callback, once");
    let said = format!("{out:?}{err:?}");
    assert!(!said.contains("secret-value"), "{said}");
    assert!(said.contains("a callback of tsg-global without a valid secret was refused"));
    Ok(())
}

#[test]
fn it_does_not_start_in_a_way_that_cannot_be_meant() -> Outcome {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("short"), "hunter2\n")?;
    fs::write(folder.path().join("empty"), "# nothing\n")?;
    fs::write(folder.path().join("notes"), "my notes\n")?;
    fs::write(folder.path().join("file"), "")?;
    let base = ["--media-dir", "m", "--public-url", "https://a.test"];
    for (arguments, told) in [
        (
            vec!["--public-url", "https://a.test"],
            "error: no --media-dir is given",
        ),
        (vec!["--media-dir", "m"], "error: no --public-url is given"),
        (
            vec!["--media-dir", "m", "--public-url", "a.test"],
            "error: --public-url is no URL",
        ),
        (
            vec![
                "--media-dir",
                "m",
                "--public-url",
                "https://u:hunter2hunter2@a.test",
            ],
            "error: cannot host media: ...@a.test/ cannot be a public URL: it has a user name or a password",
        ),
        (
            vec!["--media-dir", "file/m", "--public-url", "https://a.test"],
            "error: cannot host media: cannot use file/m/media",
        ),
        (
            [&base[..], &["--listen", "0.0.0.0:0"]].concat(),
            "error: anyone who reaches 0.0.0.0:0 could forge callbacks: there is no webhook secret",
        ),
        (
            [&base[..], &["--webhook-secret-file", "short"]].concat(),
            "error: no webhook secret: a webhook secret has fewer than 16 characters",
        ),
        (
            [&base[..], &["--webhook-secret-file", "empty"]].concat(),
            "error: no webhook secret: the webhook secret file has no secret in it",
        ),
        (
            [&base[..], &["--webhook-secret-file", "missing"]].concat(),
            "error: no webhook secret: cannot read the webhook secret missing: No such file",
        ),
        (
            [&base[..], &["--events", "notes"]].concat(),
            "error: cannot keep events: line 1 of notes is no event",
        ),
        (
            [&base[..], &["--events", "https://"]].concat(),
            "error: --events is no URL",
        ),
        (
            [&base[..], &["--listen", "192.0.2.1:1", "--insecure"]].concat(),
            "error: cannot listen on 192.0.2.1:1",
        ),
    ] {
        let output = command(folder.path())
            .arg("serve")
            .args(&arguments)
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.starts_with(told), "{arguments:?}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
        assert_eq!(fs::read(folder.path().join("notes"))?, b"my notes\n");
    }
    // The port of another server.
    let serving = Serving::start(folder.path(), &["--events", "-"])?;
    let taken = serving.address.to_string();
    let output = command(folder.path())
        .arg("serve")
        .args(base)
        .args(["--listen", &taken])
        .output()?;
    assert_eq!(output.status.code(), Some(2));
    Ok(())
}

#[test]
fn the_configuration_file_mirrors_its_flags() -> Outcome {
    let folder = tempfile::tempdir()?;
    fs::write(
        folder.path().join("mmsfit.toml"),
        "listen = \"127.0.0.1:0\"\nmedia-dir = \"here\"\npublic-url = \"https://a.test/b\"\nevents = \"kept\"\n",
    )?;
    let mut run = command(folder.path());
    run.args(["serve", "--config", "mmsfit.toml"]);
    let serving = Serving::of(run)?;
    assert!(
        serving
            .err("listening")?
            .contains("media: https://a.test/b/media/")
    );
    assert!(folder.path().join("here/media").is_dir() && folder.path().join("kept").is_file());
    Ok(())
}

#[test]
fn sigterm_lets_a_slow_download_end_and_takes_nothing_new() -> Outcome {
    let folder = tempfile::tempdir()?;
    let serving = Serving::start(folder.path(), &["--events", "-"])?;
    let host = FolderHost::new(media_dir(folder.path()), "http://127.0.0.1:1".parse()?)?;
    let bytes: Vec<u8> = (0..16_000_000_u32).map(|at| (at % 253) as u8).collect();
    let hosted = host.publish_bytes(&bytes, ContentType::Jpeg)?;
    let mut stream = connect(serving.address)?;
    write!(
        stream,
        "GET {} HTTP/1.1\r\nHost: a\r\n\r\n",
        hosted.url.path()
    )?;
    let mut answer = vec![0; 10_000];
    stream.read_exact(&mut answer)?;
    // One that has sent nothing, and one in the middle of a callback.
    let _idle = connect(serving.address)?;
    let mut callback = connect(serving.address)?;
    let (_, _, body) = callbacks()?.remove(0);
    write!(
        callback,
        "POST /callbacks/carrierx HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )?;
    callback.write_all(&body[..100])?;
    std::thread::sleep(Duration::from_millis(200));
    serving.signal("TERM")?;
    serving.err("ending")?;
    std::thread::sleep(Duration::from_millis(200));
    assert!(
        connect(serving.address).is_err(),
        "a new connection was taken"
    );
    callback.write_all(&body[100..])?;
    let mut answered = Vec::new();
    callback.read_to_end(&mut answered)?;
    assert_eq!(parse(&answered)?.status, 200);
    // Slowly, but faster than what counts as stalled.
    let mut chunk = vec![0; 1_000_000];
    loop {
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&chunk[..read]);
        if answer.len() < 8_000_000 {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert!(parse(&answer)?.body == bytes, "{} bytes came", answer.len());
    let (status, out, _) = serving.ended()?;
    assert_eq!((status.code(), out.len()), (Some(0), 1));
    Ok(())
}

#[test]
fn a_full_disk_is_told_to_the_provider_and_nothing_is_half_written() -> Outcome {
    let folder = tempfile::tempdir()?;
    // A file may grow to 4,096 bytes, and the signal of the limit is ignored as a disk sends none.
    let mut run = Command::new("sh");
    run.current_dir(folder.path())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -S -f 8; exec \"$0\" serve --listen 127.0.0.1:0 --media-dir m --public-url http://127.0.0.1:1 --events events.jsonl")
        .arg(env!("CARGO_BIN_EXE_mmsfit"));
    let serving = Serving::of(run)?;
    let body = |at: usize| {
        format!("{{\"tracking-id\":\"t{at}\",\"code\":\"N102\",\"to\":\"15551230001\"}}")
    };
    let post = |at: usize| post(serving.address, "/callbacks/sinch", body(at).as_bytes());
    let mut kept = 0;
    let refused = loop {
        let reply = post(kept)?;
        if reply.status != 200 {
            break reply;
        }
        kept += 1;
        assert!(kept < 1_000, "the limit has no effect");
    };
    assert!(kept > 0);
    assert_eq!(
        (refused.status, refused.field("retry-after")),
        (503, Some("30"))
    );
    assert_eq!(post(kept)?.status, 503);
    assert_eq!(post(0)?.status, 200, "what is kept already needs no room");
    let lines = || -> Result<usize, Box<dyn std::error::Error>> {
        let text = fs::read_to_string(folder.path().join("events.jsonl"))?;
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            serde_json::from_str::<Value>(line)?;
        }
        Ok(text.lines().count())
    };
    assert_eq!(lines()?, kept);
    assert!(
        serving
            .err("not kept")?
            .starts_with("error: events of sinch are not kept, the provider is told to come again")
    );
    // Room again.
    let id = serving.id().to_string();
    let freed = Command::new("prlimit")
        .args(["--pid", &id, "--fsize=unlimited:"])
        .status()?;
    assert!(freed.success());
    assert_eq!(post(kept)?.status, 200);
    assert_eq!(lines()?, kept + 1);
    Ok(())
}

#[test]
fn events_are_posted_on_and_survive_a_restart_of_either_side() -> Outcome {
    let folder = tempfile::tempdir()?;
    // Nobody listens there yet.
    let later = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let to = format!("http://{later}/in?token=hunter2");
    let serving = Serving::start(folder.path(), &["--events", &to])?;
    let (_, _, body) = callbacks()?.remove(0);
    assert_eq!(
        post(serving.address, "/callbacks/carrierx", &body)?.status,
        200
    );
    serving.err("could not be posted")?;
    assert!(
        serving
            .all_err()
            .iter()
            .all(|line| !line.contains("hunter2"))
    );
    drop(serving);
    let listener = std::net::TcpListener::bind(later)?;
    let serving = Serving::start(folder.path(), &["--events", &to])?;
    let (mut stream, _) = listener.accept()?;
    let mut request = Vec::new();
    let mut chunk = [0; 4_096];
    while !request.ends_with(b"}\n") {
        let read = stream.read(&mut chunk)?;
        assert!(read > 0, "{}", String::from_utf8_lossy(&request));
        request.extend_from_slice(&chunk[..read]);
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
    let request = String::from_utf8(request)?;
    assert!(
        request.starts_with("POST /in?token=hunter2 HTTP/1.1\r\n"),
        "{request}"
    );
    let line = request.split("\r\n\r\n").nth(1).ok_or("no body")?;
    assert_eq!(
        schema_faults(&event_schema()?, &serde_json::from_str(line)?),
        Vec::<String>::new()
    );
    assert_eq!(
        fs::read_to_string(media_dir(folder.path()).join("events.jsonl"))?,
        line
    );
    drop(serving);
    Ok(())
}

#[test]
fn what_another_process_publishes_is_served_at_once() -> Outcome {
    let folder = tempfile::tempdir()?;
    let serving = Serving::start(folder.path(), &["--events", "-"])?;
    let host = FolderHost::new(media_dir(folder.path()), "http://127.0.0.1:1".parse()?)?;
    let url = host.publish_bytes(GIF, ContentType::Gif)?.url;
    let reply = get(serving.address, url.path(), "")?;
    assert_eq!((reply.status, reply.body.as_slice()), (200, GIF));
    Ok(())
}

#[test]
fn the_help_has_examples_for_every_way_of_keeping_events() -> Outcome {
    let folder = tempfile::tempdir()?;
    let output = command(folder.path()).args(["serve", "--help"]).output()?;
    let help = String::from_utf8(output.stdout)?;
    for words in [
        "--listen <ADDR:PORT>",
        "--media-dir <DIR>",
        "--public-url <URL>",
        "--events <FILE|-|URL>",
        "--webhook-secret-file <FILE>",
        "Examples:",
        "--events -",
        "--events /srv/mms/events.jsonl",
        "--events https://app.example.com/mms-events",
    ] {
        assert!(help.contains(words), "{words}\n{help}");
    }
    for provider in Provider::ALL {
        assert!(!help.contains(&format!("--{}", provider.name())));
    }
    Ok(())
}
