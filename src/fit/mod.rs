//! `Checked` → `Fitted`: each picture brought under its bytes, looking as good as they allow.

use std::sync::Arc;

use rayon::prelude::*;

use crate::check::{Checked, Need, is_decodable, part_limit};
use crate::choices::{Choices, Stage};
use crate::clip;
use crate::code::Code;
use crate::content_type::{ContentType, Family};
use crate::guard::guarded;
use crate::provider::Rules;
use crate::report::{Action, Finding, Outcome};
use crate::sniff::{self, Sniffed};
use crate::text;
use crate::units::{ByteCount, Pixels};

mod animation;
pub(crate) mod budget;
mod clips;
mod graphics;
mod page;
pub(crate) mod photo;
mod photograph;
mod picture;
mod strip;
mod wrap;

/// Choices of [`fit_image`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FitOptions {
    /// The long side of the screen that the picture is judged for. Default: 1440 px.
    pub view_side: Pixels,
    /// The longest side that the result may have. Default: none.
    pub max_side: Option<Pixels>,
    /// The shortest long side worth sending: below it the picture is refused rather than shrunk. Default: 160 px.
    pub min_side: Pixels,
    /// The types that the result may have. Default: JPEG, PNG and GIF.
    pub accept: Vec<ContentType>,
    /// Whether an animation may become a still of its first frame. Default: no.
    pub still_allowed: bool,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            view_side: Pixels::new(1440),
            max_side: None,
            min_side: Pixels::new(160),
            accept: vec![ContentType::Jpeg, ContentType::Png, ContentType::Gif],
            still_allowed: false,
        }
    }
}

impl FitOptions {
    /// The same with another view side.
    #[must_use]
    pub fn view_side(mut self, side: Pixels) -> Self {
        self.view_side = side;
        self
    }

    /// The same with a longest side.
    #[must_use]
    pub fn max_side(mut self, side: Pixels) -> Self {
        self.max_side = Some(side);
        self
    }

    /// The same with a still of the first frame allowed, or not.
    #[must_use]
    pub fn allow_still(mut self, allowed: bool) -> Self {
        self.still_allowed = allowed;
        self
    }
}

/// A picture under its limit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FittedImage {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its type.
    pub content_type: ContentType,
    /// Its width.
    pub width_px: u32,
    /// Its height.
    pub height_px: u32,
    /// Its frames: 1 for a still.
    pub frames: u32,
    /// JPEG quality on the usual scale of 1 to 100, where it is a JPEG.
    pub quality: Option<u8>,
    /// Its width over the original's width, both upright.
    pub scale: f64,
    /// Candidate lengths computed.
    pub probes: u32,
    /// Whole encodes made.
    pub encodes: u32,
    /// What was done and what was lost: orientation applied, colours converted, transparency flattened, ….
    pub findings: Vec<Finding>,
}

/// Why a picture could not be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The limit is zero.
    #[error("the byte limit is zero: nothing fits; give a size such as 500KB")]
    ZeroLimit,
    /// The bytes are no picture that can be decoded here.
    #[error("{content_type} cannot be decoded by this build")]
    Unsupported {
        /// What the bytes are.
        content_type: &'static str,
    },
    /// The bytes are damaged, or break a safety limit.
    #[error("{finding}")]
    Refused {
        /// What is wrong, with its code.
        finding: Box<Finding>,
    },
    /// Not even the smallest version worth sending is under the limit.
    #[error(
        "cannot be brought under {limit}: the nearest is {nearest} at {width_px} x {height_px} px"
    )]
    CannotFit {
        /// The limit.
        limit: ByteCount,
        /// The smallest length that was reached.
        nearest: ByteCount,
        /// Width of that version.
        width_px: u32,
        /// Height of that version.
        height_px: u32,
    },
}

impl FitError {
    /// The same as a finding, which says what would have to give.
    #[must_use]
    pub fn into_finding(self) -> Finding {
        match self {
            Self::Refused { finding } => *finding,
            Self::CannotFit {
                limit,
                nearest,
                width_px,
                height_px,
            } => Finding::refused(
                Code::CannotBeFitted,
                format!(
                    "not under {limit}: the nearest is {nearest} at {width_px} x {height_px} px"
                ),
            )
            .observed("bytes", nearest.get())
            .observed("width_px", width_px)
            .observed("height_px", height_px)
            .allowed("bytes", limit.get())
            .help(format!("allow {nearest}")),
            Self::ZeroLimit | Self::Unsupported { .. } => {
                Finding::refused(Code::TypeNotAccepted, self.to_string())
                    .help("convert it to JPEG, PNG or GIF")
            }
        }
    }
}

/// Brings one picture under `max` bytes: the hot path by itself, without provider rules.
///
/// A picture that is under the limit already, upright, and of an accepted type is returned byte for byte, less the place
/// where it was taken. What stays of its type is never longer than its source, but for pictures of a few pixels.
///
/// # Errors
///
/// [`FitError`]: not a picture, damaged, or not to be fitted; the nearest reachable size is named.
///
/// # Examples
///
/// ```
/// use mmsfit::{ByteCount, FitOptions, fit_image};
///
/// let photo = include_bytes!("../../fixtures/photos/small.jpg");
/// let fitted = fit_image(photo, ByteCount::new(20_000), &FitOptions::default())?;
/// assert!(fitted.bytes.len() <= 20_000);
/// # Ok::<(), mmsfit::FitError>(())
/// ```
pub fn fit_image(
    bytes: &[u8],
    max: ByteCount,
    options: &FitOptions,
) -> Result<FittedImage, FitError> {
    if max.get() == 0 {
        return Err(FitError::ZeroLimit);
    }
    let sniffed = sniff::sniff(bytes);
    if let Some(refused) = sniffed
        .findings
        .iter()
        .find(|finding| finding.outcome == Outcome::Refused)
    {
        return Err(FitError::Refused {
            finding: Box::new(refused.clone()),
        });
    }
    let source = Source {
        bytes,
        sniffed: &sniffed,
    };
    let fitted = guarded(|| Ok(picture::fit_picture(source, max, options)));
    match fitted {
        Ok(fitted) => fitted,
        Err(finding) => Err(FitError::Refused {
            finding: Box::new(finding),
        }),
    }
}

/// What a fitter is told about its source: bytes, and what sniffing proved of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) sniffed: &'a Sniffed,
}

/// Bytes that are within their limit: there is no other way to make one.
#[derive(Clone, Debug)]
pub(crate) struct Fitted {
    bytes: Arc<[u8]>,
    content_type: ContentType,
    /// What was done, as the report calls it; `None` for an original kept as it is.
    pub(crate) action: Option<&'static str>,
    pub(crate) findings: Vec<Finding>,
    limit: ByteCount,
}

impl Fitted {
    /// The bytes, if they are within the limit.
    pub(crate) fn within(
        bytes: Arc<[u8]>,
        content_type: ContentType,
        limit: ByteCount,
    ) -> Result<Self, Finding> {
        if ByteCount::of(&bytes) > limit {
            return Err(Finding::refused(
                Code::InternalFault,
                format!(
                    "a fitted part has {}, {limit} allowed",
                    ByteCount::of(&bytes)
                ),
            )
            .help("please report it"));
        }
        Ok(Self {
            bytes,
            content_type,
            action: None,
            findings: Vec::new(),
            limit,
        })
    }

    pub(crate) fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    pub(crate) fn content_type(&self) -> ContentType {
        self.content_type
    }

    pub(crate) fn limit(&self) -> ByteCount {
        self.limit
    }
}

/// Fits every part within its own limit. Order and bytes do not depend on the number of threads.
///
/// What the parts leave of the budget that they share goes, once, to the picture that filled its share best: it is the
/// one that could use more.
pub(crate) fn fit_all(
    checked: &[Checked],
    limits: &[ByteCount],
    rules: &Rules,
    choices: &Choices,
) -> Vec<Result<Fitted, Finding>> {
    let mut fitted: Vec<Result<Fitted, Finding>> = checked
        .par_iter()
        .zip(limits)
        .enumerate()
        .map(|(at, (checked, &limit))| {
            let fitted = guarded(|| fit_part(checked, limit, rules, choices));
            choices.tell(at, Stage::Fitted);
            fitted
        })
        .collect();
    if let Some((at, limit)) = budget::left_over(checked, &fitted, limits, rules, choices) {
        // The first fit stays if the second is no longer: a share that buys nothing is not worth another look.
        if let Ok(again) = guarded(|| fit_part(&checked[at], limit, rules, choices)) {
            let longer = fitted[at]
                .as_ref()
                .is_ok_and(|first| again.bytes.len() > first.bytes.len());
            if longer {
                fitted[at] = Ok(again);
            }
        }
    }
    fitted
}

/// The smallest intervention that meets the needs: none, a strip, or a picture made anew.
fn fit_part(
    checked: &Checked,
    limit: ByteCount,
    rules: &Rules,
    choices: &Choices,
) -> Result<Fitted, Finding> {
    let content_type = checked.sniffed.content_type.ok_or_else(|| {
        Finding::refused(
            Code::TypeNotRecognised,
            "a part without a type reached the fitting stage",
        )
    })?;
    if checked.needs.is_empty() {
        return Fitted::within(Arc::clone(&checked.bytes), content_type, limit);
    }
    choices.in_time()?;
    if checked.needs.contains(&Need::Wrap) {
        return wrap::wrap(checked, limit);
    }
    if clip::is_clip(content_type) {
        return clips::fit_clip(checked, content_type, limit, rules, choices);
    }
    if checked.needs == [Need::Strip]
        && let Some(stripped) = strip::strip(&checked.bytes, &checked.sniffed)
        && ByteCount::of(&stripped) <= limit
    {
        let fitted = Fitted::within(stripped.into(), content_type, limit)?;
        return Ok(Fitted {
            action: Some("stripped"),
            ..fitted
        });
    }
    if content_type == ContentType::Pdf
        && checked.needs.contains(&Need::Transcode)
        && let Some(renderer) = &choices.page_renderer
    {
        return page::first_page(checked, renderer, limit, rules, choices);
    }
    if is_text(content_type) {
        return rewrite(checked, content_type, limit, choices);
    }
    if !is_decodable(content_type) {
        return Err(Finding::refused(
            Code::TypeNotAccepted,
            format!("{content_type} cannot be changed by this build"),
        )
        .help("send it as it is, without what stands in the way"));
    }
    let source = Source {
        bytes: &checked.bytes,
        sniffed: &checked.sniffed,
    };
    // Asked to shrink for the others' sake, and given room enough.
    if checked.needs == [Need::Shrink] && ByteCount::of(&checked.bytes) <= limit {
        return Fitted::within(Arc::clone(&checked.bytes), content_type, limit);
    }
    let options = options_for(checked, rules, choices);
    let grown = checked.needs.contains(&Need::Transcode);
    let make = |limit| {
        picture::make_within(source, limit, grown, &options).map_err(|why| {
            let mut finding = why.into_finding();
            if let (Code::CannotBeFitted, Some(help)) = (finding.code, &mut finding.help) {
                help.push_str("; beside other pictures, send fewer in one message");
                if checked.sniffed.is_animated() && !options.still_allowed {
                    help.push_str("; or allow a still of its first frame (--allow-still)");
                }
            }
            finding
        })
    };
    let mut image = make(limit)?;
    // It may have become another type than the limit is for.
    let own_limit = rules
        .accepts(image.content_type)
        .map_or(limit, |rule| part_limit(rule, rules));
    if ByteCount::of(&image.bytes) > own_limit {
        image = make(limit.min(own_limit))?;
    }
    let action = picture::action(&image, content_type);
    let fitted = Fitted::within(image.bytes.into(), image.content_type, limit)?;
    Ok(Fitted {
        action: Some(action),
        findings: image.findings,
        ..fitted
    })
}

const fn is_text(content_type: ContentType) -> bool {
    matches!(
        content_type.family(),
        Family::Contact | Family::Calendar | Family::Text
    )
}

/// A text written anew, the pictures inside it brought under what the text leaves of the limit.
fn rewrite(
    checked: &Checked,
    content_type: ContentType,
    limit: ByteCount,
    choices: &Choices,
) -> Result<Fitted, Finding> {
    let options = FitOptions {
        view_side: choices.view_side,
        // The picture of a contact is shown small, and every phone takes a JPEG.
        accept: vec![ContentType::Jpeg],
        still_allowed: true,
        ..FitOptions::default()
    };
    let mut picture = |bytes: &[u8], most: u64| {
        let sniffed = sniff::sniff(bytes);
        let source = Source {
            bytes,
            sniffed: &sniffed,
        };
        picture::make_anew(source, ByteCount::new(most), &options)
            .map(|image| (image.bytes, image.content_type))
            .map_err(FitError::into_finding)
    };
    let rewritten = text::rewrite(&checked.bytes, content_type, limit.get(), &mut picture)?;
    // What was damaged text may be whole markup once its letters are known: then it is neither.
    let found = sniff::sniff(&rewritten.bytes).content_type;
    if let Some(other) = found.filter(|&other| other != content_type) {
        return Err(Finding::refused(
            Code::AmbiguousType,
            format!("written in UTF-8 it would be taken for {other}"),
        )
        .help("open it in an editor of its own type and save it again"));
    }
    let fitted = Fitted::within(rewritten.bytes.into(), content_type, limit)?;
    Ok(Fitted {
        action: Some("rewritten"),
        findings: rewritten.findings,
        ..fitted
    })
}

fn options_for(checked: &Checked, rules: &Rules, choices: &Choices) -> FitOptions {
    let stated = rules.max_long_side.value();
    let max_side = choices.max_side.map_or(stated, |chosen| chosen.min(stated));
    FitOptions {
        view_side: choices.view_side,
        max_side: Some(max_side),
        accept: rules.types.iter().map(|rule| rule.content_type).collect(),
        still_allowed: choices.still_allowed && checked.sniffed.is_animated(),
        ..FitOptions::default()
    }
}

/// Turns what was asked for into what was done.
pub(crate) fn settle(
    findings: &mut Vec<Finding>,
    fitted: Fitted,
    before_bytes: u64,
    after_bytes: u64,
) {
    let Some(kind) = fitted.action else {
        // Nothing was done: what was asked for the others' sake they could do without.
        findings.retain(|finding| {
            finding.outcome != Outcome::Fixable || finding.code != Code::MessageOverLimit
        });
        return;
    };
    for finding in findings
        .iter_mut()
        .filter(|finding| finding.outcome == Outcome::Fixable)
    {
        finding.outcome = Outcome::Fixed;
        finding.action = Some(Action {
            kind,
            before_bytes,
            after_bytes,
        });
    }
    // What the fitter notes is said once, also where the check has asked for it.
    let new = fitted
        .findings
        .into_iter()
        .filter(|finding| !findings.iter().any(|known| known.code == finding.code));
    let new: Vec<Finding> = new.collect();
    findings.extend(new);
}
