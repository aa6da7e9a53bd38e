//! The stages of a fit one by one, for the benchmarks.

use crate::fit::photo::blocks::Blocks;
use crate::fit::photo::load::{self, Loaded};
use crate::fit::photo::planes;
use crate::fit::photo::probe::Sampler;
use crate::fit::photo::tables::{Fineness, GRID, quantisers};
use crate::fit::photo::{Chroma, PhotoError, PhotoOptions, PhotoSource};
use crate::jpeg::{Tables, encode};

/// A JPEG read into coefficients.
pub(crate) struct Read {
    loaded: Loaded,
    view_side_px: u32,
}

/// A picture of its final size, in planes.
pub(crate) struct Planes(Blocks);

impl Read {
    /// # Errors
    ///
    /// [`PhotoError`]: an unreadable source.
    pub(crate) fn new(data: &[u8]) -> Result<Self, PhotoError> {
        let options = PhotoOptions::new(u64::MAX);
        Ok(Self {
            loaded: load::load(PhotoSource::Jpeg(data), &options)?,
            view_side_px: options.view_side_px,
        })
    }

    /// The inverse transform of every component to `eighths`, chroma at half of that.
    pub(crate) fn scaled(&self, eighths: usize) -> Planes {
        let source = &self.loaded.coefficients;
        let planes = (0..source.planes.len())
            .map(|index| planes::component(source, index, eighths, Chroma::Quarter))
            .collect();
        Planes(Blocks::of_planes(planes, Chroma::Quarter, 1))
    }

    /// One candidate size sampled, then counted and judged on the whole grid of tables; the bits of the coarsest.
    pub(crate) fn probed(&self, eighths: usize) -> f64 {
        let source = &self.loaded.coefficients;
        let sampler = Sampler::new(source, self.view_side_px);
        let mut probe = sampler.scaled(source, eighths, false);
        let chroma = probe.chromas().next().map(|_| 0);
        (1..GRID)
            .map(|step| probe.outcome(step, chroma).bits)
            .last()
            .unwrap_or(0.0)
    }
}

impl Planes {
    /// Samples in all.
    pub(crate) fn samples(&self) -> usize {
        let (across, down) = self.0.shape().mcus();
        let (h, v) = self.0.shape().sampling();
        across * down * (h * v + 2) * 64
    }

    /// Forward transform, quantisation at `factor`, optimal tables, writing.
    pub(crate) fn encoded(&self, factor: f64) -> Vec<u8> {
        let quantisers = quantisers(Fineness::of(factor), None);
        let tokens = self.0.tokens(&quantisers);
        let steps = quantisers.each_ref().map(|quantiser| quantiser.table);
        let tables = Tables::optimal(tokens.statistics());
        encode(&tokens, &steps, &tables, 1 << 20)
    }
}
