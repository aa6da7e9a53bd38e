//! Older films: AVI, ASF (WMV, WMA), FLV.

use super::Corrupt;
use super::bytes::{array, be24, be32, find, fourcc, from, head, le32, le64, slice, u8_at};
use super::sound::{audio, wave_format};
use crate::content_type::ContentType;
use crate::sniff::{Sniffed, Track, TrackKind};

/// Lists, objects and tags that are visited.
const MAX_STEPS: usize = 10_000;

/// RIFF chunks of a body: name and data, cut ones included.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8], bool)> {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        let name = array(bytes, at)?;
        let len = le32(bytes, at + 4)? as usize;
        let start = at + 8;
        let end = start.saturating_add(len);
        at = end.saturating_add(len & 1);
        Some((
            name,
            bytes.get(start..end.min(bytes.len()))?,
            end > bytes.len(),
        ))
    })
    .take(MAX_STEPS)
}

/// Proves an AVI: a header list, a stream, and the list of its data.
pub(super) fn probe_avi(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let mut micros = 0_u64;
    let mut frames = 0_u64;
    let mut has_data = false;
    for (name, body, is_cut) in chunks(from(bytes, 12)) {
        if &name == b"LIST" && body.starts_with(b"hdrl") {
            for (name, body, _) in chunks(from(body, 4)) {
                if &name == b"avih" {
                    micros = le32(body, 0).unwrap_or(0).into();
                    frames = le32(body, 16).unwrap_or(0).into();
                    found.width_px = le32(body, 32).filter(|&side| side > 0);
                    found.height_px = le32(body, 36).filter(|&side| side > 0);
                } else if &name == b"LIST" && body.starts_with(b"strl") && found.tracks.len() < 64 {
                    found.tracks.push(avi_stream(from(body, 4)));
                }
            }
        } else if &name == b"LIST" && body.starts_with(b"movi") {
            has_data = body.len() > 4;
            if is_cut {
                return Err("it is cut inside its data".into());
            }
        } else if &name == b"LIST" && body.starts_with(b"INFO") {
            found.has_metadata = true;
        }
    }
    if found.tracks.is_empty() {
        return Err("it has no stream".into());
    }
    if !has_data {
        return Err("it has no data (movi)".into());
    }
    found.duration_ms = (frames * micros > 0).then(|| frames * micros / 1_000);
    Ok(())
}

fn avi_stream(list: &[u8]) -> Track {
    let mut header = &[][..];
    let mut format = &[][..];
    for (name, body, _) in chunks(list) {
        match &name {
            b"strh" => header = body,
            b"strf" => format = body,
            _ => {}
        }
    }
    let (scale, rate, len) = (le32(header, 20), le32(header, 24), le32(header, 32));
    let duration_ms = match (scale, rate, len) {
        (Some(scale), Some(rate), Some(len)) if rate > 0 => {
            Some((u128::from(len) * 1_000 * u128::from(scale) / u128::from(rate)) as u64)
        }
        _ => None,
    };
    match array(header, 0) {
        Some([b'v', b'i', b'd', b's']) => Track {
            width_px: le32(format, 4).filter(|&side| side > 0),
            height_px: array(format, 8)
                .map(|side| i32::from_le_bytes(side).unsigned_abs())
                .filter(|&side| side > 0),
            duration_ms,
            frame_rate: match (scale, rate) {
                (Some(scale), Some(rate)) if scale > 0 && rate > 0 => {
                    Some(f64::from(rate) / f64::from(scale))
                }
                _ => None,
            },
            ..Track::of(
                TrackKind::Video,
                array(format, 16).map(fourcc).unwrap_or_default(),
            )
        },
        Some([b'a', b'u', b'd', b's']) => Track {
            duration_ms,
            ..wave_format(format)
        },
        _ => Track {
            duration_ms,
            ..Track::of(TrackKind::Other, "other")
        },
    }
}

// ASF specification 10: object identifiers.
pub(super) const ASF_HEADER: [u8; 16] = [
    0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, 0xA6, 0xD9, 0x00, 0xAA, 0x00, 0x62, 0xCE, 0x6C,
];
const ASF_DATA: [u8; 16] = [
    0x36, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, 0xA6, 0xD9, 0x00, 0xAA, 0x00, 0x62, 0xCE, 0x6C,
];
const ASF_FILE: [u8; 16] = [
    0xA1, 0xDC, 0xAB, 0x8C, 0x47, 0xA9, 0xCF, 0x11, 0x8E, 0xE4, 0x00, 0xC0, 0x0C, 0x20, 0x53, 0x65,
];
const ASF_STREAM: [u8; 16] = [
    0x91, 0x07, 0xDC, 0xB7, 0xB7, 0xA9, 0xCF, 0x11, 0x8E, 0xE6, 0x00, 0xC0, 0x0C, 0x20, 0x53, 0x65,
];
const ASF_CONTENT: [u8; 16] = [
    0x33, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, 0xA6, 0xD9, 0x00, 0xAA, 0x00, 0x62, 0xCE, 0x6C,
];
const ASF_AUDIO: [u8; 16] = [
    0x40, 0x9E, 0x69, 0xF8, 0x4D, 0x5B, 0xCF, 0x11, 0xA8, 0xFD, 0x00, 0x80, 0x5F, 0x5C, 0x44, 0x2B,
];
const ASF_VIDEO: [u8; 16] = [
    0xC0, 0xEF, 0x19, 0xBC, 0x4D, 0x5B, 0xCF, 0x11, 0xA8, 0xFD, 0x00, 0x80, 0x5F, 0x5C, 0x44, 0x2B,
];

/// Proves an ASF: a header with streams, then a data object that is all there.
pub(super) fn probe_asf(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let len = le64(bytes, 16)
        .and_then(|len| usize::try_from(len).ok())
        .ok_or("its header is cut")?;
    let header = bytes.get(30..len).ok_or("its header is cut")?;
    let mut at = 0;
    for _ in 0..MAX_STEPS {
        let (Some(id), Some(size)) = (
            array::<16>(header, at),
            le64(header, at + 16).and_then(|size| usize::try_from(size).ok()),
        ) else {
            break;
        };
        let body = size
            .checked_sub(24)
            .and_then(|size| slice(header, at + 24, size))
            .ok_or("an object is cut")?;
        match id {
            ASF_FILE => {
                let play = le64(body, 40).unwrap_or(0) / 10_000;
                let preroll = le64(body, 56).unwrap_or(0);
                found.duration_ms = Some(play.saturating_sub(preroll)).filter(|&ms| ms > 0);
            }
            ASF_STREAM if found.tracks.len() < 64 => found.tracks.push(asf_stream(body)),
            ASF_CONTENT => found.has_metadata = true,
            _ => {}
        }
        at += size;
    }
    if found.tracks.is_empty() {
        return Err("it has no stream".into());
    }
    if array(bytes, len) != Some(ASF_DATA) {
        return Err("no data follows its header".into());
    }
    let data = le64(bytes, len + 16).ok_or("its data is cut")?;
    if data > 50 && data > (bytes.len() - len) as u64 {
        return Err("it is cut inside its data".into());
    }
    if from(bytes, len + 50).is_empty() {
        return Err("its data is empty".into());
    }
    match found
        .tracks
        .iter()
        .find(|track| track.kind == TrackKind::Video)
    {
        Some(video) => {
            (found.width_px, found.height_px) = (video.width_px, video.height_px);
            found.content_type = Some(ContentType::Wmv);
        }
        None => found.content_type = Some(ContentType::Wma),
    }
    Ok(())
}

/// ASF specification 3.3, 9.1, 9.2.
fn asf_stream(body: &[u8]) -> Track {
    match array(body, 0) {
        Some(ASF_VIDEO) => Track {
            width_px: le32(body, 54),
            height_px: le32(body, 58),
            ..Track::of(
                TrackKind::Video,
                array(body, 54 + 11 + 16).map(fourcc).unwrap_or_default(),
            )
        },
        Some(ASF_AUDIO) => wave_format(from(body, 54)),
        _ => Track::of(TrackKind::Other, "other"),
    }
}

/// Proves an FLV: a header, and tags that point back to each other.
pub(super) fn probe_flv(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let mut at = (be32(bytes, 5).ok_or("its header is cut")? as usize).saturating_add(4);
    let (mut video, mut sound, mut tags, mut last_ms) = (None, None, 0, 0);
    while at < bytes.len() && tags < 1_000_000 {
        let kind = u8_at(bytes, at).ok_or("a tag is cut")?;
        let len = be24(bytes, at + 1).ok_or("a tag is cut")? as usize;
        let body = slice(bytes, at + 11, len).ok_or("a tag is cut")?;
        let time = be24(bytes, at + 4).ok_or("a tag is cut")?
            | u32::from(u8_at(bytes, at + 7).unwrap_or(0)) << 24;
        // Encrypted tags have bit 5 (FLV 10.1 E.4.1).
        match kind & 0x1F {
            8 => sound = sound.or(u8_at(body, 0).map(|byte| byte >> 4)),
            9 => video = video.or(u8_at(body, 0).map(|byte| byte & 15)),
            18 => {
                let number = |name: &[u8]| {
                    let at = find(head(body, 65_536), name)? + name.len();
                    // AMF0: type 0 is a number.
                    (u8_at(body, at) == Some(0))
                        .then(|| array(body, at + 1).map(f64::from_be_bytes))
                        .flatten()
                        .filter(|side| (1.0..65_536.0).contains(side))
                };
                found.width_px = number(b"\0\x05width").map(|side| side as u32);
                found.height_px = number(b"\0\x06height").map(|side| side as u32);
            }
            _ if tags == 0 => return Err("no tag follows its header".into()),
            _ => break,
        }
        if be32(bytes, at + 11 + len).is_some_and(|back| back as usize != len + 11) {
            return Err("its tags do not point back to each other".into());
        }
        last_ms = last_ms.max(time);
        tags += 1;
        at += 11 + len + 4;
    }
    if video.is_none() && sound.is_none() {
        return Err("it has neither video nor sound".into());
    }
    found.duration_ms = Some(last_ms.into()).filter(|&ms| ms > 0);
    if let Some(codec) = video {
        let codec = match codec {
            2 => "h263",
            4 | 5 => "vp6",
            7 => "avc1",
            _ => "unknown",
        };
        found.tracks.push(Track {
            width_px: found.width_px,
            height_px: found.height_px,
            duration_ms: found.duration_ms,
            ..Track::of(TrackKind::Video, codec)
        });
    }
    if let Some(codec) = sound {
        let codec = match codec {
            2 | 14 => "mp3",
            10 => "mp4a",
            0 | 3 => "pcm",
            _ => "unknown",
        };
        found.tracks.push(audio(codec, found.duration_ms));
    }
    Ok(())
}
