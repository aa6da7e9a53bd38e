//! Every source becomes coefficients of luma and chroma, as many frequencies of them as the search can use.

use crate::fit::photo::planes::{self, Plane};
use crate::fit::photo::{Chroma, PhotoError, PhotoOptions, PhotoSource};
use crate::jpeg::{
    self, COEFFICIENT_UNIT, CoefficientPlane, Coefficients, Frame, FrameComponent, Model, Notes,
    ZIGZAG,
};

/// The source, ready for the search.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Gray or luma and chroma.
    pub(super) coefficients: Coefficients,
    /// Sizes, in eighths of `coefficients`, that the search may choose, ascending, not empty.
    pub(super) candidates: Vec<usize>,
    /// Long side of the original, before anything was scaled.
    pub(super) original_side: u32,
}

/// Interleaved pixels.
#[derive(Clone, Copy)]
pub(crate) struct Pixels<'a> {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) channels: usize,
    pub(crate) data: &'a [u8],
}

pub(super) fn load(
    source: PhotoSource<'_>,
    options: &PhotoOptions<'_>,
    most_bytes: u64,
) -> Result<Loaded, PhotoError> {
    match source {
        PhotoSource::Jpeg(data) => load_jpeg(data, options, most_bytes),
        PhotoSource::Rgb {
            width,
            height,
            pixels,
        } => load_pixels(width, height, 3, pixels, options, most_bytes),
        PhotoSource::Gray {
            width,
            height,
            pixels,
        } => load_pixels(width, height, 1, pixels, options, most_bytes),
    }
}

fn load_jpeg(
    data: &[u8],
    options: &PhotoOptions<'_>,
    most_bytes: u64,
) -> Result<Loaded, PhotoError> {
    let mut candidates = Vec::new();
    let mut side = 0;
    let coefficients = jpeg::decode(
        data,
        |frame, model| {
            side = frame.width.max(frame.height);
            candidates = self::candidates(frame.width, frame.height, options, most_bytes);
            let largest = candidates.last().copied().unwrap_or(8);
            let direct = matches!(model, Model::Gray | Model::Ycc) && options.to_srgb.is_none();
            corners(frame, largest, direct)
        },
        &options.limits,
    )?;
    if matches!(coefficients.model, Model::Gray)
        || (coefficients.model == Model::Ycc && options.to_srgb.is_none())
    {
        return Ok(Loaded {
            coefficients,
            candidates,
            original_side: side,
        });
    }
    // Other colours are decoded at the largest size of use, converted, and taken up as a source of that size.
    let largest = candidates.last().copied().unwrap_or(8);
    let notes = coefficients.notes;
    let converted = convert(coefficients, largest, options)?;
    let (width, height) = (converted.frame.width, converted.frame.height);
    let candidates = self::candidates(width, height, options, most_bytes);
    Ok(Loaded {
        coefficients: Coefficients { notes, ..converted },
        candidates,
        original_side: side,
    })
}

fn load_pixels(
    width: u32,
    height: u32,
    channels: usize,
    data: &[u8],
    options: &PhotoOptions<'_>,
    most_bytes: u64,
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
    let candidates = candidates(width, height, options, most_bytes);
    let largest = candidates.last().copied().unwrap_or(8);
    let pixels = Pixels {
        width: width as usize,
        height: height as usize,
        channels,
        data,
    };
    let coefficients = from_pixels(pixels, largest, options.to_srgb);
    Ok(Loaded {
        coefficients,
        candidates,
        original_side: width.max(height),
    })
}

/// The eighths worth trying: dense enough to hold the bytes, not so dense that there are too few for each pixel.
fn candidates(width: u32, height: u32, options: &PhotoOptions<'_>, most_bytes: u64) -> Vec<usize> {
    if let Some((eighths, _)) = options.forced {
        return vec![eighths];
    }
    let side = |eighths: usize| planes::scaled(width.max(height) as usize, eighths);
    let within = |eighths: usize| {
        options
            .max_side_px
            .is_none_or(|most| side(eighths) <= most as usize)
    };
    let pixels = |eighths: usize| {
        planes::scaled(width as usize, eighths) as f64
            * planes::scaled(height as usize, eighths) as f64
    };
    let bits = most_bytes as f64 * 8.0;
    let worth = |eighths: &usize| side(*eighths) >= options.min_side_px as usize;
    let mut allowed: Vec<usize> = (1..=8)
        .filter(|&eighths| within(eighths))
        .filter(worth)
        .collect();
    if allowed.is_empty() {
        // A source that is small already stays as it is; one that may only be smaller is averaged down from the least.
        allowed.push((1..=8).rev().find(|&eighths| within(eighths)).unwrap_or(1));
    }
    // At LEAST_BITS a pixel a smaller size always looked better, at MOST_BITS a larger one (calibration).
    let useful = |&eighths: &usize| {
        let rate = bits / pixels(eighths);
        (LEAST_BITS..=MOST_BITS).contains(&rate)
    };
    let mut useful: Vec<usize> = allowed.iter().copied().filter(useful).collect();
    if useful.is_empty() {
        // All too dense or all too sparse: the nearest.
        let nearest = allowed
            .iter()
            .copied()
            .rev()
            .find(|&eighths| bits / pixels(eighths) >= LEAST_BITS);
        useful.push(nearest.or(allowed.first().copied()).unwrap_or(1));
    }
    useful
}

const LEAST_BITS: f64 = 0.8;
const MOST_BITS: f64 = 6.0;

/// Frequencies that a component must keep for its largest use.
fn corners(frame: &Frame, largest: usize, direct: bool) -> [usize; 4] {
    let mut corners = [8; 4];
    for (corner, component) in corners.iter_mut().zip(&frame.components) {
        let finest = (frame.h_max / component.h.max(1)).max(frame.v_max / component.v.max(1));
        // The visible-error model looks one octave past the largest size for luma where it is at hand.
        *corner = if direct { (largest * finest).min(8) } else { 8 };
    }
    corners
}

/// Decodes planes, converts them, and takes them up again.
fn convert(
    source: Coefficients,
    eighths: usize,
    options: &PhotoOptions<'_>,
) -> Result<Coefficients, PhotoError> {
    let count = source.planes.len();
    let parts: Vec<Plane> = (0..count)
        .map(|index| planes::component(&source, index, eighths, Chroma::Full))
        .collect();
    let (width, height) = (parts[0].width, parts[0].height);
    let model = source.model;
    drop(source);
    if count == 4 && options.to_srgb.is_none() {
        return Err(PhotoError::NeedsConversion);
    }
    let mut data = vec![0u8; width * height * 3];
    let mut line = vec![0u8; width * count];
    for (y, target) in data.chunks_exact_mut(width * 3).enumerate() {
        for (x, pixel) in line.chunks_exact_mut(count).enumerate() {
            let at = y * width + x;
            for (value, part) in pixel.iter_mut().zip(&parts) {
                *value = part.samples[at];
            }
            if matches!(model, Model::Ycc | Model::Ycck) {
                let rgb = to_rgb([pixel[0], pixel[1], pixel[2]]);
                pixel[..3].copy_from_slice(&rgb);
            }
            // Adobe's files say 255 for no ink; YCCK is their RGB of inverted inks.
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
    }
    drop(parts);
    Ok(from_pixels(
        Pixels {
            width,
            height,
            channels: 3,
            data: &data,
        },
        8,
        None,
    ))
}

/// Coefficients of pixels, 4:4:4, with steps of one.
fn from_pixels(
    pixels: Pixels<'_>,
    largest: usize,
    to_srgb: Option<super::ToSrgb<'_>>,
) -> Coefficients {
    let Pixels {
        width,
        height,
        channels,
        data,
    } = pixels;
    let (blocks_w, blocks_h) = (width.div_ceil(8), height.div_ceil(8));
    let corner = largest.clamp(1, 8);
    let mut planes: Vec<CoefficientPlane> = (0..channels)
        .map(|_| CoefficientPlane {
            corner,
            quant: [1; 64],
            rows: Vec::with_capacity(blocks_h),
        })
        .collect();
    let mut converted = vec![0u8; width * channels];
    let mut bands = vec![vec![[0u8; 8]; blocks_w * 8]; channels];
    for top in (0..height).step_by(8) {
        for y in 0..8 {
            let from = (top + y).min(height - 1);
            let mut line = &data[from * width * channels..][..width * channels];
            if let Some(to_srgb) = to_srgb.filter(|_| channels == 3) {
                to_srgb(line, &mut converted);
                line = &converted;
            }
            split(line, channels, y, &mut bands, blocks_w);
        }
        for (plane, band) in planes.iter_mut().zip(&bands) {
            let mut row = Vec::with_capacity(blocks_w * corner * corner);
            for block in band.as_chunks::<8>().0 {
                let zigzag = jpeg::forward(block);
                let mut natural = [0i16; 64];
                for (&value, &at) in zigzag.iter().zip(&ZIGZAG) {
                    natural[usize::from(at)] =
                        (f32::from(value) / COEFFICIENT_UNIT).round_ties_even() as i16;
                }
                for v in 0..corner {
                    row.extend_from_slice(&natural[v * 8..v * 8 + corner]);
                }
            }
            plane.rows.push(row);
        }
    }
    let component = |id: usize| FrameComponent {
        id: id as u8,
        h: 1,
        v: 1,
        quant_index: 0,
        width,
        height,
        blocks_w,
        blocks_h,
    };
    let frame = Frame {
        progressive: false,
        width: width as u32,
        height: height as u32,
        h_max: 1,
        v_max: 1,
        components: (1..=channels).map(component).collect(),
    };
    let model = if channels == 1 {
        Model::Gray
    } else {
        Model::Ycc
    };
    Coefficients {
        frame,
        model,
        notes: Notes::default(),
        planes,
    }
}

/// One line of pixels into line `y` of the blocks of each component.
#[expect(
    clippy::needless_range_loop,
    reason = "one index runs across three component rows"
)]
fn split(line: &[u8], channels: usize, y: usize, bands: &mut [Vec<[u8; 8]>], blocks_w: usize) {
    let width = line.len() / channels;
    for block in 0..blocks_w {
        let mut rows = [[0u8; 8]; 3];
        for x in 0..8 {
            let at = (block * 8 + x).min(width - 1) * channels;
            if channels == 1 {
                rows[0][x] = line[at];
            } else {
                let [luma, blue, red] = to_ycc([line[at], line[at + 1], line[at + 2]]);
                (rows[0][x], rows[1][x], rows[2][x]) = (luma, blue, red);
            }
        }
        for (band, row) in bands.iter_mut().zip(&rows) {
            band[block * 8 + y] = *row;
        }
    }
}

/// JFIF 1.02 part 7: RGB to YCbCr, in 16-bit fixed point.
#[inline(always)]
fn to_ycc([r, g, b]: [u8; 3]) -> [u8; 3] {
    let (r, g, b) = (i32::from(r), i32::from(g), i32::from(b));
    let luma = (19_595 * r + 38_470 * g + 7_471 * b + 32_768) >> 16;
    let blue = (-11_059 * r - 21_709 * g + 32_768 * b + (128 << 16) + 32_767) >> 16;
    let red = (32_768 * r - 27_439 * g - 5_329 * b + (128 << 16) + 32_767) >> 16;
    [luma as u8, blue as u8, red as u8]
}

/// JFIF 1.02 part 7: YCbCr to RGB.
#[inline(always)]
fn to_rgb([luma, blue, red]: [u8; 3]) -> [u8; 3] {
    let (luma, blue, red) = (
        i32::from(luma) << 16,
        i32::from(blue) - 128,
        i32::from(red) - 128,
    );
    let half = 1 << 15;
    let hold = |value: i32| (value >> 16).clamp(0, 255) as u8;
    [
        hold(luma + 91_881 * red + half),
        hold(luma - 22_554 * blue - 46_802 * red + half),
        hold(luma + 116_130 * blue + half),
    ]
}
