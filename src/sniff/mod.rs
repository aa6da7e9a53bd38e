//! Bytes → `Sniffed`: the true type, proved from the bytes, and the facts that can be read without decoding.

use crate::content_type::ContentType;
use crate::report::Finding;

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
    /// Frames of a picture: 1 for a still.
    pub frames: Option<u32>,
    /// Duration of sound, video or animation.
    pub duration_ms: Option<u64>,
    /// EXIF orientation, 1 to 8; 1 where there is none.
    pub orientation: u8,
    /// Whether any pixel can be transparent.
    pub has_alpha: bool,
    /// Whether location data was seen (GPS in EXIF, XMP, QuickTime `©xyz`, …).
    pub has_location: bool,
    /// Whether any other metadata was seen (EXIF, XMP, IPTC, comments).
    pub has_metadata: bool,
    /// Whether content credentials (C2PA) were seen.
    pub has_content_credentials: bool,
    /// The embedded colour profile, where there is one of at most 1 MiB.
    pub icc_profile: Option<Vec<u8>>,
    /// Colour model, such as `ycbcr`, `cmyk`, `ycck`, `rgb`, `gray`, `palette`.
    pub colour: Option<&'static str>,
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
            bit_depth: None,
            tracks: Vec::new(),
            entries: None,
            trailing_bytes: 0,
            variant: None,
            findings: Vec::new(),
        }
    }

    /// Whether it is a picture with more than one frame.
    #[must_use]
    pub fn is_animated(&self) -> bool {
        self.frames.is_some_and(|frames| frames > 1)
    }
}
