//! MPEG program and transport streams, and bare MPEG video.

use super::Corrupt;
use super::bytes::{array, be16, be24, be32, find, from, head, u8_at};
use super::h264;
use super::sound::audio;
use crate::sniff::{Sniffed, Track, TrackKind};

/// Bytes that are searched for a sequence header.
const WINDOW: usize = 1 << 20;
/// Bytes of video in a transport stream that are searched for its sides.
const MAX_VIDEO_BYTES: usize = 1 << 16;
/// Packets of a transport stream that are read for its tables.
const MAX_PACKETS: usize = 10_000;

/// Proves a program stream (ISO/IEC 13818-1 2.5, 11172-1 2.4) or bare video (13818-2 6.2.2).
pub(super) fn probe_program(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let first = head(bytes, WINDOW);
    if let Some((width, height)) = sequence(first) {
        (found.width_px, found.height_px) = (Some(width), Some(height));
    }
    let is_pack = bytes.starts_with(&[0, 0, 1, 0xBA]);
    if !is_pack {
        if found.width_px.is_none() || find(first, &[0, 0, 1, 0]).is_none() {
            return Err("no picture follows its sequence header".into());
        }
        found.variant = Some("elementary".to_owned());
        found.tracks.push(video("mpeg", found, first));
        return Ok(());
    }
    // A pack header is followed by a start code: 12 bytes in MPEG-1, 14 and stuffing in MPEG-2.
    let is_second = u8_at(bytes, 4).ok_or("its header is cut")? >> 6 == 1;
    let next = if is_second {
        14 + usize::from(u8_at(bytes, 13).ok_or("its header is cut")? & 7)
    } else {
        12
    };
    if be24(bytes, next) != Some(1) {
        return Err("no packet follows its header".into());
    }
    found.variant = Some(if is_second { "mpeg-2" } else { "mpeg-1" }.to_owned());
    let has_packet = |ids: std::ops::RangeInclusive<u8>| {
        let mut at = 0;
        while let Some(offset) = find(from(first, at), &[0, 0, 1]) {
            at += offset + 3;
            if u8_at(first, at).is_some_and(|id| ids.contains(&id)) {
                return true;
            }
        }
        false
    };
    if has_packet(0xE0..=0xEF) {
        found.tracks.push(video(
            if is_second {
                "mpeg2video"
            } else {
                "mpeg1video"
            },
            found,
            first,
        ));
    }
    if has_packet(0xC0..=0xDF) {
        found.tracks.push(sound(first));
    }
    if found.tracks.is_empty() && !has_packet(0xBD..=0xBD) {
        return Err("it has no packet of video or sound".into());
    }
    let ticks = shown(bytes).or_else(|| {
        let end = clock(bytes, last_pack(bytes)?)?;
        end.checked_sub(clock(bytes, 0)?)
    });
    found.duration_ms = ticks.map(|ticks| ticks / 90).filter(|&ms| ms > 0);
    Ok(())
}

fn video(codec: &str, found: &Sniffed, first: &[u8]) -> Track {
    Track {
        width_px: found.width_px,
        height_px: found.height_px,
        frame_rate: frame_rate(first),
        ..Track::of(TrackKind::Video, codec)
    }
}

/// From the first to the last time at which something is to be shown, and one frame more, in 90 kHz. The system clock
/// starts earlier, by what a decoder has to buffer.
fn shown(bytes: &[u8]) -> Option<u64> {
    let tail = super::bytes::tail(bytes, WINDOW);
    let first = stamps(head(bytes, WINDOW)).min()?;
    let last = stamps(tail).max()?;
    let frame = frame_rate(head(bytes, WINDOW)).map_or(0, |rate| (90_000.0 / rate) as u64);
    last.checked_sub(first)
        .filter(|&ticks| ticks > 0)
        .map(|ticks| ticks + frame)
}

/// Presentation times of the packets of video in a stretch (13818-1 2.4.3.7, 11172-1 2.4.3.3); of sound where there are none.
fn stamps(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += find(from(bytes, at), &[0, 0, 1])? + 3;
            if !u8_at(bytes, at).is_some_and(|id| (0xC0..=0xEF).contains(&id)) {
                continue;
            }
            let header = from(bytes, at + 3);
            if let Some(stamp) = stamp(header) {
                return Some(stamp);
            }
        }
    })
}

/// The presentation time in a packet's header.
fn stamp(header: &[u8]) -> Option<u64> {
    let field = match header.first()? >> 6 {
        2 if u8_at(header, 1)? & 0x80 != 0 => from(header, 3),
        2 => return None,
        // MPEG-1: stuffing, then the size of a buffer, then the time.
        _ => {
            let stuffing = header
                .iter()
                .take(16)
                .take_while(|&&byte| byte == 0xFF)
                .count();
            let rest = from(header, stuffing);
            if rest.first()? >> 6 == 1 {
                from(rest, 2)
            } else {
                rest
            }
        }
    };
    let [a, b, c, d, e]: [u8; 5] = array(field, 0)?;
    if !matches!(a >> 4, 2 | 3) || a & c & e & 1 == 0 {
        return None;
    }
    let [a, b, c, d, e] = [a, b, c, d, e].map(u64::from);
    Some((a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1)
}

/// Frames a second of a sequence header (13818-2 table 6-4).
fn frame_rate(bytes: &[u8]) -> Option<f64> {
    let at = find(bytes, &[0, 0, 1, 0xB3])?;
    Some(match u8_at(bytes, at + 7)? & 15 {
        1 => 24_000.0 / 1_001.0,
        2 => 24.0,
        3 => 25.0,
        4 => 30_000.0 / 1_001.0,
        5 => 30.0,
        6 => 50.0,
        7 => 60_000.0 / 1_001.0,
        8 => 60.0,
        _ => return None,
    })
}

/// The sound of a program stream, as its first frame describes it: packets of stream 0xC0 to 0xDF hold MPEG audio.
fn sound(bytes: &[u8]) -> Track {
    let mut at = 0;
    while let Some(offset) = find(from(bytes, at), &[0, 0, 1]) {
        at += offset + 3;
        if !u8_at(bytes, at).is_some_and(|id| (0xC0..=0xDF).contains(&id)) {
            continue;
        }
        // The frame starts behind a header of a few dozen bytes at most.
        let packet = head(from(bytes, at + 3), 256);
        let frame = packet
            .windows(4)
            .find_map(|window| super::frames::mpeg_facts(window));
        if let Some((codec, rate, channels, bit_rate)) = frame {
            let track = Track {
                bit_rate: Some(bit_rate),
                ..audio(codec, None)
            };
            return track.sampled(Some(rate), Some(channels));
        }
    }
    audio("mp2", None)
}

/// Sides of a sequence header (13818-2 6.2.2.1).
fn sequence(bytes: &[u8]) -> Option<(u32, u32)> {
    let at = find(bytes, &[0, 0, 1, 0xB3])?;
    let sides = be24(bytes, at + 4)?;
    let (width, height) = (sides >> 12, sides & 0xFFF);
    (width > 0 && height > 0).then_some((width, height))
}

fn last_pack(bytes: &[u8]) -> Option<usize> {
    let tail = super::bytes::tail(bytes, WINDOW);
    super::bytes::rfind(tail, &[0, 0, 1, 0xBA]).map(|at| bytes.len() - tail.len() + at)
}

/// The system clock reference of a pack, in 90 kHz (13818-1 2.5.3.3, 11172-1 2.4.3.2).
fn clock(bytes: &[u8], at: usize) -> Option<u64> {
    let [a, b, c, d, e]: [u8; 5] = array(bytes, at + 4)?;
    let [a, b, c, d, e] = [a, b, c, d, e].map(u64::from);
    Some(if a >> 6 == 1 {
        (a >> 3 & 7) << 30
            | (a & 3) << 28
            | b << 20
            | (c >> 3) << 15
            | (c & 3) << 13
            | d << 5
            | e >> 3
    } else {
        (a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1
    })
}

/// The length of a transport stream's packets and where the first sync byte is; `None` where this is none.
pub(super) fn packets(bytes: &[u8]) -> Option<(usize, usize)> {
    // 188 bytes (13818-1 2.4.3.2); 192 with a time stamp before each (Blu-ray, camcorders).
    [(188, 0), (192, 4)].into_iter().find(|&(step, start)| {
        bytes.len() >= 3 * step
            && (0..5)
                .map(|index| start + index * step)
                .take_while(|&at| at < bytes.len())
                .all(|at| bytes[at] == 0x47)
    })
}

/// Proves a transport stream: sync bytes, a program table, and what it lists.
pub(super) fn probe_transport(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let (step, start) = packets(bytes).ok_or("its packets do not follow each other")?;
    let mut program = None;
    let (mut first_clock, mut last_clock) = (None, None);
    let count = (bytes.len() - start) / step;
    // Tables stand at the start; the last clock near the end.
    let wanted = (0..count.min(MAX_PACKETS))
        .chain(count.saturating_sub(MAX_PACKETS).max(MAX_PACKETS)..count);
    for index in wanted {
        let packet = from(bytes, start + index * step);
        let packet = head(packet, 188);
        if packet.first() != Some(&0x47) || packet.len() < 188 {
            return Err("a packet has lost its sync byte".into());
        }
        let header = be16(packet, 1).unwrap_or(0);
        let pid = header & 0x1FFF;
        let control = packet[3];
        let adaptation = if control & 0x20 != 0 {
            usize::from(packet[4]) + 1
        } else {
            0
        };
        if adaptation > 6 && packet[5] & 0x10 != 0 {
            let base =
                be32(packet, 6).map(|base| u64::from(base) << 1 | u64::from(packet[10] >> 7));
            first_clock = first_clock.or(base);
            last_clock = base.or(last_clock);
        }
        if header & 0x4000 == 0 || control & 0x10 == 0 {
            continue;
        }
        let payload = from(packet, 4 + adaptation);
        let section = from(
            payload,
            1 + usize::from(payload.first().copied().unwrap_or(0)),
        );
        if pid == 0 && program.is_none() {
            // Program 0 is the network table.
            program = from(section, 8)
                .chunks_exact(4)
                .find(|entry| be16(entry, 0) != Some(0))
                .and_then(|entry| be16(entry, 2))
                .map(|pid| pid & 0x1FFF);
        } else if Some(pid) == program && found.tracks.is_empty() {
            streams(section, found);
        }
    }
    if found.tracks.is_empty() {
        return Err("it has no program table".into());
    }
    picture_sides(bytes, step, start, found);
    if let (Some(first), Some(last)) = (first_clock, last_clock) {
        found.duration_ms = last
            .checked_sub(first)
            .map(|ticks| ticks / 90)
            .filter(|&ms: &u64| ms > 0);
    }
    found.variant = (step == 192).then(|| "m2ts".to_owned());
    Ok(())
}

/// The sides, from the first packets of whatever stream is video: the tables do not tell them.
fn picture_sides(bytes: &[u8], step: usize, start: usize, found: &mut Sniffed) {
    let Some(track) = found
        .tracks
        .iter_mut()
        .find(|track| track.kind == TrackKind::Video)
    else {
        return;
    };
    let mut stream = Vec::new();
    let mut video = None;
    for packet in from(bytes, start).chunks(step).take(MAX_PACKETS) {
        let header = be16(packet, 1).unwrap_or(0);
        let control = u8_at(packet, 3).unwrap_or(0);
        if control & 0x10 == 0 {
            continue;
        }
        let adaptation = if control & 0x20 != 0 {
            usize::from(u8_at(packet, 4).unwrap_or(0)) + 1
        } else {
            0
        };
        let payload = from(head(packet, 188), 4 + adaptation);
        // A PES packet of video has a stream id of 0xE0 to 0xEF (table 2-22).
        let begins = header & 0x4000 != 0
            && payload.starts_with(&[0, 0, 1])
            && payload.get(3).is_some_and(|id| id & 0xF0 == 0xE0);
        if begins && video.is_none() {
            video = Some(header & 0x1FFF);
        }
        if video == Some(header & 0x1FFF) {
            stream.extend_from_slice(payload);
        }
        if stream.len() > MAX_VIDEO_BYTES {
            break;
        }
    }
    let sides = match track.codec.as_str() {
        "avc1" => h264::sides(&stream),
        "mpeg1video" | "mpeg2video" => sequence(&stream),
        _ => None,
    };
    if let Some((width, height)) = sides {
        (track.width_px, track.height_px) = (Some(width), Some(height));
        (found.width_px, found.height_px) = (Some(width), Some(height));
    }
}

/// The program map (13818-1 2.4.4.8, stream types of table 2-34).
fn streams(section: &[u8], found: &mut Sniffed) {
    let Some(len) = be16(section, 1).map(|len| usize::from(len & 0xFFF)) else {
        return;
    };
    let end = (3 + len).saturating_sub(4).min(section.len());
    let mut at = 12 + usize::from(be16(section, 10).unwrap_or(0) & 0xFFF);
    while at + 5 <= end {
        let codec = match section[at] {
            1 => Some((TrackKind::Video, "mpeg1video")),
            2 => Some((TrackKind::Video, "mpeg2video")),
            0x10 => Some((TrackKind::Video, "mp4v")),
            0x1B => Some((TrackKind::Video, "avc1")),
            0x24 => Some((TrackKind::Video, "hvc1")),
            3 | 4 => Some((TrackKind::Audio, "mp2")),
            0x0F | 0x11 => Some((TrackKind::Audio, "mp4a")),
            0x81 => Some((TrackKind::Audio, "ac3")),
            _ => None,
        };
        let (kind, codec) = codec.unwrap_or((TrackKind::Other, "other"));
        found.tracks.push(Track::of(kind, codec));
        at += 5 + usize::from(be16(section, at + 3).unwrap_or(0) & 0xFFF);
    }
}
