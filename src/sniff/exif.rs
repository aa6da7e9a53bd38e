//! EXIF and XMP: orientation and whether there is a location. A bounded walk; nothing is kept.

use super::bytes::{find, from, slice, u8_at};
use super::tiff::{Budget, Ifd, Tiff};
use crate::code::Code;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Tags of the image directory (EXIF 2.32 4.6.4, 4.6.3).
const ORIENTATION: u16 = 0x0112;
const EXIF_IFD: u16 = 0x8769;
const GPS_IFD: u16 = 0x8825;
const IPTC: u16 = 0x83BB;
const XMP: u16 = 0x02BC;
const PHOTOSHOP: u16 = 0x8649;
/// The one GPS tag that says nothing about a place.
const GPS_VERSION: u16 = 0;

/// Reads a TIFF-structured EXIF block (without its `Exif\0\0`) into the facts.
///
/// `orients` says whether the container leaves the orientation to EXIF: HEIF and AVIF have properties of their own.
pub(super) fn read(block: &[u8], found: &mut Sniffed, orients: bool) {
    let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    found.has_metadata = true;
    let Some(tiff) = Tiff::open(block) else {
        let note = Finding::note(
            Code::Corrupt,
            "the EXIF block is not readable and says nothing",
        );
        if !found.findings.contains(&note) {
            found.findings.push(note);
        }
        return;
    };
    let mut budget = Budget::exif();
    if let Some(ifd) = tiff.ifd(tiff.first_ifd, &mut budget) {
        read_ifd(&tiff, &ifd, &mut budget, found, orients);
    }
}

/// The same facts from a directory that is already open.
pub(super) fn read_ifd(
    tiff: &Tiff<'_>,
    ifd: &Ifd,
    budget: &mut Budget,
    found: &mut Sniffed,
    orients: bool,
) {
    if orients && let Some(value) = ifd.number(tiff, ORIENTATION) {
        set_orientation(value, found);
    }
    if ifd.get(IPTC).is_some() || ifd.get(EXIF_IFD).is_some() {
        found.has_metadata = true;
    }
    if let Some(packet) = ifd.get(XMP).and_then(|entry| tiff.bytes_of(entry)) {
        read_xmp(packet, found);
    }
    let block = |tag| ifd.get(tag).and_then(|entry| tiff.bytes_of(entry));
    if let Some(iptc) = block(IPTC) {
        read_iptc(iptc, found);
    }
    if let Some(resources) = block(PHOTOSHOP) {
        read_photoshop(resources, found);
    }
    if let Some(gps) = ifd.number(tiff, GPS_IFD) {
        found.has_metadata = true;
        found.has_location |= says_a_place(tiff, gps, budget);
    }
}

/// The same where the first directory itself is that of the place.
pub(super) fn read_places(block: &[u8], found: &mut Sniffed) {
    if let Some(tiff) = Tiff::open(block) {
        found.has_location |= says_a_place(&tiff, tiff.first_ifd, &mut Budget::exif());
    }
}

fn says_a_place(tiff: &Tiff<'_>, gps: u64, budget: &mut Budget) -> bool {
    let tags = tiff.ifd(gps, budget);
    // A directory that cannot be read to its end may still be read by others: better one warning too many.
    let says_something =
        tags.is_none_or(|ifd| ifd.entries.iter().any(|entry| entry.tag != GPS_VERSION));
    says_something && usize::try_from(gps).is_ok_and(|at| at < tiff.bytes.len())
}

/// Takes an orientation of 1 to 8; anything else counts as 1, and is named.
fn set_orientation(value: u64, found: &mut Sniffed) {
    match u8::try_from(value) {
        Ok(value @ 1..=8) => {
            // Two EXIF blocks: the first one counts.
            if found.orientation == 1 {
                found.orientation = value;
            }
        }
        _ => found.findings.push(
            Finding::note(
                Code::OrientationApplied,
                format!("orientation {value} means nothing and counts as 1"),
            )
            .observed("orientation", value),
        ),
    }
}

/// Reads an XMP packet for places.
pub(super) fn read_xmp(packet: &[u8], found: &mut Sniffed) {
    const PLACES: [&[u8]; 9] = [
        b"GPSLatitude",
        b"GPSLongitude",
        // In any namespace: the time and the map of a place, and what drones write.
        b":GPS",
        b":Gps",
        b":shotLocation",
        b"LocationCreated",
        b"LocationShown",
        b"Iptc4xmpCore:Location",
        b"photoshop:City",
    ];
    found.has_metadata = true;
    found.has_location |= PLACES.iter().any(|place| find(packet, place).is_some());
}

/// Reads IPTC-IIM datasets (IIM 4.2 chapter 3) for a city or a sublocation, inside Photoshop image resources.
pub(super) fn read_photoshop(resources: &[u8], found: &mut Sniffed) {
    found.has_metadata = true;
    let mut at = 0;
    // `8BIM`, id, Pascal name padded to even, length, data padded to even.
    for _ in 0..1_000 {
        if slice(resources, at, 4) != Some(b"8BIM") {
            return;
        }
        let id = super::bytes::be16(resources, at + 4);
        let name = usize::from(u8_at(resources, at + 6).unwrap_or(0)) + 1;
        let at_len = at + 6 + name + name % 2;
        let Some(len) =
            super::bytes::be32(resources, at_len).and_then(|len| usize::try_from(len).ok())
        else {
            return;
        };
        if id == Some(0x0404)
            && let Some(iptc) = slice(resources, at_len + 4, len)
        {
            read_iptc(iptc, found);
        }
        let Some(next) = (at_len + 4)
            .checked_add(len)
            .and_then(|end| end.checked_add(len % 2))
        else {
            return;
        };
        at = next;
    }
}

/// The same datasets, in Photoshop's resources or by themselves.
pub(super) fn read_iptc(iptc: &[u8], found: &mut Sniffed) {
    found.has_metadata = true;
    if iptc.starts_with(b"8BIM") {
        return read_photoshop(iptc, found);
    }
    let mut at = 0;
    for _ in 0..1_000 {
        if u8_at(iptc, at) != Some(0x1C) {
            return;
        }
        let (Some(record), Some(dataset), Some(len)) = (
            u8_at(iptc, at + 1),
            u8_at(iptc, at + 2),
            super::bytes::be16(iptc, at + 3),
        ) else {
            return;
        };
        // IIM 2:90 city, 2:92 sublocation.
        if record == 2 && matches!(dataset, 90 | 92) && len > 0 && !from(iptc, at + 5).is_empty() {
            found.has_location = true;
        }
        at += 5 + usize::from(len & 0x7FFF);
    }
}
