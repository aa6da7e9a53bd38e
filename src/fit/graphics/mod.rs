//! Screens, flyers, codes and stickers: lossless while it fits, then what looks best, so that text stays legible.

use image::ImageFormat;

use crate::code::Code;
use crate::content_type::ContentType;
use crate::fit::{FitError, FitOptions, FittedImage};
use crate::raster::{Layout, Raster, resize};
use crate::report::Finding;
use crate::units::ByteCount;

mod judge;
mod png;
mod reduce;

use judge::Judge;

/// Palettes that are tried, the richest first.
const COLOURS: [u16; 11] = [256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8];

/// Each size tried is this share of the one before.
const SMALLER: f64 = 0.8;

/// An error that nobody sees: nothing better is looked for.
const CLEAR: f64 = 0.002;

/// Sizes tried between the best and the next larger one, to fill the cap.
const REFINEMENTS: u32 = 3;

/// A JPEG from pixels under a byte limit, at full chroma; `None` where there is none.
pub(crate) type JpegFit<'a> = dyn FnMut(&Raster, u64) -> Option<FittedImage> + 'a;

/// Fits a graphic: the lossless PNG where it fits; else of palette PNGs, smaller PNGs and a JPEG at full chroma the one
/// that looks best on the screen that it is meant for.
///
/// What is transparent stays so while any PNG fits, and is laid on white after that.
///
/// # Errors
///
/// [`FitError::CannotFit`] where nothing of at least the least side is under the limit.
pub(crate) fn fit_graphic(
    raster: &Raster,
    limit: u64,
    options: &FitOptions,
    jpeg: &mut JpegFit<'_>,
) -> Result<FittedImage, FitError> {
    let own = raster.width.max(raster.height);
    let most = options
        .max_side
        .map_or(own, |side| own.min(side.get()))
        .max(1);
    let full = at_side(raster, most);
    let mut tries = Tries {
        raster,
        limit,
        judge: None,
        best: None,
        nearest: None,
        plainest: None,
        last_bytes: 0,
        encodes: 0,
    };
    let lossless = png::lossless(&full).map_err(fault)?;
    let lossless_bytes = lossless.len() as u64;
    if let Some(file) = tries.within(lossless, &full) {
        return Ok(tries.image(file, &full));
    }
    let judge = Judge::new(&full, options.view_side.get());
    tries.judge = Some(&judge);
    let least = options.min_side.get().min(most);
    let mut side = most;
    let mut sizes_with_a_fit = 0;
    loop {
        let share = f64::from(side) / f64::from(most);
        // Lengths fall about as pixels do: a size whose plainest palette is far from fitting is passed over unwritten.
        if side > least && tries.is_out_of_reach(side) {
            side = smaller(side).max(least);
            continue;
        }
        let scaled = at_side(raster, side);
        let mut fits = false;
        if side < most && lossless_bytes as f64 * share * share < limit as f64 * 1.2 {
            fits = tries.take(Kind::Lossless, &scaled)?;
        }
        // A lossless picture of this size leaves nothing for a palette to gain.
        if !fits && tries.palettes(&scaled, false)? {
            fits = true;
            if !tries.is_clear() {
                tries.palettes(&scaled, true)?;
            }
        }
        if side == most
            && !raster.has_alpha()
            && !tries.is_clear()
            && let Some(photo) = jpeg(&full, limit)
        {
            tries.take_jpeg(photo);
        }
        sizes_with_a_fit += u32::from(fits);
        // Text is kept large: one size below the first that fits is looked at, none below that.
        if sizes_with_a_fit >= 2 || side <= least || tries.is_clear() {
            break;
        }
        side = smaller(side).max(least);
    }
    tries.refine(most)?;
    if let Some(best) = tries.best.take() {
        return Ok(FittedImage {
            encodes: tries.encodes,
            probes: tries.encodes,
            ..best.image
        });
    }
    // Transparency is given up before the picture is.
    if raster.has_alpha()
        && let Some(mut photo) = jpeg(&full, limit)
    {
        photo.scale = scale(photo.width_px, raster);
        let said = photo
            .findings
            .iter()
            .any(|finding| finding.code == Code::TypeNotAccepted);
        if !said {
            photo.findings.push(Finding::note(
                Code::TypeNotAccepted,
                "transparency was laid on white: no PNG of a useful size fits",
            ));
        }
        return Ok(photo);
    }
    let (nearest, width_px, height_px) = tries.nearest.unwrap_or((0, raster.width, raster.height));
    Err(FitError::CannotFit {
        limit: ByteCount::new(limit),
        nearest: ByteCount::new(nearest),
        width_px,
        height_px,
    })
}

/// What was tried, and the best of it.
struct Tries<'a> {
    raster: &'a Raster,
    limit: u64,
    judge: Option<&'a Judge>,
    best: Option<Best>,
    /// The shortest file that did not fit, and its size.
    nearest: Option<(u64, u32, u32)>,
    /// The smallest size whose plainest palette did not fit, and its length.
    plainest: Option<(u32, u64)>,
    /// Of the file written last, whether it fitted or not.
    last_bytes: u64,
    encodes: u32,
}

struct Best {
    error: f64,
    kind: Kind,
    image: FittedImage,
}

/// How a candidate was made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lossless,
    Palette { colours: u16, dithered: bool },
    Jpeg,
}

impl Tries<'_> {
    /// Counts a file; gives it back if it is within the limit.
    fn within(&mut self, file: Vec<u8>, shown: &Raster) -> Option<Vec<u8>> {
        self.encodes += 1;
        let bytes = file.len() as u64;
        self.last_bytes = bytes;
        if bytes <= self.limit {
            return Some(file);
        }
        if self.nearest.is_none_or(|(least, ..)| bytes < least) {
            self.nearest = Some((bytes, shown.width, shown.height));
        }
        None
    }

    /// Whether nobody can see what is wrong with the best.
    fn is_clear(&self) -> bool {
        self.best.as_ref().is_some_and(|best| best.error < CLEAR)
    }

    /// Makes a candidate and weighs it, if it fits.
    fn take(&mut self, kind: Kind, scaled: &Raster) -> Result<bool, FitError> {
        let (file, reduced) = match kind {
            Kind::Lossless => (png::lossless(scaled), None),
            Kind::Palette { colours, dithered } => {
                match reduce::reduce(scaled, colours, dithered) {
                    Some(reduced) => (reduced.png(), Some(reduced)),
                    None => return Ok(false),
                }
            }
            Kind::Jpeg => return Ok(false),
        };
        let Some(file) = self.within(file.map_err(fault)?, scaled) else {
            return Ok(false);
        };
        let image = self.image(file, scaled);
        match reduced {
            Some(reduced) => self.weigh(&reduced.raster(), kind, image),
            None => self.weigh(scaled, kind, image),
        }
        Ok(true)
    }

    /// Whether even the plainest palette is far over the limit at this size.
    fn is_out_of_reach(&self, side: u32) -> bool {
        self.plainest.is_some_and(|(tried, bytes)| {
            let share = f64::from(side) / f64::from(tried);
            bytes as f64 * share * share > self.limit as f64 * 2.0
        })
    }

    /// The richest palette that fits at this size, if one does.
    fn palettes(&mut self, scaled: &Raster, dithered: bool) -> Result<bool, FitError> {
        let kind = |at: usize| Kind::Palette {
            colours: COLOURS[at],
            dithered,
        };
        let last = COLOURS.len() - 1;
        // The plainest first: where it does not fit, nothing else of this size does.
        if !self.take(kind(last), scaled)? {
            let side = scaled.width.max(scaled.height);
            self.plainest = Some((side, self.last_bytes));
            return Ok(false);
        }
        if self.take(kind(0), scaled)? {
            return Ok(true);
        }
        // Files shorten with their palettes: the first that fits is found by halving.
        let (mut low, mut high) = (1, last);
        while low < high {
            let middle = (low + high) / 2;
            if self.take(kind(middle), scaled)? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(true)
    }

    /// Looks for a size between the best and the next larger one: the cap is there to be used.
    fn refine(&mut self, most: u32) -> Result<(), FitError> {
        let Some((kind, long)) = self
            .best
            .as_ref()
            .map(|best| (best.kind, best.image.width_px.max(best.image.height_px)))
        else {
            return Ok(());
        };
        if kind == Kind::Jpeg || long >= most {
            return Ok(());
        }
        let mut low = long;
        let mut high = ((f64::from(long) / SMALLER) as u32).min(most);
        for _ in 0..REFINEMENTS {
            let side = u32::midpoint(low, high);
            if side == low {
                break;
            }
            if self.take(kind, &at_side(self.raster, side))? {
                low = side;
            } else {
                high = side;
            }
        }
        Ok(())
    }

    fn take_jpeg(&mut self, photo: FittedImage) {
        let decoded = image::load_from_memory_with_format(&photo.bytes, ImageFormat::Jpeg);
        let Ok(decoded) = decoded.map(image::DynamicImage::into_rgb8) else {
            return;
        };
        let shown = Raster {
            width: decoded.width(),
            height: decoded.height(),
            layout: Layout::Rgb,
            pixels: decoded.into_raw(),
        };
        let photo = FittedImage {
            scale: scale(photo.width_px, self.raster),
            ..photo
        };
        self.encodes += photo.encodes;
        self.weigh(&shown, Kind::Jpeg, photo);
    }

    fn weigh(&mut self, shown: &Raster, kind: Kind, image: FittedImage) {
        let error = self.judge.map_or(0.0, |judge| judge.error(shown));
        if self.best.as_ref().is_none_or(|best| error < best.error) {
            self.best = Some(Best { error, kind, image });
        }
    }

    fn image(&self, file: Vec<u8>, shown: &Raster) -> FittedImage {
        FittedImage {
            bytes: file,
            content_type: ContentType::Png,
            width_px: shown.width,
            height_px: shown.height,
            frames: 1,
            quality: None,
            scale: scale(shown.width, self.raster),
            probes: self.encodes,
            encodes: self.encodes,
            findings: Vec::new(),
        }
    }
}

fn smaller(side: u32) -> u32 {
    (f64::from(side) * SMALLER) as u32
}

fn fault(refusal: oxipng::PngError) -> FitError {
    let finding = Finding::refused(
        Code::InternalFault,
        format!("a PNG could not be written: {refusal}"),
    );
    FitError::Refused {
        finding: Box::new(finding),
    }
}

fn scale(width_px: u32, raster: &Raster) -> f64 {
    f64::from(width_px) / f64::from(raster.width.max(1))
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

#[cfg(test)]
mod tests;
