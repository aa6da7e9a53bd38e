//! The fit of whole animations, against a decoder that is not ours.

use std::io::Cursor;

use image::AnimationDecoder;
use image::codecs::gif::GifDecoder;

use super::fit_animation;
use crate::fit::{FitError, FitOptions, FittedImage, Source};
use crate::sniff;

fn fit(bytes: &[u8], limit: u64) -> Result<FittedImage, FitError> {
    let sniffed = sniff::sniff(bytes);
    fit_animation(
        Source {
            bytes,
            sniffed: &sniffed,
        },
        limit,
        &FitOptions::default(),
    )
}

#[test]
#[ignore]
fn look() {
    for (path, limit) in [("fixtures/animations/pan_2mb.gif", 500_000), ("fixtures/animations/pan_2mb.gif", 1_000_000),("fixtures/animations/pan_2mb.gif", 300_000), ("fixtures/animations/small.gif", 50_000), ("fixtures/animations/animated.webp", 300_000), ("fixtures/animations/animated.png", 100_000)] {
        let bytes = std::fs::read(path).expect("read");
        let from = std::time::Instant::now();
        match fit(&bytes, limit) {
            Ok(f) => {
                println!("{path} {limit}: {} bytes {}x{} frames {} probes {} encodes {} {:?} fill {:.3} {:?}", f.bytes.len(), f.width_px, f.height_px, f.frames, f.probes, f.encodes, from.elapsed(), f.bytes.len() as f64/limit as f64, f.findings.iter().map(|f| &f.message).collect::<Vec<_>>());
                std::fs::write(format!("target/look-{}-{limit}.gif", path.rsplit('/').next().unwrap_or("")), &f.bytes).expect("w");
            }
            Err(e) => println!("{path} {limit}: {e} {:?}", from.elapsed()),
        }
    }
}
