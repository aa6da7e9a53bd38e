//! One palette for a whole animation, and how far its colours are apart.

use std::collections::BTreeSet;

use quantette::deps::palette::Srgb;
use quantette::{PaletteSize, Pipeline};

/// At most 255 colours and, behind them, one index that shows nothing.
#[derive(Clone)]
pub(super) struct Palette {
    colours: Vec<[u8; 3]>,
    /// For each cell of 4 × 4 × 4 colours the index nearest to its middle, found when it is first asked for; or, behind
    /// 255, the number of a crowd.
    cells: Vec<u16>,
    /// Cells that hold several colours of the palette: these would be merged otherwise.
    crowds: Vec<Vec<u8>>,
    /// The distance of any two indices; to the transparent one it is infinite.
    apart: Vec<u32>,
}

/// A cell whose nearest colour was not yet asked for.
const UNKNOWN: u16 = u16::MAX;

impl Palette {
    /// The best `most` colours for a sample of pixels: the sample's own where they are few enough.
    pub(super) fn of(sample: &[[u8; 3]], most: u8) -> Self {
        let mut own = BTreeSet::new();
        for colour in sample {
            own.insert(*colour);
            if own.len() > usize::from(most) {
                break;
            }
        }
        let colours = if own.len() <= usize::from(most) {
            own.into_iter().collect()
        } else {
            reduced(sample, most)
        };
        Self::from_colours(colours)
    }

    fn from_colours(mut colours: Vec<[u8; 3]>) -> Self {
        if colours.is_empty() {
            colours.push([0; 3]);
        }
        colours.truncate(255);
        let indexed = || colours.iter().zip(0_u8..);
        let mut apart = vec![u32::MAX; 256 * 256];
        for (a, i) in indexed() {
            for (b, j) in indexed() {
                apart[usize::from(i) * 256 + usize::from(j)] = distance(*a, *b);
            }
        }
        let nothing = colours.len();
        apart[nothing * 256 + nothing] = 0;
        let mut cells = vec![UNKNOWN; 1 << 18];
        let mut crowds: Vec<Vec<u8>> = Vec::new();
        for (colour, index) in indexed() {
            let known = &mut cells[cell(*colour)];
            match *known {
                UNKNOWN => *known = u16::from(index),
                alone @ 0..=255 => {
                    *known = 256 + u16::try_from(crowds.len()).unwrap_or(0);
                    crowds.push(vec![(alone & 255) as u8, index]);
                }
                crowd => crowds[usize::from(crowd - 256)].push(index),
            }
        }
        Self {
            cells,
            crowds,
            apart,
            colours,
        }
    }

    /// The index that shows what is beneath.
    pub(super) fn nothing(&self) -> u8 {
        // At most 255 colours: see `from_colours`.
        u8::try_from(self.colours.len()).unwrap_or(255)
    }

    /// Bits of an index, the transparent one included; GIF asks for two at least.
    pub(super) fn code_size(&self) -> u8 {
        let bits = (usize::BITS - self.colours.len().leading_zeros()).max(2);
        u8::try_from(bits).unwrap_or(8)
    }

    /// The colours as a GIF's table, the transparent one included.
    pub(super) fn table(&self) -> Vec<u8> {
        let nothing = [[0; 3]];
        self.colours
            .iter()
            .chain(&nothing)
            .flatten()
            .copied()
            .collect()
    }

    /// The index nearest to a colour.
    pub(super) fn nearest(&mut self, colour: [u8; 3]) -> u8 {
        let at = cell(colour);
        match self.cells[at] {
            UNKNOWN => {}
            index @ 0..=255 => return (index & 255) as u8,
            crowd => {
                let near = self.crowds[usize::from(crowd - 256)]
                    .iter()
                    .min_by_key(|index| distance(self.colours[usize::from(**index)], colour));
                return near.copied().unwrap_or(0);
            }
        }
        let middle = colour.map(|channel| channel & 0xFC | 2);
        let nearest = self
            .colours
            .iter()
            .zip(0_u8..)
            .min_by_key(|(candidate, _)| distance(**candidate, middle))
            .map_or(0, |(_, index)| index);
        self.cells[at] = u16::from(nearest);
        nearest
    }

    /// How far apart two indices look: the squared distance of [`distance`].
    pub(super) fn apart(&self, a: u8, b: u8) -> u32 {
        self.apart[usize::from(a) * 256 + usize::from(b)]
    }
}

/// The squared distance of two colours as the eye weighs them: brightness whole, hue by half, in steps of 8-bit sRGB.
///
/// Luma and chroma weights of BT.601, as in JFIF; in integers, so that it is the same on every machine.
pub(super) fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    let differ = a != b;
    let [r, g, b] = [0, 1, 2].map(|i| i32::from(a[i]) - i32::from(b[i]));
    let luma = (77 * r + 150 * g + 29 * b) / 16;
    let blue = (b * 16 - luma) * 9 / 16;
    let red = (r * 16 - luma) * 11 / 16;
    let sum = luma * luma + (blue * blue + red * red) / 2;
    // Only a colour itself is no distance away.
    u32::try_from(sum / 256)
        .unwrap_or(u32::MAX)
        .max(u32::from(differ))
}

fn cell(colour: [u8; 3]) -> usize {
    colour
        .iter()
        .fold(0, |cell, channel| cell << 6 | usize::from(channel >> 2))
}

fn reduced(sample: &[[u8; 3]], most: u8) -> Vec<[u8; 3]> {
    let colours: Vec<Srgb<u8>> = sample.iter().map(|&[r, g, b]| Srgb::new(r, g, b)).collect();
    let asked = Pipeline::new()
        .palette_size(PaletteSize::from_u8_clamped(most))
        .ditherer(None)
        .input_slice(colours.as_slice());
    // It refuses only more than 2³² colours.
    let Ok(asked) = asked else {
        return Vec::new();
    };
    let palette = asked.output_srgb8_palette();
    palette
        .iter()
        .map(|colour| [colour.red, colour.green, colour.blue])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_are_kept_exactly() {
        let mut palette = Palette::of(&[[1, 2, 3], [1, 2, 4], [250, 0, 0]], 255);
        let table = palette.table();
        for colour in [[1, 2, 3], [1, 2, 4], [250, 0, 0]] {
            let index = usize::from(palette.nearest(colour));
            assert_eq!(table[index * 3..index * 3 + 3], colour);
        }
        assert_eq!(palette.nothing(), 3);
        assert_eq!(palette.code_size(), 2);
    }

    #[test]
    fn many_colours_are_reduced_to_as_many_as_asked_for_and_stay_near() {
        let ramp: Vec<[u8; 3]> = (0..=255_u8)
            .flat_map(|level| (0..16).map(move |hue| [level, hue * 16, 255 - level]))
            .collect();
        let mut palette = Palette::of(&ramp, 64);
        assert_eq!(palette.nothing(), 64);
        let table = palette.table();
        let off = |colour: [u8; 3], palette: &mut Palette| {
            let index = usize::from(palette.nearest(colour));
            let near = [table[index * 3], table[index * 3 + 1], table[index * 3 + 2]];
            distance(colour, near)
        };
        let all: u32 = ramp.iter().map(|colour| off(*colour, &mut palette)).sum();
        let mean = f64::from(all) / ramp.len() as f64;
        assert!(mean < 100.0, "the mean of squared distances is {mean}");
    }

    #[test]
    fn nothing_is_infinitely_far_from_every_colour_but_itself() {
        let palette = Palette::of(&[[0; 3], [255; 3]], 255);
        assert_eq!(palette.apart(2, 2), 0);
        assert_eq!(palette.apart(0, 2), u32::MAX);
        assert_eq!(palette.apart(2, 1), u32::MAX);
    }

    #[test]
    fn grey_steps_are_as_far_apart_as_their_levels() {
        assert_eq!(distance([100; 3], [110; 3]), 100);
        assert_eq!(distance([0; 3], [255; 3]), 255 * 255);
    }
}
