//! What the caller said about the bytes, held against what they are.

use crate::code::Code;
use crate::content_type::{ContentType, Family};
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Findings about a declared type and a name. The bytes decide; a declared type of another kind is refused, because
/// sender and receiver would disagree about what was sent.
pub(crate) fn hints(sniffed: &Sniffed, declared: Option<&str>, name: Option<&str>) -> Vec<Finding> {
    let Some(kind) = sniffed.content_type else {
        return Vec::new();
    };
    let declared = declared.and_then(|declared| against_declared(kind, declared));
    let name = name.and_then(|name| against_name(kind, name));
    declared.into_iter().chain(name).collect()
}

fn against_declared(kind: ContentType, declared: &str) -> Option<Finding> {
    let essence = declared.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(kind.mime()) {
        return None;
    }
    let finding = |finding: Finding| {
        Some(
            finding
                .observed("content_type", kind.mime())
                .observed("declared", printable(essence)),
        )
    };
    match ContentType::from_mime(essence) {
        Some(said) if said == kind => finding(Finding::note(
            Code::DeclaredTypeDiffers,
            format!("{} is another name of {kind}", printable(essence)),
        )),
        Some(said) if is_same_kind(said, kind) => finding(Finding::warning(
            Code::DeclaredTypeDiffers,
            format!("declared as {said}, the bytes are {kind}: the bytes decide"),
        )),
        Some(said) => finding(
            Finding::refused(
                Code::DeclaredTypeDiffers,
                format!("declared as {said}, the bytes are {kind}"),
            )
            .help("declare what it is, or leave the declared type out"),
        ),
        // Generic and unknown names say nothing that the bytes could contradict.
        None if is_generic(essence) => None,
        None => finding(Finding::warning(
            Code::DeclaredTypeDiffers,
            format!(
                "{:?} is no known type, the bytes are {kind}",
                printable(essence)
            ),
        )),
    }
}

/// Types that differ without deceiving anyone: a sound or a film in the same container, a text of any plain kind.
fn is_same_kind(said: ContentType, kind: ContentType) -> bool {
    use ContentType as T;
    let raster = |kind: T| kind.family() == Family::Image && kind != T::Svg;
    let media = |kind: T| matches!(kind.family(), Family::Video | Family::Audio);
    let quiet = |kind: T| {
        matches!(
            kind,
            T::PlainText | T::Csv | T::Json | T::VCard | T::ICalendar | T::Xml | T::Smil
        )
    };
    // A package of parts in a zip is one as well.
    let packed = |kind: T| {
        matches!(
            kind,
            T::Zip | T::Docx | T::Xlsx | T::Pptx | T::OpenDocument | T::Epub | T::Pkpass
        )
    };
    (raster(said) && raster(kind))
        || (media(said) && media(kind))
        || (quiet(said) && quiet(kind))
        || (packed(said) && packed(kind))
        || (matches!(said, T::PlainText | T::Ole) && kind == T::Rtf)
        || (said == T::Xml && kind == T::Svg)
}

fn is_generic(essence: &str) -> bool {
    essence.is_empty()
        || essence.eq_ignore_ascii_case("application/octet-stream")
        || essence.eq_ignore_ascii_case("binary/octet-stream")
        || essence.eq_ignore_ascii_case("application/unknown")
        || essence.eq_ignore_ascii_case("unknown/unknown")
        || essence.eq_ignore_ascii_case("*/*")
}

fn against_name(kind: ContentType, name: &str) -> Option<Finding> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let (stem, extension) = base.rsplit_once('.')?;
    if stem.is_empty() {
        return None;
    }
    let mut said = ContentType::from_extension(extension).peekable();
    // An extension that nobody knows contradicts nothing.
    said.peek()?;
    let said: Vec<ContentType> = said.collect();
    // A name of a plain text says how it is meant: `.csv` with one column is still a table.
    let is_plain = kind == ContentType::PlainText && said.contains(&ContentType::Csv);
    if said.contains(&kind) || is_plain {
        return None;
    }
    Some(
        Finding::warning(
            Code::NameAndTypeDisagree,
            format!(
                "the name ends in .{}, the bytes are {kind}",
                printable(extension)
            ),
        )
        .observed("content_type", kind.mime())
        .observed("extension", printable(extension))
        .help(format!(
            "a part is named .{} in the message",
            kind.extension()
        )),
    )
}

/// Text of the caller, short and without control characters.
fn printable(text: &str) -> String {
    text.chars()
        .filter(|char| !char.is_control())
        .take(100)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Severity;
    use crate::report::Outcome;

    fn of(
        kind: ContentType,
        declared: Option<&str>,
        name: Option<&str>,
    ) -> Vec<(u16, Severity, Outcome)> {
        hints(&Sniffed::of(Some(kind), 1), declared, name)
            .into_iter()
            .map(|finding| (finding.code.number(), finding.severity, finding.outcome))
            .collect()
    }

    #[test]
    fn what_agrees_is_silent() {
        assert_eq!(of(ContentType::Jpeg, Some("image/jpeg"), Some("a.JPG")), []);
        assert_eq!(
            of(
                ContentType::Jpeg,
                Some("application/octet-stream"),
                Some("noext")
            ),
            []
        );
        assert_eq!(
            of(
                ContentType::VCard,
                Some("text/vcard; charset=utf-8"),
                Some("a.b.vcf")
            ),
            []
        );
        assert_eq!(
            of(
                ContentType::PlainText,
                Some("text/plain"),
                Some("table.csv")
            ),
            []
        );
        assert_eq!(
            of(
                ContentType::ThreeGpAudio,
                Some("audio/3gpp"),
                Some("voice.3gp")
            ),
            []
        );
    }

    #[test]
    fn another_spelling_is_a_note() {
        assert_eq!(
            of(ContentType::Jpeg, Some("image/jpg"), None),
            [(102, Severity::Note, Outcome::Noted)]
        );
    }

    #[test]
    fn another_picture_type_is_a_warning() {
        assert_eq!(
            of(ContentType::Jpeg, Some("image/png"), Some("x.png")),
            [
                (102, Severity::Warning, Outcome::Noted),
                (104, Severity::Warning, Outcome::Noted)
            ]
        );
    }

    #[test]
    fn another_kind_is_refused() {
        assert_eq!(
            of(ContentType::Pdf, Some("image/jpeg"), None),
            [(102, Severity::Error, Outcome::Refused)]
        );
        assert_eq!(
            of(ContentType::Svg, Some("image/png"), None),
            [(102, Severity::Error, Outcome::Refused)]
        );
        assert_eq!(
            of(ContentType::Html, Some("text/plain"), None),
            [(102, Severity::Error, Outcome::Refused)]
        );
    }

    #[test]
    fn hostile_names_are_not_echoed_raw() {
        let long = format!("x/{}\r\nSet-Cookie: a", "y".repeat(10_000));
        let found = hints(&Sniffed::of(Some(ContentType::Jpeg), 1), Some(&long), None);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.len() < 200 && !found[0].message.contains('\n'));
    }
}
