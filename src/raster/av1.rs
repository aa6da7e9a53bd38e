//! One AV1 key frame → planes.
//!
//! The decoder is a translation of C and holds code that the compiler does not prove safe: it is built only where the
//! feature `avif` asks for it.

use re_rav1d::dav1d::{Decoder, PixelLayout, PlanarImageComponent, Settings};

use super::yuv::{Coding, Planes};

/// Why a picture does not decode.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// As the decoder says.
    #[error("{0}")]
    Decoder(String),
    /// Nothing came out of it.
    #[error("the coded picture is not whole")]
    Incomplete,
}

/// Decodes the first picture of a coded item, of at most so many pixels.
pub(super) fn decode(data: &[u8], max_pixels: u64) -> Result<Planes, Fault> {
    let fault = |fault: re_rav1d::dav1d::Error| Fault::Decoder(fault.to_string());
    let mut settings = Settings::new();
    // Threads of its own would come on top of those that the caller has counted.
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_all_layers(false);
    settings.set_frame_size_limit(u32::try_from(max_pixels).unwrap_or(u32::MAX));
    let mut decoder = Decoder::with_settings(&settings).map_err(fault)?;
    if let Err(said) = decoder.send_data(data.to_vec(), None, None, None)
        && !said.is_again()
    {
        return Err(fault(said));
    }
    // A still has one frame; what is left of the data behind it is not looked at.
    let picture = decoder.get_picture().map_err(|said| {
        if said.is_again() {
            Fault::Incomplete
        } else {
            fault(said)
        }
    })?;
    let (width, height) = (picture.width(), picture.height());
    let chroma = match picture.pixel_layout() {
        PixelLayout::I400 => (0, 0),
        PixelLayout::I420 => (width.div_ceil(2), height.div_ceil(2)),
        PixelLayout::I422 => (width.div_ceil(2), height),
        PixelLayout::I444 => (width, height),
    };
    let depth = picture
        .bits_per_component()
        .and_then(|bits| u8::try_from(bits.0).ok())
        .ok_or(Fault::Incomplete)?;
    let plane = |component: PlanarImageComponent, (width, height): (u32, u32)| {
        if width == 0 {
            return Vec::new();
        }
        let plane = picture.plane(component);
        let stride = picture.stride(component) as usize;
        let rows = plane.chunks(stride.max(1)).take(height as usize);
        if depth == 8 {
            rows.flat_map(|row| row[..width as usize].iter().copied().map(u16::from))
                .collect()
        } else {
            rows.flat_map(|row| {
                let samples = row[..width as usize * 2].as_chunks::<2>().0.iter();
                samples.copied().map(u16::from_ne_bytes)
            })
            .collect()
        }
    };
    let planes = [
        plane(PlanarImageComponent::Y, (width, height)),
        plane(PlanarImageComponent::U, chroma),
        plane(PlanarImageComponent::V, chroma),
    ];
    Ok(Planes {
        widths: [width, chroma.0, chroma.0],
        heights: [height, chroma.1, chroma.1],
        planes,
        depths: [depth; 2],
        coding: Coding {
            matrix: picture.matrix_coefficients() as u16,
            primaries: picture.color_primaries() as u16,
            transfer: picture.transfer_characteristic() as u16,
            // 0 is 16 to 235, 1 the whole range.
            full_range: picture.color_range() as u16 == 1,
        },
    })
}
