//! Places that lie open anywhere in a file: XMP packets, and what JPEG and PNG pictures in it carry.

use std::ops::Range;

use flate2::Crc;

use super::super::bytes::{be32, find, from, head, slice};
use super::super::{exif, png};
use super::draft::Draft;
use super::said::told;

/// Blanks every place in a range.
pub(super) fn blank(draft: &mut Draft<'_>, range: Range<usize>) {
    draft.within(range, |part| {
        let bytes = part.bytes();
        let found: Vec<_> = packets(bytes)
            .chain(segments(bytes, EXIF, |block| {
                told(|found| exif::read(block, found, false))
            }))
            .chain(segments(bytes, b"Photoshop 3.0\0", |block| {
                told(|found| exif::read_photoshop(from(block, 14), found))
            }))
            .collect();
        let pictures: Vec<_> = every(bytes, &PNG).take(MAX_PNGS).collect();
        for (range, byte) in found {
            let start = range.start;
            let is_exif = head(part.bytes(), start).ends_with(EXIF) && range.len() >= NO_TAGS.len();
            part.fill(range, byte);
            if is_exif {
                part.write(start, NO_TAGS);
            }
        }
        for at in pictures {
            blank_png(part, at);
        }
    });
}

/// XMP packets that tell a place, between the tags of their root.
fn packets(bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, u8)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += find(from(bytes, at), b"<rdf:RDF")?;
        at += find(from(bytes, at), b">")? + 1;
        // One that has no end, or none for long, is none.
        let len = find(head(from(bytes, at), MAX_PACKET), b"</rdf:RDF>")?;
        let range = at..at + len;
        at = range.end;
        Some(range)
    })
    .take(MAX_PIECES)
    .filter(|range| told(|found| exif::read_xmp(&bytes[range.clone()], found)))
    .map(|range| (range, b' '))
}

/// Segments of a JPEG (T.81 B.2.4.6) whose data starts with `mark` and tells a place: what is behind the mark.
fn segments(
    bytes: &[u8],
    mark: &'static [u8],
    tells: impl Fn(&[u8]) -> bool,
) -> impl Iterator<Item = (Range<usize>, u8)> {
    every(bytes, mark).filter_map(move |at| {
        let marker = slice(bytes, at.checked_sub(4)?, 4)?;
        let &[0xFF, 0xE1 | 0xED, high, low] = marker else {
            return None;
        };
        let end = (at - 2).checked_add(usize::from(u16::from_be_bytes([high, low])))?;
        let block = bytes.get(at..end.min(bytes.len()))?;
        tells(block).then(|| (at + mark.len()..at + block.len(), 0))
    })
}

/// A PNG that tells a place: its texts and its EXIF become chunks that nobody reads (PNG third edition 5.4: ancillary,
/// private), their checksums made anew.
fn blank_png(draft: &mut Draft<'_>, start: usize) {
    let mut chunks = Vec::new();
    let mut at = start + PNG.len();
    for _ in 0..MAX_CHUNKS {
        let (Some(len), Some(name)) = (be32(draft.bytes(), at), slice(draft.bytes(), at + 4, 4))
        else {
            break;
        };
        let data = at + 8..(at + 8).saturating_add(len as usize);
        if data.end.saturating_add(4) > draft.bytes().len() {
            break;
        }
        at = data.end + 4;
        match name {
            b"eXIf" | b"tEXt" | b"zTXt" | b"iTXt" => chunks.push(data),
            b"IEND" => break,
            _ => {}
        }
    }
    let picture = draft.bytes().get(start..at).unwrap_or_default();
    let is_located = !chunks.is_empty()
        && told(|found| {
            // A damaged one tells what it tells up to there.
            let _ = png::probe(picture, found);
        });
    if !is_located {
        return;
    }
    for data in chunks {
        draft.fill(data.clone(), 0);
        draft.write(data.start - 4, b"voId");
        let mut sum = Crc::new();
        sum.update(
            draft
                .bytes()
                .get(data.start - 4..data.end)
                .unwrap_or_default(),
        );
        draft.write(data.end, &sum.sum().to_be_bytes());
    }
}

/// Where these bytes stand, the first [`MAX_PIECES`] times.
fn every<'a>(bytes: &'a [u8], wanted: &'a [u8]) -> impl Iterator<Item = usize> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let found = at + find(from(bytes, at), wanted)?;
        at = found + wanted.len();
        Some(found)
    })
    .take(MAX_PIECES)
}

const EXIF: &[u8] = b"Exif\0\0";
/// A TIFF (6.0 section 2) whose directory has no entry, and which no directory follows.
const NO_TAGS: &[u8] = b"MM\0*\0\0\0\x08\0\0\0\0\0\0";
const PNG: [u8; 8] = *b"\x89PNG\r\n\x1A\n";
/// Packets, and photographs, of one file.
const MAX_PIECES: usize = 10_000;
/// Bytes of a packet that is looked through.
const MAX_PACKET: usize = 1 << 20;
/// PNG pictures of one file, and chunks of one of them.
const MAX_PNGS: usize = 64;
const MAX_CHUNKS: usize = 10_000;
