//! What stands behind a format's own end, and what else the bytes could be taken for.

use super::bytes::{contains_ignoring_case, find, head, le16, le32, rfind, tail};
use super::limits::RESOURCE_HEADER_BYTES;
use crate::code::Code;
use crate::content_type::{ContentType, Family};
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Notes what is behind the end of a picture; cutting it off is part of every rewrite.
pub(super) fn note(rest: &[u8], what: &str, found: &mut Sniffed) {
    found.trailing_bytes = rest.len() as u64;
    let message = format!("{} bytes of {what} stand behind the end", rest.len());
    // Pictures and videos that the format itself puts there are told by their description.
    let finding = match foreign(rest).or_else(|| (what == "data").then(|| media(rest)).flatten()) {
        Some(other) => {
            let message = format!("{message}: they are {other}");
            if is_rewritten(found) {
                Finding::fixable(Code::AmbiguousType, message)
            } else {
                Finding::refused(Code::AmbiguousType, message)
            }
        }
        None if what == "data" => Finding::note(Code::Corrupt, message),
        None => Finding::note(
            Code::PartlySent,
            format!("{message}: a message shows the picture alone"),
        ),
    };
    found
        .findings
        .push(finding.observed("trailing_bytes", rest.len()));
}

/// Refuses what hides in a part of a file that readers of its type pass over.
pub(super) fn hidden(body: &[u8], found: &mut Sniffed) {
    if let Some(what) = foreign(body) {
        refuse(found, &format!("free space in it holds {what}"));
    }
}

/// Names what the whole file could also be taken for: markup in its head, a PDF header, a zip directory at its end.
pub(super) fn polyglots(bytes: &[u8], found: &mut Sniffed) {
    let Some(kind) = found.content_type else {
        return;
    };
    if !matches!(kind.family(), Family::Image | Family::Video | Family::Audio)
        || kind == ContentType::Svg
    {
        return;
    }
    let first = head(bytes, RESOURCE_HEADER_BYTES);
    if let Some(markup) = MARKUP
        .iter()
        .find(|markup| contains_ignoring_case(first, markup))
    {
        refuse(
            found,
            &format!(
                "its first {RESOURCE_HEADER_BYTES} bytes hold {:?}",
                String::from_utf8_lossy(markup)
            ),
        );
    }
    // PDF readers accept the header anywhere in the first 1,024 bytes (ISO 32000-1 annex H, implementation note 13).
    if find(head(bytes, 1_024), b"%PDF-").is_some() {
        refuse(found, "it is a PDF as well");
    }
    // Readers of self-extracting archives look for these in the first MiB.
    let window = head(bytes, SFX_WINDOW);
    if found.trailing_bytes == 0 {
        for (signature, what) in [(RAR, "a rar archive"), (SEVEN_ZIP, "a 7z archive")] {
            if find(window, signature).is_some() {
                refuse(found, &format!("it is {what} as well"));
            }
        }
    }
    let has_entry = || has_zip_entry(head(bytes, 4_096));
    if found.trailing_bytes == 0 && (has_zip_directory(bytes) || has_entry()) {
        refuse(found, "it is a zip archive as well");
    }
}

const SFX_WINDOW: usize = 1 << 20;
const RAR: &[u8] = b"Rar!\x1A\x07";
const SEVEN_ZIP: &[u8] = b"7z\xBC\xAF\x27\x1C";

/// Whether a whole local file header stands there (APPNOTE 4.3.7): readers of streams need no directory.
fn has_zip_entry(bytes: &[u8]) -> bool {
    find(bytes, b"PK\x03\x04").is_some_and(|at| {
        let field = |offset| le16(bytes, at + offset);
        field(4).is_some_and(|version| version & 0xFF <= 63)
            && matches!(field(8), Some(0 | 8 | 9 | 12 | 14))
            && matches!(field(26), Some(1..=256))
            && matches!(field(28), Some(0..=1_024))
    })
}

/// Markup that makes a reader which sniffs take the file for a page (WHATWG MIME Sniffing 7.1, and PHP).
const MARKUP: [&[u8]; 7] = [
    b"<!doctype html",
    b"<html",
    b"<head>",
    b"<body",
    b"<script",
    b"<iframe",
    b"<?php",
];

fn refuse(found: &mut Sniffed, message: &str) {
    found.findings.push(
        Finding::refused(Code::AmbiguousType, message)
            .help("open it in an editor of its own type and save it again"),
    );
}

/// Whether a picture of this type is written anew by preparing it.
fn is_rewritten(found: &Sniffed) -> bool {
    matches!(
        found.content_type,
        Some(
            ContentType::Jpeg
                | ContentType::Png
                | ContentType::Gif
                | ContentType::WebP
                | ContentType::Bmp
                | ContentType::Tiff
                | ContentType::Ico
        )
    )
}

/// What bytes behind an end are, where that is something that a reader could act on.
fn foreign(rest: &[u8]) -> Option<&'static str> {
    let first = head(rest, RESOURCE_HEADER_BYTES);
    if has_zip_directory(rest) || find(first, b"PK\x03\x04").is_some() {
        return Some("a zip archive");
    }
    if find(first, b"%PDF-").is_some() {
        return Some("a PDF");
    }
    if MARKUP
        .iter()
        .any(|markup| contains_ignoring_case(first, markup))
        || contains_ignoring_case(first, b"<svg")
    {
        return Some("markup or a script");
    }
    const STARTS: [(&[u8], &str); 6] = [
        (RAR, "a rar archive"),
        (SEVEN_ZIP, "a 7z archive"),
        (b"\x7FELF", "an executable"),
        (b"#!", "a script"),
        (b"\x1F\x8B\x08", "a gzip file"),
        (b"\xCA\xFE\xBA\xBE", "an executable"),
    ];
    if let Some((_, name)) = STARTS.iter().find(|(start, _)| rest.starts_with(start)) {
        return Some(name);
    }
    // `MZ` alone is two letters; with its `PE` header it is a program.
    let is_program = rest.starts_with(b"MZ")
        && le32(rest, 60)
            .and_then(|at| usize::try_from(at).ok())
            .and_then(|at| super::bytes::slice(rest, at, 4))
            == Some(b"PE\0\0");
    is_program.then_some("an executable")
}

/// The name of a whole file of another known type.
fn media(rest: &[u8]) -> Option<&'static str> {
    super::magic::identify(rest).map(|(kind, _)| kind.mime())
}

/// Whether a zip reader would find a directory: it searches the end record from behind (APPNOTE 4.3.16).
pub(super) fn has_zip_directory(bytes: &[u8]) -> bool {
    let end = tail(bytes, 65_557);
    let Some(at) = rfind(end, b"PK\x05\x06") else {
        return false;
    };
    let at_in_file = bytes.len() - end.len() + at;
    let size = le32(end, at + 12).map(u64::from);
    let comment = le16(end, at + 20).map(usize::from);
    // The record has to fit, and so has the directory in front of it.
    comment.is_some_and(|comment| at + 22 + comment <= end.len())
        && size.is_some_and(|size| size == u64::from(u32::MAX) || size <= at_in_file as u64)
}
