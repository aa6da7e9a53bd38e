//! What concerns a message as a whole: count, total, names, how its parts travel.

use std::collections::HashSet;

use crate::bundle::Part;
use crate::check::provenance;
use crate::code::Code;
use crate::provider::{Delivery, Measure, Rules, TextUnit};
use crate::report::Finding;
use crate::units::ByteCount;

/// Refuses a message without attachments, or with more than the provider takes.
pub(crate) fn check_count(count: usize, rules: &Rules) -> Option<Finding> {
    if count == 0 {
        return Some(
            Finding::refused(Code::NothingToSend, "there is no attachment")
                .help("give at least one attachment; text alone is an SMS"),
        );
    }
    let limit = rules.max_parts.value();
    if count as u64 <= u64::from(limit) {
        return None;
    }
    Some(
        Finding::refused(Code::TooManyParts, format!("{count} parts, {limit} allowed by {}", rules.name))
            .observed("parts", count)
            .allowed("parts", limit)
            .help("send several messages: mmsfit does not split one, as that changes billing and threading")
            .source(provenance(&rules.max_parts)),
    )
}

impl Rules {
    /// Holds the text of a message, or of a slide where there are slides, against its limit: a finding where it is too
    /// long, or longer than the provider advises.
    #[must_use]
    pub fn check_text(&self, text: &str) -> Option<Finding> {
        let unit = self.text.unit.value();
        let (length, name, units) = match unit {
            TextUnit::Utf16 => (
                text.encode_utf16().count() as u64,
                "utf16_units",
                "UTF-16 code units (an emoji is two or more)",
            ),
            TextUnit::Scalar => (text.chars().count() as u64, "characters", "characters"),
        };
        let (limit, advised) = (self.text.max_text.value(), self.text.advised_text.value());
        let most = if length > u64::from(limit) {
            limit
        } else {
            advised
        };
        if length <= u64::from(most) {
            return None;
        }
        let say = |verb: &str| {
            format!(
                "the text has {length} {units}, {most} {verb} by {}",
                self.name
            )
        };
        let finding = if most == limit {
            Finding::refused(Code::TextNotAccepted, say("allowed"))
                .source(provenance(&self.text.max_text))
        } else {
            Finding::warning(Code::TextNotAccepted, say("advised"))
                .source(provenance(&self.text.advised_text))
        };
        Some(
            finding
                .observed(name, length)
                .allowed(name, most)
                .help("shorten the text, or send the rest in a message of its own"),
        )
    }
}

/// The total as the provider counts it, which must be within its limit.
pub(crate) fn check_total(parts: &[Part], rules: &Rules) -> Option<Finding> {
    let total: u64 = parts
        .iter()
        .map(|part| counted_bytes(part.facts.bytes, rules))
        .sum();
    let limit = rules.message_bytes.value();
    if ByteCount::new(total) <= limit {
        return None;
    }
    Some(
        Finding::refused(
            Code::MessageOverLimit,
            format!(
                "{} in all parts, {limit} allowed by {}",
                ByteCount::new(total),
                rules.name
            ),
        )
        .observed("bytes", total)
        .allowed("bytes", limit.get())
        .help("leave an attachment out, or send it in a message of its own")
        .source(provenance(&rules.message_bytes)),
    )
}

/// A part's bytes as the provider counts them: base64 (RFC 4648 §4) grows them by a third.
pub(crate) fn counted_bytes(raw: u64, rules: &Rules) -> u64 {
    match rules.measure.value() {
        Measure::Raw => raw,
        Measure::Encoded => raw.div_ceil(3) * 4,
    }
}

/// Says which parts must be hosted before they can be sent.
pub(crate) fn note_hosting(parts: &[Part], rules: &Rules) -> Option<Finding> {
    if !rules.delivery.contains(&Delivery::Url) || rules.delivery.contains(&Delivery::Upload) {
        return None;
    }
    let embeddable = |part: &Part| {
        rules.delivery.contains(&Delivery::Embedded)
            && part.facts.bytes.div_ceil(3) * 4 <= rules.embedded_bytes.value().get()
    };
    let unhosted = parts
        .iter()
        .filter(|part| part.url.is_none() && !embeddable(part))
        .count();
    if unhosted == 0 {
        return None;
    }
    Some(
        Finding::note(
            Code::NeedsHosting,
            format!(
                "{} fetches parts by URL: {unhosted} of this message must be hosted first",
                rules.name
            ),
        )
        .observed("parts", unhosted)
        .help(
            "publish the parts with Content-Length and without chunks, or let `mmsfit serve` do it",
        ),
    )
}

/// Gives every part a name of its own: ASCII, short, with the extension of its type.
pub(crate) fn name_apart(parts: &mut [Part], rules: &Rules) {
    let mut taken = HashSet::new();
    for (index, part) in parts.iter_mut().enumerate() {
        let extension = extension_for(part);
        let longest = (rules.max_name.value() as usize)
            .min(MAX_NAME)
            .saturating_sub(extension.len() + 4);
        let stem = plain_stem(&part.name, longest).unwrap_or_else(|| (index + 1).to_string());
        let mut name = format!("{stem}.{extension}");
        let mut copy = 2;
        while !taken.insert(name.to_ascii_lowercase()) {
            name = format!("{stem}-{copy}.{extension}");
            copy += 1;
        }
        part.name = name;
    }
}

/// The name's own extension where it is right for the type, else the usual one.
fn extension_for(part: &Part) -> String {
    let kind = part.facts.content_type;
    let given = part
        .name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase());
    given
        .filter(|given| kind.extensions().contains(&given.as_str()))
        .unwrap_or_else(|| kind.extension().to_owned())
}

/// The caller's own stem, if it is harmless everywhere: letters, digits, `-` and `_`.
fn plain_stem(name: &str, longest: usize) -> Option<String> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let plain = !stem.is_empty()
        && stem.len() <= longest
        && stem
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && !stem.starts_with('-');
    plain.then(|| stem.to_owned())
}

/// The longest name that is handed to a provider: providers state no limit below it.
const MAX_NAME: usize = 64;
