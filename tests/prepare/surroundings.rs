//! What a caller chooses beside the rules: how long a message may take, and being told how far it is.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mmsfit::{Attachment, Code, Preparer, Provider, Stage, Verdict};

use crate::{fixture, refusals};

#[test]
fn a_message_whose_time_is_over_is_refused_and_what_was_in_time_is_not()
-> Result<(), Box<dyn std::error::Error>> {
    let pictures = || [fixture("photos/small.jpg"), fixture("photos/grey.jpg")];
    let late = Preparer::new(Provider::RingCentral)
        .deadline(Duration::ZERO)
        .prepare_blocking(pictures())?;
    assert!(late.bundle().is_none());
    assert_eq!(refusals(late.report()), [Code::TooSlow]);
    for part in &late.report().parts {
        let message = &part.findings[0].message;
        assert_eq!(message, "not done when the 0 ms of its message were over");
    }

    for time in [Duration::from_secs(600), Duration::MAX] {
        let preparer = Preparer::new(Provider::RingCentral).deadline(time);
        // The time of each message is its own.
        for _ in 0..2 {
            let in_time = preparer.prepare_blocking(pictures())?;
            assert_eq!(in_time.report().verdict, Verdict::Passed);
        }
    }
    Ok(())
}

#[test]
fn every_attachment_is_told_of_at_every_stage_in_its_order()
-> Result<(), Box<dyn std::error::Error>> {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&steps);
    let preparer = Preparer::new(Provider::Sinch)
        .on_progress(move |step| told.lock().expect("no panic inside").push(step));
    let prepared = preparer.prepare_blocking([
        fixture("photos/small.jpg"),
        fixture("orientation/orientation_6.jpg"),
        fixture("animations/small.gif"),
    ])?;
    assert!(prepared.bundle().is_some(), "{}", prepared.report());
    let steps = std::mem::take(&mut *steps.lock().expect("no panic inside"));
    for part in 0..3 {
        let stages: Vec<Stage> = steps
            .iter()
            .filter(|step| step.part == part)
            .map(|step| step.stage)
            .collect();
        assert_eq!(stages, [Stage::Checked, Stage::Fitted, Stage::Verified]);
    }
    assert_eq!(steps.len(), 9);

    // What is refused by the check goes no further.
    let told = Arc::new(Mutex::new(Vec::new()));
    let steps = Arc::clone(&told);
    Preparer::new(Provider::Sinch)
        .on_progress(move |step| steps.lock().expect("no panic inside").push(step.stage))
        .prepare_blocking([Attachment::from_bytes(Vec::new())])?;
    assert_eq!(*told.lock().expect("no panic inside"), [Stage::Checked]);
    Ok(())
}
