//! The exit code: what the records of a run add up to.

use std::process::ExitCode;

use mmsfit::report_v1::{Record, Verdict};

use super::Context;

/// Arguments, configuration, or reading and writing of the surroundings.
pub(crate) const COULD_NOT_RUN: u8 = 2;
const REFUSED: u8 = 1;
const NOTHING_TO_CHECK: u8 = 3;

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
        match result {
            Verdict::Passed => {}
            Verdict::Fixable => self.refused |= context.fixable_denied,
            Verdict::Fixed => self.refused |= context.fixes_denied,
            Verdict::Refused => self.refused = true,
            Verdict::Unchecked => self.unchecked = true,
        }
    }

    /// A message counts as one. That it cannot go because a file could not be read is not the media's fault.
    pub(crate) fn count_message(&mut self, record: &Record, context: &Context) {
        let parts = || record.parts.iter().flatten();
        let unread = parts().any(|part| part.result == Verdict::Unchecked);
        let refused = parts().any(|part| part.result == Verdict::Refused)
            || record
                .findings
                .iter()
                .any(|finding| finding.outcome == "refused");
        self.count(
            if unread && !refused {
                Verdict::Unchecked
            } else {
                record.result
            },
            context,
        );
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
