//! What was found, what was done, and what is left: findings and the reports that hold them.

pub mod v1;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::bundle::PartFacts;
use crate::code::{Code, Severity};
use crate::provider::Source;
use crate::sniff::Sniffed;

/// What became of the thing that a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing was wrong enough to act on.
    Noted,
    /// It would be mended by preparing; nothing was changed.
    Fixable,
    /// It was mended.
    Fixed,
    /// It stands in the way: the part is refused.
    Refused,
}

/// What became of a whole attachment or message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verdict {
    /// Complies as it is, byte for byte.
    Passed,
    /// Would be fixed by preparing it.
    Fixable,
    /// Complies now.
    Fixed,
    /// Cannot be sent through this provider.
    Refused,
    /// Could not be read: nothing is known about it.
    Unchecked,
}

impl Verdict {
    /// The word of the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Fixable => "fixable",
            Self::Fixed => "fixed",
            Self::Refused => "refused",
            Self::Unchecked => "unchecked",
        }
    }
}

/// One measured or allowed value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Value {
    /// A whole number; its unit is in its name.
    Number(u64),
    /// A fraction; its unit is in its name.
    Fraction(f64),
    /// A word, such as a content type.
    Text(String),
    /// Several words.
    List(Vec<String>),
    /// Yes or no.
    Flag(bool),
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(u64::from(number))
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Fraction(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Vec<String>> for Value {
    fn from(list: Vec<String>) -> Self {
        Self::List(list)
    }
}

/// Named values, units in their names: `bytes`, `width_px`, `duration_ms`.
pub type Facts = BTreeMap<&'static str, Value>;

/// What was done about a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Action {
    /// `downscaled`, `requantised`, `transcoded`, `stripped`, `rotated`, `renamed`, …
    pub kind: &'static str,
    /// The part's length before.
    pub before_bytes: u64,
    /// The part's length after.
    pub after_bytes: u64,
}

/// One fact about one attachment or message that somebody may have to act on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// The stable code.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// What became of it.
    pub outcome: Outcome,
    /// The part it is about, counted from 0 in the order given; `None` for the message as a whole.
    pub part: Option<usize>,
    /// One sentence with the measured value and the limit in it.
    pub message: String,
    /// What was measured.
    pub observed: Facts,
    /// What the rule allows.
    pub allowed: Facts,
    /// What was done.
    pub action: Option<Action>,
    /// What the reader can do.
    pub help: Option<String>,
    /// Where the rule is stated.
    pub source: Option<Provenance>,
}

/// Where a rule comes from, as a finding carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Provenance {
    /// The page that states the rule; `None` for an assumption.
    pub page: Option<&'static str>,
    /// The day the page was seen; `None` for an assumption.
    pub seen: Option<&'static str>,
    /// Whether the rule is our assumption.
    pub assumed: bool,
    /// Why we assume it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
}

impl Provenance {
    /// A rule that no page states, and why we assume it.
    pub(crate) const fn assumed(why: &'static str) -> Self {
        Self {
            page: None,
            seen: None,
            assumed: true,
            why: Some(why),
        }
    }
}

impl From<Source> for Provenance {
    fn from(source: Source) -> Self {
        Self {
            page: Some(source.page),
            seen: Some(source.seen),
            assumed: false,
            why: None,
        }
    }
}

impl Finding {
    /// A finding with the code's own severity.
    pub(crate) fn new(code: Code, outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.default_severity(),
            outcome,
            part: None,
            message: message.into(),
            observed: Facts::new(),
            allowed: Facts::new(),
            action: None,
            help: None,
            source: None,
        }
    }

    pub(crate) fn note(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            ..Self::new(code, Outcome::Noted, message)
        }
    }

    pub(crate) fn warning(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::new(code, Outcome::Noted, message)
        }
    }

    pub(crate) fn refused(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            ..Self::new(code, Outcome::Refused, message)
        }
    }

    pub(crate) fn fixable(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Outcome::Fixable, message)
    }

    pub(crate) fn observed(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.observed.insert(name, value.into());
        self
    }

    pub(crate) fn allowed(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.allowed.insert(name, value.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn source(mut self, source: impl Into<Provenance>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.code.title(), self.message)
    }
}

/// All that is known about one attachment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PartReport {
    /// How the attachment is called: path, URL without query, or name.
    pub input: String,
    /// What became of it.
    pub verdict: Verdict,
    /// What the bytes were found to be; `None` where they could not be read.
    pub sniffed: Option<Sniffed>,
    /// The part made from it; `None` where there is none.
    pub output: Option<PartFacts>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// All that is known about one message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The rules that it was held against, such as `sinch` or `ringcentral-2026`.
    pub rules: String,
    /// What became of the whole.
    pub verdict: Verdict,
    /// One entry an attachment, in the order given.
    pub parts: Vec<PartReport>,
    /// What concerns the message as a whole.
    pub findings: Vec<Finding>,
    /// The bytes of all parts of the bundle; zero where there is none.
    pub total_bytes: u64,
}

/// A report as an error: the answer to a bundle that was asked for and cannot be given.
impl std::error::Error for Report {}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.rules, self.verdict.name())?;
        for part in &self.parts {
            write!(f, "  {}: {}", part.input, part.verdict.name())?;
            if let Some(output) = &part.output {
                write!(
                    f,
                    " ({}, {})",
                    output.content_type,
                    crate::units::ByteCount::new(output.bytes)
                )?;
            }
            writeln!(f)?;
            for finding in &part.findings {
                writeln!(f, "    {finding}")?;
                if let Some(help) = &finding.help {
                    writeln!(f, "      help: {help}")?;
                }
            }
        }
        for finding in &self.findings {
            writeln!(f, "  {finding}")?;
            if let Some(help) = &finding.help {
                writeln!(f, "    help: {help}")?;
            }
        }
        Ok(())
    }
}
