//! A clip of a type that the provider does not take, or of codecs that phones may lack.

use super::{Need, check_refused_type, part_limit, provenance};
use crate::choices::Choices;
use crate::clip;
use crate::code::Code;
use crate::content_type::{ContentType, Family};
use crate::provider::Rules;
use crate::report::Finding;
use crate::sniff::{Sniffed, Track, TrackKind};
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
        if choices.transcoder.wants_old_phones() {
            return false;
        }
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

/// A clip whose type the provider takes, with a codec inside that many phones cannot play: named, and encoded anew where
/// that was asked for.
///
/// No provider's page states a codec, so what counts as common is our own choice: what phones have recorded and played
/// for many years.
pub(super) fn check_codecs(
    sniffed: &Sniffed,
    content_type: ContentType,
    rules: &Rules,
    choices: &Choices,
    findings: &mut Vec<Finding>,
) -> Option<Need> {
    if !clip::is_rewritable(content_type) {
        return None;
    }
    let is_old = choices.transcoder.wants_old_phones();
    let rare = sniffed
        .tracks
        .iter()
        .find(|track| !is_common(track, is_old))?;
    let named = match rare.codec.get(..4).unwrap_or(&rare.codec) {
        "hvc1" | "hev1" | "dvh1" | "dvhe" => "HEVC (H.265)",
        "av01" => "AV1",
        "vp08" => "VP8",
        "vp09" => "VP9",
        "jpeg" | "mjpa" | "mjpb" => "Motion JPEG",
        "avc1" | "avc3" => "H.264",
        _ => &rare.codec,
    };
    let profile = rare
        .profile
        .map(|name| format!(", profile {name}"))
        .unwrap_or_default();
    let message = format!("it holds {named}{profile}, which many phones do not play in a message");
    if !choices.common_codecs {
        // Whoever wants 3GP for old phones has been told what becomes of clips that pass.
        if !is_old {
            findings.push(
                Finding::warning(Code::CodecNotAccepted, message)
                    .observed("codec", rare.codec.clone())
                    .help("encode it as H.264 and AAC: ask for common codecs (--common-codecs)"),
            );
        }
        return None;
    }
    let finding =
        Finding::fixable(Code::CodecNotAccepted, message).observed("codec", rare.codec.clone());
    let help = match clip::encodes_to(sniffed, rules, &choices.transcoder) {
        Ok(Some(_)) => {
            findings.push(finding);
            return Some(Need::Transcode);
        }
        Ok(None) => format!("{} takes nothing that it could be encoded as", rules.name),
        Err(lack) => lack.help(),
    };
    findings.push(
        Finding {
            outcome: crate::report::Outcome::Refused,
            ..finding
        }
        .help(help),
    );
    None
}

fn is_common(track: &Track, is_old: bool) -> bool {
    let codec = track.codec.as_str();
    match track.kind {
        TrackKind::Video if is_old => matches!(codec, "s263" | "h263"),
        TrackKind::Audio if is_old => codec == "samr",
        TrackKind::Video => match codec {
            // Ten bits and whole chroma are for studios; no phone's chip decodes them.
            "avc1" | "avc3" => !track.profile.is_some_and(|profile| {
                profile.starts_with("High 10") || profile.starts_with("High 4")
            }),
            "s263" | "h263" => true,
            _ => codec.starts_with("mp4v"),
        },
        TrackKind::Audio => codec.starts_with("mp4a") || matches!(codec, "samr" | "sawb" | ".mp3"),
        TrackKind::Other => true,
    }
}
