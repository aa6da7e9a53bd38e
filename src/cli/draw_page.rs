//! `mmsfit draw-page`: the process that `--allow-pdf-page` starts for each document, bounded by the one that starts it.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use super::args::DrawPage;
use super::fault::Fault;

/// What another process of this command gives as the first argument.
pub(crate) const NAME: &str = "draw-page";

/// Draws, writes the picture, and prints the number of pages.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Result<ExitCode, Fault> {
    let DrawPage {
        document,
        picture,
        side_px,
    } = DrawPage::try_parse_from(arguments).map_err(|fault| refused(&fault.to_string()))?;
    let bytes = std::fs::read(&document)
        .map_err(|fault| refused(&format!("{}: {fault}", document.display())))?;
    let (png, pages) =
        mmsfit::draw_first_page(bytes, side_px).map_err(|fault| refused(&fault.to_string()))?;
    std::fs::write(&picture, png)
        .map_err(|fault| refused(&format!("{}: {fault}", picture.display())))?;
    super::listing(|out| writeln!(out, "{pages}"))
}

fn refused(what: &str) -> Fault {
    // The one that started it tells what to do.
    Fault::new(what, "")
}
