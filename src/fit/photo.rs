//! Photographs under their bytes: JPEG, by scale and quality together.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::check::is_decodable;
use crate::code::Code;
use crate::content_type::ContentType;
use crate::fit::{FitError, FitOptions, FittedImage, Source};
use crate::raster::{self, Raster, resize};
use crate::report::Finding;
use crate::units::ByteCount;

/// Fits a JPEG.
pub(crate) fn fit_jpeg(
    source: Source<'_>,
    max: ByteCount,
    options: &FitOptions,
) -> Result<FittedImage, FitError> {
    let decoded = raster::decode(source.bytes, source.sniffed, &raster::Limits::default());
    let (raster, findings) = decoded.map_err(|finding| FitError::Refused {
        finding: Box::new(finding),
    })?;
    let mut fitted = fit_raster(&raster, max, options, false)?;
    fitted.findings.splice(0..0, findings);
    Ok(fitted)
}

/// Fits pixels as a JPEG; what is transparent is laid on white, and said.
pub(crate) fn fit_raster(
    raster: &Raster,
    max: ByteCount,
    options: &FitOptions,
    full_chroma: bool,
) -> Result<FittedImage, FitError> {
    let mut findings = Vec::new();
    if raster.has_alpha() {
        findings.push(Finding::note(
            Code::TypeNotAccepted,
            "transparency was laid on white: JPEG has none",
        ));
    }
    let flat = raster.flattened();
    let mut probes = 0;
    let mut nearest = None;
    for side in sides(&flat, options) {
        let scaled = at_side(&flat, side);
        let floor = if side > options.min_side.get() * 2 {
            WANTED_QUALITY
        } else {
            LEAST_QUALITY
        };
        let sampling = if full_chroma {
            SamplingFactor::F_1_1
        } else {
            SamplingFactor::F_2_2
        };
        let mut encode = |quality| {
            probes += 1;
            encode(&scaled, quality, sampling)
        };
        let least = encode(floor)?;
        if ByteCount::of(&least) > max {
            nearest = Some((least.len() as u64, scaled.width, scaled.height));
            continue;
        }
        let (mut best, mut quality) = (least, floor);
        let (mut low, mut high) = (floor, BEST_QUALITY + 1);
        while high - low > 1 {
            let middle = low.midpoint(high);
            let tried = encode(middle)?;
            if ByteCount::of(&tried) <= max {
                (best, quality, low) = (tried, middle, middle);
            } else {
                high = middle;
            }
        }
        return Ok(FittedImage {
            bytes: best,
            content_type: ContentType::Jpeg,
            width_px: scaled.width,
            height_px: scaled.height,
            frames: 1,
            quality: Some(quality),
            scale: f64::from(scaled.width) / f64::from(flat.width),
            probes,
            encodes: probes,
            findings,
        });
    }
    let (bytes, width_px, height_px) = nearest.unwrap_or((0, flat.width, flat.height));
    Err(FitError::CannotFit {
        limit: max,
        nearest: ByteCount::new(bytes),
        width_px,
        height_px,
    })
}

/// The error left at a few lengths, for sharing one budget: what a JPEG of this picture needs at each quality.
pub(crate) fn curve_of_jpeg(
    source: Source<'_>,
    most: ByteCount,
    options: &FitOptions,
) -> Option<Vec<(u64, f64)>> {
    source
        .sniffed
        .content_type
        .filter(|&kind| is_decodable(kind))?;
    let (raster, _) =
        raster::decode(source.bytes, source.sniffed, &raster::Limits::default()).ok()?;
    curve_of_raster(&raster, most, options)
}

/// As [`curve_of_jpeg`], from pixels.
pub(crate) fn curve_of_raster(
    raster: &Raster,
    most: ByteCount,
    options: &FitOptions,
) -> Option<Vec<(u64, f64)>> {
    let side = raster.width.max(raster.height).min(options.view_side.get());
    let scaled = at_side(&raster.flattened(), side);
    let mut points = Vec::new();
    for quality in [95, 85, 70, 50, 30, 15] {
        let length = encode(&scaled, quality, SamplingFactor::F_2_2).ok()?.len() as u64;
        // The quantiser's step on the usual scale of qualities, which is what a viewer sees as coarseness.
        let step = if quality >= 50 {
            2.0 - f64::from(quality) / 50.0
        } else {
            50.0 / f64::from(quality)
        };
        points.push((length.min(most.get()), step));
    }
    Some(points)
}

/// Long sides to try, the longest first: each has about two thirds of the pixels of the one before.
fn sides(raster: &Raster, options: &FitOptions) -> Vec<u32> {
    let own = raster.width.max(raster.height);
    let most = options.max_side.map_or(own, |side| own.min(side.get()));
    // More samples than the screen shows, and a third: a zoom is served, the rest is thrown away by the phone.
    let first = most
        .min(options.view_side.get().saturating_mul(4) / 3)
        .max(1);
    let least = options.min_side.get().min(first);
    let mut sides = vec![first];
    let mut side = first;
    while side > least {
        side = (u64::from(side) * 82 / 100)
            .max(u64::from(least))
            .try_into()
            .unwrap_or(least);
        sides.push(side);
    }
    sides
}

fn at_side(raster: &Raster, side: u32) -> Raster {
    let long = raster.width.max(raster.height).max(1);
    let scaled = |length: u32| {
        let exact = (u64::from(length) * u64::from(side) + u64::from(long) / 2) / u64::from(long);
        u32::try_from(exact).unwrap_or(length).max(1)
    };
    resize(raster, scaled(raster.width), scaled(raster.height))
}

fn encode(raster: &Raster, quality: u8, sampling: SamplingFactor) -> Result<Vec<u8>, FitError> {
    let fault = |what: String| FitError::Refused {
        finding: Box::new(Finding::refused(Code::InternalFault, what).help("please report it")),
    };
    let side = |length: u32| {
        u16::try_from(length).map_err(|_| fault(format!("{length} px are too long for a JPEG")))
    };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(sampling);
    encoder.set_optimized_huffman_tables(true);
    encoder
        .encode(
            &raster.pixels,
            side(raster.width)?,
            side(raster.height)?,
            ColorType::Rgb,
        )
        .map_err(|refusal| fault(refusal.to_string()))?;
    Ok(bytes)
}

/// The quality that a picture must reach before a smaller one is tried.
const WANTED_QUALITY: u8 = 72;

/// The quality below which the smallest picture is not worth sending.
const LEAST_QUALITY: u8 = 25;

/// More is not seen.
const BEST_QUALITY: u8 = 95;
