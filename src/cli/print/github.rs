//! GitHub workflow commands: an annotation for each finding that somebody must act on.

use std::io::{self, Write};

use mmsfit::report_v1::{Kind, Record, Summary};

use super::{Printer, level};
use crate::cli::Context;
use crate::cli::tally::{Denials, Noun};
use crate::cli::text::{escaped, is_url};

/// One line an annotation.
pub(super) struct Github {
    quiet: bool,
    denials: Denials,
    noun: Noun,
}

impl Github {
    pub(super) fn new(context: &Context) -> Self {
        Self {
            quiet: context.quiet,
            denials: context.denials,
            noun: context.noun,
        }
    }
}

impl Printer for Github {
    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        for part in record.parts.iter().flatten() {
            self.record(out, part)?;
        }
        // Neither a URL nor a message is a file of the repository: what it is called goes into the text.
        let input = record.input.as_deref();
        let is_file = matches!(record.kind, Kind::File | Kind::Fit | Kind::Sniff)
            && !input.is_some_and(is_url);
        let file = input.filter(|_| is_file).map(property);
        let about = input.filter(|_| !is_file).map(|name| format!("{name}: "));
        for finding in &record.findings {
            let level = match level(finding, self.denials) {
                "note" => continue,
                level => level,
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
        if self.quiet {
            return Ok(());
        }
        writeln!(
            out,
            "{} {} for {}: {} passed, {} fixable, {} fixed, {} refused, {} unchecked",
            summary.inputs,
            self.noun.counted(2),
            summary.rules.as_deref().unwrap_or("sniff"),
            summary.passed,
            summary.fixable,
            summary.fixed,
            summary.refused,
            summary.unchecked
        )
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
