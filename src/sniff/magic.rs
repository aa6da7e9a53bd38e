//! Which type the first bytes promise: `infer` where it is right, our own matchers where it is silent or coarse.

use super::bytes::{array, head, le16, le32, slice};
use super::{
    Probe, archive, bmff, bmp, ebml, film, frames, gif, jpeg, mpeg, other, pdf, png, sound, tiff,
    webp,
};
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
    match other::signature_box(bytes) {
        Some([b'j', b'P', ..]) => return Some((Type::Jpeg2000, other::probe_jp2)),
        Some([b'J', b'X', b'L', b' ']) => return Some((Type::JpegXl, other::probe_jxl)),
        _ => {}
    }
    STARTS
        .iter()
        .find(|(magic, ..)| starts(magic))
        .map(|&(_, kind, probe)| (kind, probe))
        .or_else(|| containers(bytes))
        .or_else(|| sounds(bytes))
}

/// Types that a fixed start tells apart.
const STARTS: [(&[u8], Type, Probe); 26] = [
    (b"%PDF-", Type::Pdf, pdf::probe),
    (b"PK\x03\x04", Type::Zip, archive::probe_zip),
    (b"PK\x05\x06", Type::Zip, archive::probe_zip),
    (&[0x1F, 0x8B, 0x08], Type::Gzip, archive::probe_gzip),
    (&[0x1A, 0x45, 0xDF, 0xA3], Type::Matroska, ebml::probe),
    (&film::ASF_HEADER, Type::Wmv, film::probe_asf),
    (b"FLV\x01", Type::Flv, film::probe_flv),
    (b"OggS\0", Type::OggAudio, sound::probe_ogg),
    (b"fLaC", Type::Flac, sound::probe_flac),
    (b"MThd\0\0\0", Type::Midi, sound::probe_midi),
    (b"#!AMR-WB\n", Type::AmrWb, frames::probe_amr),
    (b"#!AMR\n", Type::Amr, frames::probe_amr),
    (&[0, 0, 1, 0xBA], Type::Mpeg, mpeg::probe_program),
    (&[0, 0, 1, 0xB3], Type::Mpeg, mpeg::probe_program),
    (b"8BPS", Type::Psd, other::probe_psd),
    (&[0xFF, 0x4F, 0xFF, 0x51], Type::Jpeg2000, other::probe_jp2),
    (&[0xFF, 0x0A], Type::JpegXl, other::probe_jxl),
    (b"FUJIFILMCCD-RAW", Type::CameraRaw, other::named),
    (
        &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1],
        Type::Ole,
        other::probe_ole,
    ),
    (b"SQLite format 3\0", Type::Sqlite, other::named),
    (b"Rar!\x1A\x07", Type::Rar, other::closed_archive),
    (b"7z\xBC\xAF\x27\x1C", Type::SevenZip, other::closed_archive),
    (b"\xFD7zXZ\0", Type::Xz, other::closed_archive),
    (b"\x28\xB5\x2F\xFD", Type::Zstd, other::closed_archive),
    (b"BZh", Type::Bzip2, other::closed_archive),
    (b"\x7FELF", Type::Executable, other::program),
];

/// Types whose mark stands further in.
fn containers(bytes: &[u8]) -> Option<(Type, Probe)> {
    let form = slice(bytes, 8, 4);
    if bytes.starts_with(b"RIFF") || bytes.starts_with(b"RF64") {
        return match form {
            Some(b"AVI ") => Some((Type::Avi, film::probe_avi)),
            Some(b"WAVE") => Some((Type::Wav, sound::probe_wav)),
            _ => None,
        };
    }
    if bytes.starts_with(b"FORM") && matches!(form, Some(b"AIFF" | b"AIFC")) {
        return Some((Type::Aiff, sound::probe_aiff));
    }
    if slice(bytes, 257, 5) == Some(b"ustar") {
        return Some((Type::Tar, archive::probe_tar));
    }
    if mpeg::packets(bytes).is_some() {
        return Some((Type::MpegTs, mpeg::probe_transport));
    }
    other::is_windows_program(bytes).then_some((Type::Executable, other::program as Probe))
}

/// Sound without a magic number: a row of frames, behind a tag or at once.
fn sounds(bytes: &[u8]) -> Option<(Type, Probe)> {
    if bytes.starts_with(b"ID3") {
        return match frames::behind_id3(bytes) {
            Type::Flac => Some((Type::Flac, sound::probe_flac)),
            Type::Aac => Some((Type::Aac, frames::probe_adts)),
            _ => Some((Type::Mp3, frames::probe_mp3)),
        };
    }
    if frames::is_adts(bytes) {
        return Some((Type::Aac, frames::probe_adts));
    }
    frames::first_frame(bytes, frames::is_mpeg_audio)?;
    Some((Type::Mp3, frames::probe_mp3))
}

fn is_tiff(bytes: &[u8]) -> bool {
    const STARTS: [&[u8; 4]; 8] = [
        b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"IIRO", b"IIRS", b"MMOR", b"IIU\0",
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
