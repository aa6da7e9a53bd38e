//! Ogg (RFC 3533): the comments of each stream, in a packet of their own that may lie over several pages. The checksums
//! of those pages are made anew.

use std::ops::Range;

use super::super::bytes::{le32, slice, u8_at};
use super::draft::Draft;
use super::{comments, flac};

/// Blanks the comments of every stream, chained ones included.
pub(super) fn blank(draft: &mut Draft<'_>) {
    let walk = Walk::over(draft.bytes());
    for (at, new) in walk.edits {
        draft.write(at, &new);
    }
    for page in walk.pages {
        let Some(bytes) = draft.bytes().get(page.clone()) else {
            continue;
        };
        let sum = checksum(bytes);
        draft.write(page.start + SUM_AT, &sum.to_le_bytes());
    }
}

/// A stream whose headers are not all read yet.
struct Stream {
    serial: u32,
    /// Packets that are whole.
    packets: usize,
    is_flac: bool,
    /// What is there of the packet that is being read, by the page that it is on.
    pieces: Vec<(Range<usize>, Range<usize>)>,
    len: usize,
}

#[derive(Default)]
struct Walk {
    streams: Vec<Stream>,
    /// What is to be written where, and the pages that it is on.
    edits: Vec<(usize, Vec<u8>)>,
    pages: Vec<Range<usize>>,
}

impl Walk {
    fn over(bytes: &[u8]) -> Self {
        let mut walk = Self::default();
        let mut at = 0;
        for _ in 0..MAX_PAGES {
            match walk.page(bytes, at) {
                Some(end) => at = end,
                None => break,
            }
        }
        walk.pages.dedup();
        walk
    }

    /// Reads the page at `at`; where it ends.
    fn page(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        if slice(bytes, at, 4)? != b"OggS" {
            return None;
        }
        let flags = u8_at(bytes, at + 5)?;
        let serial = le32(bytes, at + 14)?;
        let count = usize::from(u8_at(bytes, at + 26)?);
        let table = slice(bytes, at + HEADER, count)?;
        let start = at + HEADER + count;
        let end = start + table.iter().map(|&len| usize::from(len)).sum::<usize>();
        if end > bytes.len() {
            return None;
        }
        if flags & FIRST != 0 {
            self.streams.retain(|stream| stream.serial != serial);
            if self.streams.len() < MAX_STREAMS {
                self.streams.push(Stream {
                    serial,
                    packets: 0,
                    is_flac: slice(bytes, start, 5) == Some(b"\x7FFLAC"),
                    pieces: Vec::new(),
                    len: 0,
                });
            }
        }
        let Some(index) = self.streams.iter().position(|own| own.serial == serial) else {
            return Some(end);
        };
        let mut piece = start;
        let mut next = start;
        for &len in table {
            next += usize::from(len);
            // A segment of 255 bytes goes on in the next (RFC 3533 5).
            if len == 255 {
                continue;
            }
            if !self.packet(bytes, index, piece..next, at..end) {
                self.streams.swap_remove(index);
                return Some(end);
            }
            piece = next;
        }
        if let Some(stream) = self.streams.get_mut(index)
            && piece < next
        {
            stream.pieces.push((piece..next, at..end));
            stream.len += next - piece;
            if stream.len > MAX_PACKET {
                self.streams.swap_remove(index);
            }
        }
        Some(end)
    }

    /// Takes the last piece of a packet; whether more headers are to come.
    fn packet(
        &mut self,
        bytes: &[u8],
        index: usize,
        last: Range<usize>,
        page: Range<usize>,
    ) -> bool {
        let Some(stream) = self.streams.get_mut(index) else {
            return false;
        };
        stream.pieces.push((last, page));
        stream.len = 0;
        stream.packets += 1;
        let pieces = std::mem::take(&mut stream.pieces);
        if stream.packets == 1 {
            return true;
        }
        let is_flac = stream.is_flac;
        let packet: Vec<u8> = pieces
            .iter()
            .filter_map(|(piece, _)| bytes.get(piece.clone()))
            .flatten()
            .copied()
            .collect();
        let mut draft = Draft::of(&packet);
        if is_flac {
            let kind = packet.first().copied().unwrap_or(0);
            flac::blank_block(&mut draft, kind, packet.len().min(4)..packet.len());
        } else {
            comments::blank(&mut draft, mark(&packet)..packet.len());
        }
        let has_more = is_flac
            && self.streams[index].packets < MAX_BLOCKS
            && packet.first().is_some_and(|&kind| !flac::is_last(kind));
        if let Some(made) = draft.into_changed() {
            let mut at = 0;
            for (piece, page) in pieces {
                let new = made.get(at..at + piece.len()).unwrap_or_default();
                at += piece.len();
                self.edits.push((piece.start, new.to_vec()));
                self.pages.push(page);
            }
        }
        has_more
    }
}

/// What stands in front of the comments: Speex has nothing there.
fn mark(packet: &[u8]) -> usize {
    let marks: [&[u8]; 5] = [
        b"\x03vorbis",
        b"OpusTags",
        b"\x81theora",
        b"\x81kate\0\0\0\0",
        b"OVP80\x02 ",
    ];
    marks
        .iter()
        .find(|mark| packet.starts_with(mark))
        .map_or(0, |mark| mark.len())
}

/// RFC 3533 6: polynomial 0x04C11DB7, nothing reflected, over the page with zeros in the field itself.
fn checksum(page: &[u8]) -> u32 {
    let zeroed = [0; 4];
    let (front, rest) = page.split_at(SUM_AT.min(page.len()));
    let rest = rest.get(4..).unwrap_or_default();
    front
        .iter()
        .chain(&zeroed)
        .chain(rest)
        .fold(0, |sum, &byte| {
            (sum << 8) ^ TABLE[usize::from((sum >> 24) as u8 ^ byte)]
        })
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut sum = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = (sum << 1) ^ (if sum >> 31 == 1 { 0x04C1_1DB7 } else { 0 });
            bit += 1;
        }
        table[index] = sum;
        index += 1;
    }
    table
};

/// Bytes of a page's header in front of its table (RFC 3533 6), and where its checksum stands.
const HEADER: usize = 27;
const SUM_AT: usize = 22;
/// The flag of a stream's first page.
const FIRST: u8 = 2;
const MAX_PAGES: usize = 1_000_000;
const MAX_STREAMS: usize = 64;
/// Bytes of a packet of comments, pictures included.
const MAX_PACKET: usize = 32 << 20;
/// Blocks of metadata of one stream of FLAC.
const MAX_BLOCKS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_pages_which_others_wrote() {
        for file in [
            &include_bytes!("../../../fixtures/audio/tone.ogg")[..],
            include_bytes!("../../../fixtures/audio/tone.opus"),
        ] {
            let count = usize::from(file[26]);
            let table = &file[27..27 + count];
            let body: usize = table.iter().map(|&len| usize::from(len)).sum();
            let page = &file[..27 + count + body];
            assert_eq!(Some(checksum(page)), le32(page, SUM_AT));
        }
    }
}
