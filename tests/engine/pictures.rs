//! What a picture must still be after it was fitted: its size where it can, its colours, its way up.

use image::RgbImage;
use mmsfit::{ByteCount, ContentType, FitOptions, FittedImage, Pixels, fit_image, internals};

use crate::{mean_difference, read};

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).expect(&path)
}

fn fit(bytes: &[u8], max: u64, options: &FitOptions) -> FittedImage {
    fit_image(bytes, ByteCount::new(max), options).expect("fits")
}

/// Components of the frame of a baseline JPEG.
fn components(file: &[u8]) -> u8 {
    let frame = file.windows(2).position(|pair| pair == [0xFF, 0xC0]);
    file[frame.expect("a baseline frame") + 9]
}

fn flat(width: u32, height: u32, level: [u8; 3]) -> RgbImage {
    RgbImage::from_pixel(width, height, image::Rgb(level))
}

#[test]
fn a_white_picture_stays_white_at_its_full_size_under_any_cap_that_holds_its_blocks() {
    let white = flat(640, 480, [255; 3]);
    for limit in [3_000, 10_000, 400_000] {
        let fitted = internals::fit_rgb(640, 480, white.as_raw(), limit).expect("fits");
        assert_eq!((fitted.width_px, fitted.height_px), (640, 480), "{limit}");
        assert!(fitted.bytes.len() as u64 <= limit);
        assert_eq!(read(&fitted.bytes), white, "{limit}");
    }
}

#[test]
fn a_flat_jpeg_stays_at_its_full_size() {
    let mut source = Vec::new();
    let colour = flat(1600, 1200, [200, 90, 40]);
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut source, 100)
        .encode_image(&colour)
        .expect("encodes");
    let most = source.len() as u64 * 3 / 4;
    let fitted = fit(&source, most, &FitOptions::default());
    assert_eq!((fitted.width_px, fitted.height_px), (1600, 1200));
    assert!(mean_difference(&read(&fitted.bytes), &colour) < 1.0);
}

#[test]
fn a_picture_that_is_turned_or_has_a_place_does_not_grow_into_a_large_cap() {
    let turned = fixture("orientation/orientation_6.jpg");
    let fitted = fit(&turned, 5_000_000, &FitOptions::default());
    assert!(
        fitted.bytes.len() <= turned.len(),
        "{} of {}",
        fitted.bytes.len(),
        turned.len()
    );

    let placed = fixture("photos/gps.jpg");
    let fitted = fit(&placed, 5_000_000, &FitOptions::default());
    assert!(fitted.bytes.len() < placed.len());
    assert_eq!(fitted.encodes, 0, "a place is cut out, not encoded away");
    assert_eq!(read(&fitted.bytes), read(&placed));
    assert!(!mmsfit::sniff::sniff(&fitted.bytes).has_location);
}

#[test]
fn grain_from_a_png_fills_its_cap_and_an_easy_picture_does_not() {
    let noisy = |x: u32, y: u32| {
        let hash =
            (x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77)).wrapping_mul(0xC2B2_AE3D);
        let grain = (hash >> 25) as u8;
        image::Rgb([100 + grain, 90 + grain, 110 + grain])
    };
    let png = |picture: &RgbImage| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture
            .write_to(&mut bytes, image::ImageFormat::Png)
            .expect("encodes");
        bytes.into_inner()
    };
    let mut jpegs = FitOptions::default();
    jpegs.accept = vec![ContentType::Jpeg];
    let grain = png(&RgbImage::from_fn(900, 700, noisy));
    let fitted = fit(&grain, 600_000, &jpegs);
    assert!(
        fitted.bytes.len() >= 580_000,
        "{} bytes",
        fitted.bytes.len()
    );
    let easy = png(&flat(900, 700, [10, 120, 60]));
    assert!(fit(&easy, 600_000, &jpegs).bytes.len() < 20_000);
}

#[test]
fn only_types_that_are_accepted_are_made() {
    let photo = fixture("photos/small.jpg");
    let options = |accept: &[ContentType]| {
        let mut options = FitOptions::default();
        options.accept = accept.to_vec();
        options
    };
    let fitted = fit(&photo, 200_000, &options(&[ContentType::Png]));
    assert_eq!(fitted.content_type, ContentType::Png);
    assert!(fitted.bytes.starts_with(b"\x89PNG") && fitted.bytes.len() <= 200_000);
    let refused = fit_image(
        &photo,
        ByteCount::new(200_000),
        &options(&[ContentType::Gif]),
    );
    let fault = refused.expect_err("no still can be made").to_string();
    assert!(fault.contains("a JPEG or a PNG"), "{fault}");
}

#[test]
fn a_gradient_stays_smooth() {
    let gradient = RgbImage::from_fn(1200, 900, |x, y| {
        image::Rgb([(x * 255 / 1199) as u8, (y * 255 / 899) as u8, 128])
    });
    let fitted = internals::fit_rgb(1200, 900, gradient.as_raw(), 60_000).expect("fits");
    assert!(fitted.width_px >= 600, "{}", fitted.width_px);
    // A level a line: bands would be further off than a rounding and the chroma that eight bits hold.
    let ours = image::imageops::resize(
        &read(&fitted.bytes),
        1200,
        900,
        image::imageops::FilterType::Triangle,
    );
    let most = ours.as_raw().iter().zip(gradient.as_raw());
    let most = most.map(|(a, b)| a.abs_diff(*b)).max();
    assert!(most <= Some(6), "{most:?}");
}

#[test]
fn grey_stays_grey_with_one_component() {
    let fitted = fit(&fixture("photos/grey.jpg"), 100_000, &FitOptions::default());
    assert_eq!(fitted.content_type, ContentType::Jpeg);
    assert_eq!(components(&fitted.bytes), 1);
    assert!(
        read(&fitted.bytes)
            .pixels()
            .all(|p| p[0] == p[1] && p[1] == p[2])
    );
}

#[test]
fn every_orientation_comes_out_upright() {
    let upright = fit(
        &fixture("orientation/orientation_1.jpg"),
        900,
        &FitOptions::default(),
    );
    let expected = read(&fixture("orientation/orientation_1.jpg"));
    for orientation in 1..=8 {
        let source = fixture(&format!("orientation/orientation_{orientation}.jpg"));
        let fitted = fit(&source, 900, &FitOptions::default());
        assert_eq!(
            (fitted.width_px, fitted.height_px),
            (upright.width_px, upright.height_px),
            "{orientation}"
        );
        let ours = read(&fitted.bytes);
        let expected = image::imageops::resize(
            &expected,
            ours.width(),
            ours.height(),
            image::imageops::FilterType::Triangle,
        );
        let difference = mean_difference(&ours, &expected);
        assert!(difference < 12.0, "{orientation}: {difference}");
    }
}

/// Levels of an RGB space with the given matrix to linear sRGB and the given curve, as levels of sRGB.
fn to_srgb(pixel: [u8; 3], matrix: [[f64; 3]; 3], linear: impl Fn(f64) -> f64) -> [u8; 3] {
    let light = pixel.map(|level| linear(f64::from(level) / 255.0));
    matrix.map(|row| {
        let sum: f64 = row.iter().zip(light).map(|(a, b)| a * b).sum();
        let sum = sum.clamp(0.0, 1.0);
        let level = if sum <= 0.003_130_8 {
            12.92 * sum
        } else {
            1.055 * sum.powf(1.0 / 2.4) - 0.055
        };
        (level * 255.0).round() as u8
    })
}

/// Both brought to the smaller one's size, where what differs is colour.
fn colour_difference(ours: &RgbImage, expected: &RgbImage) -> f64 {
    let (width, height) = (ours.width() / 8, ours.height() / 8);
    let small = |picture| {
        image::imageops::resize(
            picture,
            width,
            height,
            image::imageops::FilterType::Triangle,
        )
    };
    mean_difference(&small(ours), &small(expected))
}

#[test]
fn wide_gamuts_become_srgb_by_their_primaries() {
    // From the chromaticities of Display P3 and Adobe RGB (1998) and of sRGB, all of white point D65.
    let p3 = [
        [1.224_94, -0.224_94, 0.0],
        [-0.042_06, 1.042_06, 0.0],
        [-0.019_64, -0.078_64, 1.098_27],
    ];
    let adobe = [
        [1.398_36, -0.398_36, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, -0.042_93, 1.042_93],
    ];
    let curve = |level: f64| {
        if level <= 0.040_45 {
            level / 12.92
        } else {
            ((level + 0.055) / 1.055).powf(2.4)
        }
    };
    type Gamut<'a> = (&'a str, [[f64; 3]; 3], &'a dyn Fn(f64) -> f64);
    let cases: [Gamut<'_>; 2] = [
        ("colour/display_p3.jpg", p3, &curve),
        ("colour/adobe_rgb_like.jpg", adobe, &|level| {
            level.powf(563.0 / 256.0)
        }),
    ];
    for (name, matrix, linear) in cases {
        let source = fixture(name);
        let mut expected = read(&source);
        let raw = expected.clone();
        for pixel in expected.pixels_mut() {
            pixel.0 = to_srgb(pixel.0, matrix, linear);
        }
        let fitted = fit(&source, source.len() as u64 * 2 / 3, &FitOptions::default());
        let ours = read(&fitted.bytes);
        let difference = colour_difference(&ours, &expected);
        assert!(difference < 2.0, "{name}: {difference}");
        // The untouched levels are further off: something was converted.
        assert!(colour_difference(&ours, &raw) > difference, "{name}");
    }
}

#[test]
fn inks_come_out_in_the_colours_that_another_reader_gives_them() {
    for name in ["colour/cmyk.jpg", "colour/ycck.jpg"] {
        let source = fixture(name);
        let fitted = fit(&source, source.len() as u64 / 2, &FitOptions::default());
        assert_eq!(components(&fitted.bytes), 3);
        let difference = colour_difference(&read(&fitted.bytes), &read(&source));
        assert!(difference < 4.0, "{name}: {difference}");
    }
}

#[test]
fn the_longest_side_asked_for_holds_and_is_nearly_used() {
    for name in [
        "photos/small.jpg",
        "photos/grey.jpg",
        "photos/cat_fur.png",
        "photos/dogs_6mp_progressive_420.jpg",
        "colour/cmyk.jpg",
        "colour/ycck.jpg",
        "colour/display_p3.jpg",
    ] {
        let source = fixture(name);
        let sniffed = mmsfit::sniff::sniff(&source);
        let own = sniffed
            .width_px
            .max(sniffed.height_px)
            .expect("a picture has sides");
        for most in [1, 40, 100, 333, 700, 1000, own - 1] {
            let options = FitOptions::default().max_side(Pixels::new(most));
            // So much room that no smaller size looks better.
            let fitted = fit(&source, 2_000_000, &options);
            let side = fitted.width_px.max(fitted.height_px);
            let most = most.min(own);
            assert!(
                side <= most && side * 16 >= most.min(1_440) * 14,
                "{name} {most}: {side}"
            );
            let read = read(&fitted.bytes);
            assert_eq!(read.dimensions(), (fitted.width_px, fitted.height_px));
        }
    }
}

#[test]
fn the_thinnest_pictures_are_fitted() {
    for (width, height) in [(1, 1), (1, 200), (700, 1), (3, 1000), (8, 8), (9, 17)] {
        let picture = RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([(x * 7 % 256) as u8, (y * 3 % 256) as u8, 99])
        });
        let fitted = internals::fit_rgb(width, height, picture.as_raw(), 20_000).expect("fits");
        assert_eq!((fitted.width_px, fitted.height_px), (width, height));
        let mut source = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut source, 90)
            .encode_image(&picture)
            .expect("encodes");
        let again = internals::fit_jpeg(&source, 20_000, 1440, None).expect("fits");
        assert_eq!((again.width_px, again.height_px), (width, height));
        assert!(mean_difference(&read(&again.bytes), &read(&source)) < 2.0);
    }
}
