//! Printers: records and summaries onto standard output, one file a format.

mod github;
mod human;
mod json;
mod junit;
mod sarif;

use std::io::{self, IsTerminal, Write};

use mmsfit::report_v1::{Record, Summary};

use super::Context;
use super::args::Format;
use super::fault::Fault;
use super::progress::Progress;

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

/// Where results go.
pub(crate) struct Results<'a> {
    printer: Box<dyn Printer>,
    out: Box<dyn Write + 'a>,
    /// A reader who follows sees each result at once.
    followed: bool,
    /// Work goes on without a reader, because it also writes files.
    outlives_reader: bool,
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
            Format::Junit => Box::new(junit::Junit::default()),
            Format::Sarif => Box::new(sarif::Sarif::default()),
            Format::Github => Box::new(github::Github::default()),
        };
        Self {
            printer,
            out,
            followed,
            outlives_reader: false,
            closed: false,
            progress: Progress::none(),
        }
    }

    /// The same, going on when nobody reads any more.
    pub(crate) fn outliving_its_reader(mut self, outlives: bool) -> Self {
        self.outlives_reader = outlives;
        self
    }

    pub(crate) fn record(&mut self, record: &Record) -> Result<(), Fault> {
        self.print(|printer, out| printer.record(out, record))
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
            Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe && self.outlives_reader => {
                self.closed = true;
                Ok(())
            }
            printed => Ok(printed?),
        }
    }
}
