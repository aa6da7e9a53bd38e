//! Decodes a finished picture to its end, with decoders that are not the engine's; originals by the letter as well.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::content_type::ContentType;
use crate::jpeg;
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
        Some(ContentType::Jpeg) => ImageFormat::Jpeg,
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

/// Whether an original JPEG is whole by the letter of T.81: what passes untouched is what the recipient's viewer gets.
///
/// The library decoders fill a damaged scan with grey and call it a picture. What every viewer shows right all the same
/// passes: a missing end marker behind a whole picture, bytes behind the end, a density of zero, stray bytes between
/// segments.
///
/// # Errors
///
/// What is wrong, as a fragment.
pub(crate) fn jpeg_is_whole(bytes: &[u8]) -> Result<(), String> {
    let read = jpeg::decode(bytes, &STRICT);
    read.map(|_| ()).map_err(|fault| fault.to_string())
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

/// The work that sniffing lets through, and coefficients for 100 megapixels in 4:2:0.
const STRICT: jpeg::Limits = jpeg::Limits {
    max_pixels: 100_000_000,
    max_scans: 100,
    max_block_visits: 100_000_000,
    max_segments: 20_000,
    max_coefficient_bytes: 300 << 20,
    least_coefficient_bytes: 300 << 20,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sniff::sniff;

    const SMALL: &[u8] = include_bytes!("../../fixtures/photos/small.jpg");

    /// Where the first scan's entropy-coded data starts.
    fn scan_start(bytes: &[u8]) -> usize {
        let at = bytes
            .windows(2)
            .position(|pair| pair == [0xFF, 0xDA])
            .expect("it has a scan");
        at + 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]))
    }

    #[test]
    fn faults_that_every_viewer_mends_pass() {
        let end = SMALL.len() - 2;
        let stray = [&SMALL[..end], &[0; 16], &SMALL[end..]].concat();
        let mut flat = SMALL.to_vec();
        let jfif = flat
            .windows(5)
            .position(|five| five == b"JFIF\0")
            .expect("it has a JFIF header");
        flat[jfif + 7..jfif + 12].copy_from_slice(&[9, 0, 0, 0, 0]);
        for (bytes, what) in [
            (SMALL.to_vec(), "whole"),
            (SMALL[..end].to_vec(), "no end marker"),
            ([SMALL, b"more"].concat(), "bytes behind the end"),
            (stray, "padding in front of the end marker"),
            (flat, "a density of zero in an unknown unit"),
        ] {
            assert_eq!(jpeg_is_whole(&bytes), Ok(()), "{what}");
            assert_eq!(decodes_whole(&bytes, &sniff(&bytes)), Ok(()), "{what}");
        }
    }

    #[test]
    fn the_fixtures_with_a_wrong_bit_and_a_cut_scan_do_not_pass() {
        for damaged in [
            &include_bytes!("../../fixtures/traps/bit_flipped.jpg")[..],
            include_bytes!("../../fixtures/traps/truncated.jpg"),
            include_bytes!("../../fixtures/photos/arithmetic.jpg"),
        ] {
            assert!(jpeg_is_whole(damaged).is_err());
        }
        let whole = include_bytes!("../../fixtures/traps/missing_eoi.jpg");
        assert_eq!(jpeg_is_whole(whole), Ok(()));
    }

    #[test]
    fn a_scan_that_is_cut_anywhere_and_closed_again_does_not_pass() {
        let start = scan_start(SMALL);
        for cut in (start..SMALL.len() - 8).step_by(997) {
            let closed = [&SMALL[..cut], &[0xFF, 0xD9]].concat();
            assert!(jpeg_is_whole(&closed).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_wrong_bit_that_puts_the_reader_out_of_step_is_seen() {
        let start = scan_start(SMALL);
        let (mut seen, mut tried) = (0, 0);
        for at in (start..SMALL.len() - 2).step_by(1_499) {
            let mut bent = SMALL.to_vec();
            bent[at] ^= 0x10;
            // A marker made by the bend is a fault of another kind.
            if bent[at] == 0xFF || bent[at - 1] == 0xFF {
                continue;
            }
            tried += 1;
            seen += u32::from(jpeg_is_whole(&bent).is_err());
        }
        // Measured: 31 of 104. The rest changes a coefficient's value and nothing else, and JPEG has no checksum.
        assert!(tried > 80 && seen * 4 > tried, "{seen} of {tried}");
    }
}
