//! Matroska, ASF, FLV.

use super::*;

pub(super) fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
    let len = (1 << 56 | body.len() as u64).to_be_bytes();
    [id, &len, body].concat()
}

pub(super) fn simple_tag(name: &str, value: &str, inside: &[u8]) -> Vec<u8> {
    let name = element(&[0x45, 0xA3], name.as_bytes());
    let value = element(&[0x44, 0x87], value.as_bytes());
    element(&[0x67, 0xC8], &[&name[..], &value, inside].concat())
}

pub(super) fn matroska(simple: &[u8]) -> Vec<u8> {
    let crc = [0xBF, 0x84, 1, 2, 3, 4];
    let tag = element(&[0x73, 0x73], simple);
    let tags = element(&[0x12, 0x54, 0xC3, 0x67], &[&crc[..], &tag].concat());
    [
        element(&[0x1A, 0x45, 0xDF, 0xA3], b""),
        element(&[0x18, 0x53, 0x80, 0x67], &[&crc[..], &tags].concat()),
    ]
    .concat()
}

#[test]
fn a_tag_of_matroska_becomes_void_and_so_do_the_checksums_around_it() {
    let kept = simple_tag("TITLE", "a walk", b"");
    let place = simple_tag("LOCATION", "Berlin", b"");
    let nested = simple_tag("ARTIST", "Ada", &simple_tag("CITY", "Paris", b""));
    let file = matroska(&[&kept[..], &place, &nested].concat());
    let made = blanked(&file, ContentType::Matroska);
    assert!(has(&made, "a walk") && has(&made, "Ada"));
    assert!(!has(&made, "Berlin") && !has(&made, "Paris") && !has(&made, "LOCATION"));
    assert_eq!(find(&made, &[0xBF, 0x84]), None);
    // Void where the checksums were, and a void as long as the tag.
    assert!(find(&made, &[0xEC, 0x84, 0, 0, 0, 0]).is_some());
    let void = [0xEC, 0x80 | (place.len() as u8 - 2), 0, 0, 0, 0];
    assert!(find(&made, &void).is_some());
    let untouched = matroska(&kept);
    assert_eq!(without_places(&untouched, ContentType::WebM), None);
}

#[test]
fn the_cover_attached_to_a_film_is_blanked_inside() {
    let photo = include_bytes!("../../../../fixtures/photos/gps.jpg");
    let data = element(&[0x46, 0x5C], photo);
    let file = element(&[0x61, 0xA7], &data);
    let attachments = element(&[0x19, 0x41, 0xA4, 0x69], &file);
    let film = [
        element(&[0x1A, 0x45, 0xDF, 0xA3], b""),
        element(&[0x18, 0x53, 0x80, 0x67], &attachments),
    ]
    .concat();
    let made = blanked(&film, ContentType::Matroska);
    let at = find(&made, &[0xFF, 0xD8, 0xFF]).expect("the picture is there");
    let picture = crate::sniff::sniff(&made[at..at + photo.len()]);
    assert!(!picture.has_location && picture.content_type == Some(ContentType::Jpeg));
}

#[test]
fn a_million_tags_and_endless_nesting_come_to_an_end() {
    let one = [0x67, 0xC8, 0x80];
    let film = matroska(&one.repeat(1_000_000));
    assert!(!says_where(&film, ContentType::Matroska));
    let mut nested = simple_tag("LOCATION", "Berlin", b"");
    for _ in 0..2_000 {
        nested = element(&[0x67, 0xC8], &nested);
    }
    let made = blanked(&matroska(&nested), ContentType::Matroska);
    assert!(!has(&made, "Berlin"));
    let deep = [0x67, 0xC8, 0xFF].repeat(300_000);
    assert!(!says_where(&matroska(&deep), ContentType::Matroska));
}

pub(super) fn object(id: [u8; 16], body: &[u8]) -> Vec<u8> {
    [&id[..], &(body.len() as u64 + 24).to_le_bytes(), body].concat()
}

fn wide(text: &str) -> Vec<u8> {
    text.bytes().chain([0]).flat_map(|byte| [byte, 0]).collect()
}

#[test]
fn descriptions_of_asf_are_blanked_by_name_and_by_value() {
    const EXTENDED: [u8; 16] = [
        0x40, 0xA4, 0xD0, 0xD2, 0x07, 0xE3, 0xD2, 0x11, 0x97, 0xF0, 0x00, 0xA0, 0xC9, 0x5E, 0xA8,
        0x50,
    ];
    const EXTENSION: [u8; 16] = [
        0xB5, 0x03, 0xBF, 0x5F, 0x2E, 0xA9, 0xCF, 0x11, 0x8E, 0xE3, 0x00, 0xC0, 0x0C, 0x20, 0x53,
        0x65,
    ];
    const METADATA: [u8; 16] = [
        0xEA, 0xCB, 0xF8, 0xC5, 0xAF, 0x5B, 0x77, 0x48, 0x84, 0x67, 0xAA, 0x8C, 0x44, 0xFA, 0x4C,
        0xCA,
    ];
    let mut described = 3_u16.to_le_bytes().to_vec();
    for (name, value) in [
        ("title", "walk"),
        ("WM/City", "Berlin"),
        ("note", COORDINATES),
    ] {
        let (name, value) = (wide(name), wide(value));
        described.extend((name.len() as u16).to_le_bytes());
        described.extend(name);
        described.extend([0, 0]);
        described.extend((value.len() as u16).to_le_bytes());
        described.extend(value);
    }
    let (name, value) = (wide("location"), wide("Paris"));
    let mut records = vec![1, 0, 0, 0, 0, 0];
    records.extend((name.len() as u16).to_le_bytes());
    records.extend([0, 0]);
    records.extend((value.len() as u32).to_le_bytes());
    records.extend([name, value].concat());
    let inner = [&[0; 22][..], &object(METADATA, &records)].concat();
    let body = [
        &[0; 6][..],
        &object(EXTENDED, &described),
        &object(EXTENSION, &inner),
    ]
    .concat();
    let file = object([9; 16], &body);
    let made = blanked(&file, ContentType::Wmv);
    let narrow: Vec<u8> = made.iter().copied().filter(|&byte| byte != 0).collect();
    assert!(has(&narrow, "walk") && has(&narrow, "note"));
    assert!(!has(&narrow, "Berlin") && !has(&narrow, "Paris") && !has(&narrow, "52.5"));
}

#[test]
fn what_a_script_of_flv_names_after_a_place_is_blanked() {
    let text = |text: &str| {
        [
            &[2][..],
            &(text.len() as u16).to_be_bytes(),
            text.as_bytes(),
        ]
        .concat()
    };
    let name = |text: &str| [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat();
    let number = [&[0][..], &52.5_f64.to_be_bytes()].concat();
    let script = [
        text("onMetaData"),
        vec![8, 0, 0, 0, 4],
        name("title"),
        text("walk"),
        name("location"),
        text("Berlin"),
        name("gps"),
        vec![3],
        name("lat"),
        number.clone(),
        vec![0, 0, 9],
        name("width"),
        number,
        vec![0, 0, 9],
    ]
    .concat();
    let mut file = b"FLV\x01\x05\0\0\0\x09\0\0\0\0\x12".to_vec();
    file.extend(&(script.len() as u32).to_be_bytes()[1..]);
    file.extend([0; 7]);
    file.extend(&script);
    file.extend((script.len() as u32 + 11).to_be_bytes());
    let made = blanked(&file, ContentType::Flv);
    assert!(has(&made, "walk") && has(&made, "width") && !has(&made, "Berlin"));
    let double = 52.5_f64.to_be_bytes();
    let first = find(&made, &double).expect("the width is there");
    assert_eq!(find(&made[first + 8..], &double), None);
    let deep = [&file[..24], &[10, 0, 0, 0, 1].repeat(100_000)].concat();
    assert!(!says_where(&deep, ContentType::Flv));
}
