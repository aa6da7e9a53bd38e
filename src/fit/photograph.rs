//! Photographs to the engine and back: what the engine must be told, what its answer means.

use crate::code::Code;
use crate::content_type::ContentType;
use crate::fit::photo::{
    FittedPhoto, PhotoError, PhotoOptions, PhotoSource, fit_photo, photo_curve,
};
use crate::fit::{FitError, FitOptions, FittedImage, Source};
use crate::jpeg;
use crate::raster::{Conversion, Raster, conversion};
use crate::report::Finding;
use crate::units::ByteCount;

/// Fits a JPEG without ever leaving its coefficients for longer than it must.
pub(crate) fn fit_jpeg(
    source: Source<'_>,
    max: ByteCount,
    options: &FitOptions,
) -> Result<FittedImage, FitError> {
    let conversion = conversion(source.sniffed);
    let to_srgb = conversion.as_ref().map(Conversion::apply);
    let asked = PhotoOptions {
        orientation: source.sniffed.orientation,
        to_srgb: to_srgb.as_deref(),
        ..asked(max, options)
    };
    let photo =
        fit_photo(PhotoSource::Jpeg(source.bytes), &asked).map_err(|fault| refusal(fault, max))?;
    let mut findings = Vec::new();
    if conversion.is_some() {
        findings.push(Finding::note(
            Code::ColourConverted,
            "colours were converted to sRGB",
        ));
    }
    findings.extend(tolerated(photo.notes));
    Ok(image(photo, findings))
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
        let what = "transparency was laid on white: JPEG has none";
        findings.push(Finding::note(Code::TypeNotAccepted, what));
    }
    let flat = raster.flattened();
    let asked = |bytes: u64| PhotoOptions {
        force_444: full_chroma,
        ..asked(max.min(ByteCount::new(bytes)), options)
    };
    let grey = grey_of(&flat);
    let source = match &grey {
        Some(pixels) => PhotoSource::Gray {
            width: flat.width,
            height: flat.height,
            pixels,
        },
        None => rgb(&flat),
    };
    // What is not seen is not spent: an easy picture does not grow to its cap, a hard one may.
    let mut enough = (u64::from(flat.width) * u64::from(flat.height) * 3 / 5).max(LEAST_ENOUGH);
    let photo = loop {
        let photo = fit_photo(source, &asked(enough));
        let looks_whole = photo.as_ref().is_ok_and(|photo| {
            let side = photo.width_px.max(photo.height_px);
            let is_shown_whole = photo.scale >= 1.0 || side >= options.view_side.get();
            photo.quality >= EASY_QUALITY && is_shown_whole
        });
        if looks_whole || enough >= max.get() {
            break photo.map_err(|fault| refusal(fault, max))?;
        }
        enough = enough.saturating_mul(2);
    };
    Ok(image(photo, findings))
}

/// One byte a pixel, where no pixel has a colour.
fn grey_of(flat: &Raster) -> Option<Vec<u8>> {
    let pixels = flat.pixels.as_chunks::<3>().0;
    let grey = pixels.iter().all(|[r, g, b]| r == g && g == b);
    grey.then(|| pixels.iter().map(|pixel| pixel[0]).collect())
}

/// The visible error that is left at a few lengths, for sharing one budget.
pub(crate) fn curve_of_jpeg(
    source: Source<'_>,
    most: ByteCount,
    options: &FitOptions,
) -> Option<Vec<(u64, f64)>> {
    let conversion = conversion(source.sniffed);
    let to_srgb = conversion.as_ref().map(Conversion::apply);
    let asked = PhotoOptions {
        orientation: source.sniffed.orientation,
        to_srgb: to_srgb.as_deref(),
        ..asked(most, options)
    };
    photo_curve(PhotoSource::Jpeg(source.bytes), &asked, &points(most)).ok()
}

/// As [`curve_of_jpeg`], from pixels.
pub(crate) fn curve_of_raster(
    raster: &Raster,
    most: ByteCount,
    options: &FitOptions,
) -> Option<Vec<(u64, f64)>> {
    photo_curve(
        rgb(&raster.flattened()),
        &asked(most, options),
        &points(most),
    )
    .ok()
}

fn asked(max: ByteCount, options: &FitOptions) -> PhotoOptions<'static> {
    PhotoOptions {
        view_side_px: options.view_side.get(),
        max_side_px: options.max_side.map(crate::units::Pixels::get),
        min_side_px: options.min_side.get(),
        ..PhotoOptions::new(max.get())
    }
}

fn rgb(flat: &Raster) -> PhotoSource<'_> {
    PhotoSource::Rgb {
        width: flat.width,
        height: flat.height,
        pixels: &flat.pixels,
    }
}

/// Lengths to ask the curve at: each about two thirds of the one before, down to a thirtieth.
fn points(most: ByteCount) -> Vec<u64> {
    std::iter::successors(Some(most.get()), |&bytes| Some(bytes * 2 / 3))
        .take(9)
        .filter(|&bytes| bytes > 0)
        .collect()
}

fn image(photo: FittedPhoto, findings: Vec<Finding>) -> FittedImage {
    FittedImage {
        bytes: photo.bytes,
        content_type: ContentType::Jpeg,
        width_px: photo.width_px,
        height_px: photo.height_px,
        frames: 1,
        quality: Some(photo.quality),
        scale: photo.scale,
        probes: photo.probes,
        encodes: photo.encodes,
        findings,
    }
}

fn tolerated(notes: jpeg::Notes) -> Option<Finding> {
    let mut said = Vec::new();
    if notes.missing_end {
        said.push("its end marker was missing".to_owned());
    }
    if notes.trailing_bytes > 0 {
        said.push(format!(
            "{} behind its end were dropped",
            ByteCount::new(notes.trailing_bytes)
        ));
    }
    if notes.stray_bytes {
        said.push("stray bytes between its segments were dropped".to_owned());
    }
    if notes.wrong_density {
        said.push("its pixel density was zero or in an unknown unit".to_owned());
    }
    (!said.is_empty()).then(|| {
        Finding::note(
            Code::Corrupt,
            format!("read whole all the same: {}", said.join(", ")),
        )
    })
}

fn refusal(fault: PhotoError, max: ByteCount) -> FitError {
    let finding = match fault {
        PhotoError::CannotFit {
            nearest_bytes,
            at_width_px,
            at_height_px,
        } => {
            return FitError::CannotFit {
                limit: max,
                nearest: ByteCount::new(nearest_bytes),
                width_px: at_width_px,
                height_px: at_height_px,
            };
        }
        PhotoError::Jpeg(jpeg::Error::OverLimit {
            what,
            value,
            allowed,
        }) => Finding::refused(
            Code::WorkOverLimit,
            format!("{value} {what} to read, {allowed} allowed"),
        )
        .observed("work", value)
        .allowed("work", allowed)
        .help("save it anew as an ordinary JPEG"),
        PhotoError::Jpeg(jpeg::Error::Unsupported(process)) => Finding::refused(
            Code::CodecNotAccepted,
            format!("a rare kind of JPEG that phones do not show either: {process}"),
        )
        .help("save it anew as an ordinary JPEG"),
        PhotoError::Jpeg(damage) => Finding::refused(Code::Corrupt, damage.to_string())
            .help("open it in a viewer: the upload is damaged or incomplete, ask for it again"),
        ours @ (PhotoError::NeedsConversion | PhotoError::WrongPixelLength) => {
            Finding::refused(Code::InternalFault, ours.to_string()).help("please report it")
        }
    };
    FitError::Refused {
        finding: Box::new(finding),
    }
}

/// The quality from which on an encode from pixels leaves nothing to be seen.
const EASY_QUALITY: u8 = 92;
/// The bytes below which a small picture is never held back.
const LEAST_ENOUGH: u64 = 20_000;
