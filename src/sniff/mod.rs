//! Bytes → `Sniffed`: the true type, proved from the bytes, and the facts that can be read without decoding.

mod archive;
mod bmff;
mod bmp;
mod bytes;
mod codec;
mod ebml;
mod exif;
mod film;
mod frames;
mod gif;
mod h264;
mod heif;
mod hints;
mod jpeg;
mod jpeg_scan;
mod limits;
mod magic;
mod movie;
mod mpeg;
mod other;
mod pdf;
mod places;
mod png;
mod sound;
mod svg;
mod svg_uses;
mod text;
mod tiff;
mod trailing;
mod webp;

use crate::code::Code;
use crate::content_type::ContentType;
use crate::report::{Finding, Outcome};

pub(crate) use hints::hints;
pub(crate) use places::without_places;
pub(crate) use text::unicode;

/// Finds out what bytes are, and proves it by reading the structure of their header.
///
/// Total: whatever is wrong with the bytes is in [`Sniffed::findings`]. Nothing is decoded, nothing is allocated in
/// proportion to a number in the input, and every loop ends after a fixed number of items.
///
/// # Examples
///
/// ```
/// use mmsfit::{ContentType, sniff::sniff};
///
/// let card = sniff(b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:A. Person\r\nEND:VCARD\r\n");
/// assert_eq!(card.content_type, Some(ContentType::VCard));
/// assert!(card.findings.is_empty());
///
/// let nothing = sniff(b"");
/// assert_eq!(nothing.findings[0].code.to_string(), "MMS001");
/// ```
#[must_use]
pub fn sniff(bytes: &[u8]) -> Sniffed {
    let mut found = Sniffed::of(None, bytes.len() as u64);
    if bytes.is_empty() {
        found
            .findings
            .push(Finding::refused(Code::EmptyAttachment, "it has no bytes"));
        return found;
    }
    let identified = magic::identify(bytes)
        .or_else(|| text::identify(bytes).map(|kind| (kind, text::probe as Probe)))
        .or_else(|| other::inferred(bytes))
        .or_else(|| pdf::is_late(bytes).then_some((ContentType::Pdf, pdf::probe as Probe)));
    let Some((kind, probe)) = identified else {
        found.findings.push(
            Finding::refused(Code::TypeNotRecognised, "its bytes match no known type")
                .help("send it as a picture, a video, sound, a contact card or plain text"),
        );
        return found;
    };
    found.content_type = Some(kind);
    if let Err(Corrupt(why)) = probe(bytes, &mut found) {
        found.findings.push(Finding::refused(Code::Corrupt, why));
    }
    if let Some(kind) = found.content_type {
        found.has_location |= places::says_where(bytes, kind);
    }
    limits::charge(&mut found);
    trailing::polyglots(bytes, &mut found);
    advise(&mut found);
    found
}

/// A refusal says what to do: the place that knows better has said it already.
fn advise(found: &mut Sniffed) {
    let silent = found
        .findings
        .iter_mut()
        .filter(|finding| finding.outcome == Outcome::Refused && finding.help.is_none());
    for finding in silent {
        finding.help = Some(advice(finding.code).to_owned());
    }
}

const fn advice(code: Code) -> &'static str {
    match code {
        Code::EmptyAttachment => "the upload failed or was cancelled: ask for it again",
        Code::AmbiguousType => "open it in an editor of its own type and save it again",
        Code::DecodedSizeOverLimit => "send a smaller version",
        Code::WorkOverLimit => {
            "open it in an editor of its own type and save it again, simpler or smaller"
        }
        Code::HostileArchive => "pack it anew, or send what is in it by itself",
        Code::ActiveContent => "send it without what acts, as a picture, a PDF or plain text",
        Code::CodecNotAccepted => "save it again in an ordinary variant of its type",
        _ => "open it in a viewer: the upload is damaged or incomplete, ask for it again",
    }
}

/// A header probe: proves a type, fills in the facts.
type Probe = fn(&[u8], &mut Sniffed) -> Result<(), Corrupt>;

/// Why bytes are not what their magic says: one clause for the reader.
#[derive(Debug, PartialEq)]
struct Corrupt(String);

impl From<&str> for Corrupt {
    fn from(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl From<String> for Corrupt {
    fn from(why: String) -> Self {
        Self(why)
    }
}

/// Keeps an ICC profile that is one: at most 1 MiB, its signature in place (ICC.1 7.2.9).
fn keep_profile(profile: Vec<u8>, found: &mut Sniffed) {
    if profile.len() > limits::MAX_ICC_BYTES {
        drop_profile(profile.len(), found);
    } else if bytes::slice(&profile, 36, 4) == Some(b"acsp") {
        found.icc_profile = Some(profile);
    } else {
        found.findings.push(Finding::note(
            Code::Corrupt,
            "the colour profile is not one and is ignored",
        ));
    }
}

/// Names a profile that is too large to be kept.
fn drop_profile(len: usize, found: &mut Sniffed) {
    found.findings.push(
        Finding::note(
            Code::DecodedSizeOverLimit,
            format!("the colour profile of {len} bytes is ignored"),
        )
        .observed("profile_bytes", len)
        .allowed("profile_bytes", limits::MAX_ICC_BYTES),
    );
}

/// What the bytes of one attachment are.
///
/// Found from magic bytes and proved by reading the header's structure: never by the extension, never by the declared type.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sniffed {
    /// The type; `None` where nothing known matches.
    pub content_type: Option<ContentType>,
    /// The length.
    pub bytes: u64,
    /// Width as stored, before orientation is applied.
    pub width_px: Option<u32>,
    /// Height as stored, before orientation is applied.
    pub height_px: Option<u32>,
    /// Frames of a picture: 1 for a still. Of a TIFF: its pages.
    pub frames: Option<u32>,
    /// Duration of sound, video or animation.
    pub duration_ms: Option<u64>,
    /// EXIF orientation, 1 to 8; 1 where there is none.
    pub orientation: u8,
    /// Whether any pixel can be transparent.
    pub has_alpha: bool,
    /// Whether location data was seen (GPS in EXIF, XMP, `QuickTime` `©xyz`, …).
    pub has_location: bool,
    /// Whether any other metadata was seen (EXIF, XMP, IPTC, comments).
    pub has_metadata: bool,
    /// Whether content credentials (C2PA) were seen.
    pub has_content_credentials: bool,
    /// The embedded colour profile, where there is one of at most 1 MiB.
    pub icc_profile: Option<Vec<u8>>,
    /// Colour model, such as `ycbcr`, `cmyk`, `ycck`, `rgb`, `gray`, `palette`.
    pub colour: Option<&'static str>,
    /// Clockwise turn that a video's matrix asks for: 0, 90, 180 or 270. Players apply it.
    pub rotation_degrees: u16,
    /// Bits a channel.
    pub bit_depth: Option<u8>,
    /// Tracks of a video or audio container.
    pub tracks: Vec<Track>,
    /// Entries of an archive.
    pub entries: Option<u32>,
    /// Bytes behind the format's own end.
    pub trailing_bytes: u64,
    /// Format-specific word: `progressive`, `baseline`, a brand, `utf-16`, ….
    pub variant: Option<String>,
    /// What sniffing itself found: corrupt structure, polyglot, active content, limits.
    pub findings: Vec<Finding>,
}

/// One track of a container.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Track {
    /// What it carries.
    pub kind: TrackKind,
    /// The codec's own name: `avc1`, `mp4a.40.2`, `samr`, `h263`.
    pub codec: String,
    /// Width of a video track.
    pub width_px: Option<u32>,
    /// Height of a video track.
    pub height_px: Option<u32>,
    /// Duration of the track.
    pub duration_ms: Option<u64>,
    /// The codec's profile by its usual name: `Constrained Baseline`, `High`, `LC`.
    pub profile: Option<&'static str>,
    /// The codec's level as its header writes it: 31 is level 3.1 of H.264, 93 is level 3.1 of H.265.
    pub level: Option<u8>,
    /// Frames a second of a video track, on average over its whole duration.
    pub frame_rate: Option<f64>,
    /// Bits a second, on average; of the samples where the container lists them, else as the container states it.
    pub bit_rate: Option<u64>,
    /// Samples a second of a sound track.
    pub sample_rate_hz: Option<u32>,
    /// Channels of a sound track.
    pub channels: Option<u16>,
}

impl Track {
    /// A track of which nothing else is known yet.
    pub(crate) fn of(kind: TrackKind, codec: impl Into<String>) -> Self {
        Self {
            kind,
            codec: codec.into(),
            width_px: None,
            height_px: None,
            duration_ms: None,
            profile: None,
            level: None,
            frame_rate: None,
            bit_rate: None,
            sample_rate_hz: None,
            channels: None,
        }
    }

    /// The same with a sample rate and a number of channels, where they are not zero.
    pub(crate) fn sampled(self, rate_hz: Option<u32>, channels: Option<u16>) -> Self {
        Self {
            sample_rate_hz: rate_hz.filter(|&rate| rate > 0).or(self.sample_rate_hz),
            channels: channels.filter(|&count| count > 0).or(self.channels),
            ..self
        }
    }
}

/// What a track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrackKind {
    /// Moving pictures.
    Video,
    /// Sound.
    Audio,
    /// Subtitles, metadata, hints.
    Other,
}

impl Sniffed {
    /// A type with nothing else known yet.
    pub(crate) fn of(content_type: Option<ContentType>, bytes: u64) -> Self {
        Self {
            content_type,
            bytes,
            width_px: None,
            height_px: None,
            frames: None,
            duration_ms: None,
            orientation: 1,
            has_alpha: false,
            has_location: false,
            has_metadata: false,
            has_content_credentials: false,
            icc_profile: None,
            colour: None,
            rotation_degrees: 0,
            bit_depth: None,
            tracks: Vec::new(),
            entries: None,
            trailing_bytes: 0,
            variant: None,
            findings: Vec::new(),
        }
    }

    /// Whether it is a TIFF of several pages, of which only the first would be left of any change.
    #[must_use]
    pub fn has_pages(&self) -> bool {
        self.content_type == Some(ContentType::Tiff) && self.frames.is_some_and(|pages| pages > 1)
    }

    /// Whether it is a picture that moves. The pages of a TIFF and the sizes of an icon do not.
    #[must_use]
    pub fn is_animated(&self) -> bool {
        let still = matches!(
            self.content_type,
            Some(ContentType::Tiff | ContentType::Ico)
        );
        !still && self.frames.is_some_and(|frames| frames > 1)
    }
}
