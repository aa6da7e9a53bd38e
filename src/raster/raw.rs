//! Raw photographs: the JPEG that the camera put beside its sensor's data, found without decoding any of that.

use image::metadata::Orientation;

use super::{Limits, Raster, decode_plain, turned};
use crate::code::Code;
use crate::content_type::ContentType;
use crate::report::{Finding, Outcome};
use crate::sniff::{self, Sniffed};

/// Directories and their entries that are read.
const MAX_DIRECTORIES: usize = 64;
const MAX_ENTRIES: u16 = 1_000;

/// Pictures that are looked at, the longest first.
const MAX_CANDIDATES: usize = 4;

/// A preview that is shorter than this on its long side is a thumbnail and no picture.
const LEAST_SIDE_PX: u32 = 320;

/// Where boxes in front of the media data end in a CR3: previews lie among them.
const CR3_HEAD_BYTES: usize = 16 << 20;

/// Tags (TIFF 6.0 section 8, technical note 2; DNG 1.6).
const COMPRESSION: u16 = 259;
const STRIP_OFFSETS: u16 = 273;
const STRIP_BYTE_COUNTS: u16 = 279;
const SUB_IFDS: u16 = 330;
const JPEG_OFFSET: u16 = 513;
const JPEG_LENGTH: u16 = 514;
const EXIF_IFD: u16 = 34_665;

/// Decodes the largest preview, turned as the photograph says.
pub(super) fn decode(
    bytes: &[u8],
    sniffed: &Sniffed,
    limits: &Limits,
) -> Result<(Raster, Vec<Finding>), Finding> {
    let mut places = if bytes.starts_with(b"FUJIFILMCCD-RAW") {
        fuji(bytes).into_iter().collect()
    } else if bytes.get(4..8) == Some(b"ftyp") {
        marked(bytes)
    } else {
        Tiff::open(bytes).map(Tiff::pictures).unwrap_or_default()
    };
    places.sort_unstable_by_key(|&(at, len)| (std::cmp::Reverse(len), at));
    places.dedup();
    let previews = places
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter_map(|(at, len)| {
            let picture = bytes.get(at..at.checked_add(len)?)?;
            let found = sniff::sniff(picture);
            let sound = found.content_type == Some(ContentType::Jpeg)
            // What a sensor's data are coded with is JPEG by name, too.
            && found.bit_depth == Some(8)
            && matches!(found.colour, Some("ycbcr" | "rgb" | "gray"))
            && !found.findings.iter().any(|finding| finding.outcome == Outcome::Refused);
            sound.then_some((picture, found))
        });
    let sides = |found: &Sniffed| (found.width_px.unwrap_or(0), found.height_px.unwrap_or(0));
    let best = previews
        .max_by_key(|(_, found)| u64::from(sides(found).0) * u64::from(sides(found).1))
        .filter(|(_, found)| sides(found).0.max(sides(found).1) >= LEAST_SIDE_PX);
    let Some((picture, found)) = best else {
        return Err(Finding::refused(
            Code::CodecNotAccepted,
            "a raw photograph without a preview that is worth sending",
        )
        .help("develop it: export it as a JPEG"));
    };
    let pixels = u64::from(sides(&found).0) * u64::from(sides(&found).1);
    if pixels > limits.max_pixels {
        return Err(Finding::refused(
            Code::DecodedSizeOverLimit,
            format!(
                "its preview has {pixels} pixels, {} allowed",
                limits.max_pixels
            ),
        ));
    }
    let (mut raster, mut findings) = decode_plain(picture, &found, limits)?;
    // The photograph's own orientation is applied by the caller; only where it has none is the preview's asked.
    if sniffed.orientation == 1
        && let Some(turn) = Orientation::from_exif(found.orientation)
        && turn != Orientation::NoTransforms
    {
        raster = turned(raster, turn);
        findings.push(Finding::note(
            Code::OrientationApplied,
            format!(
                "orientation {} was applied to the pixels",
                found.orientation
            ),
        ));
    }
    findings.push(
        Finding::note(
            Code::PartlySent,
            format!(
                "the camera's own preview of {} x {} px is sent: the raw data stay behind",
                raster.width, raster.height
            ),
        )
        .help("develop it and export a JPEG where the preview is too small or looks different"),
    );
    Ok((raster, findings))
}

/// RAF: offset and length of its JPEG in the fixed header.
fn fuji(bytes: &[u8]) -> Option<(usize, usize)> {
    let number = |at: usize| {
        let four = bytes.get(at..at + 4)?.first_chunk::<4>()?;
        usize::try_from(u32::from_be_bytes(*four)).ok()
    };
    Some((number(84)?, number(88)?))
}

/// CR3: JPEGs in its boxes, told by their first marker; each runs to the next.
fn marked(bytes: &[u8]) -> Vec<(usize, usize)> {
    let head = &bytes[..bytes.len().min(CR3_HEAD_BYTES)];
    let starts: Vec<usize> = head
        .windows(4)
        .enumerate()
        .filter(|(_, four)| matches!(four, [0xFF, 0xD8, 0xFF, 0xDB | 0xE0 | 0xE1]))
        .map(|(at, _)| at)
        .take(16)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([head.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| (start, end - start))
        .collect()
}

/// A TIFF structure, as far as previews are found in it. Every read is bounded, every directory read once.
struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    first: usize,
}

impl<'a> Tiff<'a> {
    fn open(bytes: &'a [u8]) -> Option<Self> {
        let mut tiff = Self {
            bytes,
            big_endian: bytes.starts_with(b"MM"),
            first: 0,
        };
        tiff.first = tiff.u32(4)?;
        Some(tiff)
    }

    /// Offsets and lengths of what may be a JPEG.
    fn pictures(self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut seen = Vec::new();
        let mut waiting = vec![self.first];
        while let Some(at) = waiting.pop() {
            if at == 0 || seen.contains(&at) || seen.len() >= MAX_DIRECTORIES {
                continue;
            }
            seen.push(at);
            let Some(count) = self.u16(at).filter(|&count| count <= MAX_ENTRIES) else {
                continue;
            };
            let entry = |tag| {
                (0..usize::from(count))
                    .map(|index| at + 2 + index * 12)
                    .find(|&entry| self.u16(entry) == Some(tag))
            };
            let value = |tag| entry(tag).and_then(|entry| self.value(entry, 0));
            if let (Some(at), Some(len)) = (value(JPEG_OFFSET), value(JPEG_LENGTH)) {
                found.push((at, len));
            }
            let strips = entry(STRIP_OFFSETS).and_then(|entry| self.u32(entry + 4));
            if matches!(value(COMPRESSION), Some(6 | 7))
                && strips == Some(1)
                && let (Some(at), Some(len)) = (value(STRIP_OFFSETS), value(STRIP_BYTE_COUNTS))
            {
                found.push((at, len));
            }
            if let Some(entry) = entry(SUB_IFDS) {
                let below = (0..8).map_while(|index| self.value(entry, index));
                waiting.extend(below);
            }
            waiting.extend(value(EXIF_IFD));
            waiting.extend(self.u32(at + 2 + usize::from(count) * 12));
        }
        found
    }

    /// The `index`th number of an entry of SHORT, LONG or IFD.
    fn value(&self, entry: usize, index: usize) -> Option<usize> {
        let count = self.u32(entry + 4)?;
        if index >= count {
            return None;
        }
        let short = match self.u16(entry + 2)? {
            3 => true,
            4 | 13 => false,
            _ => return None,
        };
        let width = if short { 2 } else { 4 };
        let at = if count.checked_mul(width)? <= 4 {
            entry + 8
        } else {
            self.u32(entry + 8)?
        };
        let at = at.checked_add(index * width)?;
        if short {
            self.u16(at).map(usize::from)
        } else {
            self.u32(at)
        }
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let two = *self.bytes.get(at..)?.first_chunk::<2>()?;
        Some(if self.big_endian {
            u16::from_be_bytes(two)
        } else {
            u16::from_le_bytes(two)
        })
    }

    fn u32(&self, at: usize) -> Option<usize> {
        let four = *self.bytes.get(at..)?.first_chunk::<4>()?;
        usize::try_from(if self.big_endian {
            u32::from_be_bytes(four)
        } else {
            u32::from_le_bytes(four)
        })
        .ok()
    }
}
