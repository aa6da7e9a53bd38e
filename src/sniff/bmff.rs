//! ISO base media (ISO/IEC 14496-12): boxes, brands, and which of the family's types a file is.

use super::bytes::{array, be32, be64, find, fourcc, from, slice, u8_at};
use super::{Corrupt, heif, limits, movie};
use crate::code::Code;
use crate::content_type::ContentType;
use crate::report::Finding;
use crate::sniff::{Sniffed, TrackKind};

/// Boxes of one list; a movie of an hour in fragments of two seconds has 3,600.
const MAX_BOXES: u32 = 20_000;

/// One box: its name and what is in it.
pub(super) struct Item<'a> {
    pub(super) name: [u8; 4],
    pub(super) body: &'a [u8],
    /// Whether the box ends past its parent.
    is_cut: bool,
}

/// The boxes in a body, one after the other (4.2).
pub(super) struct Boxes<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u32,
}

impl<'a> Boxes<'a> {
    pub(super) const fn of(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            left: MAX_BOXES,
        }
    }

    /// The first box of this name.
    pub(super) fn first(bytes: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
        Self::of(bytes)
            .find(|item| &item.name == name)
            .map(|item| item.body)
    }

    /// Follows a path of names, the first of each.
    pub(super) fn path(bytes: &'a [u8], names: &[&[u8; 4]]) -> Option<&'a [u8]> {
        names
            .iter()
            .try_fold(bytes, |body, name| Self::first(body, name))
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        self.left = self.left.checked_sub(1)?;
        let size = be32(self.bytes, self.at)?;
        let name = array(self.bytes, self.at + 4)?;
        let (header, size) = match size {
            0 => (8, self.bytes.len() - self.at),
            1 => (
                16,
                usize::try_from(be64(self.bytes, self.at + 8)?).unwrap_or(usize::MAX),
            ),
            size => (8, usize::try_from(size).ok()?),
        };
        if size < header {
            return None;
        }
        let end = self.at.saturating_add(size);
        let is_cut = end > self.bytes.len();
        let body = self
            .bytes
            .get(self.at + header..end.min(self.bytes.len()))?;
        self.at = end;
        Some(Item { name, body, is_cut })
    }
}

/// Whether a file starts with a box that only this family has. `QuickTime` files may lack `ftyp`.
pub(super) fn is_bmff(bytes: &[u8]) -> bool {
    match slice(bytes, 4, 4) {
        Some(b"ftyp" | b"styp") => be32(bytes, 0).is_some_and(|size| size >= 8 || size <= 1),
        Some(b"moov" | b"mdat" | b"wide" | b"skip" | b"free" | b"pnot") => {
            // Four letters at offset 4 happen; a second box of this family behind them does not.
            let mut boxes = Boxes::of(bytes);
            let known = |item: &Item<'_>| {
                matches!(
                    &item.name,
                    b"moov" | b"mdat" | b"wide" | b"skip" | b"free" | b"pnot" | b"PICT" | b"udta"
                )
            };
            boxes
                .next()
                .is_some_and(|item| known(&item) && (item.is_cut || item.name == *b"moov"))
                || boxes.next().is_some_and(|item| known(&item))
        }
        _ => false,
    }
}

/// Brands of a file, the major one first.
struct Brands(Vec<[u8; 4]>);

impl Brands {
    fn read(bytes: &[u8]) -> Self {
        let body = Boxes::of(bytes)
            .take(2)
            .find(|item| matches!(&item.name, b"ftyp" | b"styp"))
            .map_or(&[][..], |item| item.body);
        let compatible = from(body, 8)
            .chunks_exact(4)
            .take(64)
            .filter_map(|brand| brand.try_into().ok());
        Self(array(body, 0).into_iter().chain(compatible).collect())
    }

    fn major(&self) -> Option<&[u8; 4]> {
        self.0.first()
    }

    fn has(&self, names: &[&[u8; 4]]) -> bool {
        self.0.iter().any(|brand| names.contains(&brand))
    }
}

/// Proves a file of the family: brands and tracks together decide its type.
pub(super) fn probe(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let brands = Brands::read(bytes);
    found.variant = brands.major().map(|brand| fourcc(*brand));
    found.content_type = Some(by_brand(&brands));
    let mut has_movie = false;
    let mut meta = None;
    let mut is_cut = false;
    let mut has_data = false;
    let mut boxes = Boxes::of(bytes);
    for item in boxes.by_ref() {
        is_cut |= item.is_cut;
        match &item.name {
            b"moov" => {
                if item.is_cut {
                    return Err("it is cut inside its index (moov)".into());
                }
                has_movie = true;
                movie::read(item.body, bytes.len() as u64, found)?;
                if found.content_type == Some(ContentType::CameraRaw) {
                    canon(item.body, found);
                }
            }
            b"meta" => meta = meta.or(Some(item.body)),
            b"mdat" => has_data |= !item.body.is_empty(),
            b"moof" => has_data = true,
            b"uuid" => uuid(item.body, found),
            // Players pass over these, which makes them a place to hide.
            b"free" | b"skip" | b"wide" => super::trailing::hidden(item.body, found),
            _ => {}
        }
    }
    if boxes.left == 0 {
        found.findings.push(limits::too_many("boxes", MAX_BOXES));
        return Ok(());
    }
    let rest = bytes.len().saturating_sub(boxes.at);
    if has_movie {
        movie::read_fragments(bytes, found);
        found.content_type = Some(by_tracks(&brands, found));
    }
    if found.content_type == Some(ContentType::CameraRaw) {
        // Its tracks are the JPEG, the sensor's data and times.
        found.tracks.clear();
        found.duration_ms = None;
        return Ok(());
    }
    let is_picture = matches!(
        found.content_type,
        Some(ContentType::Heic | ContentType::Heif | ContentType::Avif)
    );
    if is_picture {
        match meta {
            Some(meta) => heif::read(bytes, meta, found)?,
            None if has_movie => heif::sequence_sides(found)?,
            None => return Err("it has no picture (meta)".into()),
        }
        if has_movie && let Some(frames) = movie::samples(bytes) {
            found.frames = Some(frames.max(1));
        }
        found.tracks.clear();
    } else if !has_movie {
        return Err(if is_cut {
            "it is cut before its index (moov)"
        } else {
            "it has no index (moov)"
        }
        .into());
    } else if found.tracks.is_empty() {
        return Err("it has no track".into());
    } else if !has_data {
        return Err("it has no media data".into());
    }
    if is_cut {
        return Err("it is shorter than its boxes say".into());
    }
    if rest > 0 {
        super::trailing::note(from(bytes, boxes.at), "data", found);
    }
    Ok(())
}

/// C2PA 2.1 A.3.3 and the XMP specification part 3 1.2.6.
fn uuid(body: &[u8], found: &mut Sniffed) {
    const C2PA: [u8; 16] = [
        0xD8, 0xFE, 0xC3, 0xD6, 0x1B, 0x0E, 0x48, 0x3C, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7E, 0xC4,
        0x81,
    ];
    const XMP: [u8; 16] = [
        0xBE, 0x7A, 0xCF, 0xCB, 0x97, 0xA9, 0x42, 0xE8, 0x9C, 0x71, 0x99, 0x94, 0x91, 0xE3, 0xAF,
        0xAC,
    ];
    match array(body, 0) {
        Some(C2PA) => {
            found.has_content_credentials |=
                find(super::bytes::head(body, 64), b"manifest").is_some() || body.len() > 16;
        }
        Some(XMP) => super::exif::read_xmp(from(body, 16), found),
        _ => {}
    }
}

/// Canon CR3: the directories of EXIF in boxes of their own, `CMT1` of the picture and `CMT4` of its place.
fn canon(moov: &[u8], found: &mut Sniffed) {
    const CANON: [u8; 16] = [
        0x85, 0xC0, 0xB6, 0x87, 0x82, 0x0F, 0x11, 0xE0, 0x81, 0x11, 0xF4, 0xCE, 0x46, 0x2B, 0x6A,
        0x48,
    ];
    let own = Boxes::of(moov)
        .find(|item| &item.name == b"uuid" && item.body.starts_with(&CANON))
        .map_or(&[][..], |item| from(item.body, CANON.len()));
    for item in Boxes::of(own) {
        match &item.name {
            b"CMT1" => super::exif::read(item.body, found, true),
            b"CMT4" => super::exif::read_places(item.body, found),
            _ => {}
        }
    }
}

/// The type that the brands alone promise. The registered brands are listed at mp4ra.org.
fn by_brand(brands: &Brands) -> ContentType {
    let Some(major) = brands.major() else {
        return ContentType::QuickTime;
    };
    match major {
        b"avif" | b"avis" => ContentType::Avif,
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => {
            ContentType::Heic
        }
        b"mif1" | b"msf1" | b"mif2" | b"1pic" | b"miaf" => {
            if brands.has(&[b"avif", b"avis"]) {
                ContentType::Avif
            } else if brands.has(&[b"heic", b"heix", b"hevc", b"hevx"]) {
                ContentType::Heic
            } else {
                ContentType::Heif
            }
        }
        b"jpeg" | b"jpgs" | b"avci" | b"avcs" | b"vvic" | b"vvis" | b"j2ki" | b"j2is" => {
            ContentType::Heif
        }
        b"crx " => ContentType::CameraRaw,
        b"qt  " => ContentType::QuickTime,
        b"M4A " | b"M4B " | b"M4P " | b"F4A " | b"F4B " => ContentType::Mp4Audio,
        [b'3', b'g', b'2', _] => ContentType::ThreeG2,
        [b'3', b'g', _, _] => ContentType::ThreeGp,
        _ if brands.has(&[b"avif", b"avis"]) => ContentType::Avif,
        _ if brands.has(&[b"heic", b"heix"]) => ContentType::Heic,
        _ => ContentType::Mp4,
    }
}

/// The type once the tracks are known: sound alone is an audio type, and a still-picture brand on a film is not one.
fn by_tracks(brands: &Brands, found: &mut Sniffed) -> ContentType {
    let promised = by_brand(brands);
    let has = |kind| found.tracks.iter().any(|track| track.kind == kind);
    // A picture track of an audiobook holds its chapters' covers.
    let has_video = found.tracks.iter().any(|track| {
        track.kind == TrackKind::Video
            && !(promised == ContentType::Mp4Audio
                && matches!(track.codec.as_str(), "jpeg" | "png" | "mjpa" | "mjpb"))
    });
    match promised {
        ContentType::Mp4 | ContentType::Mp4Audio => {
            if has_video {
                if promised == ContentType::Mp4Audio {
                    found.findings.push(Finding::note(
                        Code::CodecNotAccepted,
                        "its brand says sound alone, its tracks say video: the tracks decide",
                    ));
                }
                ContentType::Mp4
            } else if has(TrackKind::Audio) {
                ContentType::Mp4Audio
            } else {
                promised
            }
        }
        ContentType::ThreeGp if !has_video && has(TrackKind::Audio) => ContentType::ThreeGpAudio,
        ContentType::ThreeG2 if !has_video && has(TrackKind::Audio) => ContentType::ThreeG2Audio,
        other => other,
    }
}

/// The version byte of a full box (4.2).
pub(super) fn version(body: &[u8]) -> Option<u8> {
    u8_at(body, 0)
}
