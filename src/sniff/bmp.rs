//! BMP and ICO: bitmap headers of every age.

use super::bytes::{array, from, le16, le32, slice, u8_at};
use super::{Corrupt, png, trailing};
use crate::sniff::Sniffed;

/// Proves a BMP: a known header whose pixels are inside the file.
pub(super) fn probe(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let data_at = u64::from(le32(bytes, 10).ok_or("the header is cut")?);
    let header = Header::read(from(bytes, 14))?;
    header.describe(found);
    found.frames = Some(1);
    if data_at > bytes.len() as u64 {
        return Err("the pixels start behind the end of the file".into());
    }
    if let Some(needed) = header.pixel_bytes() {
        let end = data_at.saturating_add(needed);
        if end > bytes.len() as u64 {
            return Err("it is cut inside its pixels".into());
        }
        // The size field is often wrong; pixels of known extent say where the end is. Writers pad to 4 bytes, and
        // a profile may follow (BITMAPV5HEADER).
        let rest = from(bytes, usize::try_from(end).unwrap_or(usize::MAX));
        if rest.len() > 3 && header.len < 124 {
            trailing::note(rest, "data", found);
        }
    } else if data_at == bytes.len() as u64 {
        return Err("it is cut before its pixels".into());
    }
    Ok(())
}

/// Proves an ICO: every entry is inside the file and holds a PNG or a bitmap. The largest one gives the sides.
pub(super) fn probe_ico(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let count = le16(bytes, 4).ok_or("the header is cut")?;
    if count == 0 {
        return Err("it has no picture".into());
    }
    let mut largest: Option<Sniffed> = None;
    for index in 0..usize::from(count) {
        let at = 6 + 16 * index;
        let size = le32(bytes, at + 8)
            .and_then(|size| usize::try_from(size).ok())
            .ok_or("an entry is cut")?;
        let data_at = le32(bytes, at + 12)
            .and_then(|at| usize::try_from(at).ok())
            .ok_or("an entry is cut")?;
        let data = slice(bytes, data_at, size).ok_or("a picture ends past the end of the file")?;
        let mut one = Sniffed::of(found.content_type, found.bytes);
        if data.starts_with(&super::magic::PNG) {
            png::probe(data, &mut one)?;
        } else {
            let mut header = Header::read(data)?;
            // Picture and mask stand above each other.
            header.height /= 2;
            header.describe(&mut one);
            one.has_alpha = true;
        }
        let area = |sniffed: &Sniffed| {
            u64::from(sniffed.width_px.unwrap_or(0)) * u64::from(sniffed.height_px.unwrap_or(0))
        };
        if largest
            .as_ref()
            .is_none_or(|largest| area(largest) < area(&one))
        {
            largest = Some(one);
        }
    }
    if let Some(largest) = largest {
        found.width_px = largest.width_px;
        found.height_px = largest.height_px;
        found.has_alpha = largest.has_alpha;
        found.colour = largest.colour;
        found.bit_depth = largest.bit_depth;
    }
    found.frames = Some(1);
    found.entries = Some(count.into());
    Ok(())
}

/// A bitmap header: BITMAPCOREHEADER (12), OS/2 2.x (16 to 64), BITMAPINFOHEADER (40) and its successors (52 to 124).
struct Header {
    len: u32,
    width: u32,
    height: u32,
    bits: u16,
    compression: u32,
    alpha_mask: u32,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, Corrupt> {
        let cut = "the bitmap header is cut";
        let len = le32(bytes, 0).ok_or(cut)?;
        let header = match len {
            12 => Self {
                len,
                width: le16(bytes, 4).ok_or(cut)?.into(),
                height: le16(bytes, 6).ok_or(cut)?.into(),
                bits: le16(bytes, 10).ok_or(cut)?,
                compression: 0,
                alpha_mask: 0,
            },
            16..=124 => Self {
                len,
                width: array(bytes, 4)
                    .map(i32::from_le_bytes)
                    .and_then(|side| u32::try_from(side).ok())
                    .ok_or("its width is negative")?,
                // A negative height counts from the top.
                height: array(bytes, 8)
                    .map(i32::from_le_bytes)
                    .ok_or(cut)?
                    .unsigned_abs(),
                bits: le16(bytes, 14).ok_or(cut)?,
                compression: if len >= 20 {
                    le32(bytes, 16).ok_or(cut)?
                } else {
                    0
                },
                alpha_mask: if len >= 56 {
                    le32(bytes, 52).ok_or(cut)?
                } else {
                    0
                },
            },
            _ => return Err(format!("a bitmap header of {len} bytes does not exist").into()),
        };
        if header.width == 0 || header.height == 0 {
            return Err("a side is 0 px".into());
        }
        let has_bits = match header.bits {
            // An embedded JPEG or PNG has bits of its own.
            0 => matches!(header.compression, 4 | 5),
            bits => matches!(bits, 1 | 2 | 4 | 8 | 16 | 24 | 32),
        };
        if !has_bits {
            return Err(format!("{} bits a pixel do not exist", header.bits).into());
        }
        if header.compression > 6 && !(11..=13).contains(&header.compression) {
            return Err(format!("compression {} does not exist", header.compression).into());
        }
        if u8_at(bytes, len as usize - 1).is_none() {
            return Err(cut.into());
        }
        Ok(header)
    }

    /// Bytes of uncompressed pixels: rows padded to 4; `None` where they are compressed.
    fn pixel_bytes(&self) -> Option<u64> {
        matches!(self.compression, 0 | 3 | 6).then(|| {
            {
                ((u64::from(self.width) * u64::from(self.bits)).div_ceil(32) * 4)
                    .saturating_mul(self.height.into())
            }
        })
    }

    fn describe(&self, found: &mut Sniffed) {
        found.width_px = Some(self.width);
        found.height_px = Some(self.height);
        found.has_alpha = self.alpha_mask != 0;
        found.colour = Some(if self.bits <= 8 && self.bits > 0 {
            "palette"
        } else {
            "rgb"
        });
        found.bit_depth = Some(if self.bits == 16 { 5 } else { 8 });
        found.variant = Some(
            match self.compression {
                0 => "uncompressed",
                1 | 2 => "rle",
                3 | 6 => "bitfields",
                4 => "jpeg",
                5 => "png",
                _ => "cmyk",
            }
            .to_owned(),
        );
    }
}
