//! Reading and writing the boxes of ISO media (ISO/IEC 14496-12 4.2) of a file that is to be written anew.
//!
//! Stricter than sniffing: whatever is cut or does not add up ends the rewrite, as a guess would be sent to somebody.

/// Boxes of one list.
const MAX_BOXES: usize = 20_000;

/// One box: its name and what is in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) name: [u8; 4],
    pub(super) body: &'a [u8],
}

/// The boxes that fill a body, to its last byte; zeros behind them are `QuickTime`'s terminator.
///
/// `None` where a box is cut, or where there are too many.
pub(super) fn items(body: &[u8]) -> Option<Vec<Item<'_>>> {
    let mut rest = body;
    let mut found = Vec::new();
    while !rest.is_empty() {
        if rest.len() < 8 && rest.iter().all(|&byte| byte == 0) {
            break;
        }
        let short = be32(rest, 0)?;
        let (header, len) = match short {
            0 => (8, rest.len()),
            1 => (16, usize::try_from(be64(rest, 8)?).ok()?),
            len => (8, usize::try_from(len).ok()?),
        };
        if len < header || found.len() == MAX_BOXES {
            return None;
        }
        found.push(Item {
            name: rest.get(4..8)?.try_into().ok()?,
            body: rest.get(header..len)?,
        });
        rest = rest.get(len..)?;
    }
    Some(found)
}

/// The only box of this name in a list; `None` where there is none, or more than one.
pub(super) fn only<'a>(items: &[Item<'a>], name: &[u8; 4]) -> Option<&'a [u8]> {
    let mut named = items.iter().filter(|item| &item.name == name);
    let found = named.next()?.body;
    named.next().is_none().then_some(found)
}

/// Writes a box: the length is filled in when its content is known.
pub(super) fn put(out: &mut Vec<u8>, name: &[u8; 4], write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(name);
    write(out);
    // Every box that is written here holds tables of a file of at most a few hundred megabytes.
    let len = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    if let Some(field) = out.get_mut(start..start + 4) {
        field.copy_from_slice(&len.to_be_bytes());
    }
}

/// Writes a box as it came.
pub(super) fn copy(out: &mut Vec<u8>, item: Item<'_>) {
    put(out, &item.name, |out| out.extend_from_slice(item.body));
}

pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(
        bytes.get(at..at.checked_add(2)?)?.try_into().ok()?,
    ))
}

pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(
        bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

pub(super) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(
        bytes.get(at..at.checked_add(8)?)?.try_into().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_that_is_cut_ends_the_list() {
        let whole = b"\0\0\0\x0Cfreeabcd\0\0\0\x08skip\0\0\0\0";
        let names: Vec<[u8; 4]> = items(whole)
            .expect("two whole boxes and a terminator")
            .iter()
            .map(|item| item.name)
            .collect();
        assert_eq!(names, [*b"free", *b"skip"]);
        // Three zeros may be the beginning of a terminator as well as of a length.
        let is_cut = |len: &usize| !matches!(len, 1..=3 | 12..=15);
        for len in (1..whole.len() - 4).filter(is_cut) {
            assert!(items(&whole[..len]).is_none(), "cut at {len}");
        }
        assert!(items(b"\0\0\0\x07free").is_none());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut out = Vec::new();
        put(&mut out, b"udta", |out| {
            put(out, b"name", |out| out.extend_from_slice(b"abc"));
        });
        let outer = items(&out).expect("a box");
        let inner = items(outer[0].body).expect("a box in it");
        assert_eq!((inner[0].name, inner[0].body), (*b"name", &b"abc"[..]));
        assert!(only(&inner, b"name").is_some());
        assert!(only(&inner, b"nope").is_none());
    }
}
