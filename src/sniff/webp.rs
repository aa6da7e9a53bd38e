//! WebP (RFC 9649): the RIFF chunks, simple, extended and animated.

use super::bytes::{from, le16, le24, le32, slice, u8_at};
use super::{Corrupt, exif, limits, trailing};
use crate::sniff::Sniffed;

/// Proves a WebP: a whole RIFF with a bitstream header that agrees with its canvas.
pub(super) fn probe(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let size = le32(bytes, 4)
        .and_then(|size| usize::try_from(size).ok())
        .ok_or("the header is cut")?;
    let end = size.checked_add(8).ok_or("the header is cut")?;
    let Some(body) = bytes.get(12..end) else {
        describe_cut(from(bytes, 12), found);
        return Err("it is shorter than its header says".into());
    };
    let (mut frames, mut duration_ms, mut chunks) = (0_u32, 0_u64, 0_u32);
    let mut has_still = false;
    let mut canvas = None;
    let mut at = 0;
    while at < body.len() {
        chunks += 1;
        if chunks > limits::MAX_ITEMS {
            found
                .findings
                .push(limits::too_many("chunks", limits::MAX_ITEMS));
            return Ok(());
        }
        let (name, data, next) = chunk(body, at)?;
        match &name {
            b"VP8X" => {
                let flags = u8_at(data, 0).ok_or("the extended header is cut")?;
                let width = le24(data, 4).ok_or("the extended header is cut")? + 1;
                let height = le24(data, 7).ok_or("the extended header is cut")? + 1;
                canvas = Some((width, height));
                found.has_alpha |= flags & 0x10 != 0;
                found.variant = Some("extended".to_owned());
            }
            b"VP8 " | b"VP8L" => {
                let (width, height, has_alpha) = bitstream(&name, data)?;
                if canvas.is_some_and(|canvas| canvas != (width, height)) {
                    return Err("the canvas and the picture differ in size".into());
                }
                found.has_alpha |= has_alpha;
                found.variant = Some(
                    if &name == b"VP8L" {
                        "lossless"
                    } else {
                        "lossy"
                    }
                    .to_owned(),
                );
                canvas.get_or_insert((width, height));
                has_still = true;
            }
            b"ALPH" => found.has_alpha = true,
            b"ANMF" => {
                let (width, height) = canvas.ok_or("a frame comes before the canvas")?;
                duration_ms += frame(data, width, height, found)?;
                frames += 1;
            }
            b"ICCP" if data.len() <= limits::MAX_ICC_BYTES => {
                super::keep_profile(data.to_vec(), found);
            }
            b"ICCP" => super::drop_profile(data.len(), found),
            b"EXIF" => exif::read(data, found, true),
            b"XMP " => exif::read_xmp(data, found),
            b"C2PA" => found.has_content_credentials = true,
            _ => {}
        }
        at = next;
    }
    let (width, height) = canvas.ok_or("it has no picture")?;
    if !has_still && frames == 0 {
        return Err("it has no picture".into());
    }
    found.width_px = Some(width);
    found.height_px = Some(height);
    found.colour = Some("rgb");
    found.bit_depth = Some(8);
    found.frames = Some(frames.max(1));
    if frames > 0 {
        found.variant = Some("animated".to_owned());
        found.duration_ms = Some(duration_ms);
    }
    let rest = from(bytes, end);
    if !rest.is_empty() {
        trailing::note(rest, "data", found);
    }
    Ok(())
}

/// What the first chunk of a cut file still tells.
fn describe_cut(body: &[u8], found: &mut Sniffed) {
    let name = super::bytes::array(body, 0).unwrap_or_default();
    if let Ok((width, height, has_alpha)) = bitstream(&name, from(body, 8))
        && matches!(&name, b"VP8 " | b"VP8L")
    {
        found.width_px = Some(width);
        found.height_px = Some(height);
        found.has_alpha = has_alpha;
        found.frames = Some(1);
    }
}

/// One chunk and where the next one starts (RFC 9649 2.3: padded to even).
fn chunk(body: &[u8], at: usize) -> Result<([u8; 4], &[u8], usize), Corrupt> {
    let name = super::bytes::array(body, at).ok_or("a chunk is cut")?;
    let len = le32(body, at + 4)
        .and_then(|len| usize::try_from(len).ok())
        .ok_or("a chunk is cut")?;
    let data = slice(body, at + 8, len).ok_or("a chunk is cut")?;
    Ok((name, data, at + 8 + len + len % 2))
}

/// Width, height and alpha from the start of a bitstream (RFC 6386 9.1; RFC 9649 3.4).
fn bitstream(name: &[u8; 4], data: &[u8]) -> Result<(u32, u32, bool), Corrupt> {
    if name == b"VP8L" {
        if u8_at(data, 0) != Some(0x2F) {
            return Err("the lossless bitstream has no signature".into());
        }
        let bits = le32(data, 1).ok_or("the bitstream is cut")?;
        return Ok((
            (bits & 0x3FFF) + 1,
            (bits >> 14 & 0x3FFF) + 1,
            bits >> 28 & 1 == 1,
        ));
    }
    if u8_at(data, 0).is_none_or(|first| first & 1 == 1)
        || slice(data, 3, 3) != Some(&[0x9D, 0x01, 0x2A])
    {
        return Err("the bitstream does not start with a key frame".into());
    }
    let side = |at| {
        le16(data, at)
            .map(|side| u32::from(side & 0x3FFF))
            .filter(|&side| side > 0)
    };
    match (side(6), side(8)) {
        (Some(width), Some(height)) => Ok((width, height, false)),
        _ => Err("the bitstream is cut, or a side is 0 px".into()),
    }
}

/// ANMF (RFC 9649 2.7.1.1): a frame inside its canvas; its duration.
fn frame(
    data: &[u8],
    canvas_width: u32,
    canvas_height: u32,
    found: &mut Sniffed,
) -> Result<u64, Corrupt> {
    let field = |at| le24(data, at).ok_or("a frame header is cut");
    let (x, y) = (2 * field(0)?, 2 * field(3)?);
    let (width, height, duration) = (field(6)? + 1, field(9)? + 1, field(12)?);
    if x + width > canvas_width || y + height > canvas_height {
        return Err("a frame stands outside the canvas".into());
    }
    let body = from(data, 16);
    let mut at = 0;
    for _ in 0..16 {
        let (name, data, next) = chunk(body, at)?;
        if matches!(&name, b"VP8 " | b"VP8L") {
            let (frame_width, frame_height, has_alpha) = bitstream(&name, data)?;
            if (frame_width, frame_height) != (width, height) {
                return Err("a frame and its picture differ in size".into());
            }
            found.has_alpha |= has_alpha;
            return Ok(duration.into());
        }
        found.has_alpha |= &name == b"ALPH";
        at = next;
    }
    Err("a frame has no picture".into())
}
