//! Every source becomes coefficients of luma and chroma, from which every size comes.

use crate::fit::photo::blocks::Blocks;
use crate::fit::photo::pixels::{taken_up, to_rgb, to_ycc};
use crate::fit::photo::planes::{self, Plane};
use crate::fit::photo::{Chroma, PhotoError, PhotoOptions, PhotoSource, ToSrgb};
use crate::jpeg::{self, Coefficients, Frame, Model, QuantTable, Shape};

/// The source, ready for the search.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Gray or luma and chroma.
    pub(super) coefficients: Coefficients,
    /// Long side of the original, before anything was scaled.
    pub(super) original_side: u32,
    /// Bytes of the source, where it is a JPEG.
    pub(super) source_bytes: Option<u64>,
    /// The steps of the source's blocks, where they may stay as they are.
    pub(super) floor: Option<[QuantTable; 2]>,
    /// Whether the planes are still in the source's colours: what was converted once must not be again.
    is_unconverted: bool,
}

impl Loaded {
    fn new(
        coefficients: Coefficients,
        original_side: u32,
        source_bytes: Option<u64>,
        options: &PhotoOptions<'_>,
    ) -> Self {
        let floor = floor(&coefficients).filter(|_| {
            options.orientation <= 1
                && options.forced.is_none()
                && options.to_srgb.is_none()
                && (!options.force_444 || coefficients.frame.h_max * coefficients.frame.v_max == 1)
        });
        Self {
            coefficients,
            original_side,
            source_bytes,
            floor,
            is_unconverted: options.to_srgb.is_some(),
        }
    }

    /// The ways that the picture may be made, ascending by size, not empty.
    pub(super) fn candidates(&self, options: &PhotoOptions<'_>) -> Vec<Candidate> {
        if let Some((eighths, _)) = options.forced {
            return vec![Candidate::Scaled(eighths)];
        }
        let frame = &self.coefficients.frame;
        let eighths = allowed(frame.width.max(frame.height), options);
        let mut candidates: Vec<Candidate> = eighths.into_iter().map(Candidate::Scaled).collect();
        if self.floor.is_some() && candidates.last() == Some(&Candidate::Scaled(8)) {
            // Blocks with full chroma can also be had with less of it.
            if frame.components.len() == 1 || frame.h_max * frame.v_max == 4 {
                candidates.pop();
            }
            candidates.push(Candidate::Kept);
        }
        candidates
    }

    /// The smallest of the sizes.
    pub(super) fn least_eighths(&self, options: &PhotoOptions<'_>) -> usize {
        self.candidates(options)
            .first()
            .map_or(1, |candidate| candidate.eighths())
    }

    /// The source's own blocks, to be quantised anew.
    pub(super) fn into_blocks(self) -> Blocks {
        let frame = &self.coefficients.frame;
        let shape = Shape {
            width: frame.width,
            height: frame.height,
            luma: (frame.h_max, frame.v_max),
            colour: frame.components.len() == 3,
        };
        Blocks::Kept {
            floor: self.floor.unwrap_or([[1; 64]; 2]),
            shape,
            source: self.coefficients,
        }
    }
}

/// A way to make the picture: scaled, or out of the source's own blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Candidate {
    Scaled(usize),
    Kept,
}

impl Candidate {
    pub(super) fn eighths(self) -> usize {
        match self {
            Self::Scaled(eighths) => eighths,
            Self::Kept => 8,
        }
    }
}

/// The steps of luma and of both chroma components, where the source's blocks can be written as they are.
fn floor(coefficients: &Coefficients) -> Option<[QuantTable; 2]> {
    let components = &coefficients.frame.components;
    let (luma, chroma) = components.split_first()?;
    let fits = luma.h <= 2 && luma.v <= 2 && chroma.iter().all(|part| (part.h, part.v) == (1, 1));
    let mut floor = [[1u8; 64]; 2];
    for (index, plane) in coefficients.planes.iter().enumerate() {
        for (step, &own) in floor[index.min(1)].iter_mut().zip(&plane.quant) {
            *step = (*step).max(u8::try_from(own).ok().filter(|&own| own > 0)?);
        }
    }
    (fits && matches!(coefficients.model, Model::Gray | Model::Ycc)).then_some(floor)
}

/// The sizes in eighths that are within the asked for sides, ascending, not empty.
fn allowed(long_side: u32, options: &PhotoOptions<'_>) -> Vec<usize> {
    let side = |eighths: usize| planes::scaled(long_side as usize, eighths);
    let within = |eighths: &usize| {
        options
            .max_side_px
            .is_none_or(|most| side(*eighths) <= most as usize)
    };
    let worth = |eighths: &usize| side(*eighths) >= options.min_side_px as usize;
    let mut allowed: Vec<usize> = (1..=8).filter(within).filter(worth).collect();
    if allowed.is_empty() {
        // A source that is small already stays as it is.
        allowed.push((1..=8).rev().find(within).unwrap_or(1));
    }
    allowed
}

pub(super) fn load(
    source: PhotoSource<'_>,
    options: &PhotoOptions<'_>,
) -> Result<Loaded, PhotoError> {
    match source {
        PhotoSource::Jpeg(data) => load_jpeg(data, options),
        PhotoSource::Rgb {
            width,
            height,
            pixels,
        } => load_pixels(width, height, 3, pixels, options),
        PhotoSource::Gray {
            width,
            height,
            pixels,
        } => load_pixels(width, height, 1, pixels, options),
    }
}

fn load_jpeg(data: &[u8], options: &PhotoOptions<'_>) -> Result<Loaded, PhotoError> {
    let bytes = Some(data.len() as u64);
    let coefficients = jpeg::decode(data, &options.limits)?;
    let side = coefficients.frame.width.max(coefficients.frame.height);
    let narrow = narrowed_side(side, options);
    let notes = coefficients.notes;
    let converted = match (coefficients.model, narrow) {
        (Model::Gray | Model::Ycc, None) => {
            return Ok(Loaded::new(coefficients, side, bytes, options));
        }
        (Model::Gray | Model::Ycc, Some(narrow)) => narrowed(coefficients, narrow, options.to_srgb),
        // Other colours are decoded at the largest size of use, converted, and taken up as a source of that size.
        (_, None) => {
            let largest = largest_of_use(&coefficients.frame, data.len() as u64, options);
            convert(coefficients, largest, options)?
        }
        (_, Some(narrow)) => {
            let above = eighths_above(side, narrow);
            narrowed(convert(coefficients, above, options)?, narrow, None)
        }
    };
    let coefficients = Coefficients { notes, ..converted };
    let options = PhotoOptions {
        to_srgb: None,
        ..*options
    };
    let bytes = bytes.filter(|_| narrow.is_none());
    Ok(Loaded::new(coefficients, side, bytes, &options))
}

/// The side asked for, where the eighths of the source's miss it by more than is seen: it lies between two of them, or
/// under the least.
fn narrowed_side(side: u32, options: &PhotoOptions<'_>) -> Option<u32> {
    let most = options.max_side_px?.max(1);
    let best = (1..=8)
        .rev()
        .map(|eighths| planes::scaled(side as usize, eighths))
        .find(|&scaled| scaled <= most as usize)
        .unwrap_or(0);
    let wanted = most.min(options.view_side_px).min(side) as usize;
    (options.forced.is_none() && best * 16 < wanted * 15).then_some(most)
}

/// The least eighths of a side that are not under another side.
fn eighths_above(side: u32, narrow: u32) -> usize {
    (1..8)
        .find(|&eighths| planes::scaled(side as usize, eighths) >= narrow as usize)
        .unwrap_or(8)
}

/// Gray or luma and chroma, decoded at the eighths above a side, averaged down to it, and taken up again in sRGB.
fn narrowed(source: Coefficients, narrow: u32, to_srgb: Option<ToSrgb<'_>>) -> Coefficients {
    let (width, height) = (source.frame.width, source.frame.height);
    let side = width.max(height);
    let length = |own: u32| {
        let exact = f64::from(own) * f64::from(narrow) / f64::from(side);
        (exact.round() as usize).max(1)
    };
    let (width, height) = (length(width), length(height));
    let planes = planes::all(source, eighths_above(side, narrow), Chroma::Full);
    let planes: Vec<Plane> = planes
        .iter()
        .map(|plane| planes::resize(plane, width, height))
        .collect();
    let count = planes.len();
    let mut row = vec![0u8; width * count];
    taken_up(width, height, count, |y, line| {
        let [luma, blue, red] = &planes[..] else {
            line.copy_from_slice(planes[0].line(y));
            return;
        };
        let (luma, blue, red) = (luma.line(y), blue.line(y), red.line(y));
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            *pixel = to_rgb([luma[x], blue[x], red[x]]);
        }
        match to_srgb {
            Some(to_srgb) => to_srgb(&row, line),
            None => line.copy_from_slice(&row),
        }
    })
}

/// The largest size that may be chosen where the source is not far over the limit, else the largest that gets bits enough.
fn largest_of_use(frame: &Frame, file_bytes: u64, options: &PhotoOptions<'_>) -> usize {
    let allowed = allowed(frame.width.max(frame.height), options);
    let bits = options.limit_bytes as f64 * 8.0;
    let pixels = f64::from(frame.width) * f64::from(frame.height);
    let is_near = options.limit_bytes.saturating_mul(4) >= file_bytes;
    let rate = |eighths: usize| bits / (pixels * (eighths * eighths) as f64 / 64.0);
    let of_use = allowed.iter().copied();
    of_use
        .rev()
        .find(|&eighths| is_near || rate(eighths) >= LEAST_BITS)
        .or(allowed.first().copied())
        .unwrap_or(1)
}

/// At fewer bits a pixel a smaller size always looked better (calibration).
const LEAST_BITS: f64 = 0.6;

fn load_pixels(
    width: u32,
    height: u32,
    channels: usize,
    data: &[u8],
    options: &PhotoOptions<'_>,
) -> Result<Loaded, PhotoError> {
    if width == 0
        || height == 0
        || data.len() as u64 != u64::from(width) * u64::from(height) * channels as u64
    {
        return Err(PhotoError::WrongPixelLength);
    }
    if width > 65_535 || height > 65_535 {
        let value = u64::from(width.max(height));
        return Err(jpeg::Error::OverLimit {
            what: "pixels on a side",
            value,
            allowed: 65_535,
        }
        .into());
    }
    let (width, height) = (width as usize, height as usize);
    let to_srgb = options.to_srgb.filter(|_| channels == 3);
    let row = width * channels;
    let coefficients = taken_up(width, height, channels, |y, line| {
        let source = &data[y * row..(y + 1) * row];
        match to_srgb {
            Some(to_srgb) => to_srgb(source, line),
            None => line.copy_from_slice(source),
        }
    });
    let options = PhotoOptions {
        to_srgb: None,
        ..*options
    };
    let side = width.max(height) as u32;
    let coefficients = match narrowed_side(side, &options) {
        Some(narrow) => narrowed(coefficients, narrow, None),
        None => coefficients,
    };
    Ok(Loaded::new(coefficients, side, None, &options))
}

/// The planes of the chosen size, in sRGB's luma and chroma.
pub(super) fn finished(
    loaded: Loaded,
    eighths: usize,
    chroma: Chroma,
    options: &PhotoOptions<'_>,
) -> Vec<Plane> {
    let is_unconverted = loaded.is_unconverted;
    let source = loaded.coefficients;
    let Some(to_srgb) = options
        .to_srgb
        .filter(|_| is_unconverted && source.model == Model::Ycc)
    else {
        return planes::all(source, eighths, chroma);
    };
    let mut planes = planes::all(source, eighths, Chroma::Full);
    to_srgb_planes(&mut planes, to_srgb);
    if chroma == Chroma::Quarter {
        for plane in &mut planes[1..] {
            *plane = planes::resize(plane, plane.width.div_ceil(2), plane.height.div_ceil(2));
        }
    }
    planes
}

/// Converts luma and chroma in place, line by line.
fn to_srgb_planes(planes: &mut [Plane], to_srgb: ToSrgb<'_>) {
    let [luma, blue, red] = planes else {
        return;
    };
    let width = luma.width;
    let (mut line, mut converted) = (vec![0u8; width * 3], vec![0u8; width * 3]);
    let lines = luma.lines_mut().zip(blue.lines_mut()).zip(red.lines_mut());
    for ((luma, blue), red) in lines {
        for (x, pixel) in line.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            *pixel = to_rgb([luma[x], blue[x], red[x]]);
        }
        to_srgb(&line, &mut converted);
        for (x, &pixel) in converted.as_chunks::<3>().0.iter().enumerate() {
            [luma[x], blue[x], red[x]] = to_ycc(pixel);
        }
    }
}

/// Decodes planes, converts them, and takes them up again.
fn convert(
    source: Coefficients,
    eighths: usize,
    options: &PhotoOptions<'_>,
) -> Result<Coefficients, PhotoError> {
    let (model, count) = (source.model, source.planes.len());
    if count == 4 && options.to_srgb.is_none() {
        return Err(PhotoError::NeedsConversion);
    }
    let parts = planes::all(source, eighths, Chroma::Full);
    let (width, height) = (parts[0].width, parts[0].height);
    let mut line = vec![0u8; width * count];
    Ok(taken_up(width, height, 3, |y, target| {
        for (index, part) in parts.iter().enumerate() {
            for (pixel, &value) in line.chunks_exact_mut(count).zip(part.line(y)) {
                pixel[index] = value;
            }
        }
        for pixel in line.chunks_exact_mut(count) {
            if model == Model::Ycck {
                let rgb = to_rgb([pixel[0], pixel[1], pixel[2]]);
                // Adobe technical note 5116: red is 255 less what the file says of cyan.
                pixel[..3].copy_from_slice(&rgb.map(|level| 255 - level));
            }
            // Adobe's files say 255 for no ink.
            if matches!(model, Model::Cmyk { inverted: true } | Model::Ycck) {
                for value in pixel {
                    *value = 255 - *value;
                }
            }
        }
        match options.to_srgb {
            Some(to_srgb) => to_srgb(&line, target),
            None => target.copy_from_slice(&line),
        }
    }))
}
