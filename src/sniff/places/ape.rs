//! Tags at the end of a file of sound: `APEv2`, and the texts of `ID3v1`.

use super::super::bytes::{find, from, le32, slice, tail};
use super::draft::Draft;
use super::said::{names_place, tells};

/// Blanks what tells a place in the tags at the end.
pub(super) fn blank(draft: &mut Draft<'_>) {
    let mut end = draft.bytes().len();
    if tail(draft.bytes(), ID3V1).starts_with(b"TAG") && end >= ID3V1 {
        end -= ID3V1;
        // Title, artist, album, year, comment, up to the genre.
        for (at, len) in [(3, 30), (33, 30), (63, 30), (97, 30)] {
            let at = end + at;
            if slice(draft.bytes(), at, len).is_some_and(tells) {
                draft.fill(at..at + len, 0);
            }
        }
    }
    let Some(footer) = end.checked_sub(FOOTER) else {
        return;
    };
    if slice(draft.bytes(), footer, 8) != Some(b"APETAGEX") {
        return;
    }
    let (Some(size), Some(count)) = (
        le32(draft.bytes(), footer + 12),
        le32(draft.bytes(), footer + 16),
    ) else {
        return;
    };
    let Some(mut at) = end.checked_sub(size as usize) else {
        return;
    };
    for _ in 0..count.min(MAX_ITEMS) {
        let Some(next) = item(draft, at, footer) else {
            return;
        };
        at = next;
    }
}

/// One item: length, flags, key, 0, value. One that tells a place becomes the placeholder that the format has for it.
fn item(draft: &mut Draft<'_>, at: usize, end: usize) -> Option<usize> {
    let bytes = draft.bytes();
    let len = le32(bytes, at)? as usize;
    let key = at + 8;
    let key_len = find(
        from(bytes, key).get(..MAX_KEY.min(end.checked_sub(key)?))?,
        b"\0",
    )?;
    let value = key + key_len + 1;
    let next = value.checked_add(len)?;
    if next > end {
        return None;
    }
    if names_place(bytes.get(key..key + key_len)?) || tells(bytes.get(value..next)?) {
        draft.fill(key..next, b' ');
        let placeholder = if next - key > DUMMY.len() {
            DUMMY
        } else {
            // Keys have at least two letters.
            b"No\0"
        };
        if next - key >= placeholder.len() {
            draft.write(key, placeholder);
            let rest = next - key - placeholder.len();
            draft.write(at, &u32::try_from(rest).ok()?.to_le_bytes());
        }
    }
    Some(next)
}

/// The key of an item that fills space.
const DUMMY: &[u8] = b"Dummy\0";
const ID3V1: usize = 128;
const FOOTER: usize = 32;
const MAX_ITEMS: u32 = 10_000;
/// Bytes of a key and its end.
const MAX_KEY: usize = 256;
