//! The same bytes on every run and any number of threads; and refusals that keep their word.

use std::path::PathBuf;

use mmsfit::{ByteCount, FitError, FitOptions, fit_image};
use rayon::prelude::*;

fn photos() -> Vec<PathBuf> {
    let folder = format!("{}/fixtures/photos", env!("CARGO_MANIFEST_DIR"));
    let mut list: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the fixtures are there")
        .map(|entry| entry.expect("reads").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "jpg"))
        .collect();
    list.sort();
    list
}

#[test]
fn every_photo_gives_the_same_bytes_on_one_thread_and_on_two() {
    let photos = photos();
    assert!(photos.len() > 20);
    let on = |threads: usize| -> Vec<Result<Vec<u8>, String>> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads start");
        pool.install(|| {
            photos
                .par_iter()
                .map(|path| {
                    let bytes = std::fs::read(path).expect("reads");
                    let most = ByteCount::new((bytes.len() as u64 / 3).min(500_000));
                    let fitted = fit_image(&bytes, most, &FitOptions::default());
                    fitted
                        .map(|fitted| fitted.bytes)
                        .map_err(|fault| fault.to_string())
                })
                .collect()
        })
    };
    let one = on(1);
    assert!(one.iter().filter(|fitted| fitted.is_ok()).count() > 10);
    for (index, (one, two)) in one.iter().zip(on(2)).enumerate() {
        assert!(*one == two, "{:?}", photos[index]);
    }
}

#[test]
fn the_nearest_size_that_a_refusal_names_is_reached_when_it_is_allowed() {
    let white = {
        let picture = image::RgbImage::from_pixel(1600, 1200, image::Rgb([255; 3]));
        let mut bytes = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95)
            .encode_image(&picture)
            .expect("encodes");
        bytes
    };
    let fixture = |name: &str| {
        let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(&path).expect(&path)
    };
    let sources = [
        ("photos/small.jpg", fixture("photos/small.jpg")),
        ("photos/grey.jpg", fixture("photos/grey.jpg")),
        (
            "photos/progressive_444.jpg",
            fixture("photos/progressive_444.jpg"),
        ),
        (
            "photos/officer_portrait",
            fixture("photos/officer_portrait_baseline_420.jpg"),
        ),
        ("colour/cmyk.jpg", fixture("colour/cmyk.jpg")),
        ("white", white),
        (
            "graphics/screenshot.png",
            fixture("graphics/screenshot.png"),
        ),
        ("graphics/qr_code.png", fixture("graphics/qr_code.png")),
    ];
    for (name, bytes) in sources {
        let fit = |most: ByteCount| fit_image(&bytes, most, &FitOptions::default());
        let refused = fit(ByteCount::new(200));
        let Err(FitError::CannotFit { nearest, .. }) = refused else {
            panic!("{name}: {refused:?}");
        };
        let fitted = fit(nearest);
        assert!(
            fitted
                .as_ref()
                .is_ok_and(|fitted| fitted.bytes.len() as u64 <= nearest.get()),
            "{name}: {nearest} {:?}",
            fitted.map(|fitted| fitted.bytes.len())
        );
    }
}
