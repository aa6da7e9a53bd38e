//! Rows of a picture from its own RGB to sRGB, for decoders that hand out rows.

use std::sync::Arc;

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, DataColorSpace, Layout, MatrixCoefficients,
    TransferCharacteristics, TransformExecutor, TransformOptions,
};

use super::colour::{moves_colours, narrow};
use super::hdr::ToneMap;

/// A way from a picture's own RGB to sRGB, row by row, at the picture's depth.
pub(super) enum RowsToSrgb {
    /// Through profiles, one way a depth.
    Profiles {
        eight: Arc<dyn TransformExecutor<u8> + Send + Sync>,
        deep: Arc<dyn TransformExecutor<u16> + Send + Sync>,
    },
    /// From a high dynamic range.
    Tones(ToneMap),
}

impl RowsToSrgb {
    /// As an ICC profile says; `None` where it is sRGB already, is damaged, or not of RGB.
    pub(super) fn of_profile(profile: &[u8]) -> Option<Self> {
        ColorProfile::new_from_slice(profile)
            .ok()
            .filter(|profile| profile.color_space == DataColorSpace::Rgb)
            .and_then(|profile| Self::new(&profile))
    }

    /// As code points say (H.273 8.1, 8.2); `None` where they mean sRGB, are unspecified or unknown.
    ///
    /// Curves of cameras (BT.709, 601, 2020) are shown with the curve of screens, as everybody does.
    pub(super) fn of_code_points(primaries: u16, transfer: u16) -> Option<Self> {
        if let Some(tones) = ToneMap::of(primaries, transfer) {
            return Some(Self::Tones(tones));
        }
        let primaries = match primaries {
            9 => CicpColorPrimaries::Bt2020,
            11 => CicpColorPrimaries::Smpte431,
            12 => CicpColorPrimaries::Smpte432,
            // BT.601's are so near to BT.709's that viewers show them alike.
            _ => CicpColorPrimaries::Bt709,
        };
        let transfer_characteristics = match transfer {
            4 => TransferCharacteristics::Bt470M,
            5 => TransferCharacteristics::Bt470Bg,
            8 => TransferCharacteristics::Linear,
            _ => TransferCharacteristics::Srgb,
        };
        Self::new(&ColorProfile::new_from_cicp(CicpProfile {
            color_primaries: primaries,
            transfer_characteristics,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        }))
    }

    fn new(source: &ColorProfile) -> Option<Self> {
        let target = ColorProfile::new_srgb();
        let options = TransformOptions::default();
        let eight = source
            .create_transform_8bit(Layout::Rgb, &target, Layout::Rgb, options)
            .ok()?;
        let deep = source
            .create_transform_16bit(Layout::Rgb, &target, Layout::Rgb, options)
            .ok()?;
        moves_colours(eight.as_ref()).then_some(Self::Profiles { eight, deep })
    }

    /// One row of eight bits.
    pub(super) fn eight(&self, from: &[u8], to: &mut [u8]) {
        match self {
            // Lengths agree by contract, as in `Conversion::apply`.
            Self::Profiles { eight, .. } => {
                if eight.transform(from, to).is_err() {
                    to.fill(255);
                }
            }
            Self::Tones(tones) => {
                for (own, shown) in pixels(from).zip(to.as_chunks_mut::<3>().0) {
                    let deep = own.map(|sample| u16::from(sample) * 257);
                    *shown = tones.pixel(deep).map(narrow);
                }
            }
        }
    }

    /// One row of 16 bits.
    pub(super) fn deep(&self, from: &[u16], to: &mut [u16]) {
        match self {
            Self::Profiles { deep, .. } => {
                if deep.transform(from, to).is_err() {
                    to.fill(u16::MAX);
                }
            }
            Self::Tones(tones) => {
                for (own, shown) in pixels(from).zip(to.as_chunks_mut::<3>().0) {
                    *shown = tones.pixel(own);
                }
            }
        }
    }

    /// What was done, for the report.
    pub(super) fn told(&self) -> &'static str {
        match self {
            Self::Profiles { .. } => "colours were converted from the picture's own to sRGB",
            Self::Tones(_) => {
                "its high dynamic range (HDR) was brought to that of ordinary screens, in sRGB"
            }
        }
    }
}

fn pixels<T: Copy>(row: &[T]) -> impl Iterator<Item = [T; 3]> {
    row.as_chunks::<3>().0.iter().copied()
}
