//! Confirms finished bytes: re-read, re-sniffed, re-checked and decoded by code that does not trust who made them.

use std::sync::Arc;

use crate::attachment::Attachment;
use crate::bundle::{Part, PartFacts, sha256_hex};
use crate::check::{self, Checked, Need};
use crate::choices::Choices;
use crate::code::Code;
use crate::content_type::ContentType;
use crate::fit::Fitted;
use crate::message_rules::counted_bytes;
use crate::provider::Rules;
use crate::report::Finding;
use crate::units::ByteCount;

#[cfg(feature = "net")]
pub(crate) mod address;
mod pixels;
#[cfg(feature = "net")]
pub(crate) mod remote;

/// Proves one part for the rules.
///
/// # Errors
///
/// A finding: MMS301 where an original turns out to be damaged, MMS901 where our own output does not hold.
pub(crate) fn verify(
    checked: &Checked,
    fitted: &Fitted,
    rules: &Rules,
    choices: &Choices,
) -> Result<Part, Finding> {
    let bytes = fitted.bytes();
    let ours = fitted.action.is_some();
    // Checked again from nothing but the bytes: no declared type, no name, nothing that an earlier stage believed.
    let again = check::check(
        &Attachment::from_bytes(Arc::clone(bytes)),
        Arc::clone(bytes),
        rules,
        choices,
    );
    let fault = |what: &str| {
        Finding::refused(
            Code::InternalFault,
            format!("the finished part {what}; nothing of it was used"),
        )
        .help("please report it, with the attachment if you may share it")
    };
    if again.is_refused() {
        let why = again
            .findings
            .iter()
            .find(|finding| finding.outcome == crate::report::Outcome::Refused);
        return Err(fault(&format!(
            "is refused by its own check: {}",
            why.map(ToString::to_string).unwrap_or_default()
        )));
    }
    if again.needs.iter().any(|&need| need != Need::Strip || ours) {
        return Err(fault(&format!("still has needs: {:?}", again.needs)));
    }
    if again.sniffed.content_type != Some(fitted.content_type()) {
        return Err(fault("is not of the type that it was made as"));
    }
    let rule = rules
        .accepts(fitted.content_type())
        .ok_or_else(|| fault("is of a type that the rules do not accept"))?;
    let within = ByteCount::of(bytes) <= fitted.limit()
        && ByteCount::new(counted_bytes(bytes.len() as u64, rules)) <= rule.max_bytes.value();
    if !within {
        return Err(fault("is over its limit"));
    }
    let is_original = !ours && again.sniffed.content_type == Some(ContentType::Jpeg);
    let whole = if is_original {
        pixels::jpeg_is_whole(bytes)
    } else {
        Ok(())
    };
    let decodes = whole.and_then(|()| pixels::decodes_whole(bytes, &again.sniffed));
    decodes.map_err(|why| {
        if ours {
            fault(&format!("does not decode: {why}"))
        } else {
            Finding::refused(
                Code::Corrupt,
                format!("it does not decode to the end: {why}"),
            )
            .help("open it in a viewer: the upload is damaged or incomplete, ask for it again")
        }
    })?;
    let facts = PartFacts {
        content_type: fitted.content_type(),
        bytes: bytes.len() as u64,
        width_px: again.sniffed.width_px,
        height_px: again.sniffed.height_px,
        frames: again.sniffed.frames,
        sha256: sha256_hex(bytes),
    };
    Ok(Part {
        facts,
        bytes: Arc::clone(bytes),
        name: checked.name.clone().unwrap_or_default(),
        spelling: rule.spelling,
        url: if ours { None } else { checked.url.clone() },
    })
}
