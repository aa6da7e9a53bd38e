use super::{PictureFit, faults, rewrite};
use crate::code::Code;
use crate::content_type::ContentType::{self, Csv, ICalendar, PlainText, VCard};
use crate::report::Outcome;

fn text(lines: &[&str]) -> Vec<u8> {
    lines
        .iter()
        .flat_map(|line| [line, "\r\n"])
        .collect::<String>()
        .into_bytes()
}

fn card(lines: &[&str]) -> Vec<u8> {
    let mut all = vec!["BEGIN:VCARD"];
    all.extend(lines);
    all.push("END:VCARD");
    text(&all)
}

fn anew(bytes: &[u8], content_type: ContentType) -> String {
    let mut picture: Box<PictureFit<'_>> = Box::new(|_, _| panic!("no picture has to be fitted"));
    let rewritten =
        rewrite(bytes, content_type, 1_000_000, &mut picture).expect("it can be written");
    let again: Vec<Code> = faults(&rewritten.bytes, content_type)
        .iter()
        .filter(|finding| finding.outcome != Outcome::Noted)
        .map(|finding| finding.code)
        .collect();
    assert_eq!(again, [], "the new text has faults itself");
    String::from_utf8(rewritten.bytes).expect("it is UTF-8")
}

fn codes(bytes: &[u8], content_type: ContentType) -> Vec<(Code, Outcome)> {
    faults(bytes, content_type)
        .iter()
        .map(|finding| (finding.code, finding.outcome))
        .collect()
}

#[test]
fn a_complete_card_has_no_faults() {
    for card in [
        card(&["VERSION:2.1", "N:Lovelace;Ada"]),
        card(&["VERSION:3.0", "N:Lovelace;Ada;;;", "FN:Ada Lovelace"]),
        card(&["VERSION:4.0", "FN:Zoë"]),
    ] {
        assert_eq!(codes(&card, VCard), []);
    }
}

#[test]
fn what_a_card_lacks_is_made_of_what_it_has() {
    let cut = card(&["VERSION:3.0", "N:Lovelace;Ada;King;Countess;"]);
    assert_eq!(codes(&cut, VCard), [(Code::Corrupt, Outcome::Fixable)]);
    assert!(anew(&cut, VCard).contains("\r\nFN:Countess Ada King Lovelace\r\n"));

    let cut = card(&["FN:Ada", "TEL:+15551230001"]);
    assert_eq!(
        anew(&cut, VCard),
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:;Ada;;;\r\nFN:Ada\r\nTEL:+15551230001\r\nEND:VCARD\r\n"
    );
}

#[test]
fn a_card_that_names_nobody_is_refused() {
    for lines in [&["VERSION:3.0"][..], &["VERSION:3.0", "N:;;;;", "FN:"]] {
        assert_eq!(
            codes(&card(lines), VCard),
            [(Code::Corrupt, Outcome::Refused)]
        );
    }
}

#[test]
fn an_8_bit_card_is_read_in_the_encoding_that_it_says() {
    let mut latin = card(&["VERSION:2.1", "N;CHARSET=ISO-8859-5:?;Ada"]);
    let at = latin
        .iter()
        .position(|byte| *byte == b'?')
        .expect("it is there");
    latin[at] = 0xBB; // Cyrillic capital el
    assert_eq!(
        codes(&latin, VCard),
        [(Code::TextEncoding, Outcome::Fixable)]
    );
    assert!(anew(&latin, VCard).contains("N;CHARSET=UTF-8:Л;Ada\r\n"));
}

#[test]
fn quoted_printable_of_2_1_ends_as_utf_8_of_3_0() {
    let quoted = card(&[
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Eva",
        "TEL;CELL;PREF:+15551230002",
    ]);
    let anew = anew(&quoted, VCard);
    assert!(
        anew.contains("VERSION:3.0\r\n") && anew.contains("N;CHARSET=UTF-8:Müller;Eva\r\n"),
        "{anew}"
    );
    assert!(
        anew.contains("FN;CHARSET=UTF-8:Eva Müller\r\n") && !anew.contains("QUOTED"),
        "{anew}"
    );
    assert!(anew.contains("+15551230002\r\n"));
}

#[test]
fn long_lines_are_folded_at_75_octets() {
    let note = format!("NOTE:{}", "Grüße an alle, ".repeat(40));
    let anew = anew(&card(&["N:A;B", &note]), VCard);
    assert!(anew.lines().all(|line| line.len() <= 75), "{anew}");
    assert!(anew.lines().count() > 8);
}

#[test]
fn a_reference_elsewhere_is_noted_and_left_alone() {
    let remote = card(&[
        "VERSION:3.0",
        "N:A;B;;;",
        "FN:B A",
        "PHOTO;VALUE=URI:https://example.com/a.jpg",
    ]);
    assert_eq!(
        codes(&remote, VCard),
        [(Code::ActiveContent, Outcome::Noted)]
    );
}

#[test]
fn pictures_share_what_the_text_leaves_and_the_rest_stays_as_it_was() {
    let photo = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/photos/small.jpg"
    ))
    .expect("it is there");
    use base64::Engine as _;
    let encoded = base64::prelude::BASE64_STANDARD.encode(&photo);
    for (version, property) in [
        ("3.0", format!("PHOTO;ENCODING=b;TYPE=PNG:{encoded}")),
        ("4.0", format!("PHOTO:data:image/png;base64,{encoded}")),
    ] {
        let source = card(&[
            &format!("VERSION:{version}"),
            "N:A;B;;;",
            "FN:B A",
            &property,
            "NOTE:a\\, b\\; c",
        ]);
        let limit = source.len() as u64 / 2;
        let mut asked = 0;
        let mut picture = |bytes: &[u8], most: u64| {
            assert_eq!(bytes, photo);
            asked = most;
            Ok((vec![0xFF; most as usize], ContentType::Jpeg))
        };
        let rewritten = rewrite(&source, VCard, limit, &mut picture).expect("it fits");
        let length = rewritten.bytes.len() as u64;
        assert!(
            length <= limit && length + 400 >= limit,
            "{length} of {limit}, {asked} asked"
        );
        let anew = String::from_utf8(rewritten.bytes).expect("it is UTF-8");
        let flat = anew.replace("\r\n ", "");
        let expected = match version {
            "3.0" => "PHOTO;ENCODING=b;TYPE=JPEG:////////",
            _ => "PHOTO:data:image/jpeg;base64,////////",
        };
        assert!(flat.contains(expected), "{flat:.300}");
        assert!(flat.contains("NOTE:a\\, b\\; c\r\n"));
    }
}

#[test]
fn a_text_in_utf_16_or_windows_1252_ends_in_utf_8() {
    let utf16: Vec<u8> = "\u{FEFF}Käse"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(
        codes(&utf16, PlainText),
        [(Code::TextEncoding, Outcome::Fixable)]
    );
    assert_eq!(anew(&utf16, PlainText), "Käse");
    assert_eq!(anew(b"5 \x80, please", Csv), "5 €, please");
    assert_eq!(codes("Käse".as_bytes(), PlainText), []);
}

#[test]
fn a_calendar_is_completed_and_keeps_its_rules_unexpanded() {
    let event = [
        "BEGIN:VEVENT",
        "UID:1",
        "DTSTAMP:20261121T100000Z",
        "DTSTART:20261121T100000Z",
        "RRULE:FREQ=SECONDLY",
        "SUMMARY:Tea",
        "END:VEVENT",
    ];
    let mut lines = vec!["BEGIN:VCALENDAR"];
    lines.extend(event);
    lines.push("END:VCALENDAR");
    let cut = text(&lines);
    assert_eq!(codes(&cut, ICalendar), [(Code::Corrupt, Outcome::Fixable)]);
    let anew = anew(&cut, ICalendar);
    assert!(
        anew.starts_with(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//mmsfit//mmsfit//EN\r\nBEGIN:VEVENT\r\n"
        ),
        "{anew}"
    );
    assert_eq!(anew.matches("RRULE:FREQ=SECONDLY\r\n").count(), 1);
}

#[test]
fn a_calendar_that_starts_programs_or_holds_nothing_is_refused() {
    let hostile = text(&[
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:x",
        "BEGIN:VEVENT",
        "UID:1",
        "BEGIN:VALARM",
        "TRIGGER:-PT5M",
        "ACTION:PROCEDURE",
        "ATTACH:file:///bin/sh",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]);
    assert!(codes(&hostile, ICalendar).contains(&(Code::ActiveContent, Outcome::Refused)));
    let empty = text(&[
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:x",
        "END:VCALENDAR",
    ]);
    assert_eq!(
        codes(&empty, ICalendar),
        [(Code::Corrupt, Outcome::Refused)]
    );
}

#[test]
fn no_cut_and_no_flipped_byte_makes_it_panic() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/text");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        let content_type = match path.extension().and_then(|extension| extension.to_str()) {
            Some("vcf") => VCard,
            Some("ics" | "vcs") => ICalendar,
            _ => continue,
        };
        seen += 1;
        let bytes = std::fs::read(&path).expect("it can be read");
        let mut picture: Box<PictureFit<'_>> = Box::new(|bytes, most| {
            Ok((vec![0; (most as usize).min(bytes.len())], ContentType::Jpeg))
        });
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            for damaged in [&bytes[..at], &flipped] {
                faults(damaged, content_type);
                // Refusals are as good as texts here.
                let _ = rewrite(damaged, content_type, 500, &mut picture);
            }
        }
    }
    assert!(seen >= 10, "only {seen} fixtures");
}
