//! One way to fit one photograph, alone in its process so that its time and memory can be read from outside.
//!
//! `worker WAY PHOTO CAP OUT`, where `mmsfit` also prints its encodes and probes; `worker tables A,B,C,D,E,F PHOTO CAP OUT`
//! with other quantisation tables; `worker score ORIGINAL OTHER`, which prints SSIMULACRA2.

mod pixels;
mod turbo;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use mmsfit::{ByteCount, FitOptions, fit_image, internals};
use pixels::{Picture, Result, VIEW_SIDE, boxed};
use turbo::Writing;
use turbojpeg::{Decompressor, Image, PixelFormat, ScalingFactor};

const BOX: u32 = 2048;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["score", original, other] => {
            println!(
                "{:.3}",
                score(&std::fs::read(original)?, &std::fs::read(other)?)?
            );
            Ok(())
        }
        ["tables", families, photo, cap, out] => {
            let numbers: Vec<f64> = families
                .split(',')
                .map(str::parse)
                .collect::<std::result::Result<_, _>>()?;
            let &[a, b, c, d, e, f] = numbers.as_slice() else {
                return Err("six numbers make two families".into());
            };
            internals::use_tables([[a, b, c], [d, e, f]]);
            let photo = std::fs::read(photo)?;
            Ok(std::fs::write(
                out,
                fit("mmsfit-engine", &photo, cap.parse()?)?,
            )?)
        }
        [way, photo, cap, out] => {
            let cap: u64 = cap.parse()?;
            let bytes = fit(way, &std::fs::read(photo)?, cap)?;
            Ok(std::fs::write(out, bytes)?)
        }
        _ => Err(
            "give WAY PHOTO CAP OUT, tables NUMBERS PHOTO CAP OUT, or score ORIGINAL OTHER".into(),
        ),
    }
}

fn fit(way: &str, data: &[u8], cap: u64) -> Result<Vec<u8>> {
    let most = usize::try_from(cap)?;
    match way {
        "mmsfit" => {
            let fitted = fit_image(data, ByteCount::new(cap), &FitOptions::default())?;
            println!("encodes {} probes {}", fitted.encodes, fitted.probes);
            Ok(fitted.bytes)
        }
        "mmsfit-engine" => Ok(internals::fit_jpeg(data, cap, VIEW_SIDE, None)?.bytes),
        "turbo-full" => {
            let picture = turbo::read(data)?;
            bisect(most, |quality| turbo::write(&picture, plain(quality)))
        }
        "turbo-box" => {
            let near = read_near(data, BOX as usize)?;
            let (width, height) = boxed(near.width, near.height, BOX);
            let picture = near.resized(width, height)?;
            drop(near);
            bisect(most, |quality| turbo::write(&picture, plain(quality)))
        }
        "image-full" => {
            let picture = image::load_from_memory(data)?.to_rgb8();
            bisect(most, |quality| encode_image(&picture, quality))
        }
        "image-box" => {
            let picture = image::load_from_memory(data)?;
            let picture = picture.resize(BOX, BOX, FilterType::Lanczos3).to_rgb8();
            bisect(most, |quality| encode_image(&picture, quality))
        }
        _ => Err(format!("no way is called {way}").into()),
    }
}

/// Decoded at the smallest N/8 of its size whose long side is `side` or more.
fn read_near(bytes: &[u8], side: usize) -> Result<Picture> {
    let mut decoder = Decompressor::new()?;
    let header = decoder.read_header(bytes)?;
    let long = header.width.max(header.height);
    let factor = (1..=8)
        .map(|eighths| ScalingFactor::new(eighths, 8))
        .find(|factor| factor.scale(long) >= side)
        .unwrap_or(ScalingFactor::ONE);
    decoder.set_scaling_factor(factor)?;
    let scaled = header.scaled(factor);
    let mut pixels = vec![0; scaled.width * scaled.height * 3];
    let image = Image {
        pixels: pixels.as_mut_slice(),
        width: scaled.width,
        pitch: scaled.width * 3,
        height: scaled.height,
        format: PixelFormat::RGB,
    };
    decoder.decompress(bytes, image)?;
    Ok(Picture {
        width: u32::try_from(scaled.width)?,
        height: u32::try_from(scaled.height)?,
        pixels,
    })
}

fn plain(quality: u8) -> Writing {
    Writing {
        quality,
        full_chroma: false,
        optimal_tables: false,
        progressive: false,
    }
}

fn encode_image(picture: &image::RgbImage, quality: u8) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture)?;
    Ok(bytes)
}

/// The highest quality from 1 to 95 under the cap; where none is, the lowest: what such loops hand on.
fn bisect(cap: usize, encode: impl Fn(u8) -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    let (mut low, mut high, mut best) = (1u8, 95u8, None);
    while low <= high {
        let quality = low.midpoint(high);
        let bytes = encode(quality)?;
        if bytes.len() <= cap {
            best = Some(bytes);
            low = quality + 1;
        } else {
            high = quality - 1;
        }
    }
    match best {
        Some(bytes) => Ok(bytes),
        None => encode(1),
    }
}

fn score(original: &[u8], other: &[u8]) -> Result<f64> {
    let open = |bytes: &[u8]| -> Result<Picture> {
        if bytes.starts_with(&[0xFF, 0xD8]) {
            return turbo::read(bytes);
        }
        let rgb = image::load_from_memory(bytes)?.to_rgb8();
        Ok(Picture {
            width: rgb.width(),
            height: rgb.height(),
            pixels: rgb.into_raw(),
        })
    };
    let (original, other) = (open(original)?, open(other)?);
    let view = boxed(original.width, original.height, VIEW_SIDE);
    original.score(&other, view)
}
