//! ASF (WMV, WMA): descriptions by name and value in the header, and in the objects that extend it (specification 3.10,
//! 3.11, 4.7, 4.8).

use std::ops::Range;

use super::super::bytes::{array, le16, le32, le64};
use super::draft::Draft;
use super::open;
use super::said::{names_place, tells};

/// Blanks the header of an ASF.
pub(super) fn blank(draft: &mut Draft<'_>) {
    let Some(len) = le64(draft.bytes(), 16).and_then(|len| usize::try_from(len).ok()) else {
        return;
    };
    let end = len.min(draft.bytes().len());
    let mut left = MAX_OBJECTS;
    for (id, body) in objects(draft.bytes(), 30..end, &mut left) {
        if id == EXTENSION {
            // Sixteen bytes and six in front of what it holds (3.4).
            for (id, body) in objects(draft.bytes(), body.start + 22..body.end, &mut left) {
                if id == METADATA || id == LIBRARY {
                    blank_records(draft, body, 4);
                }
            }
        } else if id == EXTENDED {
            blank_described(draft, body);
        } else if id == CONTENT {
            blank_content(draft, body);
        }
    }
}

fn objects(bytes: &[u8], range: Range<usize>, left: &mut usize) -> Vec<([u8; 16], Range<usize>)> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end && *left > 0 {
        *left -= 1;
        let (Some(id), Some(size)) = (
            array::<16>(bytes, at),
            le64(bytes, at + 16).and_then(|size| usize::try_from(size).ok()),
        ) else {
            break;
        };
        let end = at.saturating_add(size).min(range.end);
        if size < 24 || end < at + 24 {
            break;
        }
        found.push((id, at + 24..end));
        at = end;
    }
    found
}

/// Title, author, copyright, description, rating (3.10): five lengths, then five texts.
fn blank_content(draft: &mut Draft<'_>, body: Range<usize>) {
    let mut at = body.start + 10;
    for field in 0..5 {
        let Some(len) = le16(draft.bytes(), body.start + field * 2) else {
            return;
        };
        blank_value(draft, at..(at + usize::from(len)).min(body.end));
        at += usize::from(len);
    }
}

/// Names and values (3.11): length and name, type, length and value.
fn blank_described(draft: &mut Draft<'_>, body: Range<usize>) {
    let count = le16(draft.bytes(), body.start).unwrap_or(0);
    let mut at = body.start + 2;
    for _ in 0..count {
        let Some(name_len) = le16(draft.bytes(), at) else {
            return;
        };
        let name = at + 2..at + 2 + usize::from(name_len);
        let Some(len) = le16(draft.bytes(), name.end + 2) else {
            return;
        };
        let value = name.end + 4..name.end + 4 + usize::from(len);
        at = value.end;
        if at > body.end {
            return;
        }
        blank_pair(draft, name, value);
    }
}

/// Names and values of a stream (4.7, 4.8): language, stream, length of the name, type, length of the value.
fn blank_records(draft: &mut Draft<'_>, body: Range<usize>, stream: usize) {
    let count = le16(draft.bytes(), body.start).unwrap_or(0);
    let mut at = body.start + 2;
    for _ in 0..count {
        let (Some(name_len), Some(len)) = (
            le16(draft.bytes(), at + stream),
            le32(draft.bytes(), at + stream + 4),
        ) else {
            return;
        };
        let name = at + stream + 8..at + stream + 8 + usize::from(name_len);
        let value = name.end..name.end.saturating_add(len as usize);
        at = value.end;
        if at > body.end {
            return;
        }
        blank_pair(draft, name, value);
    }
}

fn blank_pair(draft: &mut Draft<'_>, name: Range<usize>, value: Range<usize>) {
    if draft.bytes().get(name.clone()).is_some_and(names_place) {
        // Underscores up to the zero that ends a name: nobody knows such a one.
        let end = name.end.saturating_sub(2).max(name.start);
        let underscores = b"_\0".repeat((end - name.start) / 2);
        draft.write(name.start, &underscores);
        draft.fill(value, 0);
    } else {
        blank_value(draft, value);
    }
}

/// A picture is blanked inside; a text that tells a place becomes an empty one.
fn blank_value(draft: &mut Draft<'_>, value: Range<usize>) {
    open::blank(draft, value.clone());
    let tells_still = |bytes: &[u8]| bytes.len() <= MAX_TEXT && tells(bytes);
    if draft.bytes().get(value.clone()).is_some_and(tells_still) {
        draft.fill(value, 0);
    }
}

// ASF specification 10.
const CONTENT: [u8; 16] = [
    0x33, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, 0xA6, 0xD9, 0x00, 0xAA, 0x00, 0x62, 0xCE, 0x6C,
];
const EXTENDED: [u8; 16] = [
    0x40, 0xA4, 0xD0, 0xD2, 0x07, 0xE3, 0xD2, 0x11, 0x97, 0xF0, 0x00, 0xA0, 0xC9, 0x5E, 0xA8, 0x50,
];
const EXTENSION: [u8; 16] = [
    0xB5, 0x03, 0xBF, 0x5F, 0x2E, 0xA9, 0xCF, 0x11, 0x8E, 0xE3, 0x00, 0xC0, 0x0C, 0x20, 0x53, 0x65,
];
const METADATA: [u8; 16] = [
    0xEA, 0xCB, 0xF8, 0xC5, 0xAF, 0x5B, 0x77, 0x48, 0x84, 0x67, 0xAA, 0x8C, 0x44, 0xFA, 0x4C, 0xCA,
];
const LIBRARY: [u8; 16] = [
    0x94, 0x1C, 0x23, 0x44, 0x98, 0x94, 0xD1, 0x49, 0xA1, 0x41, 0x1D, 0x13, 0x4E, 0x45, 0x70, 0x54,
];

const MAX_OBJECTS: usize = 10_000;
/// Bytes of a value that is read as a text.
const MAX_TEXT: usize = 64 << 10;
