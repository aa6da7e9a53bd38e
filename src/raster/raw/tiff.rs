//! Previews in files of TIFF's structure: DNG, CR2, NEF, ARW, PEF, SRW; ORF and RW2, whose makers changed its mark.

/// Directories and their entries that are read.
const MAX_DIRECTORIES: usize = 64;
const MAX_ENTRIES: u16 = 1_000;

/// Tags (TIFF 6.0 section 8, technical note 2; DNG 1.6; EXIF 2.32 4.6.3).
const COMPRESSION: u16 = 259;
const STRIP_OFFSETS: u16 = 273;
const STRIP_BYTE_COUNTS: u16 = 279;
const SUB_IFDS: u16 = 330;
const JPEG_OFFSET: u16 = 513;
const JPEG_LENGTH: u16 = 514;
const EXIF_IFD: u16 = 34_665;
const MAKER_NOTE: u16 = 37_500;
/// Panasonic, in files that start with `IIU`: the camera's whole JPEG.
const PANASONIC_JPEG: u16 = 0x002E;
/// Olympus, in the maker note: a directory of settings, and in that the place of the preview.
const OLYMPUS_SETTINGS: u16 = 0x2020;
const OLYMPUS_PREVIEW_OFFSET: u16 = 0x0101;
const OLYMPUS_PREVIEW_LENGTH: u16 = 0x0102;

/// A structure of directories in `bytes`. Every read is bounded, every directory read once.
#[derive(Clone, Copy)]
struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

/// Offsets and lengths of what may be a JPEG.
pub(super) fn pictures(bytes: &[u8]) -> Vec<(usize, usize)> {
    let tiff = Tiff {
        bytes,
        big_endian: bytes.starts_with(b"MM"),
    };
    let is_panasonic = bytes.starts_with(b"IIU\0");
    let mut found = Vec::new();
    let mut seen = Vec::new();
    let mut waiting = Vec::from_iter(tiff.u32(4));
    while let Some(at) = waiting.pop() {
        if at == 0 || seen.contains(&at) || seen.len() >= MAX_DIRECTORIES {
            continue;
        }
        seen.push(at);
        let Some(directory) = tiff.directory(at) else {
            continue;
        };
        found.extend(directory.pair(JPEG_OFFSET, JPEG_LENGTH));
        let strips = directory
            .entry(STRIP_OFFSETS)
            .and_then(|at| tiff.u32(at + 4));
        if matches!(directory.value(COMPRESSION), Some(6 | 7)) && strips == Some(1) {
            found.extend(directory.pair(STRIP_OFFSETS, STRIP_BYTE_COUNTS));
        }
        if is_panasonic {
            found.extend(directory.blob(PANASONIC_JPEG));
        }
        if let Some((at, len)) = directory.blob(MAKER_NOTE) {
            found.extend(olympus(tiff, at, len));
        }
        if let Some(entry) = directory.entry(SUB_IFDS) {
            waiting.extend((0..8).map_while(|index| tiff.value(entry, index)));
        }
        waiting.extend(directory.value(EXIF_IFD));
        waiting.extend(tiff.u32(directory.at + 2 + usize::from(directory.count) * 12));
    }
    found
}

/// The preview that a maker note of Olympus or OM System names.
///
/// Places in it count from its start, in the order of bytes that it states; in the oldest from the file's start.
fn olympus(file: Tiff<'_>, at: usize, len: usize) -> Option<(usize, usize)> {
    let note = file.bytes.get(at..at.checked_add(len)?)?;
    let (order_at, first) = if note.starts_with(b"OLYMPUS\0") {
        (8, 12)
    } else if note.starts_with(b"OM SYSTEM\0\0\0") {
        (12, 16)
    } else if note.starts_with(b"OLYMP\0") {
        let first = file.directory(at + 8)?;
        return preview(file, first).filter(|&(at, _)| at < file.bytes.len());
    } else {
        return None;
    };
    let within = Tiff {
        bytes: &file.bytes[at..],
        big_endian: note.get(order_at..order_at + 2)? == b"MM",
    };
    let (start, len) = preview(within, within.directory(first)?)?;
    Some((at.checked_add(start)?, len))
}

fn preview(tiff: Tiff<'_>, first: Directory<'_>) -> Option<(usize, usize)> {
    let settings = first.entry(OLYMPUS_SETTINGS)?;
    // A pointer, or the directory itself as a run of bytes.
    let at = tiff.value(settings, 0).or_else(|| tiff.u32(settings + 8))?;
    tiff.directory(at)?
        .pair(OLYMPUS_PREVIEW_OFFSET, OLYMPUS_PREVIEW_LENGTH)
}

/// One directory of entries of twelve bytes.
#[derive(Clone, Copy)]
struct Directory<'a> {
    tiff: Tiff<'a>,
    at: usize,
    count: u16,
}

impl Directory<'_> {
    fn entry(&self, tag: u16) -> Option<usize> {
        (0..usize::from(self.count))
            .map(|index| self.at + 2 + index * 12)
            .find(|&entry| self.tiff.u16(entry) == Some(tag))
    }

    fn value(&self, tag: u16) -> Option<usize> {
        self.tiff.value(self.entry(tag)?, 0)
    }

    /// Two numbers of which the first is a place and the second a length.
    fn pair(&self, place: u16, length: u16) -> Option<(usize, usize)> {
        Some((self.value(place)?, self.value(length)?))
    }

    /// Place and length of an entry of bytes (UNDEFINED).
    fn blob(&self, tag: u16) -> Option<(usize, usize)> {
        let entry = self.entry(tag)?;
        let is_bytes = self.tiff.u16(entry + 2)? == 7;
        let len = self.tiff.u32(entry + 4)?;
        (is_bytes && len > 4).then_some((self.tiff.u32(entry + 8)?, len))
    }
}

impl<'a> Tiff<'a> {
    fn directory(self, at: usize) -> Option<Directory<'a>> {
        let count = self.u16(at).filter(|&count| count <= MAX_ENTRIES)?;
        Some(Directory {
            tiff: self,
            at,
            count,
        })
    }

    /// The `index`th number of an entry of SHORT, LONG or IFD.
    fn value(self, entry: usize, index: usize) -> Option<usize> {
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

    fn u16(self, at: usize) -> Option<u16> {
        let two = *self.bytes.get(at..)?.first_chunk::<2>()?;
        Some(if self.big_endian {
            u16::from_be_bytes(two)
        } else {
            u16::from_le_bytes(two)
        })
    }

    fn u32(self, at: usize) -> Option<usize> {
        let four = *self.bytes.get(at..)?.first_chunk::<4>()?;
        usize::try_from(if self.big_endian {
            u32::from_be_bytes(four)
        } else {
            u32::from_le_bytes(four)
        })
        .ok()
    }
}
