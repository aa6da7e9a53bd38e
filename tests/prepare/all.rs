//! Each fixture as the only attachment of a message, for each provider.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;
use std::{fs, io};

use mmsfit::provider::Measure;
use mmsfit::sniff::sniff;
use mmsfit::{Attachment, Code, Outcome, Part, Prepared, Preparer, Provider, Verdict};
use rayon::prelude::*;

use crate::common::assert_golden;
use crate::{findings, fixtures, is_picture, refusals};

/// One fixture prepared for one provider.
struct Case {
    name: String,
    provider: Provider,
    source: Vec<u8>,
    prepared: Prepared,
}

impl Case {
    fn part(&self) -> Option<&Part> {
        self.prepared
            .bundle()
            .and_then(|bundle| bundle.parts().first())
    }

    fn verdict(&self) -> Verdict {
        self.prepared.report().verdict
    }
}

/// Prepared once, held against every promise.
fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let mut names = Vec::new();
        collect(&fixtures(), &mut names).expect("the fixtures can be listed");
        names.sort();
        assert!(
            names.len() > 200,
            "only {} fixtures were found",
            names.len()
        );
        names
            .iter()
            .flat_map(|name| Provider::ALL.iter().map(move |provider| (name, *provider)))
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|(name, provider)| {
                let path = fixtures().join(name);
                let prepared =
                    Preparer::new(provider).prepare_blocking([Attachment::from_path(&path)]);
                Case {
                    name: name.clone(),
                    provider,
                    source: fs::read(&path).expect("a fixture can be read"),
                    prepared: prepared.expect("bad media is a report, never an error"),
                }
            })
            .collect()
    })
}

/// Names below the folder; what makes and describes the fixtures is none.
fn collect(folder: &Path, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, names)?;
        } else if path.parent() != Some(&fixtures()) {
            let name = path.strip_prefix(fixtures()).unwrap_or(&path);
            names.push(name.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

/// Fails with every case that breaks a promise.
fn hold(broken: impl Fn(&Case) -> Option<String> + Sync) {
    let found: Vec<String> = cases()
        .par_iter()
        .filter_map(|case| {
            broken(case).map(|how| format!("{} for {}: {how}", case.name, case.provider))
        })
        .collect();
    assert!(
        found.is_empty(),
        "{} broken promises:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn verdicts_types_and_codes_are_those_of_the_golden_table() -> io::Result<()> {
    let mut table = String::new();
    for case in cases() {
        let codes: BTreeSet<String> = findings(case.prepared.report())
            .map(|finding| finding.code.to_string())
            .collect();
        let codes: Vec<String> = codes.into_iter().collect();
        let made = case.part().map_or("-", Part::content_type);
        let verdict = case.verdict().name();
        let line = format!(
            "{} {} {verdict} {made} {}",
            case.name,
            case.provider,
            codes.join(" ")
        );
        writeln!(table, "{}", line.trim_end()).map_err(io::Error::other)?;
    }
    assert_golden("prepare.txt", &table)
}

#[test]
fn a_bundle_is_under_every_cap_as_the_provider_measures_it() {
    let bundles = cases().iter().filter(|case| case.part().is_some()).count();
    assert!(
        bundles > 300,
        "only {bundles} bundles: the promise is hardly tried"
    );
    hold(|case| {
        let part = case.part()?;
        let rules = case.provider.rules();
        let Some(rule) = rules.accepts(part.facts().content_type) else {
            return Some(format!("{} is not accepted", part.content_type()));
        };
        let raw = part.bytes().len() as u64;
        // RFC 4648 §4: every three bytes become four characters.
        let counted = match rules.measure.value() {
            Measure::Encoded => raw.div_ceil(3) * 4,
            _ => raw,
        };
        let cap = rule
            .max_bytes
            .value()
            .min(rules.message_bytes.value())
            .get();
        (counted > cap || raw != part.facts().bytes || rule.spelling != part.content_type())
            .then(|| format!("{counted} bytes of {} under {cap}", part.content_type()))
    });
}

#[test]
fn a_picture_in_a_bundle_is_upright_and_says_not_where_it_was_taken() {
    hold(|case| {
        let part = case.part()?;
        let found = sniff(part.bytes());
        let told =
            findings(case.prepared.report()).any(|finding| finding.code == Code::LocationData);
        match () {
            () if found.content_type != Some(part.facts().content_type) => {
                Some(format!("is {:?}", found.content_type))
            }
            () if found.orientation != 1 => Some(format!("orientation {}", found.orientation)),
            () if found.has_location && is_picture(part.facts().content_type) => {
                Some("has a location".into())
            }
            // Films are never changed: there the sender is told.
            () if found.has_location && !told => Some("has a location, and nobody is told".into()),
            () => None,
        }
    });
}

#[test]
fn a_picture_in_a_bundle_opens_in_a_decoder_that_is_not_ours() {
    hold(|case| {
        let part = case
            .part()
            .filter(|part| is_picture(part.facts().content_type))?;
        let facts = part.facts();
        match image::load_from_memory(part.bytes()) {
            Err(fault) => Some(fault.to_string()),
            Ok(image)
                if (Some(image.width()), Some(image.height()))
                    != (facts.width_px, facts.height_px) =>
            {
                Some(format!(
                    "{} x {} px, told {facts:?}",
                    image.width(),
                    image.height()
                ))
            }
            Ok(_) => None,
        }
    });
}

#[test]
fn preparing_what_was_prepared_changes_nothing() {
    hold(|case| {
        let part = case.part()?;
        let attachment = Attachment::from_bytes(part.bytes())
            .named(part.name())
            .declared_as(part.content_type());
        let again = match Preparer::new(case.provider).prepare_blocking([attachment]) {
            Ok(again) => again,
            Err(fault) => return Some(fault.to_string()),
        };
        let same = again
            .bundle()
            .is_some_and(|bundle| bundle.parts().iter().map(Part::bytes).eq([part.bytes()]));
        (!same || again.report().verdict != Verdict::Passed).then(|| again.report().to_string())
    });
}

#[test]
fn what_passes_passes_byte_for_byte_and_what_keeps_its_type_never_grows() {
    hold(|case| {
        let part = case.part()?;
        let same_type = sniff(&case.source).content_type == Some(part.facts().content_type);
        match case.verdict() {
            Verdict::Passed if part.bytes() != case.source => {
                Some("passed, and was changed".into())
            }
            Verdict::Fixed if part.bytes() == case.source => {
                Some("fixed, and was not changed".into())
            }
            Verdict::Passed | Verdict::Fixed
                if same_type && part.bytes().len() > case.source.len() =>
            {
                Some(format!(
                    "grew from {} to {}",
                    case.source.len(),
                    part.bytes().len()
                ))
            }
            Verdict::Passed | Verdict::Fixed => None,
            other => Some(format!("a bundle, and {}", other.name())),
        }
    });
}

#[test]
fn a_picture_is_never_scaled_up_and_an_animation_never_becomes_a_still() {
    hold(|case| {
        let facts = case
            .part()
            .filter(|part| is_picture(part.facts().content_type))?
            .facts();
        let before = sniff(&case.source);
        let long = |width: Option<u32>, height: Option<u32>| width.max(height);
        let stilled = before.frames.is_some_and(|frames| frames > 1)
            && before.content_type != Some(mmsfit::ContentType::Tiff)
            && facts.frames == Some(1);
        match () {
            () if long(facts.width_px, facts.height_px)
                > long(before.width_px, before.height_px) =>
            {
                Some(format!("scaled up: {facts:?}"))
            }
            () if stilled => Some(format!("{:?} frames became one", before.frames)),
            () => None,
        }
    });
}

#[test]
fn a_refusal_has_a_code_what_was_found_and_what_to_do() {
    hold(|case| {
        if case.prepared.bundle().is_some() {
            return refusals(case.prepared.report())
                .first()
                .map(|code| format!("a bundle in spite of {code}"));
        }
        let mut refused = findings(case.prepared.report())
            .filter(|finding| finding.outcome == Outcome::Refused)
            .peekable();
        if refused.peek().is_none() {
            return Some("no bundle, and no finding says why".into());
        }
        refused
            .find(|finding| finding.help.is_none() || finding.message.is_empty())
            .map(|finding| format!("nothing to do about {finding}"))
    });
}

#[test]
fn every_orientation_comes_out_as_the_same_upright_picture() {
    for kind in ["jpg", "png", "tiff", "webp"] {
        let made = |orientation: u8| {
            let name = format!("orientation/orientation_{orientation}.{kind}");
            let case = cases()
                .iter()
                .find(|case| case.name == name && case.provider == Provider::RingCentral)
                .expect("the fixture is there");
            let part = case
                .part()
                .unwrap_or_else(|| panic!("{}", case.prepared.report()));
            image::load_from_memory(part.bytes())
                .expect("a part decodes")
                .to_rgb8()
        };
        let upright = made(1);
        for orientation in 2..=8 {
            let turned = made(orientation);
            assert_eq!(
                turned.dimensions(),
                upright.dimensions(),
                "{kind} {orientation}"
            );
            let off: u64 = turned
                .iter()
                .zip(upright.iter())
                .map(|(a, b)| u64::from(a.abs_diff(*b)))
                .sum();
            let mean = off as f64 / turned.len() as f64;
            // Wrongly turned, these pictures differ by more than 30 levels.
            assert!(
                mean < 8.0,
                "{kind} {orientation}: {mean:.1} levels from the upright one"
            );
        }
    }
}
