//! Sound with a header of its own: FLAC, Ogg, WAV, AIFF, MIDI.

use super::Corrupt;
use super::bytes::{array, be16, be24, be32, be64, from, le16, le32, le64, slice, u8_at};
use super::frames::id3_len;
use crate::content_type::ContentType;
use crate::sniff::{Sniffed, Track, TrackKind};

/// Chunks, blocks or pages that are visited.
const MAX_STEPS: usize = 1_000_000;

pub(super) fn audio(codec: &str, duration_ms: Option<u64>) -> Track {
    Track {
        duration_ms,
        ..Track::of(TrackKind::Audio, codec)
    }
}

/// Proves a FLAC (RFC 9639 8): STREAMINFO first, blocks up to the last, then a frame's sync code.
pub(super) fn probe_flac(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let start = id3_len(bytes);
    let info = slice(bytes, start + 8, 34).ok_or("its stream header is cut")?;
    if u8_at(bytes, start + 4).map(|kind| kind & 0x7F) != Some(0)
        || be24(bytes, start + 5) != Some(34)
    {
        return Err("its first block is not the stream header".into());
    }
    let packed = be64(info, 10).ok_or("its stream header is cut")?;
    let (rate, samples) = (packed >> 44, packed & 0xF_FFFF_FFFF);
    if rate == 0 {
        return Err("its sample rate is 0".into());
    }
    found.duration_ms = (samples > 0).then(|| samples * 1_000 / rate);
    let mut at = start + 4;
    for _ in 0..1_000 {
        let kind = u8_at(bytes, at).ok_or("a block is cut")?;
        let len = be24(bytes, at + 1).ok_or("a block is cut")? as usize;
        found.has_metadata |= matches!(kind & 0x7F, 4 | 6);
        at += 4 + len;
        if kind & 0x80 != 0 {
            break;
        }
    }
    if be16(bytes, at).is_none_or(|sync| sync & 0xFFFC != 0xFFF8) {
        return Err("no frame follows its header".into());
    }
    // STREAMINFO (RFC 9639 8.2): 20 bits of rate, three of channels less one.
    let channels = (packed >> 41 & 7) as u16 + 1;
    let track = audio("flac", found.duration_ms);
    found
        .tracks
        .push(track.sampled(u32::try_from(rate).ok(), Some(channels)));
    Ok(())
}

/// Proves an Ogg (RFC 3533): whole pages; the first packet of each stream names its codec.
pub(super) fn probe_ogg(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let mut at = 0;
    let mut streams: Vec<(u32, Stream, u64)> = Vec::new();
    let mut pages = 0;
    while slice(bytes, at, 4) == Some(b"OggS") && pages < MAX_STEPS {
        let header = slice(bytes, at, 27).ok_or("a page is cut")?;
        let table = slice(bytes, at + 27, usize::from(header[26])).ok_or("a page is cut")?;
        let len: usize = table.iter().map(|&len| usize::from(len)).sum();
        let body = slice(bytes, at + 27 + table.len(), len).ok_or("a page is cut")?;
        let granule = le64(header, 6).ok_or("a page is cut")?;
        let serial = le32(header, 14).ok_or("a page is cut")?;
        if header[5] & 2 != 0 && streams.len() < 64 {
            streams.push((serial, ogg_codec(body, found), 0));
        } else if let Some(stream) = streams.iter_mut().find(|stream| stream.0 == serial)
            && granule != u64::MAX
        {
            stream.2 = stream.2.max(granule);
        }
        at += 27 + table.len() + len;
        pages += 1;
    }
    if pages < 2 || streams.is_empty() {
        return Err("it has no whole pages of sound".into());
    }
    for (_, stream, last) in &streams {
        let (rate, skip) = (stream.granules, stream.skip);
        let duration_ms = (rate > 0 && *last > skip)
            .then(|| (u128::from(last - skip) * 1_000 / u128::from(rate)) as u64);
        let kind = match stream.codec {
            "theora" => TrackKind::Video,
            "other" => TrackKind::Other,
            _ => TrackKind::Audio,
        };
        let (width_px, height_px) = if kind == TrackKind::Video {
            (found.width_px, found.height_px)
        } else {
            (None, None)
        };
        let track = Track {
            width_px,
            height_px,
            duration_ms,
            frame_rate: stream.frame_rate,
            bit_rate: stream.bit_rate,
            ..Track::of(kind, stream.codec)
        };
        found
            .tracks
            .push(track.sampled(stream.rate_hz, stream.channels));
    }
    found.duration_ms = found
        .tracks
        .iter()
        .filter_map(|track| track.duration_ms)
        .max();
    if found
        .tracks
        .iter()
        .any(|track| track.kind == TrackKind::Video)
    {
        found.content_type = Some(ContentType::OggVideo);
    } else if !found
        .tracks
        .iter()
        .any(|track| track.kind == TrackKind::Audio)
    {
        return Err("it has no stream of a known codec".into());
    }
    let rest = from(bytes, at);
    if !rest.is_empty() {
        super::trailing::note(rest, "data", found);
    }
    Ok(())
}

/// What the first packet of a stream says.
#[derive(Default)]
struct Stream {
    codec: &'static str,
    /// Granules a second.
    granules: u64,
    /// Granules before the sound starts.
    skip: u64,
    rate_hz: Option<u32>,
    channels: Option<u16>,
    frame_rate: Option<f64>,
    bit_rate: Option<u64>,
}

impl Stream {
    fn sound(codec: &'static str, rate_hz: Option<u32>, channels: Option<u16>) -> Self {
        Self {
            codec,
            granules: rate_hz.unwrap_or(0).into(),
            rate_hz,
            channels,
            ..Self::default()
        }
    }
}

fn ogg_codec(packet: &[u8], found: &mut Sniffed) -> Stream {
    if packet.starts_with(b"\x01vorbis") {
        // Vorbis I 4.2.2: the nominal rate is signed, and not set where it is not above zero.
        let nominal = le32(packet, 20).filter(|&rate| rate > 0 && rate < 1 << 31);
        Stream {
            bit_rate: nominal.map(u64::from),
            ..Stream::sound("vorbis", le32(packet, 12), u8_at(packet, 11).map(u16::from))
        }
    } else if packet.starts_with(b"OpusHead") {
        // RFC 7845 4: always 48 kHz, minus the pre-skip.
        Stream {
            skip: le16(packet, 10).unwrap_or(0).into(),
            ..Stream::sound("opus", Some(48_000), u8_at(packet, 9).map(u16::from))
        }
    } else if packet.starts_with(b"\x80theora") {
        found.width_px = be24(packet, 14);
        found.height_px = be24(packet, 17);
        let frame_rate = match (be32(packet, 22), be32(packet, 26)) {
            (Some(frames), Some(seconds)) if frames > 0 && seconds > 0 => {
                Some(f64::from(frames) / f64::from(seconds))
            }
            _ => None,
        };
        // Granules of Theora hold two numbers: the sound tells the length.
        Stream {
            codec: "theora",
            frame_rate,
            ..Stream::default()
        }
    } else if packet.starts_with(b"\x7FFLAC") {
        let packed = be64(packet, 27).unwrap_or(0);
        let channels = (packed >> 41 & 7) as u16 + 1;
        Stream::sound("flac", u32::try_from(packed >> 44).ok(), Some(channels))
    } else if packet.starts_with(b"Speex   ") {
        let channels = le32(packet, 48).and_then(|count| u16::try_from(count).ok());
        Stream::sound("speex", le32(packet, 36), channels)
    } else {
        Stream {
            codec: "other",
            ..Stream::default()
        }
    }
}

/// Proves a WAV: a format, and data that is all there.
pub(super) fn probe_wav(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let mut at = 12;
    let mut byte_rate = None;
    for _ in 0..10_000 {
        let name: [u8; 4] = array(bytes, at).ok_or("it has no data chunk")?;
        let len = le32(bytes, at + 4).ok_or("a chunk is cut")?;
        let body = from(bytes, at + 8);
        match &name {
            b"fmt " => {
                let tag = le16(body, 0).ok_or("its format is cut")?;
                byte_rate = le32(body, 8).filter(|&rate| rate > 0);
                let mut track = wave_format(body);
                track.codec = wave_codec(tag).to_owned();
                found.tracks.push(track);
            }
            b"LIST" | b"id3 " | b"bext" => found.has_metadata = true,
            b"data" => {
                let rate = byte_rate.ok_or("its data comes before its format")?;
                // Writers to a pipe cannot fill in the length.
                let is_streamed = matches!(len, 0 | u32::MAX | 0x7FFF_FFFF);
                if !is_streamed && u64::from(len) > body.len() as u64 {
                    return Err("it is shorter than its header says".into());
                }
                let len = if is_streamed {
                    body.len() as u64
                } else {
                    len.into()
                };
                if len == 0 {
                    return Err("it has no samples".into());
                }
                found.duration_ms = Some(len * 1_000 / u64::from(rate));
                for track in &mut found.tracks {
                    track.duration_ms = found.duration_ms;
                }
                // What is behind the RIFF is no chunk of it; a streamed one has no length.
                let end = le32(bytes, 4).map_or(usize::MAX, |len| len as usize + 8);
                let rest = from(bytes, end.saturating_add(end & 1));
                if !is_streamed && end > at && !rest.is_empty() {
                    super::trailing::note(rest, "data", found);
                }
                return Ok(());
            }
            _ => {}
        }
        at = at.saturating_add(8 + len as usize + (len & 1) as usize);
    }
    Err("it has no data chunk".into())
}

/// A sound track from a `WAVEFORMATEX` (RFC 2361): tag, channels, samples a second, bytes a second.
pub(super) fn wave_format(format: &[u8]) -> Track {
    let track = Track {
        bit_rate: le32(format, 8)
            .filter(|&rate| rate > 0)
            .map(|rate| u64::from(rate) * 8),
        ..audio(wave_codec(le16(format, 0).unwrap_or(0)), None)
    };
    track.sampled(le32(format, 4), le16(format, 2))
}

/// Format tags of the registered wave formats (RFC 2361).
pub(super) const fn wave_codec(tag: u16) -> &'static str {
    match tag {
        1 | 0xFFFE => "pcm",
        2 => "adpcm_ms",
        3 => "pcm_float",
        6 => "alaw",
        7 => "mulaw",
        0x11 => "adpcm_ima",
        0x31 => "gsm",
        0x50 => "mp2",
        0x55 => "mp3",
        0xFF | 0x1610 => "aac",
        0x160..=0x163 => "wma",
        0x2000 => "ac3",
        _ => "unknown",
    }
}

/// Proves an AIFF: a common chunk and sound data.
pub(super) fn probe_aiff(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let size = be32(bytes, 4).ok_or("the header is cut")? as usize;
    if size.saturating_add(8) > bytes.len() + 1 {
        return Err("it is shorter than its header says".into());
    }
    let mut at = 12;
    let mut has_sound = false;
    for _ in 0..10_000 {
        let (Some(name), Some(len)) = (array::<4>(bytes, at), be32(bytes, at + 4)) else {
            break;
        };
        let body = from(bytes, at + 8);
        match &name {
            b"COMM" => {
                let frames = u64::from(be32(body, 2).ok_or("its header is cut")?);
                // An 80-bit float: exponent, then the whole number's bits.
                let exponent = be16(body, 8).ok_or("its header is cut")? & 0x7FFF;
                let mantissa = be64(body, 10).ok_or("its header is cut")?;
                let rate = 16_446_u32
                    .checked_sub(exponent.into())
                    .and_then(|shift| mantissa.checked_shr(shift))
                    .filter(|&rate| rate > 0);
                found.duration_ms = rate.map(|rate| frames * 1_000 / rate);
                let track = audio("pcm", found.duration_ms);
                let rate = rate.and_then(|rate| u32::try_from(rate).ok());
                found.tracks.push(track.sampled(rate, be16(body, 0)));
            }
            b"SSND" => has_sound = true,
            _ => {}
        }
        at = at.saturating_add(8 + len as usize + (len & 1) as usize);
    }
    if has_sound && !found.tracks.is_empty() {
        Ok(())
    } else {
        Err("it has no sound".into())
    }
}

/// Proves a MIDI (SMF 1.0): as many track chunks as the header says.
pub(super) fn probe_midi(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let promised = be16(bytes, 10).ok_or("the header is cut")?;
    let mut at = be32(bytes, 4)
        .map(|len| (len as usize).saturating_add(8))
        .ok_or("the header is cut")?;
    let mut tracks = 0_u32;
    while let (Some(name), Some(len)) = (array::<4>(bytes, at), be32(bytes, at + 4)) {
        let end = at.saturating_add(8).saturating_add(len as usize);
        if end > bytes.len() {
            return Err("a track is cut".into());
        }
        tracks += u32::from(&name == b"MTrk");
        if &name != b"MTrk" && tracks >= promised.into() {
            break;
        }
        at = end;
    }
    if tracks == 0 || tracks < promised.into() {
        return Err(format!("{promised} tracks are promised and {tracks} are there").into());
    }
    found.tracks.push(audio("midi", None));
    let rest = from(bytes, at);
    if !rest.is_empty() {
        super::trailing::note(rest, "data", found);
    }
    Ok(())
}
