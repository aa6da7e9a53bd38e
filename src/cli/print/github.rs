//! GitHub workflow commands: an annotation for each finding that somebody must act on.

use std::io::{self, Write};

use mmsfit::report_v1::{Finding, Kind, Record, Summary};

use super::Printer;
use crate::cli::text::escaped;

/// One line an annotation.
#[derive(Default)]
pub(super) struct Github {
    urls: bool,
}

impl Printer for Github {
    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        for part in record.parts.iter().flatten() {
            self.record(out, part)?;
        }
        // A URL is no file of the repository: it goes into the text.
        let is_url = record.kind == Kind::Url;
        self.urls |= is_url;
        let input = record.input.as_deref();
        let file = input.filter(|_| !is_url).map(property);
        let about = input.filter(|_| is_url).map(|url| format!("{url}: "));
        for finding in &record.findings {
            let Some(level) = level(finding) else {
                continue;
            };
            write!(out, "::{level} ")?;
            if let Some(file) = &file {
                write!(out, "file={file},")?;
            }
            let help = finding
                .help
                .as_deref()
                .map(|help| format!(" ({help})"))
                .unwrap_or_default();
            writeln!(
                out,
                "title={}::{}",
                property(&finding.code),
                data(&format!(
                    "{}{}{help}",
                    about.as_deref().unwrap_or_default(),
                    finding.message
                ))
            )?;
        }
        Ok(())
    }

    fn summary(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        writeln!(
            out,
            "{} {} for {}: {} passed, {} fixable, {} fixed, {} refused, {} unchecked",
            summary.inputs,
            if self.urls { "URLs" } else { "files" },
            summary.rules.as_deref().unwrap_or("sniff"),
            summary.passed,
            summary.fixable,
            summary.fixed,
            summary.refused,
            summary.unchecked
        )
    }
}

fn level(finding: &Finding) -> Option<&'static str> {
    match (finding.outcome, finding.severity) {
        ("refused", _) => Some("error"),
        ("fixable", _) | (_, "warning") => Some("warning"),
        _ => None,
    }
}

/// The text of a workflow command: `%`, CR and LF are its own.
fn data(text: &str) -> String {
    escaped(text).replace('%', "%25")
}

/// A property of a workflow command, which `:` and `,` would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
