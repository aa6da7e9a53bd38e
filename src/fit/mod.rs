//! `Checked` → `Fitted`: one picture brought under its bytes, looking as good as they allow.

use crate::content_type::ContentType;
use crate::report::Finding;
use crate::sniff::Sniffed;
use crate::units::{ByteCount, Pixels};

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

/// What a fitter is told about its source: bytes, and what sniffing proved of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) sniffed: &'a Sniffed,
}
