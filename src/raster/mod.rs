//! Other still formats ↔ pixels, under limits: upright, in sRGB, eight bits a channel.

use std::borrow::Cow;
use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat, ImageReader};

use crate::code::Code;
use crate::content_type::ContentType;
use crate::report::Finding;
use crate::sniff::Sniffed;

#[cfg(feature = "avif")]
mod av1;
mod colour;
mod frames;
#[cfg(any(feature = "heic", feature = "avif", feature = "jxl"))]
mod hdr;
#[cfg(any(feature = "heic", feature = "avif"))]
mod heif;
#[cfg(feature = "heic")]
mod hevc;
mod icon;
#[cfg(feature = "jxl")]
mod jxl;
mod pages;
mod raw;
mod resize;
#[cfg(any(feature = "heic", feature = "avif", feature = "jxl"))]
mod rows;
#[cfg(feature = "svg")]
mod svg;
#[cfg(any(feature = "heic", feature = "avif"))]
mod yuv;

pub(crate) use colour::{Conversion, conversion};
pub(crate) use frames::{Animation, Plays};
pub(crate) use raw::preview as raw_preview;
pub(crate) use resize::resize;

/// What decoding one picture may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most pixels, read from the header before anything is allocated.
    pub(crate) max_pixels: u64,
    /// The most bytes that the decoder may allocate, on top.
    pub(crate) max_alloc: u64,
    /// The long side that a drawing is given when it is turned into pixels.
    #[cfg_attr(
        not(feature = "svg"),
        expect(dead_code, reason = "drawings are not decoded")
    )]
    pub(crate) drawing_side_px: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pixels: 100_000_000,
            max_alloc: 800_000_000,
            drawing_side_px: 1_440,
        }
    }
}

/// How a raster's bytes are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Three bytes a pixel.
    Rgb,
    /// Four bytes a pixel, alpha not multiplied in.
    Rgba,
}

/// Decoded pixels, upright, in sRGB, row by row without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raster {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) layout: Layout,
    pub(crate) pixels: Vec<u8>,
}

impl Raster {
    /// Whether any pixel can be transparent.
    pub(crate) fn has_alpha(&self) -> bool {
        self.layout == Layout::Rgba
    }

    /// The same on a white ground, without alpha.
    pub(crate) fn flattened(&self) -> Cow<'_, Self> {
        if self.layout == Layout::Rgb {
            return Cow::Borrowed(self);
        }
        let over = |&[r, g, b, alpha]: &[u8; 4]| [r, g, b].map(|level| over_white(level, alpha));
        Cow::Owned(Self {
            layout: Layout::Rgb,
            pixels: self
                .pixels
                .as_chunks::<4>()
                .0
                .iter()
                .flat_map(over)
                .collect(),
            ..*self
        })
    }
}

/// Decodes a still (of an animation or several pages: the first), with what was done to it.
///
/// # Errors
///
/// A finding: MMS203 over the limits, MMS301 damaged, MMS302 a variant that no decoder here reads.
pub(crate) fn decode(
    bytes: &[u8],
    sniffed: &Sniffed,
    limits: &Limits,
) -> Result<(Raster, Vec<Finding>), Finding> {
    // Of a raw photograph the preview is decoded, and held to the limits when it is found.
    if sniffed.content_type == Some(ContentType::CameraRaw) {
        return raw::decode(bytes, sniffed, limits);
    }
    let pixels =
        u64::from(sniffed.width_px.unwrap_or(0)) * u64::from(sniffed.height_px.unwrap_or(0));
    if pixels > limits.max_pixels {
        return Err(Finding::refused(
            Code::DecodedSizeOverLimit,
            format!("{pixels} pixels to decode, {} allowed", limits.max_pixels),
        )
        .observed("pixels", pixels)
        .allowed("pixels", limits.max_pixels));
    }
    let (raster, findings) = match sniffed.content_type {
        #[cfg(feature = "heic")]
        Some(ContentType::Heic | ContentType::Heif) => heif::decode(bytes, limits)?,
        #[cfg(feature = "avif")]
        Some(ContentType::Avif) => heif::decode(bytes, limits)?,
        // Its decoder turns the picture as the codestream says; nothing is left to turn.
        #[cfg(feature = "jxl")]
        Some(ContentType::JpegXl) => return jxl::decode(bytes, limits).map(settled),
        #[cfg(feature = "svg")]
        Some(ContentType::Svg) => svg::decode(bytes, limits)?,
        Some(ContentType::Tiff) => pages::decode_tiff(bytes, sniffed, limits)?,
        Some(ContentType::Ico) => pages::decode_ico(bytes, sniffed, limits)?,
        _ => decode_plain(bytes, sniffed, limits)?,
    };
    Ok(upright(opaque_if_so(raster), sniffed.orientation, findings))
}

/// Turned as `orientation` (1 to 8, as in EXIF) says, with a note where that is a turn.
fn upright(raster: Raster, orientation: u8, mut findings: Vec<Finding>) -> (Raster, Vec<Finding>) {
    let turn =
        Orientation::from_exif(orientation).filter(|turn| *turn != Orientation::NoTransforms);
    let Some(turn) = turn else {
        return (raster, findings);
    };
    findings.push(Finding::note(
        Code::OrientationApplied,
        format!("orientation {orientation} was applied to the pixels"),
    ));
    (turned(raster, turn), findings)
}

/// What stands in the way of turning a drawing into pixels, found without drawing it.
///
/// # Errors
///
/// A finding: MMS207 or MMS203 where it is too much work for any reader, MMS301 damaged, MMS302 not drawn here.
#[cfg(feature = "svg")]
pub(crate) fn judge_drawing(bytes: &[u8]) -> Result<(), Finding> {
    svg::judge(bytes, &Limits::default())
}

/// The formats that one family of decoders reads.
fn decode_plain(
    bytes: &[u8],
    sniffed: &Sniffed,
    limits: &Limits,
) -> Result<(Raster, Vec<Finding>), Finding> {
    let format = format_of(sniffed)?;
    let alone = (format == ImageFormat::Ico)
        .then(|| {
            let (width, height) = (sniffed.width_px, sniffed.height_px);
            icon::picture(bytes, width.unwrap_or(0), height.unwrap_or(0))
        })
        .flatten();
    let (bytes, format) = match &alone {
        Some((picture, format)) => (&picture[..], *format),
        None => (bytes, format),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut bound = image::Limits::default();
    bound.max_alloc = Some(limits.max_alloc);
    reader.limits(bound);
    let picture = reader.decode().map_err(|fault| damaged(&fault))?;
    let mut findings = Vec::new();
    let raster = eight_bits(picture, sniffed, &mut findings);
    Ok((raster, findings))
}

/// Whether a picture is a drawing, a screen or a text rather than a photograph: few colours, or large even areas.
///
/// Decided by counting, on a fixed grid, how often a pixel equals its right neighbour exactly: sensors and JPEG never
/// leave such runs, renderers always do.
pub(crate) fn is_graphic(raster: &Raster) -> bool {
    let channels = raster.channels();
    let row = raster.width as usize * channels;
    let (mut even, mut all) = (0_u64, 0_u64);
    for line in raster.pixels.chunks_exact(row.max(1)).step_by(4) {
        for pair in line.chunks_exact(channels * 2) {
            let (left, right) = pair.split_at(channels);
            all += 1;
            even += u64::from(left == right);
        }
    }
    // Measured: photographs lie below 0.25 (clipped skies), renderings above 0.6.
    all > 0 && even * 2 > all
}

impl Raster {
    pub(crate) const fn channels(&self) -> usize {
        match self.layout {
            Layout::Rgb => 3,
            Layout::Rgba => 4,
        }
    }
}

fn format_of(sniffed: &Sniffed) -> Result<ImageFormat, Finding> {
    match sniffed.content_type {
        Some(ContentType::Jpeg) => Ok(ImageFormat::Jpeg),
        Some(ContentType::Png) => Ok(ImageFormat::Png),
        Some(ContentType::Gif) => Ok(ImageFormat::Gif),
        Some(ContentType::WebP) => Ok(ImageFormat::WebP),
        Some(ContentType::Bmp) => Ok(ImageFormat::Bmp),
        Some(ContentType::Tiff) => Ok(ImageFormat::Tiff),
        Some(ContentType::Ico) => Ok(ImageFormat::Ico),
        other => Err(Finding::refused(
            Code::TypeNotAccepted,
            format!(
                "{} cannot be decoded by this build",
                other.map_or("an unknown type", ContentType::mime)
            ),
        )
        .help("convert it to JPEG, PNG or GIF")),
    }
}

/// Eight bits, RGB or RGBA, converted from the profile while the full depth is still there.
fn eight_bits(picture: DynamicImage, sniffed: &Sniffed, findings: &mut Vec<Finding>) -> Raster {
    let alpha = picture.color().has_alpha();
    let (width, height) = (picture.width(), picture.height());
    let profile = sniffed.icc_profile.as_deref();
    if let Some(converted) = profile.and_then(|profile| colour::to_srgb(&picture, profile)) {
        findings.push(Finding::note(
            Code::ColourConverted,
            "colours were converted from the embedded profile to sRGB",
        ));
        return Raster {
            width,
            height,
            layout: if alpha { Layout::Rgba } else { Layout::Rgb },
            pixels: converted,
        };
    }
    let (layout, pixels) = if alpha {
        (Layout::Rgba, picture.into_rgba8().into_raw())
    } else {
        (Layout::Rgb, picture.into_rgb8().into_raw())
    };
    Raster {
        width,
        height,
        layout,
        pixels,
    }
}

#[cfg(feature = "jxl")]
fn settled((raster, findings): (Raster, Vec<Finding>)) -> (Raster, Vec<Finding>) {
    (opaque_if_so(raster), findings)
}

/// An alpha channel that hides nothing is dropped.
fn opaque_if_so(raster: Raster) -> Raster {
    let opaque = raster.layout == Layout::Rgba
        && raster
            .pixels
            .as_chunks::<4>()
            .0
            .iter()
            .all(|pixel| pixel[3] == 255);
    if opaque {
        raster.flattened().into_owned()
    } else {
        raster
    }
}

fn turned(raster: Raster, orientation: Orientation) -> Raster {
    let Raster {
        width,
        height,
        layout,
        pixels,
    } = raster;
    let picture = match layout {
        Layout::Rgb => image::RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
        Layout::Rgba => image::RgbaImage::from_raw(width, height, pixels).map(DynamicImage::from),
    };
    let mut picture = picture.unwrap_or_default();
    picture.apply_orientation(orientation);
    Raster {
        width: picture.width(),
        height: picture.height(),
        layout,
        pixels: picture.into_bytes(),
    }
}

fn over_white(channel: u8, alpha: u8) -> u8 {
    let blended = u32::from(channel) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
    // At most 255 by construction.
    u8::try_from((blended + 127) / 255).unwrap_or(255)
}

fn damaged(fault: &image::ImageError) -> Finding {
    match fault {
        image::ImageError::Limits(_) => Finding::refused(
            Code::DecodedSizeOverLimit,
            format!("it needs more memory than is allowed to decode: {fault}"),
        )
        .help("send a smaller version"),
        image::ImageError::Unsupported(_) => Finding::refused(
            Code::CodecNotAccepted,
            format!("a rare variant that is not decoded here: {fault}"),
        )
        .help("save it anew as an ordinary JPEG or PNG"),
        _ => Finding::refused(Code::Corrupt, format!("it does not decode: {fault}"))
            .help("open it in a viewer: the upload is damaged or incomplete, ask for it again"),
    }
}
