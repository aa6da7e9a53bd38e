//! Pixels taken up as the coefficients of a JPEG, and the colours of both.

use crate::jpeg::{
    self, COEFFICIENT_UNIT, CoefficientPlane, Coefficients, Frame, FrameComponent, Model, Notes,
    RowBuilder, on_this_processor, sparse,
};

/// Coefficients of pixels in sRGB or grey, which `line` gives line by line: 4:4:4, with steps of one.
pub(super) fn taken_up(
    width: usize,
    height: usize,
    channels: usize,
    mut line: impl FnMut(usize, &mut [u8]),
) -> Coefficients {
    let (blocks_w, blocks_h) = (width.div_ceil(8), height.div_ceil(8));
    let plane = CoefficientPlane {
        quant: [1; 64],
        rows: Vec::with_capacity(blocks_h),
    };
    let mut planes = vec![plane; channels];
    let mut pixels = vec![0u8; width * channels];
    // Eight lines of each component, as wide as its blocks.
    let padded = blocks_w * 8;
    let mut bands = vec![vec![0u8; padded * 8]; channels];
    let mut blocks = vec![[0i16; 64]; blocks_w];
    let mut builder = RowBuilder::default();
    for top in (0..height).step_by(8) {
        for y in 0..8 {
            // Past the last line it is repeated.
            if top + y < height {
                line(top + y, &mut pixels);
            }
            let mut lines = bands
                .iter_mut()
                .filter_map(|band| band.chunks_exact_mut(padded).nth(y));
            match (lines.next(), lines.next(), lines.next()) {
                (Some(luma), Some(blue), Some(red)) => {
                    on_this_processor!(split(&pixels, [luma, blue, red]));
                }
                (Some(gray), ..) => pad(&pixels, gray),
                _ => {}
            }
        }
        for (plane, band) in planes.iter_mut().zip(&bands) {
            let row = on_this_processor!(simd => {
                for (index, block) in blocks.iter_mut().enumerate() {
                    let samples = std::array::from_fn(|y| {
                        let line = band.get(y * padded + index * 8..).unwrap_or_default();
                        line.first_chunk::<8>().unwrap_or(&[0; 8])
                    });
                    *block = jpeg::forward(simd, samples).map(whole);
                }
                sparse(&mut builder, &blocks)
            });
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

/// A coefficient in its own unit, halves to the even one.
#[inline(always)]
fn whole(exact: i16) -> i16 {
    let odd = exact >> FRACTION & 1;
    exact.wrapping_add((1 << (FRACTION - 1)) - 1 + odd) >> FRACTION
}

/// Bits of a coefficient behind the point.
const FRACTION: u32 = (COEFFICIENT_UNIT as u32).trailing_zeros();

/// One line of RGB pixels as luma and chroma.
#[inline(always)]
fn split(pixels: &[u8], [luma, blue, red]: [&mut [u8]; 3]) {
    let (list, _) = pixels.as_chunks::<3>();
    let targets = luma.iter_mut().zip(blue.iter_mut()).zip(red.iter_mut());
    for (&pixel, ((luma, blue), red)) in list.iter().zip(targets) {
        [*luma, *blue, *red] = to_ycc(pixel);
    }
    for line in [luma, blue, red] {
        repeat_last(line, list.len());
    }
}

/// A line, and its last sample after it.
fn pad(samples: &[u8], line: &mut [u8]) {
    line[..samples.len()].copy_from_slice(samples);
    repeat_last(line, samples.len());
}

/// Fills a line from `count` on with the sample before.
#[inline(always)]
fn repeat_last(line: &mut [u8], count: usize) {
    if let Some(&last) = line.get(count.wrapping_sub(1)) {
        line[count..].fill(last);
    }
}

/// JFIF 1.02 part 7: RGB to YCbCr, in 16-bit fixed point.
#[inline(always)]
pub(super) fn to_ycc([r, g, b]: [u8; 3]) -> [u8; 3] {
    let (r, g, b) = (i32::from(r), i32::from(g), i32::from(b));
    let luma = (19_595 * r + 38_470 * g + 7_471 * b + 32_768) >> 16;
    let blue = (-11_059 * r - 21_709 * g + 32_768 * b + (128 << 16) + 32_767) >> 16;
    let red = (32_768 * r - 27_439 * g - 5_329 * b + (128 << 16) + 32_767) >> 16;
    [luma as u8, blue as u8, red as u8]
}

/// JFIF 1.02 part 7: YCbCr to RGB.
#[inline(always)]
pub(super) fn to_rgb([luma, blue, red]: [u8; 3]) -> [u8; 3] {
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
