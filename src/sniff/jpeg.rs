//! JPEG (T.81, JFIF, EXIF): segments up to EOI without decoding.

use super::bytes::{be16, from, slice, u8_at};
use super::{Corrupt, exif, limits, trailing};
use crate::code::Code;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Segments of one file.
const MAX_SEGMENTS: u32 = 10_000;

// T.81 table B.1.
const TEM: u8 = 0x01;
const SOF0: u8 = 0xC0;
const DHT: u8 = 0xC4;
const JPG: u8 = 0xC8;
const DAC: u8 = 0xCC;
const SOF15: u8 = 0xCF;
const RST0: u8 = 0xD0;
const RST7: u8 = 0xD7;
const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DNL: u8 = 0xDC;
const APP0: u8 = 0xE0;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const APP11: u8 = 0xEB;
const APP13: u8 = 0xED;
const APP14: u8 = 0xEE;
const COM: u8 = 0xFE;

/// What the segments have said so far.
#[derive(Default)]
struct Walk {
    frame: Option<Frame>,
    scans: u32,
    has_jfif: bool,
    adobe_transform: Option<u8>,
    /// ICC pieces by their number (ICC.1 annex B.4).
    profile: Vec<(u8, u8, Vec<u8>)>,
    profile_bytes: usize,
    has_multi_picture: bool,
    has_motion_photo: bool,
}

struct Frame {
    marker: u8,
    ids: Vec<u8>,
    /// Blocks of 8 × 8 samples over all components.
    blocks: u64,
}

/// Proves a JPEG: a frame header, a scan, and an end.
pub(super) fn probe(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let mut walk = Walk::default();
    let mut at = 2;
    let mut segments = 0;
    let end = loop {
        let Some(marker) = next_marker(bytes, &mut at)? else {
            return missing_end(bytes, &walk, found);
        };
        segments += 1;
        if segments > MAX_SEGMENTS {
            found
                .findings
                .push(limits::too_many("segments", MAX_SEGMENTS));
            return Ok(());
        }
        match marker {
            EOI => break at,
            SOI => return Err("a second picture starts inside the first".into()),
            RST0..=RST7 | TEM => continue,
            _ => {}
        }
        let len = usize::from(be16(bytes, at).ok_or("a segment is cut")?);
        let body = len
            .checked_sub(2)
            .and_then(|len| slice(bytes, at + 2, len))
            .ok_or("a segment is cut")?;
        at += len;
        match marker {
            SOF0..=SOF15 if !matches!(marker, DHT | JPG | DAC) => {
                walk.frame_header(marker, body, found)?;
            }
            SOS => {
                walk.scan_header(body)?;
                at = skip_scan(bytes, at);
            }
            // B.2.4.3. In front of the frame header nobody knows yet; behind that of another process it is damage.
            DAC if walk
                .frame
                .as_ref()
                .is_some_and(|frame| frame.marker < DAC - 3) =>
            {
                return Err(
                    "it sets up arithmetic coding, which its frame does not use (DAC)".into(),
                );
            }
            DNL => return Err("its height is only told behind the first scan (DNL)".into()),
            _ => walk.application(marker, body, found),
        }
    };
    if walk.scans == 0 {
        return Err("it ends without a scan".into());
    }
    walk.conclude(found)?;
    let rest = from(bytes, end);
    if !rest.is_empty() {
        let what = if walk.has_motion_photo {
            "a motion photo's video"
        } else if walk.has_multi_picture {
            "further pictures (multi-picture or gain map)"
        } else {
            "data"
        };
        trailing::note(rest, what, found);
    }
    Ok(())
}

/// The next marker (T.81 B.1.1.2, fill bytes allowed); `None` at the end of the data.
fn next_marker(bytes: &[u8], at: &mut usize) -> Result<Option<u8>, Corrupt> {
    // Stray bytes between segments are seen in the wild and skipped by every decoder.
    let mut strays = 0;
    loop {
        match u8_at(bytes, *at) {
            None => return Ok(None),
            Some(0xFF) => match u8_at(bytes, *at + 1) {
                None => return Ok(None),
                Some(0xFF) => *at += 1,
                Some(0x00) => *at += 2,
                Some(marker) => {
                    *at += 2;
                    return Ok(Some(marker));
                }
            },
            Some(_) => {
                strays += 1;
                if strays > 64 {
                    return Err("there is no marker where one has to be".into());
                }
                *at += 1;
            }
        }
    }
}

/// Where the entropy-coded data of a scan ends: at a marker that is neither stuffing nor a restart.
fn skip_scan(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match memchr::memchr(0xFF, from(bytes, at)) {
            None => return bytes.len(),
            Some(offset) => at += offset,
        }
        match u8_at(bytes, at + 1) {
            None => return bytes.len(),
            Some(0x00 | RST0..=RST7) => at += 2,
            Some(0xFF) => at += 1,
            Some(_) => return at,
        }
    }
}

/// No EOI: a file cut in its scan is refused, one that only lacks its last two bytes is named.
fn missing_end(bytes: &[u8], walk: &Walk, found: &mut Sniffed) -> Result<(), Corrupt> {
    if walk.scans == 0 {
        return Err("it is cut before its first scan".into());
    }
    walk.conclude(found)?;
    if super::jpeg_scan::is_complete(bytes) {
        found.findings.push(Finding::note(
            Code::Corrupt,
            "the end marker is missing; the picture is whole",
        ));
        Ok(())
    } else {
        Err("it ends in the middle of its picture data (its scan)".into())
    }
}

impl Walk {
    /// T.81 B.2.2.
    fn frame_header(
        &mut self,
        marker: u8,
        body: &[u8],
        found: &mut Sniffed,
    ) -> Result<(), Corrupt> {
        if self.frame.is_some() {
            return Err("it has two frame headers".into());
        }
        let cut = "the frame header is cut";
        let precision = u8_at(body, 0).ok_or(cut)?;
        let height = u32::from(be16(body, 1).ok_or(cut)?);
        let width = u32::from(be16(body, 3).ok_or(cut)?);
        let count = usize::from(u8_at(body, 5).ok_or(cut)?);
        if width == 0 || height == 0 {
            return Err("a side is 0 px".into());
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(format!("{count} components are no known colour model").into());
        }
        let (mut ids, mut sampling, mut largest) = (Vec::new(), Vec::new(), (1, 1));
        for index in 0..count {
            let [id, factors, _] = super::bytes::array(body, 6 + 3 * index).ok_or(cut)?;
            let (h, v) = (u64::from(factors >> 4), u64::from(factors & 15));
            if !(1..=4).contains(&h) || !(1..=4).contains(&v) {
                return Err("a sampling factor is not 1 to 4".into());
            }
            largest = (h.max(largest.0), v.max(largest.1));
            ids.push(id);
            sampling.push((h, v));
        }
        let mcus =
            u64::from(width).div_ceil(8 * largest.0) * u64::from(height).div_ceil(8 * largest.1);
        let blocks = mcus * sampling.iter().map(|(h, v)| h * v).sum::<u64>();
        found.width_px = Some(width);
        found.height_px = Some(height);
        found.frames = Some(1);
        found.bit_depth = Some(precision);
        found.variant = Some(process(marker).to_owned());
        self.frame = Some(Frame {
            marker,
            ids,
            blocks,
        });
        Ok(())
    }

    /// T.81 B.2.3.
    fn scan_header(&mut self, body: &[u8]) -> Result<(), Corrupt> {
        let frame = self
            .frame
            .as_ref()
            .ok_or("a scan comes before the frame header")?;
        let count = usize::from(u8_at(body, 0).ok_or("a scan header is cut")?);
        if !(1..=4).contains(&count) || body.len() != 4 + 2 * count {
            return Err("a scan header has the wrong length".into());
        }
        if !body[1..=2 * count]
            .chunks(2)
            .all(|pair| frame.ids.contains(&pair[0]))
        {
            return Err("a scan names a component that the frame does not have".into());
        }
        self.scans += 1;
        Ok(())
    }

    fn application(&mut self, marker: u8, body: &[u8], found: &mut Sniffed) {
        match marker {
            APP0 => {
                self.has_jfif |= body.starts_with(b"JFIF\0");
                note_density(body, found);
            }
            APP1 => {
                if body.starts_with(b"Exif\0") {
                    exif::read(from(body, 6), found, true);
                } else if body.starts_with(b"http://ns.adobe.com/x") {
                    exif::read_xmp(body, found);
                    // Google's and Apple's names for a video behind the picture.
                    self.has_motion_photo |= [&b"MotionPhoto"[..], b"MicroVideo"]
                        .iter()
                        .any(|name| super::bytes::find(body, name).is_some());
                } else {
                    note_sound(body, found);
                }
            }
            APP2 => {
                if let Some(piece) = body.strip_prefix(b"ICC_PROFILE\0") {
                    self.profile_piece(piece);
                }
                self.has_multi_picture |= body.starts_with(b"MPF\0");
            }
            // C2PA 2.1 A.3.1: JUMBF boxes (ISO 19566-5) in APP11.
            APP11 => {
                found.has_content_credentials |=
                    body.starts_with(b"JP") && super::bytes::find(body, b"c2pa").is_some();
            }
            APP13 => {
                if let Some(resources) = body.strip_prefix(b"Photoshop 3.0\0") {
                    exif::read_photoshop(resources, found);
                }
            }
            APP14 if body.starts_with(b"Adobe") => {
                self.adobe_transform = u8_at(body, 11);
            }
            COM => {
                found.has_metadata |= !body.is_empty();
                found.has_location |= super::places::said::tells(body);
                note_sound(body, found);
            }
            _ => note_sound(body, found),
        }
    }

    fn profile_piece(&mut self, piece: &[u8]) {
        let (Some(number), Some(of)) = (u8_at(piece, 0), u8_at(piece, 1)) else {
            return;
        };
        self.profile_bytes = self.profile_bytes.saturating_add(piece.len());
        if self.profile_bytes <= limits::MAX_ICC_BYTES + 2 * 255 {
            self.profile.push((number, of, from(piece, 2).to_vec()));
        }
    }

    /// Draws the conclusions that need all segments: colour model, profile, work.
    fn conclude(&self, found: &mut Sniffed) -> Result<(), Corrupt> {
        let frame = self.frame.as_ref().ok_or("it has no frame header")?;
        found.colour = Some(match (frame.ids.len(), self.adobe_transform) {
            (1, _) => "gray",
            (3, Some(0)) => "rgb",
            (3, None) if !self.has_jfif && frame.ids == *b"RGB" => "rgb",
            (3, _) => "ycbcr",
            (_, Some(2)) => "ycck",
            _ => "cmyk",
        });
        if self.profile_bytes > limits::MAX_ICC_BYTES + 2 * 255 {
            super::drop_profile(self.profile_bytes, found);
        } else if !self.profile.is_empty() {
            let mut pieces: Vec<_> = self.profile.iter().collect();
            pieces.sort_by_key(|piece| piece.0);
            let whole = pieces.iter().enumerate().all(|(index, piece)| {
                usize::from(piece.0) == index + 1 && usize::from(piece.1) == pieces.len()
            });
            if whole {
                super::keep_profile(
                    pieces
                        .iter()
                        .flat_map(|piece| piece.2.iter().copied())
                        .collect(),
                    found,
                );
            } else {
                found.findings.push(Finding::note(
                    Code::Corrupt,
                    "the colour profile has missing pieces and is ignored",
                ));
            }
        }
        let work = frame.blocks.saturating_mul(self.scans.into());
        if self.scans > limits::MAX_SCANS || work > limits::MAX_SCAN_BLOCKS {
            found.findings.push(
                Finding::refused(
                    Code::WorkOverLimit,
                    format!(
                        "{} scans over {} blocks are more than is safe to decode",
                        self.scans, frame.blocks
                    ),
                )
                .observed("scans", self.scans)
                .observed("blocks", work)
                .allowed("scans", limits::MAX_SCANS)
                .allowed("blocks", limits::MAX_SCAN_BLOCKS),
            );
        }
        // T.81 figure: SOF0 to SOF2 with 8 bits are what phones and browsers decode.
        if frame.marker > SOF0 + 2 || found.bit_depth != Some(8) {
            found.findings.push(
                Finding::refused(
                    Code::CodecNotAccepted,
                    format!(
                        "{} JPEG of {} bits is not decoded by phones",
                        process_with_article(frame.marker),
                        found.bit_depth.unwrap_or_default()
                    ),
                )
                .help("save it again as a baseline JPEG"),
            );
        }
        Ok(())
    }
}

/// A density of zero or in an unknown unit (T.871 10.1), which viewers take for 1.
fn note_density(body: &[u8], found: &mut Sniffed) {
    if let [b'J', b'F', b'I', b'F', 0, _, _, unit, density @ ..] = body
        && let [x1, x2, y1, y2, ..] = density
        && (*unit > 2 || (*x1 | *x2) == 0 || (*y1 | *y2) == 0)
    {
        found.findings.push(Finding::note(
            Code::Corrupt,
            "its pixel density is zero or in an unknown unit, which viewers ignore",
        ));
    }
}

/// Sound in a segment that viewers pass over: players that look for frames would play it.
fn note_sound(body: &[u8], found: &mut Sniffed) {
    let plays = super::frames::first_frame(body, super::frames::is_mpeg_audio).is_some();
    if plays
        && !found
            .findings
            .iter()
            .any(|finding| finding.code == Code::AmbiguousType)
    {
        found.findings.push(Finding::fixable(
            Code::AmbiguousType,
            "a segment holds frames of MPEG audio: it plays as an MP3 as well",
        ));
    }
}

/// The name of a coding process (T.81 table B.1).
const fn process(marker: u8) -> &'static str {
    match marker {
        0xC0 => "baseline",
        0xC1 => "extended",
        0xC2 => "progressive",
        0xC3 => "lossless",
        0xC5..=0xC7 => "hierarchical",
        _ => "arithmetic",
    }
}

/// The same in a sentence.
const fn process_with_article(marker: u8) -> &'static str {
    match marker {
        0xC0 => "a baseline",
        0xC1 => "an extended",
        0xC2 => "a progressive",
        0xC3 => "a lossless",
        0xC5..=0xC7 => "a hierarchical",
        _ => "an arithmetic-coded",
    }
}
