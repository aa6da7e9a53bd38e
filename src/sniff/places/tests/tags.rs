//! ID3, APE.

use super::*;

pub(super) fn frame(name: &[u8; 4], format: u8, data: &[u8]) -> Vec<u8> {
    assert!(data.len() < 128, "the same in both versions");
    let len = (data.len() as u32).to_be_bytes();
    [name, &len[..], &[0, format], data].concat()
}

pub(super) fn id3(version: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let size = [21, 14, 7, 0].map(|shift| (body.len() >> shift & 0x7F) as u8);
    [b"ID3", &[version, 0, flags][..], &size, body].concat()
}

#[test]
fn a_frame_that_tells_a_place_is_taken_out_and_its_tag_keeps_its_length() {
    let title = frame(b"TIT2", 0, b"\0walk");
    let place = frame(b"TXXX", 0, b"\0location\0Berlin");
    let wide = frame(b"TXXX", 0, b"\x01\xFF\xFEc\0i\0t\0y\0\0\0\xFF\xFEB\0");
    let comment = frame(b"COMM", 0, b"\0eng\0at +52.5100+013.4000/");
    let sound = [0xFF, 0xFB, 0x90, 0x64];
    for version in [3, 4] {
        for gone in [&place, &wide, &comment] {
            let body = [&gone[..], &title, &[0; 20]].concat();
            let file = [&id3(version, 0, &body)[..], &sound].concat();
            let made = blanked(&file, ContentType::Mp3);
            let left = [&title[..], &vec![0; gone.len() + 20]].concat();
            assert_eq!(made, [&id3(version, 0, &left)[..], &sound].concat());
        }
    }
    let old = [
        &b"TT2\0\0\x05\0walk"[..],
        b"TXX\0\0\x10\0location\0Berlin",
        &[0; 4],
    ]
    .concat();
    let made = blanked(&id3(2, 0, &old), ContentType::Mp3);
    assert!(has(&made, "walk") && !has(&made, "Berlin"));
    let untouched = id3(3, 0, &title);
    assert_eq!(without_places(&untouched, ContentType::Mp3), None);
}

#[test]
fn tags_that_are_unsynchronised_extended_footed_or_compressed_are_read() {
    let title = frame(b"TIT2", 0, b"\0walk");
    let place = frame(b"TXXX", 0, b"\0location\0\xFFBerlin");
    let whole = [&place[..], &title].concat();

    // 2.3: unsynchronised as a whole, and its flag is gone with it.
    let mut spread = Vec::new();
    for &byte in &whole {
        spread.push(byte);
        if byte == 0xFF {
            spread.push(0);
        }
    }
    let made = blanked(&id3(3, 0x80, &spread), ContentType::Mp3);
    assert!(made.starts_with(b"ID3\x03\0\0") && has(&made, "walk") && !has(&made, "Berlin"));

    // 2.3: behind an extended header with a checksum of what was.
    let extended = [&[0, 0, 0, 10, 0x80, 0, 0, 0, 0, 0, 1, 2, 3, 4][..], &whole].concat();
    let made = blanked(&id3(3, 0x40, &extended), ContentType::Mp3);
    assert!(made[10..].starts_with(b"TIT2") && !has(&made, "Berlin"));
    assert_eq!(made[5], 0);

    // 2.4: in front of a footer, where no padding may be.
    let mut footed = id3(4, 0x10, &whole);
    footed.extend(b"3DI\x04\0\x10\0\0\0\0");
    let made = blanked(&footed, ContentType::Mp3);
    assert!(has(&made, "walk") && has(&made, "XXXX") && !has(&made, "Berlin"));
    assert!(made.ends_with(b"3DI\x04\0\x10\0\0\0\0"));

    // 2.3 and 2.4: deflated.
    let data = deflated(b"\0location\0Berlin");
    let length = [&[0, 0, 0, 16][..], &data].concat();
    for (version, format) in [(3, 0x80), (4, 0x09)] {
        let body = [&frame(b"TXXX", format, &length)[..], &title].concat();
        let made = blanked(&id3(version, 0, &body), ContentType::Mp3);
        assert!(made[10..].starts_with(b"TIT2"));
    }
}

#[test]
fn covers_and_packets_in_frames_are_blanked_inside() {
    let photo = &include_bytes!("../../../../fixtures/photos/gps.jpg")[..];
    let data = [&b"\0image/jpeg\0\x03\0"[..], photo].concat();
    let size = [21, 14, 7, 0].map(|shift| (data.len() >> shift & 0x7F) as u8);
    let cover = [b"APIC", &size[..], &[0, 0], &data].concat();
    let made = blanked(&id3(4, 0, &cover), ContentType::Mp3);
    assert!(made[10..].starts_with(b"APIC") && made.ends_with(&photo[photo.len() - 1_000..]));
    let len = (XMP.len() as u32 + 4).to_be_bytes();
    let packet = [b"PRIV", &len[..], &[0, 0], b"XMP\0", XMP.as_bytes()].concat();
    let made = blanked(&id3(3, 0, &packet), ContentType::Mp3);
    assert!(has(&made, "xmpmeta") && !has(&made, "GPS"));
}

#[test]
fn tags_at_the_end_are_blanked() {
    let value = COORDINATES.as_bytes();
    let item = |key: &str, value: &[u8]| {
        let len = (value.len() as u32).to_le_bytes();
        [&len[..], &[0; 4], key.as_bytes(), &[0], value].concat()
    };
    let items = [item("Title", b"walk"), item("Record Location", b"Berlin")].concat();
    let mut footer = b"APETAGEX\xD0\x07\0\0".to_vec();
    footer.extend((items.len() as u32 + 32).to_le_bytes());
    footer.extend(2_u32.to_le_bytes());
    footer.extend([0; 12]);
    let mut first = b"TAG".to_vec();
    first.resize(97, b' ');
    first.extend(value);
    first.resize(128, 0);
    let file = [b"sound sound", &items[..], &footer, &first].concat();
    let made = blanked(&file, ContentType::Mp3);
    assert!(has(&made, "walk") && has(&made, "Dummy\0   ") && has(&made, "TAG   "));
    assert!(!has(&made, "Berlin") && !has(&made, "52.5"));
}
