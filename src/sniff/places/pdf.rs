//! PDF (ISO 32000-1): XMP packets (14.3.2) and photographs in it, in the open or deflated, and texts of its information
//! dictionary (14.3.3) that are named after a place. Its cross-reference stays right, as everything keeps its length.

use std::ops::Range;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::super::bytes::{find, from, head, rfind, slice};
use super::draft::Draft;
use super::open;

/// Whether any change to it would end a signature (12.8.1).
pub(super) fn is_signed(bytes: &[u8]) -> bool {
    find(bytes, b"/ByteRange").is_some()
}

pub(super) fn blank(draft: &mut Draft<'_>) {
    let all = 0..draft.bytes().len();
    open::blank(draft, all.clone());
    // What is encrypted is no text, and blanks would become something else.
    if find(draft.bytes(), b"/Encrypt").is_none() {
        blank_strings(draft, all);
    }
    let mut edits = Vec::new();
    for_each_stream(draft.bytes(), |at, mended| edits.push((at, mended)));
    for (at, mended) in edits {
        match mended {
            Some(mended) => draft.write(at, &mended),
            None => draft.stick(),
        }
    }
}

/// Blanks the texts behind names of places: literal ones (7.3.4.2) and hexadecimal ones (7.3.4.3).
fn blank_strings(draft: &mut Draft<'_>, range: Range<usize>) {
    draft.within(range, |part| {
        for name in NAMES {
            let mut at = 0;
            for _ in 0..MAX_STRINGS {
                let Some(offset) = find(from(part.bytes(), at), name) else {
                    break;
                };
                at += offset + name.len();
                if let Some(text) = string_behind(part.bytes(), at) {
                    let blank = if part.bytes().get(text.start - 1) == Some(&b'(') {
                        b' '
                    } else {
                        b'0'
                    };
                    part.fill(text, blank);
                }
            }
        }
    });
}

/// The content of the string behind a name that goes on from `at`.
fn string_behind(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = head(from(bytes, at), MAX_STRING);
    let letters = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    let gap = from(rest, letters)
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count();
    let open = letters + gap;
    let start = at + open + 1;
    match rest.get(open)? {
        b'(' => {
            let mut depth = 1;
            let mut is_escaped = false;
            let len = from(rest, open + 1).iter().position(|&byte| {
                match byte {
                    _ if is_escaped => is_escaped = false,
                    b'\\' => is_escaped = true,
                    b'(' => depth += 1,
                    b')' => depth -= 1,
                    _ => {}
                }
                depth == 0
            })?;
            Some(start..start + len)
        }
        b'<' if rest.get(open + 1) != Some(&b'<') => {
            let len = from(rest, open + 1).iter().position(|&byte| byte == b'>')?;
            Some(start..start + len)
        }
        _ => None,
    }
}

/// Deflated streams that hold a place: where they stand, and what is written there, of the same length, where there is
/// such a thing.
fn for_each_stream(bytes: &[u8], mut told: impl FnMut(usize, Option<Vec<u8>>)) {
    let mut at = 0;
    let mut budget = MAX_INFLATED;
    for _ in 0..MAX_STREAMS {
        let Some(offset) = find(from(bytes, at), b"stream") else {
            return;
        };
        let word = at + offset;
        at = word + b"stream".len();
        let start = match from(bytes, at) {
            [b'\r', b'\n', ..] => at + 2,
            // The second is not allowed (7.3.8.1), and read all the same.
            [b'\n' | b'\r', ..] => at + 1,
            _ => continue,
        };
        if head(bytes, word).ends_with(b"end") {
            continue;
        }
        let dictionary = slice(
            bytes,
            word.saturating_sub(MAX_DICTIONARY),
            word.min(MAX_DICTIONARY),
        )
        .unwrap_or_default();
        let dictionary = from(dictionary, rfind(dictionary, b"obj").unwrap_or(0));
        let has = |name: &[u8]| find(dictionary, name).is_some();
        if !(has(b"/FlateDecode") || has(b"/Fl")) || has(b"/Predictor") {
            continue;
        }
        let wants_all = has(b"/Metadata") || has(b"/DCT") || has(b"/ObjStm");
        let deflated = from(bytes, start);
        if !wants_all && !looks_like_xmp(&inflate(deflated, PEEKED).0) {
            continue;
        }
        let (text, len) = inflate(deflated, budget.min(MAX_STREAM));
        budget -= text.len();
        let mut draft = Draft::of(&text);
        let all = 0..text.len();
        if has(b"/ObjStm") {
            blank_strings(&mut draft, all);
        } else {
            open::blank(&mut draft, all);
        }
        if let Some(blanked) = draft.into_changed() {
            let mended = deflate(&blanked, len);
            // A packet that does not become as short as it was says nothing at all.
            let is_packet = looks_like_xmp(head(&text, PEEKED));
            told(
                start,
                mended.or_else(|| is_packet.then(|| deflate(b"", len))?),
            );
        }
        if budget == 0 {
            return;
        }
        at = start + len;
    }
}

fn looks_like_xmp(text: &[u8]) -> bool {
    [&b"<?xpacket"[..], b"<x:xmpmeta", b"<rdf:RDF"]
        .iter()
        .any(|mark| find(text, mark).is_some())
}

/// At most `most` bytes out of a zlib stream, and how many of its own that took.
fn inflate(deflated: &[u8], most: usize) -> (Vec<u8>, usize) {
    let mut state = Decompress::new(true);
    let mut text = Vec::new();
    while text.len() < most {
        text.reserve_exact((most - text.len()).min(64 << 10));
        let (before, consumed) = (text.len(), state.total_in());
        let rest = from(deflated, consumed as usize);
        match state.decompress_vec(rest, &mut text, FlushDecompress::None) {
            Ok(Status::StreamEnd) | Err(_) => break,
            // No step forward: it is cut.
            Ok(_) if text.len() == before && state.total_in() == consumed => break,
            Ok(_) => {}
        }
    }
    text.truncate(most);
    (text, state.total_in() as usize)
}

/// A zlib stream (RFC 1950) of exactly `len` bytes: the content, and spaces behind it as they are needed.
///
/// `None` where it does not become so short.
fn deflate(content: &[u8], len: usize) -> Option<Vec<u8>> {
    stored(content, len).or_else(|| spaced(content, len))
}

/// With stored blocks of spaces (RFC 1951 3.2.4) behind the content, five bytes of header each.
fn stored(content: &[u8], len: usize) -> Option<Vec<u8>> {
    // Ends with a block that is not the last one, and with a whole byte.
    let mut made = compressed(content, len, FlushCompress::Sync)?;
    let mut sum = Adler::default();
    sum.update(content);
    let mut room = len.checked_sub(made.len() + SUM).filter(|&room| room > 0)?;
    while room > 0 {
        let mut spaces = room.checked_sub(STORED)?.min(usize::from(u16::MAX));
        let mut rest = room - STORED - spaces;
        if (1..STORED).contains(&rest) {
            spaces -= STORED;
            rest += STORED;
        }
        let length = u16::try_from(spaces).ok()?;
        made.push(u8::from(rest == 0));
        made.extend_from_slice(&length.to_le_bytes());
        made.extend_from_slice(&(!length).to_le_bytes());
        made.resize(made.len() + spaces, b' ');
        sum.update(&vec![b' '; spaces]);
        room = rest;
    }
    made.extend_from_slice(&sum.value().to_be_bytes());
    Some(made)
}

/// With spaces that are deflated as well, as many as just fill what the stored block has no room in: some bits for each
/// of the longest runs (RFC 1951 3.2.5).
fn spaced(content: &[u8], len: usize) -> Option<Vec<u8>> {
    const LONGEST_RUN: usize = 258;

    let tries = (MAX_INFLATED / (content.len() + 1)).min(MAX_TRIES);
    let mut content = content.to_vec();
    for _ in 0..tries {
        let made = compressed(&content, len, FlushCompress::Finish)?;
        if made.len() == len {
            return Some(made);
        }
        content.resize(content.len() + LONGEST_RUN, b' ');
    }
    None
}

/// At most `most` bytes of zlib; `None` where they are not enough.
fn compressed(content: &[u8], most: usize, flush: FlushCompress) -> Option<Vec<u8>> {
    let mut state = Compress::new(Compression::best(), true);
    // A full buffer may be one that was too short.
    let mut made = Vec::with_capacity(most + 16);
    let status = state.compress_vec(content, &mut made, flush).ok()?;
    let is_done = match flush {
        FlushCompress::Finish => status == Status::StreamEnd,
        _ => state.total_in() as usize == content.len() && made.len() < made.capacity(),
    };
    (is_done && made.len() <= most).then_some(made)
}

/// RFC 1950 8.2.
struct Adler(u32, u32);

impl Default for Adler {
    fn default() -> Self {
        Self(1, 0)
    }
}

impl Adler {
    fn update(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 + u32::from(byte)) % 65_521;
            self.1 = (self.1 + self.0) % 65_521;
        }
    }

    const fn value(&self) -> u32 {
        self.1 << 16 | self.0
    }
}

/// What a key of an information dictionary starts with that is named after a place.
const NAMES: [&[u8]; 5] = [b"/GPS", b"/Location", b"/City", b"/Latitude", b"/Longitude"];
/// Such keys of one document, and bytes of a text.
const MAX_STRINGS: usize = 1_000;
const MAX_STRING: usize = 64 << 10;

/// Starts and ends of streams that are looked at.
const MAX_STREAMS: usize = 40_000;
/// Bytes in front of a stream that its dictionary may have.
const MAX_DICTIONARY: usize = 2 << 10;
/// Bytes that show what a stream is.
const PEEKED: usize = 512;
/// Bytes that one stream, and all of them, may become.
const MAX_STREAM: usize = 16 << 20;
const MAX_INFLATED: usize = 32 << 20;
/// Lengths that are tried.
const MAX_TRIES: usize = 1_000;
/// Bytes of a stored block's header, and of the checksum behind the last block.
const STORED: usize = 5;
const SUM: usize = 4;
