use super::{fit_graphic, png};
use crate::content_type::ContentType;
use crate::fit::{FitError, FitOptions, FittedImage, photograph};
use crate::raster::{self, Layout, Limits, Raster};
use crate::sniff;
use crate::units::ByteCount;

fn graphic(name: &str) -> Raster {
    let path = format!("{}/fixtures/graphics/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).expect("the fixture is there");
    decoded(&bytes)
}

fn decoded(bytes: &[u8]) -> Raster {
    let sniffed = sniff::sniff(bytes);
    raster::decode(bytes, &sniffed, &Limits::default())
        .expect("it decodes")
        .0
}

fn fit(raster: &Raster, limit: u64) -> Result<FittedImage, FitError> {
    let options = FitOptions::default();
    let mut jpeg = |raster: &Raster, limit: u64| {
        photograph::fit_raster(raster, ByteCount::new(limit), &options, true).ok()
    };
    fit_graphic(raster, limit, &options, &mut jpeg)
}

#[test]
fn a_screenshot_stays_lossless_while_it_fits() {
    let screenshot = graphic("screenshot.png");
    let limit = png::lossless(&screenshot).expect("it can be written").len() as u64;
    let fitted = fit(&screenshot, limit).expect("it fits");
    assert_eq!(fitted.content_type, ContentType::Png);
    assert_eq!(decoded(&fitted.bytes).pixels, screenshot.pixels);
}

#[test]
fn a_screenshot_keeps_its_size_and_its_two_tones_in_a_palette() {
    let screenshot = graphic("screenshot.png");
    for limit in [120_000, 50_000] {
        let fitted = fit(&screenshot, limit).expect("it fits");
        assert_eq!(fitted.content_type, ContentType::Png);
        assert!(fitted.bytes.len() as u64 <= limit);
        let shown = decoded(&fitted.bytes);
        assert_eq!(
            (shown.width, shown.height),
            (screenshot.width, screenshot.height)
        );
        // Black text on flat ground: no pixel may move far.
        let apart = shown
            .pixels
            .iter()
            .zip(&screenshot.pixels)
            .map(|(a, b)| a.abs_diff(*b))
            .filter(|by| *by > 40)
            .count();
        let share = apart as f64 / screenshot.pixels.len() as f64;
        assert!(share < 0.002, "{share} of the samples moved at {limit}");
    }
}

#[test]
fn a_flyer_with_photographs_becomes_a_jpeg_of_full_size_that_fills_the_limit() {
    let flyer = graphic("flyer_small_text.png");
    let fitted = fit(&flyer, 300_000).expect("it fits");
    assert_eq!(fitted.content_type, ContentType::Jpeg);
    assert_eq!(
        (fitted.width_px, fitted.height_px),
        (flyer.width, flyer.height)
    );
    let bytes = fitted.bytes.len();
    assert!((291_000..=300_000).contains(&bytes), "{bytes} bytes");
}

#[test]
fn a_sticker_stays_transparent() {
    let sticker = graphic("sticker_alpha.png");
    for limit in [200_000, 60_000] {
        let fitted = fit(&sticker, limit).expect("it fits");
        assert!(fitted.bytes.len() as u64 <= limit);
        assert_eq!(fitted.content_type, ContentType::Png);
        let shown = decoded(&fitted.bytes);
        assert_eq!(shown.layout, Layout::Rgba);
        let corner = shown.pixels[3];
        let middle = (shown.height / 2 * shown.width + shown.width / 2) as usize * 4 + 3;
        assert_eq!((corner, shown.pixels[middle]), (0, 255));
    }
}

#[test]
fn a_sticker_too_large_for_any_png_is_laid_on_white_and_says_so() {
    let sticker = graphic("sticker_alpha.png");
    let fitted = fit(&sticker, 1_500).expect("it fits");
    assert_eq!(fitted.content_type, ContentType::Jpeg);
    assert!(fitted.bytes.len() <= 1_500);
    assert!(
        decoded(&fitted.bytes)
            .pixels
            .first()
            .is_some_and(|sample| *sample > 245)
    );
    let said: Vec<_> = fitted.findings.iter().map(|f| &f.message).collect();
    assert!(
        said.iter().any(|text| text.contains("white")),
        "only {said:?}"
    );
}

#[test]
fn a_refusal_names_a_size_that_can_be_reached() {
    let screenshot = graphic("screenshot.png");
    let Err(FitError::CannotFit { nearest, limit, .. }) = fit(&screenshot, 400) else {
        panic!("400 bytes cannot hold a screenshot");
    };
    assert!(nearest > limit);
    let fitted = fit(&screenshot, nearest.get()).expect("the size that the refusal named");
    assert!(fitted.bytes.len() as u64 <= nearest.get());
}

#[test]
fn the_same_bytes_come_out_every_time() {
    let flyer = graphic("flyer_small_text.png");
    let first = fit(&flyer, 120_000).expect("it fits");
    let again = fit(&flyer, 120_000).expect("it fits");
    assert!(first.bytes == again.bytes);
}
