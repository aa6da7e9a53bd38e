//! One photograph under a byte limit: scale, chroma and quality chosen together for the screen that shows it.

mod blocks;
mod choose;
mod guide;
mod load;
mod model;
mod pixels;
mod planes;
mod probe;
mod search;
#[cfg(feature = "bench-internals")]
pub(crate) mod stages;
mod tables;

use crate::jpeg;

/// Where the picture comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PhotoSource<'a> {
    /// A JPEG file.
    Jpeg(&'a [u8]),
    /// Interleaved 8-bit RGB in sRGB, rows top-down without padding.
    Rgb {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Three bytes a pixel.
        pixels: &'a [u8],
    },
    /// 8-bit grey, rows top-down without padding.
    Gray {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// One byte a pixel.
        pixels: &'a [u8],
    },
}

/// Turns interleaved pixels to sRGB: the input has three bytes a pixel (RGB) or four (CMYK, zero is no ink), the output three.
pub(crate) type ToSrgb<'a> = &'a dyn Fn(&[u8], &mut [u8]);

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) struct PhotoOptions<'a> {
    /// The hard ceiling.
    pub(crate) limit_bytes: u64,
    /// Long side of the screen. Default: 1440.
    pub(crate) view_side_px: u32,
    /// Longest side of the result. Default: none.
    pub(crate) max_side_px: Option<u32>,
    /// Long side under which a result is not worth sending. Default: 160.
    pub(crate) min_side_px: u32,
    /// How the source is turned, 1 to 8 as in EXIF. Default: 1.
    pub(crate) orientation: u8,
    /// Colour conversion, where the source is not sRGB. Default: none.
    pub(crate) to_srgb: Option<ToSrgb<'a>>,
    /// Keep chroma at full resolution. Default: no.
    pub(crate) force_444: bool,
    /// Eighths of the source's size and chroma, in place of the choice; for calibration. Default: none.
    pub(crate) forced: Option<(usize, Chroma)>,
    /// What a reader may spend.
    pub(crate) limits: jpeg::Limits,
}

impl PhotoOptions<'_> {
    /// The defaults for a limit.
    pub(crate) fn new(limit_bytes: u64) -> Self {
        Self {
            limit_bytes,
            view_side_px: 1440,
            max_side_px: None,
            min_side_px: 160,
            orientation: 1,
            to_srgb: None,
            force_444: false,
            forced: None,
            limits: jpeg::Limits::default(),
        }
    }
}

/// Resolution of the chroma components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chroma {
    /// As luma (4:4:4).
    Full,
    /// Half of luma's width and height (4:2:0).
    Quarter,
    /// As the source has it, its blocks being kept.
    Kept,
}

impl Chroma {
    /// Luma samples for one of chroma, in each direction.
    pub(crate) fn step(self) -> usize {
        match self {
            Self::Full | Self::Kept => 1,
            Self::Quarter => 2,
        }
    }
}

/// A picture under its limit: upright baseline JFIF.
#[derive(Clone, Debug)]
pub(crate) struct FittedPhoto {
    /// The file.
    pub(crate) bytes: Vec<u8>,
    /// Its width.
    pub(crate) width_px: u32,
    /// Its height.
    pub(crate) height_px: u32,
    /// The usual quality number nearest to its tables.
    pub(crate) quality: u8,
    /// Its long side over the source's.
    pub(crate) scale: f64,
    /// Its chroma.
    #[cfg_attr(
        not(feature = "bench-internals"),
        expect(dead_code, reason = "read by the benchmarks")
    )]
    pub(crate) chroma: Chroma,
    /// Candidate lengths computed, on samples and on the whole.
    pub(crate) probes: u32,
    /// Whole encodes made.
    pub(crate) encodes: u32,
    /// What the reader tolerated.
    pub(crate) notes: jpeg::Notes,
}

/// Why there is no fitted picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PhotoError {
    /// The source JPEG cannot be read.
    #[error(transparent)]
    Jpeg(#[from] jpeg::Error),
    /// CMYK, and no conversion was given.
    #[error("a CMYK picture needs a colour conversion")]
    NeedsConversion,
    /// The pixels given are not width × height.
    #[error("pixel data does not match the dimensions")]
    WrongPixelLength,
    /// Not even the smallest version worth sending is under the limit.
    #[error(
        "cannot be fitted: the nearest is {nearest_bytes} bytes at {at_width_px} x {at_height_px} px"
    )]
    CannotFit {
        /// The least length reached.
        nearest_bytes: u64,
        /// At this width.
        at_width_px: u32,
        /// At this height.
        at_height_px: u32,
    },
}

/// Makes the best JPEG of at most `limit_bytes`.
///
/// # Errors
///
/// [`PhotoError`]: an unreadable source, or a limit that nothing worth sending meets.
pub(crate) fn fit_photo(
    source: PhotoSource<'_>,
    options: &PhotoOptions<'_>,
) -> Result<FittedPhoto, PhotoError> {
    let mut nearest = match fit_once(source, options) {
        Err(PhotoError::CannotFit {
            nearest_bytes,
            at_width_px,
            at_height_px,
        }) => (nearest_bytes, at_width_px, at_height_px),
        other => return other,
    };
    // What is named as reachable has been reached: the search at that limit is made, and if it ends elsewhere, believed.
    for _ in 0..MOST_PROOFS {
        let there = PhotoOptions {
            limit_bytes: nearest.0,
            ..*options
        };
        match fit_once(source, &there) {
            Err(PhotoError::CannotFit {
                nearest_bytes,
                at_width_px,
                at_height_px,
            }) => nearest = (nearest_bytes, at_width_px, at_height_px),
            Ok(_) => break,
            other => return other,
        }
    }
    Err(PhotoError::CannotFit {
        nearest_bytes: nearest.0,
        at_width_px: nearest.1,
        at_height_px: nearest.2,
    })
}

/// How often a nearest size is put to the proof.
const MOST_PROOFS: u32 = 4;

fn fit_once(
    source: PhotoSource<'_>,
    options: &PhotoOptions<'_>,
) -> Result<FittedPhoto, PhotoError> {
    let loaded = load::load(source, options)?;
    search::fit(loaded, options)
}

/// Visible error over bytes, at each of `points`, from a sample of the picture: bytes that cannot be reached are left out.
///
/// # Errors
///
/// [`PhotoError`]: an unreadable source.
pub(crate) fn photo_curve(
    source: PhotoSource<'_>,
    options: &PhotoOptions<'_>,
    points: &[u64],
) -> Result<Vec<(u64, f64)>, PhotoError> {
    let loaded = load::load(source, options)?;
    Ok(search::curve(&loaded, options, points))
}
