//! `mmsfit draw-page`: the process that `--allow-pdf-page` starts for each document, bounded by the one that starts it.

use std::path::Path;
use std::process::ExitCode;

use super::fault::Fault;

/// Draws, writes the picture, and prints the number of pages.
pub(crate) fn run(document: &Path, picture: &Path, side_px: u16) -> Result<ExitCode, Fault> {
    let bytes = std::fs::read(document)
        .map_err(|fault| refused(&format!("{}: {fault}", document.display())))?;
    let (png, pages) =
        mmsfit::draw_first_page(bytes, side_px).map_err(|fault| refused(&fault.to_string()))?;
    std::fs::write(picture, png)
        .map_err(|fault| refused(&format!("{}: {fault}", picture.display())))?;
    super::listing(|out| writeln!(out, "{pages}"))
}

fn refused(what: &str) -> Fault {
    // The one that started it tells what to do.
    Fault::new(what, "")
}
