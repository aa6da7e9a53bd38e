//! In the child: a PDF's first page → PNG.

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::{LoadPdfError, Pdf};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};

/// Why a page was not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageFault {
    /// It can be opened with a password alone.
    #[error("it is locked with a password")]
    Locked,
    /// It does not parse as a PDF.
    #[error("it does not parse")]
    Damaged,
    /// There is no page in it.
    #[error("it has no page")]
    NoPage,
    /// Its page has no sides, or sides that no picture has.
    #[error("its page is {width} x {height} pt")]
    NoSides {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// The picture could not be packed.
    #[error("its picture could not be written")]
    Encoder,
}

/// Draws the first page of a PDF on white, its long side `side_px` long: a PNG, and the number of pages.
///
/// Without any bound on time or memory: for documents that are trusted, or for a process that is bounded, as the one
/// that [`PageRenderer`](super::PageRenderer) starts.
///
/// # Errors
///
/// [`PageFault`]; what the drawing crate cannot draw is left out without a word.
pub fn draw_first_page(document: Vec<u8>, side_px: u16) -> Result<(Vec<u8>, u32), PageFault> {
    let pdf = Pdf::new(document).map_err(|fault| match fault {
        LoadPdfError::Decryption(_) => PageFault::Locked,
        LoadPdfError::Invalid => PageFault::Damaged,
    })?;
    let pages = pdf.pages();
    let page = pages.first().ok_or(PageFault::NoPage)?;
    let (width, height) = page.render_dimensions();
    let long = width.max(height);
    let scale = f32::from(side_px) / long;
    if !(scale.is_finite() && width * scale >= 1.0 && height * scale >= 1.0) {
        return Err(PageFault::NoSides {
            width: width as u32,
            height: height as u32,
        });
    }
    let settings = PixmapSettings {
        x_scale: scale,
        y_scale: scale,
        bg_color: WHITE,
    };
    let pixmap = render(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &settings,
    );
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, pixmap.width().into(), pixmap.height().into());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Fast);
    // On white nothing is transparent: the colours are what they would be without alpha.
    let rows: Vec<u8> = pixmap
        .data_as_u8_slice()
        .as_chunks::<4>()
        .0
        .iter()
        .flat_map(|&[r, g, b, _]| [r, g, b])
        .collect();
    let mut writer = encoder.write_header().map_err(|_| PageFault::Encoder)?;
    writer
        .write_image_data(&rows)
        .and_then(|()| writer.finish())
        .map_err(|_| PageFault::Encoder)?;
    Ok((png, pages.len() as u32))
}
