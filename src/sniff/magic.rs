//! Which type the first bytes promise: `infer` where it is right, our own matchers where it is silent or coarse.

use super::bytes::{array, head, le16, le32, slice};
use super::{Probe, bmff, bmp, gif, jpeg, png, tiff, webp};
use crate::content_type::ContentType as Type;

/// PNG third edition 5.2.
pub(super) const PNG: [u8; 8] = *b"\x89PNG\r\n\x1A\n";

/// The type that magic bytes promise, and the probe that has to prove it.
pub(super) fn identify(bytes: &[u8]) -> Option<(Type, Probe)> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(&[0xFF, 0xD8, 0xFF]) {
        return Some((Type::Jpeg, jpeg::probe));
    }
    if starts(&PNG) {
        return Some((Type::Png, png::probe));
    }
    if starts(b"GIF87a") || starts(b"GIF89a") {
        return Some((Type::Gif, gif::probe));
    }
    if starts(b"RIFF") && slice(bytes, 8, 4) == Some(b"WEBP") {
        return Some((Type::WebP, webp::probe));
    }
    if is_tiff(bytes) {
        return Some((Type::Tiff, tiff::probe));
    }
    if bmff::is_bmff(bytes) {
        return Some((Type::Mp4, bmff::probe));
    }
    if is_bmp(bytes) {
        return Some((Type::Bmp, bmp::probe));
    }
    if is_ico(bytes) {
        return Some((Type::Ico, bmp::probe_ico));
    }
    None
}

fn is_tiff(bytes: &[u8]) -> bool {
    const STARTS: [&[u8; 4]; 7] = [
        b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"IIRO", b"IIRS", b"IIU\0",
    ];
    STARTS.iter().any(|start| bytes.starts_with(*start))
}

/// `BM` is two letters that a text may start with: the header's length has to be one that exists.
fn is_bmp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BM")
        && matches!(
            le32(bytes, 14),
            Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124)
        )
        && le32(bytes, 10).is_some_and(|at| at >= 26)
}

/// Four bytes that many files start with: the first entry has to be possible.
fn is_ico(bytes: &[u8]) -> bool {
    array(bytes, 0) == Some([0, 0, 1, 0])
        && le16(bytes, 4).is_some_and(|count| count > 0 && count <= 1_000)
        && bytes.get(9) == Some(&0)
        && le16(bytes, 10).is_some_and(|planes| planes <= 1)
        && le32(bytes, 18).is_some_and(|at| at >= 22)
        && !head(bytes, 22).is_empty()
}
