//! Killed at any moment, nothing that was acknowledged is lost.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::Outcome;
use crate::desk::Serving;
use crate::http::post;

const ROUNDS: usize = 60;
const SENDERS: usize = 4;

/// Posts callbacks until the server is gone; notes those that were answered with 200.
fn sender(
    address: SocketAddr,
    next: Arc<AtomicUsize>,
    acknowledged: Arc<Mutex<Vec<usize>>>,
    gone: Arc<AtomicBool>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        while !gone.load(Ordering::SeqCst) {
            let at = next.fetch_add(1, Ordering::SeqCst);
            let body =
                format!("{{\"tracking-id\":\"m{at}\",\"code\":\"N102\",\"to\":\"15551230001\"}}");
            match post(address, "/callbacks/sinch", body.as_bytes()) {
                Ok(reply) if reply.status == 200 => acknowledged
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(at),
                _ => return,
            }
        }
    })
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "the figures, for whoever runs this alone"
)]
fn every_acknowledged_event_survives_a_kill_at_any_moment() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("events.jsonl");
    let next = Arc::new(AtomicUsize::new(0));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let mut torn = 0;
    for round in 0..ROUNDS {
        let serving = Serving::start(folder.path(), &["--events", "events.jsonl"])?;
        let gone = Arc::new(AtomicBool::new(false));
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                sender(
                    serving.address,
                    Arc::clone(&next),
                    Arc::clone(&acknowledged),
                    Arc::clone(&gone),
                )
            })
            .collect();
        // Moments spread over what a few dozen callbacks take.
        let moment = 2_000 + (round * 7_919) % 60_000;
        thread::sleep(Duration::from_micros(moment as u64));
        serving.signal("KILL")?;
        gone.store(true, Ordering::SeqCst);
        let (status, ..) = serving.ended()?;
        assert_eq!(status.code(), None, "it ended by itself");
        for sender in senders {
            sender.join().map_err(|_| "a sender panicked")?;
        }
        torn += usize::from(!std::fs::read(&path)?.ends_with(b"\n"));
    }
    // The last start cuts off what was torn.
    drop(Serving::start(
        folder.path(),
        &["--events", "events.jsonl"],
    )?);
    let mut kept = BTreeMap::new();
    for line in std::fs::read_to_string(&path)?.lines() {
        let line: Value = serde_json::from_str(line)?;
        let id = line["id"].as_str().ok_or("no id")?.to_owned();
        *kept.entry(id).or_insert(0) += 1;
    }
    let acknowledged = acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|at| !kept.contains_key(&format!("m{at}")))
        .collect();
    assert_eq!(lost, Vec::<&usize>::new());
    assert!(
        kept.values().all(|&count| count == 1),
        "an event was written twice"
    );
    assert!(
        acknowledged.len() > ROUNDS,
        "only {} callbacks were answered",
        acknowledged.len()
    );
    eprintln!(
        "{ROUNDS} kills: {} acknowledged, {} kept, {torn} torn lines, 0 lost",
        acknowledged.len(),
        kept.len()
    );
    Ok(())
}
