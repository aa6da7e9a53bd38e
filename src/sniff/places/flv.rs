//! FLV (10.1 E.4.4): what its script tags name after a place, in values of AMF 0.

use super::super::bytes::{be16, be24, be32, slice, u8_at};
use super::draft::Draft;
use super::said::{names_place, tells};

/// Blanks the script tags.
pub(super) fn blank(draft: &mut Draft<'_>) {
    let Some(header) = be32(draft.bytes(), 5) else {
        return;
    };
    let mut at = (header as usize).saturating_add(4);
    let mut left = MAX_VALUES;
    for _ in 0..MAX_TAGS {
        let (Some(kind), Some(len)) = (u8_at(draft.bytes(), at), be24(draft.bytes(), at + 1))
        else {
            return;
        };
        let start = at + 11;
        let end = start + len as usize;
        if kind & 0x1F == SCRIPT {
            draft.within(start..end.min(draft.bytes().len()), |part| {
                let mut script = Script {
                    draft: part,
                    left: &mut left,
                };
                let mut at = 0;
                // A name, and what it names.
                while let Some(next) = script.value(at, 0, false) {
                    at = next;
                }
            });
        }
        at = end + 4;
    }
}

struct Script<'a, 'b> {
    draft: &'a mut Draft<'b>,
    left: &'a mut usize,
}

impl Script<'_, '_> {
    /// One value (AMF 0 2.1): where it ends. `wipes` where its name tells a place.
    fn value(&mut self, at: usize, depth: usize, wipes: bool) -> Option<usize> {
        *self.left = self.left.checked_sub(1)?;
        let bytes = self.draft.bytes();
        let kind = u8_at(bytes, at)?;
        let body = at + 1;
        match kind {
            NUMBER => self.plain(body, 8, wipes),
            BOOLEAN => self.plain(body, 1, false),
            STRING => {
                let len = be16(bytes, body)?.into();
                self.text(body + 2, len, wipes)
            }
            LONG_STRING | XML => {
                let len = be32(bytes, body)? as usize;
                self.text(body + 4, len, wipes)
            }
            OBJECT => self.members(body, depth, wipes),
            ECMA_ARRAY => self.members(body + 4, depth, wipes),
            STRICT_ARRAY => {
                let count = be32(bytes, body)?;
                let mut at = body + 4;
                if depth == MAX_DEPTH {
                    return None;
                }
                for _ in 0..count {
                    at = self.value(at, depth + 1, wipes)?;
                }
                Some(at)
            }
            DATE => self.plain(body, 10, false),
            REFERENCE => self.plain(body, 2, false),
            NULL | UNDEFINED => Some(body),
            _ => None,
        }
    }

    fn plain(&mut self, at: usize, len: usize, wipes: bool) -> Option<usize> {
        slice(self.draft.bytes(), at, len)?;
        if wipes {
            self.draft.fill(at..at + len, 0);
        }
        Some(at + len)
    }

    fn text(&mut self, at: usize, len: usize, wipes: bool) -> Option<usize> {
        let text = slice(self.draft.bytes(), at, len)?;
        if wipes || tells(text) {
            self.draft.fill(at..at + len, b' ');
        }
        Some(at + len)
    }

    /// Names and values, up to an empty name and an end mark.
    fn members(&mut self, at: usize, depth: usize, wipes: bool) -> Option<usize> {
        if depth == MAX_DEPTH {
            return None;
        }
        let mut at = at;
        loop {
            let len = usize::from(be16(self.draft.bytes(), at)?);
            let name = slice(self.draft.bytes(), at + 2, len)?;
            let value = at + 2 + len;
            if len == 0 && u8_at(self.draft.bytes(), value)? == OBJECT_END {
                return Some(value + 1);
            }
            let is_place = names_place(name);
            if is_place {
                self.draft.fill(at + 2..value, b'_');
            }
            at = self.value(value, depth + 1, wipes || is_place)?;
        }
    }
}

/// The kind of a tag that holds values.
const SCRIPT: u8 = 18;

// AMF 0 2.1: markers of types.
const NUMBER: u8 = 0;
const BOOLEAN: u8 = 1;
const STRING: u8 = 2;
const OBJECT: u8 = 3;
const NULL: u8 = 5;
const UNDEFINED: u8 = 6;
const REFERENCE: u8 = 7;
const ECMA_ARRAY: u8 = 8;
const OBJECT_END: u8 = 9;
const STRICT_ARRAY: u8 = 10;
const DATE: u8 = 11;
const LONG_STRING: u8 = 12;
const XML: u8 = 15;

const MAX_TAGS: usize = 1_000_000;
const MAX_VALUES: usize = 1_000_000;
const MAX_DEPTH: usize = 16;
