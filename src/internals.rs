//! The engine's private stages, opened to benchmarks and engine tests. Not a public interface.

use crate::fit::photo::{Chroma, FittedPhoto, PhotoOptions, PhotoSource, fit_photo, photo_curve};
use crate::jpeg;
use crate::prepare::guarded;
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

/// One picture held between two stages, so that each stage can be timed alone.
pub struct Stages {
    coefficients: jpeg::Coefficients,
    quantisers: [jpeg::Quantiser; 2],
}

/// Components at half the source's size, with 4:4:4 chroma.
pub struct HalfSize(Vec<Samples>);

struct Samples {
    stride: usize,
    bytes: Vec<u8>,
}

/// Blocks in fixed point, as the search has them.
pub struct Transformed(jpeg::Layout);

/// What one probe counted.
pub struct Counted(Vec<jpeg::Statistics>);

impl Counted {
    /// Bits of the entropy-coded data under the best tables.
    pub fn bits(&self) -> u64 {
        self.0.iter().map(jpeg::Statistics::bits).sum()
    }
}

/// Eighths of the stages below: half size, where 4:2:0 chroma is whole.
const HALF: usize = 4;

impl Stages {
    /// Reads a JPEG whole; `factor` is that of the tables: 1 is the usual quality 50.
    pub fn open(data: &[u8], factor: f64) -> Result<Self, String> {
        let coefficients = jpeg::decode(data, |_, _| [8; 4], &jpeg::Limits::default());
        let rounding = [0.5; 64];
        Ok(Self {
            coefficients: coefficients.map_err(|error| error.to_string())?,
            quantisers: [
                jpeg::Quantiser::new(jpeg::luma_table(factor), &rounding),
                jpeg::Quantiser::new(jpeg::chroma_table(factor), &rounding),
            ],
        })
    }

    /// The scaled inverse DCT of every component.
    pub fn half_size(&self) -> HalfSize {
        let frame = &self.coefficients.frame;
        let planes = self.coefficients.planes.iter().zip(&frame.components);
        let samples = planes.map(|(plane, part)| {
            let size = jpeg::Inverse {
                width: (HALF * frame.h_max / part.h).min(8),
                height: (HALF * frame.v_max / part.v).min(8),
            };
            let stride = part.blocks_w * size.width;
            let mut bytes = vec![0; stride * size.height * plane.rows.len()];
            let bands = bytes.chunks_exact_mut(stride * size.height);
            for (row, band) in bands.enumerate() {
                jpeg::inverse(plane, size, row, 0, part.blocks_w, band, stride);
            }
            Samples { stride, bytes }
        });
        HalfSize(samples.collect())
    }

    /// The forward DCT of whole blocks.
    pub fn transform(&self, half: &HalfSize) -> Transformed {
        let frame = &self.coefficients.frame;
        let side = |length: u32| (length as usize * HALF).div_ceil(8);
        let (width, height) = (side(frame.width), side(frame.height));
        let blocks = |samples: &Samples| {
            let places =
                (0..height.div_ceil(8)).flat_map(|y| (0..width.div_ceil(8)).map(move |x| (x, y)));
            let last = samples.bytes.len() / samples.stride - 1;
            let block = |(x, y): (usize, usize)| {
                let mut block = [[0; 8]; 8];
                for (line, row) in block.iter_mut().zip(y * 8..) {
                    let from = row.min(last) * samples.stride + x * 8;
                    let to = (from + 8).min(samples.bytes.len());
                    line[..to - from].copy_from_slice(&samples.bytes[from..to]);
                }
                jpeg::forward(&block)
            };
            places.map(block).collect()
        };
        Transformed(jpeg::Layout {
            width: width as u32,
            height: height as u32,
            luma: (1, 1),
            components: half.0.iter().map(blocks).collect(),
        })
    }

    /// Quantises and counts every block: what one exact probe costs.
    pub fn count(&self, blocks: &Transformed) -> Counted {
        let mut statistics =
            vec![jpeg::Statistics::default(); blocks.0.components.len().clamp(1, 2)];
        for (index, component) in blocks.0.components.iter().enumerate() {
            let class = index.min(1);
            statistics[class].count(component, &self.quantisers[class]);
        }
        Counted(statistics)
    }

    /// Writes the file under its own optimal tables.
    pub fn encode(&self, blocks: &Transformed, counted: &Counted) -> Vec<u8> {
        let tables = jpeg::Tables::optimal(&counted.0);
        jpeg::encode(&blocks.0, &self.quantisers, &tables, 1 << 20)
    }
}
