//! The first picture of a film as a still, without a program: an HEVC film's first sample is a HEIC picture in all but
//! its boxes, and one of Motion JPEG is a JPEG. H.264 needs a decoder that safe Rust does not have.

use super::boxes::{be16, be32, be64, copy, items, only, put};
use super::entry;

/// A HEIC or a JPEG of the first picture of ISO media; `None` where that takes more than writing boxes.
pub(super) fn first_picture(bytes: &[u8]) -> Option<Vec<u8>> {
    let top = items(bytes)?;
    let moov = items(only(&top, b"moov")?)?;
    moov.iter()
        .filter(|item| &item.name == b"trak")
        .find_map(|item| track_picture(bytes, item.body))
}

fn track_picture(bytes: &[u8], trak: &[u8]) -> Option<Vec<u8>> {
    let trak = items(trak)?;
    let mdia = items(only(&trak, b"mdia")?)?;
    if only(&mdia, b"hdlr")?.get(8..12)? != b"vide" {
        return None;
    }
    let minf = items(only(&mdia, b"minf")?)?;
    let stbl = items(only(&minf, b"stbl")?)?;
    let entries = items(only(&stbl, b"stsd")?.get(8..)?)?;
    let [entry] = entries[..] else {
        return None;
    };
    // 8.6.2: without the table every sample can be decoded alone.
    if only(&stbl, b"stss").is_some_and(|table| be32(table, 8) != Some(1)) {
        return None;
    }
    let sample = first_sample(bytes, only(&stbl, b"stsz")?, &stbl)?;
    let turns = turns(only(&trak, b"tkhd")?)?;
    match &entry.name {
        b"hvc1" | b"hev1" if cfg!(feature = "heic") => heic(entry.body, sample, turns),
        b"jpeg" | b"mjpa" if turns == 0 && sample.starts_with(&[0xFF, 0xD8]) => {
            Some(sample.to_vec())
        }
        _ => None,
    }
}

fn first_sample<'a>(
    bytes: &'a [u8],
    stsz: &[u8],
    stbl: &[super::boxes::Item<'_>],
) -> Option<&'a [u8]> {
    let size = match be32(stsz, 4)? {
        0 => be32(stsz, 12)?,
        size => size,
    };
    let at = match only(stbl, b"stco") {
        Some(table) => u64::from(be32(table, 8)?),
        None => be64(only(stbl, b"co64")?, 8)?,
    };
    let at = usize::try_from(at).ok()?;
    bytes.get(at..at.checked_add(usize::try_from(size).ok()?)?)
}

/// Quarter turns against the clock, out of the matrix of a track header (8.3.2); `None` for any other matrix.
fn turns(tkhd: &[u8]) -> Option<u8> {
    let at = if tkhd.first()? == &1 { 52 } else { 40 };
    const ONE: u32 = 0x1_0000;
    const LESS_ONE: u32 = ONE.wrapping_neg();
    match [at, at + 4, at + 12, at + 16].map(|at| be32(tkhd, at)) {
        [Some(ONE), Some(0), Some(0), Some(ONE)] => Some(0),
        [Some(0), Some(ONE), Some(LESS_ONE), Some(0)] => Some(3),
        [Some(LESS_ONE), Some(0), Some(0), Some(LESS_ONE)] => Some(2),
        [Some(0), Some(LESS_ONE), Some(ONE), Some(0)] => Some(1),
        _ => None,
    }
}

/// A HEIF file of one item (ISO/IEC 23008-12, annex B).
fn heic(entry: &[u8], sample: &[u8], turns: u8) -> Option<Vec<u8>> {
    let (width, height) = (be16(entry, 24)?, be16(entry, 26)?);
    let inner = items(entry.get(entry::VISUAL_BYTES..)?)?;
    let config = inner.iter().find(|item| &item.name == b"hvcC")?;
    let colour = inner.iter().find(|item| &item.name == b"colr");
    let mut properties: Vec<u8> = vec![1, 2];
    let mut held = Vec::new();
    put(&mut held, b"ispe", |out| {
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&u32::from(width).to_be_bytes());
        out.extend_from_slice(&u32::from(height).to_be_bytes());
    });
    copy(&mut held, *config);
    if let Some(colour) = colour {
        entry::put_colour(colour.body, &mut held);
        properties.push(properties.len() as u8 + 1);
    }
    if turns > 0 {
        put(&mut held, b"irot", |out| out.push(turns));
        properties.push(properties.len() as u8 + 1);
    }
    let write = |at: u32| {
        let mut out = Vec::new();
        put(&mut out, b"ftyp", |out| {
            out.extend_from_slice(b"heic\0\0\0\0mif1heic");
        });
        put(&mut out, b"meta", |out| {
            out.extend_from_slice(&[0; 4]);
            put(out, b"hdlr", |out| {
                out.extend_from_slice(b"\0\0\0\0\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0");
            });
            put(out, b"pitm", |out| {
                out.extend_from_slice(&[0, 0, 0, 0, 0, 1]);
            });
            put(out, b"iinf", |out| {
                out.extend_from_slice(&[0, 0, 0, 0, 0, 1]);
                put(out, b"infe", |out| {
                    out.extend_from_slice(b"\x02\0\0\0\0\x01\0\0hvc1\0");
                });
            });
            put(out, b"iloc", |out| {
                // Offsets and lengths of four bytes, no base; one item of one extent.
                out.extend_from_slice(&[0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1]);
                out.extend_from_slice(&at.to_be_bytes());
                // A sample's length was read from four bytes.
                out.extend_from_slice(&(sample.len() as u32).to_be_bytes());
            });
            put(out, b"iprp", |out| {
                put(out, b"ipco", |out| out.extend_from_slice(&held));
                put(out, b"ipma", |out| {
                    out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
                    out.push(properties.len() as u8);
                    // All but the sides are essential.
                    let marked = |&index: &u8| if index == 1 { index } else { index | 0x80 };
                    out.extend(properties.iter().map(marked));
                });
            });
        });
        out
    };
    let start = u32::try_from(write(0).len() + 8).ok()?;
    let mut out = write(start);
    put(&mut out, b"mdat", |out| out.extend_from_slice(sample));
    Some(out)
}
