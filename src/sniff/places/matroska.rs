//! Matroska and `WebM` (RFC 9559 5.1.8): tags of places become void of the same length (RFC 8794 11.3.2), and so do the
//! checksums of what they stood in. Attached pictures are blanked inside.

use std::ops::Range;

use super::super::bytes::{contains_ignoring_case, head};
use super::super::ebml::{element_id, number};
use super::draft::Draft;
use super::open;
use super::said::{names_place, tells};

/// Blanks the tags and attachments of every segment.
pub(super) fn blank(draft: &mut Draft<'_>) {
    let mut left = MAX_ELEMENTS;
    let all = 0..draft.bytes().len();
    let mut segments = Vec::new();
    for_each(draft.bytes(), all, &mut left, |element| {
        if element.id == SEGMENT {
            segments.push(element.body);
        }
        Walk::Past
    });
    for segment in segments {
        let mut held = Vec::new();
        for_each(draft.bytes(), segment.clone(), &mut left, |element| {
            match element.id {
                TAGS | ATTACHMENTS => held.push((element.id, element.body)),
                // A live stream's cluster ends with the first element that is none of its own: it is walked into.
                CLUSTER if element.is_open => return Walk::Into,
                _ => {}
            }
            Walk::Past
        });
        for (id, body) in held {
            let is_blanked = if id == TAGS {
                blank_tags(draft, body.clone(), &mut left)
            } else {
                blank_attachments(draft, body.clone(), &mut left)
            };
            if is_blanked {
                void_checksum(draft, body);
                void_checksum(draft, segment.clone());
            }
        }
    }
}

fn blank_tags(draft: &mut Draft<'_>, tags: Range<usize>, left: &mut usize) -> bool {
    let mut is_blanked = false;
    for tag in children(draft.bytes(), tags, TAG, left) {
        if blank_simple(draft, tag.body.clone(), 0, left) {
            void_checksum(draft, tag.body);
            is_blanked = true;
        }
    }
    is_blanked
}

/// Voids the simple tags in an element that tell a place.
fn blank_simple(
    draft: &mut Draft<'_>,
    parent: Range<usize>,
    depth: usize,
    left: &mut usize,
) -> bool {
    let mut is_blanked = false;
    for tag in children(draft.bytes(), parent, SIMPLE_TAG, left) {
        let body = tag.body.clone();
        let bytes = draft.bytes();
        let mut says = false;
        let mut nests = false;
        for_each(bytes, body.clone(), left, |element| {
            let value = bytes.get(element.body).unwrap_or_default();
            says |= match element.id {
                TAG_NAME => names_place(value),
                TAG_STRING | TAG_BINARY => tells(value),
                _ => false,
            };
            nests |= element.id == SIMPLE_TAG;
            Walk::Past
        });
        // Deeper than anyone nests: by its words alone.
        says |= nests && depth == MAX_DEPTH && speaks(bytes.get(body.clone()).unwrap_or_default());
        if says {
            void(draft, tag.all);
            is_blanked = true;
        } else if nests && depth < MAX_DEPTH && blank_simple(draft, body.clone(), depth + 1, left) {
            void_checksum(draft, body);
            is_blanked = true;
        }
    }
    is_blanked
}

fn speaks(text: &[u8]) -> bool {
    let text = head(text, MAX_SPOKEN);
    [&b"location"[..], b"gps", b"latitude", b"coordinate"]
        .iter()
        .any(|word| contains_ignoring_case(text, word))
        || tells(text)
}

fn blank_attachments(draft: &mut Draft<'_>, body: Range<usize>, left: &mut usize) -> bool {
    let mut is_blanked = false;
    for file in children(draft.bytes(), body, ATTACHED_FILE, left) {
        if draft.within(file.body.clone(), |part| {
            let all = 0..part.bytes().len();
            open::blank(part, all);
        }) {
            void_checksum(draft, file.body);
            is_blanked = true;
        }
    }
    is_blanked
}

/// A changed element's checksum, which is the first in it where there is one (RFC 8794 11.3.1).
fn void_checksum(draft: &mut Draft<'_>, parent: Range<usize>) {
    let start = parent.start;
    let mut first = None;
    for_each(draft.bytes(), parent, &mut 1, |element| {
        first = Some(element);
        Walk::Past
    });
    if let Some(first) = first.filter(|first| first.id == CRC_32 && first.all.start == start) {
        void(draft, first.all);
    }
}

/// Writes an element of nothing over another: an id of one byte, a length of one or eight.
fn void(draft: &mut Draft<'_>, all: Range<usize>) {
    let (start, len) = (all.start, all.len());
    draft.fill(all, 0);
    match len {
        2..=128 => draft.write(start, &[VOID, 0x80 | (len - 2) as u8]),
        129.. => {
            let mut header = [VOID, 1, 0, 0, 0, 0, 0, 0, 0];
            header[1..].copy_from_slice(&(1 << 56 | (len - 9) as u64).to_be_bytes());
            draft.write(start, &header);
        }
        _ => {}
    }
}

fn children(bytes: &[u8], parent: Range<usize>, id: u32, left: &mut usize) -> Vec<Element> {
    let mut found = Vec::new();
    for_each(bytes, parent, left, |element| {
        if element.id == id {
            found.push(element);
        }
        Walk::Past
    });
    found
}

struct Element {
    id: u32,
    all: Range<usize>,
    body: Range<usize>,
    is_open: bool,
}

enum Walk {
    Past,
    Into,
}

/// Visits the elements of a range, at most `left` of them.
fn for_each(
    bytes: &[u8],
    range: Range<usize>,
    left: &mut usize,
    mut visit: impl FnMut(Element) -> Walk,
) {
    let Some(bytes) = bytes.get(..range.end) else {
        return;
    };
    let mut at = range.start;
    while at < bytes.len() && *left > 0 {
        *left -= 1;
        let Some((id, width)) = element_id(bytes, at) else {
            return;
        };
        let Some((len, len_width)) = number(bytes, at + width) else {
            return;
        };
        let start = at + width + len_width;
        let end = len
            .and_then(|len| start.checked_add(usize::try_from(len).ok()?))
            .unwrap_or(bytes.len())
            .min(bytes.len());
        if start > end {
            return;
        }
        let walk = visit(Element {
            id,
            all: at..end,
            body: start..end,
            is_open: len.is_none(),
        });
        at = match walk {
            Walk::Past => end,
            Walk::Into => start,
        };
    }
}

const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1F43_B675;
const TAGS: u32 = 0x1254_C367;
const TAG: u32 = 0x7373;
const SIMPLE_TAG: u32 = 0x67C8;
const TAG_NAME: u32 = 0x45A3;
const TAG_STRING: u32 = 0x4487;
const TAG_BINARY: u32 = 0x4485;
const ATTACHMENTS: u32 = 0x1941_A469;
const ATTACHED_FILE: u32 = 0x61A7;
const CRC_32: u32 = 0xBF;
const VOID: u8 = 0xEC;

/// Elements that are visited in one file.
const MAX_ELEMENTS: usize = 1_000_000;
/// Simple tags inside simple tags.
const MAX_DEPTH: usize = 8;
/// Bytes of a tag that is nested deeper.
const MAX_SPOKEN: usize = 64 << 10;
