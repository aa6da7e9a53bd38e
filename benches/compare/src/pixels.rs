//! Pictures as interleaved RGB: resampled, and compared as a phone's screen shows them.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

/// Long side of the screen, in px, on which pictures are compared.
pub const VIEW_SIDE: u32 = 1440;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Clone)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<u8>,
}

impl Picture {
    /// Resampled with Lanczos 3.
    pub fn resized(&self, width: u32, height: u32) -> Result<Self> {
        if (width, height) == (self.width, self.height) {
            return Ok(self.clone());
        }
        let source = ImageRef::new(self.width, self.height, &self.pixels, PixelType::U8x3)?;
        let mut target = Image::new(width, height, PixelType::U8x3);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
        Resizer::new().resize(&source, &mut target, &options)?;
        Ok(Self {
            width,
            height,
            pixels: target.into_vec(),
        })
    }

    /// SSIMULACRA2 of `other` against this original, both at `size`.
    pub fn score(&self, other: &Self, size: (u32, u32)) -> Result<f64> {
        let linear = |picture: &Self| -> Result<Rgb> {
            let shown = picture.resized(size.0, size.1)?;
            let floats = shown.pixels.as_chunks::<3>().0.iter();
            let floats = floats.map(|pixel| pixel.map(|value| f32::from(value) / 255.0));
            Ok(Rgb::new(
                floats.collect(),
                size.0 as usize,
                size.1 as usize,
                TransferCharacteristic::SRGB,
                ColorPrimaries::BT709,
            )?)
        };
        Ok(compute_frame_ssimulacra2(linear(self)?, linear(other)?)?)
    }
}

/// The size in which a picture fits a square, never enlarged.
pub fn boxed(width: u32, height: u32, side: u32) -> (u32, u32) {
    let long = width.max(height);
    if long <= side {
        return (width, height);
    }
    let part = |length: u32| {
        let scaled = f64::from(length) * f64::from(side) / f64::from(long);
        (scaled.round() as u32).max(1)
    };
    (part(width), part(height))
}
