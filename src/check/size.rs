//! Bytes, sides and duration against their limits.

use super::{Need, is_decodable, provenance};
use crate::choices::Choices;
use crate::clip;
use crate::code::Code;
use crate::content_type::Family;
use crate::provider::{Limit, Measure, Rules, TypeRule};
use crate::report::{Finding, Outcome};
use crate::sniff::Sniffed;
use crate::text;
use crate::units::{ByteCount, Millis, Pixels};

pub(super) fn check_bytes(
    whole: &[u8],
    sniffed: &Sniffed,
    rule: &TypeRule,
    rules: &Rules,
    choices: &Choices,
    findings: &mut Vec<Finding>,
) -> Option<Need> {
    let limit = part_limit(rule, rules);
    let bytes = ByteCount::new(sniffed.bytes);
    if bytes <= limit {
        findings.extend(note_carrier(bytes, rules, choices));
        return None;
    }
    let finding = Finding::fixable(
        Code::PartOverLimit,
        format!(
            "{bytes}, {limit} allowed for one {} part by {}",
            rule.content_type, rules.name
        ),
    )
    .observed("bytes", bytes.get())
    .allowed("bytes", limit.get())
    .source(provenance(&rule.max_bytes));
    if is_decodable(rule.content_type) || text::can_shrink(whole, rule.content_type) {
        findings.push(finding);
        return Some(Need::Shrink);
    }
    let help = match rule.content_type.family() {
        Family::Video | Family::Audio => {
            match clip::encodes_to(sniffed, rules, &choices.transcoder) {
                Ok(Some(_)) => {
                    findings.push(finding);
                    return Some(Need::Shrink);
                }
                Ok(None) => {
                    format!("shorten it or encode it at a lower rate so that it is under {limit}")
                }
                Err(lack) => format!("shorten it to {limit}, or {}", lack.help()),
            }
        }
        _ => format!("send a shorter one: {limit} is the limit"),
    };
    findings.push(
        Finding {
            outcome: Outcome::Refused,
            ..finding
        }
        .help(help),
    );
    None
}

/// Says that a message of so many bytes is within the cap, and over what the recipient's network takes.
pub(crate) fn note_carrier(total: ByteCount, rules: &Rules, choices: &Choices) -> Option<Finding> {
    let carrier = choices.carrier.unwrap_or(rules.carrier_bytes);
    let ceiling = carrier.value();
    if total <= ceiling {
        return None;
    }
    let what = format!("{total} pass {}'s cap", rules.name);
    let finding = if choices.carrier.is_some() {
        let message =
            format!("{what}, but the recipient's carrier takes {ceiling} of a whole message");
        Finding::warning(Code::AboveCarrierCeiling, message)
    } else {
        let message = format!("{what}, but carriers usually take {ceiling} of a whole message");
        Finding::note(Code::AboveCarrierCeiling, message)
    };
    Some(
        finding
            .observed("bytes", total.get())
            .allowed("bytes", ceiling.get())
            .help("prepare it with a lower target if it must reach every phone")
            .source(provenance(&carrier)),
    )
}

pub(super) fn check_sides(
    sniffed: &Sniffed,
    rules: &Rules,
    choices: &Choices,
    findings: &mut Vec<Finding>,
) -> Option<Need> {
    let long_side = Pixels::new(sniffed.width_px?.max(sniffed.height_px?));
    let limit = rules.max_long_side.value();
    // Only a stated limit is broken; an assumed one is where downsizing aims, and a compliant picture passes untouched.
    if long_side <= limit || !matches!(rules.max_long_side, Limit::Stated(..)) {
        return None;
    }
    let finding = Finding::fixable(
        Code::DimensionsOverLimit,
        format!(
            "the long side is {long_side}, {limit} allowed by {}",
            rules.name
        ),
    )
    .observed("long_side_px", long_side.get())
    .allowed("long_side_px", limit.get())
    .source(provenance(&rules.max_long_side));
    let is_encodable = sniffed.content_type.is_some_and(clip::is_clip)
        && matches!(
            clip::encodes_to(sniffed, rules, &choices.transcoder),
            Ok(Some(_))
        );
    if sniffed.content_type.is_some_and(is_decodable) || is_encodable {
        findings.push(finding);
        return Some(Need::Downscale);
    }
    findings.push(
        Finding {
            outcome: Outcome::Refused,
            ..finding
        }
        .help("send a smaller version"),
    );
    None
}

pub(super) fn check_duration(sniffed: &Sniffed, rules: &Rules, findings: &mut Vec<Finding>) {
    let Some(duration_ms) = sniffed.duration_ms else {
        return;
    };
    let limit = rules.max_duration.value();
    let timed = sniffed
        .content_type
        .is_some_and(|kind| matches!(kind.family(), Family::Video | Family::Audio));
    if timed && duration_ms > limit.get() && matches!(rules.max_duration, Limit::Stated(..)) {
        let duration = Millis::new(duration_ms);
        findings.push(
            Finding::refused(
                Code::DurationOverLimit,
                format!("it runs {duration}, {limit} allowed by {}", rules.name),
            )
            .observed("duration_ms", duration_ms)
            .allowed("duration_ms", limit.get())
            .help("cut it shorter")
            .source(provenance(&rules.max_duration)),
        );
    }
}

/// The most raw bytes that one part of this type may have, whichever rule is the stricter.
pub(crate) fn part_limit(rule: &TypeRule, rules: &Rules) -> ByteCount {
    let stated = rule.max_bytes.value().min(rules.message_bytes.value());
    match rules.measure.value() {
        Measure::Raw => stated,
        Measure::Encoded => raw_under_base64(stated),
    }
}

/// The raw bytes whose base64 form (RFC 4648 §4) is at most `encoded` long.
pub(crate) const fn raw_under_base64(encoded: ByteCount) -> ByteCount {
    ByteCount::new(encoded.get() / 4 * 3)
}
