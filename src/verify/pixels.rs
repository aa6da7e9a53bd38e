//! Decodes a finished picture to its end, with decoders that are not the engine's.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::content_type::ContentType;
use crate::sniff::Sniffed;

/// Whether every pixel of every frame can be decoded, and the picture has the size that its header says.
///
/// What is no picture, or of a kind that no decoder here reads, passes: its structure was read by sniffing.
///
/// # Errors
///
/// What the decoder said, as a fragment.
pub(crate) fn decodes_whole(bytes: &[u8], sniffed: &Sniffed) -> Result<(), String> {
    let format = match sniffed.content_type {
        Some(ContentType::Jpeg) => return decode_jpeg(bytes, sniffed),
        Some(ContentType::Png) => ImageFormat::Png,
        Some(ContentType::Gif) => ImageFormat::Gif,
        Some(ContentType::WebP) => ImageFormat::WebP,
        Some(ContentType::Bmp) => ImageFormat::Bmp,
        Some(ContentType::Tiff) => ImageFormat::Tiff,
        Some(ContentType::Ico) => ImageFormat::Ico,
        _ => return Ok(()),
    };
    if sniffed.is_animated() && format != ImageFormat::Tiff && format != ImageFormat::Ico {
        return decode_frames(bytes, format, sniffed);
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits());
    let picture = reader.decode().map_err(|fault| fault.to_string())?;
    same_size((picture.width(), picture.height()), sniffed)
}

/// A JPEG is read in the strict mode: a scan that ends early is an error, not a grey half.
fn decode_jpeg(bytes: &[u8], sniffed: &Sniffed) -> Result<(), String> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg);
    reader.limits(limits());
    let picture = reader.decode().map_err(|fault| fault.to_string())?;
    same_size((picture.width(), picture.height()), sniffed)
}

fn decode_frames(bytes: &[u8], format: ImageFormat, sniffed: &Sniffed) -> Result<(), String> {
    let fault = |fault: image::ImageError| fault.to_string();
    let source = Cursor::new(bytes);
    let (size, frames) = match format {
        ImageFormat::Gif => {
            let mut decoder = GifDecoder::new(source).map_err(fault)?;
            decoder.set_limits(limits()).map_err(fault)?;
            (decoder.dimensions(), decoder.into_frames())
        }
        ImageFormat::WebP => {
            let decoder = WebPDecoder::new(source).map_err(fault)?;
            (decoder.dimensions(), decoder.into_frames())
        }
        _ => {
            let decoder = PngDecoder::with_limits(source, limits()).map_err(fault)?;
            (
                decoder.dimensions(),
                decoder.apng().map_err(fault)?.into_frames(),
            )
        }
    };
    same_size(size, sniffed)?;
    // The number of frames was bounded by sniffing; the iterator holds one at a time.
    let mut decoded = 0_u32;
    for frame in frames {
        frame.map_err(fault)?;
        decoded += 1;
    }
    match sniffed.frames {
        Some(promised) if promised != decoded => Err(format!(
            "{decoded} frames where {promised} were found before"
        )),
        _ => Ok(()),
    }
}

fn same_size(decoded: (u32, u32), sniffed: &Sniffed) -> Result<(), String> {
    match (sniffed.width_px, sniffed.height_px) {
        (Some(width), Some(height)) if (width, height) != decoded => Err(format!(
            "{} x {} px where the header says {width} x {height}",
            decoded.0, decoded.1
        )),
        _ => Ok(()),
    }
}

/// The pixels were bounded by sniffing; this is the decoder's own bound on top, never instead.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    limits
}

/// 100 megapixels, the most that sniffing lets through, in four bytes each, and as much again for the decoder.
const MAX_DECODED_BYTES: u64 = 800_000_000;
