//! Quantised blocks as tokens, with the statistics that say how long they will be.

use super::dct::Block;
use super::huffman::Encoder;
use super::quant::Quantiser;
use super::rows::{BlockRow, nonzero};

/// The frame of a file to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Luma sampling factors (h, v), each 1 or 2; chroma has (1, 1).
    pub(crate) luma: (usize, usize),
    /// Three components, else one.
    pub(crate) colour: bool,
}

impl Shape {
    /// MCUs across and down.
    pub(crate) fn mcus(&self) -> (usize, usize) {
        let (h, v) = self.sampling();
        (
            (self.width as usize).div_ceil(8 * h),
            (self.height as usize).div_ceil(8 * v),
        )
    }

    /// Blocks in a row of MCUs.
    fn row_blocks(&self) -> usize {
        let (h, v) = self.sampling();
        self.mcus().0 * if self.colour { h * v + 2 } else { 1 }
    }

    /// One component is never interleaved (T.81 A.2.2).
    pub(crate) fn sampling(&self) -> (usize, usize) {
        if self.colour { self.luma } else { (1, 1) }
    }
}

/// How often each symbol occurs.
#[derive(Clone, Debug)]
pub(crate) struct Statistics {
    pub(super) dc: [u32; 256],
    pub(super) ac: [u32; 256],
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            dc: [0; 256],
            ac: [0; 256],
        }
    }
}

impl Statistics {
    /// Counts one quantised block.
    #[inline(always)]
    pub(crate) fn count_block(&mut self, quantised: &Block, predictor: &mut i16) {
        self.count_dc(quantised[0].wrapping_sub(*predictor));
        *predictor = quantised[0];
        let mut mask = nonzero(quantised) & !1;
        let mut previous = 0u32;
        while mask != 0 {
            let position = mask.trailing_zeros();
            mask &= mask - 1;
            let run = position - previous - 1;
            previous = position;
            self.ac[0xF0] += run >> 4;
            self.count_ac(run & 15, quantised[position as usize & 63]);
        }
        self.ac[0] += u32::from(previous != 63);
    }

    #[inline(always)]
    fn count_dc(&mut self, difference: i16) {
        let size = bit_size(difference);
        self.dc[size as usize & 255] += 1;
    }

    #[inline(always)]
    fn count_ac(&mut self, run: u32, value: i16) {
        let size = bit_size(value);
        self.ac[(run << 4 | size) as usize & 255] += 1;
    }

    /// Bits of entropy-coded data under the best tables, before stuffing, with the bytes of those tables' segments.
    pub(crate) fn bits(&self) -> u64 {
        let [coded, tables] = self.parts();
        coded + tables
    }

    /// The same apart: what grows with the number of blocks, and what does not.
    pub(crate) fn parts(&self) -> [u64; 2] {
        let (dc, ac) = (Encoder::optimal(&self.dc), Encoder::optimal(&self.ac));
        let tables = dc.values.len() + ac.values.len() + 2 * 17;
        let coded = dc.bits(&self.dc) + ac.bits(&self.ac) + self.value_bits();
        [coded, 8 * tables as u64]
    }

    /// Bits of the values beside the codes: the low half of each symbol says how many follow it (T.81 F.1.2).
    fn value_bits(&self) -> u64 {
        let of = |(symbol, &count): (usize, &u32)| (symbol as u64 & 15) * u64::from(count);
        self.dc.iter().chain(&self.ac).enumerate().map(of).sum()
    }
}

/// Quantised blocks of a scan: what is left is to write each token's code.
///
/// Of each block the DC difference, then its AC coefficients as four bits of run and twelve of value, then a zero.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(super) shape: Shape,
    /// Of each row of MCUs that is complete. A list for each, as memory that the source's rows left is of that size.
    pub(super) rows: Vec<Box<[u16]>>,
    /// The row in the making, and how much of it is used.
    row: Vec<u16>,
    used: usize,
    /// Blocks that it still lacks.
    missing: usize,
    predictors: [i16; 3],
    /// Of luma and of both chroma components together.
    statistics: [Statistics; 2],
}

/// Sixteen zeros (T.81 F.1.2.2.1 ZRL).
const ZEROS: u16 = 15;

/// The most tokens of one block: 64 coefficients, three runs of sixteen, the end.
const BLOCK_TOKENS: usize = 128;

impl Tokens {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            rows: Vec::with_capacity(shape.mcus().1),
            row: Vec::new(),
            used: 0,
            missing: shape.row_blocks(),
            predictors: [0; 3],
            statistics: Default::default(),
        }
    }

    /// Appends a block of component `index`; blocks come in the order of the scan.
    #[inline(always)]
    pub(crate) fn push(&mut self, index: usize, quantised: &Block) {
        self.add(
            index,
            quantised[0],
            #[inline(always)]
            |mut ac: Filler<'_>| {
                let mut mask = nonzero(quantised) & !1;
                while mask != 0 {
                    let position = mask.trailing_zeros();
                    mask &= mask - 1;
                    ac.put(position, quantised[position as usize & 63]);
                }
                ac
            },
        );
    }

    /// Appends block `at` of a row whose steps are `from`, quantised anew.
    #[inline(always)]
    pub(crate) fn push_kept(
        &mut self,
        index: usize,
        row: &BlockRow,
        at: usize,
        from: &[u16; 64],
        to: &Quantiser,
    ) {
        let dc = to.quantise_one(0, row.dc(at), from[0]);
        self.add(
            index,
            dc,
            #[inline(always)]
            |mut ac: Filler<'_>| {
                row.each_ac(
                    at,
                    #[inline(always)]
                    |position, value| {
                        let level = to.quantise_one(position, value, from[position & 63]);
                        if level != 0 {
                            ac.put(position as u32, level);
                        }
                    },
                );
                ac
            },
        );
    }

    #[inline(always)]
    fn add(&mut self, index: usize, dc: i16, fill: impl FnOnce(Filler<'_>) -> Filler<'_>) {
        if self.row.len() < self.used + BLOCK_TOKENS {
            self.row.resize(self.row.len() + 32 * BLOCK_TOKENS, 0);
        }
        let Some(target) = self.row[self.used..].first_chunk_mut::<BLOCK_TOKENS>() else {
            unreachable!("room was made");
        };
        let predictor = &mut self.predictors[index.min(2)];
        let difference = dc.wrapping_sub(*predictor);
        *predictor = dc;
        let statistics = &mut self.statistics[index.min(1)];
        statistics.count_dc(difference);
        target[0] = difference as u16;
        let filled = fill(Filler {
            target,
            statistics,
            count: 1,
            previous: 0,
        });
        filled.statistics.ac[0] += u32::from(filled.previous != 63);
        filled.target[filled.count & (BLOCK_TOKENS - 1)] = 0;
        self.used += filled.count + 1;
        self.missing -= 1;
        if self.missing == 0 {
            self.rows.push(self.row[..self.used].into());
            (self.used, self.missing) = (0, self.shape.row_blocks());
        }
    }

    /// Of luma, and of chroma where there is any.
    pub(crate) fn statistics(&self) -> &[Statistics] {
        &self.statistics[..if self.shape.colour { 2 } else { 1 }]
    }
}

/// The AC tokens of one block in the making.
struct Filler<'t> {
    target: &'t mut [u16; BLOCK_TOKENS],
    statistics: &'t mut Statistics,
    count: usize,
    previous: u32,
}

impl Filler<'_> {
    #[inline(always)]
    fn put(&mut self, position: u32, value: i16) {
        let mut run = position.wrapping_sub(self.previous + 1);
        self.previous = position;
        while run > 15 {
            self.statistics.ac[0xF0] += 1;
            self.target[self.count & (BLOCK_TOKENS - 1)] = ZEROS;
            self.count += 1;
            run = run.wrapping_sub(16) & 63;
        }
        self.statistics.count_ac(run, value);
        self.target[self.count & (BLOCK_TOKENS - 1)] = (value << 4) as u16 | run as u16;
        self.count += 1;
    }
}

/// T.81 F.1.2.1.1 SSSS: bits of the magnitude.
#[inline(always)]
pub(super) fn bit_size(value: i16) -> u32 {
    32 - u32::from(value.unsigned_abs()).leading_zeros()
}
