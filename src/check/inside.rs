//! What the bytes hold beside their size and type: faults of texts, colours, turns, places, pages, credentials.

use super::{Need, is_decodable};
use crate::choices::Choices;
use crate::clip;
use crate::code::Code;
use crate::content_type::ContentType;
#[cfg(feature = "svg")]
use crate::provider::Rules;
use crate::report::{Finding, Outcome};
use crate::sniff::{self, Sniffed};
use crate::text;

pub(super) fn check_text(
    bytes: &[u8],
    content_type: ContentType,
    findings: &mut Vec<Finding>,
) -> Option<Need> {
    let faults = text::faults(bytes, content_type);
    let mendable = faults
        .iter()
        .any(|finding| finding.outcome == Outcome::Fixable);
    findings.extend(faults);
    mendable.then_some(Need::Rewrite)
}

/// A drawing that is too much work to draw is so for the phone as well, wherever it is sent as it is.
#[cfg(feature = "svg")]
pub(super) fn check_drawing(
    bytes: &[u8],
    content_type: ContentType,
    rules: &Rules,
    findings: &mut Vec<Finding>,
) {
    let is_refused = findings
        .iter()
        .any(|finding| finding.outcome == Outcome::Refused);
    if content_type != ContentType::Svg || is_refused {
        return;
    }
    let is_taken = rules.accepts(content_type).is_some();
    if let Err(finding) = crate::raster::judge_drawing(bytes) {
        // What only this build cannot draw is no fault of a drawing that need not be drawn.
        if !(is_taken && finding.code == Code::CodecNotAccepted) {
            findings.push(finding);
        }
    }
}

pub(super) fn check_colour(
    sniffed: &Sniffed,
    content_type: ContentType,
    findings: &mut Vec<Finding>,
) -> Option<Need> {
    let colour = sniffed
        .colour
        .filter(|&colour| content_type == ContentType::Jpeg && matches!(colour, "cmyk" | "ycck"))?;
    findings.push(
        Finding::fixable(
            Code::ColourConverted,
            format!("a {colour} JPEG: phones show its colours wrong or not at all"),
        )
        .observed("colour", colour)
        .allowed("colour", "sRGB"),
    );
    Some(Need::ConvertColour)
}

pub(super) fn check_orientation(
    sniffed: &Sniffed,
    content_type: ContentType,
    findings: &mut Vec<Finding>,
) -> Option<Need> {
    if sniffed.orientation == 1 || !is_decodable(content_type) {
        return None;
    }
    findings.push(
        Finding::fixable(
            Code::OrientationApplied,
            format!(
                "stored turned (EXIF orientation {}): many phones ignore the tag",
                sniffed.orientation
            ),
        )
        .observed("orientation", u32::from(sniffed.orientation))
        .allowed("orientation", 1_u32),
    );
    Some(Need::Upright)
}

pub(super) fn check_location(
    bytes: &[u8],
    sniffed: &Sniffed,
    content_type: ContentType,
    needs: &[Need],
    findings: &mut Vec<Finding>,
) -> Option<Need> {
    if !sniffed.has_location {
        return None;
    }
    // What is wrapped goes into the archive as it is, but for what a rewrite takes out.
    let is_made_anew =
        clip::is_clip(content_type) && !needs.is_empty() && !needs.contains(&Need::Wrap);
    let is_rewritten =
        || clip::is_rewritable(content_type) && clip::rewrite(bytes, content_type).is_some();
    let is_blanked = || {
        content_type == ContentType::Pdf && needs.contains(&Need::Transcode)
            || sniff::without_places(bytes, content_type).is_some()
    };
    if !is_decodable(content_type) && !is_made_anew && !is_rewritten() && !is_blanked() {
        findings.push(
            Finding::warning(
                Code::LocationData,
                "it says where it was recorded, and is sent as it is",
            )
            .help("remove the location before sending if the recipient must not know it"),
        );
        return None;
    }
    findings.push(Finding::fixable(
        Code::LocationData,
        "it says where it was taken (GPS position)",
    ));
    Some(Need::Strip)
}

/// A change leaves one page of a TIFF: the others are not dropped in silence.
pub(super) fn check_pages(
    sniffed: &Sniffed,
    needs: &[Need],
    choices: &Choices,
    findings: &mut Vec<Finding>,
) {
    if needs.is_empty() || !sniffed.has_pages() {
        return;
    }
    let pages = sniffed.frames.unwrap_or(0);
    let message = format!("only the first of its {pages} pages would be left");
    let finding = if choices.still_allowed {
        Finding::warning(Code::AnimationNotAccepted, message)
    } else {
        Finding::refused(Code::AnimationNotAccepted, message)
            .help("send the pages one by one or as a PDF, or allow a still of the first one (--allow-still)")
    };
    findings.push(finding.observed("pages", pages));
}

pub(super) fn check_credentials(sniffed: &Sniffed, needs: &[Need], findings: &mut Vec<Finding>) {
    if sniffed.has_content_credentials && !needs.is_empty() {
        findings.push(Finding::warning(
            Code::ContentCredentials,
            "it carries content credentials (C2PA), which end with any change to the picture",
        ));
    }
}
