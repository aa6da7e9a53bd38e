//! PDF (ISO 32000-1): header, end, and what is active in it, in the open or in object streams.

use std::io::Read;
use std::ops::ControlFlow;

use flate2::read::ZlibDecoder;

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
    if active(bytes, found).is_continue() {
        for_each_object_stream(bytes, |objects| active(objects, found));
    }
    found
        .findings
        .dedup_by(|a, b| a.code == b.code && a.message == b.message);
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

/// Compressed object streams (7.5.7), inflated one by one: actions hide there as well as in the open.
///
/// Together they may inflate to [`MOST_INFLATED`] bytes; a document that asks for more is not looked through further.
fn for_each_object_stream(bytes: &[u8], mut look: impl FnMut(&[u8]) -> ControlFlow<()>) {
    let (mut at, mut left) = (0, MOST_INFLATED);
    while let Some(offset) = find(from(bytes, at), b"/ObjStm") {
        at += offset + b"/ObjStm".len();
        let Some(start) = find(head(from(bytes, at), 1_024), b"stream") else {
            continue;
        };
        let data = from(bytes, at + start + b"stream".len());
        let data = data
            .strip_prefix(b"\r\n")
            .or(data.strip_prefix(b"\n"))
            .unwrap_or(data);
        let mut objects = Vec::new();
        // A stream that is cut or of another filter tells what it tells.
        let _ = ZlibDecoder::new(data).take(left).read_to_end(&mut objects);
        left -= objects.len() as u64;
        if look(&objects).is_break() || left == 0 {
            return;
        }
    }
}

/// Enough for the objects of some thousand pages; a bomb ends here.
const MOST_INFLATED: u64 = 16 << 20;

/// Names of what is active; breaks off where the document is refused. In an encrypted document the names of objects in
/// streams stay unseen.
fn active(bytes: &[u8], found: &mut Sniffed) -> ControlFlow<()> {
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
            return ControlFlow::Break(());
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
    ControlFlow::Continue(())
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use crate::code::Code;
    use crate::report::Outcome;
    use crate::sniff::sniff;

    fn with_object_stream(objects: &[u8]) -> Vec<u8> {
        let mut deflated = ZlibEncoder::new(Vec::new(), Compression::default());
        deflated.write_all(objects).expect("memory takes it");
        let deflated = deflated.finish().expect("memory takes it");
        let mut pdf = format!(
            "%PDF-1.5\n1 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length {}>>\nstream\r\n",
            deflated.len()
        )
        .into_bytes();
        pdf.extend(deflated);
        pdf.extend(b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n");
        pdf
    }

    fn said(pdf: &[u8]) -> Vec<(Code, Outcome)> {
        let findings = sniff(pdf).findings;
        findings.iter().map(|f| (f.code, f.outcome)).collect()
    }

    #[test]
    fn a_script_inside_an_object_stream_is_seen() {
        let script = with_object_stream(b"2 0 <</S/JavaScript/JS (app.alert(1))>>");
        assert_eq!(said(&script), [(Code::ActiveContent, Outcome::Refused)]);
        let embedded = with_object_stream(b"2 0 <</Type/Filespec/EF<</F 3 0 R>>/EmbeddedFile 1>>");
        assert_eq!(said(&embedded), [(Code::ActiveContent, Outcome::Noted)]);
        let plain = with_object_stream(b"2 0 <</Type/Page/Parent 1 0 R>>");
        assert_eq!(said(&plain), []);
    }

    #[test]
    fn a_bomb_in_object_streams_is_left_before_it_unfolds() {
        let mut objects = vec![b' '; 64 << 20];
        objects.extend(b"<</S/JavaScript>>");
        let bomb = with_object_stream(&objects);
        assert!(bomb.len() < 100_000);
        assert_eq!(said(&bomb), []);
    }
}
