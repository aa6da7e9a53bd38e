//! `Sniffed` + `Rules` → `Checked`: what stands in the way of sending, and which of it we know how to mend.

mod clips;

use std::sync::Arc;

use crate::attachment::Attachment;
use crate::clip;
use crate::code::Code;
use crate::content_type::{ContentType, Family};
use crate::prepare::Choices;
use crate::provider::{Limit, Measure, Rules, TypeRule};
use crate::report::{Finding, Outcome, PartReport, Provenance, Verdict};
use crate::sniff::{self, Sniffed};
use crate::text;
use crate::units::{ByteCount, Pixels};

/// A change that a check asks for. Each is one that the fitting stage can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// Another type: this one is not accepted, or not as it is.
    Transcode,
    /// Fewer bytes.
    Shrink,
    /// Shorter sides.
    Downscale,
    /// Upright pixels in place of an orientation tag.
    Upright,
    /// Another container around the same samples.
    Rewrap,
    /// Colours that phones show right (CMYK).
    ConvertColour,
    /// Metadata out of the container, pixels untouched.
    Strip,
    /// A text, a contact or a calendar written anew.
    Rewrite,
    /// Inside a zip archive, as it is.
    Wrap,
}

/// One attachment held against the rules: passes as it is, or carries needs that can be met, or is refused.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) input: String,
    pub(crate) name: Option<String>,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) sniffed: Sniffed,
    pub(crate) needs: Vec<Need>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) url: Option<String>,
}

impl Checked {
    pub(crate) fn is_refused(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.outcome == Outcome::Refused)
    }

    /// What is known now, for a caller who only wanted to know.
    pub(crate) fn into_report(self) -> PartReport {
        // What a URL breaks is mended by its bytes, which need nothing themselves.
        let mended =
            |finding: &Finding| matches!(finding.outcome, Outcome::Fixable | Outcome::Fixed);
        let verdict = if self.is_refused() {
            Verdict::Refused
        } else if self.needs.is_empty() && !self.findings.iter().any(mended) {
            Verdict::Passed
        } else {
            Verdict::Fixable
        };
        PartReport {
            input: self.input,
            verdict,
            sniffed: Some(self.sniffed),
            output: None,
            findings: self.findings,
        }
    }
}

/// Holds one attachment's bytes against the rules. Changes nothing.
pub(crate) fn check(
    attachment: &Attachment,
    bytes: Arc<[u8]>,
    rules: &Rules,
    choices: &Choices,
) -> Checked {
    let sniffed = sniff::sniff(&bytes);
    let mut findings = sniffed.findings.clone();
    findings.extend(sniff::hints(
        &sniffed,
        attachment.declared.as_deref(),
        attachment.name(),
    ));
    let mut needs = Vec::new();
    for need in checks(&bytes, &sniffed, rules, choices, &mut findings) {
        if !needs.contains(&need) {
            needs.push(need);
        }
    }
    // A structure that a rewrite mends (bytes behind the end, a missing end marker) asks for that rewrite.
    let mendable = findings
        .iter()
        .any(|finding| finding.outcome == Outcome::Fixable);
    if mendable && needs.is_empty() {
        needs.push(Need::Strip);
    }
    needs.sort_unstable();
    Checked {
        input: attachment.label(),
        name: attachment.name.clone(),
        bytes,
        sniffed,
        needs,
        findings,
        url: None,
    }
}

/// Every check of one part, in the order in which its findings are reported.
fn checks(
    bytes: &[u8],
    sniffed: &Sniffed,
    rules: &Rules,
    choices: &Choices,
    findings: &mut Vec<Finding>,
) -> Vec<Need> {
    let Some(content_type) = sniffed.content_type else {
        return Vec::new(); // Sniffing has refused it: there is nothing to hold against the rules.
    };
    let mut needs = Vec::new();
    #[cfg(feature = "svg")]
    check_drawing(bytes, content_type, rules, findings);
    match rules.accepts(content_type) {
        Some(rule) => {
            needs.extend(check_text(bytes, content_type, findings));
            needs.extend(check_bytes(bytes, sniffed, rule, rules, choices, findings));
            needs.extend(check_colour(sniffed, content_type, findings));
        }
        None if clip::is_clip(content_type) => {
            needs.extend(clips::check_refused_clip(
                bytes, sniffed, rules, choices, findings,
            ));
        }
        None => needs.extend(check_refused_type(
            sniffed,
            content_type,
            rules,
            choices,
            "",
            findings,
        )),
    }
    needs.extend(check_sides(sniffed, rules, choices, findings));
    check_duration(sniffed, rules, findings);
    needs.extend(check_orientation(sniffed, content_type, findings));
    needs.extend(check_location(
        bytes,
        sniffed,
        content_type,
        &needs,
        findings,
    ));
    check_pages(sniffed, &needs, choices, findings);
    check_credentials(sniffed, &needs, findings);
    needs
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
pub(crate) const fn missing_feature(content_type: ContentType) -> Option<&'static str> {
    match content_type {
        ContentType::Heic | ContentType::Heif if !cfg!(feature = "heic") => Some("heic"),
        ContentType::Avif if !cfg!(feature = "avif") => Some("avif"),
        ContentType::JpegXl if !cfg!(feature = "jxl") => Some("jxl"),
        ContentType::Svg if !cfg!(feature = "svg") => Some("svg"),
        _ => None,
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

fn check_bytes(
    whole: &[u8],
    sniffed: &Sniffed,
    rule: &TypeRule,
    rules: &Rules,
    choices: &Choices,
    findings: &mut Vec<Finding>,
) -> Option<Need> {
    let limit = part_limit(rule, rules);
    let carrier = choices.carrier_bytes.unwrap_or(rules.carrier_bytes.value());
    let bytes = ByteCount::new(sniffed.bytes);
    if bytes <= limit {
        if bytes > carrier {
            findings.push(
                Finding::note(
                    Code::AboveCarrierCeiling,
                    format!("{bytes} pass {}'s cap, but carriers usually take {carrier} of a whole message", rules.name),
                )
                .observed("bytes", bytes.get())
                .allowed("bytes", carrier.get())
                .help("prepare it with a lower target if it must reach every phone")
                .source(provenance(&rules.carrier_bytes)),
            );
        }
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

fn check_refused_type(
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
                .help("allow a still of its first frame, or send a short video"),
            );
            return None;
        }
        findings.push(finding);
        return Some(Need::Transcode);
    }
    let is_sound = !findings
        .iter()
        .any(|finding| finding.outcome == Outcome::Refused);
    let has_picture =
        content_type == ContentType::Pdf && rules.accepts(ContentType::Jpeg).is_some() && is_sound;
    if has_picture && choices.page_renderer.is_some() {
        findings.push(finding);
        return Some(Need::Transcode);
    }
    // What is refused for itself is no better inside an archive.
    let takes_zip = rules.accepts(ContentType::Zip).is_some() && is_sound;
    if choices.wrap_in_zip && takes_zip {
        findings.push(finding);
        return Some(Need::Wrap);
    }
    let others: Vec<&str> = crate::provider::Provider::ALL
        .iter()
        .filter(|provider| provider.rules().accepts(content_type).is_some())
        .map(|provider| provider.name())
        .collect();
    let mut help = if accepted.is_empty() {
        format!("{} takes nothing of this kind", rules.name)
    } else {
        format!("convert it to {}", accepted.join(", "))
    };
    if takes_zip {
        help.push_str("; or allow it to be wrapped in a zip");
    }
    if has_picture {
        help.push_str("; or allow a picture of its first page");
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

fn check_text(
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
fn check_drawing(
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

fn check_colour(
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

fn check_sides(
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

fn check_duration(sniffed: &Sniffed, rules: &Rules, findings: &mut Vec<Finding>) {
    let Some(duration_ms) = sniffed.duration_ms else {
        return;
    };
    let limit = rules.max_duration.value();
    let timed = sniffed
        .content_type
        .is_some_and(|kind| matches!(kind.family(), Family::Video | Family::Audio));
    if timed && duration_ms > limit.get() && matches!(rules.max_duration, Limit::Stated(..)) {
        let duration = crate::units::Millis::new(duration_ms);
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

fn check_orientation(
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

fn check_location(
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
        content_type == ContentType::Pdf
            && (needs.contains(&Need::Transcode) || sniff::pdf_without_places(bytes).is_some())
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
fn check_pages(sniffed: &Sniffed, needs: &[Need], choices: &Choices, findings: &mut Vec<Finding>) {
    if needs.is_empty() || !sniffed.has_pages() {
        return;
    }
    let pages = sniffed.frames.unwrap_or(0);
    let message = format!("only the first of its {pages} pages would be left");
    let finding = if choices.still_allowed {
        Finding::warning(Code::AnimationNotAccepted, message)
    } else {
        Finding::refused(Code::AnimationNotAccepted, message)
            .help("send the pages one by one or as a PDF, or allow a still of the first one")
    };
    findings.push(finding.observed("pages", pages));
}

fn check_credentials(sniffed: &Sniffed, needs: &[Need], findings: &mut Vec<Finding>) {
    if sniffed.has_content_credentials && !needs.is_empty() {
        findings.push(Finding::warning(
            Code::ContentCredentials,
            "it carries content credentials (C2PA), which end with any change to the picture",
        ));
    }
}

/// Where a limit comes from, as a finding carries it.
pub(crate) fn provenance<T>(limit: &Limit<T>) -> Provenance {
    match limit {
        Limit::Stated(_, source) => Provenance::from(*source),
        Limit::Assumed { why, .. } => Provenance::assumed(why),
    }
}
