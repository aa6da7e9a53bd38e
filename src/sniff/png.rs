//! PNG and APNG (PNG third edition): chunks, their checksums, frames, profile and texts.

use std::io::Read;

use flate2::Crc;
use flate2::read::ZlibDecoder;

use super::bytes::{be16, be32, find, from, slice, u8_at};
use super::places::said;
use super::{Corrupt, exif, limits, trailing};
use crate::code::Code;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Bytes that a compressed text may grow to before it is left unread.
const MAX_TEXT_BYTES: u64 = 1 << 20;

/// Texts that are read; a file with more is written again without them.
const MAX_TEXTS: u32 = 64;

/// Bytes that a profile may grow to before the picture is refused: decoders inflate it before they look at it.
const MAX_PROFILE_BYTES: u64 = 16 << 20;

struct Animation {
    frames: u32,
    /// `fcTL` chunks seen, their `fdAT` and `IDAT` data, the next sequence number.
    controls: u32,
    sequence: u32,
    duration_ms: u64,
    awaits_data: bool,
}

/// Proves a PNG: IHDR first, image data, IEND, every critical chunk with its checksum.
pub(super) fn probe(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let mut at = 8;
    let mut chunks = 0;
    let mut has_data = false;
    let mut has_palette = false;
    let mut has_profile = false;
    let mut texts = 0;
    let mut animation: Option<Animation> = None;
    loop {
        let len = be32(bytes, at).ok_or("it is cut before its end chunk")?;
        let name: [u8; 4] = super::bytes::array(bytes, at + 4).ok_or("a chunk is cut")?;
        let body = usize::try_from(len)
            .ok()
            .filter(|_| len <= i32::MAX as u32)
            .and_then(|len| slice(bytes, at + 8, len))
            .ok_or("a chunk is cut")?;
        let stated = be32(bytes, at + 8 + body.len()).ok_or("a chunk is cut")?;
        chunks += 1;
        if chunks > limits::MAX_ITEMS {
            found
                .findings
                .push(limits::too_many("chunks", limits::MAX_ITEMS));
            return Ok(());
        }
        if (chunks == 1) != (&name == b"IHDR") {
            return Err("the header chunk is not the first, or not the only one".into());
        }
        // An upper-case first letter marks a chunk that cannot be left out (5.4); animation chunks matter as much.
        let matters = name[0].is_ascii_uppercase() || matches!(&name, b"acTL" | b"fcTL" | b"fdAT");
        if matters && checksum(&name, body) != stated {
            return Err(format!(
                "the checksum of a {} chunk is wrong",
                String::from_utf8_lossy(&name)
            )
            .into());
        }
        at += 12 + body.len();
        match &name {
            b"IHDR" => {
                header(body, found)?;
                found.frames = Some(1);
            }
            b"PLTE" => has_palette = true,
            b"IDAT" => {
                has_data = true;
                if let Some(animation) = &mut animation {
                    animation.awaits_data = false;
                }
            }
            b"IEND" => break,
            b"acTL" if !has_data => {
                // Known once all frames are counted: the number stated here is a promise.
                found.frames = None;
                animation = Some(Animation {
                    frames: be32(body, 0).ok_or("the animation header is cut")?,
                    controls: 0,
                    sequence: 0,
                    duration_ms: 0,
                    awaits_data: false,
                });
            }
            b"fcTL" => {
                if let Some(animation) = &mut animation {
                    animation.control(body, found)?;
                }
            }
            b"fdAT" => {
                if let Some(animation) = &mut animation {
                    animation.step(body)?;
                    animation.awaits_data = false;
                }
            }
            // A second profile is not allowed (11.3.2.3) and not inflated; so are texts beyond any sane number.
            b"iCCP" if has_profile => {}
            b"zTXt" | b"iTXt" | b"tEXt" if texts >= MAX_TEXTS => {
                found.has_metadata = true;
                texts += 1;
            }
            _ => {
                has_profile |= &name == b"iCCP";
                texts += u32::from(matches!(&name, b"tEXt" | b"zTXt" | b"iTXt"));
                ancillary(&name, body, found);
            }
        }
    }
    if !has_data {
        return Err("it has no image data".into());
    }
    if found.colour == Some("palette") && !has_palette {
        return Err("it has no palette".into());
    }
    if let Some(animation) = animation {
        animation.conclude(found)?;
    }
    if texts > MAX_TEXTS {
        found.findings.push(
            Finding::fixable(
                Code::MetadataRemoved,
                format!("{texts} text chunks, which no viewer reads"),
            )
            .observed("texts", texts)
            .allowed("texts", MAX_TEXTS),
        );
    }
    let rest = from(bytes, at);
    if !rest.is_empty() {
        trailing::note(rest, "data", found);
    }
    Ok(())
}

fn checksum(name: &[u8; 4], body: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(name);
    crc.update(body);
    crc.sum()
}

/// IHDR (11.2.1).
fn header(body: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    if body.len() != 13 {
        return Err("the header chunk does not have 13 bytes".into());
    }
    let side = |at| {
        be32(body, at)
            .filter(|&side| side > 0 && side <= i32::MAX as u32)
            .ok_or("a side is 0 px or over 2³¹")
    };
    found.width_px = Some(side(0)?);
    found.height_px = Some(side(4)?);
    let (depth, colour) = (body[8], body[9]);
    let (name, is_allowed, has_alpha) = match colour {
        0 => ("gray", matches!(depth, 1 | 2 | 4 | 8 | 16), false),
        2 => ("rgb", matches!(depth, 8 | 16), false),
        3 => ("palette", matches!(depth, 1 | 2 | 4 | 8), false),
        4 => ("gray", matches!(depth, 8 | 16), true),
        6 => ("rgb", matches!(depth, 8 | 16), true),
        _ => return Err(format!("colour type {colour} does not exist").into()),
    };
    if !is_allowed {
        return Err(format!("colour type {colour} cannot have {depth} bits").into());
    }
    if body[10] != 0 || body[11] != 0 || body[12] > 1 {
        return Err("its compression, filter or interlace method does not exist".into());
    }
    found.colour = Some(name);
    found.bit_depth = Some(depth);
    found.has_alpha = has_alpha;
    found.variant = (body[12] == 1).then(|| "interlaced".to_owned());
    Ok(())
}

fn ancillary(name: &[u8; 4], body: &[u8], found: &mut Sniffed) {
    match name {
        b"tRNS" => found.has_alpha = true,
        b"eXIf" => exif::read(body, found, true),
        b"iCCP" => profile(body, found),
        b"tEXt" | b"zTXt" | b"iTXt" => text(name, body, found),
        b"tIME" => found.has_metadata = true,
        // C2PA 2.1 A.3.2.
        b"caBX" => found.has_content_credentials = true,
        _ => {}
    }
}

/// iCCP (11.3.2.3): name, NUL, method 0, zlib data.
fn profile(body: &[u8], found: &mut Sniffed) {
    let inflated = find(body, b"\0")
        .filter(|&end| u8_at(body, end + 1) == Some(0))
        .ok_or(Uninflated::Broken)
        .and_then(|end| inflate(from(body, end + 2), MAX_PROFILE_BYTES));
    match inflated {
        Ok(profile) if profile.len() > limits::MAX_ICC_BYTES => {
            let finding = Finding::fixable(
                Code::DecodedSizeOverLimit,
                format!("a colour profile of {} bytes", profile.len()),
            );
            found.findings.push(
                finding
                    .observed("profile_bytes", profile.len())
                    .allowed("profile_bytes", limits::MAX_ICC_BYTES),
            );
        }
        Ok(profile) => super::keep_profile(profile, found),
        Err(Uninflated::TooLong) => found.findings.push(
            Finding::refused(
                Code::DecodedSizeOverLimit,
                format!("its colour profile inflates to over {MAX_PROFILE_BYTES} bytes"),
            )
            .allowed("profile_bytes", limits::MAX_ICC_BYTES)
            .help("save it again without a colour profile"),
        ),
        Err(Uninflated::Broken) => found.findings.push(Finding::note(
            Code::Corrupt,
            "the colour profile is unreadable and is ignored",
        )),
    }
}

/// tEXt, zTXt and iTXt (11.3.3), for places and EXIF that hide in them.
fn text(name: &[u8; 4], body: &[u8], found: &mut Sniffed) {
    found.has_metadata = true;
    let Some(end) = find(body, b"\0") else { return };
    let (keyword, rest) = (super::bytes::head(body, end), from(body, end + 1));
    let inflated;
    let value = match name {
        b"tEXt" => rest,
        b"zTXt" => {
            inflated = inflated_text(from(rest, 1), found);
            &inflated
        }
        _ => {
            // Compression flag and method, language, NUL, translated keyword, NUL.
            let after = |text, skip| find(text, b"\0").map(|end| from(text, end + skip));
            let Some(value) = after(from(rest, 2), 1).and_then(|text| after(text, 1)) else {
                return;
            };
            if u8_at(rest, 0) == Some(1) {
                inflated = inflated_text(value, found);
                &inflated
            } else {
                value
            }
        }
    };
    if keyword == b"XML:com.adobe.xmp" {
        exif::read_xmp(value, found);
    } else if let Some(kind) = keyword.strip_prefix(b"Raw profile type ") {
        // ImageMagick's own: a line of name, a line of length, then hexadecimal digits.
        let digits: Vec<u8> = value
            .split(|&byte| byte == b'\n')
            .skip(3)
            .flatten()
            .copied()
            .collect();
        let profile = unhex(&digits);
        match kind {
            // Readers do not turn by it.
            b"exif" | b"APP1" if !profile.starts_with(b"http:") => {
                exif::read(&profile, found, false);
            }
            b"xmp" | b"APP1" => exif::read_xmp(&profile, found),
            b"iptc" | b"8bim" => exif::read_iptc(&profile, found),
            _ => {}
        }
    } else {
        found.has_location |= said::names_place(keyword) || said::tells(value);
    }
}

fn unhex(digits: &[u8]) -> Vec<u8> {
    let value = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    digits
        .chunks_exact(2)
        .map_while(|pair| Some(value(pair[0])? << 4 | value(pair[1])?))
        .collect()
}

/// A compressed text; one that grows over its limit is named, and left out by writing the file again.
fn inflated_text(compressed: &[u8], found: &mut Sniffed) -> Vec<u8> {
    match inflate(compressed, MAX_TEXT_BYTES) {
        Ok(text) => text,
        Err(Uninflated::Broken) => Vec::new(),
        Err(Uninflated::TooLong) => {
            let finding = Finding::fixable(
                Code::DecodedSizeOverLimit,
                format!("a text that inflates to over {MAX_TEXT_BYTES} bytes"),
            );
            found
                .findings
                .push(finding.allowed("text_bytes", MAX_TEXT_BYTES));
            Vec::new()
        }
    }
}

/// Why there is nothing inflated.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Uninflated {
    TooLong,
    Broken,
}

/// Inflates at most `limit` bytes.
fn inflate(compressed: &[u8], limit: u64) -> Result<Vec<u8>, Uninflated> {
    let mut bytes = Vec::new();
    let read = ZlibDecoder::new(compressed)
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| Uninflated::Broken)?;
    if read as u64 > limit {
        return Err(Uninflated::TooLong);
    }
    Ok(bytes)
}

impl Animation {
    /// fcTL (11.3.6.2): sequence, width, height, x, y, delay.
    fn control(&mut self, body: &[u8], found: &Sniffed) -> Result<(), Corrupt> {
        self.step(body)?;
        let field = |at| be32(body, at).map(u64::from).ok_or("a frame header is cut");
        let (width, height, x, y) = (field(4)?, field(8)?, field(12)?, field(16)?);
        let canvas = (
            found.width_px.map(u64::from),
            found.height_px.map(u64::from),
        );
        if width == 0 || height == 0 || Some(x + width) > canvas.0 || Some(y + height) > canvas.1 {
            return Err("a frame stands outside the canvas".into());
        }
        let delay = u64::from(be16(body, 20).ok_or("a frame header is cut")?);
        // A denominator of 0 means hundredths.
        let of = u64::from(be16(body, 22).ok_or("a frame header is cut")?);
        self.duration_ms += delay * 1_000 / if of == 0 { 100 } else { of };
        self.controls += 1;
        self.awaits_data = true;
        Ok(())
    }

    fn step(&mut self, body: &[u8]) -> Result<(), Corrupt> {
        if be32(body, 0) != Some(self.sequence) {
            return Err("the animation's chunks are out of order".into());
        }
        self.sequence += 1;
        Ok(())
    }

    fn conclude(&self, found: &mut Sniffed) -> Result<(), Corrupt> {
        if self.controls != self.frames || self.frames == 0 || self.awaits_data {
            return Err(format!(
                "{} frames are promised and {} are there",
                self.frames, self.controls
            )
            .into());
        }
        found.frames = Some(self.frames);
        found.duration_ms = (self.frames > 1).then_some(self.duration_ms);
        found.variant = Some("apng".to_owned());
        Ok(())
    }
}
