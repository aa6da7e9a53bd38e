//! FLAC (RFC 9639 8): its comments, pictures and applications' blocks. None of them has a checksum.

use super::super::bytes::{be24, slice, u8_at};
use super::draft::Draft;
use super::{comments, open};

/// Blanks what stands in front of the first frame; `start` is where the stream's own mark stands.
pub(super) fn blank(draft: &mut Draft<'_>, start: usize) {
    if slice(draft.bytes(), start, 4) != Some(b"fLaC") {
        return;
    }
    let mut at = start + 4;
    for _ in 0..MAX_BLOCKS {
        let (Some(kind), Some(len)) = (u8_at(draft.bytes(), at), be24(draft.bytes(), at + 1))
        else {
            return;
        };
        let end = (at + 4 + len as usize).min(draft.bytes().len());
        blank_block(draft, kind, at + 4..end);
        at = end;
        if is_last(kind) {
            return;
        }
    }
}

/// One block of metadata, by the kind in the first byte of its header.
pub(super) fn blank_block(draft: &mut Draft<'_>, kind: u8, body: std::ops::Range<usize>) {
    match kind & 0x7F {
        4 => comments::blank(draft, body),
        2 | 6 => open::blank(draft, body),
        _ => {}
    }
}

pub(super) const fn is_last(kind: u8) -> bool {
    kind & 0x80 != 0
}

const MAX_BLOCKS: usize = 1_000;
