//! How much worse a candidate looks than the picture, on the screen that it is meant for.

use crate::raster::{Raster, resize};

/// Levels of detail that are looked at, each half the size of the one before.
const LEVELS: usize = 3;

/// Side of the window that statistics are taken over, and the step between windows.
const WINDOW: usize = 8;
const STEP: usize = 4;

/// The picture as the screen shows it, against which candidates are held.
pub(super) struct Judge {
    width: u32,
    height: u32,
    planes: [Plane; 3],
}

struct Plane {
    width: usize,
    height: usize,
    samples: Vec<f32>,
}

impl Judge {
    /// For a screen whose long side is `view_side` pixels.
    pub(super) fn new(picture: &Raster, view_side: u32) -> Self {
        let long = picture.width.max(picture.height).max(1);
        let side = |length: u32| {
            let shown = u64::from(length) * u64::from(view_side.min(long)) / u64::from(long);
            u32::try_from(shown).unwrap_or(length).max(1)
        };
        let shown = resize(picture, side(picture.width), side(picture.height));
        Self {
            width: shown.width,
            height: shown.height,
            planes: planes(&shown),
        }
    }

    /// The visible error: 0 for none. Structure lost in brightness counts most, then hue; what is worst counts twice.
    pub(super) fn error(&self, candidate: &Raster) -> f64 {
        let candidate = shown_at(candidate, self.width, self.height);
        let [luma, blue, red] = &self.planes;
        let [own_luma, own_blue, own_red] = planes(&candidate);
        let mut error = 0.0;
        let (mut a, mut b) = (luma.copied(), own_luma);
        for level in 0..LEVELS {
            if level > 0 {
                (a, b) = (a.halved(), b.halved());
            }
            // Fine detail is what makes text legible.
            error += dissimilarity(&a, &b) * [1.0, 0.8, 0.6][level];
        }
        for (a, b) in [(blue, own_blue), (red, own_red)] {
            error += 0.35 * dissimilarity(&a.halved(), &b.halved());
        }
        error
    }
}

impl Plane {
    fn copied(&self) -> Self {
        Self {
            width: self.width,
            height: self.height,
            samples: self.samples.clone(),
        }
    }

    fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut samples = Vec::with_capacity(width * height);
        for rows in self.samples.chunks_exact((self.width * 2).max(1)) {
            let (upper, lower) = rows.split_at(self.width);
            let pairs = upper
                .as_chunks::<2>()
                .0
                .iter()
                .zip(lower.as_chunks::<2>().0);
            samples.extend(pairs.map(|([a, b], [c, d])| (a + b + c + d) * 0.25));
        }
        Self {
            width,
            height,
            samples,
        }
    }
}

/// Brightness and two hues (BT.601 weights, as in JFIF), on white.
fn planes(raster: &Raster) -> [Plane; 3] {
    let flat = raster.flattened();
    let (width, height) = (flat.width as usize, flat.height as usize);
    let mut planes = [0, 1, 2].map(|_| Plane {
        width,
        height,
        samples: Vec::with_capacity(width * height),
    });
    for &[r, g, b] in flat.pixels.as_chunks::<3>().0 {
        let [r, g, b] = [r, g, b].map(f32::from);
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        for (plane, sample) in planes
            .iter_mut()
            .zip([luma, 0.564 * (b - luma), 0.713 * (r - luma)])
        {
            plane.samples.push(sample);
        }
    }
    planes
}

/// One minus the structural similarity of windows, its mean and its mean square: Wang et al. 2004, with the constants
/// for eight bits, (0.01 · 255)² and (0.03 · 255)².
fn dissimilarity(a: &Plane, b: &Plane) -> f64 {
    const C1: f32 = 6.5025;
    const C2: f32 = 58.5225;
    // Halved away: what is thinner than a pixel is not seen.
    if a.width == 0 || a.height == 0 {
        return 0.0;
    }
    let window = WINDOW.min(a.width).min(a.height).max(1);
    let count = (window * window) as f32;
    let (mut sum, mut squares, mut windows) = (0.0_f64, 0.0_f64, 0.0_f64);
    for top in (0..=a.height - window).step_by(STEP) {
        for left in (0..=a.width - window).step_by(STEP) {
            let [mut sa, mut sb, mut saa, mut sbb, mut sab] = [0.0_f32; 5];
            for row in top..top + window {
                let at = row * a.width + left;
                for (x, y) in a.samples[at..at + window]
                    .iter()
                    .zip(&b.samples[at..at + window])
                {
                    sa += x;
                    sb += y;
                    saa += x * x;
                    sbb += y * y;
                    sab += x * y;
                }
            }
            let (ma, mb) = (sa / count, sb / count);
            let va = (saa / count - ma * ma).max(0.0);
            let vb = (sbb / count - mb * mb).max(0.0);
            let cov = sab / count - ma * mb;
            let alike =
                (2.0 * ma * mb + C1) / (ma * ma + mb * mb + C1) * (2.0 * cov + C2) / (va + vb + C2);
            let off = f64::from((1.0 - alike).max(0.0));
            sum += off;
            squares += off * off;
            windows += 1.0;
        }
    }
    (sum + squares) / windows.max(1.0)
}

/// The candidate at the screen's size: a screen stretches what is smaller, in straight lines between its pixels.
fn shown_at(candidate: &Raster, width: u32, height: u32) -> Raster {
    if candidate.width >= width && candidate.height >= height {
        return resize(candidate, width, height);
    }
    let channels = candidate.channels();
    let line = candidate.width as usize * channels;
    let across: Vec<(usize, usize, f32)> = (0..width)
        .map(|x| between(x, width, candidate.width))
        .collect();
    let mut pixels = Vec::with_capacity(width as usize * height as usize * channels);
    for y in 0..height {
        let (upper, lower, down) = between(y, height, candidate.height);
        for &(left, right, along) in &across {
            for channel in 0..channels {
                let at = |row: usize, column: usize| {
                    f32::from(candidate.pixels[row * line + column * channels + channel])
                };
                let above = at(upper, left) + (at(upper, right) - at(upper, left)) * along;
                let below = at(lower, left) + (at(lower, right) - at(lower, left)) * along;
                pixels.push((above + (below - above) * down + 0.5) as u8);
            }
        }
    }
    Raster {
        width,
        height,
        layout: candidate.layout,
        pixels,
    }
}

/// The two samples that a stretched one lies between, and how far along it is.
fn between(at: u32, long: u32, short: u32) -> (usize, usize, f32) {
    let place =
        ((at as f32 + 0.5) * short as f32 / long as f32 - 0.5).clamp(0.0, (short - 1) as f32);
    let first = place as usize;
    (
        first,
        (first + 1).min(short as usize - 1),
        place - first as f32,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Layout;

    fn stripes(period: u32) -> Raster {
        let pixels = (0..64 * 64_u32).map(|at| {
            if (at % 64 / period).is_multiple_of(2) {
                20
            } else {
                230
            }
        });
        Raster {
            width: 64,
            height: 64,
            layout: Layout::Rgb,
            pixels: pixels.flat_map(|level| [level; 3]).collect(),
        }
    }

    #[test]
    fn a_picture_is_not_worse_than_itself() {
        let picture = stripes(3);
        assert!(Judge::new(&picture, 1440).error(&picture) < 1e-6);
    }

    #[test]
    fn the_more_is_lost_the_larger_the_error() {
        let picture = stripes(3);
        let judge = Judge::new(&picture, 1440);
        let mut last = 0.0;
        for side in [48, 32, 16, 8] {
            let error = judge.error(&resize(&picture, side, side));
            assert!(error > last, "{error} at {side} px after {last}");
            last = error;
        }
    }

    #[test]
    fn a_line_thinner_than_a_pixel_can_be_judged() {
        for (width, height) in [(3_000, 8), (8, 3_000), (1, 1), (5, 1)] {
            let picture = Raster {
                width,
                height,
                layout: Layout::Rgb,
                pixels: (0..width * height * 3).map(|at| at as u8).collect(),
            };
            assert!(Judge::new(&picture, 1440).error(&picture) < 1e-6);
        }
    }

    #[test]
    fn what_the_screen_does_not_show_is_no_error() {
        let picture = stripes(8);
        let small = resize(&picture, 32, 32);
        assert!(Judge::new(&picture, 32).error(&small) < 1e-3);
        assert!(Judge::new(&picture, 64).error(&small) > 1e-2);
    }
}
