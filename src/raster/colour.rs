//! Colours of an embedded profile → sRGB, before the profile is dropped.

use image::DynamicImage;
use moxcms::{ColorProfile, Layout, TransformOptions};

/// The picture's pixels in sRGB, eight bits, RGB or RGBA as the picture has alpha or not.
///
/// `None` where nothing is to be converted: the profile is sRGB by its primaries and curves, is damaged, or is of
/// another colour model than the pixels.
pub(crate) fn to_srgb(picture: &DynamicImage, profile: &[u8]) -> Option<Vec<u8>> {
    let source = ColorProfile::new_from_slice(profile).ok()?;
    let target = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let alpha = picture.color().has_alpha();
    let pixels = if alpha {
        let deep = picture.to_rgba16();
        let transform = source
            .create_transform_16bit(Layout::Rgba, &target, Layout::Rgba, options)
            .ok()?;
        let mut converted = vec![0_u16; deep.len()];
        transform.transform(&deep, &mut converted).ok()?;
        converted
    } else {
        let deep = picture.to_rgb16();
        let transform = source
            .create_transform_16bit(Layout::Rgb, &target, Layout::Rgb, options)
            .ok()?;
        let mut converted = vec![0_u16; deep.len()];
        transform.transform(&deep, &mut converted).ok()?;
        converted
    };
    let before = picture.to_rgba8();
    let after: Vec<u8> = pixels.into_iter().map(narrow).collect();
    let step = if alpha { 4 } else { 3 };
    // A profile that moves no pixel by more than rounding is sRGB under another name: the pixels stay as they are.
    let moved = before
        .as_chunks::<4>()
        .0
        .iter()
        .zip(after.chunks_exact(step))
        .any(|(before, after)| {
            before
                .iter()
                .zip(&after[..3])
                .any(|(a, b)| a.abs_diff(*b) > 1)
        });
    moved.then_some(after)
}

fn narrow(deep: u16) -> u8 {
    // 65535 / 257 is 255: the exact inverse of widening by repetition.
    u8::try_from((u32::from(deep) + 128) / 257).unwrap_or(255)
}
