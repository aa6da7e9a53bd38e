//! Ogg, FLAC, RIFF, AIFF.

use super::tags::{frame, id3};
use super::*;

pub(super) fn comments(texts: &[&str]) -> Vec<u8> {
    let mut block = Vec::new();
    let mut put = |text: &str| {
        block.extend((text.len() as u32).to_le_bytes());
        block.extend(text.as_bytes());
    };
    put("vendor");
    let mut made = block.clone();
    made.extend((texts.len() as u32).to_le_bytes());
    block = Vec::new();
    for text in texts {
        block.extend((text.len() as u32).to_le_bytes());
        block.extend(text.as_bytes());
    }
    made.extend(block);
    made
}

/// Pages of one stream: each packet on pages of its own, of at most two segments.
pub(super) fn ogg(packets: &[&[u8]]) -> Vec<u8> {
    let mut file = Vec::new();
    for (number, packet) in packets.iter().enumerate() {
        let mut segments: Vec<&[u8]> = packet.chunks(255).collect();
        if packet.len() % 255 == 0 {
            segments.push(&[]);
        }
        for (index, page) in segments.chunks(2).enumerate() {
            let flags = u8::from(index > 0) | if number == 0 { 2 } else { 0 };
            file.extend(b"OggS\0");
            file.push(flags);
            file.extend([0; 8]);
            file.extend(7_u32.to_le_bytes());
            file.extend([0; 8]);
            file.push(page.len() as u8);
            file.extend(page.iter().map(|segment| segment.len() as u8));
            file.extend(page.concat());
        }
    }
    file
}

#[test]
fn a_comment_of_ogg_is_blanked_over_several_pages() {
    let long = format!("LOCATION={}", "Berlin ".repeat(200));
    let kept = format!("COMMENT={}", "rain ".repeat(100));
    let block = comments(&["TITLE=walk", &long, &kept, "x=geo:52.5,13.4"]);
    for mark in [&b"\x03vorbis"[..], b"OpusTags", b"\x81theora", b""] {
        let packet = [mark, &block, &[1]].concat();
        let file = ogg(&[b"\x01vorbis", &packet, b"\x05vorbis LOCATION=not a comment"]);
        let made = blanked(&file, ContentType::OggAudio);
        assert!(has(&made, "TITLE=walk") && has(&made, "rain rain") && has(&made, "____="));
        assert!(!has(&made, "Berlin") && !has(&made, "geo:"));
        assert!(has(&made, "LOCATION=not a comment"));
    }
}

#[test]
fn a_picture_in_a_comment_is_blanked_inside_its_base64() {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    let photo = include_bytes!("../../../../fixtures/photos/gps.jpg");
    let text = format!("metadata_block_picture={}", BASE64_STANDARD.encode(photo));
    let block = comments(&[&text]);
    let packet = [&b"OpusTags"[..], &block].concat();
    let made = blanked(&ogg(&[b"OpusHead", &packet]), ContentType::OggAudio);
    assert!(has(&made, "metadata_block_picture=/9j/"));

    let flac = [
        &b"fLaC"[..],
        &[0, 0, 0, 34],
        &[0; 34],
        &[0x84],
        &(block.len() as u32).to_be_bytes()[1..],
        &block,
    ]
    .concat();
    let made = blanked(&flac, ContentType::Flac);
    assert!(has(&made, "metadata_block_picture=/9j/"));
}

#[test]
fn blocks_of_flac_inside_ogg_and_alone_are_blanked() {
    let block = comments(&["LOCATION=Berlin", "TITLE=walk"]);
    let header = |kind: u8, len: usize| [&[kind][..], &(len as u32).to_be_bytes()[1..]].concat();
    let first = [&b"\x7FFLAC"[..], &[0; 40]].concat();
    let second = [&header(4, block.len())[..], &block].concat();
    let third = [&header(0x82, XMP.len())[..], XMP.as_bytes()].concat();
    let made = blanked(
        &ogg(&[&first, &second, &third, b"sound"]),
        ContentType::OggAudio,
    );
    assert!(has(&made, "TITLE=walk") && !has(&made, "Berlin") && !has(&made, "GPS"));
    let alone = [b"fLaC", &header(0, 34)[..], &[0; 34], &second, &third].concat();
    let made = blanked(&alone, ContentType::Flac);
    assert!(has(&made, "TITLE=walk") && !has(&made, "Berlin") && !has(&made, "GPS"));
}

pub(super) fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut made = [name, &(body.len() as u32).to_le_bytes()[..], body].concat();
    made.resize(made.len().next_multiple_of(2), 0);
    made
}

pub(super) fn wav(chunks: &[u8]) -> Vec<u8> {
    let body = [b"WAVE", chunks, &chunk(b"data", &[7; 9])].concat();
    chunk(b"RIFF", &body)
}

#[test]
fn chunks_of_riff_that_tell_a_place_become_junk() {
    let exif = &include_bytes!("../../../../fixtures/photos/gps.jpg")[..];
    let exif = &exif[find(exif, b"Exif\0\0").expect("it has a place") + 6..][..8_000];
    let list = [
        &b"INFO"[..],
        &chunk(b"LOCA", b"Berlin\0"),
        &chunk(b"INAM", b"walk\0"),
    ]
    .concat();
    let bext = [&[0; 602][..], COORDINATES.as_bytes()].concat();
    let ixml = b"<BWFXML><NOTE>rain</NOTE><LOCATION><LOCATION_NAME>Berlin</LOCATION_NAME></LOCATION></BWFXML>";
    for (chunk, kept) in [
        (chunk(b"LIST", &list), "walk"),
        (chunk(b"_PMX", XMP.as_bytes()), "xmpmeta"),
        (chunk(b"bext", &bext), "bext"),
        (chunk(b"iXML", ixml), "<NOTE>rain</NOTE>"),
        (chunk(b"aXML", b"<geo:Latitude>52</geo:Latitude>"), "data"),
        (chunk(b"gps0", &[1; 24]), "data"),
        (chunk(b"strd", &[b"AVIF\0\0\0\0", exif].concat()), "AVIF"),
        (chunk(b"JUNK", b"0GPS 52.5 13.4"), "data"),
        (
            chunk(
                b"id3 ",
                &id3(3, 0, &frame(b"TXXX", 0, b"\0location\0Berlin")),
            ),
            "ID3",
        ),
    ] {
        for kind in [ContentType::Wav, ContentType::Avi] {
            let made = blanked(&wav(&chunk), kind);
            assert!(has(&made, kept), "{kept}");
            assert!(!has(&made, "Berlin") && !has(&made, "52.5"), "{kept}");
            assert!(made.ends_with(&[7, 7, 7, 7, 7, 7, 7, 7, 7, 0]));
        }
    }
    let plain = wav(&chunk(
        b"LIST",
        &[&b"INFO"[..], &chunk(b"INAM", b"walk\0")].concat(),
    ));
    assert_eq!(without_places(&plain, ContentType::Wav), None);
}

#[test]
fn texts_of_an_aiff_are_blanked() {
    let mut file = b"FORM\0\0\0\x20AIFFANNO\0\0\0\x12".to_vec();
    file.extend(COORDINATES.as_bytes());
    file.extend(b"NAME\0\0\0\x04walk");
    let made = blanked(&file, ContentType::Aiff);
    assert!(has(&made, "walk") && !has(&made, "52.5"));
}
