//! What bytes are, and what was made of them.

use serde::Serialize;

use crate::bundle::PartFacts;
use crate::fit::FittedImage;
use crate::sniff::TrackKind;

/// The facts found in the bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sniffed {
    /// The type; `null` where nothing known matches.
    pub content_type: Option<String>,
    /// The usual extension of the type.
    pub extension: Option<String>,
    /// The length.
    pub bytes: u64,
    /// Width as stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_px: Option<u32>,
    /// Height as stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_px: Option<u32>,
    /// Frames of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    /// Duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// EXIF orientation, where it is not 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orientation: Option<u8>,
    /// The turn that a video asks for, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_degrees: Option<u16>,
    /// Colour model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    /// Bits a channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bit_depth: Option<u8>,
    /// Whether a colour profile is embedded.
    pub has_icc_profile: bool,
    /// Whether any pixel can be transparent.
    pub has_alpha: bool,
    /// Whether location data was seen.
    pub has_location: bool,
    /// Whether other metadata was seen.
    pub has_metadata: bool,
    /// Whether content credentials were seen.
    pub has_content_credentials: bool,
    /// Tracks of a container.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tracks: Vec<Track>,
    /// Entries of an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<u32>,
    /// Bytes behind the format's own end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trailing_bytes: Option<u64>,
    /// A word that the format has for its own kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// One track of a container.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Track {
    /// `video`, `audio` or `other`.
    pub kind: &'static str,
    /// The codec's own name.
    pub codec: String,
    /// Width of a video track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_px: Option<u32>,
    /// Height of a video track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_px: Option<u32>,
    /// Duration of the track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The codec's profile by its usual name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<&'static str>,
    /// The codec's level as its header writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// Frames a second, on average, to a thousandth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
    /// Bits a second, on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bit_rate: Option<u64>,
    /// Samples a second of a sound track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate_hz: Option<u32>,
    /// Channels of a sound track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<u16>,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Output {
    /// Where it was written; left out where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The type.
    pub content_type: String,
    /// The length.
    pub bytes: u64,
    /// Width of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_px: Option<u32>,
    /// Height of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_px: Option<u32>,
    /// Frames of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

/// What `fit` adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// JPEG quality, where it is a JPEG made by us.
    pub quality: Option<u8>,
    /// Width over the original's width.
    pub scale: f64,
    /// Candidate lengths computed.
    pub probes: u32,
    /// Whole encodes made.
    pub encodes: u32,
}

impl From<&crate::sniff::Sniffed> for Sniffed {
    fn from(found: &crate::sniff::Sniffed) -> Self {
        Self {
            content_type: found.content_type.map(|kind| kind.mime().to_owned()),
            extension: found.content_type.map(|kind| kind.extension().to_owned()),
            bytes: found.bytes,
            width_px: found.width_px,
            height_px: found.height_px,
            frames: found.frames,
            duration_ms: found.duration_ms,
            orientation: (found.orientation != 1).then_some(found.orientation),
            rotation_degrees: (found.rotation_degrees != 0).then_some(found.rotation_degrees),
            colour: found.colour.map(str::to_owned),
            bit_depth: found.bit_depth,
            has_icc_profile: found.icc_profile.is_some(),
            has_alpha: found.has_alpha,
            has_location: found.has_location,
            has_metadata: found.has_metadata,
            has_content_credentials: found.has_content_credentials,
            tracks: found.tracks.iter().map(Track::from).collect(),
            entries: found.entries,
            trailing_bytes: (found.trailing_bytes != 0).then_some(found.trailing_bytes),
            variant: found.variant.clone(),
        }
    }
}

impl From<&crate::sniff::Track> for Track {
    fn from(track: &crate::sniff::Track) -> Self {
        Self {
            kind: match track.kind {
                TrackKind::Video => "video",
                TrackKind::Audio => "audio",
                TrackKind::Other => "other",
            },
            codec: track.codec.clone(),
            width_px: track.width_px,
            height_px: track.height_px,
            duration_ms: track.duration_ms,
            profile: track.profile,
            level: track.level,
            frame_rate: track
                .frame_rate
                .map(|rate| (rate * 1_000.0).round() / 1_000.0),
            bit_rate: track.bit_rate,
            sample_rate_hz: track.sample_rate_hz,
            channels: track.channels,
        }
    }
}

impl From<&PartFacts> for Output {
    fn from(facts: &PartFacts) -> Self {
        Self {
            path: None,
            content_type: facts.content_type.mime().to_owned(),
            bytes: facts.bytes,
            width_px: facts.width_px,
            height_px: facts.height_px,
            frames: facts.frames,
            sha256: facts.sha256.clone(),
        }
    }
}

impl From<&FittedImage> for Output {
    fn from(image: &FittedImage) -> Self {
        Self {
            path: None,
            content_type: image.content_type.mime().to_owned(),
            bytes: image.bytes.len() as u64,
            width_px: Some(image.width_px),
            height_px: Some(image.height_px),
            frames: Some(image.frames),
            sha256: crate::bundle::sha256_hex(&image.bytes),
        }
    }
}

impl From<&FittedImage> for Fit {
    fn from(image: &FittedImage) -> Self {
        Self {
            quality: image.quality,
            scale: image.scale,
            probes: image.probes,
            encodes: image.encodes,
        }
    }
}
