//! Files that ask for more than they are worth: refused by what they ask for, not by how long it took.

use std::time::{Duration, Instant};

use mmsfit::internals;

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xFF, marker];
    bytes.extend((body.len() as u16 + 2).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// SOI, a table of ones, a frame of one component, and Huffman tables of one code each: zero for DC, `ac` for AC.
fn head(marker: u8, width: u16, height: u16, ac: u8) -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8];
    file.extend(segment(0xDB, &[vec![0], vec![1; 64]].concat()));
    let ([h1, h2], [w1, w2]) = (height.to_be_bytes(), width.to_be_bytes());
    file.extend(segment(marker, &[8, h1, h2, w1, w2, 1, 1, 0x11, 0]));
    for (class, symbol) in [(0x00, 0x00), (0x10, ac)] {
        file.extend(huffman(class, symbol));
    }
    file
}

fn huffman(class: u8, symbol: u8) -> Vec<u8> {
    let mut table = vec![class, 1];
    table.extend([0; 15]);
    table.push(symbol);
    segment(0xC4, &table)
}

fn scan(start: u8, end: u8, high_low: u8, data: &[u8]) -> Vec<u8> {
    [
        segment(0xDA, &[1, 1, 0, start, end, high_low]),
        data.to_vec(),
    ]
    .concat()
}

/// What the engine says of a file, which it must say soon even on a machine that is busy with other things.
fn verdict(file: &[u8]) -> String {
    let begun = Instant::now();
    let said = internals::fit_jpeg(file, 50_000, 1440, None);
    assert!(begun.elapsed() < Duration::from_secs(30));
    match said {
        Ok(_) => "fits".to_owned(),
        Err(message) => message,
    }
}

#[test]
fn a_bomb_of_scans_is_refused_at_the_hundred_and_first() {
    // Runs of 32,767 blocks whose bands are empty: a few bytes visit every block of the picture.
    let mut file = head(0xC2, 2000, 2000, 0xE0);
    file.extend(scan(0, 0, 0, &[0; 62_500 / 8]));
    for round in 0..5_000u32 {
        let position = (1 + round % 63) as u8;
        let low = 13 - (round / 63 % 13) as u8;
        let high = if round < 63 { 0 } else { low + 1 };
        file.extend(scan(
            position,
            position,
            high << 4 | low,
            &[0x3F, 0xFE, 0x1F, 0xFF, 0],
        ));
    }
    file.extend([0xFF, 0xD9]);
    let said = verdict(&file);
    assert!(
        said.starts_with("over the limit: 101 scans") || said.starts_with("corrupt"),
        "{said}"
    );
}

#[test]
fn the_largest_frame_is_refused_from_its_header() {
    let mut file = head(0xC0, 65_500, 65_500, 0);
    file.extend(scan(0, 63, 0, &[0; 64]));
    assert_eq!(
        verdict(&file),
        "over the limit: 4290250000 pixels, 100000000 allowed"
    );
}

#[test]
fn a_small_file_cannot_ask_for_much_memory() {
    let mut file = head(0xC2, 9_000, 9_000, 0);
    file.extend(scan(0, 0, 0, &[0; 64]));
    let said = verdict(&file);
    assert!(said.contains("bytes of coefficients"), "{said}");
    // Without refinement nothing is set aside beforehand: the data just is not there.
    let mut file = head(0xC0, 9_000, 9_000, 0);
    file.extend(scan(0, 63, 0, &[0; 64]));
    assert_eq!(
        verdict(&file),
        "truncated: the data ends before the picture does"
    );
}

#[test]
fn a_storm_of_tables_is_refused_by_their_number() {
    let mut file = head(0xC0, 16, 16, 0);
    for _ in 0..20_000 {
        file.extend(huffman(0x10, 0));
    }
    file.extend(scan(0, 63, 0, &[0; 64]));
    let said = verdict(&file);
    assert!(said.contains("segments, 10000 allowed"), "{said}");
}

#[test]
fn lengths_that_lie_are_named() {
    let whole = {
        let mut file = head(0xC0, 16, 16, 0);
        file.extend(scan(0, 63, 0, &[0; 64]));
        file.extend([0xFF, 0xD9]);
        file
    };
    assert_eq!(verdict(&whole), "fits");
    // The table's segment claims to reach past the end, then to be shorter than its own length field.
    for (length, said) in [
        (
            [0xFF, 0xFF],
            "truncated: the data ends before the picture does",
        ),
        ([0, 1], "corrupt: segment length below 2"),
        ([0, 40], "corrupt: short quantisation table"),
    ] {
        let mut file = whole.clone();
        file[4..6].copy_from_slice(&length);
        assert_eq!(verdict(&file), said);
    }
}

#[test]
fn what_visits_too_many_blocks_is_refused_before_it_does() {
    // 4,000 × 4,000: 250,000 blocks a scan, of which 160 are allowed, but only 100 scans.
    let mut file = head(0xC2, 8_000, 4_000, 0xE0);
    file.extend(vec![0xFF, 0xFE, 0xFF, 0xFF]);
    file.extend(vec![0; 0xFFFD]);
    file.extend(scan(0, 0, 0, &[0; 500_000 / 8]));
    for position in 1..=63u8 {
        // 16 runs of 32,767 blocks: code 0, then fourteen one bits, each.
        file.extend(scan(position, position, 0, &[0x7F, 0xFE].repeat(16)));
    }
    file.extend([0xFF, 0xD9]);
    let said = verdict(&file);
    assert!(
        said == "fits"
            || said.starts_with("over the limit")
            || said.starts_with("truncated")
            || said.starts_with("corrupt"),
        "{said}"
    );
}
