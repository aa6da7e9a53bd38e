//! `ID3v2` (2.2, 2.3, 2.4): frames that tell a place are taken out, and the tag keeps its length by padding.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::ZlibDecoder;

use super::super::bytes::{be24, be32, from, head, slice, u8_at};
use super::draft::Draft;
use super::open;
use super::said::{names_place, tells};

/// Blanks the tags that stand at `at`, one behind the other; where the last one ends.
pub(super) fn blank(draft: &mut Draft<'_>, at: usize) -> usize {
    let mut at = at;
    for _ in 0..MAX_TAGS {
        let Some(tag) = Tag::at(draft.bytes(), at) else {
            break;
        };
        let end = at + tag.len;
        if let Some((flags, body)) = tag.without_places() {
            draft.write(at + 5, &[flags]);
            draft.write(at + HEADER, &body);
        }
        at = end;
    }
    at
}

/// Length of a header of a tag, and of a frame but for that of `ID3v2.2`.
const HEADER: usize = 10;

struct Tag<'a> {
    version: u8,
    flags: u8,
    body: &'a [u8],
    /// With its header, and its footer where it has one.
    len: usize,
}

impl<'a> Tag<'a> {
    /// `ID3v2.4` 3.1.
    fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let header = slice(bytes, at, HEADER)?;
        let version = header[3];
        if !header.starts_with(b"ID3") || !matches!(version, 2..=4) {
            return None;
        }
        let size = syncsafe(be32(header, 6)?)?;
        let body = head(from(bytes, at + HEADER), size);
        let footer = if header[5] & FOOTER != 0 && version == 4 {
            HEADER
        } else {
            0
        };
        Some(Self {
            version,
            flags: header[5],
            body,
            len: HEADER + size + footer,
        })
    }

    /// The flags and the body of the same length, where a frame tells a place.
    fn without_places(&self) -> Option<(u8, Vec<u8>)> {
        // ID3v2.2 3.1: a tag that is compressed as a whole, by a way that was never told.
        if self.version == 2 && self.flags & EXTENDED != 0 {
            return None;
        }
        let is_whole = self.version < 4 && self.flags & UNSYNCHRONISED != 0;
        let body = if is_whole {
            Cow::Owned(synchronised(self.body))
        } else {
            Cow::Borrowed(self.body)
        };
        let has_footer = self.version == 4 && self.flags & FOOTER != 0;
        let start = self.frames_start(&body)?;
        let mut made = Vec::new();
        let mut at = start;
        let mut is_changed = false;
        for _ in 0..MAX_FRAMES {
            let Some(frame) = Frame::at(&body, at, self.version) else {
                break;
            };
            let whole = body.get(at..frame.end).unwrap_or_default();
            at = frame.end;
            match frame.verdict(self.version, self.flags) {
                Verdict::Stays => made.extend_from_slice(whole),
                Verdict::Blanked(data) => {
                    is_changed = true;
                    made.extend_from_slice(head(whole, whole.len() - data.len()));
                    made.extend_from_slice(&data);
                }
                Verdict::Goes => is_changed = true,
            }
        }
        if !is_changed {
            return None;
        }
        // Padding, or what is no frame.
        made.extend_from_slice(from(&body, at));
        let mut flags = self.flags;
        if is_whole {
            flags &= !UNSYNCHRONISED;
        }
        if has_footer {
            // What a footer is behind of has no padding (ID3v2.4 3.4): a frame of nothing fills it.
            let front = head(&body, start);
            made.splice(0..0, front.iter().copied());
            let free = self.body.len().checked_sub(made.len())?;
            if let Some(size) = free.checked_sub(HEADER) {
                made.extend_from_slice(b"XXXX");
                made.extend_from_slice(&to_syncsafe(size));
                made.extend_from_slice(&[0, 0]);
            }
        } else {
            // Its extended header may hold a checksum of what it was.
            flags &= !EXTENDED;
        }
        made.resize(self.body.len(), 0);
        Some((flags, made))
    }

    /// Where the first frame stands, behind an extended header (`ID3v2.3` 3.2, `ID3v2.4` 3.2).
    fn frames_start(&self, body: &[u8]) -> Option<usize> {
        if self.flags & EXTENDED == 0 {
            return Some(0);
        }
        match self.version {
            3 => (be32(body, 0)? as usize).checked_add(4),
            _ => syncsafe(be32(body, 0)?),
        }
    }
}

struct Frame<'a> {
    name: &'a [u8],
    /// The second byte of its flags.
    format: u8,
    data: &'a [u8],
    end: usize,
}

enum Verdict {
    Stays,
    /// With these data, of the same length.
    Blanked(Vec<u8>),
    Goes,
}

impl<'a> Frame<'a> {
    fn at(body: &'a [u8], at: usize, version: u8) -> Option<Self> {
        let width = if version == 2 { 3 } else { 4 };
        let name = slice(body, at, width)?;
        if !is_name(name) {
            return None;
        }
        let (size, header) = match version {
            2 => (be24(body, at + 3)? as usize, 6),
            3 => (be32(body, at + 4)? as usize, HEADER),
            _ => (size_24(body, at)?, HEADER),
        };
        let format = if version == 2 {
            0
        } else {
            u8_at(body, at + 9)?
        };
        let start = at + header;
        let end = start.checked_add(size)?.min(body.len());
        Some(Self {
            name,
            format,
            data: body.get(start..end)?,
            end,
        })
    }

    fn verdict(&self, version: u8, tag_flags: u8) -> Verdict {
        let Some((data, is_plain)) = self.plain(version, tag_flags) else {
            return Verdict::Stays;
        };
        // An encoding, then what the text is about.
        let description = || head(from(&data, 1), 128);
        let is_described = match self.name {
            b"TXXX" | b"TXX" | b"WXXX" | b"WXX" => names_place(first_text(&data)),
            b"GEOB" | b"GEO" => names_place(description()),
            _ => false,
        };
        let is_picture = matches!(self.name, b"APIC" | b"PIC");
        if is_described || !is_picture && !self.is_binary() && tells(&data) {
            return Verdict::Goes;
        }
        let mut draft = Draft::of(&data);
        open::blank(&mut draft, 0..data.len());
        match draft.into_changed() {
            None => Verdict::Stays,
            Some(made) if is_plain => Verdict::Blanked(made),
            Some(_) => Verdict::Goes,
        }
    }

    /// Frames whose packets of XMP can be blanked inside.
    fn is_binary(&self) -> bool {
        matches!(self.name, b"GEOB" | b"GEO" | b"PRIV" | b"MCDI" | b"CHAP")
    }

    /// What is in it, out of what it is wrapped in; whether it is not wrapped at all. `None` of one that is encrypted.
    fn plain(&self, version: u8, tag_flags: u8) -> Option<(Cow<'a, [u8]>, bool)> {
        // ID3v2.3 3.3.1, ID3v2.4 4.1.2.
        let (grouped, compressed, encrypted, length) = match version {
            3 => (0x20, 0x80, 0x40, 0x80),
            4 => (0x40, 0x08, 0x04, 0x01),
            _ => return Some((Cow::Borrowed(self.data), true)),
        };
        let has = |flag| self.format & flag != 0;
        if has(encrypted) {
            return None;
        }
        let is_unsynchronised =
            version == 4 && (self.format & 0x02 != 0 || tag_flags & UNSYNCHRONISED != 0);
        let mut data = if is_unsynchronised {
            Cow::Owned(synchronised(self.data))
        } else {
            Cow::Borrowed(self.data)
        };
        let skip = usize::from(has(grouped)) + if has(length) { 4 } else { 0 };
        if skip > 0 {
            data = Cow::Owned(from(&data, skip).to_vec());
        }
        if has(compressed) {
            let mut inflated = Vec::new();
            // One that is damaged tells what it tells.
            let _ = ZlibDecoder::new(&data[..])
                .take(MAX_INFLATED)
                .read_to_end(&mut inflated);
            data = Cow::Owned(inflated);
        }
        let is_plain = matches!(data, Cow::Borrowed(_));
        Some((data, is_plain))
    }
}

/// What is told of a text, up to its end: zeros are one or two, by the encoding in front.
fn first_text(data: &[u8]) -> &[u8] {
    let text = from(data, 1);
    let end = match u8_at(data, 0) {
        Some(1 | 2) => text
            .chunks_exact(2)
            .position(|pair| pair == [0, 0])
            .map(|at| at * 2),
        _ => text.iter().position(|&byte| byte == 0),
    };
    head(text, end.unwrap_or(text.len()))
}

/// A size of `ID3v2.4`: synchsafe, but for writers that did not know.
fn size_24(body: &[u8], at: usize) -> Option<usize> {
    let plain = be32(body, at + 4)?;
    let Some(safe) = syncsafe(plain) else {
        return Some(plain as usize);
    };
    let ends_well = |size: usize| {
        let next = from(body, (at + HEADER).saturating_add(size));
        next.first().is_none_or(|&byte| byte == 0) || is_name(head(next, 4))
    };
    let plain = plain as usize;
    let is_plain = plain > safe && !ends_well(safe) && plain < body.len() && ends_well(plain);
    Some(if is_plain { plain } else { safe })
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn syncsafe(size: u32) -> Option<usize> {
    let bits = size & 0x7F | size >> 1 & 0x3F80 | size >> 2 & 0x1F_C000 | size >> 3 & 0xFE0_0000;
    (size & 0x8080_8080 == 0).then_some(bits as usize)
}

fn to_syncsafe(size: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| (size >> shift & 0x7F) as u8)
}

/// `ID3v2.4` 6.1, undone: no 0 behind each 255.
fn synchronised(bytes: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(bytes.len());
    let mut was_full = false;
    for &byte in bytes {
        if !(was_full && byte == 0) {
            made.push(byte);
        }
        was_full = byte == 0xFF;
    }
    made
}

/// Flags of a tag (`ID3v2.4` 3.1).
const UNSYNCHRONISED: u8 = 0x80;
const EXTENDED: u8 = 0x40;
const FOOTER: u8 = 0x10;

/// Tags in a row, and frames of one of them.
const MAX_TAGS: usize = 4;
const MAX_FRAMES: usize = 100_000;
/// Bytes that one compressed frame may become.
const MAX_INFLATED: u64 = 16 << 20;
