//! The connection broken at 200 offsets of request and reply: nothing is taken twice, nothing is lost, every doubt is listed.

use std::sync::Arc;
use std::time::Duration;

use mmsfit::send::{Ledger, SendError};
use mmsfit::{Attachment, Provider};

use crate::provider::{Act, ScriptedProvider};
use crate::{Fallible, bundle_under, client, gif, plain, quick};

const OFFSETS: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_broken_anywhere_doubles_nothing_and_loses_nothing() -> Fallible {
    let pixel = |provider| (provider, gif(), "a pixel");
    let mut runs: Vec<_> = Provider::ALL.iter().copied().map(pixel).collect();
    // A megabyte goes out in many writes: some of them find the connection broken.
    let sound = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/audio/no_id3.mp3"
    ))?;
    let megabyte = sound.repeat(1_000_000 / sound.len());
    let megabyte = Attachment::from_bytes(Arc::<[u8]>::from(megabyte)).named("long.mp3");
    runs.push((Provider::RingCentral, megabyte, "a megabyte"));
    for (provider, attachment, what) in runs {
        let scripted = ScriptedProvider::start().await?;
        let folder = tempfile::tempdir()?;
        let ledger = Ledger::open(folder.path().join("ledger"))?;
        let client = client(provider, &scripted)
            .timeout(Duration::from_secs(5))
            .ledger(ledger.clone());
        let bundle = bundle_under(quick(provider), vec![attachment]).await?;
        // The first one fetches the token, and shows how long a request is.
        client
            .send(
                &plain(bundle.clone(), "first")
                    .client_reference("first")
                    .build()?,
            )
            .await?;
        let request_bytes = scripted.requests().last().map_or(0, |request| {
            let head: usize = request
                .headers
                .iter()
                .map(|(name, value)| name.len() + value.len() + 4)
                .sum();
            head + request.body.len() + request.path.len() + 17
        });
        let reply_bytes = scripted.reply_bytes();
        let (mut unknown, mut taken) = (0, 0);
        for at in 0..OFFSETS {
            let text = format!("m{at:03}");
            let half = OFFSETS / 2;
            let act = if at < half {
                Act::CutRequest(request_bytes * at / half)
            } else {
                // The last of them leaves out one byte.
                Act::AcceptAndCut((reply_bytes - 1) * (at - half) / (half - 1))
            };
            scripted.script([act.clone()]);
            let message = plain(bundle.clone(), &text)
                .client_reference(text.as_str())
                .build()?;
            let first = client.send(&message).await;
            let again = client.send(&message).await;
            let said = format!("{provider} {act:?}: {first:?}, then {again:?}");
            let copies = scripted.accepted_count(&text);
            assert!(copies <= 1, "{said}");
            let listed = ledger
                .unknowns()?
                .iter()
                .any(|entry| entry.client_reference == text);
            match &first {
                Ok(receipt) => {
                    assert_eq!((copies, listed), (1, false), "{said}");
                    let known = again.expect("the ledger knows it");
                    assert_eq!(
                        (known.id.as_str(), known.from_ledger),
                        (receipt.id.as_str(), true)
                    );
                }
                Err(SendError::OutcomeUnknown {
                    client_reference, ..
                }) => {
                    assert_eq!(
                        (client_reference.as_str(), listed),
                        (text.as_str(), true),
                        "{said}"
                    );
                    assert!(
                        matches!(again, Err(SendError::OutcomeUnknown { .. })),
                        "{said}"
                    );
                    unknown += 1;
                }
                Err(_) => panic!("{said}"),
            }
            taken += copies;
            scripted.script([]);
            scripted.forget_requests();
        }
        // Cut anywhere, no answer is whole.
        assert!(
            unknown >= OFFSETS / 2,
            "{provider}: only {unknown} of {OFFSETS} in doubt"
        );
        crate::tell(&format!(
            "{provider}, {what}: {taken} taken, {unknown} unknown, 0 twice, 0 lost"
        ));
    }
    Ok(())
}
