//! Why the command could not run: one line, the chain of causes once, and a next step.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io;

/// What stops the command: exit code 2.
#[derive(Debug)]
pub(crate) struct Fault {
    what: String,
    help: String,
    closed_pipe: bool,
}

impl Fault {
    pub(crate) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: help.into(),
            closed_pipe: false,
        }
    }

    /// A fault with its causes behind it.
    pub(crate) fn of(what: impl Into<String>, source: &dyn Error, help: impl Into<String>) -> Self {
        let mut fault = Self::new(what, help);
        let mut cause = Some(source);
        while let Some(source) = cause {
            // Some errors tell their causes themselves: each is told once.
            let told = source.to_string();
            if !fault.what.contains(&told) {
                // Writing to a String cannot fail.
                let _ = write!(fault.what, ": {told}");
            }
            cause = source.source();
        }
        fault
    }

    /// What came of work that a reader who has seen enough ended early: that is no fault.
    pub(crate) fn unless_unread(done: Result<(), Self>) -> Result<(), Self> {
        match done {
            Err(fault) if fault.is_closed_pipe() => Ok(()),
            done => done,
        }
    }

    /// Standard output was closed by its reader, who has seen enough: no fault of anybody.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let help = if self.help.is_empty() {
            ""
        } else {
            "\n  help: "
        };
        write!(
            f,
            "error: {}{help}{}",
            super::text::escaped(&self.what),
            super::text::escaped(&self.help)
        )
    }
}

/// A write to standard output that failed.
impl From<io::Error> for Fault {
    fn from(fault: io::Error) -> Self {
        let closed_pipe = fault.kind() == io::ErrorKind::BrokenPipe;
        let help = "check where standard output goes: a full disk?";
        Self {
            closed_pipe,
            ..Self::of("cannot write the results", &fault, help)
        }
    }
}

impl From<mmsfit::Error> for Fault {
    fn from(fault: mmsfit::Error) -> Self {
        let help = match &fault {
            mmsfit::Error::Misuse(mmsfit::Misuse::TargetOverCap) => {
                "`mmsfit rules` prints the caps"
            }
            mmsfit::Error::Workers { .. } => "give a smaller --jobs",
            _ => "",
        };
        match fault.source() {
            Some(source) => Self::of(fault.to_string(), source, help),
            None => Self::new(fault.to_string(), help),
        }
    }
}
