//! The exhaustive search with mozjpeg as its own command sets it up: trellis quantisation, progressive, optimised scans.

mod pixels;
mod search;

use mozjpeg::{ColorSpace, Compress, Decompress};
use pixels::{Picture, Result};
use search::Asked;

fn main() -> Result<()> {
    let asked = Asked::from_arguments()?;
    if asked.mode != "trellis" {
        return Err(format!("no mode is called {}", asked.mode).into());
    }
    search::run(&asked, &write, &read)
}

fn write(picture: &Picture, quality: u8, full_chroma: bool) -> Result<Vec<u8>> {
    let mut encoder = Compress::new(ColorSpace::JCS_RGB);
    encoder.set_size(picture.width as usize, picture.height as usize);
    encoder.set_quality(f32::from(quality));
    let chroma = if full_chroma { (1, 1) } else { (2, 2) };
    encoder.set_chroma_sampling_pixel_sizes(chroma, chroma);
    let mut started = encoder.start_compress(Vec::new())?;
    started.write_scanlines(&picture.pixels)?;
    Ok(started.finish()?)
}

fn read(bytes: &[u8]) -> Result<Picture> {
    let mut image = Decompress::new_mem(bytes)?.rgb()?;
    let (width, height) = (image.width(), image.height());
    let pixels: Vec<[u8; 3]> = image.read_scanlines()?;
    image.finish()?;
    Ok(Picture {
        width: u32::try_from(width)?,
        height: u32::try_from(height)?,
        pixels: pixels.into_flattened(),
    })
}
