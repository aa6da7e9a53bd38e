//! Every row of `fixtures/expected.tsv`, which programs that share nothing with this crate have agreed to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{fs, io};

use mmsfit::sniff::sniff;
use mmsfit::{Attachment, Code, ContentType, Family, Preparer, Provider, Sniffed};

use crate::common::assert_golden;

/// Spellings of the table that our types fold into one.
const SPELLINGS: &[(&str, ContentType)] = &[
    // Registered (RFC 2361), and known to no provider by this name.
    ("audio/vnd.wave", ContentType::Wav),
    // One type for all programs: none is ever sent, so that their kind does not matter.
    ("application/x-elf", ContentType::Executable),
    (
        "application/vnd.microsoft.portable-executable",
        ContentType::Executable,
    ),
    ("text/x-shellscript", ContentType::Executable),
    ("image/x-adobe-dng", ContentType::CameraRaw),
    ("image/x-fujifilm-raf", ContentType::CameraRaw),
];

/// Rows where we say something else than the table, and why that is right.
const KNOWN: &[(&str, &str)] = &[
    (
        "raw/preview.dng",
        "we tell the sides of the thumbnail that its first directory describes",
    ),
    (
        "raw/thumbnail_only.dng",
        "we tell the sides of the thumbnail that its first directory describes",
    ),
    (
        "graphics/pages.tiff",
        "we count its three pages, so that none is dropped in silence",
    ),
    (
        "traps/gif_script.gif",
        "its letters make a GIF header with sides; what follows makes no picture, and it is refused",
    ),
    (
        "traps/junk_in_front.zip",
        "it starts as a script and would run as one: that decides before the archive behind it",
    ),
];

/// Traps that pass without a finding, and why they may.
const HARMLESS: &[(&str, &str)] = &[
    (
        "exif_count_huge.jpg",
        "values are never allocated by their count: an entry that ends outside is passed over",
    ),
    (
        "exif_loop.jpg",
        "only the first directory is read, so that what follows it does not matter",
    ),
    (
        "exif_offset_outside.jpg",
        "a GPS directory that is not in the file tells no place",
    ),
    (
        "exif_points_at_itself.jpg",
        "the EXIF directory is not entered: orientation and GPS stand in the first one",
    ),
    (
        "orientation_as_text.jpg",
        "an orientation that is no number is none: viewers show the picture as stored, and so do we",
    ),
    (
        "no_extension",
        "a name without an extension promises nothing",
    ),
    ("two_endings.pdf.jpg", "the last ending is the true one"),
    ("upper_case.JPEG", "endings are read without their case"),
    (
        "table_storm.jpg",
        "3,000 Huffman tables cost a decoder less than a megapixel does; over 10,000 segments are refused",
    ),
];

/// Traps that only reading every block shows: made anew, they are refused. As they are they go to nobody but a provider that
/// takes drawings untouched.
const SEEN_BY_DECODING: &[(&str, Code)] = &[
    ("bit_flipped.jpg", Code::Corrupt),
    ("heif_coded_smaller.heic", Code::Corrupt),
    ("heif_cut_in_the_picture.heic", Code::Corrupt),
    ("heif_identity_loop.heic", Code::Corrupt),
    ("heif_primary_is_thumbnail.heic", Code::Corrupt),
    ("heif_slices_again.heic", Code::Corrupt),
    ("heif_tiles_missing.heic", Code::Corrupt),
    ("heif_tiles_outside.heic", Code::Corrupt),
    ("heif_large_for_its_bytes.heic", Code::DecodedSizeOverLimit),
    ("heif_tiles_of_one.heic", Code::DecodedSizeOverLimit),
    ("heif_tile_is_the_grid.heic", Code::CodecNotAccepted),
    ("deep_turbulence.svg", Code::WorkOverLimit),
    ("fine_dashes.svg", Code::WorkOverLimit),
    ("many_fills.svg", Code::WorkOverLimit),
    ("many_layers.svg", Code::WorkOverLimit),
    ("marker_storm.svg", Code::WorkOverLimit),
    ("pattern_tile.svg", Code::WorkOverLimit),
    ("style_storm.svg", Code::WorkOverLimit),
    ("wide_morphology.svg", Code::WorkOverLimit),
];

struct Row {
    path: String,
    kind: String,
    width: Option<u32>,
    height: Option<u32>,
    frames: Option<u32>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn rows() -> io::Result<Vec<Row>> {
    let table = fs::read_to_string(folder().join("expected.tsv"))?;
    let number = |text: &str| text.parse().ok();
    let rows: Vec<Row> = table
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields.len(), 6, "{line}");
            Row {
                path: fields[0].to_owned(),
                kind: fields[1].to_owned(),
                width: number(fields[2]),
                height: number(fields[3]),
                frames: number(fields[4]),
            }
        })
        .collect();
    assert!(rows.len() > 280, "only {} rows", rows.len());
    Ok(rows)
}

fn sniffed() -> io::Result<Vec<(Row, Sniffed)>> {
    rows()?
        .into_iter()
        .map(|row| {
            let bytes = fs::read(folder().join(&row.path))?;
            Ok((row, sniff(&bytes)))
        })
        .collect()
}

/// How the facts of a row differ from what was sniffed.
fn differences(row: &Row, found: &Sniffed) -> Vec<String> {
    let mut differences = Vec::new();
    let mut differ = |what: &str, wanted: String, found: String| {
        if wanted != found {
            differences.push(format!("{what}: {wanted} in the table, {found} found"));
        }
    };
    let folded = SPELLINGS.iter().find(|(name, _)| *name == row.kind);
    let wanted = match folded {
        Some((_, kind)) => kind.mime(),
        None => &row.kind,
    };
    let kind = found.content_type;
    differ(
        "type",
        wanted.to_owned(),
        kind.map_or("-", ContentType::mime).to_owned(),
    );
    // The table tells no sides of drawings: they have any.
    if kind != Some(ContentType::Svg) {
        let sides = |width, height| format!("{width:?} x {height:?}");
        differ(
            "sides",
            sides(row.width, row.height),
            sides(found.width_px, found.height_px),
        );
    }
    // Frames are those of pictures; the table counts those of films too.
    if kind.is_some_and(|kind| kind.family() == Family::Image && kind != ContentType::Svg) {
        differ(
            "frames",
            format!("{:?}", row.frames),
            format!("{:?}", found.frames),
        );
    }
    if kind.is_some_and(|kind| kind.family() == Family::Video) && row.frames.is_some() {
        differ("frames", "None".to_owned(), format!("{:?}", found.frames));
        differ(
            "duration",
            "some".to_owned(),
            found
                .duration_ms
                .filter(|&ms| (100..60_000).contains(&ms))
                .map_or("none", |_| "some")
                .to_owned(),
        );
    }
    differences
}

#[test]
fn every_fixture_is_what_the_table_says() -> io::Result<()> {
    let mut wrong = BTreeMap::new();
    for (row, found) in sniffed()? {
        let differences = differences(&row, &found);
        if !differences.is_empty() {
            wrong.insert(row.path, differences.join("; "));
        }
    }
    for (path, why) in KNOWN {
        assert!(
            wrong.remove(*path).is_some(),
            "{path} agrees with the table: \"{why}\" is out of date"
        );
    }
    assert_eq!(wrong, BTreeMap::new());
    Ok(())
}

#[test]
fn the_table_has_a_row_for_every_fixture() -> io::Result<()> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder())? {
        let below = entry?.path();
        if !below.is_dir() {
            continue;
        }
        for file in fs::read_dir(&below)? {
            let path = file?.path();
            let name = path.strip_prefix(folder()).unwrap_or(&path);
            files.insert(name.to_string_lossy().replace('\\', "/"));
        }
    }
    let rows: BTreeSet<String> = rows()?.into_iter().map(|row| row.path).collect();
    assert_eq!(
        files.symmetric_difference(&rows).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
    Ok(())
}

#[test]
fn findings_facts_and_variants_are_those_of_the_golden_table() -> io::Result<()> {
    let mut table = String::new();
    for (row, found) in sniffed()? {
        let mut words = vec![row.path];
        words.extend(found.content_type.map(|kind| kind.mime().to_owned()));
        words.extend(found.variant.map(|variant| variant.replace(' ', "-")));
        words.extend(found.colour.map(str::to_owned));
        words.extend(found.bit_depth.map(|bits| format!("{bits}bit")));
        words.extend(found.duration_ms.map(|ms| format!("{ms}ms")));
        words.extend(found.tracks.iter().map(|track| track.codec.clone()));
        words.extend(found.entries.map(|entries| format!("{entries}entries")));
        for (is_so, word) in [
            (found.orientation != 1, "turned"),
            (found.rotation_degrees != 0, "rotated"),
            (found.has_alpha, "alpha"),
            (found.has_location, "location"),
            (found.has_metadata, "metadata"),
            (found.icc_profile.is_some(), "profile"),
        ] {
            words.extend(is_so.then(|| word.to_owned()));
        }
        if found.trailing_bytes > 0 {
            words.push(format!("+{}bytes", found.trailing_bytes));
        }
        for finding in &found.findings {
            words.push(format!("{}:{:?}", finding.code, finding.outcome).to_lowercase());
        }
        writeln!(table, "{}", words.join(" ")).map_err(io::Error::other)?;
    }
    assert_golden("sniff.txt", &table)
}

#[test]
fn every_trap_is_told_or_said_to_be_harmless() -> io::Result<()> {
    let preparer = Preparer::new(Provider::RingCentral);
    let mut silent = BTreeSet::new();
    for row in rows()? {
        let Some(name) = row.path.strip_prefix("traps/") else {
            continue;
        };
        let attachment = Attachment::from_path(folder().join(&row.path));
        let told = preparer
            .check(&attachment)
            .findings
            .iter()
            // A type that is not taken says nothing about the trap in the file.
            .any(|finding| finding.code != Code::TypeNotAccepted);
        if told {
            continue;
        }
        let decoding = SEEN_BY_DECODING.iter().find(|(known, _)| *known == name);
        if let Some((_, code)) = decoding {
            // Sinch takes neither drawings nor HEIC.
            let prepared = Preparer::new(Provider::Sinch)
                .prepare_blocking([attachment])
                .map_err(io::Error::other)?;
            let part = &prepared.report().parts[0];
            assert!(
                prepared.bundle().is_none()
                    && part.findings.iter().any(|finding| finding.code == *code),
                "{name}: {}",
                prepared.report()
            );
            continue;
        }
        silent.insert(name.to_owned());
    }
    let harmless: BTreeSet<String> = HARMLESS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(silent, harmless);
    Ok(())
}
