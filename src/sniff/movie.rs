//! The `moov` of a file: tracks, codecs, sides, durations, places; and the fragments behind it.

use super::Corrupt;
use super::bmff::{Boxes, version};
use super::bytes::{array, be16, be32, be64, find, fourcc, from, head, u8_at};
use super::codec;
use super::places::said::tells;
use crate::sniff::{Sniffed, Track, TrackKind};

/// Tracks of one file.
const MAX_TRACKS: usize = 64;
/// Chunk offsets that are held against the length of the file.
const MAX_CHUNKS: usize = 1_000_000;
/// Samples of one track that are measured: two days of video.
const MAX_SAMPLES: usize = 10_000_000;

/// Reads a `moov` box of a file of `file_bytes`.
pub(super) fn read(moov: &[u8], file_bytes: u64, found: &mut Sniffed) -> Result<(), Corrupt> {
    let header = Boxes::first(moov, b"mvhd").ok_or("its index has no header (mvhd)")?;
    found.duration_ms = duration(header);
    for trak in Boxes::of(moov)
        .filter(|item| &item.name == b"trak")
        .take(MAX_TRACKS)
    {
        track(trak.body, file_bytes, found)?;
    }
    // An index of places that cameras in cars write.
    found.has_location |= Boxes::first(moov, b"gps ").is_some();
    for name in [b"udta", b"meta"] {
        if let Some(body) = Boxes::first(moov, name) {
            user_data(name, body, found);
        }
    }
    let videos = || {
        found
            .tracks
            .iter()
            .filter(|track| track.kind == TrackKind::Video)
    };
    if let Some(video) = videos().find(|track| track.width_px.is_some()) {
        (found.width_px, found.height_px) = (video.width_px, video.height_px);
    }
    Ok(())
}

/// `mvhd` and `mdhd` have the same start (8.2.2, 8.4.2): times, timescale, duration.
fn duration(header: &[u8]) -> Option<u64> {
    let (timescale, duration) = match version(header)? {
        1 => (be32(header, 20)?, be64(header, 24)?),
        _ => (be32(header, 12)?, u64::from(be32(header, 16)?)),
    };
    // All ones: not known.
    if duration == u64::MAX || duration == u64::from(u32::MAX) || duration == 0 {
        return None;
    }
    millis(duration, timescale)
}

fn millis(duration: u64, timescale: u32) -> Option<u64> {
    (u128::from(duration) * 1_000)
        .checked_div(timescale.into())
        .and_then(|ms| u64::try_from(ms).ok())
}

fn track(trak: &[u8], file_bytes: u64, found: &mut Sniffed) -> Result<(), Corrupt> {
    let mdia = Boxes::first(trak, b"mdia").ok_or("a track has no media box (mdia)")?;
    let handler = Boxes::first(mdia, b"hdlr")
        .and_then(|hdlr| array(hdlr, 8))
        .ok_or("a track has no handler (hdlr)")?;
    let kind = match &handler {
        b"vide" | b"pict" | b"auxv" => TrackKind::Video,
        b"soun" => TrackKind::Audio,
        _ => TrackKind::Other,
    };
    let stbl =
        Boxes::path(mdia, &[b"minf", b"stbl"]).ok_or("a track has no sample table (stbl)")?;
    let entry = Boxes::first(stbl, b"stsd").and_then(|stsd| Boxes::of(from(stsd, 8)).next());
    let mut track = Track {
        duration_ms: Boxes::first(mdia, b"mdhd").and_then(duration),
        ..Track::of(kind, "")
    };
    // Tracks of positions: GoPro's, that of Camera Motion Metadata, Apple's by the name of a key.
    found.has_location |= kind == TrackKind::Other
        && entry.as_ref().is_some_and(|entry| {
            matches!(&entry.name, b"gpmd" | b"camm")
                || find(entry.body, b"quicktime.location").is_some()
        });
    match entry {
        Some(entry) => {
            track.codec = fourcc(entry.name);
            if kind == TrackKind::Video {
                // VisualSampleEntry (12.1.3).
                let side = |at| be16(entry.body, at).map(u32::from).filter(|&side| side > 0);
                (track.width_px, track.height_px) = (side(24), side(26));
            }
            describe(entry.name, entry.body, &mut track);
            // Encrypted samples (ISO/IEC 23001-7): the true codec is below.
            if matches!(&entry.name, b"encv" | b"enca" | b"drmi" | b"drms") {
                track.codec = format!("encrypted {}", track.codec);
            }
        }
        None if kind == TrackKind::Other => {}
        None => return Err("a track has no sample description (stsd)".into()),
    }
    if kind == TrackKind::Video && found.rotation_degrees == 0 {
        found.rotation_degrees = Boxes::first(trak, b"tkhd").and_then(rotation).unwrap_or(0);
    }
    measure(mdia, stbl, &mut track);
    chunks(stbl, file_bytes)?;
    for name in [b"udta", b"meta"] {
        if let Some(body) = Boxes::first(trak, name) {
            user_data(name, body, found);
        }
    }
    found.tracks.push(track);
    Ok(())
}

/// What a sample entry says of its codec (12.1.3, 12.2.3; ISO/IEC 14496-14 5.6, -15 5.4.2, 8.4.1).
fn describe(name: [u8; 4], entry: &[u8], track: &mut Track) {
    let header = if track.kind == TrackKind::Video {
        78
    } else {
        audio_header(entry)
    };
    let body = from(entry, header);
    if track.kind == TrackKind::Audio {
        // 16.16 bits of rate; version 2 of QuickTime keeps a float elsewhere and 1.0 here.
        let rate = be32(entry, 24)
            .map(|rate| rate >> 16)
            .filter(|&rate| rate > 1);
        *track = track.clone().sampled(rate, be16(entry, 16));
    }
    match &name {
        b"mp4a" | b"mp4v" => {
            let esds =
                Boxes::first(body, b"esds").or_else(|| Boxes::path(body, &[b"wave", b"esds"]));
            let Some(elementary) = esds.and_then(|esds| elementary(&track.codec, from(esds, 4)))
            else {
                return;
            };
            track.codec = elementary.name;
            if track.kind == TrackKind::Audio {
                codec::aac(elementary.config, track);
            }
        }
        b"avc1" | b"avc3" => codec::avc(Boxes::first(body, b"avcC").unwrap_or_default(), track),
        b"hvc1" | b"hev1" => codec::hevc(Boxes::first(body, b"hvcC").unwrap_or_default(), track),
        // RFC 4867 3.1, 3.2: one channel, and the entry's own field need not say so.
        b"samr" => *track = track.clone().sampled(Some(8_000), Some(1)),
        b"sawb" => *track = track.clone().sampled(Some(16_000), Some(1)),
        _ => {}
    }
}

/// Frame and bit rate from the sample tables: samples by their durations (8.6.1.2), bytes by their sizes (8.7.3).
fn measure(mdia: &[u8], stbl: &[u8], track: &mut Track) {
    let timescale = Boxes::first(mdia, b"mdhd")
        .and_then(|mdhd| be32(mdhd, if version(mdhd)? == 1 { 20 } else { 12 }))
        .filter(|&timescale| timescale > 0);
    let (Some(timescale), Some(stts), Some(stsz)) = (
        timescale,
        Boxes::first(stbl, b"stts"),
        Boxes::first(stbl, b"stsz"),
    ) else {
        return;
    };
    let (mut samples, mut ticks) = (0_u64, 0_u64);
    for run in from(stts, 8).chunks_exact(8).take(MAX_SAMPLES) {
        let (count, step) = (be32(run, 0).unwrap_or(0), be32(run, 4).unwrap_or(0));
        samples = samples.saturating_add(count.into());
        ticks = ticks.saturating_add(u64::from(count) * u64::from(step));
    }
    if samples == 0 || ticks == 0 {
        return;
    }
    let seconds = ticks as f64 / f64::from(timescale);
    if track.kind == TrackKind::Video {
        track.frame_rate = Some(samples as f64 / seconds);
    }
    let count = be32(stsz, 8).unwrap_or(0);
    let bytes = match be32(stsz, 4) {
        Some(0) => from(stsz, 12)
            .chunks_exact(4)
            .take(MAX_SAMPLES.min(count as usize))
            .filter_map(|size| be32(size, 0).map(u64::from))
            .sum(),
        Some(size) => u64::from(size) * u64::from(count),
        None => 0,
    };
    // A table of zeros is the table of a stream whose samples are elsewhere.
    track.bit_rate = Some((bytes as f64 * 8.0 / seconds) as u64).filter(|&rate| rate > 0);
}

/// Bytes of an `AudioSampleEntry` before its boxes; `QuickTime` versions 1 and 2 are longer.
fn audio_header(entry: &[u8]) -> usize {
    match be16(entry, 8) {
        Some(1) => 28 + 16,
        Some(2) => 28 + 36,
        _ => 28,
    }
}

/// An elementary stream descriptor (ISO/IEC 14496-1 7.2.6): the codec's name, such as `mp4a.40.2`, and its configuration.
struct Elementary<'a> {
    name: String,
    config: &'a [u8],
}

fn elementary<'a>(name: &str, body: &'a [u8]) -> Option<Elementary<'a>> {
    let (tag, at, _) = descriptor(body, 0)?;
    if tag != 3 {
        return None;
    }
    let flags = u8_at(body, at + 2)?;
    let mut at = at + 3;
    if flags & 0x80 != 0 {
        at += 2;
    }
    if flags & 0x40 != 0 {
        at += 1 + usize::from(u8_at(body, at)?);
    }
    if flags & 0x20 != 0 {
        at += 2;
    }
    let (tag, config, _) = descriptor(body, at)?;
    if tag != 4 {
        return None;
    }
    let object = u8_at(body, config)?;
    if object != 0x40 {
        return Some(Elementary {
            name: format!("{name}.{object:x}"),
            config: &[],
        });
    }
    // AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1): five bits of object type, 31 escapes to six more.
    let specific = descriptor(body, config + 13)
        .filter(|(tag, ..)| *tag == 5)
        .map_or(&[][..], |(_, at, len)| head(from(body, at), len));
    let name = match be16(specific, 0) {
        Some(bits) if bits >> 11 == 31 => format!("{name}.40.{}", 32 + (bits >> 5 & 0x3F)),
        Some(bits) => format!("{name}.40.{}", bits >> 11),
        None => format!("{name}.40"),
    };
    Some(Elementary {
        name,
        config: specific,
    })
}

/// Tag, start and length of a descriptor (ISO/IEC 14496-1 8.3.3).
fn descriptor(body: &[u8], at: usize) -> Option<(u8, usize, usize)> {
    let tag = u8_at(body, at)?;
    let mut len = 0_usize;
    for index in 1..=4 {
        let byte = u8_at(body, at + index)?;
        len = len << 7 | usize::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Some((tag, at + 1 + index, len));
        }
    }
    None
}

/// The turn of a track's matrix (8.3.2), clockwise.
fn rotation(tkhd: &[u8]) -> Option<u16> {
    let matrix = if version(tkhd)? == 1 { 52 } else { 40 };
    let field = |index: usize| {
        be32(tkhd, matrix + 4 * index).map(|value| i32::from_be_bytes(value.to_be_bytes()).signum())
    };
    Some(match (field(0)?, field(1)?, field(3)?, field(4)?) {
        (0, 1, -1, 0) => 90,
        (-1, 0, 0, -1) => 180,
        (0, -1, 1, 0) => 270,
        _ => 0,
    })
}

/// Sample chunks (8.7.5) have to start inside the file.
fn chunks(stbl: &[u8], file_bytes: u64) -> Result<(), Corrupt> {
    let (body, wide) = match (Boxes::first(stbl, b"stco"), Boxes::first(stbl, b"co64")) {
        (Some(body), _) => (body, false),
        (None, Some(body)) => (body, true),
        (None, None) => return Ok(()),
    };
    let width = if wide { 8 } else { 4 };
    let count = be32(body, 4).ok_or("a list of chunks is cut")? as usize;
    if from(body, 8).len() / width < count {
        return Err("a list of chunks is cut".into());
    }
    let is_inside = from(body, 8)
        .chunks_exact(width)
        .take(count.min(MAX_CHUNKS))
        .all(|offset| {
            let at = if wide {
                be64(offset, 0)
            } else {
                be32(offset, 0).map(u64::from)
            };
            at.is_some_and(|at| at < file_bytes)
        });
    if is_inside {
        Ok(())
    } else {
        Err("samples are said to be past the end of the file".into())
    }
}

/// Places and texts in user data (`QuickTime` `udta`, 3GPP TS 26.244 8.10 `loci`, Apple's keys in `meta`).
fn user_data(name: &[u8; 4], body: &[u8], found: &mut Sniffed) {
    if name == b"meta" {
        found.has_metadata |=
            Boxes::first(body, b"ilst").is_some() || Boxes::first(from(body, 4), b"ilst").is_some();
        // Keys of Apple's, by name, and their older four letters.
        found.has_location |= [&b"quicktime.location"[..], b"location.ISO6709", b"\xA9xyz"]
            .iter()
            .any(|name| find(body, name).is_some())
            || tells(body);
        return;
    }
    for item in Boxes::of(body).take(1_000) {
        match &item.name {
            b"\xA9xyz" | b"loci" => found.has_location = true,
            [0xA9, ..] => found.has_location |= tells(item.body),
            b"XMP_" => super::exif::read_xmp(item.body, found),
            b"meta" => user_data(b"meta", item.body, found),
            _ => {}
        }
        found.has_metadata |= item.name[0] == 0xA9
            || matches!(
                &item.name,
                b"loci" | b"titl" | b"auth" | b"cprt" | b"perf" | b"dscp"
            );
    }
}

/// Durations of a fragmented film (8.8): the header tells them, or the runs are added up.
pub(super) fn read_fragments(bytes: &[u8], found: &mut Sniffed) {
    if found.duration_ms.is_some() {
        return;
    }
    let Some(moov) = Boxes::first(bytes, b"moov") else {
        return;
    };
    if Boxes::first(moov, b"mvex").is_none() {
        found.duration_ms = found
            .tracks
            .iter()
            .filter_map(|track| track.duration_ms)
            .max();
        return;
    }
    let stated = Boxes::path(moov, &[b"mvex", b"mehd"]).and_then(|mehd| {
        let timescale = be32(Boxes::first(moov, b"mvhd")?, 12)?;
        let duration = if version(mehd)? == 1 {
            be64(mehd, 4)?
        } else {
            be32(mehd, 4)?.into()
        };
        millis(duration, timescale).filter(|&ms| ms > 0)
    });
    found.duration_ms = stated.or_else(|| {
        Boxes::of(moov)
            .filter(|item| &item.name == b"trak")
            .take(8)
            .filter_map(|trak| runs(bytes, moov, trak.body))
            .max()
    });
}

/// The sum over all runs of one track (8.8.7, 8.8.8).
fn runs(bytes: &[u8], moov: &[u8], trak: &[u8]) -> Option<u64> {
    let tkhd = Boxes::first(trak, b"tkhd")?;
    let id = be32(tkhd, if version(tkhd)? == 1 { 20 } else { 12 })?;
    let mdhd = Boxes::path(trak, &[b"mdia", b"mdhd"])?;
    let timescale = be32(mdhd, if version(mdhd)? == 1 { 20 } else { 12 })?;
    let default = Boxes::of(Boxes::first(moov, b"mvex")?)
        .filter(|item| &item.name == b"trex")
        .find(|item| be32(item.body, 4) == Some(id))
        .and_then(|trex| be32(trex.body, 12))
        .unwrap_or(0);
    let mut total = 0_u64;
    let mut samples_left = 10_000_000_u64;
    for moof in Boxes::of(bytes).filter(|item| &item.name == b"moof") {
        for traf in Boxes::of(moof.body)
            .filter(|item| &item.name == b"traf")
            .take(MAX_TRACKS)
        {
            let Some(tfhd) =
                Boxes::first(traf.body, b"tfhd").filter(|tfhd| be32(tfhd, 4) == Some(id))
            else {
                continue;
            };
            let flags = be32(tfhd, 0)? & 0x00FF_FFFF;
            let at = 8 + if flags & 1 != 0 { 8 } else { 0 } + if flags & 2 != 0 { 4 } else { 0 };
            let default = if flags & 8 != 0 {
                be32(tfhd, at)?
            } else {
                default
            };
            for trun in Boxes::of(traf.body)
                .filter(|item| &item.name == b"trun")
                .take(1_000)
            {
                let (flags, count) = (
                    be32(trun.body, 0)? & 0x00FF_FFFF,
                    u64::from(be32(trun.body, 4)?),
                );
                samples_left = samples_left.checked_sub(count)?;
                if flags & 0x100 == 0 {
                    total = total.saturating_add(count * u64::from(default));
                    continue;
                }
                let start =
                    8 + if flags & 1 != 0 { 4 } else { 0 } + if flags & 4 != 0 { 4 } else { 0 };
                let step = 4 * (flags >> 8 & 15).count_ones() as usize;
                for sample in from(trun.body, start)
                    .chunks_exact(step)
                    .take(usize::try_from(count).ok()?)
                {
                    total = total.saturating_add(be32(sample, 0)?.into());
                }
            }
        }
    }
    millis(total, timescale).filter(|&ms| ms > 0)
}

/// Samples of the first picture track of an image sequence.
pub(super) fn samples(bytes: &[u8]) -> Option<u32> {
    let moov = Boxes::first(bytes, b"moov")?;
    Boxes::of(moov)
        .filter(|item| &item.name == b"trak")
        .take(MAX_TRACKS)
        .find(|trak| {
            Boxes::path(trak.body, &[b"mdia", b"hdlr"])
                .and_then(|hdlr| array(hdlr, 8))
                .is_some_and(|kind| matches!(&kind, b"pict" | b"vide"))
        })
        .and_then(|trak| Boxes::path(trak.body, &[b"mdia", b"minf", b"stbl", b"stsz"]))
        .and_then(|stsz| be32(stsz, 8))
}
