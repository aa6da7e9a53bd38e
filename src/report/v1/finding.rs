//! What was found, and what was done about it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{self as report, Provenance, Value};
use crate::code::Code;

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Such as `MMS201`.
    pub code: String,
    /// `note`, `warning` or `error`.
    pub severity: &'static str,
    /// `noted`, `fixable`, `fixed` or `refused`.
    pub outcome: &'static str,
    /// The part that it is about, counted from 0; `null` for the message as a whole.
    pub part: Option<usize>,
    /// One sentence.
    pub message: String,
    /// What was measured.
    pub observed: BTreeMap<String, serde_json::Value>,
    /// What is allowed.
    pub allowed: BTreeMap<String, serde_json::Value>,
    /// What was done.
    pub action: Option<Action>,
    /// What the reader can do.
    pub help: Option<String>,
    /// Where the rule is stated.
    pub source: Option<Source>,
}

/// What was done about a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Action {
    /// Such as `downscaled`.
    pub kind: &'static str,
    /// The length before.
    pub before_bytes: u64,
    /// The length after.
    pub after_bytes: u64,
}

/// Where a rule is stated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    /// The page.
    pub page: Option<&'static str>,
    /// The day it was seen.
    pub seen: Option<&'static str>,
    /// Whether the rule is our assumption.
    pub assumed: bool,
    /// Why we assume it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
}

impl Finding {
    /// A finding that stands in nothing's way, made outside the pipeline.
    #[must_use]
    pub fn note(code: Code, message: impl Into<String>) -> Self {
        Self::from(&report::Finding::note(code, message))
    }

    /// A finding that refuses, made outside the pipeline.
    #[must_use]
    pub fn refused(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::from(&report::Finding::refused(code, message).help(help))
    }
}

impl From<&report::Finding> for Finding {
    fn from(finding: &report::Finding) -> Self {
        let facts = |facts: &report::Facts| {
            let entry = |(name, value): (&&str, &Value)| ((*name).to_owned(), json(value));
            facts.iter().map(entry).collect()
        };
        Self {
            code: finding.code.to_string(),
            severity: finding.severity.name(),
            outcome: match finding.outcome {
                report::Outcome::Noted => "noted",
                report::Outcome::Fixable => "fixable",
                report::Outcome::Fixed => "fixed",
                report::Outcome::Refused => "refused",
            },
            part: finding.part,
            message: finding.message.clone(),
            observed: facts(&finding.observed),
            allowed: facts(&finding.allowed),
            action: finding.action.as_ref().map(|action| Action {
                kind: action.kind,
                before_bytes: action.before_bytes,
                after_bytes: action.after_bytes,
            }),
            help: finding.help.clone(),
            source: finding.source.map(Source::from),
        }
    }
}

impl From<Provenance> for Source {
    fn from(provenance: Provenance) -> Self {
        Self {
            page: provenance.page,
            seen: provenance.seen,
            assumed: provenance.assumed,
            why: provenance.why,
        }
    }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Number(number) => (*number).into(),
        Value::Fraction(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(list) => list.as_slice().into(),
        Value::Flag(flag) => (*flag).into(),
    }
}
