//! TIFF 6.0 and `BigTIFF`: directories, pages and their extents. EXIF blocks have the same structure.

use super::bytes::{array, slice};
use super::{Corrupt, exif, limits};
use crate::code::Code;
use crate::content_type::ContentType;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Pages of one file.
const MAX_PAGES: u32 = 1_000;

/// Baseline tags (TIFF 6.0 section 8).
const NEW_SUBFILE_TYPE: u16 = 254;
const IMAGE_WIDTH: u16 = 256;
const IMAGE_LENGTH: u16 = 257;
const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const MAKE: u16 = 271;
const STRIP_OFFSETS: u16 = 273;
const SAMPLES_PER_PIXEL: u16 = 277;
const STRIP_BYTE_COUNTS: u16 = 279;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;
const SUB_IFDS: u16 = 330;
const EXTRA_SAMPLES: u16 = 338;
const ICC_PROFILE: u16 = 34_675;
/// The header's number of RW2.
const PANASONIC: u16 = 0x0055;
/// DNG 1.6: a file that has it is a raw photograph.
const DNG_VERSION: u16 = 50_706;

/// What a walk over directories may cost.
pub(super) struct Budget {
    entries: u32,
    /// Strips and tiles that are held against the length of the file.
    extents: u64,
}

impl Budget {
    /// EXIF: at most 1,000 entries over all directories.
    pub(super) const fn exif() -> Self {
        Self {
            entries: 1_000,
            extents: 0,
        }
    }

    const fn tiff() -> Self {
        Self {
            entries: 100_000,
            extents: 2_000_000,
        }
    }
}

/// One directory entry.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) tag: u16,
    kind: u16,
    count: u64,
    /// Where the value or its offset stands.
    at: usize,
}

/// One directory.
pub(super) struct Ifd {
    pub(super) entries: Vec<Entry>,
    next: u64,
}

impl Ifd {
    pub(super) fn get(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }

    /// The first value of a tag, where it is a whole number.
    pub(super) fn number(&self, tiff: &Tiff<'_>, tag: u16) -> Option<u64> {
        tiff.number(self.get(tag)?, 0)
    }
}

/// An open TIFF structure.
pub(super) struct Tiff<'a> {
    pub(super) bytes: &'a [u8],
    big_endian: bool,
    /// `BigTIFF`: 64-bit offsets.
    wide: bool,
    /// The number of the header: 42, or a camera maker's own.
    mark: u16,
    pub(super) first_ifd: u64,
}

impl<'a> Tiff<'a> {
    /// Reads the 8 or 16 bytes of the file header.
    pub(super) fn open(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = match array(bytes, 0)? {
            [b'I', b'I'] => false,
            [b'M', b'M'] => true,
            _ => return None,
        };
        let mut tiff = Self {
            bytes,
            big_endian,
            wide: false,
            mark: 42,
            first_ifd: 0,
        };
        match tiff.u16(2)? {
            // 42 is TIFF; the others are camera raw files of the same structure (Olympus `RO`, `RS`, Panasonic `U`).
            mark @ (42 | 0x4F52 | 0x5352 | PANASONIC) => {
                tiff.mark = mark;
                tiff.first_ifd = tiff.u32(4)?.into();
            }
            43 if tiff.u16(4)? == 8 => {
                tiff.wide = true;
                tiff.first_ifd = tiff.u64(8)?;
            }
            _ => return None,
        }
        Some(tiff)
    }

    /// One directory; `None` where it is not whole or the budget is used up.
    pub(super) fn ifd(&self, at: u64, budget: &mut Budget) -> Option<Ifd> {
        let at = usize::try_from(at).ok()?;
        let (count, mut entry_at, step) = if self.wide {
            (self.u64(at)?, at.checked_add(8)?, 20)
        } else {
            (self.u16(at)?.into(), at.checked_add(2)?, 12)
        };
        let count = u32::try_from(count)
            .ok()
            .filter(|&count| count <= budget.entries)?;
        budget.entries -= count;
        // The entries are there before room for them is taken.
        slice(
            self.bytes,
            entry_at,
            usize::try_from(count).ok()?.checked_mul(step)?,
        )?;
        let mut entries = Vec::with_capacity(usize::try_from(count).ok()?);
        for _ in 0..count {
            entries.push(Entry {
                tag: self.u16(entry_at)?,
                kind: self.u16(entry_at + 2)?,
                count: if self.wide {
                    self.u64(entry_at + 4)?
                } else {
                    self.u32(entry_at + 4)?.into()
                },
                at: entry_at + if self.wide { 12 } else { 8 },
            });
            entry_at += step;
        }
        // Some EXIF writers leave out the last offset.
        let next = if self.wide {
            self.u64(entry_at)
        } else {
            self.u32(entry_at).map(u64::from)
        };
        Some(Ifd {
            entries,
            next: next.unwrap_or(0),
        })
    }

    /// The `index`th value of an entry, where it is a whole number (BYTE, SHORT, LONG, LONG8, IFD).
    pub(super) fn number(&self, entry: &Entry, index: u64) -> Option<u64> {
        if index >= entry.count {
            return None;
        }
        let at = self
            .value_at(entry)?
            .checked_add(usize::try_from(index.checked_mul(width(entry.kind)?)?).ok()?)?;
        match entry.kind {
            1 | 7 => self.bytes.get(at).copied().map(u64::from),
            3 => self.u16(at).map(u64::from),
            4 | 13 => self.u32(at).map(u64::from),
            16 | 18 => self.u64(at),
            _ => None,
        }
    }

    /// The bytes of an entry.
    pub(super) fn bytes_of(&self, entry: &Entry) -> Option<&'a [u8]> {
        let len = usize::try_from(entry.count.checked_mul(width(entry.kind)?)?).ok()?;
        slice(self.bytes, self.value_at(entry)?, len)
    }

    fn value_at(&self, entry: &Entry) -> Option<usize> {
        let len = entry.count.checked_mul(width(entry.kind)?)?;
        if len <= if self.wide { 8 } else { 4 } {
            Some(entry.at)
        } else if self.wide {
            usize::try_from(self.u64(entry.at)?).ok()
        } else {
            usize::try_from(self.u32(entry.at)?).ok()
        }
    }

    fn u16(&self, at: usize) -> Option<u16> {
        array(self.bytes, at).map(if self.big_endian {
            u16::from_be_bytes
        } else {
            u16::from_le_bytes
        })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        array(self.bytes, at).map(if self.big_endian {
            u32::from_be_bytes
        } else {
            u32::from_le_bytes
        })
    }

    fn u64(&self, at: usize) -> Option<u64> {
        array(self.bytes, at).map(if self.big_endian {
            u64::from_be_bytes
        } else {
            u64::from_le_bytes
        })
    }
}

/// Bytes of one value of a field type (TIFF 6.0 section 2, `BigTIFF`, EXIF 2.32 4.6.2).
const fn width(kind: u16) -> Option<u64> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16 | 17 | 18 => Some(8),
        _ => None,
    }
}

/// Proves a TIFF: every page's extents are inside the file.
pub(super) fn probe(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let tiff = Tiff::open(bytes).ok_or("the TIFF header is cut")?;
    let mut budget = Budget::tiff();
    let first = tiff
        .ifd(tiff.first_ifd, &mut budget)
        .ok_or("the first directory is not inside the file")?;
    if is_camera_raw(&tiff, &first, &mut budget) {
        found.content_type = Some(ContentType::CameraRaw);
        raw_page(&tiff, &first, &mut budget, found)?;
        exif::read_ifd(&tiff, &first, &mut budget, found, true);
        // What follows are smaller copies, and the sensor's data.
        found.frames = Some(1);
        return Ok(());
    }
    page(&tiff, &first, &mut budget, found)?;
    exif::read_ifd(&tiff, &first, &mut budget, found, true);
    let mut pages: u32 = 1;
    let mut seen = vec![tiff.first_ifd];
    let mut next = first.next;
    while next != 0 {
        if seen.contains(&next) {
            found.findings.push(Finding::note(
                Code::Corrupt,
                "the chain of pages comes back to itself and is cut there",
            ));
            break;
        }
        seen.push(next);
        if seen.len() > MAX_PAGES as usize {
            found.findings.push(limits::too_many("pages", MAX_PAGES));
            break;
        }
        let ifd = tiff
            .ifd(next, &mut budget)
            .ok_or("a page's directory is not inside the file")?;
        // Bit 0 marks a reduced copy of another page, bit 2 a mask (TIFF 6.0 section 8).
        if ifd.number(&tiff, NEW_SUBFILE_TYPE).unwrap_or(0) & 0b101 == 0
            && ifd.get(IMAGE_WIDTH).is_some()
        {
            let mut other = Sniffed::of(found.content_type, found.bytes);
            page(&tiff, &ifd, &mut budget, &mut other)?;
            limits::charge(&mut other);
            found.findings.append(&mut other.findings);
            pages += 1;
        }
        next = ifd.next;
    }
    found.frames = Some(pages);
    if pages > 1 {
        found.variant = Some("multi-page".to_owned());
    }
    Ok(())
}

fn page(
    tiff: &Tiff<'_>,
    ifd: &Ifd,
    budget: &mut Budget,
    found: &mut Sniffed,
) -> Result<(), Corrupt> {
    let side = |tag| {
        ifd.number(tiff, tag)
            .and_then(|side| u32::try_from(side).ok())
            .filter(|&side| side > 0)
    };
    found.width_px = Some(side(IMAGE_WIDTH).ok_or("a page has no width")?);
    found.height_px = Some(side(IMAGE_LENGTH).ok_or("a page has no height")?);
    found.bit_depth = ifd
        .number(tiff, BITS_PER_SAMPLE)
        .or(Some(1))
        .and_then(|bits| u8::try_from(bits).ok());
    // TIFF 6.0 section 8 `PhotometricInterpretation`, sections 16 and 21 to 23.
    found.colour = match ifd.number(tiff, PHOTOMETRIC) {
        Some(0 | 1) => Some("gray"),
        Some(2) => Some("rgb"),
        Some(3) => Some("palette"),
        Some(5) => Some("cmyk"),
        Some(6) => Some("ycbcr"),
        Some(8..=10) => Some("lab"),
        _ => None,
    };
    // Section 18: 1 is associated, 2 unassociated alpha.
    found.has_alpha = matches!(ifd.number(tiff, EXTRA_SAMPLES), Some(1 | 2))
        || (found.colour == Some("rgb") && ifd.number(tiff, SAMPLES_PER_PIXEL) == Some(4));
    found.variant = ifd
        .number(tiff, COMPRESSION)
        .and_then(compression)
        .map(str::to_owned);
    if let Some(profile) = ifd.get(ICC_PROFILE).and_then(|entry| tiff.bytes_of(entry)) {
        super::keep_profile(profile.to_vec(), found);
    }
    extents(tiff, ifd, budget, found)
}

/// Strips or tiles have to be inside the file.
fn extents(
    tiff: &Tiff<'_>,
    ifd: &Ifd,
    budget: &mut Budget,
    found: &mut Sniffed,
) -> Result<(), Corrupt> {
    let (offsets, counts) = match (ifd.get(TILE_OFFSETS), ifd.get(STRIP_OFFSETS)) {
        (Some(tiles), _) => (tiles, ifd.get(TILE_BYTE_COUNTS)),
        (None, Some(strips)) => (strips, ifd.get(STRIP_BYTE_COUNTS)),
        // A raw photograph keeps its picture in a directory below.
        (None, None)
            if ifd.get(SUB_IFDS).is_some()
                || found.content_type == Some(ContentType::CameraRaw) =>
        {
            return Ok(());
        }
        (None, None) => return Err("a page has neither strips nor tiles".into()),
    };
    let Some(left) = budget.extents.checked_sub(offsets.count) else {
        found
            .findings
            .push(limits::too_many("strips or tiles", 2_000_000));
        return Ok(());
    };
    budget.extents = left;
    let len = tiff.bytes.len() as u64;
    for index in 0..offsets.count {
        let at = tiff
            .number(offsets, index)
            .ok_or("the list of strips is cut")?;
        let size = match counts {
            Some(counts) => tiff
                .number(counts, index)
                .ok_or("the list of strip lengths is cut")?,
            // Old writers leave the lengths out; one strip then runs to the end.
            None => 0,
        };
        if at > len || size > len - at {
            return Err("a strip or tile ends past the end of the file".into());
        }
    }
    Ok(())
}

const fn compression(method: u64) -> Option<&'static str> {
    match method {
        1 => Some("uncompressed"),
        2 => Some("ccitt-rle"),
        3 => Some("ccitt-g3"),
        4 => Some("ccitt-g4"),
        5 => Some("lzw"),
        6 => Some("old-jpeg"),
        7 => Some("jpeg"),
        8 | 32_946 => Some("deflate"),
        32_773 => Some("packbits"),
        34_925 => Some("lzma"),
        50_000 => Some("zstd"),
        50_001 => Some("webp"),
        _ => None,
    }
}

/// Raw photographs are TIFF files of their makers' own kind.
fn is_camera_raw(tiff: &Tiff<'_>, first: &Ifd, budget: &mut Budget) -> bool {
    let maker = first
        .get(MAKE)
        .and_then(|entry| tiff.bytes_of(entry))
        .unwrap_or_default();
    let is_preview = first.number(tiff, NEW_SUBFILE_TYPE) == Some(1);
    first.get(DNG_VERSION).is_some()
        // Olympus and Panasonic have marks of their own for the header.
        || tiff.mark != 42
        // Canon CR2 states itself behind the header.
        || slice(tiff.bytes, 8, 3) == Some(b"CR\x02")
        // Nikon NEF, Sony ARW, Pentax PEF: a preview first, the picture below.
        || (is_preview && first.get(SUB_IFDS).is_some() && [&b"NIKON"[..], b"SONY", b"PENTAX"].iter().any(|name| maker.starts_with(name)))
        || is_of_a_sensor(tiff, first)
        || below(tiff, first, budget).iter().any(|ifd| is_of_a_sensor(tiff, ifd))
}

/// Whether a directory is of a sensor's data: a colour filter array or linear raw (TIFF/EP, DNG 1.6), or packed in a
/// way that only cameras do (Sony, Samsung, Nikon, Kodak, Pentax).
fn is_of_a_sensor(tiff: &Tiff<'_>, ifd: &Ifd) -> bool {
    matches!(ifd.number(tiff, PHOTOMETRIC), Some(32_803 | 34_892))
        || matches!(
            ifd.number(tiff, COMPRESSION),
            Some(32_767 | 32_769 | 32_770 | 32_772 | 34_713 | 65_000 | 65_535)
        )
}

/// The directories that one points to (TIFF technical note 1), the first few.
fn below(tiff: &Tiff<'_>, ifd: &Ifd, budget: &mut Budget) -> Vec<Ifd> {
    let Some(places) = ifd.get(SUB_IFDS) else {
        return Vec::new();
    };
    (0..8)
        .map_while(|index| tiff.number(places, index))
        .filter_map(|at| tiff.ifd(at, budget))
        .collect()
}

/// The photograph in a raw file: the largest of the pictures that are told of. Many a first directory names no size: its
/// preview is a JPEG, which does that itself.
fn raw_page(
    tiff: &Tiff<'_>,
    first: &Ifd,
    budget: &mut Budget,
    found: &mut Sniffed,
) -> Result<(), Corrupt> {
    let sides = |ifd: &Ifd| {
        let side = |tag| u32::try_from(ifd.number(tiff, tag)?).ok();
        Some((side(IMAGE_WIDTH)?, side(IMAGE_LENGTH)?))
    };
    if first.get(IMAGE_WIDTH).is_some() && tiff.mark != PANASONIC {
        page(tiff, first, budget, found)?;
    }
    let all = below(tiff, first, budget);
    let own = (tiff.mark == PANASONIC).then(|| panasonic_sides(tiff, first));
    let largest = all
        .iter()
        .chain([first])
        .filter_map(sides)
        .chain(own.flatten())
        .max_by_key(|&(width, height)| u64::from(width) * u64::from(height));
    (found.width_px, found.height_px) = largest.unzip();
    Ok(())
}

/// Panasonic RW2: the borders of the picture on the sensor, top, left, bottom, right (its tags 4 to 7).
fn panasonic_sides(tiff: &Tiff<'_>, ifd: &Ifd) -> Option<(u32, u32)> {
    let border = |tag| u32::try_from(ifd.number(tiff, tag)?).ok();
    let width = border(7)?.checked_sub(border(5)?)?;
    let height = border(6)?.checked_sub(border(4)?)?;
    (width > 0 && height > 0).then_some((width, height))
}
