//! The served Content-Type held against the bytes.

use crate::check::provenance;
use crate::code::Code;
use crate::content_type::{ContentType, Family};
use crate::provider::Rules;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// What is wrong with the Content-Type fields of an answer with these bytes.
pub(super) fn fault(types: &[String], sniffed: &Sniffed, rules: &Rules) -> Option<Finding> {
    let fault = |why: String| {
        let finding = Finding::refused(Code::ServedType, why)
            .source(provenance(&rules.url.content_type_required))
            .help("set the Content-Type on the server or in the object store's metadata");
        let finding = match sniffed.content_type {
            Some(kind) => finding.allowed("content_type", kind.mime()),
            None => finding,
        };
        if types.is_empty() {
            finding
        } else {
            finding.observed("content_type", types.join(", "))
        }
    };
    let served = match types {
        [] => return Some(fault("there is no Content-Type".to_owned())),
        [one] => one.as_str(),
        several => return Some(fault(format!("there are {} Content-Types", several.len()))),
    };
    let essence = served.split(';').next().unwrap_or_default().trim();
    if is_generic(essence) {
        return Some(fault(format!("the Content-Type {essence:?} is generic")));
    }
    let Some(kind) = sniffed.content_type else {
        return Some(fault(format!(
            "{essence} is served, but the bytes match no known type"
        )));
    };
    if kind == ContentType::Html {
        return Some(
            fault("an HTML page is served, not media".to_owned())
                .help("give the URL of the file itself, not of the page that shows it"),
        );
    }
    let is_spelling = rules.types.iter().any(|rule| {
        rule.content_type == kind
            && (rule.spelling.eq_ignore_ascii_case(essence)
                || rule
                    .other_spellings
                    .iter()
                    .any(|other| other.eq_ignore_ascii_case(essence)))
    });
    match ContentType::from_mime(essence) {
        _ if is_spelling => {}
        Some(said) if said == kind || is_same_container(said, kind) => {}
        Some(said) => return Some(fault(format!("{said} is served, the bytes are {kind}"))),
        None => {
            return Some(fault(format!(
                "the Content-Type {essence:?} is not known, the bytes are {kind}"
            )));
        }
    }
    let has_charset = served
        .split(';')
        .skip(1)
        .any(|parameter| parameter.trim().to_ascii_lowercase().starts_with("charset"));
    let is_binary = matches!(kind.family(), Family::Image | Family::Audio | Family::Video)
        && kind != ContentType::Svg;
    (has_charset && is_binary).then(|| {
        Finding::warning(
            Code::ServedType,
            format!("{kind} is served with a charset, which binary media does not have"),
        )
        .observed("content_type", served)
        .allowed("content_type", kind.mime())
        .help("take the charset off the Content-Type of media")
    })
}

/// Sound and film of one container: servers go by the extension, which both share.
fn is_same_container(said: ContentType, kind: ContentType) -> bool {
    let media = |kind: ContentType| matches!(kind.family(), Family::Audio | Family::Video);
    media(said)
        && media(kind)
        && said
            .extensions()
            .iter()
            .any(|extension| kind.extensions().contains(extension))
}

/// Names that say nothing, ranges included.
fn is_generic(essence: &str) -> bool {
    const GENERIC: &[&str] = &[
        "",
        "application/octet-stream",
        "binary/octet-stream",
        "application/binary",
        "application/unknown",
        "unknown/unknown",
        "application/x-download",
        "application/force-download",
    ];
    essence.contains('*')
        || GENERIC
            .iter()
            .any(|generic| generic.eq_ignore_ascii_case(essence))
}
