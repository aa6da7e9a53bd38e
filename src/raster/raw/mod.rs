//! Raw photographs: the JPEG that the camera put beside its sensor's data, found without decoding any of that.

mod canon;
mod tiff;

use super::{Limits, Raster, decode_plain, upright};
use crate::code::Code;
use crate::content_type::ContentType;
use crate::report::{Finding, Outcome};
use crate::sniff::{self, Sniffed};

/// T.81 table B.1.
const SOI: [u8; 2] = [0xFF, 0xD8];

/// Pictures that are looked at, the longest first.
const MAX_CANDIDATES: usize = 4;

/// A preview that is shorter than this on its long side is a thumbnail and no picture.
const LEAST_SIDE_PX: u32 = 320;

/// The largest preview, as it stands in the file.
pub(crate) struct Preview<'a> {
    /// A JPEG.
    pub(crate) bytes: &'a [u8],
    /// What is known of it, with the orientation that the photograph has.
    pub(crate) sniffed: Sniffed,
    /// That it is sent, and the rest is not.
    pub(crate) finding: Finding,
}

/// Finds the largest preview.
///
/// # Errors
///
/// A finding: MMS302 where there is none of use, MMS203 where it is over the limits.
pub(crate) fn preview<'a>(
    bytes: &'a [u8],
    sniffed: &Sniffed,
    limits: &Limits,
) -> Result<Preview<'a>, Finding> {
    let mut places = if bytes.starts_with(b"FUJIFILMCCD-RAW") {
        fuji(bytes).into_iter().collect()
    } else if bytes.get(4..8) == Some(b"ftyp") {
        canon::pictures(bytes)
    } else {
        tiff::pictures(bytes)
    };
    places.sort_unstable_by_key(|&(at, len)| (std::cmp::Reverse(len), at));
    places.dedup();
    let pictures = places.into_iter().filter_map(|(at, len)| {
        let picture = bytes.get(at..at.checked_add(len)?)?;
        picture.starts_with(&SOI).then_some(picture)
    });
    let previews = pictures.take(MAX_CANDIDATES).filter_map(|picture| {
        let found = sniff::sniff(picture);
        let sound = found.content_type == Some(ContentType::Jpeg)
            // What a sensor's data are coded with is JPEG by name, too.
            && found.bit_depth == Some(8)
            && matches!(found.colour, Some("ycbcr" | "rgb" | "gray"))
            && !found.findings.iter().any(|finding| finding.outcome == Outcome::Refused);
        sound.then_some((picture, found))
    });
    let sides = |found: &Sniffed| (found.width_px.unwrap_or(0), found.height_px.unwrap_or(0));
    let best = previews
        .max_by_key(|(_, found)| u64::from(sides(found).0) * u64::from(sides(found).1))
        .filter(|(_, found)| sides(found).0.max(sides(found).1) >= LEAST_SIDE_PX);
    let Some((bytes, mut found)) = best else {
        return Err(Finding::refused(
            Code::CodecNotAccepted,
            "a raw photograph without a preview that is worth sending",
        )
        .help("develop it: export it as a JPEG"));
    };
    let (width, height) = sides(&found);
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.max_pixels {
        return Err(Finding::refused(
            Code::DecodedSizeOverLimit,
            format!(
                "its preview has {pixels} pixels, {} allowed",
                limits.max_pixels
            ),
        ));
    }
    // Only where the photograph says nothing of how it lies is the preview asked.
    if sniffed.orientation != 1 {
        found.orientation = sniffed.orientation;
    }
    let finding = Finding::note(
        Code::PartlySent,
        format!(
            "the camera's own preview of {width} x {height} px is sent: the raw data stay behind"
        ),
    )
    .help("develop it and export a JPEG where the preview is too small or looks different");
    Ok(Preview {
        bytes,
        sniffed: found,
        finding,
    })
}

/// Decodes the largest preview, turned as the photograph says.
pub(super) fn decode(
    bytes: &[u8],
    sniffed: &Sniffed,
    limits: &Limits,
) -> Result<(Raster, Vec<Finding>), Finding> {
    let preview = preview(bytes, sniffed, limits)?;
    let (raster, mut findings) = decode_plain(preview.bytes, &preview.sniffed, limits)?;
    findings.push(preview.finding);
    Ok(upright(raster, preview.sniffed.orientation, findings))
}

/// RAF: offset and length of its JPEG in the fixed header.
fn fuji(bytes: &[u8]) -> Option<(usize, usize)> {
    let number = |at: usize| {
        let four = bytes.get(at..at + 4)?.first_chunk::<4>()?;
        usize::try_from(u32::from_be_bytes(*four)).ok()
    };
    Some((number(84)?, number(88)?))
}
