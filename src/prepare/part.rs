//! One attachment at the ends of its way: proved and reported, or ended.

use crate::attachment::Attachment;
use crate::bundle::Part;
use crate::check::Checked;
use crate::choices::Choices;
use crate::code::Code;
use crate::fit::{self, Fitted};
use crate::guard::guarded;
use crate::provider::Rules;
use crate::report::{Finding, Outcome, PartReport, Verdict};
use crate::verify;

/// One proved part and what is said about it.
pub(super) struct Verified {
    pub(super) part: Part,
    pub(super) report: PartReport,
}

pub(super) fn verify_one(
    checked: Checked,
    fitted: Result<Fitted, Finding>,
    rules: &Rules,
    choices: &Choices,
) -> Result<Verified, Box<PartReport>> {
    let proved = fitted.and_then(|fitted| {
        guarded(|| verify::verify(&checked, &fitted, rules, choices)).map(|part| (fitted, part))
    });
    let Checked {
        input,
        sniffed,
        bytes,
        mut findings,
        ..
    } = checked;
    match proved {
        Ok((fitted, part)) => {
            let untouched = part.bytes() == &bytes[..];
            fit::settle(&mut findings, fitted, sniffed.bytes, part.facts().bytes);
            // Its bytes are as they came, but a URL that may not stay one was fixed all the same.
            let fixed = |finding: &Finding| finding.outcome == Outcome::Fixed;
            let verdict = if untouched && !findings.iter().any(fixed) {
                Verdict::Passed
            } else {
                Verdict::Fixed
            };
            let output = Some(part.facts().clone());
            Ok(Verified {
                part,
                report: PartReport {
                    input,
                    verdict,
                    sniffed: Some(sniffed),
                    output,
                    findings,
                },
            })
        }
        Err(finding) => {
            findings.push(finding);
            Err(Box::new(PartReport {
                input,
                verdict: Verdict::Refused,
                sniffed: Some(sniffed),
                output: None,
                findings,
            }))
        }
    }
}

/// A part that ended before anything was known about it.
pub(super) fn ended(attachment: &Attachment, finding: Finding) -> PartReport {
    let unread = matches!(
        finding.code,
        Code::UnreadableAttachment
            | Code::NotARegularFile
            | Code::ChangedWhileRead
            | Code::InternalFault
    );
    let verdict = if unread {
        Verdict::Unchecked
    } else {
        Verdict::Refused
    };
    PartReport {
        input: attachment.label(),
        verdict,
        sniffed: None,
        output: None,
        findings: vec![finding],
    }
}
