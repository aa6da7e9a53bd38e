//! Matroska and `WebM` (RFC 8794, RFC 9559): document type, tracks, duration.

use super::Corrupt;
use super::bytes::{array, from, slice, u8_at};
use crate::content_type::ContentType;
use crate::sniff::{Sniffed, Track, TrackKind};

/// Elements that are visited.
const MAX_ELEMENTS: usize = 100_000;

const EBML: u32 = 0x1A45_DFA3;
const DOC_TYPE: u32 = 0x4282;
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_A966;
const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
const DURATION: u32 = 0x4489;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK_ENTRY: u32 = 0xAE;
const TRACK_TYPE: u32 = 0x83;
const CODEC_ID: u32 = 0x86;
const VIDEO: u32 = 0xE0;
const PIXEL_WIDTH: u32 = 0xB0;
const PIXEL_HEIGHT: u32 = 0xBA;
const DEFAULT_DURATION: u32 = 0x23_E383;
const CODEC_PRIVATE: u32 = 0x63A2;
const AUDIO: u32 = 0xE1;
const SAMPLING: u32 = 0xB5;
const CHANNELS: u32 = 0x9F;
const TAGS: u32 = 0x1254_C367;
const CLUSTER: u32 = 0x1F43_B675;

/// One element; `len` is `None` where it is not known (live streams).
struct Element<'a> {
    id: u32,
    body: &'a [u8],
    is_open: bool,
    is_cut: bool,
}

struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
    left: usize,
}

impl<'a> Elements<'a> {
    const fn of(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            left: MAX_ELEMENTS,
        }
    }

    fn first(bytes: &'a [u8], id: u32) -> Option<&'a [u8]> {
        Self::of(bytes)
            .find(|element| element.id == id)
            .map(|element| element.body)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (id, width) = element_id(self.bytes, self.at)?;
        let (len, len_width) = number(self.bytes, self.at + width)?;
        let start = self.at + width + len_width;
        let is_open = len.is_none();
        let end = len.map_or(self.bytes.len(), |len| {
            start.saturating_add(usize::try_from(len).unwrap_or(usize::MAX))
        });
        let body = self.bytes.get(start..end.min(self.bytes.len()))?;
        self.at = end;
        Some(Element {
            id,
            body,
            is_open,
            is_cut: end > self.bytes.len(),
        })
    }
}

/// RFC 8794 5: the marker bit is part of an element's id.
pub(super) fn element_id(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let width = u8_at(bytes, at)?.leading_zeros() as usize + 1;
    if width > 4 {
        return None;
    }
    let id = slice(bytes, at, width)?
        .iter()
        .fold(0, |id, &byte| id << 8 | u32::from(byte));
    Some((id, width))
}

/// RFC 8794 4: a number of 1 to 8 bytes; all ones is "not known".
pub(super) fn number(bytes: &[u8], at: usize) -> Option<(Option<u64>, usize)> {
    let first = u8_at(bytes, at)?;
    let width = first.leading_zeros() as usize + 1;
    if width > 8 {
        return None;
    }
    let bits = slice(bytes, at, width)?
        .iter()
        .fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte));
    let mask = (1_u64 << (7 * width)) - 1;
    let value = bits & mask;
    Some(((value != mask).then_some(value), width))
}

fn unsigned(body: &[u8]) -> Option<u64> {
    (body.len() <= 8).then(|| {
        body.iter()
            .fold(0, |value, &byte| value << 8 | u64::from(byte))
    })
}

fn float(body: &[u8]) -> Option<f64> {
    match body.len() {
        4 => array(body, 0).map(|bytes| f32::from_be_bytes(bytes).into()),
        8 => array(body, 0).map(f64::from_be_bytes),
        _ => None,
    }
}

/// Proves a Matroska or `WebM`: a segment with tracks and at least one cluster.
pub(super) fn probe(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let mut top = Elements::of(bytes);
    let header = top
        .next()
        .filter(|element| element.id == EBML)
        .ok_or("its header is cut")?;
    let kind = Elements::first(header.body, DOC_TYPE).unwrap_or_default();
    let kind = String::from_utf8_lossy(super::bytes::head(kind, 32))
        .trim_end_matches('\0')
        .to_owned();
    let is_webm = match kind.as_str() {
        "webm" => true,
        "matroska" => false,
        _ => {
            found.content_type = None;
            return Err("its document type is neither webm nor matroska".into());
        }
    };
    found.variant = Some(kind);
    let segment = top
        .find(|element| element.id == SEGMENT)
        .ok_or("it has no segment")?;
    let mut is_cut = segment.is_cut;
    let mut clusters = 0;
    for element in Elements::of(segment.body) {
        is_cut |= element.is_cut;
        match element.id {
            INFO => {
                let scale = Elements::first(element.body, TIMESTAMP_SCALE)
                    .and_then(unsigned)
                    .unwrap_or(1_000_000);
                let duration = Elements::first(element.body, DURATION).and_then(float);
                found.duration_ms = duration
                    .map(|duration| duration * scale as f64 / 1e6)
                    .filter(|ms| ms.is_finite() && (0.0..1e15).contains(ms))
                    .map(|ms| ms.round() as u64);
            }
            TRACKS => {
                for entry in Elements::of(element.body)
                    .filter(|entry| entry.id == TRACK_ENTRY)
                    .take(64)
                {
                    found.tracks.push(track(entry.body));
                }
            }
            TAGS => found.has_metadata = true,
            CLUSTER => {
                clusters += 1;
                // A live stream's cluster ends where the next begins; what is in it needs no walk.
                if element.is_open {
                    break;
                }
            }
            _ => {}
        }
    }
    let has_video = found
        .tracks
        .iter()
        .any(|track| track.kind == TrackKind::Video);
    found.content_type = Some(match (is_webm, has_video) {
        (true, true) => ContentType::WebM,
        (true, false) => ContentType::WebMAudio,
        (false, true) => ContentType::Matroska,
        (false, false) => ContentType::MatroskaAudio,
    });
    if let Some(video) = found
        .tracks
        .iter()
        .find(|track| track.kind == TrackKind::Video)
    {
        (found.width_px, found.height_px) = (video.width_px, video.height_px);
    }
    if found.tracks.is_empty() {
        return Err("it has no track".into());
    }
    if clusters == 0 {
        return Err("it has no cluster of media".into());
    }
    if is_cut {
        return Err("it is shorter than its elements say".into());
    }
    let rest = from(bytes, top.at);
    if !rest.is_empty() && !segment.is_open {
        super::trailing::note(rest, "data", found);
    }
    Ok(())
}

fn track(entry: &[u8]) -> Track {
    let kind = match Elements::first(entry, TRACK_TYPE).and_then(unsigned) {
        Some(1) => TrackKind::Video,
        Some(2) => TrackKind::Audio,
        _ => TrackKind::Other,
    };
    let codec = Elements::first(entry, CODEC_ID).unwrap_or_default();
    let video = Elements::first(entry, VIDEO).unwrap_or_default();
    let side = |id| {
        Elements::first(video, id)
            .and_then(unsigned)
            .and_then(|side| u32::try_from(side).ok())
            .filter(|&side| side > 0)
    };
    let codec = String::from_utf8_lossy(super::bytes::head(codec, 64));
    let codec = codec.trim_end_matches('\0');
    let private = Elements::first(entry, CODEC_PRIVATE).unwrap_or_default();
    let mut track = Track {
        width_px: side(PIXEL_WIDTH),
        height_px: side(PIXEL_HEIGHT),
        // Nanoseconds a frame (RFC 9559 5.1.4.1.13).
        frame_rate: Elements::first(entry, DEFAULT_DURATION)
            .and_then(unsigned)
            .filter(|&nanos| nanos > 0 && kind == TrackKind::Video)
            .map(|nanos| 1e9 / nanos as f64),
        ..Track::of(kind, codec)
    };
    match codec {
        "V_MPEG4/ISO/AVC" => super::codec::avc(private, &mut track),
        "V_MPEGH/ISO/HEVC" => super::codec::hevc(private, &mut track),
        "A_AAC" => super::codec::aac(private, &mut track),
        _ => {}
    }
    let audio = Elements::first(entry, AUDIO).unwrap_or_default();
    let rate = Elements::first(audio, SAMPLING)
        .and_then(float)
        .filter(|rate| (1.0..1e7).contains(rate))
        .map(|rate| rate.round() as u32);
    let channels = Elements::first(audio, CHANNELS)
        .and_then(unsigned)
        .and_then(|count| u16::try_from(count).ok());
    track.sampled(rate, channels)
}
