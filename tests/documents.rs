//! Contacts, calendars, texts and documents through the public call.

use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mmsfit::{Attachment, Code, ContentType, Part, Prepared, Preparer, Provider, Verdict};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

fn prepare(preparer: &Preparer, attachment: Attachment) -> Prepared {
    preparer
        .prepare_blocking([attachment])
        .expect("bad media is a report, never an error")
}

fn only_part(prepared: &Prepared) -> &Part {
    let bundle = prepared
        .bundle()
        .unwrap_or_else(|| panic!("{}", prepared.report()));
    &bundle.parts()[0]
}

fn codes(prepared: &Prepared) -> Vec<Code> {
    prepared.report().parts[0]
        .findings
        .iter()
        .map(|finding| finding.code)
        .collect()
}

#[test]
fn a_contact_in_utf_16_arrives_in_utf_8_and_a_second_run_changes_nothing() {
    let preparer = Preparer::new(Provider::Sinch);
    let first = prepare(
        &preparer,
        Attachment::from_path(fixture("text/contact_utf16.vcf")),
    );
    assert_eq!(first.report().verdict, Verdict::Fixed, "{}", first.report());
    assert_eq!(codes(&first), [Code::TextEncoding]);
    let bytes = only_part(&first).bytes().to_vec();
    let text = String::from_utf8(bytes.clone()).expect("it is UTF-8");
    assert!(
        text.starts_with("BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lovelace;Ada"),
        "{text}"
    );
    let second = prepare(&preparer, Attachment::from_bytes(bytes.clone()));
    assert_eq!(
        second.report().verdict,
        Verdict::Passed,
        "{}",
        second.report()
    );
    assert_eq!(only_part(&second).bytes(), bytes);
}

#[test]
fn the_picture_of_a_contact_is_made_small_enough_for_the_cap_and_loses_its_location() {
    let photo =
        std::fs::read(fixture("photos/dandelion_12mp_baseline_420_gps.jpg")).expect("it is there");
    let card = format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Field;Dan;;;\r\nFN:Dan Field\r\nPHOTO;ENCODING=b;TYPE=JPEG:{}\r\nEND:VCARD\r\n",
        BASE64_STANDARD.encode(photo)
    );
    for provider in Provider::ALL {
        let cap = provider.rules().message_bytes.value().get();
        let prepared = prepare(
            &Preparer::new(*provider),
            Attachment::from_bytes(card.clone().into_bytes()),
        );
        let part = only_part(&prepared);
        assert!(part.bytes().len() as u64 <= cap);
        let text = std::str::from_utf8(part.bytes())
            .expect("it is UTF-8")
            .replace("\r\n ", "");
        let photo = text
            .split_once("PHOTO;ENCODING=b;TYPE=JPEG:")
            .and_then(|(_, rest)| rest.split_once("\r\n"))
            .expect("the picture is still there");
        let photo = BASE64_STANDARD.decode(photo.0).expect("it is base64");
        let sniffed = mmsfit::sniff::sniff(&photo);
        assert_eq!(
            (sniffed.content_type, sniffed.has_location),
            (Some(ContentType::Jpeg), false)
        );
        assert!(part.bytes().len() > 200_000, "the cap is there to be used");
        let codes = codes(&prepared);
        assert!(codes.contains(&Code::LocationData), "{provider}: {codes:?}");
    }
}

#[test]
fn a_contact_too_long_without_a_picture_is_refused_with_the_limit() {
    let note = "x".repeat(4_000_000);
    let card = format!("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:A\r\nNOTE:{note}\r\nEND:VCARD\r\n");
    let prepared = prepare(
        &Preparer::new(Provider::Sinch),
        Attachment::from_bytes(card.into_bytes()),
    );
    assert_eq!(prepared.report().verdict, Verdict::Refused);
    assert_eq!(codes(&prepared), [Code::PartOverLimit]);
}

#[test]
fn what_ringcentral_does_not_take_goes_inside_a_zip_on_request_only() {
    let plain = Preparer::new(Provider::RingCentral);
    let letter = || Attachment::from_path(fixture("documents/letter.docx"));
    let refused = prepare(&plain, letter());
    assert_eq!(refused.report().verdict, Verdict::Refused);
    let help = refused.report().parts[0].findings[0]
        .help
        .clone()
        .unwrap_or_default();
    assert!(help.contains("zip"), "{help}");

    let wrapping = plain.wrap_in_zip(true);
    let first = prepare(&wrapping, letter());
    let part = only_part(&first);
    assert_eq!(part.facts().content_type, ContentType::Zip);
    assert_eq!(part.name(), "letter.zip");
    let mut archive =
        zip::ZipArchive::new(std::io::Cursor::new(part.bytes())).expect("it is a zip");
    let mut inside = Vec::new();
    let mut entry = archive.by_index(0).expect("one entry");
    assert_eq!(entry.name().expect("a name"), "letter.docx");
    std::io::Read::read_to_end(&mut entry, &mut inside).expect("it inflates");
    drop(entry);
    assert_eq!(archive.len(), 1);
    assert!(inside == std::fs::read(fixture("documents/letter.docx")).expect("it is there"));
    let again = prepare(&wrapping, letter());
    assert!(
        only_part(&again).bytes() == part.bytes(),
        "the same archive every time"
    );
}

#[test]
fn what_is_active_is_not_wrapped() {
    let wrapping = Preparer::new(Provider::RingCentral).wrap_in_zip(true);
    let page = prepare(&wrapping, Attachment::from_path(fixture("text/page.html")));
    assert_eq!(page.report().verdict, Verdict::Refused, "{}", page.report());
    assert!(codes(&page).contains(&Code::ActiveContent));
}
