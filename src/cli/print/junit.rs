//! JUnit XML: one suite an input and provider, so that a build server shows which file failed.

use std::io::{self, Write};

use mmsfit::report_v1::{Finding, Kind, Record, Summary, Verdict};

use super::Printer;
use crate::cli::Context;
use crate::cli::tally::{Denials, verdict};
use crate::cli::text::escaped;

/// One `testsuites` document, written as it grows. A suite must name its counts in front (the schema that build servers
/// hold it against), so that each record is a suite of its own: all counts of a batch would be known at its end only.
pub(super) struct Junit {
    denials: Denials,
    begun: bool,
}

impl Junit {
    pub(super) fn new(context: &Context) -> Self {
        Self {
            denials: context.denials,
            begun: false,
        }
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(out, "<testsuites name=\"mmsfit\">")
    }

    fn case(&self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        let class = match (record.rules.as_deref(), record.kind) {
            (Some(rules), _) => rules,
            (None, Kind::Fit) => "fit",
            (None, Kind::Status) => "status",
            (None, _) => "sniff",
        };
        write!(
            out,
            "<testcase classname=\"mmsfit.{}\" name=\"{}\"",
            attribute(class),
            attribute(record.input.as_deref().unwrap_or("message"))
        )?;
        let Some(element) = self.element_of(record) else {
            return writeln!(out, "/>");
        };
        let standing: Vec<&Finding> = record
            .findings
            .iter()
            .filter(|finding| self.denials.refuse_finding(finding.outcome))
            .collect();
        // What stands against a message may stand against its parts alone.
        let (code, message) = standing
            .first()
            .map_or(("", IN_ITS_PARTS), |first| (&first.code, &first.message));
        writeln!(
            out,
            ">\n<{element} type=\"{code}\" message=\"{}\">",
            attribute(message)
        )?;
        for finding in standing {
            let help = finding.help.as_deref().unwrap_or_default();
            writeln!(
                out,
                "{} {}\n  {}",
                finding.code,
                attribute(&finding.message),
                attribute(help)
            )?;
        }
        writeln!(out, "</{element}>\n</testcase>")
    }

    /// What a case holds where it did not succeed: the same that makes the exit code.
    fn element_of(&self, record: &Record) -> Option<&'static str> {
        match verdict(record) {
            Verdict::Unchecked => Some(ERROR),
            result if self.denials.refuse(result) => Some(FAILURE),
            _ => None,
        }
    }
}

impl Printer for Junit {
    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        self.begin(out)?;
        let cases: Vec<&Record> = record.parts.iter().flatten().chain([record]).collect();
        let count = |element: &str| {
            let has = |case: &&&Record| self.element_of(case) == Some(element);
            cases.iter().filter(has).count()
        };
        writeln!(
            out,
            "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
            attribute(record.input.as_deref().unwrap_or("message")),
            cases.len(),
            count(FAILURE),
            count(ERROR),
        )?;
        cases.iter().try_for_each(|case| self.case(out, case))?;
        writeln!(out, "</testsuite>")
    }

    fn summary(&mut self, _out: &mut dyn Write, _summary: &Summary) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        writeln!(out, "</testsuites>")
    }
}

const FAILURE: &str = "failure";
const ERROR: &str = "error";
const IN_ITS_PARTS: &str = "not all of its parts can be sent as they are asked for";

/// XML 1.0 §2.2 has no control characters at all, not even escaped: they are shown as text.
fn attribute(text: &str) -> String {
    escaped(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
