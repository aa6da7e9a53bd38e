//! JUnit XML: one case an input and provider, so that a build server shows which file failed.

use std::io::{self, Write};

use mmsfit::report_v1::{Finding, Record, Summary, Verdict};

use super::Printer;
use crate::cli::text::escaped;

/// One `testsuites` document, written as it grows: the counts, which would stand in front, are left to the reader.
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
        writeln!(
            out,
            "<testsuites name=\"mmsfit\">\n<testsuite name=\"mmsfit\">"
        )
    }

    fn case(out: &mut dyn Write, record: &Record) -> io::Result<()> {
        let class = format!("mmsfit.{}", record.rules.as_deref().unwrap_or("sniff"));
        let name = attribute(record.input.as_deref().unwrap_or("message"));
        write!(
            out,
            "<testcase classname=\"{}\" name=\"{name}\"",
            attribute(&class)
        )?;
        let element = match record.result {
            Verdict::Passed | Verdict::Fixed => return writeln!(out, "/>"),
            Verdict::Fixable | Verdict::Refused => "failure",
            Verdict::Unchecked => "error",
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
        record
            .parts
            .iter()
            .flatten()
            .try_for_each(|part| Self::case(out, part))?;
        Self::case(out, record)
    }

    fn summary(&mut self, _out: &mut dyn Write, _summary: &Summary) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        writeln!(out, "</testsuite>\n</testsuites>")
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
