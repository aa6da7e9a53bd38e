//! Raw photographs as their makers lay them out, byte by byte, around a preview of ours.

use mmsfit::sniff::sniff;
use mmsfit::{ByteCount, ContentType, FitOptions, fit_image};

use crate::{Picture, decode, distance, fixture, refusal, shown};

/// The preview: 800 x 600 px.
const PREVIEW: &str = "photos/small.jpg";

/// A number in a directory.
#[derive(Clone, Copy)]
enum Value<'a> {
    Short(u16),
    Long(usize),
    /// UNDEFINED: place and length.
    Bytes(usize, usize),
    /// ASCII, behind the directory.
    Text(&'a str),
}

use Value::{Bytes, Long, Short, Text};

/// A directory that will stand at `at`, little-endian, with the place of the next.
fn directory(at: usize, next: usize, entries: &[(u16, Value<'_>)]) -> Vec<u8> {
    let mut texts = Vec::new();
    let behind = at + 2 + entries.len() * 12 + 4;
    let four = |number: usize| u32::try_from(number).expect("small").to_le_bytes();
    let mut bytes = u16::try_from(entries.len())
        .expect("few")
        .to_le_bytes()
        .to_vec();
    for &(tag, value) in entries {
        let (kind, count, field) = match value {
            Short(number) => (3_u16, 1, four(number.into())),
            Long(number) => (4, 1, four(number)),
            Bytes(place, len) => (7, len, four(place)),
            Text(text) => {
                let place = behind + texts.len();
                texts.extend_from_slice(text.as_bytes());
                (2, text.len(), four(place))
            }
        };
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(four(count));
        bytes.extend(field);
    }
    bytes.extend(four(next));
    bytes.extend(texts);
    bytes
}

/// Pieces at their places.
fn laid_out(pieces: &[(usize, &[u8])]) -> Vec<u8> {
    let end = pieces.iter().map(|(at, piece)| at + piece.len()).max();
    let mut file = vec![0; end.unwrap_or(0)];
    for (at, piece) in pieces {
        assert!(file[*at..at + piece.len()].iter().all(|&byte| byte == 0));
        file[*at..at + piece.len()].copy_from_slice(piece);
    }
    file
}

const SENSOR: [(u16, Value<'_>); 6] = [
    (256, Long(6_000)),
    (257, Long(4_000)),
    (259, Short(32_767)),
    (262, Short(32_803)),
    (273, Long(500)),
    (279, Long(64)),
];

/// Sony ARW: the first directory tells the place of the preview and no size.
fn arw(orientation: u16, preview: &[u8]) -> Vec<u8> {
    let first = directory(
        8,
        0,
        &[
            (254, Long(1)),
            (259, Short(6)),
            (271, Text("SONY\0")),
            (274, Short(orientation)),
            (330, Long(200)),
            (513, Long(600)),
            (514, Long(preview.len())),
        ],
    );
    laid_out(&[
        (0, b"II*\0\x08\0\0\0"),
        (8, &first),
        (200, &directory(200, 0, &SENSOR)),
        (600, preview),
    ])
}

/// Panasonic RW2: tags of its own in the first directory, the JPEG among them; the sensor's data without a place.
fn rw2(orientation: u16, preview: &[u8]) -> Vec<u8> {
    let first = directory(
        8,
        0,
        &[
            (4, Short(6)),
            (5, Short(8)),
            (6, Short(2_742)),
            (7, Short(3_656)),
            (46, Bytes(600, preview.len())),
            (273, Long(0xFFFF_FFFF)),
            (274, Short(orientation)),
            (279, Long(12_000_000)),
        ],
    );
    laid_out(&[(0, b"IIU\0\x08\0\0\0"), (8, &first), (600, preview)])
}

/// Olympus ORF: the preview is named in the maker note's settings, in places that count from the note.
fn orf(orientation: u16, preview: &[u8]) -> Vec<u8> {
    let first = directory(
        8,
        0,
        &[
            (256, Long(4_000)),
            (257, Long(3_000)),
            (273, Long(500)),
            (274, Short(orientation)),
            (279, Long(64)),
            (34_665, Long(150)),
        ],
    );
    let note = 200;
    laid_out(&[
        (0, b"IIRO\x08\0\0\0"),
        (8, &first),
        (150, &directory(150, 0, &[(37_500, Bytes(note, 200))])),
        (note, b"OLYMPUS\0II\x03\0"),
        (note + 12, &directory(12, 0, &[(0x2020, Long(60))])),
        (
            note + 60,
            &directory(
                60,
                0,
                &[(0x0101, Long(600 - note)), (0x0102, Long(preview.len()))],
            ),
        ),
        (600, preview),
    ])
}

/// Pentax PEF: the sensor's data first, then a thumbnail, then the preview.
fn pef(orientation: u16, preview: &[u8]) -> Vec<u8> {
    let first = directory(
        8,
        150,
        &[
            (256, Long(3_872)),
            (257, Long(2_592)),
            (259, Short(65_535)),
            (271, Text("PENTAX\0")),
            (273, Long(500)),
            (274, Short(orientation)),
            (279, Long(64)),
        ],
    );
    laid_out(&[
        (0, b"II*\0\x08\0\0\0"),
        (8, &first),
        (
            150,
            &directory(150, 200, &[(513, Long(500)), (514, Long(64))]),
        ),
        (
            200,
            &directory(200, 0, &[(513, Long(600)), (514, Long(preview.len()))]),
        ),
        (600, preview),
    ])
}

fn boxed(name: &[u8; 4], body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    let len = u32::try_from(body.len() + 8).expect("small");
    [&len.to_be_bytes()[..], name, &body].concat()
}

/// Canon CR3: the photograph as a JPEG is the first track's sample; how it lies and where it was taken stand in
/// directories of their own.
fn cr3(orientation: u16, place: bool, preview: &[u8]) -> Vec<u8> {
    const CANON: [u8; 16] = [
        0x85, 0xC0, 0xB6, 0x87, 0x82, 0x0F, 0x11, 0xE0, 0x81, 0x11, 0xF4, 0xCE, 0x46, 0x2B, 0x6A,
        0x48,
    ];
    let directory_of = |entries: &[(u16, Value<'_>)]| {
        [&b"II*\0\x08\0\0\0"[..], &directory(8, 0, entries)].concat()
    };
    let four = |number: usize| u32::try_from(number).expect("small").to_be_bytes();
    let ftyp = boxed(b"ftyp", &[b"crx \0\0\0\x01crx isom"]);
    let moov = |at: usize| {
        let gps: &[_] = if place {
            &[(0, Long(2)), (2, Long(7))]
        } else {
            &[(0, Long(2))]
        };
        let own = boxed(
            b"uuid",
            &[
                &CANON,
                &boxed(b"CMT1", &[&directory_of(&[(274, Short(orientation))])]),
                &boxed(b"CMT4", &[&directory_of(gps)]),
            ],
        );
        let header = boxed(b"mvhd", &[&[0; 12], &four(1), &four(1), &[0; 80]]);
        let stsd = boxed(
            b"stsd",
            &[
                &four(0),
                &four(1),
                &boxed(b"CRAW", &[&[0; 24], &[0x17, 0x70, 0x0F, 0xA0], &[0; 50]]),
            ],
        );
        let stsz = boxed(b"stsz", &[&four(0), &four(preview.len()), &four(1)]);
        let co64 = boxed(b"co64", &[&four(0), &four(1), &four(0), &four(at)]);
        let stbl = boxed(b"stbl", &[&stsd, &stsz, &co64]);
        let hdlr = boxed(b"hdlr", &[&four(0), &four(0), b"vide", &[0; 12]]);
        let mdhd = boxed(b"mdhd", &[&four(0), &[0; 8], &four(1), &four(1), &four(0)]);
        let mdia = boxed(b"mdia", &[&mdhd, &hdlr, &boxed(b"minf", &[&stbl])]);
        boxed(b"moov", &[&own, &header, &boxed(b"trak", &[&mdia])])
    };
    let at = ftyp.len() + moov(0).len() + 8;
    [ftyp, moov(at), boxed(b"mdat", &[preview, &[0x55; 300]])].concat()
}

fn quarter_turned(picture: &Picture) -> Picture {
    let (width, height) = (picture.height, picture.width);
    let pixels = (0..width * height)
        .map(|at| picture.at(at / width, picture.height - 1 - at % width))
        .collect();
    Picture {
        width,
        height,
        pixels,
        said: Vec::new(),
    }
}

/// The name, the file around an orientation and a preview, and the sides that are told of it.
type Maker = (&'static str, fn(u16, &[u8]) -> Vec<u8>, Option<(u32, u32)>);

const MAKERS: [Maker; 5] = [
    ("ARW", arw, Some((6_000, 4_000))),
    ("RW2", rw2, Some((3_648, 2_736))),
    ("ORF", orf, Some((4_000, 3_000))),
    ("PEF", pef, Some((3_872, 2_592))),
    (
        "CR3",
        |turn, preview| cr3(turn, false, preview),
        Some((6_000, 4_000)),
    ),
];

#[test]
fn the_preview_of_every_makers_raw_photograph_is_found_and_turned() {
    let (preview, upright) = (fixture(PREVIEW), shown(PREVIEW));
    let turned = quarter_turned(&upright);
    for (name, make, sides) in MAKERS {
        let file = make(1, &preview);
        let found = sniff(&file);
        assert_eq!(found.content_type, Some(ContentType::CameraRaw), "{name}");
        assert_eq!(found.width_px.zip(found.height_px), sides, "{name}");
        assert!(
            found.findings.is_empty() && !found.has_location,
            "{name}: {:?}",
            found.findings
        );
        let picture = decode(&file).unwrap_or_else(|finding| panic!("{name}: {finding}"));
        assert_eq!(distance(&picture, &upright), 0, "{name}");
        assert_eq!(
            picture.said,
            ["MMS306 the camera's own preview of 800 x 600 px is sent: the raw data stay behind"],
            "{name}"
        );
        let picture =
            decode(&make(6, &preview)).unwrap_or_else(|finding| panic!("{name}: {finding}"));
        assert_eq!(distance(&picture, &turned), 0, "{name}");
        assert_eq!(
            picture.said[1], "MMS401 orientation 6 was applied to the pixels",
            "{name}"
        );
    }
}

#[test]
fn a_preview_that_fits_is_sent_as_the_camera_wrote_it_and_never_grows()
-> Result<(), mmsfit::FitError> {
    let preview = fixture(PREVIEW);
    for (name, make, _) in MAKERS {
        let limit = ByteCount::new(1_000_000);
        let fitted = fit_image(&make(1, &preview), limit, &FitOptions::default())?;
        let (out, own) = (decode(&fitted.bytes).expect("ours"), shown(PREVIEW));
        assert_eq!(distance(&out, &own), 0, "{name}");
        let turned = fit_image(&make(8, &preview), limit, &FitOptions::default())?;
        for image in [&fitted, &turned] {
            assert!(
                image.bytes.len() <= preview.len(),
                "{name}: {} of {}",
                image.bytes.len(),
                preview.len()
            );
            assert!(!sniff(&image.bytes).has_metadata, "{name}");
        }
        let small = fit_image(
            &make(6, &preview),
            ByteCount::new(20_000),
            &FitOptions::default(),
        )?;
        assert!(
            small.bytes.len() <= 20_000 && small.height_px > small.width_px,
            "{name}"
        );
    }
    Ok(())
}

#[test]
fn the_place_of_a_cr3_is_told() {
    let preview = fixture(PREVIEW);
    assert!(sniff(&cr3(1, true, &preview)).has_location);
    assert!(!sniff(&cr3(1, false, &preview)).has_location);
}

#[test]
fn a_sensor_of_more_pixels_than_are_decoded_does_not_keep_its_preview_back() {
    let preview = fixture(PREVIEW);
    let mut file = arw(1, &preview);
    let at = file
        .windows(4)
        .position(|four| four == 4_000_u32.to_le_bytes())
        .expect("its height");
    file[at..at + 4].copy_from_slice(&40_000_u32.to_le_bytes());
    assert_eq!(sniff(&file).height_px, Some(40_000));
    assert_eq!(decode(&file).map(|picture| picture.width), Ok(800));
}

#[test]
fn what_a_raw_photograph_says_wrongly_is_refused_or_passed_over() {
    let preview = fixture(PREVIEW);
    for (name, make, _) in MAKERS {
        let whole = make(1, &preview);
        // No byte of the structure brings it down.
        for at in (0..600.min(whole.len())).step_by(3) {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                if let Err(finding) = decode(&bytes) {
                    assert_ne!(
                        finding.code,
                        mmsfit::Code::InternalFault,
                        "{name} {at} {value}"
                    );
                }
            }
        }
        for len in [9, 60, 250, 590, whole.len() / 2] {
            let cut = refusal(&whole[..len]);
            assert!(cut.starts_with("MMS30"), "{name} {len}: {cut}");
        }
    }
}
