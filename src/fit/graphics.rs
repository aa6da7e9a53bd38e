//! Screens, flyers, codes and stickers: lossless while it fits, so that text stays legible.

use oxipng::{BitDepth, ColorType, Options, RawImage};

use crate::content_type::ContentType;
use crate::fit::{FitError, FitOptions, FittedImage};
use crate::raster::{Layout, Raster, resize};
use crate::units::ByteCount;

/// Fits a graphic: the lossless PNG at its own size first, then a JPEG at full chroma if that keeps more of the
/// picture, then smaller PNGs.
pub(crate) fn fit_graphic(
    raster: &Raster,
    limit: u64,
    options: &FitOptions,
    jpeg: &mut dyn FnMut(&Raster, u64) -> Option<FittedImage>,
) -> Result<FittedImage, FitError> {
    let own = raster.width.max(raster.height);
    let most = options.max_side.map_or(own, |side| own.min(side.get()));
    let mut probes = 0;
    let mut nearest = (0, raster.width, raster.height);
    let mut side = most;
    loop {
        let scaled = at_side(raster, side);
        let png = encode(&scaled)?;
        probes += 1;
        nearest = (png.len() as u64, scaled.width, scaled.height).min_by_length(nearest);
        if png.len() as u64 <= limit {
            return Ok(FittedImage {
                bytes: png,
                content_type: ContentType::Png,
                width_px: scaled.width,
                height_px: scaled.height,
                frames: 1,
                quality: None,
                scale: f64::from(scaled.width) / f64::from(raster.width.max(1)),
                probes,
                encodes: probes,
                findings: Vec::new(),
            });
        }
        // An opaque picture loses less to a good JPEG at this size than to half the pixels.
        if !raster.has_alpha()
            && let Some(fitted) = jpeg(&scaled, limit)
            && fitted.width_px == scaled.width
        {
            return Ok(FittedImage {
                scale: f64::from(fitted.width_px) / f64::from(raster.width.max(1)),
                ..fitted
            });
        }
        if side <= options.min_side.get() {
            break;
        }
        side = (u64::from(side) * 3 / 4)
            .try_into()
            .unwrap_or(side)
            .max(options.min_side.get());
    }
    // Transparency is given up before the picture is.
    jpeg(raster, limit).ok_or(FitError::CannotFit {
        limit: ByteCount::new(limit),
        nearest: ByteCount::new(nearest.0),
        width_px: nearest.1,
        height_px: nearest.2,
    })
}

trait Nearest {
    fn min_by_length(self, other: Self) -> Self;
}

impl Nearest for (u64, u32, u32) {
    fn min_by_length(self, other: Self) -> Self {
        if other.0 == 0 || self.0 < other.0 {
            self
        } else {
            other
        }
    }
}

fn at_side(raster: &Raster, side: u32) -> Raster {
    let long = raster.width.max(raster.height).max(1);
    let scaled = |length: u32| {
        u32::try_from((u64::from(length) * u64::from(side)).div_ceil(u64::from(long)))
            .unwrap_or(length)
            .max(1)
    };
    resize(raster, scaled(raster.width), scaled(raster.height))
}

fn encode(raster: &Raster) -> Result<Vec<u8>, FitError> {
    let kind = match raster.layout {
        Layout::Rgb => ColorType::RGB {
            transparent_color: None,
        },
        Layout::Rgba => ColorType::RGBA,
    };
    let fault = |what: String| FitError::Refused {
        finding: Box::new(crate::report::Finding::refused(
            crate::code::Code::InternalFault,
            what,
        )),
    };
    let image = RawImage::new(
        raster.width,
        raster.height,
        kind,
        BitDepth::Eight,
        raster.pixels.clone(),
    )
    .map_err(|refusal| fault(refusal.to_string()))?;
    image
        .create_optimized_png(&Options::from_preset(2))
        .map_err(|refusal| fault(refusal.to_string()))
}
