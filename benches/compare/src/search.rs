//! Every scale, both chromas, the highest quality under each cap: the best that an encoder can do, at any price.

use crate::pixels::{Picture, Result, VIEW_SIDE, boxed};

/// Encodes a picture: quality 1 to 100, full chroma or 4:2:0.
pub type Encode<'a> = &'a dyn Fn(&Picture, u8, bool) -> Result<Vec<u8>>;

/// Decodes what was encoded.
pub type Decode<'a> = &'a dyn Fn(&[u8]) -> Result<Picture>;

/// What the command line asks for: `MODE PHOTO CAP,CAP,... SCALE,SCALE,...`
pub struct Asked {
    pub mode: String,
    pub photo: Vec<u8>,
    pub caps: Vec<usize>,
    pub scales: Vec<f64>,
}

impl Asked {
    pub fn from_arguments() -> Result<Self> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let [mode, photo, caps, scales] = arguments.as_slice() else {
            return Err("give MODE PHOTO CAP,CAP,... SCALE,SCALE,...".into());
        };
        Ok(Self {
            mode: mode.clone(),
            photo: std::fs::read(photo)?,
            caps: caps
                .split(',')
                .map(str::parse)
                .collect::<std::result::Result<_, _>>()?,
            scales: scales
                .split(',')
                .map(str::parse)
                .collect::<std::result::Result<_, _>>()?,
        })
    }
}

/// The source: a JPEG by `decode`, anything else by the `image` crate.
pub fn open(bytes: &[u8], decode: Decode<'_>) -> Result<Picture> {
    if bytes.starts_with(&[0xFF, 0xD8]) {
        return decode(bytes);
    }
    let rgb = image::load_from_memory(bytes)?.to_rgb8();
    Ok(Picture {
        width: rgb.width(),
        height: rgb.height(),
        pixels: rgb.into_raw(),
    })
}

/// Prints one line a candidate: cap, scale, chroma, quality, bytes, SSIMULACRA2.
pub fn run(asked: &Asked, encode: Encode<'_>, decode: Decode<'_>) -> Result<()> {
    let original = open(&asked.photo, decode)?;
    let view = boxed(original.width, original.height, VIEW_SIDE);
    for &scale in &asked.scales {
        let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
        let small = original.resized(side(original.width), side(original.height))?;
        for full_chroma in [false, true] {
            let mut hint = 60;
            for &cap in &asked.caps {
                let Some((quality, bytes)) =
                    highest(cap, hint, |quality| encode(&small, quality, full_chroma))?
                else {
                    continue;
                };
                hint = quality;
                let score = original.score(&decode(&bytes)?, view)?;
                let chroma = if full_chroma { "444" } else { "420" };
                let length = bytes.len();
                println!("{cap}\t{scale}\t{chroma}\t{quality}\t{length}\t{score:.3}");
            }
        }
    }
    Ok(())
}

/// The highest quality whose file is at most `cap` bytes, sought from `hint` outwards, then by halves.
fn highest(
    cap: usize,
    hint: u8,
    encode: impl Fn(u8) -> Result<Vec<u8>>,
) -> Result<Option<(u8, Vec<u8>)>> {
    // `fits` is known to fit, `above` is known not to; 0 and 100 stand for not yet known.
    let (mut fits, mut above, mut best) = (0u8, 100u8, None);
    let (mut at, mut step) = (hint, 3u8);
    while above - fits > 1 {
        let bytes = encode(at)?;
        if bytes.len() <= cap {
            fits = at;
            best = Some((at, bytes));
        } else {
            above = at;
        }
        at = match (fits, above) {
            (_, 100) => fits.saturating_add(step).min(99),
            (0, _) => above.saturating_sub(step).max(1),
            _ => fits.midpoint(above),
        };
        step = step.saturating_mul(2);
    }
    Ok(best)
}
