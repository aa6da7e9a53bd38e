//! `Sniffed` + `Rules` → `Checked`: what stands in the way of sending, and which of it we know how to mend.

mod clips;
mod inside;
mod kind;
mod size;

use std::sync::Arc;

use crate::attachment::Attachment;
use crate::choices::Choices;
use crate::clip;
use crate::provider::{Limit, Rules};
use crate::report::{Finding, Outcome, PartReport, Provenance, Verdict};
use crate::sniff::{self, Sniffed};

#[cfg(feature = "svg")]
use inside::check_drawing;
use inside::{
    check_colour, check_credentials, check_location, check_orientation, check_pages, check_text,
};
use kind::check_refused_type;
use size::{check_bytes, check_duration, check_sides};

pub(crate) use kind::is_decodable;
pub(crate) use size::{note_carrier, part_limit, raw_under_base64};

/// A change that a check asks for. Each is one that the fitting stage can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// Another type: this one is not accepted, or not as it is.
    Transcode,
    /// Fewer bytes.
    Shrink,
    /// Shorter sides.
    Downscale,
    /// Upright pixels in place of an orientation tag.
    Upright,
    /// Another container around the same samples.
    Rewrap,
    /// Colours that phones show right (CMYK).
    ConvertColour,
    /// Metadata out of the container, pixels untouched.
    Strip,
    /// A text, a contact or a calendar written anew.
    Rewrite,
    /// Inside a zip archive, as it is.
    Wrap,
}

/// One attachment held against the rules: passes as it is, or carries needs that can be met, or is refused.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) input: String,
    pub(crate) name: Option<String>,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) sniffed: Sniffed,
    pub(crate) needs: Vec<Need>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) url: Option<String>,
}

impl Checked {
    pub(crate) fn is_refused(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.outcome == Outcome::Refused)
    }

    /// What is known now, for a caller who only wanted to know.
    pub(crate) fn into_report(self) -> PartReport {
        // What a URL breaks is mended by its bytes, which need nothing themselves.
        let mended =
            |finding: &Finding| matches!(finding.outcome, Outcome::Fixable | Outcome::Fixed);
        let verdict = if self.is_refused() {
            Verdict::Refused
        } else if self.needs.is_empty() && !self.findings.iter().any(mended) {
            Verdict::Passed
        } else {
            Verdict::Fixable
        };
        PartReport {
            input: self.input,
            verdict,
            sniffed: Some(self.sniffed),
            output: None,
            findings: self.findings,
        }
    }
}

/// Holds one attachment's bytes against the rules. Changes nothing.
pub(crate) fn check(
    attachment: &Attachment,
    bytes: Arc<[u8]>,
    rules: &Rules,
    choices: &Choices,
) -> Checked {
    let sniffed = sniff::sniff(&bytes);
    let mut findings = sniffed.findings.clone();
    findings.extend(sniff::hints(
        &sniffed,
        attachment.declared.as_deref(),
        attachment.name(),
    ));
    let mut needs = Vec::new();
    for need in checks(&bytes, &sniffed, rules, choices, &mut findings) {
        if !needs.contains(&need) {
            needs.push(need);
        }
    }
    // A structure that a rewrite mends (bytes behind the end, a missing end marker) asks for that rewrite.
    let mendable = findings
        .iter()
        .any(|finding| finding.outcome == Outcome::Fixable);
    if mendable && needs.is_empty() {
        needs.push(Need::Strip);
    }
    needs.sort_unstable();
    Checked {
        input: attachment.label(),
        name: attachment.name.clone(),
        bytes,
        sniffed,
        needs,
        findings,
        url: None,
    }
}

/// Every check of one part, in the order in which its findings are reported.
fn checks(
    bytes: &[u8],
    sniffed: &Sniffed,
    rules: &Rules,
    choices: &Choices,
    findings: &mut Vec<Finding>,
) -> Vec<Need> {
    let Some(content_type) = sniffed.content_type else {
        return Vec::new(); // Sniffing has refused it: there is nothing to hold against the rules.
    };
    let mut needs = Vec::new();
    #[cfg(feature = "svg")]
    check_drawing(bytes, content_type, rules, findings);
    match rules.accepts(content_type) {
        Some(rule) => {
            needs.extend(check_text(bytes, content_type, findings));
            needs.extend(check_bytes(bytes, sniffed, rule, rules, choices, findings));
            needs.extend(check_colour(sniffed, content_type, findings));
            needs.extend(clips::check_codecs(
                sniffed,
                content_type,
                rules,
                choices,
                findings,
            ));
        }
        None if clip::is_clip(content_type) => {
            needs.extend(clips::check_refused_clip(
                bytes, sniffed, rules, choices, findings,
            ));
        }
        None => needs.extend(check_refused_type(
            sniffed,
            content_type,
            rules,
            choices,
            "",
            findings,
        )),
    }
    needs.extend(check_sides(sniffed, rules, choices, findings));
    check_duration(sniffed, rules, findings);
    needs.extend(check_orientation(sniffed, content_type, findings));
    needs.extend(check_location(
        bytes,
        sniffed,
        content_type,
        &needs,
        findings,
    ));
    check_pages(sniffed, &needs, choices, findings);
    check_credentials(sniffed, &needs, findings);
    needs
}

/// Where a limit comes from, as a finding carries it.
pub(crate) fn provenance<T>(limit: &Limit<T>) -> Provenance {
    match limit {
        Limit::Stated(_, source) => Provenance::from(*source),
        Limit::Assumed { why, .. } => Provenance::assumed(why),
    }
}
