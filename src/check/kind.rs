//! Types that the provider does not take: which of them can become one that it takes.

use super::{Need, part_limit, provenance};
use crate::choices::Choices;
use crate::code::Code;
use crate::content_type::ContentType;
use crate::provider::{Provider, Rules};
use crate::report::{Finding, Outcome};
use crate::sniff::Sniffed;

pub(super) fn check_refused_type(
    sniffed: &Sniffed,
    content_type: ContentType,
    rules: &Rules,
    choices: &Choices,
    lack: &str,
    findings: &mut Vec<Finding>,
) -> Option<Need> {
    let accepted: Vec<String> = rules
        .types
        .iter()
        .filter(|rule| rule.content_type.family() == content_type.family())
        .map(|rule| rule.spelling.to_owned())
        .collect();
    let finding = Finding::fixable(
        Code::TypeNotAccepted,
        format!("{} does not take {content_type}", rules.name),
    )
    .observed("content_type", content_type.mime())
    .allowed("content_types", accepted.clone());
    let finding = match rules.types.first() {
        Some(rule) => finding.source(provenance(&rule.accepted)),
        None => finding,
    };
    if is_decodable(content_type)
        && (rules.accepts(ContentType::Jpeg).is_some() || rules.accepts(ContentType::Png).is_some())
    {
        if sniffed.is_animated() && rules.accepts(ContentType::Gif).is_none() {
            findings.push(
                Finding::refused(
                    Code::AnimationNotAccepted,
                    format!(
                        "{} takes no animated picture, and a still would lose {} frames",
                        rules.name,
                        sniffed.frames.unwrap_or(0)
                    ),
                )
                .observed("frames", sniffed.frames.unwrap_or(0))
                .help("allow a still of its first frame (--allow-still), or send a short video"),
            );
            return None;
        }
        findings.push(finding);
        return Some(Need::Transcode);
    }
    // What is refused for itself is no better inside an archive.
    let is_bad = findings
        .iter()
        .any(|finding| finding.outcome == Outcome::Refused);
    let has_picture =
        content_type == ContentType::Pdf && rules.accepts(ContentType::Jpeg).is_some() && !is_bad;
    if has_picture && choices.page_renderer.is_some() {
        findings.push(finding);
        return Some(Need::Transcode);
    }
    let takes_zip = rules.accepts(ContentType::Zip).is_some() && !is_bad;
    if choices.wrap_in_zip && takes_zip {
        findings.push(finding);
        return Some(Need::Wrap);
    }
    let takes = |rules: &Rules| {
        let rule = rules.accepts(content_type);
        rule.is_some_and(|rule| part_limit(rule, rules).get() >= sniffed.bytes)
    };
    let others: Vec<&str> = Provider::ALL
        .iter()
        .filter(|provider| !is_bad && takes(provider.rules()))
        .map(|provider| provider.name())
        .collect();
    let mut help = if accepted.is_empty() {
        format!("{} takes nothing of this kind", rules.name)
    } else {
        format!("convert it to {}", accepted.join(", "))
    };
    if takes_zip {
        help.push_str("; or allow it to be wrapped in a zip (--wrap-in-zip)");
    }
    if has_picture {
        help.push_str("; or allow a picture of its first page (--allow-pdf-page)");
    }
    if let Some(feature) = missing_feature(content_type) {
        help.push_str(&format!(
            ", or use a build with the feature `{feature}`, which converts it"
        ));
    }
    if !others.is_empty() {
        help.push_str(&format!("; {} would take it as it is", others.join(", ")));
    }
    if !lack.is_empty() {
        help.push_str(&format!("; or {lack}"));
    }
    findings.push(
        Finding {
            outcome: Outcome::Refused,
            ..finding
        }
        .help(help),
    );
    None
}

/// Whether the fitting stage can decode the type.
pub(crate) const fn is_decodable(content_type: ContentType) -> bool {
    match content_type {
        ContentType::Jpeg
        | ContentType::Png
        | ContentType::Gif
        | ContentType::WebP
        | ContentType::Bmp
        | ContentType::Tiff
        | ContentType::Ico
        // The preview that the camera put into it.
        | ContentType::CameraRaw => true,
        ContentType::Heic | ContentType::Heif => cfg!(feature = "heic"),
        ContentType::Avif => cfg!(feature = "avif"),
        ContentType::JpegXl => cfg!(feature = "jxl"),
        ContentType::Svg => cfg!(feature = "svg"),
        _ => false,
    }
}

/// The cargo feature that this build lacks to decode the type; `None` where no feature would.
const fn missing_feature(content_type: ContentType) -> Option<&'static str> {
    match content_type {
        ContentType::Heic | ContentType::Heif if !cfg!(feature = "heic") => Some("heic"),
        ContentType::Avif if !cfg!(feature = "avif") => Some("avif"),
        ContentType::JpegXl if !cfg!(feature = "jxl") => Some("jxl"),
        ContentType::Svg if !cfg!(feature = "svg") => Some("svg"),
        _ => None,
    }
}
