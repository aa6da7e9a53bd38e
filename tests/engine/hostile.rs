//! Files that ask for more than they are worth: refused by what they ask for, not by how long it took.

use std::time::{Duration, Instant};

use mmsfit::{ByteCount, Finding, FitError, FitOptions, fit_image, internals};

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

/// Runs of empty bands (T.81 G.1.2.2, EOB14) over `blocks`: two bytes for 32,767 of them.
fn empty_bands(mut blocks: u32) -> Vec<u8> {
    let mut bits = String::new();
    while blocks >= 1 << 14 {
        let run = blocks.min((1 << 15) - 1);
        bits += &format!("0{:014b}", run - (1 << 14));
        blocks -= run;
    }
    assert_eq!(blocks, 0, "what is left must be a run of this symbol too");
    while !bits.len().is_multiple_of(8) {
        bits.push('1');
    }
    let bytes = bits.as_bytes().chunks(8).map(|byte| {
        byte.iter()
            .fold(0u8, |byte, bit| byte << 1 | u8::from(*bit == b'1'))
    });
    let mut data = Vec::new();
    for byte in bytes {
        data.push(byte);
        if byte == 0xFF {
            data.push(0);
        }
    }
    data
}

/// A progressive picture whose scans after the first say nothing of any block, `rounds` of them, all in order.
fn scans_of_nothing(side: u16, rounds: u32) -> Vec<u8> {
    let blocks = u32::from(side / 8) * u32::from(side / 8);
    let mut file = head(0xC2, side, side, 0xE0);
    file.extend(scan(0, 0, 0, &vec![0; blocks.div_ceil(8) as usize]));
    let nothing = empty_bands(blocks);
    for round in 0..rounds {
        let position = (1 + round % 63) as u8;
        let low = 13 - (round / 63) as u8;
        let high = if round < 63 { 0 } else { low + 1 };
        file.extend(scan(position, position, high << 4 | low, &nothing));
    }
    file.extend([0xFF, 0xD9]);
    file
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
    assert_eq!(
        verdict(&scans_of_nothing(2000, 63)),
        "truncated: the data ends before the picture does"
    );
    let bomb = scans_of_nothing(2000, 800);
    assert!(bomb.len() < 30_000, "{}", bomb.len());
    assert_eq!(verdict(&bomb), "over the limit: 101 scans, 100 allowed");
}

#[test]
fn what_visits_too_many_blocks_is_refused_before_it_does() {
    // 409,600 blocks: 97 scans of them are just under 40 million, the 98th is over, and no other limit is near.
    assert_eq!(
        verdict(&scans_of_nothing(5120, 98)),
        "over the limit: 40140800 block visits, 40000000 allowed"
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
    // As many tables in few segments.
    let table: Vec<u8> = [vec![0x10, 1], vec![0; 15], vec![0]].concat();
    let mut file = head(0xC0, 16, 16, 0);
    for _ in 0..20 {
        file.extend(segment(0xC4, &table.repeat(1_000)));
    }
    file.extend(scan(0, 63, 0, &[0; 64]));
    let said = verdict(&file);
    assert!(said.contains("segments, 10000 allowed"), "{said}");
}

/// 16 × 16 in grey, flat.
fn whole() -> Vec<u8> {
    let mut file = head(0xC0, 16, 16, 0);
    file.extend(scan(0, 63, 0, &[0]));
    file.extend([0xFF, 0xD9]);
    file
}

#[test]
fn lengths_that_lie_are_named() {
    let whole = whole();
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
fn data_that_the_picture_does_not_account_for_is_corrupt() {
    // Four flat blocks take one byte; what stands behind it in the scan was meant for blocks that went astray.
    let mut file = head(0xC0, 16, 16, 0);
    file.extend(scan(0, 63, 0, &[0, 0x55, 0x12]));
    file.extend([0xFF, 0xD9]);
    assert_eq!(
        verdict(&file),
        "corrupt: data is left over behind the last block of a scan"
    );
}

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).expect(&path)
}

/// The public call's word on a file.
fn fitted(file: &[u8]) -> Result<(Vec<u8>, Vec<Finding>), Finding> {
    match fit_image(file, ByteCount::new(8_000), &FitOptions::default()) {
        Ok(fitted) => Ok((fitted.bytes, fitted.findings)),
        Err(FitError::Refused { finding }) => Err(*finding),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn what_viewers_show_all_the_same_is_fitted_to_the_same_bytes_with_a_note() {
    let sound = fixture("photos/small.jpg");
    assert_eq!(sound[..4], [0xFF, 0xD8, 0xFF, 0xE0], "JFIF first");
    let (expected, findings) = fitted(&sound).expect("fits");
    assert_eq!(findings, []);
    let cut = sound[..sound.len() - 2].to_vec();
    let followed = [sound.as_slice(), b"and more"].concat();
    // Behind the JFIF segment.
    let strayed = [&sound[..20], &[0, 1, 2], &sound[20..]].concat();
    let density = |unit: u8, across: u16| {
        let mut file = sound.clone();
        file[13] = unit;
        file[14..16].copy_from_slice(&across.to_be_bytes());
        file
    };
    for (file, said) in [
        (cut, "its end marker was missing"),
        (followed, "8 bytes behind its end were dropped"),
        (strayed, "stray bytes between its segments were dropped"),
        (
            density(7, 72),
            "its pixel density was zero or in an unknown unit",
        ),
        (
            density(1, 0),
            "its pixel density was zero or in an unknown unit",
        ),
    ] {
        let (bytes, findings) = fitted(&file).expect(said);
        assert!(bytes == expected, "{said}: other bytes");
        let messages: Vec<&str> = findings.iter().map(|f| f.message.as_str()).collect();
        assert_eq!(messages, [format!("read whole all the same: {said}")]);
        assert!(findings.iter().all(|f| f.code.to_string() == "MMS301"));
    }
}

#[test]
fn hostile_and_damaged_files_are_refused_by_their_codes() {
    for (name, code) in [
        ("scan_bomb_500.jpg", "MMS207"),
        ("flood_65500.jpg", "MMS203"),
        ("truncated.jpg", "MMS301"),
        ("header_only.jpg", "MMS301"),
    ] {
        let begun = Instant::now();
        let said = fitted(&fixture(&format!("traps/{name}"))).map(|(bytes, _)| bytes.len());
        let finding = said.expect_err(name);
        assert_eq!(
            finding.code.to_string(),
            code,
            "{name}: {}",
            finding.message
        );
        assert!(begun.elapsed() < Duration::from_secs(30), "{name}");
    }
}
