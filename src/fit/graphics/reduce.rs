//! Fewer colours: the palette that errs least, and the pixels mapped to it with or without dithering.

use std::collections::BTreeMap;

use quantette::deps::palette::Srgb;
use quantette::dither::FloydSteinberg;
use quantette::{ImageRef, PaletteSize, Pipeline};

use super::png::Paletted;
use crate::raster::{Layout, Raster};

/// The picture in at most `colours` colours; `None` where it has more pixels than can be mapped.
pub(super) fn reduce(raster: &Raster, colours: u16, dithered: bool) -> Option<Paletted> {
    match raster.layout {
        Layout::Rgb => opaque(raster, colours, dithered),
        Layout::Rgba => Some(transparent(raster, usize::from(colours), dithered)),
    }
}

fn opaque(raster: &Raster, colours: u16, dithered: bool) -> Option<Paletted> {
    let pixels: Vec<Srgb<u8>> = raster
        .pixels
        .as_chunks::<3>()
        .0
        .iter()
        .map(|&[r, g, b]| Srgb::new(r, g, b))
        .collect();
    let image = ImageRef::new(raster.width, raster.height, pixels.as_slice()).ok()?;
    let reduced = Pipeline::new()
        .palette_size(PaletteSize::from_u16_clamped(colours))
        .ditherer(dithered.then(FloydSteinberg::new))
        .input_image(image)
        .output_srgb8_indexed_image();
    let palette = reduced
        .palette()
        .iter()
        .map(|colour| [colour.red, colour.green, colour.blue, 255])
        .collect();
    Some(Paletted {
        width: raster.width,
        height: raster.height,
        palette,
        indices: reduced.indices().to_vec(),
    })
}

/// Colours with alpha, alpha multiplied in: what is nearly invisible weighs nearly nothing.
type Seen = [i32; 4];

fn transparent(raster: &Raster, colours: usize, dithered: bool) -> Paletted {
    let seen: Vec<Seen> = raster
        .pixels
        .as_chunks::<4>()
        .0
        .iter()
        .map(|pixel| seen(*pixel))
        .collect();
    let palette = palette(&seen, colours);
    let indices = if dithered {
        diffused(&seen, raster.width as usize, &palette)
    } else {
        let mut known = BTreeMap::new();
        seen.iter()
            .map(|&colour| nearest(colour, &palette, &mut known))
            .collect()
    };
    Paletted {
        width: raster.width,
        height: raster.height,
        palette: palette.into_iter().map(unseen).collect(),
        indices,
    }
}

fn seen([r, g, b, alpha]: [u8; 4]) -> Seen {
    let alpha = i32::from(alpha);
    let [r, g, b] = [r, g, b].map(|channel| (i32::from(channel) * alpha + 127) / 255);
    [r, g, b, alpha]
}

fn unseen([r, g, b, alpha]: Seen) -> [u8; 4] {
    let byte = |value: i32| u8::try_from(value.clamp(0, 255)).unwrap_or(255);
    if alpha <= 0 {
        return [0; 4];
    }
    let [r, g, b] = [r, g, b].map(|channel| byte((channel * 255 + alpha / 2) / alpha));
    [r, g, b, byte(alpha)]
}

/// Splits the colours at the mean of their widest channel, the group of the largest error first, and then moves each
/// group's colour to its middle.
fn palette(seen: &[Seen], most: usize) -> Vec<Seen> {
    let mut counts: BTreeMap<Seen, i64> = BTreeMap::new();
    for &colour in seen {
        // Two bits fewer while the palette is chosen: few enough colours to sort, none lost that could be told apart.
        let coarse = if counts.len() < 60_000 {
            colour
        } else {
            colour.map(|channel| channel & !3)
        };
        *counts.entry(coarse).or_default() += 1;
    }
    let colours: Vec<(Seen, i64)> = counts.into_iter().collect();
    let mut groups = vec![Group::of(colours)];
    while groups.len() < most {
        let Some(widest) = (0..groups.len()).max_by_key(|&group| groups[group].error) else {
            break;
        };
        if groups[widest].error == 0 {
            break;
        }
        let (low, high) = groups.swap_remove(widest).split();
        groups.extend([low, high]);
    }
    let mut palette: Vec<Seen> = groups.iter().map(|group| group.mean).collect();
    palette.sort_unstable();
    palette.dedup();
    palette
}

struct Group {
    colours: Vec<(Seen, i64)>,
    mean: Seen,
    /// Squared distance to the mean, of all pixels together.
    error: i64,
    widest: usize,
}

impl Group {
    fn of(colours: Vec<(Seen, i64)>) -> Self {
        let count: i64 = colours.iter().map(|(_, count)| count).sum::<i64>().max(1);
        let mean = [0, 1, 2, 3].map(|channel| {
            let sum: i64 = colours
                .iter()
                .map(|(colour, count)| i64::from(colour[channel]) * count)
                .sum();
            i32::try_from((sum + count / 2) / count).unwrap_or(0)
        });
        let errors = [0, 1, 2, 3].map(|channel: usize| {
            let off = |colour: &Seen| i64::from(colour[channel] - mean[channel]);
            colours
                .iter()
                .map(|(colour, count)| off(colour) * off(colour) * count)
                .sum::<i64>()
        });
        let widest = (0..4).max_by_key(|&channel| errors[channel]).unwrap_or(0);
        // A group of one colour cannot be split, whatever rounding left of its error.
        let error = if colours.len() > 1 {
            errors.iter().sum()
        } else {
            0
        };
        Self {
            colours,
            mean,
            error,
            widest,
        }
    }

    fn split(self) -> (Self, Self) {
        let (channel, at) = (self.widest, self.mean[self.widest]);
        let (mut low, mut high): (Vec<_>, Vec<_>) = self
            .colours
            .into_iter()
            .partition(|(colour, _)| colour[channel] <= at);
        // The mean is rounded: all may lie on one side of it.
        if high.is_empty() {
            high.extend(low.pop());
        } else if low.is_empty() {
            low.extend(high.pop());
        }
        (Self::of(low), Self::of(high))
    }
}

fn nearest(colour: Seen, palette: &[Seen], known: &mut BTreeMap<Seen, u8>) -> u8 {
    *known.entry(colour).or_insert_with(|| {
        let near = palette.iter().zip(0_u8..=255).min_by_key(|(entry, _)| {
            [0, 1, 2, 3]
                .map(|channel: usize| (entry[channel] - colour[channel]).pow(2))
                .iter()
                .sum::<i32>()
        });
        near.map_or(0, |(_, index)| index)
    })
}

/// Floyd and Steinberg's diffusion, three quarters of each error: the rest would only be grain.
fn diffused(seen: &[Seen], width: usize, palette: &[Seen]) -> Vec<u8> {
    let mut known = BTreeMap::new();
    let mut below = vec![[0_i32; 4]; width + 2];
    let mut indices = Vec::with_capacity(seen.len());
    for row in seen.chunks_exact(width.max(1)) {
        let mut here = std::mem::replace(&mut below, vec![[0; 4]; width + 2]);
        for (x, colour) in row.iter().enumerate() {
            let wanted = [0, 1, 2, 3]
                .map(|channel| (colour[channel] + here[x + 1][channel] / 16).clamp(0, 255));
            // What is empty or whole stays so: noise in alpha is seen as holes.
            let wanted = if colour[3] == 0 || colour[3] == 255 {
                [wanted[0], wanted[1], wanted[2], colour[3]]
            } else {
                wanted
            };
            let index = if colour[3] == 0 {
                nearest([0; 4], palette, &mut known)
            } else {
                nearest(wanted, palette, &mut known)
            };
            indices.push(index);
            let got = palette.get(usize::from(index)).copied().unwrap_or([0; 4]);
            for channel in 0..4 {
                let off = (wanted[channel] - got[channel]) * 3 / 4;
                here[x + 2][channel] += off * 7;
                below[x][channel] += off * 3;
                below[x + 1][channel] += off * 5;
                below[x + 2][channel] += off;
            }
        }
    }
    indices
}
