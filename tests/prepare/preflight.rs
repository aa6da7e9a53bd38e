//! What a check without a fix says, held against what fixing then does.

use std::collections::BTreeMap;

use mmsfit::{Code, Outcome, Preparer, Provider, Verdict};

use crate::cases::cases;
use crate::{findings, fixture, refusals};

/// Refusals that only trying can tell: fixture, code, and why no check could have known.
const TOLD_BY_TRYING: &[(&str, Code, &str)] = &[
    (
        "traps/bit_flipped.jpg",
        Code::Corrupt,
        "its segments are whole: only reading every block of its scan shows the wrong bit",
    ),
    (
        "heif/overlay.heic",
        Code::CodecNotAccepted,
        "how an item is derived is read when it is decoded",
    ),
    (
        "raw/thumbnail_only.dng",
        Code::CodecNotAccepted,
        "previews are looked for when one is needed",
    ),
    (
        "traps/heif_coded_smaller.heic",
        Code::Corrupt,
        "items and slices are followed when it is decoded",
    ),
    (
        "traps/heif_cut_in_the_picture.heic",
        Code::Corrupt,
        "items and slices are followed when it is decoded",
    ),
    (
        "traps/heif_identity_loop.heic",
        Code::Corrupt,
        "items and slices are followed when it is decoded",
    ),
    (
        "traps/heif_primary_is_thumbnail.heic",
        Code::Corrupt,
        "items and slices are followed when it is decoded",
    ),
    (
        "traps/heif_slices_again.heic",
        Code::Corrupt,
        "items and slices are followed when it is decoded",
    ),
    (
        "traps/heif_tiles_missing.heic",
        Code::Corrupt,
        "items and slices are followed when it is decoded",
    ),
    (
        "traps/heif_tiles_outside.heic",
        Code::Corrupt,
        "items and slices are followed when it is decoded",
    ),
    (
        "traps/heif_large_for_its_bytes.heic",
        Code::DecodedSizeOverLimit,
        "what its bytes may decode to is reckoned when it is decoded",
    ),
    (
        "traps/heif_tiles_of_one.heic",
        Code::DecodedSizeOverLimit,
        "what its bytes may decode to is reckoned when it is decoded",
    ),
    (
        "traps/heif_tile_is_the_grid.heic",
        Code::CodecNotAccepted,
        "items are followed when it is decoded",
    ),
];

#[test]
fn a_check_says_what_fixing_then_does() {
    let mut wrong = Vec::new();
    let mut tried = BTreeMap::new();
    for case in cases() {
        let checked = Preparer::new(case.provider).check(&fixture(&case.name));
        let fixed = case.verdict();
        let agrees = match checked.verdict {
            Verdict::Passed => fixed == Verdict::Passed,
            Verdict::Fixable => fixed == Verdict::Fixed,
            Verdict::Refused => fixed == Verdict::Refused,
            _ => false,
        };
        if agrees {
            continue;
        }
        let refusals: Vec<Code> = findings(case.prepared.report())
            .filter(|finding| finding.outcome == Outcome::Refused)
            .map(|finding| finding.code)
            .collect();
        let known = TOLD_BY_TRYING
            .iter()
            .find(|(name, code, _)| *name == case.name && refusals == [*code]);
        match known {
            Some((name, ..)) if fixed == Verdict::Refused => *tried.entry(*name).or_insert(0) += 1,
            _ => wrong.push(format!(
                "{} for {}: told {}, and then {}\n{}",
                case.name,
                case.provider,
                checked.verdict.name(),
                fixed.name(),
                case.prepared.report()
            )),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} disagreements:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    for (name, code, why) in TOLD_BY_TRYING {
        assert!(
            tried.contains_key(name),
            "{name} is told {code} by its check: the line \"{why}\" is out of date"
        );
    }
}

#[test]
fn what_a_check_asks_for_is_what_is_then_done() {
    let mut wrong = Vec::new();
    for case in cases() {
        let checked = Preparer::new(case.provider).check(&fixture(&case.name));
        if checked.verdict != Verdict::Fixable || case.verdict() != Verdict::Fixed {
            continue;
        }
        let codes = |outcome: Outcome, list: &[mmsfit::Finding]| -> Vec<Code> {
            list.iter()
                .filter(|finding| finding.outcome == outcome)
                .map(|finding| finding.code)
                .collect()
        };
        let asked = codes(Outcome::Fixable, &checked.findings);
        let done = codes(Outcome::Fixed, &case.prepared.report().parts[0].findings);
        let left = codes(Outcome::Fixable, &case.prepared.report().parts[0].findings);
        if asked != done || !left.is_empty() {
            wrong.push(format!(
                "{} for {}: asked {asked:?}, done {done:?}, left {left:?}",
                case.name, case.provider
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_picture_that_no_size_brings_under_its_limit_is_told_by_trying()
-> Result<(), Box<dyn std::error::Error>> {
    let mut rules = Provider::RingCentral.rules().clone();
    rules.message_bytes = mmsfit::provider::Limit::Assumed {
        value: mmsfit::ByteCount::new(600),
        why: "a contract that nobody would sign",
    };
    let preparer = Preparer::new(Provider::RingCentral).with_rules(rules)?;
    let photograph = fixture("photos/small.jpg");
    assert_eq!(preparer.check(&photograph).verdict, Verdict::Fixable);
    let prepared = preparer.prepare_blocking([photograph])?;
    assert!(prepared.bundle().is_none());
    assert_eq!(refusals(prepared.report()), [Code::CannotBeFitted]);
    Ok(())
}
