//! The engine's private stages, opened to benchmarks and engine tests. Not a public interface.

use crate::fit::photo::stages::{Planes, Read};
use crate::fit::photo::{Chroma, FittedPhoto, PhotoOptions, PhotoSource, fit_photo, photo_curve};
use crate::guard::guarded;
use crate::jpeg;
use crate::raster::{Limits, decode};
use crate::report::{Finding, Outcome};
use crate::sniff::sniff;

pub struct Photo {
    pub bytes: Vec<u8>,
    pub width_px: u32,
    pub height_px: u32,
    pub quality: u8,
    pub scale: f64,
    pub full_chroma: bool,
    pub probes: u32,
    pub encodes: u32,
}

impl From<FittedPhoto> for Photo {
    fn from(photo: FittedPhoto) -> Self {
        let FittedPhoto {
            bytes,
            width_px,
            height_px,
            quality,
            scale,
            chroma,
            probes,
            encodes,
            ..
        } = photo;
        Self {
            bytes,
            width_px,
            height_px,
            quality,
            scale,
            full_chroma: chroma == Chroma::Full,
            probes,
            encodes,
        }
    }
}

fn options(
    limit_bytes: u64,
    view_side_px: u32,
    forced: Option<(usize, bool)>,
) -> PhotoOptions<'static> {
    let chroma = |full| if full { Chroma::Full } else { Chroma::Quarter };
    let forced = forced.map(|(eighths, full)| (eighths, chroma(full)));
    PhotoOptions {
        view_side_px,
        forced,
        ..PhotoOptions::new(limit_bytes)
    }
}

/// Fits a JPEG, where `forced` is given at these eighths and with full chroma or not.
pub fn fit_jpeg(
    data: &[u8],
    limit_bytes: u64,
    view_side_px: u32,
    forced: Option<(usize, bool)>,
) -> Result<Photo, String> {
    let photo = fit_photo(
        PhotoSource::Jpeg(data),
        &options(limit_bytes, view_side_px, forced),
    );
    photo.map(Photo::from).map_err(|error| error.to_string())
}

/// Quantisation tables of another shape for the rest of the process: for luma and chroma a, b and c of
/// a e^(b (u^c + v^c)), u and v being frequencies.
pub fn use_tables(families: [[f64; 3]; 2]) {
    jpeg::use_others(families);
}

pub fn fit_rgb(width: u32, height: u32, pixels: &[u8], limit_bytes: u64) -> Result<Photo, String> {
    let photo = fit_photo(
        PhotoSource::Rgb {
            width,
            height,
            pixels,
        },
        &PhotoOptions::new(limit_bytes),
    );
    photo.map(Photo::from).map_err(|error| error.to_string())
}

pub fn curve_of_jpeg(data: &[u8], points: &[u64]) -> Result<Vec<(u64, f64)>, String> {
    let most = points.iter().copied().max().unwrap_or(1);
    photo_curve(PhotoSource::Jpeg(data), &PhotoOptions::new(most), points)
        .map_err(|error| error.to_string())
}

/// Entropy-decodes; returns the blocks read.
pub fn decode_entropy(data: &[u8]) -> Result<usize, String> {
    let coefficients = jpeg::decode(data, &jpeg::Limits::default());
    let coefficients = coefficients.map_err(|error| error.to_string())?;
    Ok(coefficients
        .planes
        .iter()
        .flat_map(|plane| &plane.rows)
        .map(jpeg::BlockRow::len)
        .sum())
}

/// A JPEG in coefficients, for the stages that start there.
pub struct Coefficients(Read);

/// A picture at its final size, for the stages that start there.
pub struct Scaled(Planes);

impl Coefficients {
    pub fn read(data: &[u8]) -> Result<Self, String> {
        Read::new(data).map(Self).map_err(|error| error.to_string())
    }

    /// Inverse transform of every component, chroma at half.
    pub fn scaled(&self, eighths: usize) -> Scaled {
        Scaled(self.0.scaled(eighths))
    }

    /// A candidate size sampled and judged at every table of the grid; the bits of the coarsest.
    pub fn probed(&self, eighths: usize) -> f64 {
        self.0.probed(eighths)
    }
}

impl Scaled {
    pub fn samples(&self) -> usize {
        self.0.samples()
    }

    /// Forward transform, quantisation, optimal tables, writing.
    pub fn encoded(&self, factor: f64) -> Vec<u8> {
        self.0.encoded(factor)
    }
}

/// Width, height and whether it is progressive, from the header alone.
pub fn probe_header(data: &[u8]) -> Result<(u32, u32, bool), String> {
    let (frame, _) =
        jpeg::probe(data, &jpeg::Limits::default()).map_err(|error| error.to_string())?;
    Ok((frame.width, frame.height, frame.progressive))
}

/// A still as the fitter receives it: width, height, bytes a pixel (3 or 4), pixels, and what was said about it.
pub type Still = (u32, u32, usize, Vec<u8>, Vec<Finding>);

/// Sniffs and decodes a still: upright, in sRGB.
///
/// # Errors
///
/// The finding that says why not.
pub fn decode_still(bytes: &[u8]) -> Result<Still, Finding> {
    let sniffed = sniff(bytes);
    let refused = |finding: &&Finding| finding.outcome == Outcome::Refused;
    if let Some(finding) = sniffed.findings.iter().find(refused) {
        return Err(finding.clone());
    }
    let (raster, findings) = guarded(|| decode(bytes, &sniffed, &Limits::default()))?;
    let channels = raster.channels();
    Ok((
        raster.width,
        raster.height,
        channels,
        raster.pixels,
        findings,
    ))
}
