//! Printers: records and summaries onto standard output, one file a format.

mod github;
mod human;
mod json;
mod junit;
mod sarif;

use std::io::{self, IsTerminal, Write};

use mmsfit::report_v1::{Finding, Record, Summary};

use super::Context;
use super::args::Format;
use super::fault::Fault;
use super::progress::Progress;
use super::tally::Denials;

/// One format.
pub(crate) trait Printer {
    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()>;
    fn summary(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()>;
    /// What a document needs at its end.
    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a run prints one record or many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    One,
    Batch,
}

/// Whether a finding needs an error, a warning or nothing but a note, in formats that know these three: what counts as
/// refused by the flags is an error.
fn level(finding: &Finding, denials: Denials) -> &'static str {
    match (finding.outcome, finding.severity) {
        (outcome, _) if denials.refuse_finding(outcome) => "error",
        ("fixable", _) | (_, "warning") => "warning",
        _ => "note",
    }
}

/// The bytes of an input's name that is no text.
fn bytes_of_name(record: &Record) -> Option<Vec<u8>> {
    let pairs = record.input_hex.as_deref()?.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect()
}

/// Where results go.
pub(crate) struct Results<'a> {
    printer: Box<dyn Printer>,
    out: Box<dyn Write + 'a>,
    /// A reader who follows sees each result at once.
    followed: bool,
    /// A batch ends when nobody reads its results any more, unless it also writes files.
    ends_with_reader: bool,
    closed: bool,
    pub(crate) progress: Progress,
}

impl<'a> Results<'a> {
    /// Onto standard output.
    pub(crate) fn new(context: &Context, extent: Extent) -> Self {
        let out = io::stdout().lock();
        let followed = out.is_terminal();
        Self::onto(Box::new(io::BufWriter::new(out)), followed, context, extent)
    }

    /// Onto standard error, where standard output carries media.
    pub(crate) fn aside(context: &Context) -> Self {
        Self::onto(Box::new(io::stderr().lock()), true, context, Extent::One)
    }

    fn onto(out: Box<dyn Write + 'a>, followed: bool, context: &Context, extent: Extent) -> Self {
        let printer: Box<dyn Printer> = match context.format {
            Format::Human => Box::new(human::Human::new(context)),
            Format::Json => Box::new(json::Json::new(extent)),
            Format::Jsonl => Box::new(json::JsonLines),
            Format::Junit => Box::new(junit::Junit::new(context)),
            Format::Sarif => Box::new(sarif::Sarif::new(context)),
            Format::Github => Box::new(github::Github::new(context)),
        };
        Self {
            printer,
            out,
            followed,
            ends_with_reader: extent == Extent::Batch,
            closed: false,
            progress: Progress::none(),
        }
    }

    /// The same, going on when nobody reads any more.
    pub(crate) fn outliving_its_reader(mut self, outlives: bool) -> Self {
        self.ends_with_reader &= !outlives;
        self
    }

    /// Prints a record. Count it first: that its reader has gone changes nothing about the verdict.
    ///
    /// # Errors
    ///
    /// It cannot be written. In a batch that only prints, also that nobody reads any more
    /// ([`Fault::is_closed_pipe`]): what is left need not be begun.
    pub(crate) fn record(&mut self, record: &Record) -> Result<(), Fault> {
        self.print(|printer, out| printer.record(out, record))?;
        if self.closed && self.ends_with_reader {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
        }
        Ok(())
    }

    pub(crate) fn summary(&mut self, summary: &Summary) -> Result<(), Fault> {
        self.print(|printer, out| printer.summary(out, summary))
    }

    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.print(|printer, out| {
            printer.end(out)?;
            out.flush()
        })
    }

    fn print(
        &mut self,
        print: impl FnOnce(&mut dyn Printer, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Fault> {
        if self.closed {
            return Ok(());
        }
        let (printer, out, followed) = (&mut *self.printer, &mut self.out, self.followed);
        let printed = self.progress.aside(|| {
            print(printer, out)?;
            if followed { out.flush() } else { Ok(()) }
        });
        match printed {
            Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            printed => Ok(printed?),
        }
    }
}
