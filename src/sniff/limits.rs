//! Safety limits of sniffing: what a header may ask of the stages behind it, charged in one place.

use crate::code::Code;
use crate::content_type::ContentType;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Pixels of one picture or frame.
pub(super) const MAX_PIXELS: u64 = 100_000_000;
/// Pixels along one side; JPEG itself ends at 65,535 (T.81 B.2.2).
pub(super) const MAX_SIDE_PX: u32 = 65_000;
/// Frames times canvas of an animation.
pub(super) const MAX_FRAME_PIXELS: u64 = 500_000_000;
/// Scans of one JPEG.
pub(super) const MAX_SCANS: u32 = 100;
/// Scans times 8 × 8 blocks of one JPEG: what a decoder would have to visit.
pub(super) const MAX_SCAN_BLOCKS: u64 = 100_000_000;
/// Chunks, segments or boxes of one file.
pub(super) const MAX_ITEMS: u32 = 100_000;
/// Bytes of a colour profile that is kept.
pub(super) const MAX_ICC_BYTES: usize = 1 << 20;
/// The resource header: what a reader that sniffs looks at (WHATWG MIME Sniffing 5.2).
pub(super) const RESOURCE_HEADER_BYTES: usize = 1_445;

/// Refuses what would cost too much to decode, by the sizes that the header states.
pub(super) fn charge(found: &mut Sniffed) {
    // A sensor's data are never decoded; the preview beside them is charged when it is read.
    if found.content_type == Some(ContentType::CameraRaw) {
        return;
    }
    let (Some(width), Some(height)) = (found.width_px, found.height_px) else {
        return;
    };
    let pixels = u64::from(width) * u64::from(height);
    if width > MAX_SIDE_PX || height > MAX_SIDE_PX || pixels > MAX_PIXELS {
        found.findings.push(
            Finding::refused(
                Code::DecodedSizeOverLimit,
                format!(
                    "{width} × {height} px are {pixels} pixels; {MAX_PIXELS} and {MAX_SIDE_PX} px a side are safe to decode"
                ),
            )
            .observed("width_px", width)
            .observed("height_px", height)
            .observed("pixels", pixels)
            .allowed("pixels", MAX_PIXELS)
            .allowed("side_px", MAX_SIDE_PX),
        );
        return;
    }
    let frames = u64::from(found.frames.unwrap_or(1));
    // One frame is bounded by the rule above.
    if frames > 1 && pixels * frames > MAX_FRAME_PIXELS {
        found.findings.push(
            Finding::refused(
                Code::WorkOverLimit,
                format!(
                    "{frames} frames of {width} × {height} px are {} pixels; {MAX_FRAME_PIXELS} are safe to decode",
                    pixels * frames
                ),
            )
            .observed("frames", frames)
            .observed("pixels", pixels * frames)
            .allowed("pixels", MAX_FRAME_PIXELS),
        );
    }
}

/// Refuses frames that are larger than the screen that they are drawn on: the largest, and all together, in pixels.
pub(super) fn charge_frames(largest: u64, drawn: u64, frames: u32, found: &mut Sniffed) {
    if largest > MAX_PIXELS {
        found.findings.push(
            Finding::refused(
                Code::DecodedSizeOverLimit,
                format!("a frame has {largest} pixels; {MAX_PIXELS} are safe to decode"),
            )
            .observed("pixels", largest)
            .allowed("pixels", MAX_PIXELS),
        );
    } else if frames > 1 && drawn > MAX_FRAME_PIXELS {
        found.findings.push(
            Finding::refused(
                Code::WorkOverLimit,
                format!(
                    "{frames} frames draw {drawn} pixels; {MAX_FRAME_PIXELS} are safe to decode"
                ),
            )
            .observed("frames", frames)
            .observed("pixels", drawn)
            .allowed("pixels", MAX_FRAME_PIXELS),
        );
    }
}

/// The refusal of a file with more items (`segments`, `chunks`, `boxes`) than are read.
pub(super) fn too_many(what: &str, limit: u32) -> Finding {
    Finding::refused(
        Code::WorkOverLimit,
        format!("more than {limit} {what}: not read further"),
    )
    .allowed("items", limit)
}
