//! The ledger: what it answers, what stops it, and that damage is never taken for an answer.

use std::fs;
use std::time::{Duration, SystemTime};

use mmsfit::Provider;
use mmsfit::send::{Ledger, LedgerError, SendError, Sinch, State};

use crate::provider::{Act, ScriptedProvider};
use crate::{Fallible, bundle_under, client, fixture, gif, quick, quick_message};

#[tokio::test]
async fn a_second_run_answers_from_the_ledger() -> Fallible {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    for provider in Provider::ALL.iter().copied() {
        let scripted = ScriptedProvider::start().await?;
        let message = quick_message(provider, "order-17").await;
        let ids: Vec<(String, bool)> = {
            let mut ids = Vec::new();
            for _ in 0..2 {
                // Another process would open it anew, too.
                let client = client(provider, &scripted).ledger(Ledger::open(&path)?);
                let receipt = client.send(&message).await?;
                assert_eq!(receipt.recipients.len(), 1);
                ids.push((receipt.id, receipt.from_ledger));
            }
            ids
        };
        let [(first, false), (second, true)] = ids.as_slice() else {
            panic!("{ids:?}")
        };
        assert_eq!(first, second);
        assert_eq!(scripted.accepted(), ["order-17"]);
    }
    assert_eq!(Ledger::open(&path)?.entries()?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn what_was_declined_stays_declined_and_what_is_to_wait_may_be_sent_again() -> Fallible {
    let folder = tempfile::tempdir()?;
    let scripted = ScriptedProvider::start().await?;
    let ledger = Ledger::open(folder.path().join("ledger"))?;
    let client = client(Provider::CarrierX, &scripted).ledger(ledger.clone());
    let message = quick_message(Provider::CarrierX, "a").await;
    scripted.script([Act::answer(422, r#"{"errors":["bad DID"]}"#)]);
    for _ in 0..2 {
        let fault = client.send(&message).await.expect_err("declined");
        let SendError::Rejected(answer) = &fault else {
            panic!("{fault}")
        };
        assert_eq!(
            (answer.status, answer.message.as_deref()),
            (422, Some("bad DID"))
        );
    }
    assert_eq!(scripted.requests().len(), 1);
    let later = quick_message(Provider::CarrierX, "b").await;
    scripted.script([Act::answer(409, "{}")]);
    let fault = client.send(&later).await.expect_err("later");
    assert!(matches!(fault, SendError::RetryLater { .. }), "{fault}");
    assert_eq!(
        ledger
            .find(Provider::CarrierX, "b")?
            .map(|entry| entry.state),
        Some(State::Intent)
    );
    client.send(&later).await?;
    assert_eq!(scripted.accepted(), ["b"]);
    Ok(())
}

#[tokio::test]
async fn what_the_account_was_declined_for_may_be_sent_again_once_it_is_mended() -> Fallible {
    for (provider, act) in [
        (
            Provider::RingCentral,
            Act::answer(403, r#"{"errorCode":"CMN-408"}"#),
        ),
        (
            Provider::Sinch,
            Act::answer(200, r#"{"status":"failure","error-code":"E112"}"#),
        ),
        (Provider::CarrierX, Act::answer(401, "{}")),
        (Provider::TsgGlobal, Act::answer(402, "{}")),
    ] {
        let folder = tempfile::tempdir()?;
        let scripted = ScriptedProvider::start().await?;
        let client = client(provider, &scripted).ledger(Ledger::open(folder.path().join("l"))?);
        let message = quick_message(provider, "a").await;
        scripted.script([act]);
        let fault = client.send(&message).await.expect_err("declined");
        assert!(matches!(fault, SendError::Rejected(_)), "{fault}");
        let receipt = client.send(&message).await?;
        assert!(!receipt.from_ledger);
        assert_eq!(scripted.accepted(), ["a"]);
    }
    // A token that is refused says nothing about the message either.
    let folder = tempfile::tempdir()?;
    let scripted = ScriptedProvider::start().await?;
    let client =
        client(Provider::RingCentral, &scripted).ledger(Ledger::open(folder.path().join("l"))?);
    scripted.token_script([Act::answer(400, r#"{"error":"invalid_grant"}"#)]);
    let message = quick_message(Provider::RingCentral, "b").await;
    client.send(&message).await.expect_err("no token");
    client.send(&message).await?;
    Ok(())
}

#[tokio::test]
async fn a_reference_belongs_to_one_message_and_to_one_sending_at_a_time() -> Fallible {
    let folder = tempfile::tempdir()?;
    let scripted = ScriptedProvider::start().await?;
    let client = client(Provider::Sinch, &scripted).ledger(Ledger::open(folder.path().join("l"))?);
    let message = quick_message(Provider::Sinch, "one").await;
    client.send(&message).await?;
    let bundle = message.bundle().clone();
    let other = crate::plain(bundle, "another text")
        .client_reference("one")
        .build()?;
    let fault = client.send(&other).await.expect_err("another message");
    assert!(matches!(fault, SendError::Reference { .. }), "{fault}");
    scripted.script([Act::AcceptAndHang]);
    let slow = quick_message(Provider::Sinch, "slow").await;
    let (sending, at_once) = (client.clone(), slow.clone());
    let first = tokio::spawn(async move { sending.send(&at_once).await });
    while scripted.accepted_count("slow") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let fault = client.send(&slow).await.expect_err("it is being sent");
    assert!(matches!(fault, SendError::Reference { .. }), "{fault}");
    // Given up in the middle: nobody will hear the answer, so it is unknown.
    first.abort();
    let _ = first.await;
    let fault = client.send(&slow).await.expect_err("unknown");
    assert!(matches!(fault, SendError::OutcomeUnknown { .. }), "{fault}");
    assert_eq!(scripted.accepted_count("slow"), 1);
    Ok(())
}

#[tokio::test]
async fn a_reference_belongs_to_all_that_its_recipients_see() -> Fallible {
    let folder = tempfile::tempdir()?;
    let scripted = ScriptedProvider::start().await?;
    let client = client(Provider::Sinch, &scripted).ledger(Ledger::open(folder.path().join("l"))?);
    let sinch = Sinch::new("sinch-key", "campaign-1").endpoint(scripted.endpoint().parse()?);
    let message = quick_message(Provider::Sinch, "template").await;
    let by = |mms_id: &str| sinch.send_saved_request(mms_id, &[], &message);
    let yes = r#"{"status":"success","tracking-id":"MMS-1","to":"15162065574"}"#;
    scripted.script([Act::answer(200, yes)]);
    let first = client.send_by(&message, &by("A")?).await?;
    let again = client.send_by(&message, &by("A")?).await?;
    assert_eq!((again.id, again.from_ledger), (first.id, true));
    let fault = client.send_by(&message, &by("B")?).await;
    let fault = fault.expect_err("another template");
    assert!(matches!(fault, SendError::Reference { .. }), "{fault}");
    let fault = client.send(&message).await.expect_err("no template");
    assert!(matches!(fault, SendError::Reference { .. }), "{fault}");

    let message = quick_message(Provider::Sinch, "fallback").await;
    client.send(&message).await?;
    let instead = crate::plain(message.bundle().clone(), "fallback")
        .client_reference("fallback")
        .fallback_text("See https://example.com/photo")
        .build()?;
    let fault = client.send(&instead).await.expect_err("another fallback");
    assert!(matches!(fault, SendError::Reference { .. }), "{fault}");

    let pictures = bundle_under(
        quick(Provider::Sinch),
        vec![gif(), fixture("audio/tone.mp3")?],
    )
    .await?;
    let shown = |together: bool| {
        let compose = crate::plain(pictures.clone(), "slides").client_reference("slides");
        let groups = match together {
            true => vec![vec![0, 1]],
            false => vec![vec![0], vec![1]],
        };
        compose.slides(groups).build()
    };
    client.send(&shown(false)?).await?;
    let fault = client.send(&shown(true)?).await.expect_err("other slides");
    assert!(matches!(fault, SendError::Reference { .. }), "{fault}");
    assert_eq!(scripted.requests().len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_doubt_is_settled_by_hand_only() -> Fallible {
    let folder = tempfile::tempdir()?;
    let scripted = ScriptedProvider::start().await?;
    let ledger = Ledger::open(folder.path().join("ledger"))?;
    let client = client(Provider::TsgGlobal, &scripted).ledger(ledger.clone());
    for text in ["taken", "not"] {
        scripted.script([Act::AcceptAndCut(10)]);
        let message = quick_message(Provider::TsgGlobal, text).await;
        client.send(&message).await.expect_err("a doubt");
    }
    let doubts: Vec<String> = ledger
        .unknowns()?
        .into_iter()
        .map(|entry| entry.client_reference)
        .collect();
    assert_eq!(doubts, ["not", "taken"]);
    assert!(ledger.settle(Provider::TsgGlobal, "taken", Some("mid-1"))?);
    assert!(ledger.settle(Provider::TsgGlobal, "not", None)?);
    assert!(!ledger.settle(Provider::TsgGlobal, "not", None)?);
    assert!(!ledger.settle(Provider::TsgGlobal, "never heard of", None)?);
    assert_eq!(ledger.unknowns()?, []);
    let receipt = client
        .send(&quick_message(Provider::TsgGlobal, "taken").await)
        .await?;
    assert_eq!((receipt.id.as_str(), receipt.from_ledger), ("mid-1", true));
    let receipt = client
        .send(&quick_message(Provider::TsgGlobal, "not").await)
        .await?;
    assert!(!receipt.from_ledger);
    Ok(())
}

#[tokio::test]
async fn a_wait_outlives_the_process() -> Fallible {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let scripted = ScriptedProvider::start().await?;
    scripted.script([Act::retry_after(429, "600", "{}")]);
    for text in ["one", "two"] {
        let client = client(Provider::CarrierX, &scripted).ledger(Ledger::open(&path)?);
        let fault = client
            .send(&quick_message(Provider::CarrierX, text).await)
            .await
            .expect_err("wait");
        let SendError::RetryLater { after, .. } = fault else {
            panic!("{fault}")
        };
        assert!(after.as_secs() > 590, "{after:?}");
    }
    assert_eq!(scripted.requests().len(), 1);
    Ok(())
}

#[test]
fn two_writers_are_kept_apart() -> Fallible {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let first = Ledger::open(&path)?;
    assert!(matches!(
        Ledger::open(&path),
        Err(LedgerError::InUse { .. })
    ));
    drop(first);
    Ledger::open(&path)?;
    Ok(())
}

#[test]
fn what_is_no_ledger_is_refused() -> Fallible {
    let folder = tempfile::tempdir()?;
    for (name, content) in [
        ("empty", &b""[..]),
        ("text", b"hello"),
        ("zeros", &[0; 8_192]),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content)?;
        let fault = Ledger::open(&path).expect_err(name);
        assert!(
            matches!(
                fault,
                LedgerError::Damaged { .. } | LedgerError::Foreign { .. }
            ),
            "{name}: {fault}"
        );
        assert_eq!(fs::read(&path)?, content, "{name} was changed");
    }
    assert!(matches!(
        Ledger::open(folder.path()),
        Err(LedgerError::Foreign { .. })
    ));
    let nowhere = folder.path().join("no/such/folder/ledger");
    assert!(matches!(Ledger::open(nowhere), Err(LedgerError::Io { .. })));
    // A folder full of drafts would show that creating leaves them behind.
    let left: Vec<_> = fs::read_dir(folder.path())?
        .filter_map(Result::ok)
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(left.len(), 3, "{left:?}");
    Ok(())
}

#[tokio::test]
async fn damage_is_found_or_harmless_and_never_guessed_around() -> Fallible {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let scripted = ScriptedProvider::start().await?;
    {
        let client = client(Provider::Sinch, &scripted).ledger(Ledger::open(&path)?);
        for at in 0..5 {
            client
                .send(&quick_message(Provider::Sinch, &format!("m{at}")).await)
                .await?;
        }
    }
    let whole = fs::read(&path)?;
    let sound = Ledger::open(&path)?.entries()?;
    fs::write(&path, &whole)?;
    // Every byte of the head, and a sample of those in use.
    let in_use: Vec<usize> = (0..whole.len())
        .filter(|&at| whole.get(at).is_some_and(|&byte| byte != 0))
        .collect();
    let step = (in_use.len() / 250).max(1);
    let (mut found, mut harmless) = (0, 0);
    for at in in_use
        .iter()
        .step_by(step)
        .copied()
        .chain(0..320)
        .chain([4_096, whole.len() - 1])
    {
        // The bits of the head choose between two states of the file.
        let masks: &[u8] = if at < 64 {
            &[0x01, 0x02, 0x04, 0x80]
        } else {
            &[0xFF]
        };
        for &mask in masks {
            let mut hurt = whole.clone();
            if let Some(byte) = hurt.get_mut(at) {
                *byte ^= mask;
            }
            fs::write(&path, &hurt)?;
            match Ledger::open(&path).and_then(|ledger| ledger.entries()) {
                Err(LedgerError::Damaged { .. } | LedgerError::Foreign { .. }) => found += 1,
                Err(other) => panic!("byte {at}: {other}"),
                Ok(entries) => {
                    assert_eq!(entries, sound, "byte {at} ^ {mask}: another story");
                    harmless += 1;
                }
            }
        }
    }
    // Flips in pages that no table uses any more change nothing; those in live ones are all found.
    assert!(
        found >= 50 && harmless > 0,
        "{found} found, {harmless} harmless"
    );
    for length in (0..whole.len()).step_by(whole.len() / 64) {
        fs::write(&path, whole.get(..length).unwrap_or_default())?;
        match Ledger::open(&path).and_then(|ledger| ledger.entries()) {
            Err(LedgerError::Damaged { .. } | LedgerError::Foreign { .. }) => {}
            Err(other) => panic!("{length} bytes left: {other}"),
            Ok(entries) => assert_eq!(entries, sound, "{length} bytes left: another story"),
        }
    }
    // And nothing is sent with it.
    fs::write(&path, b"damaged")?;
    assert!(Ledger::open(&path).is_err());
    crate::tell(&format!(
        "{found} flips found, {harmless} without effect, of {} bytes",
        whole.len()
    ));
    Ok(())
}

#[tokio::test]
async fn what_is_old_and_certain_may_be_forgotten() -> Fallible {
    let folder = tempfile::tempdir()?;
    let scripted = ScriptedProvider::start().await?;
    let ledger = Ledger::open(folder.path().join("ledger"))?;
    let client = client(Provider::Sinch, &scripted).ledger(ledger.clone());
    client
        .send(&quick_message(Provider::Sinch, "taken").await)
        .await?;
    scripted.script([Act::AcceptAndCut(0)]);
    client
        .send(&quick_message(Provider::Sinch, "doubt").await)
        .await
        .expect_err("a doubt");
    assert_eq!(ledger.forget_before(SystemTime::UNIX_EPOCH)?, 0);
    let later = SystemTime::now() + Duration::from_secs(60);
    assert_eq!(ledger.forget_before(later)?, 1);
    let left: Vec<String> = ledger
        .entries()?
        .into_iter()
        .map(|entry| entry.client_reference)
        .collect();
    assert_eq!(left, ["doubt"]);
    Ok(())
}

#[tokio::test]
async fn nothing_of_numbers_and_texts_is_kept_of_what_was_not_sent() -> Fallible {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let scripted = ScriptedProvider::start().await?;
    scripted.script([Act::answer(422, "{}")]);
    {
        let client = client(Provider::CarrierX, &scripted).ledger(Ledger::open(&path)?);
        let bundle = quick_message(Provider::CarrierX, "x")
            .await
            .bundle()
            .clone();
        let message = crate::plain(bundle, "a very private text")
            .client_reference("r")
            .build()?;
        client.send(&message).await.expect_err("declined");
    }
    let kept = fs::read(&path)?;
    for private in [&b"private"[..], b"5162065574", b"carrierx-token"] {
        assert!(!kept.windows(private.len()).any(|window| window == private));
    }
    Ok(())
}
