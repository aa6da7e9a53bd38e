//! JPEG XL (ISO/IEC 18181) → pixels in sRGB, upright.

use jxl_oxide::{AllocTracker, InitializeResult, JxlImage, JxlThreadPool};

use super::colour::narrow;
use super::rows::RowsToSrgb;
use super::{Layout, Limits, Raster};
use crate::code::Code;
use crate::report::Finding;

/// Pixels that any file may ask to decode: the decoder holds, by estimate, 20 bytes for each.
const FREE_PIXELS: u64 = 4_000_000;

/// Pixels a byte that a larger picture may ask for.
const PIXELS_A_BYTE: u64 = 250;

/// Bytes that the decoder may hold for each pixel.
const BYTES_A_PIXEL: u64 = 40;

/// Frames in the file, those counted that are only drawn upon by others.
const MAX_FRAMES: usize = 64;

/// Bytes that are handed over at a time.
const PIECE_BYTES: usize = 1 << 16;

/// Decodes the first frame, composed and turned as its header says.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<(Raster, Vec<Finding>), Finding> {
    let max_pixels = (bytes.len() as u64)
        .saturating_mul(PIXELS_A_BYTE)
        .max(FREE_PIXELS)
        .min(limits.max_pixels);
    let room = usize::try_from((max_pixels * BYTES_A_PIXEL).min(limits.max_alloc));
    let mut unread = JxlImage::builder()
        .pool(JxlThreadPool::none())
        .alloc_tracker(AllocTracker::with_limit(room.unwrap_or(usize::MAX)))
        .build_uninit();
    // The sides are known before more than the header is handed over.
    let mut fed = 0;
    let mut image = loop {
        let piece = &bytes[fed..bytes.len().min(fed + PIECE_BYTES)];
        let taken = unread.feed_bytes(piece).map_err(corrupt)?;
        fed += taken;
        match unread.try_init().map_err(corrupt)? {
            InitializeResult::Initialized(image) => break image,
            InitializeResult::NeedMoreData(_) if taken == 0 => {
                return Err(corrupt("it ends in its header"));
            }
            InitializeResult::NeedMoreData(more) => unread = more,
        }
    };
    let (width, height) = (image.width(), image.height());
    let pixels = u64::from(width) * u64::from(height);
    if pixels > max_pixels {
        return Err(Finding::refused(
            Code::DecodedSizeOverLimit,
            format!(
                "{width} x {height} px are more than a file of this length is decoded to: {max_pixels} px"
            ),
        )
        .observed("pixels", pixels)
        .allowed("pixels", max_pixels)
        .help("send a smaller version"));
    }
    while fed < bytes.len() && !image.is_loading_done() {
        let piece = &bytes[fed..bytes.len().min(fed + PIECE_BYTES)];
        let taken = image.feed_bytes(piece).map_err(corrupt)?;
        if image.num_loaded_frames() > MAX_FRAMES {
            return Err(Finding::refused(
                Code::WorkOverLimit,
                format!("a picture of more than {MAX_FRAMES} frames"),
            )
            .allowed("frames", MAX_FRAMES));
        }
        if taken == 0 {
            break;
        }
        fed += taken;
    }
    if image.num_loaded_keyframes() == 0 {
        return Err(corrupt("the coded picture is not whole"));
    }
    let mut findings = Vec::new();
    if image.num_loaded_keyframes() > 1 {
        findings.push(Finding::note(
            Code::PartlySent,
            format!(
                "only the first of {} frames is sent",
                image.num_loaded_keyframes()
            ),
        ));
    }
    let render = image.render_frame(0).map_err(corrupt)?;
    let profile = image.rendered_icc();
    let format = image.pixel_format();
    if format.has_black() {
        return Err(Finding::refused(
            Code::CodecNotAccepted,
            "a JPEG XL in printing inks (CMYK) is not decoded here",
        )
        .help("save it anew as an ordinary JPEG or PNG"));
    }
    let mut stream = render.stream();
    let (width, height, channels) = (stream.width(), stream.height(), stream.channels() as usize);
    let mut samples = vec![0_u16; width as usize * height as usize * channels];
    let mut filled = 0;
    while filled < samples.len() {
        match stream.write_to_buffer(&mut samples[filled..]) {
            0 => return Err(corrupt("the coded picture is not whole")),
            written => filled += written,
        }
    }
    let to_srgb = RowsToSrgb::of_profile(&profile);
    if let Some(to_srgb) = &to_srgb {
        findings.push(Finding::note(Code::ColourConverted, to_srgb.told()));
    }
    let raster = rows(&samples, (width, height), channels, to_srgb.as_ref());
    Ok((raster, findings))
}

/// Samples of one to four channels as eight-bit pixels.
fn rows(
    samples: &[u16],
    (width, height): (u32, u32),
    channels: usize,
    to_srgb: Option<&RowsToSrgb>,
) -> Raster {
    let alpha = channels.is_multiple_of(2);
    let row = width as usize * channels.max(1);
    let mut pixels =
        Vec::with_capacity(width as usize * height as usize * (3 + usize::from(alpha)));
    let mut own = vec![0; width as usize * 3];
    let mut shown = own.clone();
    for row in samples.chunks_exact(row.max(1)) {
        for (own, pixel) in own
            .as_chunks_mut::<3>()
            .0
            .iter_mut()
            .zip(row.chunks_exact(channels))
        {
            *own = if channels < 3 {
                [pixel[0]; 3]
            } else {
                [pixel[0], pixel[1], pixel[2]]
            };
        }
        match to_srgb {
            Some(to_srgb) => to_srgb.deep(&own, &mut shown),
            None => shown.copy_from_slice(&own),
        }
        for (colour, pixel) in shown
            .as_chunks::<3>()
            .0
            .iter()
            .zip(row.chunks_exact(channels))
        {
            pixels.extend(colour.map(narrow));
            if alpha {
                pixels.extend(pixel.last().copied().map(narrow));
            }
        }
    }
    Raster {
        width,
        height,
        layout: if alpha { Layout::Rgba } else { Layout::Rgb },
        pixels,
    }
}

fn corrupt(why: impl std::fmt::Display) -> Finding {
    Finding::refused(Code::Corrupt, format!("it does not decode: {why}"))
        .help("open it in a viewer: the upload is damaged or incomplete, ask for it again")
}
