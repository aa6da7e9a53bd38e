//! Files of several pictures: the first page of a TIFF, the largest size of an icon.

use super::{Limits, Raster, decode_plain};
use crate::code::Code;
use crate::report::Finding;
use crate::sniff::Sniffed;

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

/// The size that sniffing found to be the largest; how many there are is in the header of six bytes.
pub(super) fn decode_ico(
    bytes: &[u8],
    sniffed: &Sniffed,
    limits: &Limits,
) -> Result<(Raster, Vec<Finding>), Finding> {
    let (raster, mut findings) = decode_plain(bytes, sniffed, limits)?;
    let count = bytes
        .get(4..6)
        .map_or(0, |count| u16::from_le_bytes([count[0], count[1]]));
    if count > 1 {
        findings.push(
            Finding::note(
                Code::PartlySent,
                format!(
                    "only the largest of {count} sizes is sent: {} x {} px",
                    raster.width, raster.height
                ),
            )
            .observed("sizes", u32::from(count)),
        );
    }
    Ok((raster, findings))
}
