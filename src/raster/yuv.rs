//! Decoded planes of luma and chroma → rows of RGB (ITU-T H.273 matrix coefficients).

/// Planes of one coded picture, as its decoder gives them.
pub(super) struct Planes {
    pub(super) widths: [u32; 3],
    pub(super) heights: [u32; 3],
    /// Row by row; chroma is empty in a picture of luma alone.
    pub(super) planes: [Vec<u16>; 3],
    /// Bits a sample of luma and of chroma.
    pub(super) depths: [u8; 2],
    pub(super) coding: Coding,
}

/// What turns samples into colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coding {
    /// `MatrixCoefficients` (H.273 8.3).
    pub(super) matrix: u16,
    /// `ColourPrimaries` (H.273 8.1): two matrices are derived from them.
    pub(super) primaries: u16,
    /// `TransferCharacteristics` (H.273 8.2).
    pub(super) transfer: u16,
    /// Whether samples use their whole range, not 16 to 235 (H.273 8.3).
    pub(super) full_range: bool,
}

/// A row-by-row conversion of one picture: everything that does not change from row to row.
pub(super) struct Rows<'a> {
    planes: &'a Planes,
    /// Luma columns and rows a chroma sample, as powers of two.
    shift: [u32; 2],
    weights: Weights,
    terms: [Vec<i32>; 3],
    /// The chroma row that `terms` holds.
    row: Option<usize>,
}

/// Weights in fixed point, or what takes their place.
enum Weights {
    Grey,
    /// `MatrixCoefficients` 0: G, B and R as they are.
    Identity,
    /// `MatrixCoefficients` 8.
    YCgCo,
    Matrix([f64; 4]),
}

/// Fractional bits of the eight-bit way.
const FRACTION: u32 = 14;

impl<'a> Rows<'a> {
    /// `None` where the planes do not belong together.
    pub(super) fn new(planes: &'a Planes) -> Option<Self> {
        let grey = planes.widths[1] == 0;
        let ratio = |luma: u32, chroma: u32| match luma.div_ceil(chroma.max(1)) {
            _ if grey => Some(0),
            1 => Some(0),
            2 => Some(1),
            _ => None,
        };
        let shift = [
            ratio(planes.widths[0], planes.widths[1])?,
            ratio(planes.heights[0], planes.heights[1])?,
        ];
        let whole = (0..3).all(|plane| {
            planes.planes[plane].len()
                == planes.widths[plane] as usize * planes.heights[plane] as usize
        });
        let even = planes.widths[1] == planes.widths[2] && planes.heights[1] == planes.heights[2];
        let full_chroma = shift == [0, 0];
        let depths = planes.depths.iter().all(|depth| (8..=16).contains(depth));
        let weights = match planes.coding.matrix {
            _ if grey => Weights::Grey,
            // Without a sample for every pixel there is no green: such a picture is taken for the usual matrix.
            0 if full_chroma => Weights::Identity,
            8 if full_chroma => Weights::YCgCo,
            _ => Weights::Matrix(matrix(planes.coding)),
        };
        (whole && even && depths).then_some(Self {
            planes,
            shift,
            weights,
            terms: [const { Vec::new() }; 3],
            row: None,
        })
    }

    /// Whether a sample has more than eight bits.
    pub(super) fn is_deep(&self) -> bool {
        self.planes.depths[0] > 8 || (self.planes.depths[1] > 8 && self.planes.widths[1] > 0)
    }

    /// One row from its left end, three bytes a pixel; for planes of eight bits.
    pub(super) fn rgb8(&mut self, y: usize, out: &mut [u8]) {
        let (offset, scale) = self.luma_range();
        let luma = self.luma(y);
        let pixels = out.as_chunks_mut::<3>().0.iter_mut();
        match self.weights {
            Weights::Matrix(weights) => {
                self.load_terms(y, weights);
                let gain = fixed(255.0 / scale);
                let base = (1 << (FRACTION - 1)) - (offset as i32) * gain;
                let [reds, greens, blues] = &self.terms;
                let shift = self.shift[0];
                let byte = |value: i32| (value >> FRACTION).clamp(0, 255) as u8;
                for (x, (pixel, &sample)) in pixels.zip(luma).enumerate() {
                    let light = i32::from(sample) * gain + base;
                    let at = x >> shift;
                    *pixel = [
                        byte(light + reds[at]),
                        byte(light + greens[at]),
                        byte(light + blues[at]),
                    ];
                }
            }
            _ => {
                for (x, pixel) in pixels.enumerate() {
                    *pixel = self
                        .exact(x, y)
                        .map(|channel| (channel * 255.0).round() as u8);
                }
            }
        }
    }

    /// One row from its left end, three samples of 16 bits a pixel, whatever the depth.
    pub(super) fn rgb16(&mut self, y: usize, out: &mut [u16]) {
        for (x, pixel) in out.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            *pixel = self
                .exact(x, y)
                .map(|channel| (channel * 65_535.0).round() as u16);
        }
    }

    /// One row of luma from its left end in eight bits: an alpha plane.
    pub(super) fn luma8(&self, y: usize, out: &mut [u8]) {
        let (offset, scale) = self.luma_range();
        for (out, &sample) in out.iter_mut().zip(self.luma(y)) {
            *out = ((f64::from(sample) - offset) / scale * 255.0)
                .round()
                .clamp(0.0, 255.0) as u8;
        }
    }

    fn luma(&self, y: usize) -> &'a [u16] {
        let width = self.planes.widths[0] as usize;
        &self.planes.planes[0][y * width..(y + 1) * width]
    }

    /// Black, and the way from black to white.
    fn luma_range(&self) -> (f64, f64) {
        let depth = self.planes.depths[0];
        if self.planes.coding.full_range {
            (0.0, f64::from((1_u32 << depth) - 1))
        } else {
            (
                f64::from(16_u32 << (depth - 8)),
                f64::from(219_u32 << (depth - 8)),
            )
        }
    }

    /// The whole range of chroma.
    fn chroma_range(&self) -> f64 {
        let depth = self.planes.depths[1];
        if self.planes.coding.full_range {
            f64::from((1_u32 << depth) - 1)
        } else {
            f64::from(224_u32 << (depth - 8))
        }
    }

    /// What the chroma of this row adds to each channel, in fixed point.
    fn load_terms(&mut self, y: usize, [red, green_cb, green_cr, blue]: [f64; 4]) {
        let row = y >> self.shift[1];
        if self.row == Some(row) {
            return;
        }
        self.row = Some(row);
        let width = self.planes.widths[1] as usize;
        let range = row * width..(row + 1) * width;
        let (cb, cr) = (
            &self.planes.planes[1][range.clone()],
            &self.planes.planes[2][range],
        );
        let scale = 255.0 / self.chroma_range();
        let [red, green_cb, green_cr, blue] =
            [red, green_cb, green_cr, blue].map(|weight| fixed(weight * scale));
        let middle = 1_i32 << (self.planes.depths[1] - 1);
        for terms in &mut self.terms {
            terms.clear();
        }
        for (&cb, &cr) in cb.iter().zip(cr) {
            let (cb, cr) = (i32::from(cb) - middle, i32::from(cr) - middle);
            self.terms[0].push(red * cr);
            self.terms[1].push(green_cb * cb + green_cr * cr);
            self.terms[2].push(blue * cb);
        }
    }

    /// One pixel, each channel from 0 to 1.
    fn exact(&self, x: usize, y: usize) -> [f32; 3] {
        let (offset, scale) = self.luma_range();
        let sample = self.planes.planes[0][y * self.planes.widths[0] as usize + x];
        let light = (f64::from(sample) - offset) / scale;
        let at = (y >> self.shift[1]) * self.planes.widths[1] as usize + (x >> self.shift[0]);
        let chroma = |plane: usize| f64::from(self.planes.planes[plane][at]);
        let middle = f64::from(1_u32 << (self.planes.depths[1] - 1));
        let centred = |plane: usize| (chroma(plane) - middle) / self.chroma_range();
        let channels = match self.weights {
            Weights::Grey => [light; 3],
            Weights::Identity => {
                let as_luma = |plane: usize| (chroma(plane) - offset) / scale;
                [as_luma(2), light, as_luma(1)]
            }
            Weights::YCgCo => {
                let (cg, co) = (centred(1), centred(2));
                [light - cg + co, light + cg, light - cg - co]
            }
            Weights::Matrix([red, green_cb, green_cr, blue]) => {
                let (cb, cr) = (centred(1), centred(2));
                [
                    light + red * cr,
                    light + green_cb * cb + green_cr * cr,
                    light + blue * cb,
                ]
            }
        };
        channels.map(|channel| channel.clamp(0.0, 1.0) as f32)
    }
}

/// What Cr adds to red, Cb and Cr to green, Cb to blue (H.273 8.3, equations 38 to 43).
fn matrix(coding: Coding) -> [f64; 4] {
    let of_primaries = |primaries| match primaries {
        1 => (0.2126, 0.0722),
        9 => (0.2627, 0.0593),
        // Display P3, from its primaries and D65 by equations 32 to 37.
        12 => (0.228_974_56, 0.079_286_91),
        _ => (0.299, 0.114),
    };
    let (red, blue) = match coding.matrix {
        1 => (0.2126, 0.0722),
        4 => (0.30, 0.11),
        7 => (0.212, 0.087),
        9 | 10 => (0.2627, 0.0593),
        12 | 13 => of_primaries(coding.primaries),
        // 5 and 6, and pictures that do not say.
        _ => (0.299, 0.114),
    };
    let green = 1.0 - red - blue;
    [
        2.0 * (1.0 - red),
        -2.0 * blue * (1.0 - blue) / green,
        -2.0 * red * (1.0 - red) / green,
        2.0 * (1.0 - blue),
    ]
}

fn fixed(value: f64) -> i32 {
    (value * f64::from(1 << FRACTION)).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_pixel(samples: [u16; 3], depth: u8, matrix: u16, full_range: bool) -> Planes {
        Planes {
            widths: [1; 3],
            heights: [1; 3],
            planes: samples.map(|sample| vec![sample]),
            depths: [depth; 2],
            coding: Coding {
                matrix,
                primaries: 1,
                transfer: 13,
                full_range,
            },
        }
    }

    fn rgb8(planes: &Planes) -> [u8; 3] {
        let mut out = [0; 3];
        let mut rows = Rows::new(planes).expect("planes belong together");
        rows.rgb8(0, &mut out);
        out
    }

    #[test]
    fn primaries_of_bt709_come_back_from_their_video_range_samples() {
        // BT.709-6 3.3 and 3.5, worked out by hand for pure red, green and blue.
        for (samples, colour) in [
            ([63, 102, 240], [255, 0, 0]),
            ([173, 42, 26], [0, 255, 0]),
            ([32, 240, 118], [0, 0, 255]),
        ] {
            let found = rgb8(&one_pixel(samples, 8, 1, false));
            for (found, wanted) in found.into_iter().zip(colour) {
                assert!(
                    u8::abs_diff(found, wanted) <= 2,
                    "{samples:?} {found} {wanted}"
                );
            }
        }
    }

    #[test]
    fn the_fast_way_and_the_exact_way_agree() {
        for matrix in [1, 5, 9] {
            for full_range in [false, true] {
                for step in 0..4_096_u16 {
                    let samples = [step & 0xF0, (step >> 4) & 0xF0, step << 4 & 0xF0];
                    let planes = one_pixel(samples, 8, matrix, full_range);
                    let mut deep = [0; 3];
                    Rows::new(&planes)
                        .expect("planes belong together")
                        .rgb16(0, &mut deep);
                    for (fast, exact) in rgb8(&planes).into_iter().zip(deep) {
                        let exact = (u32::from(exact) + 128) / 257;
                        assert!(u32::from(fast).abs_diff(exact) <= 1, "{samples:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn planes_of_other_sizes_than_stated_are_refused() {
        let mut planes = one_pixel([0; 3], 8, 1, true);
        planes.widths[2] = 2;
        assert!(Rows::new(&planes).is_none());
        planes.widths = [4, 1, 1];
        assert!(Rows::new(&planes).is_none());
    }
}
