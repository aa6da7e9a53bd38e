//! The first page of a PDF as a picture, drawn by a child process under limits.
//!
//! The crate that draws has no bound on work or memory and none can be added from outside; a process has both.

#[cfg(feature = "pdf")]
mod draw;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::child::{self, Bounds, Fault};
use crate::code::Code;
use crate::report::Finding;

#[cfg(feature = "pdf")]
pub use draw::{PageFault, draw_first_page};

/// The program that draws the first page of a PDF: an `mmsfit` that was built with the feature `pdf`.
///
/// It runs as a child process, one for each document: 2 s of processor time, 112 MiB of memory that it writes to (both
/// held by Linux alone), 10 s in all, and one file of at most 16 MiB that it may write.
///
/// # Examples
///
/// ```
/// use mmsfit::{PageRenderer, Preparer, Provider};
///
/// let renderer = PageRenderer::at("/usr/local/bin/mmsfit");
/// let preparer = Preparer::new(Provider::Sinch).pdf_first_page(renderer);
/// # let _ = preparer;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRenderer {
    program: PathBuf,
}

impl PageRenderer {
    /// The program at this path.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            program: path.into(),
        }
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The arguments that the program is called with: the document, the picture to write, and its long side in pixels.
    /// It prints the number of pages.
    #[must_use]
    pub fn arguments(document: &Path, picture: &Path, side_px: u32) -> [OsString; 4] {
        [
            SUBCOMMAND.into(),
            document.into(),
            picture.into(),
            side_px.to_string().into(),
        ]
    }

    /// A PNG of the first page, and the number of pages.
    pub(crate) fn draw(&self, document: &[u8], side_px: u32) -> Result<(Vec<u8>, u32), Finding> {
        let drawn = self.run(document, side_px);
        drawn.map_err(|fault| {
            let code = match fault {
                Fault::TooSlow | Fault::TooMuch(_) | Fault::Aborted => Code::WorkOverLimit,
                Fault::Start(_) => Code::EncoderFailed,
                Fault::Failed { .. } => Code::CodecNotAccepted,
            };
            Finding::refused(code, format!("its first page was not drawn: {fault}"))
                .help("send a picture of the page, or a link to the document")
        })
    }

    fn run(&self, document: &[u8], side_px: u32) -> Result<(Vec<u8>, u32), Fault> {
        let folder = tempfile::Builder::new()
            .prefix("mmsfit-page-")
            .tempdir()
            .map_err(Fault::Start)?;
        fs::write(folder.path().join("in.pdf"), document).map_err(Fault::Start)?;
        let bounds = Bounds {
            deadline: Instant::now() + DEADLINE,
            cpu_seconds: Some(CPU_SECONDS),
            memory_bytes: MAPPED_BYTES,
            data_bytes: Some(DATA_BYTES),
            written_bytes: PICTURE_BYTES + document.len() as u64,
        };
        let arguments = Self::arguments("in.pdf".as_ref(), "out.png".as_ref(), side_px);
        let ran = child::run(
            &self.program,
            &arguments,
            folder.path(),
            &bounds,
            &mut |_| {},
        )?;
        let pages = String::from_utf8_lossy(&ran.output).trim().parse();
        let path = folder.path().join("out.png");
        // Only a file of its own: a link may lead anywhere.
        let is_file = path
            .symlink_metadata()
            .is_ok_and(|file| file.is_file() && file.len() <= PICTURE_BYTES);
        match pages {
            Ok(pages) if is_file => Ok((fs::read(path).map_err(Fault::Start)?, pages)),
            _ => Err(Fault::Failed {
                status: "success".to_owned(),
                said: "it wrote no picture".to_owned(),
            }),
        }
    }
}

/// What the program is asked to do.
const SUBCOMMAND: &str = "draw-page";
/// The time of one document: a page of a scanned book takes half a second.
const DEADLINE: Duration = Duration::from_secs(10);
const CPU_SECONDS: u64 = 2;
/// With the pages of the program itself it comes to 128 MiB. Measured: scans of 300 dpi as JPEG or PNG, of 600 dpi as
/// fax, and JPEG 2000 of 200 dpi take 30 to 100 MiB; JPEG 2000 of 300 dpi takes 210 and is refused.
const DATA_BYTES: u64 = 112 << 20;
const MAPPED_BYTES: u64 = 256 << 20;
/// A PNG of noise at 1,440 px is 6 MB.
const PICTURE_BYTES: u64 = 16 << 20;
