//! The schema `mms-report/1` and `mms-bundle/1`, as types of their own.
//!
//! They are apart from the library's own types so that a change inside cannot change what scripts read: fields are added
//! here, never renamed and never removed. `tests/schema/mms-report-1.schema.json` says the same to machines.

mod delivery;
mod facts;
mod finding;
mod manifest;
mod remote;

use serde::Serialize;

use super::{PartReport, Report};
use crate::provider::Rules;

pub use delivery::{Receipt, Recipient};
pub use facts::{Fit, Output, Sniffed, Track};
pub use finding::{Action, Finding, Source};
pub use manifest::{BUNDLE, Manifest, ManifestPart};
pub use remote::{Exchange, Remote};

/// The name of the report's schema.
pub const REPORT: &str = "mms-report/1";

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One file: of a batch, as the only attachment of a message, or one of a message's attachments.
    File,
    /// One message with all its parts.
    Message,
    /// One picture under a byte cap.
    Fit,
    /// What one file is.
    Sniff,
    /// What one URL serves.
    Url,
    /// What became of one message that was sent.
    Status,
    /// The counts of a batch.
    Summary,
}

/// What became of what a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Complies as it is.
    Passed,
    /// Would be fixed.
    Fixable,
    /// Was fixed.
    Fixed,
    /// Cannot be sent.
    Refused,
    /// Could not be read, or its output not be written.
    Unchecked,
}

/// One record: what is known about one input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// [`REPORT`].
    pub schema: &'static str,
    /// What the record is about.
    pub kind: Kind,
    /// The provider, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The set of rules: the provider's own, or a variant's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// The input's name; what is not UTF-8 in it is replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The input's name byte for byte in hexadecimal, where `input` could not hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_hex: Option<String>,
    /// What became of it.
    pub result: Verdict,
    /// What the bytes are; `null` where they could not be read.
    #[serde(skip_serializing_if = "is_message")]
    pub sniffed: Sniffing,
    /// What was made; `null` where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Output>,
    /// A message's attachments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<Self>>,
    /// The bytes of all parts of a message; 0 where there is no bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<u64>,
    /// What the fit did.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
    /// What a URL answered.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub remote: Option<Box<Remote>>,
    /// The request that would be sent, without its secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What the provider said to a message that it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Box<Receipt>>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// What sniffing found; a message has no such field.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Sniffing {
    /// The facts, or `null` where the bytes could not be read.
    Of(Option<Box<Sniffed>>),
    /// The record is about a message.
    Message,
}

fn is_message(sniffing: &Sniffing) -> bool {
    matches!(sniffing, Sniffing::Message)
}

/// The counts of a batch under one set of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// [`REPORT`].
    pub schema: &'static str,
    /// [`Kind::Summary`].
    pub kind: Kind,
    /// The provider, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The set of rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// Inputs, which is records.
    pub inputs: u64,
    /// Records with this result.
    pub passed: u64,
    /// Records with this result.
    pub fixable: u64,
    /// Records with this result.
    pub fixed: u64,
    /// Records with this result.
    pub refused: u64,
    /// Records with this result.
    pub unchecked: u64,
}

impl Record {
    /// An empty record, nothing known yet.
    #[must_use]
    pub fn new(kind: Kind, result: Verdict) -> Self {
        Self {
            schema: REPORT,
            kind,
            provider: None,
            rules: None,
            input: None,
            input_hex: None,
            result,
            sniffed: Sniffing::Of(None),
            output: None,
            parts: None,
            total_bytes: None,
            fit: None,
            remote: None,
            request: None,
            receipt: None,
            findings: Vec::new(),
        }
    }

    /// One attachment's report.
    #[must_use]
    pub fn of_part(kind: Kind, part: &PartReport) -> Self {
        Self {
            input: Some(part.input.clone()),
            sniffed: Sniffing::Of(part.sniffed.as_ref().map(|found| Box::new(found.into()))),
            output: part.output.as_ref().map(Output::from),
            findings: part.findings.iter().map(Finding::from).collect(),
            ..Self::new(kind, part.verdict.into())
        }
    }

    /// One message's report.
    #[must_use]
    pub fn of_message(report: &Report, rules: &Rules) -> Self {
        let part = |part| Self::of_part(Kind::File, part).under(rules);
        Self {
            sniffed: Sniffing::Message,
            parts: Some(report.parts.iter().map(part).collect()),
            total_bytes: Some(report.total_bytes),
            findings: report.findings.iter().map(Finding::from).collect(),
            ..Self::new(Kind::Message, report.verdict.into())
        }
        .under(rules)
    }

    /// The same, held against these rules.
    #[must_use]
    pub fn under(mut self, rules: &Rules) -> Self {
        self.provider = Some(rules.provider.name().to_owned());
        self.rules = Some(rules.name.to_string());
        self
    }
}

impl From<super::Verdict> for Verdict {
    fn from(verdict: super::Verdict) -> Self {
        match verdict {
            super::Verdict::Passed => Self::Passed,
            super::Verdict::Fixable => Self::Fixable,
            super::Verdict::Fixed => Self::Fixed,
            super::Verdict::Refused => Self::Refused,
            super::Verdict::Unchecked => Self::Unchecked,
        }
    }
}

impl Summary {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(rules: Option<&Rules>) -> Self {
        Self {
            schema: REPORT,
            kind: Kind::Summary,
            provider: rules.map(|rules| rules.provider.name().to_owned()),
            rules: rules.map(|rules| rules.name.to_string()),
            inputs: 0,
            passed: 0,
            fixable: 0,
            fixed: 0,
            refused: 0,
            unchecked: 0,
        }
    }

    /// Counts one more record.
    pub fn count(&mut self, result: Verdict) {
        self.inputs += 1;
        match result {
            Verdict::Passed => self.passed += 1,
            Verdict::Fixable => self.fixable += 1,
            Verdict::Fixed => self.fixed += 1,
            Verdict::Refused => self.refused += 1,
            Verdict::Unchecked => self.unchecked += 1,
        }
    }
}
