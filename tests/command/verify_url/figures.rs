//! Figures of `verify-url`: deadlines, memory, and what of the environment counts.

use std::io;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{GIF, Host, answer, misbehaving, verify};
use crate::desk::{Desk, fixtures, said};
use crate::server::Step;

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the figures are wanted beside the verdict"
)]
fn a_verdict_comes_within_its_deadline_whatever_the_server_does() -> io::Result<()> {
    let desk = Desk::new()?;
    let drip = |bytes: &[u8]| Step::Drip(bytes.to_vec(), Duration::from_millis(40));
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\nContent-Length: 900000\r\n\r\n";
    let host = Host::new(move |request| match request.path.as_str() {
        "/head" => vec![drip(&head.repeat(3))],
        "/body" => vec![Step::Send(head.to_vec()), drip(&[0; 900])],
        "/endless" => vec![
            Step::Send(head.to_vec()),
            Step::Wait(Duration::from_secs(9)),
        ],
        "/chunks" => vec![
            Step::Send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()),
            drip(&b"1\r\nG\r\n".repeat(90)),
        ],
        _ => vec![Step::Hang],
    })?;
    for path in ["/silent", "/head", "/body", "/endless", "/chunks"] {
        let begun = Instant::now();
        let run = verify(
            &desk,
            &["-p", "sinch", "--timeout", "1s", "--format", "jsonl"],
            &[host.url(path)],
        )?;
        let took = begun.elapsed();
        assert_eq!(run.code, Some(1), "{path}");
        assert!(run.out.contains("MMS510"), "{path}: {}", run.out);
        println!("{path}: {took:?} for a deadline of 1 s, the command's start and end included");
        // The verdict's own 200 ms; the rest is a process that starts on a busy machine.
        assert!(
            took < Duration::from_millis(1_200 + 800),
            "{path}: {took:?}"
        );
    }
    Ok(())
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the figures are wanted beside the verdict"
)]
fn memory_is_flat_while_an_endless_body_is_offered() -> io::Result<()> {
    let desk = Desk::new()?;
    let chunk = |bytes: Vec<u8>| [b"10000\r\n".to_vec(), bytes, b"\r\n".to_vec()].concat();
    let small = std::fs::read(fixtures().join("photos/small.jpg"))?;
    let host = Host::new(move |request| {
        let chunks =
            b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
                .to_vec();
        let open = b"HTTP/1.0 200 OK\r\nContent-Type: video/mp4\r\n\r\n".to_vec();
        let long =
            b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 9000000000\r\n\r\n"
                .to_vec();
        let mut film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
        film.resize(0x10000, 7);
        let photograph = {
            let mut start = small.clone();
            start.resize(0x20000, 0x55);
            start
        };
        match request.path.as_str() {
            "/picture" => vec![
                Step::Send(open.clone()),
                Step::Send(photograph),
                Step::Forever(vec![0x55; 0x10000]),
            ],
            "/zeros" => vec![Step::Send(chunks), Step::Forever(chunk(vec![0; 0x10000]))],
            "/film" => vec![Step::Send(open), Step::Forever(film)],
            "/long" => vec![Step::Send(long), Step::Forever(vec![0; 0x10000])],
            "/right" => answer(
                request,
                "200 OK",
                "Content-Type: image/gif\r\nContent-Length: 43\r\n",
                GIF,
            ),
            _ => vec![Step::Hang],
        }
    })?;
    let right = peak_kib(&desk, &host, "/right")?;
    // Of what could be a picture that is made to fit, --max-download is read: here 4 MB, and room to grow.
    for (path, most_kib) in [("/zeros", 8), ("/film", 8), ("/long", 8), ("/picture", 12)] {
        let peak = peak_kib(&desk, &host, path)?;
        println!("{path}: peak {peak} KiB, {right} KiB for 43 bytes served right");
        assert!(
            peak < right + most_kib * 1_024,
            "{path}: {peak} KiB against {right} KiB"
        );
    }
    Ok(())
}

/// The peak of the command's resident memory, read while it waits for a second URL that never answers.
fn peak_kib(desk: &Desk, host: &Host, path: &str) -> io::Result<u64> {
    let mut child = desk
        .command()
        .args([
            "verify-url",
            "-p",
            "tsg-global",
            "--allow-net",
            "127.0.0.1",
            "--timeout",
            "3s",
            "--max-download",
            "4MB",
        ])
        .args([host.url(path), host.url("/hangs")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(20));
    }
    let run = said(&child.wait_with_output()?);
    assert_eq!((run.code, run.err.as_str()), (Some(1), ""), "{}", run.out);
    assert!(run.out.contains("/hangs\n    MMS510"), "{}", run.out);
    assert!(peak > 1_024, "nothing was measured");
    Ok(peak)
}

#[test]
fn the_proxies_of_the_environment_are_ignored_by_the_command() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    let proxy = Host::new(|_| Vec::new())?;
    let mut command = desk.command();
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env(name, proxy.url(""));
    }
    let run = said(
        &command
            .args([
                "verify-url",
                "-p",
                "tsg-global",
                "--allow-net",
                "127.0.0.1",
                &host.url("/right.gif"),
            ])
            .output()?,
    );
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{}", run.out);
    assert_eq!((host.server.accepted(), proxy.server.accepted()), (4, 0));
    Ok(())
}
