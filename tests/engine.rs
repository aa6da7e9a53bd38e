//! The photo engine against readers and writers that are not ours.

use image::{ImageEncoder, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use mmsfit::internals;
use proptest::prelude::*;

#[path = "engine/hostile.rs"]
mod hostile;
#[path = "engine/pictures.rs"]
mod pictures;
#[path = "engine/same.rs"]
mod same;

/// A scene with edges, gradients and grain, the same on every run.
fn scene(width: u32, height: u32) -> RgbImage {
    let mut state = 1u32;
    RgbImage::from_fn(width, height, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (state >> 28) as i32 - 8;
        let wave = ((f64::from(x) / 9.0).sin() * 40.0 + (f64::from(y) / 23.0).cos() * 50.0) as i32;
        let edge = if (x / 37 + y / 29) % 2 == 0 { 30 } else { 0 };
        let level = |base: i32| (base + wave + edge + grain).clamp(0, 255) as u8;
        image::Rgb([level(120), level(110), level(90)])
    })
}

fn jpeg(
    picture: &RgbImage,
    sampling: SamplingFactor,
    progressive: bool,
    restart: Option<u16>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 92);
    encoder.set_sampling_factor(sampling);
    encoder.set_progressive(progressive);
    if let Some(interval) = restart {
        encoder.set_restart_interval(interval);
    }
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    encoder
        .encode(picture.as_raw(), width, height, ColorType::Rgb)
        .expect("encodes");
    bytes
}

fn mean_difference(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: u64 = a
        .as_raw()
        .iter()
        .zip(b.as_raw())
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / a.as_raw().len() as f64
}

fn read(bytes: &[u8]) -> RgbImage {
    image::load_from_memory(bytes)
        .expect("an independent reader takes it")
        .to_rgb8()
}

#[test]
fn every_sampling_process_and_restart_interval_reads_as_the_picture_that_another_writer_was_given()
{
    let picture = scene(317, 203);
    let samplings = [
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_1,
        SamplingFactor::F_1_2,
        SamplingFactor::F_2_2,
        SamplingFactor::F_4_1,
        SamplingFactor::F_4_2,
        SamplingFactor::F_1_4,
        SamplingFactor::F_2_4,
    ];
    for sampling in samplings {
        for progressive in [false, true] {
            for restart in [None, Some(5)] {
                let file = jpeg(&picture, sampling, progressive, restart);
                // At full size and with more room than it needs, what is left is rounding and chroma resampling.
                let ours =
                    internals::fit_jpeg(&file, 400_000, 1440, Some((8, false))).expect("fits");
                let difference = mean_difference(&read(&ours.bytes), &picture);
                assert!(
                    difference < 5.0,
                    "{sampling:?} {progressive} {restart:?}: {difference}"
                );
            }
        }
    }
}

#[test]
fn every_prefix_of_a_file_is_an_error_and_never_a_half_picture() {
    for progressive in [false, true] {
        let file = jpeg(&scene(61, 43), SamplingFactor::F_2_2, progressive, Some(3));
        for cut in 0..file.len() - 3 {
            assert!(
                internals::fit_jpeg(&file[..cut], 100_000, 1440, None).is_err(),
                "cut at {cut}"
            );
        }
    }
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    let file = jpeg(&scene(900, 700), SamplingFactor::F_2_2, false, None);
    let fit = || {
        internals::fit_jpeg(&file, 40_000, 1440, None)
            .expect("fits")
            .bytes
    };
    assert_eq!(fit(), fit());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_fitted_photo_is_never_over_its_limit_and_reads_elsewhere(limit in 2_000u64..200_000, wide: bool) {
        let picture = if wide { scene(1100, 380) } else { scene(530, 720) };
        let file = jpeg(&picture, SamplingFactor::F_2_2, limit % 2 == 0, None);
        match internals::fit_jpeg(&file, limit, 1440, None) {
            Ok(fitted) => {
                prop_assert!(fitted.bytes.len() as u64 <= limit);
                let back = read(&fitted.bytes);
                prop_assert_eq!(back.dimensions(), (fitted.width_px, fitted.height_px));
                prop_assert!(back.width() <= picture.width() && back.height() <= picture.height());
            }
            Err(message) => prop_assert!(message.contains("nearest"), "{}", message),
        }
    }

    #[test]
    fn a_flipped_byte_never_panics(at: prop::sample::Index, value: u8, progressive: bool) {
        let mut file = jpeg(&scene(90, 70), SamplingFactor::F_2_2, progressive, Some(4));
        let index = at.index(file.len());
        file[index] = value;
        if let Ok(fitted) = internals::fit_jpeg(&file, 5_000, 1440, None) {
            prop_assert!(fitted.bytes.len() <= 5_000);
        }
    }
}

#[test]
fn pixels_enter_the_same_search() {
    let picture = scene(800, 600);
    let fitted = internals::fit_rgb(800, 600, picture.as_raw(), 60_000).expect("fits");
    assert!(
        fitted.bytes.len() <= 60_000 && fitted.bytes.len() >= 57_000,
        "{}",
        fitted.bytes.len()
    );
    let mut png = Vec::new();
    image::codecs::png::PngEncoder::new(&mut png)
        .write_image(picture.as_raw(), 800, 600, image::ExtendedColorType::Rgb8)
        .expect("encodes");
    let small = image::imageops::resize(
        &picture,
        fitted.width_px,
        fitted.height_px,
        image::imageops::FilterType::Triangle,
    );
    assert!(mean_difference(&read(&fitted.bytes), &small) < 8.0);
}

#[test]
fn what_cannot_be_fitted_names_the_nearest_size() {
    let file = jpeg(&scene(900, 700), SamplingFactor::F_2_2, false, None);
    let message = internals::fit_jpeg(&file, 300, 1440, None)
        .err()
        .expect("nothing fits 300 bytes");
    assert!(
        message.starts_with("cannot be fitted: the nearest is ")
            && message.ends_with(" at 160 x 124 px"),
        "{message}"
    );
}
