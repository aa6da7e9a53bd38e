//! Pixels → PNG: lossless, or with a palette.

use oxipng::{BitDepth, ColorType, Options, PngError, RGBA8, RawImage};

use crate::raster::{Layout, Raster};

/// A picture in at most 256 colours.
pub(super) struct Paletted {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) palette: Vec<[u8; 4]>,
    pub(super) indices: Vec<u8>,
}

impl Paletted {
    /// The same as pixels.
    pub(super) fn raster(&self) -> Raster {
        let opaque = self.palette.iter().all(|colour| colour[3] == 255);
        let colour = |index: &u8| {
            self.palette
                .get(usize::from(*index))
                .copied()
                .unwrap_or([0; 4])
        };
        let colours = self.indices.iter().map(colour);
        let (layout, pixels) = if opaque {
            (
                Layout::Rgb,
                colours.flat_map(|[r, g, b, _]| [r, g, b]).collect(),
            )
        } else {
            (Layout::Rgba, colours.flatten().collect())
        };
        Raster {
            width: self.width,
            height: self.height,
            layout,
            pixels,
        }
    }

    /// The file, without anything but what shows the picture.
    pub(super) fn png(&self) -> Result<Vec<u8>, PngError> {
        let palette = self
            .palette
            .iter()
            .map(|&[r, g, b, a]| RGBA8::new(r, g, b, a))
            .collect();
        write(
            self.width,
            self.height,
            ColorType::Indexed { palette },
            self.indices.clone(),
        )
    }
}

/// The lossless file: fewer bits, grey or a palette where that loses nothing.
pub(super) fn lossless(raster: &Raster) -> Result<Vec<u8>, PngError> {
    let kind = match raster.layout {
        Layout::Rgb => ColorType::RGB {
            transparent_color: None,
        },
        Layout::Rgba => ColorType::RGBA,
    };
    write(raster.width, raster.height, kind, raster.pixels.clone())
}

fn write(width: u32, height: u32, kind: ColorType, pixels: Vec<u8>) -> Result<Vec<u8>, PngError> {
    let mut options = Options::from_preset(effort(u64::from(width) * u64::from(height)));
    // What nobody sees may be any colour.
    options.optimize_alpha = true;
    RawImage::new(width, height, kind, BitDepth::Eight, pixels)?.create_optimized_png(&options)
}

/// More tries where they are cheap: by pixels, never by the clock, so that the bytes are the same on every machine.
const fn effort(pixels: u64) -> u8 {
    match pixels {
        0..=600_000 => 2,
        600_001..=2_500_000 => 1,
        _ => 0,
    }
}
