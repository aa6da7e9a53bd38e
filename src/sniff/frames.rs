//! Sound that is a row of frames: MP3, AAC in ADTS, AMR. Frames have to follow each other to the end.

use super::Corrupt;
use super::bytes::{array, be16, be32, find, from, head, slice, u8_at};
use crate::code::Code;
use crate::content_type::ContentType;
use crate::report::Finding;
use crate::sniff::{Sniffed, Track, TrackKind};

/// Frame headers that have to agree before their sync bits are believed.
const AGREEING: usize = 3;

/// One frame: bytes, samples, samples a second, and the bits that have to stay the same.
struct Frame {
    len: usize,
    samples: u64,
    rate: u64,
    /// 0 where the header leaves it to what follows.
    channels: u16,
    identity: u32,
}

/// Whether frames of MPEG audio start here: several in a row, or as many as there are.
pub(super) fn is_mpeg_audio(bytes: &[u8]) -> bool {
    agree(bytes, mpeg)
}

/// Whether frames of ADTS start here.
pub(super) fn is_adts(bytes: &[u8]) -> bool {
    agree(bytes, adts)
}

/// Where an `ID3v2` tag ends (`ID3v2.4` 3.1); 0 where there is none.
pub(super) fn id3_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    for _ in 0..4 {
        let tag = from(bytes, at);
        if !tag.starts_with(b"ID3") {
            break;
        }
        let Some(size) = be32(tag, 6).filter(|size| size & 0x8080_8080 == 0) else {
            break;
        };
        let size =
            size & 0x7F | size >> 1 & 0x3F80 | size >> 2 & 0x1F_C000 | size >> 3 & 0xFE0_0000;
        // A footer has ten bytes more.
        at += 10
            + size as usize
            + if u8_at(tag, 5).is_some_and(|flags| flags & 0x10 != 0) {
                10
            } else {
                0
            };
    }
    at
}

fn agree(bytes: &[u8], parse: fn(&[u8]) -> Option<Frame>) -> bool {
    let mut at = 0;
    let mut identity = None;
    for seen in 0..AGREEING {
        let rest = from(bytes, at);
        // A short clip may end before the third frame.
        if rest.is_empty() || rest.starts_with(b"TAG") {
            return seen >= 2;
        }
        let Some(frame) = parse(rest) else {
            return false;
        };
        if identity.is_some_and(|identity| identity != frame.identity) {
            return false;
        }
        identity = Some(frame.identity);
        at += frame.len;
    }
    true
}

/// ISO/IEC 11172-3 2.4.1.3 and 13818-3.
fn mpeg(bytes: &[u8]) -> Option<Frame> {
    const RATES: [u64; 3] = [44_100, 48_000, 32_000];
    const V1_L1: [u64; 15] = [
        0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
    ];
    const V1_L2: [u64; 15] = [
        0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
    ];
    const V1_L3: [u64; 15] = [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ];
    const V2_L1: [u64; 15] = [
        0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
    ];
    const V2_L23: [u64; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let header = be32(bytes, 0)?;
    if header >> 21 != 0x7FF {
        return None;
    }
    let version = header >> 19 & 3;
    let layer = header >> 17 & 3;
    let shift = match version {
        3 => 0,
        2 => 1,
        0 => 2,
        _ => return None,
    };
    let rate = RATES.get((header >> 10 & 3) as usize)? >> shift;
    let index = (header >> 12 & 15) as usize;
    let kbps = *match (version, layer) {
        (3, 3) => &V1_L1,
        (3, 2) => &V1_L2,
        (3, 1) => &V1_L3,
        (_, 3) => &V2_L1,
        (_, 1 | 2) => &V2_L23,
        _ => return None,
    }
    .get(index)
    .filter(|&&kbps| kbps > 0)?;
    let padding = u64::from(header >> 9 & 1);
    let (samples, len) = match (version, layer) {
        (_, 3) => (384, (12_000 * kbps / rate + padding) * 4),
        (3, _) | (_, 2) => (1_152, 144_000 * kbps / rate + padding),
        _ => (576, 72_000 * kbps / rate + padding),
    };
    // Version, layer and rate stay; bit rate, padding and mode may change.
    Some(Frame {
        len: usize::try_from(len).ok()?,
        samples,
        rate,
        channels: if header >> 6 & 3 == 3 { 1 } else { 2 },
        identity: header & 0xFFFE_0C00,
    })
}

/// Codec, samples a second, channels and bits a second of the frame of MPEG audio that starts here.
pub(super) fn mpeg_facts(bytes: &[u8]) -> Option<(&'static str, u32, u16, u64)> {
    let header = be32(bytes, 0)?;
    let frame = mpeg(bytes)?;
    let codec = match header >> 17 & 3 {
        3 => "mp1",
        2 => "mp2",
        _ => "mp3",
    };
    // The length is a whole number of bytes: the rate is that of the table, to the nearest thousand.
    let bits = frame.len as u64 * 8 * frame.rate / frame.samples;
    let rate = (bits + 500) / 1_000 * 1_000;
    Some((codec, u32::try_from(frame.rate).ok()?, frame.channels, rate))
}

/// ISO/IEC 13818-7 6.2.
fn adts(bytes: &[u8]) -> Option<Frame> {
    const RATES: [u64; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ];
    let header: [u8; 7] = array(bytes, 0)?;
    if header[0] != 0xFF || header[1] & 0xF6 != 0xF0 {
        return None;
    }
    let rate = *RATES.get(usize::from(header[2] >> 2 & 15))?;
    let len = usize::from(header[3] & 3) << 11
        | usize::from(header[4]) << 3
        | usize::from(header[5] >> 5);
    if len < 7 {
        return None;
    }
    let blocks = u64::from(header[6] & 3) + 1;
    Some(Frame {
        len,
        samples: 1_024 * blocks,
        rate,
        channels: match u16::from(header[2] & 1) << 2 | u16::from(header[3] >> 6) {
            // 13818-7 table 8: seven is eight channels.
            7 => 8,
            count => count,
        },
        identity: u32::from_be_bytes([0xFF, header[1], header[2] & 0xFD, 0]),
    })
}

/// Proves an MP3.
pub(super) fn probe_mp3(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let start = first_frame(bytes, is_mpeg_audio).ok_or("no row of MPEG audio frames follows")?;
    found.has_metadata |= bytes.starts_with(b"ID3");
    let first = from(bytes, start);
    let codec = match be32(first, 0).map(|header| header >> 17 & 3) {
        Some(3) => "mp1",
        Some(2) => "mp2",
        _ => "mp3",
    };
    let promised = xing_frames(first);
    let frames = walk(bytes, start, mpeg, codec, found);
    if promised.is_some_and(|promised| frames + 2 < u64::from(promised) * 9 / 10) {
        return Err("it is cut: less than nine frames in ten are there".into());
    }
    Ok(())
}

/// Proves an AAC stream in ADTS.
pub(super) fn probe_adts(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let start = first_frame(bytes, is_adts).ok_or("no row of ADTS frames follows")?;
    let profile = u8_at(bytes, start + 2).map_or(0, |byte| byte >> 6) + 1;
    walk(bytes, start, adts, &format!("mp4a.40.{profile}"), found);
    Ok(())
}

/// Behind the tag, or within 64 KiB of padding behind it.
pub(super) fn first_frame(bytes: &[u8], is_row: fn(&[u8]) -> bool) -> Option<usize> {
    let at = id3_len(bytes);
    let window = if at > 0 { 65_536 } else { 4_096 };
    let mut tries = 0;
    for offset in 0..window.min(bytes.len().saturating_sub(at)) {
        let rest = from(bytes, at + offset);
        if rest.first() == Some(&0xFF) {
            tries += 1;
            if is_row(rest) {
                return Some(at + offset);
            }
        } else if at == 0 && rest.first() != Some(&0) {
            // Without a tag only zeros may stand before the first frame.
            return None;
        }
        if tries > 1_000 {
            return None;
        }
    }
    None
}

/// Adds up all frames; what is neither a frame nor a known tag is behind the end.
fn walk(
    bytes: &[u8],
    start: usize,
    parse: fn(&[u8]) -> Option<Frame>,
    codec: &str,
    found: &mut Sniffed,
) -> u64 {
    let (mut at, mut frames, mut samples, mut rate, mut channels) = (start, 0_u64, 0_u64, 1, 0);
    while let Some(frame) = parse(from(bytes, at)) {
        if from(bytes, at).len() < frame.len {
            found
                .findings
                .push(Finding::note(Code::Corrupt, "its last frame is cut"));
            at = bytes.len();
            break;
        }
        at += frame.len;
        frames += 1;
        samples += frame.samples;
        rate = frame.rate;
        channels = channels.max(frame.channels);
    }
    found.duration_ms = Some(samples * 1_000 / rate);
    let track = Track {
        duration_ms: found.duration_ms,
        bit_rate: (at - start)
            .checked_mul(8)
            .and_then(|bits| (bits as u64).checked_mul(rate)?.checked_div(samples)),
        profile: super::codec::aac_profile(codec),
        ..Track::of(TrackKind::Audio, codec)
    };
    found
        .tracks
        .push(track.sampled(u32::try_from(rate).ok(), Some(channels)));
    let rest = from(bytes, at);
    let is_tag = [&b"TAG"[..], b"APETAGEX", b"LYRICSBEGIN", b"ID3", b"3DI"]
        .iter()
        .any(|tag| rest.starts_with(tag));
    found.has_metadata |= is_tag;
    if !rest.is_empty() && !is_tag && rest.iter().any(|&byte| byte != 0) {
        super::trailing::note(rest, "data", found);
    }
    frames
}

/// The number of frames that a Xing or Info header promises; it stands in the first frame, behind the side information.
fn xing_frames(frame: &[u8]) -> Option<u32> {
    let window = head(frame, 200);
    let at = find(window, b"Xing").or_else(|| find(window, b"Info"))?;
    let flags = be32(window, at + 4)?;
    (flags & 1 != 0).then(|| be32(window, at + 8)).flatten()
}

/// Proves an AMR (RFC 4867 5): frames of known types to the end, 20 ms each.
pub(super) fn probe_amr(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    /// Bytes of a frame's speech bits by type (3GPP TS 26.101 table 2, TS 26.201 table 2); 15 is no data.
    const NARROW: [Option<usize>; 16] = [
        Some(12),
        Some(13),
        Some(15),
        Some(17),
        Some(19),
        Some(20),
        Some(26),
        Some(31),
        Some(5),
        None,
        None,
        None,
        None,
        None,
        None,
        Some(0),
    ];
    const WIDE: [Option<usize>; 16] = [
        Some(17),
        Some(23),
        Some(32),
        Some(36),
        Some(40),
        Some(46),
        Some(50),
        Some(58),
        Some(60),
        Some(5),
        None,
        None,
        None,
        None,
        Some(0),
        Some(0),
    ];
    let is_wide = bytes.starts_with(b"#!AMR-WB\n");
    let (mut at, sizes, codec, rate) = if is_wide {
        (9, WIDE, "sawb", 16_000)
    } else {
        (6, NARROW, "samr", 8_000)
    };
    let mut frames = 0_u64;
    let mut good = 0_u64;
    while let Some(header) = u8_at(bytes, at) {
        let size = sizes[usize::from(header >> 3 & 15)].filter(|_| header & 0x83 == 0);
        let Some(size) = size else {
            if frames < 2 {
                return Err("its frames are of no known type".into());
            }
            super::trailing::note(from(bytes, at), "data", found);
            break;
        };
        if slice(bytes, at + 1, size).is_none() {
            found
                .findings
                .push(Finding::note(Code::Corrupt, "its last frame is cut"));
            break;
        }
        // Bit 2 says that the frame arrived undamaged (RFC 4867 4.3.2).
        good += u64::from(header >> 2 & 1);
        at += 1 + size;
        frames += 1;
    }
    if good * 2 < frames {
        return Err("most of its frames are marked as damaged".into());
    }
    if frames == 0 {
        return Err("it has no frame".into());
    }
    found.duration_ms = Some(frames * 20);
    let track = Track {
        duration_ms: found.duration_ms,
        // Fifty frames a second.
        bit_rate: Some(at as u64 * 8 * 50 / frames),
        ..Track::of(TrackKind::Audio, codec)
    };
    found.tracks.push(track.sampled(Some(rate), Some(1)));
    Ok(())
}

/// What stands behind an ID3 tag: MP3 unless ADTS or FLAC says otherwise.
pub(super) fn behind_id3(bytes: &[u8]) -> ContentType {
    let rest = from(bytes, id3_len(bytes));
    if rest.starts_with(b"fLaC") {
        ContentType::Flac
    } else if be16(rest, 0).is_some_and(|sync| sync & 0xFFF6 == 0xFFF0) && is_adts(rest) {
        ContentType::Aac
    } else {
        ContentType::Mp3
    }
}
