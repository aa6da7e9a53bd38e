//! The process killed at 200 moments: nothing is taken twice, nothing is lost, every doubt is listed.

use std::process::{Command, Stdio};
use std::time::Duration;

use mmsfit::Provider;
use mmsfit::send::{Client, Ledger, SendError, State};

use crate::provider::ScriptedProvider;
use crate::{Fallible, quick_message, sender};

const KILLS: usize = 200;
const MESSAGES: usize = 400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_at_any_moment_doubles_nothing_and_loses_nothing() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let run = || {
        Command::new(std::env::current_exe()?)
            .args(["--exact", "crash::sends_what_is_left_to_send", "--ignored"])
            .env("MMSFIT_TEST_ENDPOINT", scripted.endpoint())
            .env("MMSFIT_TEST_LEDGER", &path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    };
    let mut killed = 0;
    for round in 0..KILLS {
        let before = scripted.accepted().len();
        let mut child = run()?;
        // From the moment of its first message on, or, every fourth time, from its start.
        let begun = std::time::Instant::now();
        while round % 4 != 0
            && scripted.accepted().len() == before
            && begun.elapsed() < Duration::from_secs(20)
        {
            if child.try_wait()?.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        tokio::time::sleep(Duration::from_micros((round as u64 * 7_919) % 23_000)).await;
        if child.try_wait()?.is_none() {
            child.kill()?;
            killed += 1;
        }
        child.wait()?;
        if scripted.accepted().len() >= MESSAGES {
            break;
        }
    }
    // The last run is left in peace.
    assert!(run()?.wait()?.success());
    let ledger = Ledger::open(&path)?;
    let (mut accepted, mut unknown) = (0, 0);
    for at in 0..MESSAGES {
        let text = format!("m{at}");
        let copies = scripted.accepted_count(&text);
        assert!(copies <= 1, "{text} was taken {copies} times");
        let entry = ledger
            .find(Provider::CarrierX, &text)?
            .ok_or_else(|| format!("{text} is lost"))?;
        match entry.state {
            State::Accepted => {
                assert_eq!(copies, 1, "{text}");
                accepted += 1;
            }
            State::Unknown => unknown += 1,
            other => panic!("{text} is {other:?}"),
        }
    }
    assert_eq!(ledger.unknowns()?.len(), unknown);
    assert_eq!(accepted + unknown, MESSAGES);
    assert!(killed >= 50, "only {killed} were killed in time");
    crate::tell(&format!(
        "{killed} kills: {accepted} accepted, {unknown} unknown, 0 twice, 0 lost"
    ));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_that_cannot_be_recorded_and_all_goes_on_once_there_is_room() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    drop(Ledger::open(&path)?);
    let exe = std::env::current_exe()?;
    let run = |most_bytes: Option<u64>| {
        // A limit on the length of files stands in for a disk that is full: the write fails, the program lives.
        let limit = most_bytes.map_or(String::new(), |bytes| {
            format!("trap '' XFSZ; ulimit -f {}; ", bytes / 512)
        });
        Command::new("/bin/sh")
            .arg("-c")
            .arg(format!(
                "{limit}exec \"$0\" --exact crash::sends_what_is_left_to_send --ignored"
            ))
            .arg(&exe)
            .env("MMSFIT_TEST_ENDPOINT", scripted.endpoint())
            .env("MMSFIT_TEST_LEDGER", &path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
    };
    // Long ids fill the room that a ledger begins with before the last message.
    scripted.pad_ids(1_000);
    let most_bytes = std::fs::metadata(&path)?.len();
    let full = tokio::task::block_in_place(|| run(Some(most_bytes)))?;
    assert!(!full.success(), "there was room for all");
    let sent = scripted.accepted();
    assert!(
        (1..MESSAGES).contains(&sent.len()),
        "{} were sent",
        sent.len()
    );
    {
        let ledger = Ledger::open(&path)?;
        for text in &sent {
            let entry = ledger
                .find(Provider::CarrierX, text)?
                .ok_or("sent and not recorded")?;
            assert!(
                matches!(entry.state, State::Accepted | State::Unknown),
                "{text}: {entry:?}"
            );
        }
    }
    assert!(tokio::task::block_in_place(|| run(None))?.success());
    let ledger = Ledger::open(&path)?;
    for at in 0..MESSAGES {
        let text = format!("m{at}");
        let copies = scripted.accepted_count(&text);
        let state = ledger
            .find(Provider::CarrierX, &text)?
            .map(|entry| entry.state);
        assert!(
            copies <= 1 && matches!(state, Some(State::Accepted | State::Unknown)),
            "{text}: {copies} {state:?}"
        );
    }
    let unknown = ledger.unknowns()?.len();
    crate::tell(&format!(
        "{} sent before the disk was full, {unknown} unknown, 0 twice",
        sent.len()
    ));
    Ok(())
}

#[tokio::test]
#[ignore = "run by its parent, which kills it"]
async fn sends_what_is_left_to_send() -> Fallible {
    let endpoint = std::env::var("MMSFIT_TEST_ENDPOINT")?;
    let ledger = Ledger::open(std::env::var("MMSFIT_TEST_LEDGER")?)?;
    let client = Client::new(sender(Provider::CarrierX, Some(&endpoint))).ledger(ledger.clone());
    for at in 0..MESSAGES {
        let text = format!("m{at}");
        let is_open = ledger
            .find(Provider::CarrierX, &text)?
            .is_none_or(|entry| entry.state == State::Intent);
        if !is_open {
            continue;
        }
        match client
            .send(&quick_message(Provider::CarrierX, &text).await)
            .await
        {
            Ok(_) | Err(SendError::OutcomeUnknown { .. }) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(())
}
