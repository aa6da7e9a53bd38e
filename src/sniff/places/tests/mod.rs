//! Every container by hand: what is blanked, what stays, and that nothing in it makes a walk panic or go on for ever.

mod documents;
mod films;
mod streams;
mod tags;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

use super::super::bytes::find;
use super::*;
use documents::pdf;
use films::{matroska, object, simple_tag};
use streams::{chunk, comments, ogg, wav};
use tags::{frame, id3};

const COORDINATES: &str = "+52.5100+013.4000/";
const XMP: &str = "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF a='1'>\
     <x exif:GPSLatitude='52,30.6N' exif:GPSLongitude='13,24E'/></rdf:RDF></x:xmpmeta><?xpacket end='w'?>";

/// The file without its place; that it has lost no byte, and has nothing more to lose.
fn blanked(bytes: &[u8], content_type: ContentType) -> Vec<u8> {
    assert!(says_where(bytes, content_type));
    let made = without_places(bytes, content_type).expect("it can be blanked");
    assert_eq!(made.len(), bytes.len());
    assert_eq!(without_places(&made, content_type), None);
    made
}

fn has(bytes: &[u8], text: &str) -> bool {
    find(bytes, text.as_bytes()).is_some()
}

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut made = ZlibEncoder::new(Vec::new(), Compression::best());
    made.write_all(text).expect("memory takes it");
    made.finish().expect("memory takes it")
}

#[test]
fn a_picture_with_checksums_is_blanked_and_stays_whole() {
    let png = include_bytes!("../../../../fixtures/photos/gps_in_png.png");
    let made = blanked(&[&b"FLV"[..], png].concat(), ContentType::Mpeg);
    let found = crate::sniff::sniff(&made[3..]);
    assert_eq!(found.content_type, Some(ContentType::Png));
    assert!(!found.has_location && found.findings.is_empty());
}

#[test]
fn bombs_and_a_million_openings_are_not_walked_for_ever() {
    let openings = b"<rdf:RDF>".repeat(1_000_000);
    assert!(!says_where(&openings, ContentType::Pdf));
    let streams = b"/FlateDecode stream\n".repeat(100_000);
    assert!(!says_where(&streams, ContentType::Pdf));
    // 100 MB each, behind a name that asks for all of it.
    let bomb = deflated(&vec![b' '; 100 << 20]);
    let bombs = pdf("/Type/Metadata", &bomb).repeat(20);
    assert!(!says_where(&bombs, ContentType::Pdf));
    let pages = ogg(&[b"\x01vorbis", b"\x03vorbis"]).repeat(100_000);
    assert!(!says_where(&pages, ContentType::OggAudio));
    let signatures = b"\x89PNG\r\n\x1A\n\0\0\0\0eXIf\0\0\0\0".repeat(200_000);
    assert!(!says_where(&signatures, ContentType::Mp3));
}

#[test]
fn damaged_files_are_walked_without_a_panic_and_keep_their_length() {
    let samples: [(ContentType, Vec<u8>); 9] = [
        (
            ContentType::Matroska,
            matroska(&simple_tag("LOCATION", "Berlin", &simple_tag("CITY", "x", b""))),
        ),
        (
            ContentType::OggAudio,
            ogg(&[b"\x01vorbis", &[b"\x03vorbis", &comments(&["LOCATION=Berlin"])[..]].concat()]),
        ),
        (
            ContentType::Flac,
            [b"fLaC\x84\0\0\x60", &comments(&["LOCATION=Berlin", COORDINATES])[..]].concat(),
        ),
        (
            ContentType::Wav,
            wav(&[
                chunk(b"LIST", &[b"INFO", &chunk(b"LOCA", b"Berlin")[..]].concat()),
                chunk(b"_PMX", XMP.as_bytes()),
            ]
            .concat()),
        ),
        (
            ContentType::Mp3,
            id3(4, 0x10, &frame(b"TXXX", 0, b"\0location\0Berlin")),
        ),
        (
            ContentType::Mp3,
            id3(3, 0xC0, &[&[0, 0, 0, 6, 0, 0, 0, 0, 0, 0][..], &frame(b"TXXX", 0x80, b"\0city\0x")].concat()),
        ),
        (ContentType::Pdf, pdf("/Type/Metadata", &deflated(XMP.as_bytes()))),
        (
            ContentType::Flv,
            b"FLV\x01\x05\0\0\0\x09\0\0\0\0\x12\0\0\x18\0\0\0\0\0\0\0\x08\0\0\0\x01\0\x08location\x02\0\x03Ulm\0\0\x09".to_vec(),
        ),
        (
            ContentType::Wmv,
            object([9; 16], &[&[0; 6][..], &object([0x40; 16], b"\x01\0\x02\0x\0")].concat()),
        ),
    ];
    let mut seed = 1_u32;
    let mut random = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed >> 8
    };
    for (kind, sample) in &samples {
        for end in 0..sample.len() {
            let _ = without_places(&sample[..end], *kind);
        }
        for _ in 0..2_000 {
            let mut bytes = sample.clone();
            for _ in 0..1 + random() % 4 {
                let at = random() as usize % bytes.len();
                bytes[at] = match random() % 3 {
                    0 => 0xFF,
                    1 => bytes[at] ^ 1 << (random() % 8),
                    _ => random() as u8,
                };
            }
            if let Some(made) = without_places(&bytes, *kind) {
                assert_eq!(made.len(), bytes.len());
            }
        }
    }
}
