//! RIFF (WAV, AVI) and AIFF: chunks that tell a place become junk of the same length, or are blanked inside.

use std::ops::Range;

use super::super::bytes::{
    array, be32, contains_ignoring_case, find, from, head, le32, le64, slice,
};
use super::super::exif;
use super::draft::Draft;
use super::id3;
use super::said::{tells, told};

/// Blanks a WAV or an AVI.
pub(super) fn blank(draft: &mut Draft<'_>) {
    let mut left = MAX_CHUNKS;
    let len = draft.bytes().len();
    let mut at = 0;
    // A long AVI is several RIFFs in a row (OpenDML 1.02 3).
    while at < len && left > 0 {
        let Some(size) = le32(draft.bytes(), at + 4) else {
            return;
        };
        let is_first = at == 0;
        if !is_first && slice(draft.bytes(), at, 4) != Some(b"RIFF") {
            return;
        }
        // The size of a long WAV is told elsewhere, and that of one written to a pipe nowhere.
        let end = match size {
            0 | u32::MAX => len,
            size => (at + 8).saturating_add(size as usize).min(len),
        };
        // Some writers append behind what the size says.
        let end = if is_first && !has_riff(draft.bytes(), end) {
            len
        } else {
            end
        };
        blank_list(draft, at + 12..end, *b"RIFF", 0, &mut left);
        at = end.max(at + 12) + (end & 1);
    }
}

fn has_riff(bytes: &[u8], at: usize) -> bool {
    head(from(bytes, at), 5)
        .windows(4)
        .any(|window| window == b"RIFF")
}

fn blank_list(
    draft: &mut Draft<'_>,
    range: Range<usize>,
    list: [u8; 4],
    depth: usize,
    left: &mut usize,
) {
    let mut at = range.start;
    let mut long = None;
    while at + 8 <= range.end && *left > 0 {
        *left -= 1;
        let (Some(name), Some(len)) = (array::<4>(draft.bytes(), at), le32(draft.bytes(), at + 4))
        else {
            return;
        };
        let start = at + 8;
        if &name == b"ds64" {
            // EBU Tech 3306 6: the true length of the data.
            long = le64(draft.bytes(), start + 8).and_then(|len| usize::try_from(len).ok());
        }
        let len = match (&name, len, long) {
            (b"data", u32::MAX, Some(long)) => long,
            _ => len as usize,
        };
        let end = start.saturating_add(len).min(range.end);
        if &name == b"LIST" {
            let form = array(draft.bytes(), start).unwrap_or_default();
            // Frames of the film itself are not walked through.
            if depth < MAX_DEPTH && &form != b"movi" {
                blank_list(draft, start + 4..end, form, depth + 1, left);
            }
        } else {
            blank_chunk(draft, at, start..end, name, list);
        }
        at = end.saturating_add(len & 1);
    }
}

fn blank_chunk(draft: &mut Draft<'_>, at: usize, body: Range<usize>, name: [u8; 4], list: [u8; 4]) {
    let bytes = draft.bytes();
    let data = bytes.get(body.clone()).unwrap_or_default();
    let is_text = matches!(&list, b"INFO" | b"INF0" | b"exif" | b"adtl" | b"Tdat");
    match &name {
        b"data" | b"fmt " | b"idx1" => {}
        b"id3 " | b"ID3 " => {
            draft.within(body, |part| {
                id3::blank(part, 0);
            });
        }
        b"bext" => blank_broadcast(draft, body),
        b"iXML" => blank_ixml(draft, body),
        b"aXML" if speaks(data) => junk(draft, at, body),
        // Tracks of cameras in cars.
        b"gps0" | b"SLLT" => junk(draft, at, body),
        b"JUNK" if data.starts_with(b"0GPS") || data.starts_with(b"0GDA") => junk(draft, at, body),
        b"JUNK" if tells(head(data, MAX_TEXT)) => junk(draft, at, body),
        // EXIF of cameras: behind ten bytes, or behind eight.
        b"JUNK" if data.starts_with(b"QVMI") && has_exif(from(data, 10)) => junk(draft, at, body),
        b"strd" if data.starts_with(b"AVIF") && has_exif(from(data, 8)) => {
            draft.fill(body.start + 8..body.end, 0);
        }
        b"LOCA" if is_text => junk(draft, at, body),
        _ if is_text && tells(data) => junk(draft, at, body),
        _ => {}
    }
}

/// A directory without the header of a TIFF is read as one with it.
fn has_exif(block: &[u8]) -> bool {
    told(|found| exif::read(block, found, false))
        || told(|found| {
            let headed = [b"MM\0*\0\0\0\x08", head(block, MAX_TEXT)].concat();
            exif::read(&headed, found, false);
        })
}

/// A chunk of zeros that nobody reads.
fn junk(draft: &mut Draft<'_>, at: usize, body: Range<usize>) {
    draft.write(at, b"JUNK");
    draft.fill(body, 0);
}

/// EBU Tech 3285: a description of 256 bytes, the history of the coding behind 602.
fn blank_broadcast(draft: &mut Draft<'_>, body: Range<usize>) {
    let history = body.start.saturating_add(602).min(body.end);
    for field in [
        body.start..body.start.saturating_add(256).min(body.end),
        history..body.end,
    ] {
        if draft.bytes().get(field.clone()).is_some_and(tells) {
            draft.fill(field, 0);
        }
    }
}

/// The place of an iXML document, between its tags; all of it where coordinates stand elsewhere.
fn blank_ixml(draft: &mut Draft<'_>, body: Range<usize>) {
    let text = draft.bytes().get(body.clone()).unwrap_or_default();
    let place = find(text, b"<LOCATION>").and_then(|start| {
        let start = start + b"<LOCATION>".len();
        let len = find(from(text, start), b"</LOCATION>")?;
        Some(body.start + start..body.start + start + len)
    });
    if let Some(place) = place {
        draft.fill(place, b' ');
    }
    let text = draft.bytes().get(body.clone()).unwrap_or_default();
    if tells(text) || find(text, b"<LOCATION_GPS>").is_some() {
        draft.fill(body, b' ');
    }
}

/// Whether a description in XML (EBU Core) speaks of a place.
fn speaks(text: &[u8]) -> bool {
    let text = head(text, 1 << 20);
    [
        &b"latitude"[..],
        b"geocoord",
        b"coordinates",
        b"spatial",
        b"gps",
    ]
    .iter()
    .any(|word| contains_ignoring_case(text, word))
        || tells(text)
}

/// Blanks an AIFF: the same, with lengths the other way round.
pub(super) fn blank_aiff(draft: &mut Draft<'_>) {
    let mut at = 12;
    for _ in 0..MAX_CHUNKS {
        let (Some(name), Some(len)) = (array::<4>(draft.bytes(), at), be32(draft.bytes(), at + 4))
        else {
            return;
        };
        let start = at + 8;
        let end = start.saturating_add(len as usize).min(draft.bytes().len());
        match &name {
            b"ID3 " | b"id3 " => {
                draft.within(start..end, |part| {
                    id3::blank(part, 0);
                });
            }
            b"NAME" | b"AUTH" | b"(c) " | b"ANNO" | b"COMT"
                if draft.bytes().get(start..end).is_some_and(tells) =>
            {
                draft.fill(start..end, b' ');
            }
            _ => {}
        }
        at = end.saturating_add(len as usize & 1);
    }
}

/// Chunks of one file, and lists in lists.
const MAX_CHUNKS: usize = 100_000;
const MAX_DEPTH: usize = 8;
/// Bytes of junk that are read as text.
const MAX_TEXT: usize = 64 << 10;
