//! A clip of a type that the provider does not take.

use super::{Need, check_refused_type, part_limit, provenance};
use crate::clip;
use crate::code::Code;
use crate::content_type::{ContentType, Family};
use crate::prepare::Choices;
use crate::provider::Rules;
use crate::report::Finding;
use crate::sniff::Sniffed;
use crate::units::ByteCount;

/// A clip of a type that the provider does not take: in another container, encoded anew, as a poster, or not at all.
pub(super) fn check_refused_clip(
    bytes: &[u8],
    sniffed: &Sniffed,
    rules: &Rules,
    choices: &Choices,
    findings: &mut Vec<Finding>,
) -> Option<Need> {
    let content_type = sniffed.content_type?;
    let encoded = clip::encodes_to(sniffed, rules, &choices.transcoder);
    let rewrapped = clip::rewraps_to(sniffed, rules).filter(|&target| {
        let limit = rules.accepts(target).map(|rule| part_limit(rule, rules));
        clip::rewrite(bytes, target)
            .is_some_and(|made| limit.is_some_and(|limit| ByteCount::of(&made) <= limit))
    });
    let has_poster = choices.poster_allowed
        && content_type.family() == Family::Video
        && rules.accepts(ContentType::Jpeg).is_some()
        && clip::makes_posters(bytes, &choices.transcoder);
    let need = match (rewrapped, &encoded) {
        (Some(_), _) => Need::Rewrap,
        (None, Ok(Some(_))) => Need::Transcode,
        (None, _) if has_poster => Need::Transcode,
        (None, Ok(None)) => {
            return check_refused_type(sniffed, content_type, rules, choices, "", findings);
        }
        (None, Err(lack)) => {
            return check_refused_type(
                sniffed,
                content_type,
                rules,
                choices,
                &lack.help(),
                findings,
            );
        }
    };
    let mut finding = Finding::fixable(
        Code::TypeNotAccepted,
        format!("{} does not take {content_type}", rules.name),
    )
    .observed("content_type", content_type.mime());
    if let Some(rule) = rules.types.first() {
        finding = finding.source(provenance(&rule.accepted));
    }
    findings.push(finding);
    Some(need)
}
