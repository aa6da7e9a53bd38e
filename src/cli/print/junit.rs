//! JUnit XML: one suite an input and provider, so that a build server shows which file failed.

use std::io::{self, Write};

use mmsfit::report_v1::{Finding, Record, Summary, Verdict};

use super::Printer;
use crate::cli::text::escaped;

/// One `testsuites` document, written as it grows. A suite must name its counts in front (the schema that build servers
/// hold it against), so that each record is a suite of its own: all counts of a batch would be known at its end only.
#[derive(Default)]
pub(super) struct Junit {
    begun: bool,
}

impl Junit {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(out, "<testsuites name=\"mmsfit\">")
    }

    fn case(out: &mut dyn Write, record: &Record) -> io::Result<()> {
        let class = format!("mmsfit.{}", record.rules.as_deref().unwrap_or("sniff"));
        let name = attribute(record.input.as_deref().unwrap_or("message"));
        write!(
            out,
            "<testcase classname=\"{}\" name=\"{name}\"",
            attribute(&class)
        )?;
        let Some(element) = element_of(record.result) else {
            return writeln!(out, "/>");
        };
        let standing = |finding: &&Finding| matches!(finding.outcome, "refused" | "fixable");
        let first = record.findings.iter().find(standing);
        let (code, message) = first.map_or(("", ""), |finding| (&finding.code, &finding.message));
        writeln!(
            out,
            ">\n<{element} type=\"{code}\" message=\"{}\">",
            attribute(message)
        )?;
        for finding in record.findings.iter().filter(standing) {
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
}

impl Printer for Junit {
    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        self.begin(out)?;
        let cases: Vec<&Record> = record.parts.iter().flatten().chain([record]).collect();
        let count = |element: &str| {
            let has = |case: &&&Record| element_of(case.result) == Some(element);
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
        cases.iter().try_for_each(|case| Self::case(out, case))?;
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

/// What a case holds where it did not succeed.
const fn element_of(result: Verdict) -> Option<&'static str> {
    match result {
        Verdict::Passed | Verdict::Fixed => None,
        Verdict::Fixable | Verdict::Refused => Some(FAILURE),
        Verdict::Unchecked => Some(ERROR),
    }
}

/// XML 1.0 §2.2 has no control characters at all, not even escaped: they are shown as text.
fn attribute(text: &str) -> String {
    escaped(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
