//! Which fitter a picture goes to: photograph, graphic or animation.

use crate::check::is_decodable;
use crate::content_type::ContentType;
use crate::fit::budget::Curve;
use crate::fit::{FitError, FitOptions, FittedImage, Source, animation, graphics, photograph};
use crate::prepare::Choices;
use crate::raster::{self, Raster};
use crate::report::{Finding, Outcome};
use crate::units::ByteCount;

/// Keeps a picture that needs nothing, else makes it anew.
pub(crate) fn fit_picture(
    source: Source<'_>,
    max: ByteCount,
    options: &FitOptions,
) -> Result<FittedImage, FitError> {
    match keep(source, max, options) {
        Some(kept) => Ok(kept),
        None => make_anew(source, max, options),
    }
}

/// The original, byte for byte, where nothing has to change.
fn keep(source: Source<'_>, max: ByteCount, options: &FitOptions) -> Option<FittedImage> {
    let sniffed = source.sniffed;
    let content_type = sniffed.content_type?;
    let (width_px, height_px) = (sniffed.width_px?, sniffed.height_px?);
    let keeps = ByteCount::of(source.bytes) <= max
        && options.accept.contains(&content_type)
        && sniffed.orientation == 1
        && !sniffed.has_location
        && sniffed
            .findings
            .iter()
            .all(|finding| finding.outcome == Outcome::Noted)
        && !matches!(sniffed.colour, Some("cmyk" | "ycck"))
        && options
            .max_side
            .is_none_or(|side| width_px.max(height_px) <= side.get());
    keeps.then(|| FittedImage {
        bytes: source.bytes.to_vec(),
        content_type,
        width_px,
        height_px,
        frames: sniffed.frames.unwrap_or(1),
        quality: None,
        scale: 1.0,
        probes: 0,
        encodes: 0,
        findings: Vec::new(),
    })
}

/// Decodes the picture and writes it anew: upright, in sRGB, without metadata, under `max` bytes.
pub(crate) fn make_anew(
    source: Source<'_>,
    max: ByteCount,
    options: &FitOptions,
) -> Result<FittedImage, FitError> {
    let content_type = decodable(source)?;
    // Of a HEIF with a sequence beside its picture the picture is decoded, and the rest is named.
    let plays = matches!(
        content_type,
        ContentType::Gif | ContentType::WebP | ContentType::Png
    );
    if plays && source.sniffed.is_animated() {
        return animate(source, max, options);
    }
    if content_type == ContentType::Jpeg && options.accept.contains(&ContentType::Jpeg) {
        return photograph::fit_jpeg(source, max, options);
    }
    let raster = decode(source, options)?;
    fit_raster(&raster, max, options)
}

/// A still from pixels: as a graphic where it is one or can be transparent, else as a photograph.
fn fit_raster(
    raster: &Decoded,
    max: ByteCount,
    options: &FitOptions,
) -> Result<FittedImage, FitError> {
    let takes = |kind| options.accept.contains(&kind);
    let mut fitted = if takes(ContentType::Png)
        && (raster.raster.has_alpha() || raster::is_graphic(&raster.raster))
    {
        let mut jpeg = |raster: &Raster, limit: u64| {
            let jpeg = takes(ContentType::Jpeg)
                .then(|| photograph::fit_raster(raster, ByteCount::new(limit), options, true));
            jpeg.and_then(Result::ok)
        };
        graphics::fit_graphic(&raster.raster, max.get(), options, &mut jpeg)?
    } else {
        photograph::fit_raster(&raster.raster, max, options, false)?
    };
    fitted
        .findings
        .splice(0..0, raster.findings.iter().cloned());
    Ok(fitted)
}

fn animate(
    source: Source<'_>,
    max: ByteCount,
    options: &FitOptions,
) -> Result<FittedImage, FitError> {
    match animation::fit_animation(source, max.get(), options) {
        Err(_) if options.still_allowed => {
            let raster = decode(source, options)?;
            let mut still = fit_raster(&raster, max, options)?;
            still.findings.push(Finding::warning(
                crate::code::Code::AnimationNotAccepted,
                format!(
                    "a still of the first of {} frames is sent, as was allowed",
                    source.sniffed.frames.unwrap_or(0)
                ),
            ));
            Ok(still)
        }
        other => other,
    }
}

/// How the picture's visible error falls with the bytes it is given, up to `most` bytes.
///
/// A picture that cannot be judged gets a flat curve: it is then given an equal share, and its own fit will tell.
pub(crate) fn curve(source: Source<'_>, most: ByteCount, choices: &Choices) -> Curve {
    let options = FitOptions {
        view_side: choices.view_side,
        max_side: choices.max_side,
        ..FitOptions::default()
    };
    let points = match decodable(source) {
        Ok(ContentType::Jpeg) => photograph::curve_of_jpeg(source, most, &options),
        Ok(_) if source.sniffed.is_animated() => None,
        Ok(_) => decode(source, &options)
            .ok()
            .and_then(|decoded| photograph::curve_of_raster(&decoded.raster, most, &options)),
        Err(_) => None,
    };
    Curve::through(points.unwrap_or_else(|| vec![(most.get().min(source.bytes.len() as u64), 0.0)]))
}

/// What was done, in the report's word.
pub(crate) fn action(image: &FittedImage, before: ContentType) -> &'static str {
    if image.content_type != before {
        "transcoded"
    } else if image.scale < 1.0 {
        "downscaled"
    } else {
        "requantised"
    }
}

struct Decoded {
    raster: Raster,
    findings: Vec<Finding>,
}

fn decode(source: Source<'_>, options: &FitOptions) -> Result<Decoded, FitError> {
    let side = options
        .max_side
        .map_or(options.view_side, |side| side.min(options.view_side));
    let limits = raster::Limits {
        drawing_side_px: side.get().max(1),
        ..raster::Limits::default()
    };
    match raster::decode(source.bytes, source.sniffed, &limits) {
        Ok((raster, findings)) => Ok(Decoded { raster, findings }),
        Err(finding) => Err(FitError::Refused {
            finding: Box::new(finding),
        }),
    }
}

fn decodable(source: Source<'_>) -> Result<ContentType, FitError> {
    let found = source.sniffed.content_type;
    found
        .filter(|&kind| is_decodable(kind))
        .ok_or(FitError::Unsupported {
            content_type: found.map_or("an unknown type", ContentType::mime),
        })
}
