//! Sniffing, from outside: true types, hostile structure, and bytes that are cut or bent anywhere.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use image::{DynamicImage, ImageFormat, RgbImage};
use mmsfit::sniff::sniff;
use mmsfit::{ContentType, Family, Outcome, Sniffed, TrackKind};
use proptest::prelude::*;
use zip::write::SimpleFileOptions;

mod common;
#[path = "sniff/fixtures.rs"]
mod fixtures;

/// `code` and `outcome` of each finding.
fn findings(sniffed: &Sniffed) -> Vec<(u16, Outcome)> {
    sniffed
        .findings
        .iter()
        .map(|finding| (finding.code.number(), finding.outcome))
        .collect()
}

fn is_refused(sniffed: &Sniffed) -> bool {
    sniffed
        .findings
        .iter()
        .any(|finding| finding.outcome == Outcome::Refused)
}

fn picture(format: ImageFormat) -> Vec<u8> {
    let pixels = RgbImage::from_fn(40, 24, |x, y| {
        image::Rgb([(x * 6) as u8, (y * 10) as u8, (x * y) as u8])
    });
    let mut bytes = Cursor::new(Vec::new());
    let picture = if format == ImageFormat::Ico {
        DynamicImage::from(DynamicImage::from(pixels).to_rgba8())
    } else {
        DynamicImage::from(pixels)
    };
    picture
        .write_to(&mut bytes, format)
        .expect("the encoder takes it");
    bytes.into_inner()
}

fn animation() -> Vec<u8> {
    let mut bytes = Vec::new();
    {
        let mut encoder = gif::Encoder::new(&mut bytes, 10, 6, &[0, 0, 0, 255, 255, 255])
            .expect("the encoder takes it");
        for shade in 0..3 {
            let mut frame = gif::Frame::from_indexed_pixels(10, 6, vec![shade % 2; 60], None);
            frame.delay = 20;
            encoder.write_frame(&frame).expect("the encoder takes it");
        }
    }
    bytes
}

/// One box of ISO media.
fn item(name: &[u8; 4], body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    let mut bytes = u32::try_from(body.len() + 8)
        .expect("a small box")
        .to_be_bytes()
        .to_vec();
    bytes.extend_from_slice(name);
    bytes.extend(body);
    bytes
}

/// A track whose samples start at `chunk_at`.
fn track(handler: &[u8; 4], entry: &[u8], chunk_at: u32) -> Vec<u8> {
    let header = [
        &[0; 12][..],
        &1_000_u32.to_be_bytes(),
        &2_500_u32.to_be_bytes(),
        &[0; 4],
    ]
    .concat();
    let stbl = item(
        b"stbl",
        &[
            &item(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], entry]),
            &item(
                b"stco",
                &[&[0, 0, 0, 0, 0, 0, 0, 1], &chunk_at.to_be_bytes()],
            ),
        ],
    );
    item(
        b"trak",
        &[&item(
            b"mdia",
            &[
                &item(b"mdhd", &[&header]),
                &item(b"hdlr", &[&[0; 8], handler, &[0; 13]]),
                &item(b"minf", &[&stbl]),
            ],
        )],
    )
}

fn movie(brand: &[u8; 4], tracks: &[Vec<u8>]) -> Vec<u8> {
    let header = [
        &[0; 12][..],
        &1_000_u32.to_be_bytes(),
        &2_500_u32.to_be_bytes(),
        &[0; 80],
    ]
    .concat();
    [
        item(b"ftyp", &[brand, &[0, 0, 2, 0], brand]),
        item(b"mdat", &[&[7; 64]]),
        item(b"moov", &[&item(b"mvhd", &[&header]), &tracks.concat()]),
    ]
    .concat()
}

fn video(codec: &[u8; 4]) -> Vec<u8> {
    let sides = [1, 64, 0, 240];
    track(b"vide", &item(codec, &[&[0; 24], &sides, &[0; 50]]), 40)
}

fn sound(codec: &[u8; 4]) -> Vec<u8> {
    track(b"soun", &item(codec, &[&[0; 28]]), 60)
}

fn film() -> Vec<u8> {
    movie(b"isom", &[video(b"avc1"), sound(b"samr")])
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, body) in entries {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .expect("the writer takes it");
        writer.write_all(body).expect("the writer takes it");
    }
    writer.finish().expect("the writer takes it").into_inner()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn wav() -> Vec<u8> {
    let rate = 8_000_u32.to_le_bytes();
    let format = [&[1, 0, 1, 0][..], &rate, &rate, &[1, 0, 8, 0]].concat();
    [
        &b"RIFF"[..],
        &836_u32.to_le_bytes(),
        b"WAVEfmt ",
        &16_u32.to_le_bytes(),
        &format,
        b"data",
        &800_u32.to_le_bytes(),
        &[128; 800],
    ]
    .concat()
}

/// MPEG-1 layer III at 128 kbit/s and 44.1 kHz: 417 bytes a frame.
fn mp3(frames: usize) -> Vec<u8> {
    let mut frame = vec![0; 417];
    frame[..4].copy_from_slice(&[0xFF, 0xFB, 0x90, 0x64]);
    frame.repeat(frames)
}

fn amr(frames: usize) -> Vec<u8> {
    let mut frame = [0x55; 32];
    frame[0] = 0x3C;
    [b"#!AMR\n".to_vec(), frame.repeat(frames)].concat()
}

const CARD: &str = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:A. Person\r\nEND:VCARD\r\n";
const CALENDAR: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nEND:VCALENDAR\r\n";
const DRAWING: &str = "<?xml version=\"1.0\"?>\n<!-- a -->\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30\" height=\"20px\"><rect width=\"3\" height=\"2\"/></svg>";
const PDF: &str = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\nxref\n0 1\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n";

fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xFEFF)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// One whole file of each type.
fn whole() -> Vec<(ContentType, Vec<u8>)> {
    use ContentType as T;
    vec![
        (T::Jpeg, picture(ImageFormat::Jpeg)),
        (T::Png, picture(ImageFormat::Png)),
        (T::WebP, picture(ImageFormat::WebP)),
        (T::Bmp, picture(ImageFormat::Bmp)),
        (T::Tiff, picture(ImageFormat::Tiff)),
        (T::Ico, picture(ImageFormat::Ico)),
        (T::Gif, animation()),
        (T::Mp4, film()),
        (T::QuickTime, movie(b"qt  ", &[video(b"avc1")])),
        (T::ThreeGp, movie(b"3gp4", &[video(b"s263")])),
        (T::ThreeGpAudio, movie(b"3gp4", &[sound(b"samr")])),
        (T::ThreeG2, movie(b"3g2a", &[video(b"mp4v")])),
        (T::Mp4Audio, movie(b"M4A ", &[sound(b"mp4a")])),
        (T::Mp4Audio, movie(b"isom", &[sound(b"mp4a")])),
        (T::Wav, wav()),
        (T::Mp3, mp3(8)),
        (T::Amr, amr(50)),
        (T::VCard, CARD.into()),
        (T::VCard, utf16(CARD)),
        (
            T::ICalendar,
            [b"\xEF\xBB\xBF", CALENDAR.as_bytes()].concat(),
        ),
        (T::Svg, DRAWING.into()),
        (T::Svg, utf16(DRAWING)),
        (T::Csv, "name,age\nA,1\nB,2\n".into()),
        (T::PlainText, "Hello, Bob\nBye, Al\n".into()),
        (T::Json, "{\"a\": [1, 2]}".into()),
        (T::Xml, "<?xml version=\"1.0\"?><feed/>".into()),
        (T::Smil, "<smil><body/></smil>".into()),
        (T::Rtf, "{\\rtf1\\ansi hello}".into()),
        (T::Pdf, PDF.into()),
        (T::Zip, zip(&[("a.txt", b"hello")])),
        (
            T::Docx,
            zip(&[
                ("[Content_Types].xml", b"<a/>"),
                ("word/document.xml", b"<a/>"),
            ]),
        ),
        (
            T::Pkpass,
            zip(&[("pass.json", b"{}"), ("manifest.json", b"{}")]),
        ),
        (T::Gzip, gzip(b"hello")),
    ]
}

#[test]
fn names_each_whole_file_and_finds_nothing_wrong_with_it() {
    for (kind, bytes) in whole() {
        let sniffed = sniff(&bytes);
        assert_eq!(sniffed.content_type, Some(kind));
        assert_eq!(findings(&sniffed), [], "{kind}: {:?}", sniffed.findings);
        assert_eq!(sniffed.bytes, bytes.len() as u64);
    }
}

#[test]
fn reads_sides_frames_and_durations() {
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::Ico,
    ] {
        let sniffed = sniff(&picture(format));
        assert_eq!(
            (sniffed.width_px, sniffed.height_px, sniffed.frames),
            (Some(40), Some(24), Some(1)),
            "{format:?}"
        );
    }
    let sniffed = sniff(&animation());
    assert_eq!(
        (sniffed.width_px, sniffed.frames, sniffed.duration_ms),
        (Some(10), Some(3), Some(600))
    );
    let sniffed = sniff(&film());
    let tracks: Vec<_> = sniffed
        .tracks
        .iter()
        .map(|track| (track.kind, track.codec.as_str(), track.duration_ms))
        .collect();
    assert_eq!(
        tracks,
        [
            (TrackKind::Video, "avc1", Some(2_500)),
            (TrackKind::Audio, "samr", Some(2_500))
        ]
    );
    assert_eq!(
        (sniffed.width_px, sniffed.height_px, sniffed.duration_ms),
        (Some(320), Some(240), Some(2_500))
    );
    assert_eq!(sniff(&wav()).duration_ms, Some(100));
    assert_eq!(sniff(&amr(50)).duration_ms, Some(1_000));
    assert_eq!(sniff(&mp3(8)).duration_ms, Some(8 * 1_152 * 1_000 / 44_100));
}

/// An EXIF block of one tag and, if asked for, a place.
fn exif(orientation: u16, has_place: bool) -> Vec<u8> {
    let mut block = b"Exif\0\0MM\0*\0\0\0\x08".to_vec();
    block.extend([0, if has_place { 2 } else { 1 }]);
    block.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1]);
    block.extend(orientation.to_be_bytes());
    block.extend([0, 0]);
    if has_place {
        block.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38]);
    }
    block.extend([0; 4]);
    if has_place {
        block.extend([0, 1, 0, 1, 0, 2, 0, 0, 0, 2, b'N', 0, 0, 0, 0, 0, 0, 0]);
    }
    block
}

fn with_segment(jpeg: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len() + 2)
        .expect("a segment's length")
        .to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &len, body, &jpeg[2..]].concat()
}

#[test]
fn reads_orientation_and_place_from_exif() {
    let jpeg = picture(ImageFormat::Jpeg);
    for orientation in 1..=8 {
        let has_place = orientation % 2 == 0;
        let sniffed = sniff(&with_segment(&jpeg, 0xE1, &exif(orientation, has_place)));
        assert_eq!(u16::from(sniffed.orientation), orientation);
        assert_eq!(sniffed.has_location, has_place);
        assert!(sniffed.has_metadata);
        assert_eq!(findings(&sniffed), []);
    }
    for nonsense in [0, 9, 255, 65_535] {
        let sniffed = sniff(&with_segment(&jpeg, 0xE1, &exif(nonsense, false)));
        assert_eq!(sniffed.orientation, 1);
        assert_eq!(findings(&sniffed), [(401, Outcome::Noted)]);
    }
}

#[test]
fn refuses_what_is_empty_or_unknown() {
    assert_eq!(findings(&sniff(b"")), [(1, Outcome::Refused)]);
    let unknown = sniff(&[0x80, 0x00, 0x13, 0x37, 0xDE, 0xAD]);
    assert_eq!(
        (unknown.content_type, findings(&unknown)),
        (None, vec![(101, Outcome::Refused)])
    );
}

#[test]
fn refuses_magic_numbers_with_nothing_behind_them() {
    let mut accepted = Vec::new();
    for (kind, bytes) in whole() {
        if matches!(
            kind.family(),
            Family::Text | Family::Contact | Family::Calendar
        ) || matches!(kind, ContentType::Svg | ContentType::Rtf)
        {
            continue;
        }
        for len in [4, 8, 12] {
            for total in [len, 64, 4_096] {
                let mut mock = bytes[..len].to_vec();
                mock.resize(total, 0);
                if !is_refused(&sniff(&mock)) {
                    accepted.push((kind, len, total));
                }
            }
        }
    }
    assert_eq!(accepted, []);
}

#[test]
fn no_prefix_of_a_structured_file_passes_as_whole() {
    use ContentType as T;
    let mut accepted = Vec::new();
    for (kind, bytes) in whole() {
        // A stream of frames and a plain text are whole wherever they end.
        if matches!(
            kind,
            T::Mp3 | T::Amr | T::Csv | T::PlainText | T::Xml | T::Json | T::Smil
        ) {
            continue;
        }
        for cut in 0..bytes.len().min(4_096) {
            let sniffed = sniff(&bytes[..cut]);
            let passes = sniffed.content_type == Some(kind) && sniffed.findings.is_empty();
            // White space behind the end of a text is not part of it.
            let is_blank = bytes[cut..]
                .iter()
                .all(|byte| byte.is_ascii_whitespace() || *byte == 0);
            if passes && !is_blank {
                accepted.push((kind, cut, bytes.len()));
            }
        }
    }
    assert_eq!(accepted, []);
}

#[test]
fn tells_a_missing_end_from_a_cut_scan() {
    let jpeg = picture(ImageFormat::Jpeg);
    assert_eq!(
        findings(&sniff(&jpeg[..jpeg.len() - 2])),
        [(301, Outcome::Noted)]
    );
    assert_eq!(
        findings(&sniff(&jpeg[..jpeg.len() - 12])),
        [(301, Outcome::Refused)]
    );
}

#[test]
fn names_what_stands_behind_the_end() {
    let jpeg = picture(ImageFormat::Jpeg);
    let padded = sniff(&[&jpeg[..], &[0; 100]].concat());
    assert_eq!(
        (padded.trailing_bytes, findings(&padded)),
        (100, vec![(301, Outcome::Noted)])
    );
    let pictures = [
        jpeg,
        picture(ImageFormat::Png),
        animation(),
        picture(ImageFormat::WebP),
    ];
    for behind in [
        zip(&[("a.class", b"x")]),
        PDF.into(),
        b"<html><script>".to_vec(),
        gzip(b"x"),
        amr(5),
    ] {
        for picture in &pictures {
            let sniffed = sniff(&[&picture[..], &behind].concat());
            assert!(
                findings(&sniffed).contains(&(105, Outcome::Fixable)),
                "{:?}",
                sniffed.findings
            );
            assert_eq!(sniffed.trailing_bytes, behind.len() as u64);
        }
    }
}

#[test]
fn refuses_pictures_that_are_pages_or_pdfs_as_well() {
    let jpeg = picture(ImageFormat::Jpeg);
    for comment in [
        &b"<script>alert(1)</script>"[..],
        b"<!DOCTYPE HTML>",
        b"<?php x ?>",
        b"%PDF-1.4",
    ] {
        assert_eq!(
            findings(&sniff(&with_segment(&jpeg, 0xFE, comment))),
            [(105, Outcome::Refused)]
        );
    }
}

#[test]
fn names_sound_that_a_picture_carries_where_viewers_do_not_look() {
    let jpeg = picture(ImageFormat::Jpeg);
    for marker in [0xFE, 0xEA] {
        for padding in [0, 3, 200] {
            let body = [vec![0; padding], mp3(8)].concat();
            assert_eq!(
                findings(&sniff(&with_segment(&jpeg, marker, &body))),
                [(105, Outcome::Fixable)],
                "marker {marker:#x}, {padding} bytes before"
            );
        }
    }
    let words = b"taken with a camera, \xFF\xFB in a comment";
    assert_eq!(findings(&sniff(&with_segment(&jpeg, 0xFE, words))), []);
}

#[test]
fn refuses_films_that_hide_a_page_or_an_archive_in_free_space() {
    for name in [b"free", b"skip"] {
        for (body, is_refused) in [
            (&b"<html><script>alert(1)</script>"[..], true),
            (&zip(&[("a.class", b"x")]), true),
            (b"IsoMedia File Produced with a packager", false),
            (&[0; 64], false),
        ] {
            let sniffed = sniff(&[film(), item(name, &[body])].concat());
            let wanted: &[(u16, Outcome)] = &[(105, Outcome::Refused)];
            let refused = findings(&sniffed).contains(&wanted[0]);
            assert_eq!(refused, is_refused, "{:?}", sniffed.findings);
        }
    }
}

#[test]
fn notes_a_density_that_means_nothing() {
    let mut jpeg = picture(ImageFormat::Jpeg);
    let at = jpeg
        .windows(5)
        .position(|five| five == b"JFIF\0")
        .expect("a JFIF header");
    for bytes in [[0, 0, 0, 0, 0], [1, 0, 72, 0, 0], [9, 0, 72, 0, 72]] {
        jpeg[at + 7..at + 12].copy_from_slice(&bytes);
        assert_eq!(
            findings(&sniff(&jpeg)),
            [(301, Outcome::Noted)],
            "{bytes:?}"
        );
    }
}

#[test]
fn refuses_pixel_floods_from_their_headers() {
    let mut png = picture(ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 0, 0x80, 0, 0, 0, 0x80, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&png[12..29]);
    png[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    assert_eq!(findings(&sniff(&png)), [(203, Outcome::Refused)]);

    // Three frames on 10,000 × 10,000 px are within the limits, six are not.
    let mut gif = animation();
    gif[6..10].copy_from_slice(&[0x10, 0x27, 0x10, 0x27]);
    assert_eq!(findings(&sniff(&gif)), []);
    let trailer = gif.len() - 1;
    let first = gif
        .windows(3)
        .position(|three| three == [0x21, 0xF9, 4])
        .expect("a frame");
    let longer = [&gif[..trailer], &gif[first..]].concat();
    assert_eq!(findings(&sniff(&longer)), [(207, Outcome::Refused)]);
    gif[6..10].fill(0xFF);
    assert_eq!(findings(&sniff(&gif)), [(203, Outcome::Refused)]);
}

#[test]
fn refuses_too_many_scans() {
    let jpeg = picture(ImageFormat::Jpeg);
    let scan = jpeg
        .windows(2)
        .position(|pair| pair == [0xFF, 0xDA])
        .expect("a scan");
    let body = &jpeg[scan..jpeg.len() - 2];
    let of = |scans| [&jpeg[..scan], &body.repeat(scans), &[0xFF, 0xD9]].concat();
    assert_eq!(findings(&sniff(&of(100))), []);
    assert_eq!(findings(&sniff(&of(101))), [(207, Outcome::Refused)]);
}

#[test]
fn refuses_archives_that_hide_something() {
    let bomb = vec![0; 20_000_000];
    let nested = zip(&[("b.zip", &zip(&[("a", b"x")]))]);
    let overlapping = {
        let mut bytes = zip(&[("a.txt", b"hello"), ("b.txt", b"hello")]);
        // Both directory entries point to the first file.
        let second = bytes
            .windows(4)
            .rposition(|four| four == b"PK\x01\x02")
            .expect("an entry");
        bytes[second + 42..second + 46].fill(0);
        bytes
    };
    let cases = [
        zip(&[("a", &bomb)]),
        zip(&[("../../etc/passwd", b"x")]),
        zip(&[("/etc/passwd", b"x")]),
        zip(&[("C:\\x", b"x")]),
        zip(&[("a", b"x"), ("A", b"y")]),
        zip(&[("nul.txt", b"x")]),
        zip(&[("photos/holiday.jpg.EXE", b"x")]),
        nested,
        overlapping,
        gzip(&bomb),
        gzip(&gzip(b"x")),
        gzip(b"x").repeat(17),
    ];
    for (index, bytes) in cases.iter().enumerate() {
        assert_eq!(
            findings(&sniff(bytes)),
            [(304, Outcome::Refused)],
            "case {index}"
        );
    }
    let many: Vec<String> = (0..1_001).map(|index| format!("{index}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(findings(&sniff(&zip(&many))), [(304, Outcome::Refused)]);
    assert_eq!(findings(&sniff(&zip(&many[..1_000]))), []);
}

#[test]
fn refuses_what_acts() {
    let drawings = [
        "<svg><script>1</script></svg>",
        "<svg onload='x()'/>",
        "<svg><a href='javascript:x'/></svg>",
        "<svg><a xlink:href='&#106;avascript:x'/></svg>",
        "<svg><image href='http://example.org/a.png'/></svg>",
        "<svg><use href='file:///etc/passwd#a'/></svg>",
        "<svg><foreignObject/></svg>",
        "<svg><style>@import 'a.css';</style></svg>",
        "<svg><rect style='fill:url(http://example.org/#a)'/></svg>",
        "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>",
        "<?xml-stylesheet href='a'?><svg/>",
        "<svg><animate attributeName='href' to='x'/></svg>",
    ];
    for drawing in drawings {
        for bytes in [drawing.as_bytes().to_vec(), utf16(drawing)] {
            let sniffed = sniff(&bytes);
            assert_eq!(sniffed.content_type, Some(ContentType::Svg), "{drawing}");
            assert_eq!(findings(&sniffed), [(305, Outcome::Refused)], "{drawing}");
        }
    }
    for page in [
        "<!-- a --><html></html>",
        "<!DOCTYPE html>",
        "  <script>x</script>",
        "<P>x",
    ] {
        let sniffed = sniff(page.as_bytes());
        assert_eq!(
            (sniffed.content_type, findings(&sniffed)),
            (Some(ContentType::Html), vec![(305, Outcome::Refused)]),
            "{page}"
        );
    }
    let scripted = PDF.replace("/Catalog", "/Catalog/OpenAction<</S/JavaScript/JS(x)>>");
    assert_eq!(
        findings(&sniff(scripted.as_bytes())),
        [(305, Outcome::Refused)]
    );
    let macros = zip(&[
        ("[Content_Types].xml", b"<a/>"),
        ("word/vbaProject.bin", b"x"),
    ]);
    let sniffed = sniff(&macros);
    assert_eq!(
        (sniffed.content_type, findings(&sniffed)),
        (
            Some(ContentType::OfficeMacro),
            vec![(305, Outcome::Refused)]
        )
    );
    assert_eq!(
        findings(&sniff(b"#!/bin/sh\nrm -rf /\n")),
        [(305, Outcome::Refused)]
    );
}

#[test]
fn passes_a_drawing_whose_references_stay_inside_it() {
    let drawing = "<svg viewBox='0 0 4 3'><defs><g id='a'/></defs><use href='#a'/><rect style='fill:url(#a)'/></svg>";
    let sniffed = sniff(drawing.as_bytes());
    assert_eq!(
        (sniffed.width_px, sniffed.height_px, findings(&sniffed)),
        (Some(4), Some(3), vec![])
    );
}

#[test]
fn budgets_depth_and_breadth() {
    let deep = "<svg>".repeat(200_000);
    assert_eq!(findings(&sniff(deep.as_bytes())), [(207, Outcome::Refused)]);
    let json = "[".repeat(200_000);
    assert_eq!(
        sniff(json.as_bytes()).content_type,
        Some(ContentType::PlainText)
    );
    let png = picture(ImageFormat::Png);
    let mut crc = flate2::Crc::new();
    crc.update(b"teSt");
    let chunk = [&[0, 0, 0, 0][..], b"teSt", &crc.sum().to_be_bytes()].concat();
    let chunks = [&png[..33], &chunk.repeat(150_000), &png[33..]].concat();
    assert_eq!(findings(&sniff(&chunks)), [(207, Outcome::Refused)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn bent_bytes_never_panic(
        which in any::<prop::sample::Index>(),
        bends in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut files = whole();
        let (_, mut bytes) = files.swap_remove(which.index(files.len()));
        for (at, value, is_early) in bends {
            let range = if is_early { bytes.len().min(200) } else { bytes.len() };
            bytes[at.index(range)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let sniffed = sniff(&bytes);
        prop_assert_eq!(sniffed.bytes, bytes.len() as u64);
        prop_assert!(sniffed.content_type.is_some() || is_refused(&sniffed));
        prop_assert!((1..=8).contains(&sniffed.orientation));
        prop_assert_eq!(sniff(&bytes), sniffed, "the same bytes, the same facts");
    }

    #[test]
    fn random_bytes_are_never_media(bytes in prop::collection::vec(any::<u8>(), 1..2_000)) {
        // A bare JPEG XL has two bytes of signature, and nothing behind them that could be proved without decoding.
        prop_assume!(!bytes.starts_with(&[0xFF, 0x0A]));
        let sniffed = sniff(&bytes);
        let is_text = sniffed.content_type.is_some_and(|kind| kind.family() == Family::Text);
        prop_assert!(is_refused(&sniffed) || is_text, "{:?}", sniffed);
    }
}
