//! The first page of a document in place of the document.

use crate::check::Checked;
use crate::choices::Choices;
use crate::code::Code;
use crate::content_type::ContentType;
use crate::fit::{FitError, FitOptions, Fitted, Source, picture};
use crate::page::PageRenderer;
use crate::provider::Rules;
use crate::report::Finding;
use crate::sniff;
use crate::units::{ByteCount, Pixels};

/// A JPEG of the first page under its limit, and a finding about what stays behind.
pub(super) fn first_page(
    checked: &Checked,
    renderer: &PageRenderer,
    limit: ByteCount,
    rules: &Rules,
    choices: &Choices,
) -> Result<Fitted, Finding> {
    let longest = choices
        .max_side
        .map_or(rules.max_long_side.value(), |side| {
            side.min(rules.max_long_side.value())
        })
        .min(LONGEST);
    let (png, pages) = renderer.draw(&checked.bytes, longest.get())?;
    let sniffed = sniff::sniff(&png);
    let options = FitOptions {
        view_side: choices.view_side,
        max_side: Some(longest),
        accept: vec![ContentType::Jpeg],
        ..FitOptions::default()
    };
    let source = Source {
        bytes: &png,
        sniffed: &sniffed,
    };
    let image = picture::make_anew(source, limit, &options).map_err(FitError::into_finding)?;
    let message = if pages > 1 {
        format!(
            "a picture of its first page is sent, as was allowed: {} of {pages} pages stay behind",
            pages - 1
        )
    } else {
        "a picture of its page is sent, as was allowed: its text cannot be searched or copied"
            .to_owned()
    };
    let mut findings = image.findings;
    findings.push(Finding::warning(Code::PartlySent, message).observed("pages", pages));
    let fitted = Fitted::within(image.bytes.into(), image.content_type, limit)?;
    Ok(Fitted {
        action: Some("transcoded"),
        findings,
        ..fitted
    })
}

/// Twice the long side of a phone's page of text at which ten points can be read.
const LONGEST: Pixels = Pixels::new(2_048);
