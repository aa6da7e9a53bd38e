//! Vorbis comments (Vorbis I section 5): the tags of Ogg and FLAC.

use std::ops::Range;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::super::bytes::le32;
use super::draft::Draft;
use super::open;
use super::said::{names_place, tells};

/// Blanks the comments of a block that starts with its vendor's name.
pub(super) fn blank(draft: &mut Draft<'_>, block: Range<usize>) {
    let comments = walk(draft.bytes(), &block).unwrap_or_default();
    for comment in comments {
        let Some(text) = draft.bytes().get(comment.clone()) else {
            continue;
        };
        let name = text.iter().position(|&byte| byte == b'=').unwrap_or(0);
        let (name, value) = text.split_at(name);
        let value = value.get(1..).unwrap_or_default();
        let is_picture = PICTURES.iter().any(|own| name.eq_ignore_ascii_case(own));
        if is_picture {
            let at = comment.end - value.len();
            blank_picture(draft, at..comment.end);
        } else if names_place(name) || tells(text) {
            nameless(draft, comment);
        }
    }
}

/// A comment with a name of underscores and no value: one of the same length that says nothing.
fn nameless(draft: &mut Draft<'_>, comment: Range<usize>) {
    if let Some(last) = comment.len().checked_sub(1) {
        let at = comment.start;
        draft.fill(at..at + last, b'_');
        draft.write(at + last, b"=");
    }
}

/// A picture in base64, which says the same length for the same length.
fn blank_picture(draft: &mut Draft<'_>, value: Range<usize>) {
    let Some(picture) = draft
        .bytes()
        .get(value.clone())
        .and_then(|text| BASE64_STANDARD.decode(text).ok())
    else {
        return;
    };
    let mut inner = Draft::of(&picture);
    open::blank(&mut inner, 0..picture.len());
    if let Some(made) = inner.into_changed() {
        draft.write(value.start, BASE64_STANDARD.encode(made).as_bytes());
    }
}

fn walk(bytes: &[u8], block: &Range<usize>) -> Option<Vec<Range<usize>>> {
    let bytes = bytes.get(..block.end)?;
    let vendor = le32(bytes, block.start)? as usize;
    let mut at = block.start.checked_add(4)?.checked_add(vendor)?;
    let count = le32(bytes, at)? as usize;
    at += 4;
    let mut comments = Vec::new();
    for _ in 0..count.min(MAX_COMMENTS) {
        let Some(len) = le32(bytes, at) else {
            break;
        };
        let start = at + 4;
        let end = start.saturating_add(len as usize);
        // One that is cut is told by none; what was before it counts.
        if end > bytes.len() {
            break;
        }
        // No name, no value, no place.
        if len > 0 {
            comments.push(start..end);
        }
        at = end;
    }
    Some(comments)
}

/// Names of comments that hold a picture (the second is of old).
const PICTURES: [&[u8]; 2] = [b"METADATA_BLOCK_PICTURE", b"COVERART"];
/// Comments of one block.
const MAX_COMMENTS: usize = 100_000;
