//! One upright picture, stored in each of the eight ways: every one is shown the same, pixel by pixel.

use mmsfit::{ByteCount, FitOptions, fit_image};

use crate::{Picture, distance, fixture, shown};

/// The picture that `fixtures/orientation` holds, drawn here: 96 x 64, three corners marked.
fn upright() -> Picture {
    let colour = |x: usize, y: usize| match (x / 32, y / 32) {
        (0, 0) => [255, 0, 0, 255],
        (2, 0) => [0, 160, 0, 255],
        (0, 1) => [0, 0, 255, 255],
        _ => [208, 208, 208, 255],
    };
    Picture {
        width: 96,
        height: 64,
        pixels: (0..96 * 64).map(|at| colour(at % 96, at / 96)).collect(),
        said: Vec::new(),
    }
}

fn suffixes() -> Vec<(&'static str, u8)> {
    // JPEG is lossy by nature: its blocks ring at the edges of the fields.
    let mut suffixes = vec![("jpg", 30), ("png", 0), ("webp", 0), ("tiff", 0)];
    if cfg!(feature = "heic") {
        // Luma and chroma of eight bits hold a full red only to within one step.
        suffixes.push(("heic", 1));
    }
    if cfg!(feature = "avif") {
        suffixes.push(("avif", 0));
    }
    suffixes
}

#[test]
fn all_eight_forms_of_every_format_are_decoded_upright() {
    for (suffix, tolerance) in suffixes() {
        for orientation in 1..=8 {
            let name = format!("orientation/orientation_{orientation}.{suffix}");
            let found = shown(&name);
            assert!(distance(&found, &upright()) <= tolerance, "{name}");
            let notes = usize::from(orientation != 1);
            let turned = found.said.iter().filter(|said| said.starts_with("MMS401"));
            assert_eq!(turned.count(), notes, "{name}: {:?}", found.said);
        }
    }
}

#[test]
fn all_eight_forms_of_every_format_are_written_upright() -> Result<(), Box<dyn std::error::Error>> {
    let far = |a: &Picture, b: &Picture| {
        let sum: u64 = a
            .pixels
            .iter()
            .zip(&b.pixels)
            .flat_map(|(a, b)| [0, 1, 2].map(|c| u64::from(a[c].abs_diff(b[c]))))
            .sum();
        sum / (a.pixels.len() as u64 * 3)
    };
    for (suffix, _) in suffixes() {
        for orientation in 1..=8 {
            let name = format!("orientation/orientation_{orientation}.{suffix}");
            let options = FitOptions::default();
            let fitted = fit_image(&fixture(&name), ByteCount::new(20_000), &options)?;
            let out = crate::decode(&fitted.bytes).map_err(|finding| finding.to_string())?;
            assert_eq!((out.width, out.height), (96, 64), "{name}");
            assert!(out.said.is_empty(), "{name}: {:?}", out.said);
            assert!(far(&out, &upright()) <= 2, "{name}");
        }
    }
    Ok(())
}
