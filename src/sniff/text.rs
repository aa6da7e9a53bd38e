//! Text types: told by their opening lines, in any Unicode encoding. Unknown text is plain text, never a page.

use std::borrow::Cow;

use super::bytes::{array, from, head};
use super::{Corrupt, svg};
use crate::code::Code;
use crate::content_type::ContentType as Type;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Text that is read to tell a type: prologues and comments may be long.
const HEAD_BYTES: usize = 65_536;

/// The type of a text; `None` where the bytes are not text.
pub(super) fn identify(bytes: &[u8]) -> Option<Type> {
    let (encoding, bom) = encoding(bytes);
    if !is_text(bytes, encoding) {
        return None;
    }
    let text = decode(head(from(bytes, bom), HEAD_BYTES), encoding);
    let text = text.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n', '\u{0C}']);
    // Programs and pictures in letters: readable, but not meant to be read.
    if text.starts_with("%!PS") || is_netpbm(text) || is_bare_signature(bytes) {
        return None;
    }
    Some(by_opening(text, bytes, encoding))
}

/// Reads what a text type can tell: its encoding, its end, its activity.
pub(super) fn probe(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let (encoding, bom) = encoding(bytes);
    found.variant = Some(encoding.name(bytes, bom).to_owned());
    let ends_with = |line: &str| {
        let text = decode(super::bytes::tail(bytes, 4_096 & !3), encoding);
        text.trim_end_matches(['\0', '\u{1A}', ' ', '\t', '\r', '\n'])
            .lines()
            .next_back()
            .is_some_and(|last| last.trim().eq_ignore_ascii_case(line))
    };
    match found.content_type {
        Some(Type::VCard) if !ends_with("END:VCARD") => Err("it is cut before END:VCARD".into()),
        Some(Type::ICalendar) if !ends_with("END:VCALENDAR") => {
            Err("it is cut before END:VCALENDAR".into())
        }
        Some(Type::Rtf) => rtf(bytes, found),
        Some(Type::Svg) => {
            if encoding == Encoding::Utf8 {
                svg::probe(bytes, found)
            } else if bytes.len() > svg::MAX_BYTES {
                svg::too_large(bytes.len(), found);
                Ok(())
            } else {
                svg::probe(decode(from(bytes, bom), encoding).as_bytes(), found)
            }
        }
        Some(Type::Html) => {
            found.findings.push(
                Finding::refused(
                    Code::ActiveContent,
                    "a page can run scripts and load what it likes",
                )
                .help("send its text, or a picture of it"),
            );
            Ok(())
        }
        Some(Type::Executable) => {
            found
                .findings
                .push(Finding::refused(Code::ActiveContent, "it is a script"));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The text itself, without its byte order mark; `None` where it is 8-bit, and only its writer knows in which encoding.
pub(crate) fn unicode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let (encoding, bom) = encoding(bytes);
    let body = from(bytes, bom);
    match encoding {
        Encoding::Utf8 => std::str::from_utf8(body).ok().map(Cow::Borrowed),
        _ => Some(decode(body, encoding)),
    }
}

/// How a text is written down.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Encoding {
    /// UTF-8 and every other superset of ASCII.
    Utf8,
    Utf16Le,
    Utf16Be,
    Utf32Le,
    Utf32Be,
}

impl Encoding {
    fn name(self, bytes: &[u8], bom: usize) -> &'static str {
        match self {
            Self::Utf8 if bytes.is_ascii() => "ascii",
            Self::Utf8 if std::str::from_utf8(from(bytes, bom)).is_ok() => "utf-8",
            Self::Utf8 => "8-bit",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Utf32Le => "utf-32le",
            Self::Utf32Be => "utf-32be",
        }
    }
}

/// The encoding and the length of its byte order mark (Unicode 3.10 D99 to D101); without one, UTF-16 is told by the
/// zeros of its first ASCII letters.
fn encoding(bytes: &[u8]) -> (Encoding, usize) {
    match (
        array::<4>(bytes, 0),
        array::<3>(bytes, 0),
        array::<2>(bytes, 0),
    ) {
        (Some([0xFF, 0xFE, 0, 0]), ..) => (Encoding::Utf32Le, 4),
        (Some([0, 0, 0xFE, 0xFF]), ..) => (Encoding::Utf32Be, 4),
        (_, Some([0xEF, 0xBB, 0xBF]), _) => (Encoding::Utf8, 3),
        (.., Some([0xFF, 0xFE])) => (Encoding::Utf16Le, 2),
        (.., Some([0xFE, 0xFF])) => (Encoding::Utf16Be, 2),
        (Some([a, 0, b, 0]), ..) if is_printable(a) && is_printable(b) => (Encoding::Utf16Le, 0),
        (Some([0, a, 0, b]), ..) if is_printable(a) && is_printable(b) => (Encoding::Utf16Be, 0),
        _ => (Encoding::Utf8, 0),
    }
}

const fn is_printable(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}

/// Whether there is no binary data byte (WHATWG MIME Sniffing 3), in the whole of it: a text that turns binary is none.
fn is_text(bytes: &[u8], encoding: Encoding) -> bool {
    match encoding {
        Encoding::Utf8 => {
            let body = bytes.strip_suffix(b"\x1A").unwrap_or(bytes);
            // ESC switches character sets (ISO 2022) and is no binary data byte.
            let is_clean = !body
                .iter()
                .any(|&byte| matches!(byte, 0..=8 | 0x0B | 0x0E..=0x1A | 0x1C..=0x1F));
            // An 8-bit text is mostly letters; random bytes are not.
            is_clean && (is_utf8(body) || looks_like_8_bit(body))
        }
        Encoding::Utf16Le | Encoding::Utf16Be => {
            bytes.len().is_multiple_of(2)
                && char::decode_utf16(units(bytes, encoding))
                    .all(|unit| unit.is_ok_and(|char| !is_binary(char)))
        }
        Encoding::Utf32Le | Encoding::Utf32Be => {
            bytes.len().is_multiple_of(4)
                && bytes
                    .chunks_exact(4)
                    .all(|unit| utf32(unit, encoding).is_some_and(|char| !is_binary(char)))
        }
    }
}

/// UTF-8, if cut inside its last character.
fn is_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).map_or_else(|fault| fault.error_len().is_none(), |_| true)
}

/// Latin-1 and its like: at most three bytes in ten are not ASCII, and C1 controls are rare.
fn looks_like_8_bit(bytes: &[u8]) -> bool {
    let high = bytes.iter().filter(|&&byte| byte >= 0x80).count();
    high * 10 <= bytes.len() * 3
}

const fn is_binary(char: char) -> bool {
    matches!(char, '\0'..='\u{8}' | '\u{B}' | '\u{E}'..='\u{1A}' | '\u{1C}'..='\u{1F}')
}

fn units(bytes: &[u8], encoding: Encoding) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).map(move |unit| {
        let unit = [unit[0], unit[1]];
        if encoding == Encoding::Utf16Le {
            u16::from_le_bytes(unit)
        } else {
            u16::from_be_bytes(unit)
        }
    })
}

fn utf32(unit: &[u8], encoding: Encoding) -> Option<char> {
    let unit: [u8; 4] = unit.try_into().ok()?;
    char::from_u32(if encoding == Encoding::Utf32Le {
        u32::from_le_bytes(unit)
    } else {
        u32::from_be_bytes(unit)
    })
}

fn decode(bytes: &[u8], encoding: Encoding) -> Cow<'_, str> {
    match encoding {
        Encoding::Utf8 => String::from_utf8_lossy(bytes),
        Encoding::Utf16Le | Encoding::Utf16Be => char::decode_utf16(units(bytes, encoding))
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
        Encoding::Utf32Le | Encoding::Utf32Be => bytes
            .chunks_exact(4)
            .map(|unit| utf32(unit, encoding).unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    }
}

/// The type that the first lines tell.
fn by_opening(text: &str, bytes: &[u8], encoding: Encoding) -> Type {
    let starts = |opening: &str| {
        text.get(..opening.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(opening))
    };
    let is_line = |opening: &str| {
        starts(opening)
            && text[opening.len()..]
                .trim_start_matches([' ', '\t'])
                .starts_with(['\r', '\n'])
    };
    if text.starts_with("{\\rtf") {
        Type::Rtf
    } else if is_line("BEGIN:VCARD") {
        Type::VCard
    } else if is_line("BEGIN:VCALENDAR") {
        Type::ICalendar
    } else if text.starts_with("#!") {
        Type::Executable
    } else if let Some(kind) = markup(text) {
        kind
    } else if text.starts_with(['{', '[']) && encoding == Encoding::Utf8 && is_json(bytes) {
        Type::Json
    } else if is_csv(text) {
        Type::Csv
    } else {
        Type::PlainText
    }
}

/// A signature in letters with next to nothing behind it: the start of a file that was cut, not a text.
fn is_bare_signature(bytes: &[u8]) -> bool {
    const SIGNATURES: [&[u8]; 19] = [
        b"RIFF", b"RIFX", b"FORM", b"MThd", b"MTrk", b"GIF8", b"Rar!", b"RE~^", b"dex\n", b"dey\n",
        b"PAR2", b"Cr24", b"OggS", b"fLaC", b"8BPS", b"%PDF", b"`\xEA", b"%!", b"\x89PNG",
    ];
    bytes.len() <= 16
        && SIGNATURES
            .iter()
            .any(|signature| bytes.starts_with(signature))
}

/// A picture in plain Netpbm: `P1` to `P3`, then its sides.
fn is_netpbm(text: &str) -> bool {
    let mut words = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_ascii_whitespace);
    matches!(words.next(), Some("P1" | "P2" | "P3"))
        && words.next().is_some_and(|side| side.parse::<u32>().is_ok())
        && words.next().is_some_and(|side| side.parse::<u32>().is_ok())
}

/// SVG, HTML, SMIL or XML by the first element behind declarations and comments.
fn markup(text: &str) -> Option<Type> {
    let mut rest = text;
    let mut is_xml = false;
    for _ in 0..1_000 {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("<?") {
            is_xml |= after
                .get(..3)
                .is_some_and(|name| name.eq_ignore_ascii_case("xml"));
            if !is_xml
                && after
                    .get(..3)
                    .is_some_and(|name| name.eq_ignore_ascii_case("php"))
            {
                return Some(Type::Html);
            }
            match after.split_once("?>") {
                Some((_, after)) => rest = after,
                None => break,
            }
        } else if let Some(after) = rest.strip_prefix("<!--") {
            match after.split_once("-->") {
                Some((_, after)) => rest = after,
                // A page may start with a comment that never ends (WHATWG MIME Sniffing 7.1).
                None => return Some(if is_xml { Type::Xml } else { Type::Html }),
            }
        } else if rest
            .get(..9)
            .is_some_and(|start| start.eq_ignore_ascii_case("<!doctype"))
        {
            let name = rest[9..].trim_start();
            if name
                .get(..4)
                .is_some_and(|name| name.eq_ignore_ascii_case("html"))
            {
                return Some(Type::Html);
            }
            rest = after_doctype(&rest[9..])?;
            is_xml = true;
        } else {
            break;
        }
    }
    let after = rest.strip_prefix('<')?;
    let end = after
        .find(|char: char| !char.is_alphanumeric() && !matches!(char, ':' | '-' | '_' | '.'))
        .unwrap_or(after.len());
    let name = &after[..end];
    if !after[end..].starts_with([' ', '\t', '\r', '\n', '>', '/']) {
        return is_xml.then_some(Type::Xml);
    }
    // A prefix does not change what the element is.
    let local = name.rsplit(':').next().unwrap_or(name);
    if local == "svg" {
        Some(Type::Svg)
    } else if local == "smil" {
        Some(Type::Smil)
    } else if PAGE_OPENINGS
        .iter()
        .any(|opening| local.eq_ignore_ascii_case(opening))
        && (!is_xml || local.eq_ignore_ascii_case("html"))
    {
        Some(Type::Html)
    } else if is_xml || has_namespace(after) {
        Some(Type::Xml)
    } else {
        None
    }
}

/// Elements that make a text a page (WHATWG MIME Sniffing 7.1), and some more that browsers run.
const PAGE_OPENINGS: [&str; 22] = [
    "html", "head", "script", "iframe", "h1", "div", "font", "table", "a", "style", "title", "b",
    "body", "br", "p", "img", "meta", "link", "form", "object", "embed", "video",
];

/// Behind a document type declaration, whose internal subset stands in brackets.
fn after_doctype(text: &str) -> Option<&str> {
    let end = text.find(['>', '['])?;
    if text[end..].starts_with('[') {
        let close = text[end..].find(']')? + end;
        let end = text[close..].find('>')? + close;
        return Some(&text[end + 1..]);
    }
    Some(&text[end + 1..])
}

fn has_namespace(after: &str) -> bool {
    after
        .split_once('>')
        .is_some_and(|(tag, _)| tag.contains("xmlns"))
}

fn is_json(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

/// RFC 4180: records of the same number of fields. Prose has commas too, but a space behind them.
fn is_csv(text: &str) -> bool {
    // A cut last line would not count.
    let whole = if text.len() >= HEAD_BYTES / 2 {
        text.rsplit_once('\n').map_or(text, |(whole, _)| whole)
    } else {
        text
    };
    [',', ';', '\t'].iter().any(|&separator| {
        let mut counts = Vec::new();
        let (mut count, mut spaced, mut total) = (0_u32, 0_u32, 0_u32);
        let mut is_quoted = false;
        let mut is_empty = true;
        let mut chars = whole.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '"' => is_quoted = !is_quoted,
                '\n' | '\r' if !is_quoted => {
                    if !is_empty {
                        counts.push(count);
                    }
                    (count, is_empty) = (0, true);
                    continue;
                }
                _ if char == separator && !is_quoted => {
                    count += 1;
                    total += 1;
                    spaced += u32::from(chars.peek() == Some(&' '));
                }
                _ => {}
            }
            is_empty = false;
            if counts.len() > 200 {
                break;
            }
        }
        if !is_empty && !is_quoted {
            counts.push(count);
        }
        let first = counts.first().copied().unwrap_or(0);
        first > 0
            && counts.len() >= 2
            && !is_quoted
            && counts.iter().all(|&count| count == first)
            && spaced * 5 <= total
    })
}

/// RTF 1.9.1: groups have to be closed; objects and field instructions can run something.
fn rtf(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let is_closed = bytes
        .iter()
        .rev()
        .find(|byte| !byte.is_ascii_whitespace() && **byte != 0)
        == Some(&b'}');
    if [&b"\\objdata"[..], b"\\objocx", b"\\objautlink", b"DDEAUTO"]
        .iter()
        .any(|word| super::bytes::find(bytes, word).is_some())
    {
        found
            .findings
            .push(Finding::refused(Code::ActiveContent, "it embeds an object"));
    }
    if is_closed {
        Ok(())
    } else {
        Err("its outermost group is not closed".into())
    }
}
