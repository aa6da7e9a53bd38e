//! A film in another container, every sample as it was: MOV to MP4, the index first, places and titles left behind.

use super::boxes::{Item, be32, be64, copy, items, only, put};
use super::entry;
use crate::content_type::ContentType;

/// Chunks of all tracks together.
const MAX_CHUNKS: usize = 1_000_000;

/// Writes a file of ISO media anew as `target`: sound and pictures alone, sample by sample the same, the index before
/// the samples, no metadata.
///
/// `None` where that cannot be done exactly: a fragmented, encrypted or damaged file, a codec that `target` does not
/// carry, a type that is not of this family.
pub(super) fn remux(bytes: &[u8], target: ContentType) -> Option<Vec<u8>> {
    let top = items(bytes)?;
    if top.iter().any(|item| &item.name == b"moof") {
        return None;
    }
    let moov = items(only(&top, b"moov")?)?;
    if moov
        .iter()
        .any(|item| matches!(&item.name, b"mvex" | b"cmov"))
    {
        return None;
    }
    let tracks = moov
        .iter()
        .filter(|item| &item.name == b"trak")
        .filter_map(|item| match Track::read(item.body, bytes.len()) {
            Some(None) => None,
            Some(kept) => Some(kept),
            None => Some(None),
        })
        .collect::<Option<Vec<Track<'_>>>>()?;
    if tracks.is_empty() {
        return None;
    }
    let mut chunks: Vec<(u64, u64, usize, usize)> = Vec::new();
    for (index, track) in tracks.iter().enumerate() {
        chunks.extend(
            track
                .chunks
                .iter()
                .enumerate()
                .map(|(at, &(offset, len))| (offset, len, index, at)),
        );
    }
    // In the order of the file, so that sound and pictures stay side by side.
    chunks.sort_unstable();
    let total: u64 = chunks.iter().map(|chunk| chunk.1).sum();
    if chunks.len() > MAX_CHUNKS || total > bytes.len() as u64 {
        return None;
    }

    let mut offsets: Vec<Vec<u32>> = tracks
        .iter()
        .map(|track| vec![0; track.chunks.len()])
        .collect();
    let mut out = file_type(target)?;
    let header = movie_header(only(&moov, b"mvhd")?)?;
    // The index is as long with zeros for offsets: it is written once to know where the samples start.
    let mut index = Vec::new();
    put_movie(&mut index, &header, &tracks, &offsets);
    let start = out.len() as u64 + index.len() as u64 + 8;
    let mut at = start;
    for &(_, len, track, chunk) in &chunks {
        // An empty chunk is nowhere; where the samples start is at least inside the file.
        let here = if len == 0 { start } else { at };
        *offsets.get_mut(track)?.get_mut(chunk)? = u32::try_from(here).ok()?;
        at += len;
    }
    u32::try_from(at).ok()?;
    put_movie(&mut out, &header, &tracks, &offsets);
    put(&mut out, b"mdat", |out| {
        for &(offset, len, ..) in &chunks {
            // Both were held against the file's length.
            out.extend_from_slice(stretch(bytes, offset, len).unwrap_or_default());
        }
    });
    (out.len() as u64 == at && total > 0).then_some(out)
}

/// `ftyp` (4.3; 3GPP TS 26.244 5.3.4).
fn file_type(target: ContentType) -> Option<Vec<u8>> {
    let brands: &[&[u8; 4]] = match target {
        ContentType::Mp4 => &[b"isom", b"isom", b"iso2", b"mp41"],
        ContentType::Mp4Audio => &[b"M4A ", b"M4A ", b"isom", b"iso2"],
        ContentType::ThreeGp | ContentType::ThreeGpAudio => &[b"3gp6", b"3gp6", b"isom", b"iso2"],
        ContentType::ThreeG2 | ContentType::ThreeG2Audio => &[b"3g2a", b"3g2a", b"isom", b"iso2"],
        ContentType::QuickTime => &[b"qt  ", b"qt  "],
        _ => return None,
    };
    let (major, compatible) = brands.split_first()?;
    let mut out = Vec::new();
    put(&mut out, b"ftyp", |out| {
        out.extend_from_slice(*major);
        out.extend_from_slice(&0x200_u32.to_be_bytes());
        for brand in compatible {
            out.extend_from_slice(*brand);
        }
    });
    Some(out)
}

/// A track that is kept: its boxes, and where its samples are.
struct Track<'a> {
    header: Vec<u8>,
    edits: Option<&'a [u8]>,
    media_header: Vec<u8>,
    handler: [u8; 4],
    stbl: Vec<Item<'a>>,
    description: Vec<u8>,
    /// Offset and length, as they are in the file.
    chunks: Vec<(u64, u64)>,
}

impl<'a> Track<'a> {
    /// The inner `None` is a track that is left out: time codes, metadata, text.
    fn read(trak: &'a [u8], file_len: usize) -> Option<Option<Self>> {
        let trak = items(trak)?;
        let mdia = items(only(&trak, b"mdia")?)?;
        let handler: [u8; 4] = only(&mdia, b"hdlr")?.get(8..12)?.try_into().ok()?;
        if !matches!(&handler, b"vide" | b"soun") {
            return Some(None);
        }
        let minf = items(only(&mdia, b"minf")?)?;
        let stbl = items(only(&minf, b"stbl")?)?;
        let mut description = Vec::new();
        entry::describe(only(&stbl, b"stsd")?, &mut description)?;
        // Data in other files would have to be fetched.
        let dinf = items(only(&minf, b"dinf")?)?;
        let dref = only(&dinf, b"dref")?;
        let references = items(dref.get(8..)?)?;
        if references
            .iter()
            .any(|reference| be32(reference.body, 0).is_none_or(|flags| flags & 1 == 0))
        {
            return None;
        }
        let edits = items_of(&trak, b"edts")?
            .map(|edts| only(&edts, b"elst"))
            .unwrap_or_default();
        Some(Some(Self {
            header: track_header(only(&trak, b"tkhd")?)?,
            edits,
            media_header: media_header(only(&mdia, b"mdhd")?)?,
            handler,
            chunks: chunks(&stbl, file_len)?,
            stbl,
            description,
        }))
    }
}

/// The boxes inside the only box of a name; the inner `None` where there is no such box.
fn items_of<'a>(list: &[Item<'a>], name: &[u8; 4]) -> Option<Option<Vec<Item<'a>>>> {
    match only(list, name) {
        Some(body) => items(body).map(Some),
        None => Some(None),
    }
}

/// Offset and length of every chunk (8.7.3, 8.7.4, 8.7.5), each held against the file.
fn chunks(stbl: &[Item<'_>], file_len: usize) -> Option<Vec<(u64, u64)>> {
    let offsets: Vec<u64> = match (only(stbl, b"stco"), only(stbl, b"co64")) {
        (Some(body), None) => table(body, 4)?
            .filter_map(|entry| be32(entry, 0).map(u64::from))
            .collect(),
        (None, Some(body)) => table(body, 8)?.filter_map(|entry| be64(entry, 0)).collect(),
        _ => return None,
    };
    let stsz = only(stbl, b"stsz")?;
    let (size, count) = (be32(stsz, 4)?, be32(stsz, 8)?);
    let sizes = stsz.get(12..)?;
    if size == 0 && sizes.len() / 4 < count as usize {
        return None;
    }
    let runs: Vec<(u32, u32)> = table(only(stbl, b"stsc")?, 12)?
        .filter_map(|entry| Some((be32(entry, 0)?, be32(entry, 4)?)))
        .collect();
    if runs.first().is_none_or(|run| run.0 != 1) && count > 0 {
        return None;
    }
    let mut found = Vec::with_capacity(offsets.len());
    let mut run = 0;
    let mut sample = 0_u32;
    for (index, offset) in offsets.into_iter().enumerate() {
        let number = u32::try_from(index).ok()? + 1;
        while runs.get(run + 1).is_some_and(|next| next.0 <= number) {
            run += 1;
        }
        let samples = runs.get(run)?.1.min(count - sample);
        let mut len = 0_u64;
        if size != 0 {
            len = u64::from(size) * u64::from(samples);
        } else {
            for at in sample..sample + samples {
                len += u64::from(be32(sizes, at as usize * 4)?);
            }
        }
        sample += samples;
        if offset.checked_add(len)? > file_len as u64 {
            return None;
        }
        found.push((offset, len));
    }
    (sample == count).then_some(found)
}

/// The entries of a counted table: version and flags, count, entries.
fn table(body: &[u8], width: usize) -> Option<std::slice::ChunksExact<'_, u8>> {
    let count = be32(body, 4)? as usize;
    if count > MAX_CHUNKS {
        return None;
    }
    Some(
        body.get(8..8 + count.checked_mul(width)?)?
            .chunks_exact(width),
    )
}

fn stretch(bytes: &[u8], offset: u64, len: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    bytes.get(start..start.checked_add(usize::try_from(len).ok()?)?)
}

/// `mvhd` (8.2.2) without its times of day and without the preview of `QuickTime`.
fn movie_header(body: &[u8]) -> Option<Vec<u8>> {
    let mut header = without_times(body)?;
    let start = header.len().checked_sub(28)?;
    header.get_mut(start..start + 24)?.fill(0);
    Some(header)
}

/// `tkhd` (8.3.2) without its times of day; the matrix turns the picture and stays.
fn track_header(body: &[u8]) -> Option<Vec<u8>> {
    let header = without_times(body)?;
    (header.len() >= 84).then_some(header)
}

/// `mdhd` (8.4.2) without its times of day; languages by number are those of the Macintosh.
fn media_header(body: &[u8]) -> Option<Vec<u8>> {
    let mut header = without_times(body)?;
    let at = header.len().checked_sub(4)?;
    let language = u16::from_be_bytes(header.get(at..at + 2)?.try_into().ok()?);
    if language < 0x400 || language == 0x7FFF {
        header.get_mut(at..at + 2)?.copy_from_slice(&UNDETERMINED);
    }
    Some(header)
}

/// The three headers start alike: version, flags, time of creation, time of change.
fn without_times(body: &[u8]) -> Option<Vec<u8>> {
    let mut header = body.to_vec();
    let end = match body.first()? {
        0 => 12,
        1 => 20,
        _ => return None,
    };
    header.get_mut(4..end)?.fill(0);
    Some(header)
}

fn put_movie(out: &mut Vec<u8>, header: &[u8], tracks: &[Track<'_>], offsets: &[Vec<u32>]) {
    put(out, b"moov", |out| {
        put(out, b"mvhd", |out| out.extend_from_slice(header));
        for (track, offsets) in tracks.iter().zip(offsets) {
            put(out, b"trak", |out| put_track(out, track, offsets));
        }
    });
}

fn put_track(out: &mut Vec<u8>, track: &Track<'_>, offsets: &[u32]) {
    put(out, b"tkhd", |out| out.extend_from_slice(&track.header));
    if let Some(edits) = track.edits {
        put(out, b"edts", |out| {
            put(out, b"elst", |out| out.extend_from_slice(edits));
        });
    }
    put(out, b"mdia", |out| {
        put(out, b"mdhd", |out| {
            out.extend_from_slice(&track.media_header);
        });
        put(out, b"hdlr", |out| {
            out.extend_from_slice(&[0; 8]);
            out.extend_from_slice(&track.handler);
            out.extend_from_slice(&[0; 12]);
            out.push(0);
        });
        put(out, b"minf", |out| {
            if &track.handler == b"vide" {
                put(out, b"vmhd", |out| {
                    out.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
                });
            } else {
                put(out, b"smhd", |out| out.extend_from_slice(&[0; 8]));
            }
            put(out, b"dinf", |out| {
                put(out, b"dref", |out| {
                    out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
                    // Flag 1: the data are in this file (8.7.2).
                    put(out, b"url ", |out| out.extend_from_slice(&[0, 0, 0, 1]));
                });
            });
            put(out, b"stbl", |out| put_samples(out, track, offsets));
        });
    });
}

fn put_samples(out: &mut Vec<u8>, track: &Track<'_>, offsets: &[u32]) {
    out.extend_from_slice(&track.description);
    for item in &track.stbl {
        if KEPT_TABLES.contains(&item.name) {
            copy(out, *item);
        }
    }
    put(out, b"stco", |out| {
        out.extend_from_slice(&[0; 4]);
        // At most `MAX_CHUNKS`.
        out.extend_from_slice(&(offsets.len() as u32).to_be_bytes());
        for offset in offsets {
            out.extend_from_slice(&offset.to_be_bytes());
        }
    });
}

/// Tables that say when a sample is shown, which can be decoded alone, where they are, and how sound is primed.
const KEPT_TABLES: [[u8; 4]; 8] = [
    *b"stts", *b"ctts", *b"cslg", *b"stss", *b"stsc", *b"stsz", *b"sgpd", *b"sbgp",
];

/// `und` in three letters of five bits (8.4.2.3).
const UNDETERMINED: [u8; 2] = [0x55, 0xC4];
