//! The fit of whole animations, read back by a decoder that is not ours.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, Frame};
use proptest::prelude::*;

use super::{MAX_ENCODES, fit_animation};
use crate::code::Code;
use crate::content_type::ContentType;
use crate::fit::{FitError, FitOptions, FittedImage, Source};
use crate::sniff;

fn fit(bytes: &[u8], limit: u64) -> Result<FittedImage, FitError> {
    fit_with(bytes, limit, &FitOptions::default())
}

fn fit_with(bytes: &[u8], limit: u64, options: &FitOptions) -> Result<FittedImage, FitError> {
    let sniffed = sniff::sniff(bytes);
    let source = Source {
        bytes,
        sniffed: &sniffed,
    };
    fit_animation(source, limit, options)
}

fn frames(bytes: &[u8]) -> Vec<Frame> {
    let decoder = GifDecoder::new(Cursor::new(bytes)).expect("a GIF");
    decoder
        .into_frames()
        .collect_frames()
        .expect("whole frames")
}

fn total_ms(bytes: &[u8]) -> u64 {
    frames(bytes)
        .iter()
        .map(|frame| u64::from(frame.delay().numer_denom_ms().0))
        .sum()
}

/// A square that moves over a slope with noise, each frame with a delay of its own.
fn moving(
    width: u16,
    height: u16,
    count: u16,
    delay_cs: u16,
    repeat: Option<gif::Repeat>,
) -> Vec<u8> {
    let palette: Vec<u8> = (0..=255_u8)
        .flat_map(|n| [n, n / 2 + 40, 255 - n])
        .collect();
    let mut file = gif::Encoder::new(Vec::new(), width, height, &palette).expect("a header");
    if let Some(repeat) = repeat {
        file.set_repeat(repeat).expect("an extension");
    }
    for number in 0..count {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixels: Vec<u8> = pixels
            .map(|(x, y)| {
                let inside = x.abs_diff(number * 5 + 10) < 14 && y.abs_diff(height / 2) < 14;
                let noise = (u32::from(x) * 7919 + u32::from(y) * 104_729)
                    .wrapping_mul(2_654_435_761)
                    >> 28;
                let slope = u32::from(x) * 180 / u32::from(width) + noise;
                if inside {
                    255
                } else {
                    u8::try_from(slope).expect("a byte")
                }
            })
            .collect();
        let frame = gif::Frame {
            width,
            height,
            delay: delay_cs + number % 3,
            buffer: pixels.into(),
            ..gif::Frame::default()
        };
        file.write_frame(&frame).expect("a frame");
    }
    file.into_inner().expect("a trailer")
}

/// A disc that moves over nothing: what it leaves behind has to be cleared.
fn sticker() -> Vec<u8> {
    let palette = [0, 0, 0, 240, 40, 40, 250, 220, 60];
    let mut file = gif::Encoder::new(Vec::new(), 64, 64, &palette).expect("a header");
    file.set_repeat(gif::Repeat::Infinite)
        .expect("an extension");
    for number in 0..10_i32 {
        let pixels = (0..64 * 64_i32).map(|at| (at % 64 - 10 - number * 5, at / 64 - 32));
        let pixels: Vec<u8> = pixels
            .map(|(x, y)| match x * x + y * y {
                0..=30 => 2,
                31..=100 => 1,
                _ => 0,
            })
            .collect();
        let frame = gif::Frame {
            width: 64,
            height: 64,
            delay: 8,
            transparent: Some(0),
            dispose: gif::DisposalMethod::Background,
            buffer: pixels.into(),
            ..gif::Frame::default()
        };
        file.write_frame(&frame).expect("a frame");
    }
    file.into_inner().expect("a trailer")
}

#[test]
fn two_megabytes_come_under_half_a_megabyte_and_still_move_at_the_same_pace() {
    let bytes = include_bytes!("../../../fixtures/animations/pan_2mb.gif");
    let fitted = fit(bytes, 500_000).expect("fits");
    assert!(
        fitted.bytes.len() <= 500_000 && fitted.bytes.len() >= 450_000,
        "{}",
        fitted.bytes.len()
    );
    assert!(fitted.encodes <= MAX_ENCODES);
    assert_eq!(fitted.content_type, ContentType::Gif);
    let shown = frames(&fitted.bytes);
    assert_eq!(shown.len(), fitted.frames as usize);
    assert!(shown.len() >= 18, "{} frames", shown.len());
    assert_eq!(total_ms(&fitted.bytes), total_ms(bytes));
    assert_eq!(
        shown[0].buffer().dimensions(),
        (fitted.width_px, fitted.height_px)
    );
}

#[test]
fn webp_and_png_animations_become_gifs_of_the_same_length() {
    for bytes in [
        &include_bytes!("../../../fixtures/animations/animated.webp")[..],
        &include_bytes!("../../../fixtures/animations/animated.png")[..],
    ] {
        let sniffed = sniff::sniff(bytes);
        let fitted = fit(bytes, 400_000).expect("fits");
        assert_eq!(
            u64::from(fitted.frames),
            u64::from(sniffed.frames.expect("frames"))
        );
        assert_eq!(Some(total_ms(&fitted.bytes)), sniffed.duration_ms);
    }
}

#[test]
fn what_moves_over_nothing_leaves_nothing_behind() {
    let bytes = sticker();
    let fitted = fit(&bytes, 100_000).expect("fits");
    let (before, after) = (frames(&bytes), frames(&fitted.bytes));
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        for (before, after) in before.buffer().pixels().zip(after.buffer().pixels()) {
            assert_eq!(before.0[3], after.0[3]);
            assert!(before.0[3] == 0 || before == after);
        }
    }
}

#[test]
fn a_limit_that_asks_for_nothing_changes_no_pixel_of_a_gif() {
    let bytes = moving(120, 80, 6, 7, None);
    let fitted = fit(&bytes, 10_000_000).expect("fits");
    let (before, after) = (frames(&bytes), frames(&fitted.bytes));
    assert_eq!(before.len(), after.len());
    assert!(
        before
            .iter()
            .zip(&after)
            .all(|(before, after)| before.buffer() == after.buffer())
    );
    assert!(fitted.bytes.len() < bytes.len());
}

#[test]
fn loops_are_kept() {
    for repeat in [
        None,
        Some(gif::Repeat::Infinite),
        Some(gif::Repeat::Finite(3)),
    ] {
        let bytes = moving(60, 40, 4, 9, repeat);
        let fitted = fit(&bytes, 1_000_000).expect("fits");
        let read = |bytes: &[u8]| {
            let mut decoder = gif::DecodeOptions::new()
                .read_info(Cursor::new(bytes))
                .expect("a GIF");
            while decoder.read_next_frame().expect("a frame").is_some() {}
            decoder.repeat()
        };
        assert_eq!(
            read(&fitted.bytes),
            repeat.unwrap_or(gif::Repeat::Finite(0))
        );
    }
}

#[test]
fn frames_without_a_change_are_merged_but_never_to_a_still() {
    let palette = [0, 0, 0, 255, 255, 255];
    let mut file = gif::Encoder::new(Vec::new(), 8, 8, &palette).expect("a header");
    for _ in 0..6 {
        let frame = gif::Frame {
            width: 8,
            height: 8,
            delay: 20,
            buffer: vec![1; 64].into(),
            ..gif::Frame::default()
        };
        file.write_frame(&frame).expect("a frame");
    }
    let fitted = fit(&file.into_inner().expect("a trailer"), 10_000).expect("fits");
    assert_eq!(fitted.frames, 2);
    assert_eq!(total_ms(&fitted.bytes), 1200);
}

#[test]
fn a_refusal_names_the_nearest_length_and_it_is_not_a_still() {
    let bytes = moving(300, 200, 20, 5, None);
    match fit(&bytes, 900) {
        Err(FitError::CannotFit {
            nearest,
            width_px,
            height_px,
            ..
        }) => {
            assert!(nearest.get() > 900, "{nearest}");
            assert_eq!(width_px.max(height_px), 160);
            let fitted = fit(&bytes, nearest.get()).expect("what was named can be reached");
            assert!(fitted.frames > 1);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_no_gif_is_accepted_an_animation_is_refused() {
    let options = FitOptions {
        accept: vec![ContentType::Jpeg],
        ..FitOptions::default()
    };
    match fit_with(&sticker(), 100_000, &options) {
        Err(FitError::Refused { finding }) => assert_eq!(finding.code, Code::AnimationNotAccepted),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_screen_of_ten_thousand_a_side_is_refused_before_it_is_decoded() {
    let mut file = gif::Encoder::new(Vec::new(), 10_000, 10_000, &[0; 6]).expect("a header");
    for _ in 0..500 {
        let frame = gif::Frame {
            width: 1,
            height: 1,
            buffer: vec![0].into(),
            ..gif::Frame::default()
        };
        file.write_frame(&frame).expect("a frame");
    }
    let bytes = file.into_inner().expect("a trailer");
    let from = std::time::Instant::now();
    match fit(&bytes, 100_000) {
        Err(FitError::Refused { finding }) => assert_eq!(finding.code, Code::DecodedSizeOverLimit),
        other => panic!("{other:?}"),
    }
    assert!(from.elapsed().as_millis() < 500);
}

#[test]
fn a_file_that_is_cut_anywhere_is_a_refusal_or_a_whole_animation() {
    let bytes = moving(40, 30, 3, 9, None);
    for end in (0..bytes.len()).step_by(7) {
        if let Ok(fitted) = fit(&bytes[..end], 100_000) {
            assert!(frames(&fitted.bytes).len() >= 2);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn no_limit_is_ever_exceeded_and_time_is_kept(
        width in 100_u16..260, height in 60_u16..200, count in 2_u16..14, delay in 2_u16..12, limit in 800_u64..60_000
    ) {
        let bytes = moving(width, height, count, delay, Some(gif::Repeat::Infinite));
        match fit(&bytes, limit) {
            Ok(fitted) => {
                prop_assert!(fitted.bytes.len() as u64 <= limit);
                prop_assert!(fitted.encodes <= MAX_ENCODES);
                prop_assert!(fitted.frames >= 2);
                prop_assert_eq!(total_ms(&fitted.bytes), total_ms(&bytes));
                let again = fit(&bytes, limit).expect("fits again");
                prop_assert_eq!(again.bytes, fitted.bytes);
            }
            Err(FitError::CannotFit { nearest, .. }) => prop_assert!(nearest.get() > limit),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
