//! Fewer samples of the same picture.

use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::raster::{Layout, Raster};

/// The picture at `width` × `height`, which must not exceed its own size: nothing is ever scaled up.
///
/// Transparent pixels do not bleed into their neighbours: alpha is multiplied in for the work and divided out again.
pub(crate) fn resize(raster: &Raster, width: u32, height: u32) -> Raster {
    let (width, height) = (width.clamp(1, raster.width), height.clamp(1, raster.height));
    if (width, height) == (raster.width, raster.height) {
        return raster.clone();
    }
    let kind = match raster.layout {
        Layout::Rgb => PixelType::U8x3,
        Layout::Rgba => PixelType::U8x4,
    };
    let resized = Image::from_vec_u8(raster.width, raster.height, raster.pixels.clone(), kind)
        .ok()
        .and_then(|source| {
            let mut target = Image::new(width, height, kind);
            let options =
                ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
            Resizer::new().resize(&source, &mut target, &options).ok()?;
            Some(target.into_vec())
        });
    match resized {
        Some(pixels) => Raster {
            width,
            height,
            layout: raster.layout,
            pixels,
        },
        // A raster's length always matches its size, so that the resizer has nothing to refuse.
        None => raster.clone(),
    }
}
