//! Colours of an embedded profile → sRGB, before the profile is dropped.

use std::sync::Arc;

use image::DynamicImage;
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

use crate::sniff::Sniffed;

/// Converts a run of pixels: from, to.
pub(crate) type Apply<'a> = Box<dyn Fn(&[u8], &mut [u8]) + 'a>;

/// A way from a JPEG's colours to sRGB, eight bits a channel.
pub(crate) enum Conversion {
    /// Through the embedded profile: three channels, or four of ink, to three.
    Profile(Arc<dyn TransformExecutor<u8> + Send + Sync>),
    /// Four inks without a profile: what each absorbs is taken from white.
    PlainInk,
}

impl Conversion {
    /// The conversion of a run of pixels: input of three bytes a pixel (RGB) or four (CMYK, zero is no ink), output of
    /// three.
    pub(crate) fn apply(&self) -> Apply<'_> {
        match self {
            Self::Profile(transform) => Box::new(|from, to| {
                // Lengths agree by contract; a transform that refuses leaves the ground white rather than garbage.
                if transform.transform(from, to).is_err() {
                    to.fill(255);
                }
            }),
            Self::PlainInk => Box::new(|from, to| {
                for (&[c, m, y, k], to) in from
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .zip(to.as_chunks_mut::<3>().0)
                {
                    *to = [c, m, y].map(|ink| paper(ink, k));
                }
            }),
        }
    }
}

/// The conversion that a JPEG needs: `None` where its colours are sRGB already, or are taken for it.
pub(crate) fn conversion(sniffed: &Sniffed) -> Option<Conversion> {
    let inks = matches!(sniffed.colour, Some("cmyk" | "ycck"));
    let profile = sniffed
        .icc_profile
        .as_deref()
        .and_then(|bytes| ColorProfile::new_from_slice(bytes).ok());
    let wanted = if inks {
        DataColorSpace::Cmyk
    } else {
        DataColorSpace::Rgb
    };
    let from = if inks { Layout::Rgba } else { Layout::Rgb };
    let transform = profile
        .filter(|profile| profile.color_space == wanted)
        .and_then(|profile| {
            profile
                .create_transform_8bit(
                    from,
                    &ColorProfile::new_srgb(),
                    Layout::Rgb,
                    TransformOptions::default(),
                )
                .ok()
        });
    match transform {
        Some(transform) if inks || moves_colours(transform.as_ref()) => {
            Some(Conversion::Profile(transform))
        }
        None if inks => Some(Conversion::PlainInk),
        _ => None,
    }
}

/// Whether a profile is more than sRGB under another name: any colour of a grid moves by more than rounding.
pub(super) fn moves_colours(transform: &(dyn TransformExecutor<u8> + Send + Sync)) -> bool {
    // Six steps of each channel: all 216 colours.
    let grid: Vec<u8> = (0..216_u32)
        .flat_map(|colour| [colour / 36, colour / 6 % 6, colour % 6])
        .map(|step| u8::try_from(step * 51).unwrap_or(255))
        .collect();
    let mut moved = vec![0; grid.len()];
    transform.transform(&grid, &mut moved).is_ok()
        && grid.iter().zip(&moved).any(|(a, b)| a.abs_diff(*b) > 2)
}

/// The picture's pixels in sRGB, eight bits, RGB or RGBA as the picture has alpha or not.
///
/// `None` where nothing is to be converted: the profile is sRGB by its primaries and curves, is damaged, or is of
/// another colour model than the pixels.
pub(crate) fn to_srgb(picture: &DynamicImage, profile: &[u8]) -> Option<Vec<u8>> {
    let source = ColorProfile::new_from_slice(profile)
        .ok()
        .filter(|profile| profile.color_space == DataColorSpace::Rgb)?;
    let target = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let plain = source
        .create_transform_8bit(Layout::Rgb, &target, Layout::Rgb, options)
        .ok()?;
    if !moves_colours(plain.as_ref()) {
        return None;
    }
    let (layout, deep) = if picture.color().has_alpha() {
        (Layout::Rgba, picture.to_rgba16().into_raw())
    } else {
        (Layout::Rgb, picture.to_rgb16().into_raw())
    };
    let transform = source
        .create_transform_16bit(layout, &target, layout, options)
        .ok()?;
    let mut converted = vec![0_u16; deep.len()];
    transform.transform(&deep, &mut converted).ok()?;
    Some(converted.into_iter().map(narrow).collect())
}

fn paper(ink: u8, black: u8) -> u8 {
    let light = (255 - u32::from(ink)) * (255 - u32::from(black));
    u8::try_from((light + 127) / 255).unwrap_or(255)
}

/// 16 bits to eight.
pub(super) fn narrow(deep: u16) -> u8 {
    // 65535 / 257 is 255: the exact inverse of widening by repetition.
    u8::try_from((u32::from(deep) + 128) / 257).unwrap_or(255)
}
