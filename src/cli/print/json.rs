//! JSON: one document, or one object a line.

use std::io::{self, Write};

use mmsfit::report_v1::{Record, Summary};
use serde::Serialize;

use super::{Extent, Printer};

/// One object a line.
pub(super) struct JsonLines;

impl Printer for JsonLines {
    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        line(out, record)
    }

    fn summary(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        line(out, summary)
    }
}

/// One document: an object, or an array with an element a line.
pub(super) struct Json {
    extent: Extent,
    begun: bool,
}

impl Json {
    pub(super) fn new(extent: Extent) -> Self {
        Self {
            extent,
            begun: false,
        }
    }

    fn element(&mut self, out: &mut dyn Write, element: &impl Serialize) -> io::Result<()> {
        if self.extent == Extent::One {
            serde_json::to_writer_pretty(&mut *out, element)?;
            return writeln!(out);
        }
        out.write_all(if self.begun { b",\n" } else { b"[\n" })?;
        self.begun = true;
        Ok(serde_json::to_writer(out, element)?)
    }
}

impl Printer for Json {
    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        self.element(out, record)
    }

    fn summary(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        self.element(out, summary)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match (self.extent, self.begun) {
            (Extent::One, _) => Ok(()),
            (Extent::Batch, true) => writeln!(out, "\n]"),
            (Extent::Batch, false) => writeln!(out, "[]"),
        }
    }
}

fn line(out: &mut dyn Write, element: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, element)?;
    writeln!(out)
}
