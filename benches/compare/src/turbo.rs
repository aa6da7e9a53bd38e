//! libjpeg-turbo, the one built with this package.

use crate::pixels::{Picture, Result};
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp, decompress};

/// How a picture is written.
#[derive(Clone, Copy)]
pub struct Writing {
    pub quality: u8,
    pub full_chroma: bool,
    pub optimal_tables: bool,
    pub progressive: bool,
}

pub fn read(bytes: &[u8]) -> Result<Picture> {
    let image = decompress(bytes, PixelFormat::RGB)?;
    Ok(Picture {
        width: u32::try_from(image.width)?,
        height: u32::try_from(image.height)?,
        pixels: image.pixels,
    })
}

pub fn write(picture: &Picture, writing: Writing) -> Result<Vec<u8>> {
    let mut encoder = Compressor::new()?;
    encoder.set_quality(i32::from(writing.quality))?;
    encoder.set_subsamp(if writing.full_chroma {
        Subsamp::None
    } else {
        Subsamp::Sub2x2
    })?;
    encoder.set_optimize(writing.optimal_tables)?;
    encoder.set_progressive(writing.progressive)?;
    let image = Image {
        pixels: picture.pixels.as_slice(),
        width: picture.width as usize,
        pitch: picture.width as usize * 3,
        height: picture.height as usize,
        format: PixelFormat::RGB,
    };
    Ok(encoder.compress_to_vec(image)?)
}
