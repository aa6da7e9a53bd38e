//! One fetch a URL and probe, however many ask.

use std::io;

use super::{misbehaving, verify};
use crate::desk::Desk;

#[test]
fn a_url_is_fetched_once_a_run_for_all_providers_and_however_often_it_is_given() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    let url = host.url("/right.gif?token=hush");
    let fragment = format!("{url}#part");
    let given = [url.clone(), url.clone(), fragment, url];
    let all = "ringcentral,sinch,carrierx,tsg-global";
    let run = verify(&desk, &["-p", all], &given)?;
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{}", run.out);
    assert_eq!(run.out.matches("= passed").count(), 4 * 4, "{}", run.out);
    let asked: Vec<(String, String)> = host
        .server
        .requests()
        .iter()
        .map(|request| (request.method.clone(), request.coding.clone()))
        .collect();
    assert_eq!(asked.len(), 4, "{asked:?}");
    for probe in [
        ("GET", "identity"),
        ("GET", "gzip"),
        ("HEAD", "identity"),
        ("HEAD", "gzip"),
    ] {
        let same =
            |(method, coding): &&(String, String)| (method.as_str(), coding.as_str()) == probe;
        assert_eq!(asked.iter().filter(same).count(), 1, "{asked:?}");
    }
    Ok(())
}

#[test]
fn each_provider_is_told_of_many_as_it_is_told_of_alone() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    let urls: Vec<String> = super::PATHS
        .iter()
        // A body that is another each time is another for each who asks.
        .filter(|path| **path != "/other.gif")
        .map(|path| host.url(path))
        .collect();
    let names = ["tsg-global", "ringcentral", "carrierx", "sinch"];
    let records = |providers: &str| -> io::Result<Vec<serde_json::Value>> {
        let run = verify(&desk, &["-p", providers, "--format", "jsonl"], &urls)?;
        let lines = run.out.lines().map(serde_json::from_str);
        Ok(lines.collect::<Result<Vec<_>, _>>()?)
    };
    let together = records(&names.join(","))?;
    for name in names {
        let of_it: Vec<_> = together
            .iter()
            .filter(|record| record["provider"] == name)
            .cloned()
            .collect();
        assert_eq!(of_it, records(name)?, "{name}");
    }
    Ok(())
}

#[test]
fn a_message_with_one_url_twice_fetches_it_once() -> io::Result<()> {
    let desk = Desk::new()?;
    let host = misbehaving()?;
    let url = host.url("/right.gif");
    let run = desk.run(&[
        "prepare",
        "-p",
        "tsg-global",
        "--allow-net",
        "127.0.0.1",
        &url,
        &url,
    ])?;
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{}", run.out);
    assert_eq!(host.server.accepted(), 4);
    Ok(())
}
