//! The exit code: what the records of a run add up to.

use std::process::ExitCode;

use mmsfit::report_v1::{Record, Verdict};

use super::Context;

/// Arguments, configuration, or reading and writing of the surroundings.
pub(crate) const COULD_NOT_RUN: u8 = 2;
const REFUSED: u8 = 1;
const NOTHING_TO_CHECK: u8 = 3;

/// What the flags make of a result that is neither good nor bad by itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Denials {
    /// `--deny-fixes`: what had to be fixed counts as refused.
    pub(crate) fixed: bool,
    /// No `--allow-fixable`: what would be fixed counts as refused.
    pub(crate) fixable: bool,
}

impl Denials {
    /// Whether a record of this result counts as refused.
    pub(crate) const fn refuse(self, result: Verdict) -> bool {
        match result {
            Verdict::Passed | Verdict::Unchecked => false,
            Verdict::Fixable => self.fixable,
            Verdict::Fixed => self.fixed,
            Verdict::Refused => true,
        }
    }

    /// Whether a finding of this outcome is a reason to refuse.
    pub(crate) fn refuse_finding(self, outcome: &str) -> bool {
        match outcome {
            "refused" => true,
            "fixable" => self.fixable,
            "fixed" => self.fixed,
            _ => false,
        }
    }
}

/// What became of a record. That a message cannot go because a file could not be read is not the media's fault.
pub(crate) fn verdict(record: &Record) -> Verdict {
    let parts = || record.parts.iter().flatten();
    let unread = parts().any(|part| part.result == Verdict::Unchecked);
    let refused = parts().any(|part| part.result == Verdict::Refused)
        || record
            .findings
            .iter()
            .any(|finding| finding.outcome == "refused");
    if unread && !refused {
        Verdict::Unchecked
    } else {
        record.result
    }
}

/// What a run's summary counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noun {
    File,
    Url,
    Message,
}

impl Noun {
    /// The word for so many of them.
    pub(crate) const fn counted(self, count: u64) -> &'static str {
        match (self, count) {
            (Self::File, 1) => "file",
            (Self::File, _) => "files",
            (Self::Url, 1) => "URL",
            (Self::Url, _) => "URLs",
            (Self::Message, 1) => "message",
            (Self::Message, _) => "messages",
        }
    }
}

/// What happened so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    records: u64,
    refused: bool,
    unchecked: bool,
    unwritten: bool,
}

impl Tally {
    pub(crate) fn count(&mut self, result: Verdict, context: &Context) {
        self.records += 1;
        self.refused |= context.denials.refuse(result);
        self.unchecked |= result == Verdict::Unchecked;
    }

    /// A message counts as one.
    pub(crate) fn count_message(&mut self, record: &Record, context: &Context) {
        self.count(verdict(record), context);
    }

    /// An output could not be written: whatever the media are, the run did not do what was asked.
    pub(crate) fn unwritten(&mut self) {
        self.unwritten = true;
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self {
                unwritten: true, ..
            } => COULD_NOT_RUN.into(),
            Self { refused: true, .. } => REFUSED.into(),
            Self {
                unchecked: true, ..
            } => COULD_NOT_RUN.into(),
            Self { records: 0, .. } => NOTHING_TO_CHECK.into(),
            _ => ExitCode::SUCCESS,
        }
    }
}
