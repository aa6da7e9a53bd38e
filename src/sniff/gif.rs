//! GIF (87a, 89a): a walk over its blocks.

use super::bytes::{from, le16, slice, u8_at};
use super::{Corrupt, exif, limits, trailing};
use crate::code::Code;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Proves a GIF: a screen, at least one whole frame, and a trailer.
pub(super) fn probe(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let side = |at| le16(bytes, at).map(u32::from).ok_or("the header is cut");
    let (width, height) = (side(6)?, side(8)?);
    let flags = u8_at(bytes, 10).ok_or("the header is cut")?;
    found.width_px = Some(width).filter(|&side| side > 0);
    found.height_px = Some(height).filter(|&side| side > 0);
    found.colour = Some("palette");
    found.bit_depth = Some(8);
    found.variant = bytes
        .get(3..6)
        .map(|version| String::from_utf8_lossy(version).into_owned());
    let mut at = 13 + table_len(flags);
    let mut frames = 0_u32;
    let mut duration_ms = 0_u64;
    let canvas = u64::from(width) * u64::from(height);
    let (mut largest, mut drawn) = (0_u64, 0_u64);
    let mut blocks = 0;
    let mut has_xmp = false;
    loop {
        blocks += 1;
        if blocks > limits::MAX_ITEMS {
            found
                .findings
                .push(limits::too_many("blocks", limits::MAX_ITEMS));
            return Ok(());
        }
        match u8_at(bytes, at) {
            // Trailer (`GIF89a` 27).
            Some(0x3B) => {
                at += 1;
                break;
            }
            Some(0x21) => {
                let label = u8_at(bytes, at + 1).ok_or("an extension is cut")?;
                match label {
                    // Graphic control (23): flags, delay in hundredths.
                    0xF9 => {
                        found.has_alpha |=
                            u8_at(bytes, at + 3).ok_or("an extension is cut")? & 1 == 1;
                        duration_ms +=
                            u64::from(le16(bytes, at + 4).ok_or("an extension is cut")?) * 10;
                    }
                    0xFE => {
                        found.has_metadata = true;
                        let text = slice(
                            bytes,
                            at + 3,
                            usize::from(u8_at(bytes, at + 2).unwrap_or(0)),
                        );
                        found.has_location |= text.is_some_and(super::places::said::tells);
                    }
                    0xFF if !has_xmp && slice(bytes, at + 3, 11) == Some(b"XMP DataXMP") => {
                        has_xmp = true;
                        // The packet is not cut into sub-blocks: it is looked for in the raw bytes.
                        let rest = from(bytes, at);
                        let end = super::bytes::find(rest, b"<?xpacket end")
                            .unwrap_or(rest.len().min(65_536));
                        exif::read_xmp(super::bytes::head(rest, end), found);
                    }
                    _ => {}
                }
                at = skip_blocks(bytes, at + 2)?;
            }
            // Image descriptor (20): left, top, width, height, flags; then the code size and the data.
            Some(0x2C) => {
                let frame_width = le16(bytes, at + 5).ok_or("a frame header is cut")?;
                let frame_height = le16(bytes, at + 7).ok_or("a frame header is cut")?;
                if frame_width == 0 || frame_height == 0 {
                    return Err("a frame's side is 0 px".into());
                }
                // A frame may be larger than the screen, and is decoded whole before it is cut.
                let frame = u64::from(frame_width) * u64::from(frame_height);
                largest = largest.max(frame);
                drawn += frame.max(canvas);
                let flags = u8_at(bytes, at + 9).ok_or("a frame header is cut")?;
                at += 10 + table_len(flags);
                let code_size = u8_at(bytes, at).ok_or("a frame is cut")?;
                if !(1..=11).contains(&code_size) || matches!(u8_at(bytes, at + 1), None | Some(0))
                {
                    return Err("a frame has no image data".into());
                }
                at = skip_blocks(bytes, at + 1)?;
                frames += 1;
                // A screen of 0 px takes its size from the first frame, as browsers do.
                if frames == 1 && (width == 0 || height == 0) {
                    found.width_px = Some(frame_width.into());
                    found.height_px = Some(frame_height.into());
                }
            }
            None if frames > 0 => {
                found.findings.push(Finding::note(
                    Code::Corrupt,
                    "the trailer is missing; all frames are whole",
                ));
                break;
            }
            None => return Err("it is cut before its first frame".into()),
            // Some writers leave zeros between blocks.
            Some(0) if frames > 0 => at += 1,
            Some(_) => return Err("there is no block where one has to be".into()),
        }
    }
    if frames == 0 {
        return Err("it has no frame".into());
    }
    if largest > canvas {
        limits::charge_frames(largest, drawn, frames, found);
    }
    found.frames = Some(frames);
    found.duration_ms = (frames > 1).then_some(duration_ms);
    let rest = from(bytes, at);
    if !rest.is_empty() {
        trailing::note(rest, "data", found);
    }
    Ok(())
}

/// Bytes of a colour table (`GIF89a` 19, 21).
const fn table_len(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 7) + 1)
    }
}

/// Skips data sub-blocks (`GIF89a` 15) to behind their terminator.
fn skip_blocks(bytes: &[u8], mut at: usize) -> Result<usize, Corrupt> {
    loop {
        match u8_at(bytes, at).ok_or("a data block is cut")? {
            0 => return Ok(at + 1),
            len => at += 1 + usize::from(len),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::code::Code;
    use crate::sniff::sniff;

    /// A screen of one pixel with frames of these sides; the data need not decode to be walked.
    fn of_frames(side: u16, count: usize) -> Vec<u8> {
        let mut bytes = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xFF\xFF\xFF".to_vec();
        for _ in 0..count {
            bytes.extend(b",\x00\x00\x00\x00");
            bytes.extend(side.to_le_bytes());
            bytes.extend(side.to_le_bytes());
            bytes.extend(b"\x00\x02\x02\x44\x01\x00");
        }
        bytes.push(b';');
        bytes
    }

    fn codes(bytes: &[u8]) -> Vec<Code> {
        let found = sniff(bytes);
        found.findings.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn frames_are_charged_by_their_own_size_where_it_is_over_the_screens() {
        assert_eq!(codes(&of_frames(14_000, 1)), [Code::DecodedSizeOverLimit]);
        assert_eq!(codes(&of_frames(9_000, 7)), [Code::WorkOverLimit]);
        assert_eq!(codes(&of_frames(9_000, 1)), []);
        assert_eq!(codes(&of_frames(1, 7)), []);
    }
}
