//! The exit code: what the records of a run add up to.

use std::process::ExitCode;

use mmsfit::report_v1::Verdict;

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
