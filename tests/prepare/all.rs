//! Each fixture as the only attachment of a message, for each provider.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Cursor};

use mmsfit::provider::Measure;
use mmsfit::sniff::sniff;
use mmsfit::{Attachment, Code, ContentType, Family, Outcome, Part, Preparer, Provider, Verdict};

use crate::cases::{cases, hold, on_threads, prepared};
use crate::common::assert_golden;
use crate::{findings, is_picture, refusals};

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
fn a_reader_that_is_not_ours_finds_no_place_in_a_picture_and_nothing_at_all_in_a_changed_one() {
    let mut read = 0;
    for case in cases() {
        // What is looked for is there to be found.
        let before = exif::Reader::new()
            .read_from_container(&mut Cursor::new(&case.source))
            .is_ok();
        read += usize::from(before && case.part().is_some());
    }
    assert!(read > 100, "only {read} bundles come from files with EXIF");
    hold(|case| {
        let part = case
            .part()
            .filter(|part| is_picture(part.facts().content_type))?;
        let found = exif::Reader::new().read_from_container(&mut Cursor::new(part.bytes()));
        let fields: Vec<String> = found
            .map(|found| found.fields().map(|field| field.tag.to_string()).collect())
            .unwrap_or_default();
        let place = fields.iter().find(|name| name.starts_with("GPS"));
        let names: [&[u8]; 4] = [
            b"GPSLatitude",
            b"photoshop:City",
            b"Exif\0\0",
            b"http://ns.adobe.com",
        ];
        let text = names.iter().position(|name| {
            part.bytes()
                .windows(name.len())
                .any(|window| window == *name)
        });
        match (place, text) {
            (Some(tag), _) => Some(format!("has {tag}")),
            (None, Some(at)) if at < 2 || case.verdict() == Verdict::Fixed => {
                Some(format!("has {}", String::from_utf8_lossy(names[at])))
            }
            // A TIFF is made of the same directories.
            _ if case.verdict() == Verdict::Fixed && !fields.is_empty() => Some(fields.join(", ")),
            _ => None,
        }
    });
}

#[test]
fn every_bundle_has_the_same_bytes_on_one_thread_as_on_two() {
    let differing: Vec<String> = on_threads(1, || {
        cases()
            .iter()
            .filter(|case| case.verdict() == Verdict::Fixed)
            .filter(|case| {
                let alone = prepared(&case.name, case.provider);
                let bytes = alone.bundle().and_then(|bundle| bundle.parts().first());
                bytes.map(Part::bytes) != case.part().map(Part::bytes)
                    || alone.report().to_string() != case.prepared.report().to_string()
            })
            .map(|case| format!("{} for {}", case.name, case.provider))
            .collect()
    });
    assert_eq!(differing, Vec::<String>::new());
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
        // UTF-8 takes more bytes for an accent, and what a calendar lacks is added.
        let is_text = matches!(
            part.facts().content_type.family(),
            Family::Contact | Family::Calendar | Family::Text
        );
        match case.verdict() {
            Verdict::Passed if part.bytes() != case.source => {
                Some("passed, and was changed".into())
            }
            Verdict::Fixed if part.bytes() == case.source => {
                Some("fixed, and was not changed".into())
            }
            Verdict::Passed | Verdict::Fixed
                if same_type && !is_text && part.bytes().len() > case.source.len() =>
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
        let stilled = before.frames.is_some_and(|frames| frames > 1) && facts.frames == Some(1);
        // A drawing has no pixels of its own, and a raw photograph's are not those of its preview.
        let has_pixels = !matches!(
            before.content_type,
            Some(ContentType::Svg | ContentType::CameraRaw)
        );
        match () {
            () if has_pixels
                && long(facts.width_px, facts.height_px)
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
