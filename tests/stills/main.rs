//! Every kind of still picture that people send: decoded right, upright, in sRGB, or refused with the reason.

#[cfg(feature = "svg")]
mod drawings;
#[cfg(feature = "heic")]
mod heif;
mod orientation;
mod others;
mod raws;

use std::path::Path;

use mmsfit::Finding;
use mmsfit::internals::decode_still;

/// A decoded still.
#[derive(Debug, PartialEq)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Red, green, blue, alpha.
    pub(crate) pixels: Vec<[u8; 4]>,
    /// Code and message of what was said about it.
    pub(crate) said: Vec<String>,
}

impl Picture {
    pub(crate) fn at(&self, x: usize, y: usize) -> [u8; 4] {
        self.pixels[y * self.width + x]
    }
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Picture, Finding> {
    let (width, height, channels, pixels, findings) = decode_still(bytes)?;
    let pixels: Vec<[u8; 4]> = pixels
        .chunks_exact(channels)
        .map(|pixel| {
            [
                pixel[0],
                pixel[1],
                pixel[2],
                pixel.get(3).copied().unwrap_or(255),
            ]
        })
        .collect();
    assert_eq!(pixels.len(), width as usize * height as usize);
    Ok(Picture {
        width: width as usize,
        height: height as usize,
        pixels,
        said: findings.iter().map(said).collect(),
    })
}

pub(crate) fn shown(name: &str) -> Picture {
    decode(&fixture(name)).unwrap_or_else(|finding| panic!("{name}: {finding}"))
}

/// Code and message of the refusal.
pub(crate) fn refusal(bytes: &[u8]) -> String {
    match decode(bytes) {
        Ok(picture) => panic!("decoded to {} x {}", picture.width, picture.height),
        Err(finding) => said(&finding),
    }
}

/// The largest difference of any channel.
pub(crate) fn distance(one: &Picture, other: &Picture) -> u8 {
    assert_eq!((one.width, one.height), (other.width, other.height));
    let differences = one
        .pixels
        .iter()
        .zip(&other.pixels)
        .flat_map(|(a, b)| [0, 1, 2, 3].map(|channel| a[channel].abs_diff(b[channel])));
    differences.max().unwrap_or(0)
}

fn said(finding: &Finding) -> String {
    format!("{} {}", finding.code, finding.message)
}
