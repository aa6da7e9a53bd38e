//! Which fitter a picture goes to: photograph, graphic or animation.

use crate::check::is_decodable;
use crate::code::Code;
use crate::content_type::ContentType;
use crate::fit::budget::Curve;
use crate::fit::{
    FitError, FitOptions, FittedImage, Source, animation, graphics, photograph, strip,
};
use crate::guard::guarded;
use crate::raster::{self, Raster};
use crate::report::{Finding, Outcome};
use crate::sniff::Sniffed;
use crate::units::ByteCount;

/// Keeps a picture that needs nothing, else makes it anew.
pub(crate) fn fit_picture(
    source: Source<'_>,
    max: ByteCount,
    options: &FitOptions,
) -> Result<FittedImage, FitError> {
    if let Some(kept) = keep(source, max, options) {
        return Ok(kept);
    }
    let grown = source
        .sniffed
        .content_type
        .is_none_or(|own| !options.accept.contains(&own));
    make_within(source, max, grown, options)
}

/// The original, byte for byte, where nothing has to change but what is no picture in it: a place is left out.
fn keep(source: Source<'_>, max: ByteCount, options: &FitOptions) -> Option<FittedImage> {
    let sniffed = source.sniffed;
    let content_type = sniffed.content_type?;
    let (width_px, height_px) = (sniffed.width_px?, sniffed.height_px?);
    let keeps = options.accept.contains(&content_type)
        && sniffed.orientation == 1
        && sniffed
            .findings
            .iter()
            .all(|finding| finding.outcome == Outcome::Noted)
        && !matches!(sniffed.colour, Some("cmyk" | "ycck"))
        && options
            .max_side
            .is_none_or(|side| width_px.max(height_px) <= side.get());
    if !keeps {
        return None;
    }
    let bytes = if sniffed.has_location {
        strip::strip(source.bytes, sniffed)?
    } else if ByteCount::of(source.bytes) <= max {
        source.bytes.to_vec()
    } else {
        return None;
    };
    let fits = ByteCount::of(&bytes) <= max;
    fits.then(|| FittedImage {
        bytes,
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

/// Made anew, and no larger than its source where it has `grown` no right to be: a change of type may cost bytes.
pub(crate) fn make_within(
    source: Source<'_>,
    max: ByteCount,
    grown: bool,
    options: &FitOptions,
) -> Result<FittedImage, FitError> {
    let own = ByteCount::of(source.bytes);
    if grown || max <= own {
        return make_anew(source, max, options);
    }
    match make_anew(source, own, options) {
        // A few pixels, packed better than ours: rather some bytes more than none.
        Err(FitError::CannotFit { .. }) => make_anew(source, max, options),
        made => made,
    }
}

/// Decodes the picture and writes it anew: upright, in sRGB, without metadata, under `max` bytes.
pub(crate) fn make_anew(
    source: Source<'_>,
    max: ByteCount,
    options: &FitOptions,
) -> Result<FittedImage, FitError> {
    let content_type = decodable(source)?;
    if plays(content_type) && source.sniffed.is_animated() {
        return animate(source, max, options);
    }
    if content_type == ContentType::Jpeg && options.accept.contains(&ContentType::Jpeg) {
        return photograph::fit_jpeg(source, max, options);
    }
    if content_type == ContentType::CameraRaw && options.accept.contains(&ContentType::Jpeg) {
        return fit_preview(source, max, options);
    }
    let raster = decode(source, options)?;
    let is_photograph = is_from_a_camera(content_type, &raster.raster);
    fit_raster(&raster, is_photograph, max, options)
}

/// Whether a picture comes from a camera: of a type that cameras write, and larger than any phone's screen.
///
/// The coding of these types smooths even grounds to equal pixels, which by their counting would be a drawing's.
const fn is_from_a_camera(content_type: ContentType, raster: &Raster) -> bool {
    let is_written_by_them = matches!(
        content_type,
        ContentType::Heic | ContentType::Heif | ContentType::Avif
    );
    is_written_by_them && raster.width as u64 * raster.height as u64 >= LARGER_THAN_SCREENS
}

/// A raw photograph's own JPEG: as it is where it lies upright and fits, without its metadata; else fitted.
fn fit_preview(
    source: Source<'_>,
    max: ByteCount,
    options: &FitOptions,
) -> Result<FittedImage, FitError> {
    let preview = raster::raw_preview(source.bytes, source.sniffed, &raster::Limits::default())
        .map_err(|finding| FitError::Refused {
            finding: Box::new(finding),
        })?;
    let sniffed = Sniffed {
        // What is not for sending is left out of it in any case.
        has_location: true,
        ..preview.sniffed
    };
    let source = Source {
        bytes: preview.bytes,
        sniffed: &sniffed,
    };
    let mut fitted = match keep(source, max, options) {
        Some(kept) => kept,
        None => make_within(source, max, false, options)?,
    };
    fitted.findings.insert(0, preview.finding);
    if sniffed.orientation != 1 {
        fitted.findings.push(Finding::note(
            Code::OrientationApplied,
            format!(
                "orientation {} was applied to the pixels",
                sniffed.orientation
            ),
        ));
    }
    Ok(fitted)
}

/// Whether the frames of such a picture are one animation. Of a HEIF with a sequence beside its picture the picture is
/// decoded, and the rest is named.
pub(crate) const fn plays(content_type: ContentType) -> bool {
    matches!(
        content_type,
        ContentType::Gif | ContentType::WebP | ContentType::Png
    )
}

/// A still from pixels: as a graphic where it is one or can be transparent, else as a photograph.
fn fit_raster(
    raster: &Decoded,
    is_photograph: bool,
    max: ByteCount,
    options: &FitOptions,
) -> Result<FittedImage, FitError> {
    let takes = |kind| options.accept.contains(&kind);
    if !takes(ContentType::Png) && !takes(ContentType::Jpeg) {
        let refused = Finding::refused(
            Code::TypeNotAccepted,
            "a still can be made a JPEG or a PNG, and neither is accepted",
        )
        .help("accept one of them, or send it as it is");
        return Err(FitError::Refused {
            finding: Box::new(refused),
        });
    }
    let mut fitted = if takes(ContentType::Png)
        && (!takes(ContentType::Jpeg)
            || raster.raster.has_alpha()
            || (!is_photograph && raster::is_graphic(&raster.raster)))
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
            let mut still = fit_raster(&raster, false, max, options)?;
            still.findings.push(Finding::warning(
                Code::AnimationNotAccepted,
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
pub(crate) fn curve(source: Source<'_>, most: ByteCount, options: &FitOptions) -> Curve {
    let points = guarded(|| Ok(points(source, most, options)));
    let flat = || vec![(most.get().min(source.bytes.len() as u64), 0.0)];
    Curve::through(points.ok().flatten().unwrap_or_else(flat))
}

fn points(source: Source<'_>, most: ByteCount, options: &FitOptions) -> Option<Vec<(u64, f64)>> {
    match decodable(source).ok()? {
        ContentType::Jpeg => photograph::curve_of_jpeg(source, most, options),
        _ if source.sniffed.is_animated() => None,
        _ => {
            let decoded = decode(source, options).ok()?;
            photograph::curve_of_raster(&decoded.raster, most, options)
        }
    }
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
    // Pictures inside of other files come here without a check before.
    let refused = |finding: &&Finding| finding.outcome == Outcome::Refused;
    if let Some(finding) = source.sniffed.findings.iter().find(refused) {
        return Err(FitError::Refused {
            finding: Box::new(finding.clone()),
        });
    }
    let found = source.sniffed.content_type;
    found
        .filter(|&kind| is_decodable(kind))
        .ok_or(FitError::Unsupported {
            content_type: found.map_or("an unknown type", ContentType::mime),
        })
}

/// Pixels: the largest screens of phones have 5 million.
const LARGER_THAN_SCREENS: u64 = 6_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Layout;

    #[test]
    fn an_even_picture_of_a_camera_is_a_photograph_and_one_of_a_screen_is_not() {
        let even = |width: u32, height: u32| Raster {
            width,
            height,
            layout: Layout::Rgb,
            pixels: Vec::new(),
        };
        assert!(is_from_a_camera(ContentType::Heic, &even(4_032, 3_024)));
        assert!(!is_from_a_camera(ContentType::Heic, &even(1_440, 3_120)));
        assert!(!is_from_a_camera(ContentType::Png, &even(4_032, 3_024)));
    }
}
