//! URL attachments of `prepare`: kept where they comply, downloaded where they do not.

use std::io;

use serde_json::{Value, json};

use super::{GIF, misbehaving};
use crate::CARD;
use crate::desk::Desk;
use crate::json::{faults, schema};

#[test]
fn prepare_keeps_a_url_that_complies_and_downloads_one_that_does_not() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    desk.write("note.vcf", CARD)?;
    let run = desk.run(&[
        "prepare",
        "-p",
        "sinch",
        "--allow-net",
        "127.0.0.1",
        "--out",
        "message",
        "--json",
        &host.url("/moved.gif"),
        &host.url("/chunked.gif?token=hush"),
        "note.vcf",
    ])?;
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{}", run.out);
    assert_eq!(
        faults(&schema(), &serde_json::from_str(&run.out)?),
        Vec::<String>::new()
    );
    let report: Value = serde_json::from_str(&run.out)?;
    let parts: Vec<String> = report["parts"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|part| {
            let codes = part["findings"].as_array().into_iter().flatten();
            let codes: Vec<&str> = codes
                .filter_map(|finding| finding["code"].as_str())
                .collect();
            format!(
                "{} {}",
                part["result"].as_str().unwrap_or_default(),
                codes.join(" ")
            )
        })
        .collect();
    assert_eq!(parts, ["passed MMS506", "fixed MMS508", "passed "]);
    let needing = report["findings"].as_array().into_iter().flatten();
    let needing: Vec<&Value> = needing
        .filter(|finding| finding["code"] == "MMS608")
        .collect();
    assert_eq!(needing.len(), 1, "{report}");
    assert_eq!(needing[0]["observed"]["parts"], 2);
    let manifest: Value = serde_json::from_slice(&std::fs::read(desk.at("message/bundle.json"))?)?;
    let urls: Vec<&Value> = manifest["parts"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|part| &part["url"])
        .collect();
    // The provider is given the final URL, its query included: it may be what lets it in.
    let kept = json!(host.url("/right.gif?token=hush"));
    assert_eq!(urls, [&kept, &Value::Null, &Value::Null]);
    for part in manifest["parts"].as_array().into_iter().flatten() {
        let name = part["path"].as_str().unwrap_or_default();
        let bytes = std::fs::read(desk.at("message").join(name))?;
        assert_eq!(part["bytes"], bytes.len());
        assert!(bytes == GIF || bytes == CARD, "{name}");
    }
    Ok(())
}

#[test]
fn prepare_refuses_the_message_whose_url_cannot_be_had_and_says_why() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    for (path, words) in [
        (
            "/missing.gif",
            "MMS503 the server answers with status 404; tsg-global would send the message without it",
        ),
        ("/short.gif", "MMS505 the body ends after 20 bytes"),
        (
            "/inside.gif",
            "MMS502 redirected to http://169.254.169.254/latest/: the host's address 169.254.169.254 is refused",
        ),
    ] {
        let run = desk.run(&[
            "prepare",
            "-p",
            "tsg-global",
            "--allow-net",
            "127.0.0.1",
            "--out",
            "message",
            &host.url("/right.gif"),
            &host.url(path),
        ])?;
        assert_eq!(run.code, Some(1), "{path}");
        assert!(run.out.contains(words), "{path}: {}", run.out);
        assert_eq!(desk.tree("message")?, [], "{path}");
    }
    Ok(())
}

#[test]
fn prepare_uploads_what_a_url_serves_where_the_provider_takes_bytes() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    let run = desk.run(&[
        "prepare",
        "-p",
        "ringcentral",
        "--allow-net",
        "127.0.0.1",
        "--out",
        "message",
        &host.url("/no-length.gif"),
        &host.url("/no-length.gif"),
    ])?;
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{}", run.out);
    let manifest: Value = serde_json::from_slice(&std::fs::read(desk.at("message/bundle.json"))?)?;
    assert_eq!(manifest["parts"][0]["url"], Value::Null);
    assert_eq!(manifest["total_bytes"], 2 * GIF.len());
    // The same URL twice is fetched once, and with one GET.
    assert_eq!(host.server.accepted(), 1);
    Ok(())
}
