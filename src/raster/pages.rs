//! Files of several pictures: the first page of a TIFF, the largest size of an icon.

use super::{Limits, Raster, decode_plain};
use crate::code::Code;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Sizes of one icon: a browser's has seven.
const MAX_SIZES: usize = 256;

/// The first page; what stays behind is named.
pub(super) fn decode_tiff(
    bytes: &[u8],
    sniffed: &Sniffed,
    limits: &Limits,
) -> Result<(Raster, Vec<Finding>), Finding> {
    let (raster, mut findings) = decode_plain(bytes, sniffed, limits)?;
    if let Some(pages) = sniffed.frames.filter(|&pages| pages > 1) {
        findings.push(
            Finding::note(
                Code::PartlySent,
                format!("only the first of {pages} pages is sent"),
            )
            .observed("pages", pages)
            .help("send the other pages as pictures of their own"),
        );
    }
    Ok((raster, findings))
}

/// The size with the most pixels, of several the one with the most colours.
///
/// An icon is an index (6 bytes, then 16 a size: width, height, where 0 is 256, …, bits at 6, length at 8, offset at 12)
/// in front of its pictures. The decoder is handed an icon of the one size only, so that none is chosen but this.
pub(super) fn decode_ico(
    bytes: &[u8],
    sniffed: &Sniffed,
    limits: &Limits,
) -> Result<(Raster, Vec<Finding>), Finding> {
    let entries = bytes.get(6..).unwrap_or_default().as_chunks::<16>().0;
    let count = bytes.get(4..6).map_or(0, |count| {
        usize::from(u16::from_le_bytes([count[0], count[1]]))
    });
    let side = |stored: u8| if stored == 0 { 256 } else { u32::from(stored) };
    let best = entries
        .iter()
        .take(count.min(MAX_SIZES))
        .max_by_key(|entry| {
            let bits = u16::from_le_bytes([entry[6], entry[7]]);
            (side(entry[0]) * side(entry[1]), bits)
        });
    let number = |at: &[u8]| usize::try_from(u32::from_le_bytes([at[0], at[1], at[2], at[3]]));
    let picture = best.and_then(|entry| {
        let (length, at) = (number(&entry[8..]).ok()?, number(&entry[12..]).ok()?);
        Some((entry, bytes.get(at..at.checked_add(length)?)?))
    });
    let Some((entry, picture)) = picture else {
        return Err(Finding::refused(
            Code::Corrupt,
            "its largest size lies outside the file",
        ));
    };
    let mut alone = Vec::with_capacity(22 + picture.len());
    alone.extend([0, 0, 1, 0, 1, 0]);
    alone.extend(&entry[..12]);
    alone.extend(22_u32.to_le_bytes());
    alone.extend(picture);
    let (raster, mut findings) = decode_plain(&alone, sniffed, limits)?;
    if count > 1 {
        findings.push(
            Finding::note(
                Code::PartlySent,
                format!(
                    "only the largest of {count} sizes is sent: {} x {} px",
                    raster.width, raster.height
                ),
            )
            .observed("sizes", count),
        );
    }
    Ok((raster, findings))
}
