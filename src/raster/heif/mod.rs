//! HEIF (ISO/IEC 23008-12): the primary item, its tiles, its alpha → pixels in sRGB, not yet turned.
//!
//! Sniffing has walked the boxes before: counts are bounded, extents lie inside the file.

mod alpha;
mod colours;
mod grid;
mod rest;
mod shape;
mod tiles;

use heifer_isobmff::HeifFile;

use self::colours::Colours;
use self::shape::{Aperture, aperture, cropped, has_transforms};
use super::{Layout, Limits, Raster};
use crate::code::Code;
use crate::report::Finding;

/// Derived pictures of derived pictures.
const MAX_DEPTH: u32 = 3;

/// Pixels that any file may ask to decode.
const FREE_PIXELS: u64 = 13_000_000;

/// Pixels a byte that a larger picture may ask for. Estimated: photographs need fewer than 60, a clear sky at low
/// quality some 200.
const PIXELS_A_BYTE: u64 = 250;

/// Decodes the primary picture: cropped by its clean aperture, in sRGB, with its alpha; turning is left to the caller.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<(Raster, Vec<Finding>), Finding> {
    let file = HeifFile::parse(bytes).map_err(|fault| match fault {
        heifer_isobmff::Error::MissingBox(name) if name.0 == *b"meta" || name.0 == *b"pitm" => {
            unsupported("it holds a sequence and no still picture")
        }
        fault => corrupt(fault),
    })?;
    let (id, crop) = primary(&file)?;
    let heif = Heif {
        file: &file,
        bytes,
        max_pixels: budget(bytes.len(), limits),
    };
    let mut findings = heif.left_out(id);
    let stored = heif.size(id)?;
    let frame = heif.frame(id)?;
    let colours = Colours {
        to_srgb: heif.conversion(frame.first)?,
    };
    let mut pixels = heif.assemble(&frame, 3, &|planes, width, out| {
        colours.paint(planes, width, out)
    })?;
    if let Some(to_srgb) = &colours.to_srgb {
        findings.push(Finding::note(Code::ColourConverted, to_srgb.told()));
    }
    let mut layout = Layout::Rgb;
    if let Some(alpha) = heif.alpha_of(id)? {
        pixels = heif.with_alpha(&pixels, stored, alpha, id)?;
        layout = Layout::Rgba;
    }
    let raster = Raster {
        width: stored.0,
        height: stored.1,
        layout,
        pixels,
    };
    Ok((cropped(raster, crop)?, findings))
}

/// The most pixels that this file may ask to decode: what its length can account for, up to the limits.
fn budget(len: usize, limits: &Limits) -> u64 {
    (len as u64)
        .saturating_mul(PIXELS_A_BYTE)
        .max(FREE_PIXELS)
        .min(limits.max_pixels)
}

/// The coded picture or grid behind the primary item, and its clean aperture.
fn primary(file: &HeifFile<'_>) -> Result<(u32, Option<Aperture>), Finding> {
    let mut id = file.primary_id;
    if !file.referenced_items(id, b"thmb").is_empty() {
        return Err(corrupt(
            "its primary picture says that it is the thumbnail of another",
        ));
    }
    let crop = aperture(file, id)?;
    for _ in 0..MAX_DEPTH {
        if &file.item(id).map_err(corrupt)?.item_type.0 != b"iden" {
            return Ok((id, crop));
        }
        let [source] = file.referenced_items(id, b"dimg")[..] else {
            return Err(corrupt("a derived picture without exactly one source"));
        };
        id = source;
        if has_transforms(file, id)? {
            return Err(unsupported(
                "a picture derived from a turned or cropped one",
            ));
        }
    }
    Err(corrupt("pictures derived from each other without end"))
}

/// What is decoded: one coded picture, or tiles in rows.
struct Mosaic {
    width: u32,
    height: u32,
    columns: usize,
    tile: (u32, u32),
    tiles: Vec<u32>,
    first: u32,
}

struct Heif<'a> {
    file: &'a HeifFile<'a>,
    bytes: &'a [u8],
    max_pixels: u64,
}

impl Heif<'_> {
    fn size(&self, id: u32) -> Result<(u32, u32), Finding> {
        self.file
            .image_size(id)
            .map_err(corrupt)?
            .filter(|&(width, height)| width > 0 && height > 0)
            .ok_or_else(|| corrupt("a picture without sides (ispe)"))
    }

    fn charge(&self, (width, height): (u32, u32)) -> Result<(), Finding> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels <= self.max_pixels {
            return Ok(());
        }
        Err(Finding::refused(
            Code::DecodedSizeOverLimit,
            format!(
                "{width} x {height} px are more than a file of this length is decoded to: {} px",
                self.max_pixels
            ),
        )
        .observed("pixels", pixels)
        .allowed("pixels", self.max_pixels)
        .help("send a smaller version"))
    }
}

/// Item types that this build decodes.
const fn is_coded(kind: &[u8; 4]) -> bool {
    (cfg!(feature = "heic") && matches!(kind, b"hvc1" | b"hev1"))
        || (cfg!(feature = "avif") && matches!(kind, b"av01"))
}

fn uncoded(kind: &[u8; 4]) -> Finding {
    unsupported(&format!(
        "a picture coded as {}",
        String::from_utf8_lossy(kind).escape_debug()
    ))
}

/// Zeroed bytes, or a finding where the memory is not to be had.
fn room(len: usize) -> Result<Vec<u8>, Finding> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| {
        Finding::refused(
            Code::DecodedSizeOverLimit,
            format!("{len} bytes to decode it are not to be had"),
        )
        .help("send a smaller version")
    })?;
    bytes.resize(len, 0);
    Ok(bytes)
}

fn corrupt(why: impl std::fmt::Display) -> Finding {
    Finding::refused(Code::Corrupt, format!("it does not decode: {why}"))
        .help("open it in a viewer: the upload is damaged or incomplete, ask for it again")
}

fn unsupported(what: &str) -> Finding {
    Finding::refused(
        Code::CodecNotAccepted,
        format!("{what} is not decoded here"),
    )
    .help("save it anew as an ordinary JPEG or PNG")
}
