//! Where a PDF says where it was made: XMP packets (ISO 32000-1 14.3.2) and the EXIF blocks of photographs in it, as far
//! as they lie open. What is compressed is not looked into.

use std::ops::Range;

use super::bytes::{find, from, head, slice};
use super::exif;
use crate::sniff::Sniffed;

/// Whether a place is told in the open.
pub(super) fn says_where(bytes: &[u8]) -> bool {
    places(bytes).next().is_some()
}

/// The same document with blanks and zeros where it told a place: not a byte is moved, so that its cross-reference
/// stays right. `None` for a signed one, whose signature would end.
pub(crate) fn without_places(bytes: &[u8]) -> Option<Vec<u8>> {
    if find(bytes, b"/ByteRange").is_some() {
        return None;
    }
    let mut made = bytes.to_vec();
    for (range, blank) in places(bytes) {
        made.get_mut(range)?.fill(blank);
    }
    Some(made)
}

/// What tells a place, and what it can be overwritten with.
fn places(bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, u8)> {
    let mut at = 0;
    let packets = std::iter::from_fn(move || {
        at += find(from(bytes, at), b"<rdf:RDF")?;
        at += find(from(bytes, at), b">")? + 1;
        // One that has no end, or none for long, is none.
        let len = find(head(from(bytes, at), MAX_PACKET), b"</rdf:RDF>")?;
        let range = at..at + len;
        at = range.end;
        Some(range)
    });
    let packets = packets.take(MAX_PIECES).filter_map(|range| {
        let said = told(|found| exif::read_xmp(&bytes[range.clone()], found));
        said.then_some((range, b' '))
    });
    let blocks = every(bytes, b"Exif\0\0").filter_map(|at| {
        // A segment of a JPEG (T.81 B.2.4.6): marker and length stand in front.
        let marker = slice(bytes, at.checked_sub(4)?, 4)?;
        let &[0xFF, 0xE1, high, low] = marker else {
            return None;
        };
        let end = (at - 2).checked_add(usize::from(u16::from_be_bytes([high, low])))?;
        let block = bytes.get(at..end)?;
        told(|found| exif::read(block, found, false)).then_some((at + 6..end, 0))
    });
    packets.chain(blocks)
}

/// Where these bytes stand, the first [`MAX_PIECES`] times.
fn every<'a>(bytes: &'a [u8], wanted: &'a [u8]) -> impl Iterator<Item = usize> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let found = at + find(from(bytes, at), wanted)?;
        at = found + wanted.len();
        Some(found)
    })
    .take(MAX_PIECES)
}

fn told(read: impl FnOnce(&mut Sniffed)) -> bool {
    let mut found = Sniffed::of(None, 0);
    read(&mut found);
    found.has_location
}

/// Packets, and photographs, of one document.
const MAX_PIECES: usize = 10_000;
/// Bytes of a packet that is looked through.
const MAX_PACKET: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_blanked_where_it_stands_and_the_rest_stays() {
        let pdf = b"%PDF-1.4 <rdf:RDF a='1'><x exif:GPSLatitude='5'/></rdf:RDF> <rdf:RDF><y/></rdf:RDF> %%EOF";
        assert!(says_where(pdf));
        let made = without_places(pdf).expect("it is not signed");
        assert_eq!(
            String::from_utf8_lossy(&made),
            "%PDF-1.4 <rdf:RDF a='1'>                         </rdf:RDF> <rdf:RDF><y/></rdf:RDF> %%EOF"
        );
        assert!(!says_where(&made));
        assert_eq!(made.len(), pdf.len());
    }

    #[test]
    fn the_place_of_a_photograph_inside_is_blanked() {
        let photo = include_bytes!("../../fixtures/photos/gps.jpg");
        let pdf = [&b"%PDF-1.4 stream\n"[..], photo, b"endstream %%EOF"].concat();
        assert!(says_where(&pdf));
        let made = without_places(&pdf).expect("it is not signed");
        assert!(!says_where(&made));
        assert_eq!(made.len(), pdf.len());
        let changed = pdf.iter().zip(&made).filter(|(a, b)| a != b).count();
        assert!(changed > 100 && changed < 5_000, "{changed}");
    }

    #[test]
    fn a_signed_document_is_left_alone() {
        let pdf = b"%PDF-1.4 /ByteRange [0 1 2 3] <rdf:RDF><x exif:GPSLatitude='5'/></rdf:RDF>";
        assert!(says_where(pdf));
        assert_eq!(without_places(pdf), None);
    }

    #[test]
    fn a_million_openings_are_not_walked_for_ever() {
        let pdf = b"<rdf:RDF>".repeat(1_000_000);
        assert!(!says_where(&pdf));
    }
}
