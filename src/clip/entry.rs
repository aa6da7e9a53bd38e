//! Sample descriptions: what `QuickTime` adds to them is taken away, what a decoder needs stays.

use super::boxes::{be16, be32, copy, items, only, put};

/// Bytes of a `VisualSampleEntry` before its boxes (ISO/IEC 14496-12 12.1.3).
pub(super) const VISUAL_BYTES: usize = 78;
/// Bytes of an `AudioSampleEntry` before its boxes (12.2.3).
const AUDIO_BYTES: usize = 28;

/// Writes an `stsd` with the one entry of the given one; `None` where no MP4 carries such a codec, or where there are
/// several entries.
pub(super) fn describe(stsd: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let entries = items(stsd.get(8..)?)?;
    let [entry] = entries[..] else {
        return None;
    };
    let mut written = Vec::new();
    match &entry.name {
        b"avc1" | b"avc3" | b"hvc1" | b"hev1" | b"mp4v" | b"s263" => {
            put_visual(entry.name, entry.body, &mut written)?;
        }
        b"mp4a" | b"samr" | b"sawb" => put_audio(entry.name, entry.body, &mut written)?,
        _ => return None,
    }
    put(out, b"stsd", |out| {
        out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
        out.extend_from_slice(&written);
    });
    Some(())
}

fn put_visual(name: [u8; 4], entry: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (header, rest) = entry.split_at_checked(VISUAL_BYTES)?;
    let inner = items(rest)?;
    let needed: &[u8; 4] = match &name {
        b"avc1" | b"avc3" => b"avcC",
        b"hvc1" | b"hev1" => b"hvcC",
        b"mp4v" => b"esds",
        _ => b"d263",
    };
    only(&inner, needed)?;
    let mut fields = header.to_vec();
    // Version, revision and vendor of QuickTime, its qualities and its data size are "pre-defined, 0" here; so is the
    // name of the compressor, which tells the program that was used.
    fields.get_mut(8..24)?.fill(0);
    fields.get_mut(36..40)?.fill(0);
    fields.get_mut(42..74)?.fill(0);
    put(out, &name, |out| {
        out.extend_from_slice(&fields);
        for item in inner {
            match &item.name {
                b"colr" => put_colour(item.body, out),
                b"pasp" | b"clap" | b"btrt" => copy(out, item),
                kept if kept == needed => copy(out, item),
                _ => {}
            }
        }
    });
    Some(())
}

/// `nclc` of `QuickTime` is `nclx` without the range (12.1.5); profiles are kept as they are.
pub(super) fn put_colour(body: &[u8], out: &mut Vec<u8>) {
    put(out, b"colr", |out| match body.split_at_checked(4) {
        Some((b"nclc", codes)) => {
            out.extend_from_slice(b"nclx");
            out.extend_from_slice(codes);
            out.push(0);
        }
        _ => out.extend_from_slice(body),
    });
}

fn put_audio(name: [u8; 4], entry: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let version = be16(entry, 8)?;
    let (channels, rate) = (be16(entry, 16)?, be32(entry, 24)?);
    let rest = match version {
        0 => entry.get(AUDIO_BYTES..)?,
        1 => entry.get(AUDIO_BYTES + 16..)?,
        _ => return None,
    };
    let inner = items(rest)?;
    let needed: &[u8; 4] = if &name == b"mp4a" { b"esds" } else { b"damr" };
    let config = match only(&inner, needed) {
        Some(config) => config,
        // QuickTime keeps it in a box of its own with other settings.
        None => only(&items(only(&inner, b"wave")?)?, needed)?,
    };
    put(out, &name, |out| {
        // Reserved, and the index of the data reference: the only one there is.
        out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&channels.to_be_bytes());
        out.extend_from_slice(&16_u16.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&rate.to_be_bytes());
        put(out, needed, |out| out.extend_from_slice(config));
    });
    Some(())
}
