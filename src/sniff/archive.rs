//! Zip and gzip: looked through in memory, never unpacked to names, and what they may hide.

use std::io::{Cursor, Read};

use flate2::bufread::GzDecoder;
use zip::ZipArchive;

use super::Corrupt;
use super::bytes::{contains_ignoring_case, find, from, head};
use crate::code::Code;
use crate::content_type::ContentType as Type;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Entries of one archive.
const MAX_ENTRIES: usize = 1_000;
/// Bytes that come out for each byte that goes in.
const MAX_RATIO: u64 = 200;
/// Bytes that may come out whatever the ratio: small files of one letter are no bombs.
const FREE_BYTES: u64 = 1 << 20;
/// Bytes that are counted before an archive is called too large to look through.
const MAX_INFLATED: u64 = 1 << 30;
/// Members of one gzip file.
const MAX_MEMBERS: u32 = 16;
/// Bytes of a member that are read to tell what it is.
const PEEK_BYTES: usize = 1_024;

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// Proves a zip: every reader has to find the same entries, and none may hide something.
pub(super) fn probe_zip(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    if declared_entries(bytes).is_some_and(|entries| entries > MAX_ENTRIES) {
        hostile(found, format!("it has more than {MAX_ENTRIES} entries"));
        return Ok(());
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|why| Corrupt(format!("its directory is unreadable: {why}")))?;
    found.entries = u32::try_from(archive.len()).ok();
    if archive.len() > MAX_ENTRIES {
        hostile(
            found,
            format!(
                "it has {} entries; {MAX_ENTRIES} are looked through",
                archive.len()
            ),
        );
        return Ok(());
    }
    if archive.offset() != 0 {
        found.findings.push(Finding::refused(
            Code::AmbiguousType,
            "something stands before the archive",
        ));
    }
    trailing_junk(bytes, found);
    if archive.has_overlapping_entries().unwrap_or(true) {
        hostile(found, "its entries overlap".to_owned());
        return Ok(());
    }
    if let Err(why) = archive.validate_header_consistency() {
        hostile(
            found,
            format!("its directory and its entries disagree: {why}"),
        );
        return Ok(());
    }
    let names = names(&mut archive, found)?;
    found.content_type = Some(package(&mut archive, &names));
    let has = |end: &str| {
        names
            .iter()
            .any(|name| name.to_ascii_lowercase().ends_with(end))
    };
    if has("vbaproject.bin") {
        found.content_type = Some(Type::OfficeMacro);
        found.findings.push(
            Finding::refused(Code::ActiveContent, "it holds macros")
                .help("save it without macros, or as a PDF"),
        );
    }
    if has("meta-inf/manifest.mf") && has(".class") {
        found.content_type = Some(Type::Executable);
        found.findings.push(Finding::refused(
            Code::ActiveContent,
            "it is a Java program",
        ));
    }
    if has("androidmanifest.xml") && has(".dex") {
        found.content_type = Some(Type::Executable);
        found.findings.push(Finding::refused(
            Code::ActiveContent,
            "it is an Android program",
        ));
    }
    if !found
        .findings
        .iter()
        .any(|finding| finding.code == Code::HostileArchive)
    {
        count(&mut archive, bytes.len() as u64, found)?;
    }
    Ok(())
}

/// The number of entries in the end record (APPNOTE 4.3.16), before the directory is read.
fn declared_entries(bytes: &[u8]) -> Option<usize> {
    let end = super::bytes::tail(bytes, 65_557);
    let at = super::bytes::rfind(end, b"PK\x05\x06")?;
    match super::bytes::le16(end, at + 10)? {
        // The number stands in the zip64 end record (4.3.14).
        u16::MAX => {
            let at = super::bytes::rfind(end, b"PK\x06\x06")?;
            usize::try_from(super::bytes::le64(end, at + 32)?).ok()
        }
        entries => Some(entries.into()),
    }
}

/// Bytes behind the end record and its comment.
fn trailing_junk(bytes: &[u8], found: &mut Sniffed) {
    let end = super::bytes::tail(bytes, 65_557);
    let behind = super::bytes::rfind(end, b"PK\x05\x06").and_then(|at| {
        let comment = usize::from(super::bytes::le16(end, at + 20)?);
        end.get(at + 22 + comment..)
    });
    if let Some(rest) = behind.filter(|rest| !rest.is_empty()) {
        super::trailing::note(rest, "data", found);
    }
}

fn hostile(found: &mut Sniffed, why: String) {
    found
        .findings
        .push(Finding::refused(Code::HostileArchive, why).help("send the files in it one by one"));
}

/// Names of all entries; names that would leave their folder, links and encryption are refused.
fn names(archive: &mut Archive<'_>, found: &mut Sniffed) -> Result<Vec<String>, Corrupt> {
    let mut names = Vec::with_capacity(archive.len());
    let mut lower = std::collections::BTreeSet::new();
    for index in 0..archive.len() {
        let entry = archive
            .by_index_raw(index)
            .map_err(|why| Corrupt(format!("an entry is unreadable: {why}")))?;
        let raw = entry.name_raw();
        let name = String::from_utf8_lossy(head(raw, 1_000)).into_owned();
        if let Some(why) = bad_name(raw) {
            hostile(found, format!("an entry's name {why}"));
        }
        if entry.encrypted() {
            hostile(
                found,
                "it is encrypted: nobody can tell what is in it".to_owned(),
            );
        }
        if is_program(&name) {
            hostile(found, "it holds a program".to_owned());
        }
        if entry.is_symlink() {
            hostile(found, "it holds a link".to_owned());
        }
        if !lower.insert(name.to_lowercase()) {
            hostile(found, "two entries have the same name".to_owned());
        }
        names.push(name);
        // One reason is enough; a thousand would drown it.
        if found
            .findings
            .iter()
            .filter(|finding| finding.code == Code::HostileArchive)
            .count()
            >= 3
        {
            break;
        }
    }
    Ok(names)
}

/// Whether a name's ending makes a desktop run the file, whatever is in it.
fn is_program(name: &str) -> bool {
    const ENDINGS: [&str; 19] = [
        "exe", "scr", "pif", "com", "bat", "cmd", "msi", "vbs", "vbe", "js", "jse", "wsf", "wsh",
        "hta", "ps1", "lnk", "cpl", "jar", "apk",
    ];
    name.rsplit_once('.').is_some_and(|(_, ending)| {
        ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    })
}

/// Why a name must not be used (D5 of APPNOTE 4.4.17: relative, forward slashes).
fn bad_name(name: &[u8]) -> Option<&'static str> {
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com1", "lpt1"];
    if name.contains(&0) {
        return Some("holds a NUL");
    }
    if name.len() > 1_000 {
        return Some("is over 1,000 bytes");
    }
    if name.starts_with(b"/") || name.starts_with(b"\\") {
        return Some("is absolute");
    }
    if name.get(1) == Some(&b':') && name[0].is_ascii_alphabetic() {
        return Some("has a drive letter");
    }
    if name
        .split(|byte| matches!(byte, b'/' | b'\\'))
        .any(|part| part == b"..")
    {
        return Some("leads out of its folder");
    }
    let last = name
        .split(|byte| matches!(byte, b'/' | b'\\'))
        .next_back()
        .unwrap_or_default();
    let stem = last.split(|&byte| byte == b'.').next().unwrap_or_default();
    if DEVICES
        .iter()
        .any(|device| stem.eq_ignore_ascii_case(device.as_bytes()))
    {
        return Some("is a device");
    }
    None
}

/// Which package of parts a zip is, by the entries that its standard asks for.
fn package(archive: &mut Archive<'_>, names: &[String]) -> Type {
    let has = |name: &str| names.iter().any(|known| known == name);
    if has("[Content_Types].xml") {
        // ECMA-376 part 2: the main part's folder tells the application.
        let folder = |start: &str| names.iter().any(|name| name.starts_with(start));
        return match () {
            () if folder("word/") => Type::Docx,
            () if folder("xl/") => Type::Xlsx,
            () if folder("ppt/") => Type::Pptx,
            () => Type::Zip,
        };
    }
    if has("pass.json") && has("manifest.json") {
        return Type::Pkpass;
    }
    // OpenDocument 1.3 part 2 3.3 and EPUB OCF 4.3: the first entry names the type, stored.
    if names.first().is_some_and(|name| name == "mimetype") {
        let mut kind = String::new();
        if let Ok(entry) = archive.by_index(0)
            && entry.take(256).read_to_string(&mut kind).is_ok()
        {
            if kind.trim() == "application/epub+zip" {
                return Type::Epub;
            }
            if kind.starts_with("application/vnd.oasis.opendocument.") {
                return Type::OpenDocument;
            }
        }
    }
    Type::Zip
}

/// Counts what comes out of every entry, instead of believing what is declared; looks at each entry's start.
fn count(archive: &mut Archive<'_>, len: u64, found: &mut Sniffed) -> Result<(), Corrupt> {
    let limit = (len * MAX_RATIO).clamp(FREE_BYTES, MAX_INFLATED);
    if let Some(declared) = archive.decompressed_size()
        && declared > u128::from(limit)
    {
        bomb(found, u64::try_from(declared).unwrap_or(u64::MAX), limit);
        return Ok(());
    }
    let mut total = 0_u64;
    for index in 0..archive.len() {
        let entry = match archive.by_index(index) {
            Ok(entry) => entry,
            Err(zip::result::ZipError::UnsupportedArchive(why)) => {
                hostile(found, format!("an entry is not looked through: {why}"));
                return Ok(());
            }
            Err(why) => return Err(Corrupt(format!("an entry is unreadable: {why}"))),
        };
        let declared = entry.size();
        let (read, start) = drain(entry.take(limit - total + 1))
            .map_err(|why| Corrupt(format!("an entry is damaged: {why}")))?;
        total += read;
        if total > limit || read > declared {
            bomb(found, total, limit);
            return Ok(());
        }
        nested(&start, found);
    }
    Ok(())
}

fn bomb(found: &mut Sniffed, bytes: u64, limit: u64) {
    found.findings.push(
        Finding::refused(
            Code::HostileArchive,
            format!(
                "it unpacks to at least {bytes} bytes; {limit} are allowed (ratio {MAX_RATIO})"
            ),
        )
        .observed("unpacked_bytes", bytes)
        .allowed("unpacked_bytes", limit),
    );
}

/// Reads to the end; the count and the first bytes.
fn drain(mut reader: impl Read) -> std::io::Result<(u64, Vec<u8>)> {
    let mut buffer = [0; 16_384];
    let (mut total, mut start) = (0, Vec::new());
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok((total, start));
        }
        total += read as u64;
        if start.len() < PEEK_BYTES {
            start.extend_from_slice(head(&buffer[..read], PEEK_BYTES - start.len()));
        }
    }
}

/// An archive in an archive, or a program, is not looked into.
fn nested(start: &[u8], found: &mut Sniffed) {
    const ARCHIVES: [&[u8]; 7] = [
        b"PK\x03\x04",
        b"\x1F\x8B\x08",
        b"Rar!\x1A\x07",
        b"7z\xBC\xAF\x27\x1C",
        b"BZh",
        b"\xFD7zXZ\0",
        b"\x28\xB5\x2F\xFD",
    ];
    let is_package = matches!(
        found.content_type,
        Some(Type::Docx | Type::Xlsx | Type::Pptx | Type::OpenDocument)
    );
    let already = found
        .findings
        .iter()
        .any(|finding| finding.code == Code::HostileArchive);
    // Office packages embed further packages as a matter of course.
    if !already
        && !is_package
        && !is_office_document(start)
        && ARCHIVES.iter().any(|magic| start.starts_with(magic))
    {
        hostile(found, "it holds a further archive".to_owned());
    } else if !already
        && (start.starts_with(b"\x7FELF")
            || (start.starts_with(b"MZ") && contains_ignoring_case(start, b"dos mode")))
    {
        hostile(found, "it holds a program".to_owned());
    }
}

/// A document that happens to be kept as an archive: the first entry tells (OPC §9.2.4, OpenDocument part 2 §3.3).
fn is_office_document(start: &[u8]) -> bool {
    const NAME_AT: usize = 30; // APPNOTE 4.3.7: behind the fixed part of the local header
    const FIRST: [&[u8]; 3] = [b"[Content_Types].xml", b"_rels/.rels", b"mimetype"];
    start.starts_with(b"PK\x03\x04")
        && FIRST
            .iter()
            .any(|name| from(start, NAME_AT).starts_with(name))
}

/// Proves a gzip: every member inflates, its checksum holds, and the whole stays within its ratio.
pub(super) fn probe_gzip(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let limit = (bytes.len() as u64 * MAX_RATIO).clamp(FREE_BYTES, MAX_INFLATED);
    let mut rest = bytes;
    let (mut members, mut total) = (0, 0);
    let mut first = Vec::new();
    while rest.starts_with(&[0x1F, 0x8B]) {
        members += 1;
        if members > MAX_MEMBERS {
            hostile(found, format!("it has more than {MAX_MEMBERS} members"));
            return Ok(());
        }
        let mut decoder = GzDecoder::new(rest);
        let (read, start) = drain((&mut decoder).take(limit - total + 1))
            .map_err(|why| Corrupt(format!("it does not inflate: {why}")))?;
        total += read;
        if total > limit {
            bomb(found, total, limit);
            return Ok(());
        }
        if members == 1 {
            first = start;
        }
        rest = decoder.into_inner();
    }
    found.entries = Some(members);
    if !rest.is_empty() && rest.iter().any(|&byte| byte != 0) {
        super::trailing::note(rest, "data", found);
    }
    if super::trailing::has_zip_directory(bytes) {
        found.findings.push(Finding::refused(
            Code::AmbiguousType,
            "it is a zip archive as well",
        ));
    }
    nested(&first, found);
    if find(&first, b"<svg").is_some() {
        found.variant = Some("svgz".to_owned());
        found.findings.push(
            Finding::refused(Code::ActiveContent, "it is a compressed drawing")
                .help("save it as a PNG"),
        );
    } else if from(&first, 257).starts_with(b"ustar") {
        found.variant = Some("tar".to_owned());
    }
    Ok(())
}

/// Proves a tar: the first header's checksum (POSIX.1 pax, `ustar`).
pub(super) fn probe_tar(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let header = bytes.get(..512).ok_or("the first header is cut")?;
    let stated = std::str::from_utf8(&header[148..156])
        .ok()
        .and_then(|digits| u32::from_str_radix(digits.trim_matches(['\0', ' ']), 8).ok())
        .ok_or("the first header has no checksum")?;
    // The checksum's own field counts as spaces.
    let sum: u32 = header
        .iter()
        .enumerate()
        .map(|(at, &byte)| {
            if (148..156).contains(&at) {
                32
            } else {
                u32::from(byte)
            }
        })
        .sum();
    if sum != stated {
        return Err("the checksum of the first header is wrong".into());
    }
    hostile(found, "a tar is not looked through".to_owned());
    Ok(())
}
