//! Texts, contacts and calendars: what keeps a phone from reading them, and the same text written anew without it.

use std::borrow::Cow;

use crate::code::Code;
use crate::content_type::ContentType;
use crate::report::Finding;
use crate::sniff;

mod calendar;
mod contact;

/// The longest contact or calendar that is read: with pictures inside, phones write some megabytes.
const MAX_BYTES: usize = 32 << 20;

/// Brings a picture that is inside a contact under a byte limit: the new file and its type.
pub(crate) type PictureFit<'a> =
    dyn FnMut(&[u8], u64) -> Result<(Vec<u8>, ContentType), Finding> + 'a;

/// A text written anew.
#[derive(Debug)]
pub(crate) struct Rewritten {
    pub(crate) bytes: Vec<u8>,
    /// What was lost or assumed.
    pub(crate) findings: Vec<Finding>,
}

/// What stands in the way, and what is worth knowing; a fixable finding asks for [`rewrite`].
pub(crate) fn faults(bytes: &[u8], content_type: ContentType) -> Vec<Finding> {
    let read: fn(&str) -> Vec<Finding> = match content_type {
        ContentType::PlainText | ContentType::Csv => |_| Vec::new(),
        ContentType::VCard => contact::faults,
        ContentType::ICalendar => calendar::faults,
        _ => return Vec::new(),
    };
    if bytes.len() > MAX_BYTES {
        return vec![
            Finding::refused(
                Code::WorkOverLimit,
                format!("{} bytes of {content_type} are not read", bytes.len()),
            )
            .observed("bytes", bytes.len())
            .allowed("bytes", MAX_BYTES)
            .help("export it without pictures and attachments"),
        ];
    }
    let text = Decoded::of(bytes);
    let mut findings: Vec<Finding> = text.fault().into_iter().collect();
    findings.extend(read(&text.text));
    findings
}

/// Whether a shorter version can be made: there are pictures inside.
pub(crate) fn can_shrink(bytes: &[u8], content_type: ContentType) -> bool {
    content_type == ContentType::VCard
        && bytes.len() <= MAX_BYTES
        && contact::has_pictures(&Decoded::of(bytes).text)
}

/// The same in UTF-8, complete, its lines folded and its pictures small enough for `limit` bytes.
///
/// # Errors
///
/// A finding: what cannot be read, or cannot be brought under the limit.
pub(crate) fn rewrite(
    bytes: &[u8],
    content_type: ContentType,
    limit: u64,
    picture: &mut PictureFit<'_>,
) -> Result<Rewritten, Finding> {
    let text = Decoded::of(bytes);
    let mut rewritten = match content_type {
        ContentType::VCard => contact::rewrite(&text.text, limit, picture)?,
        ContentType::ICalendar => calendar::rewrite(&text.text)?,
        _ => Rewritten {
            bytes: text.text.as_bytes().to_vec(),
            findings: Vec::new(),
        },
    };
    let length = rewritten.bytes.len() as u64;
    if length > limit {
        return Err(too_long(length, limit, content_type));
    }
    rewritten.findings.extend(text.assumption());
    Ok(rewritten)
}

fn too_long(length: u64, limit: u64, content_type: ContentType) -> Finding {
    Finding::refused(
        Code::CannotBeFitted,
        format!("not under {limit} bytes: written anew, the {content_type} has {length}"),
    )
    .observed("bytes", length)
    .allowed("bytes", limit)
    .help("send fewer entries, or without what is attached to them")
}

/// A text and how it was written down.
struct Decoded<'a> {
    text: Cow<'a, str>,
    /// The encoding of an 8-bit text, as it was assumed or said.
    read_as: Option<&'static encoding_rs::Encoding>,
    is_utf8: bool,
}

impl<'a> Decoded<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        if let Some(text) = sniff::unicode(bytes) {
            return Self {
                is_utf8: matches!(text, Cow::Borrowed(_)),
                text,
                read_as: None,
            };
        }
        let encoding = said_charset(bytes).unwrap_or(encoding_rs::WINDOWS_1252);
        Self {
            text: encoding.decode_without_bom_handling(bytes).0,
            read_as: Some(encoding),
            is_utf8: false,
        }
    }

    fn fault(&self) -> Option<Finding> {
        let found = match self.read_as {
            _ if self.is_utf8 => return None,
            Some(encoding) => encoding.name(),
            None => "UTF-16 or UTF-32",
        };
        Some(
            Finding::fixable(
                Code::TextEncoding,
                format!("written in {found}: phones show it wrong"),
            )
            .observed("encoding", found)
            .allowed("encoding", "UTF-8"),
        )
    }

    fn assumption(&self) -> Option<Finding> {
        let encoding = self.read_as?;
        Some(Finding::note(
            Code::TextEncoding,
            format!(
                "it does not say its encoding in full: read as {}",
                encoding.name()
            ),
        ))
    }
}

/// The first `CHARSET=` of a vCard 2.1 (its section 2.1.4); the text is 8-bit, its names are ASCII.
fn said_charset(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    const PARAMETER: &[u8] = b"CHARSET=";
    let at = bytes
        .windows(PARAMETER.len())
        .position(|window| window.eq_ignore_ascii_case(PARAMETER))?;
    let label = &bytes[at + PARAMETER.len()..];
    let end = label
        .iter()
        .position(|byte| matches!(byte, b':' | b';' | b'\r' | b'\n'))?;
    encoding_rs::Encoding::for_label(&label[..end])
}

#[cfg(test)]
mod tests;
