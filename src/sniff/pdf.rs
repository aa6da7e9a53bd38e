//! PDF (ISO 32000-1): header, end, and what is active in it as far as it stands in the open.

use super::Corrupt;
use super::bytes::{find, from, head, tail};
use crate::code::Code;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Proves a PDF: a header, and an end of file marker in the last 1,024 bytes (annex H note 18).
pub(super) fn probe(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let at = find(head(bytes, 1_024), b"%PDF-").ok_or("it has no header")?;
    let version = head(from(bytes, at + 5), 3);
    if !version.first().is_some_and(u8::is_ascii_digit) {
        return Err("its header names no version".into());
    }
    found.variant = Some(String::from_utf8_lossy(version).into_owned());
    if at > 0 {
        found.findings.push(Finding::note(
            Code::Corrupt,
            format!("{at} bytes stand before the header"),
        ));
    }
    active(bytes, found);
    let end = tail(bytes, 2_048);
    let marker = super::bytes::rfind(end, b"%%EOF").ok_or("it is cut: no end of file marker")?;
    if find(tail(bytes, 4_096), b"startxref").is_none() {
        return Err("it has no cross-reference (startxref)".into());
    }
    let rest = from(end, marker + 5);
    let rest = rest
        .iter()
        .position(|byte| !byte.is_ascii_whitespace() && *byte != 0)
        .map_or(&[][..], |at| from(rest, at));
    if !rest.is_empty() {
        super::trailing::note(rest, "data", found);
    }
    if super::trailing::has_zip_directory(bytes) && found.trailing_bytes == 0 {
        found.findings.push(Finding::refused(
            Code::AmbiguousType,
            "it is a zip archive as well",
        ));
    }
    Ok(())
}

/// Whether the header stands behind other bytes, where readers still accept it (annex H note 13).
pub(super) fn is_late(bytes: &[u8]) -> bool {
    find(head(bytes, 1_024), b"%PDF-").is_some()
}

/// Names in clear; those inside compressed object streams stay unseen, and so the absence of a finding proves nothing.
fn active(bytes: &[u8], found: &mut Sniffed) {
    // 12.6.4: actions that run something when the page is opened or tapped.
    for (name, what) in [
        (&b"/JavaScript"[..], "JavaScript"),
        (b"/JS", "JavaScript"),
        (b"/Launch", "an action that starts a program"),
        (b"/XFA", "an XFA form"),
    ] {
        if has_name(bytes, name) {
            found.findings.push(
                Finding::refused(Code::ActiveContent, format!("it holds {what}"))
                    .help("print it to a new PDF"),
            );
            return;
        }
    }
    for (name, what) in [
        (&b"/EmbeddedFile"[..], "an embedded file"),
        (b"/RichMedia", "embedded media"),
    ] {
        if has_name(bytes, name) {
            found.findings.push(Finding::warning(
                Code::ActiveContent,
                format!("it holds {what}"),
            ));
        }
    }
    if has_name(bytes, b"/Encrypt") {
        found.findings.push(Finding::warning(
            Code::CodecNotAccepted,
            "it is encrypted: a phone may ask for a password",
        ));
    }
}

/// Whether a name object stands there: it ends at a delimiter (7.2.2), so that `/JS` is not the start of `/JSON`.
fn has_name(bytes: &[u8], name: &[u8]) -> bool {
    let mut at = 0;
    while let Some(offset) = find(from(bytes, at), name) {
        at += offset + name.len();
        if from(bytes, at)
            .first()
            .is_none_or(|byte| byte.is_ascii_whitespace() || b"/<>[]()%\0".contains(byte))
        {
            // Two letters happen inside compressed data: a real key has text around it.
            let around = head(from(bytes, at), 8);
            if around
                .iter()
                .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
            {
                return true;
            }
        }
    }
    false
}
