//! HEIF (ISO/IEC 23008-12): the items of a `meta` box and the properties of the primary one.

use super::bmff::{Boxes, version};
use super::bytes::{array, be16, be32, be64, find, from, slice, u8_at};
use super::{Corrupt, exif, limits};
use crate::content_type::ContentType;
use crate::sniff::Sniffed;

/// Items of one file. A 48 MP photograph in tiles of 512 px has about 190.
const MAX_ITEMS: u32 = 2_000;

struct Item {
    id: u32,
    kind: [u8; 4],
    is_xmp: bool,
}

/// Proves a picture: a primary item with sides, whose data is inside the file.
pub(super) fn read(bytes: &[u8], meta: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    // `meta` is a full box (14496-12 8.11.1).
    let meta = from(meta, 4);
    if Boxes::first(meta, b"hdlr").and_then(|hdlr| array(hdlr, 8)) != Some(*b"pict") {
        return Err("its items are not pictures".into());
    }
    let primary = Boxes::first(meta, b"pitm")
        .and_then(|pitm| {
            if version(pitm)? == 0 {
                be16(pitm, 4).map(u32::from)
            } else {
                be32(pitm, 4)
            }
        })
        .ok_or("it has no primary picture (pitm)")?;
    let Some(items) = items(meta)? else {
        found.findings.push(limits::too_many("items", MAX_ITEMS));
        return Ok(());
    };
    let kind = items
        .iter()
        .find(|item| item.id == primary)
        .map(|item| item.kind)
        .ok_or("its primary picture is not listed (iinf)")?;
    properties(meta, primary, found).ok_or("its primary picture has no properties (iprp)")?;
    if found.width_px.is_none() {
        return Err("its primary picture has no sides (ispe)".into());
    }
    found.frames = Some(1);
    // `mif1` names no codec: the coding of the primary picture, or of a grid's tiles, does.
    if found.content_type == Some(ContentType::Heif) {
        let coded = |wanted: &[u8; 4]| {
            kind == *wanted
                || (matches!(&kind, b"grid" | b"iovl" | b"iden")
                    && items.iter().any(|item| item.kind == *wanted))
        };
        if coded(b"av01") {
            found.content_type = Some(ContentType::Avif);
        } else if coded(b"hvc1") {
            found.content_type = Some(ContentType::Heic);
        }
    }
    let locations = locations(meta).ok_or("the places of its items are unreadable (iloc)")?;
    for location in &locations {
        if location.is_in_file
            && location
                .extents
                .iter()
                .any(|&(at, len)| at.saturating_add(len) > bytes.len() as u64)
        {
            return Err("an item ends past the end of the file".into());
        }
    }
    if !locations
        .iter()
        .any(|location| location.id == primary && !location.extents.is_empty())
    {
        return Err("its primary picture has no data (iloc)".into());
    }
    for item in items
        .iter()
        .filter(|item| &item.kind == b"Exif" || item.is_xmp)
    {
        let data = locations
            .iter()
            .find(|location| location.id == item.id)
            .filter(|location| location.is_in_file)
            .and_then(|location| location.extents.first())
            .and_then(|&(at, len)| {
                slice(bytes, usize::try_from(at).ok()?, usize::try_from(len).ok()?)
            });
        match data {
            Some(data) if item.is_xmp => exif::read_xmp(data, found),
            // A four-byte offset to the TIFF header comes first (23008-12 A.2.1); turning is told by properties alone.
            Some(data) => {
                let skip = be32(data, 0)
                    .and_then(|skip| usize::try_from(skip).ok())
                    .unwrap_or(0);
                exif::read(from(data, skip.saturating_add(4)), found, false);
            }
            None => found.has_metadata = true,
        }
    }
    found.has_content_credentials |=
        Boxes::of(meta).any(|item| &item.name == b"uuid" && find(item.body, b"c2pa").is_some());
    Ok(())
}

/// Sides of a sequence without items.
pub(super) fn sequence_sides(found: &Sniffed) -> Result<(), Corrupt> {
    if found.width_px.is_none() {
        return Err("its picture track has no sides".into());
    }
    Ok(())
}

/// `iinf` (14496-12 8.11.6); `None` where there are too many.
fn items(meta: &[u8]) -> Result<Option<Vec<Item>>, Corrupt> {
    let iinf = Boxes::first(meta, b"iinf").ok_or("it has no list of items (iinf)")?;
    let (count, start) = if version(iinf) == Some(0) {
        (be16(iinf, 4).map(u32::from), 6)
    } else {
        (be32(iinf, 4), 8)
    };
    if count.ok_or("the list of items is cut (iinf)")? > MAX_ITEMS {
        return Ok(None);
    }
    let mut items = Vec::new();
    for infe in Boxes::of(from(iinf, start))
        .filter(|item| &item.name == b"infe")
        .take(MAX_ITEMS as usize)
    {
        let body = infe.body;
        let (id, at) = match version(body) {
            Some(2) => (be16(body, 4).map(u32::from), 8),
            Some(3) => (be32(body, 4), 10),
            _ => continue,
        };
        if let (Some(id), Some(kind)) = (id, array(body, at)) {
            let is_xmp =
                &kind == b"mime" && find(from(body, at + 4), b"application/rdf+xml").is_some();
            items.push(Item { id, kind, is_xmp });
        }
    }
    Ok(Some(items))
}

/// The properties of the primary item: `ipma` points into `ipco` (23008-12 9.3).
fn properties(meta: &[u8], primary: u32, found: &mut Sniffed) -> Option<()> {
    let iprp = Boxes::first(meta, b"iprp")?;
    let all: Vec<_> = Boxes::of(Boxes::first(iprp, b"ipco")?)
        .take(10_000)
        .collect();
    let (mut turns, mut mirror) = (0_u8, None);
    for index in associations(iprp, primary)? {
        let Some(property) = index.checked_sub(1).and_then(|index| all.get(index)) else {
            continue;
        };
        let body = property.body;
        match &property.name {
            b"ispe" => {
                found.width_px = be32(body, 4).filter(|&side| side > 0);
                found.height_px = be32(body, 8).filter(|&side| side > 0);
            }
            b"pixi" => found.bit_depth = u8_at(body, 5),
            // A turn behind a mirror is the opposite turn before it.
            b"irot" if mirror.is_some() => turns = (4 - (u8_at(body, 0)? & 3)) % 4,
            b"irot" => turns = u8_at(body, 0)? & 3,
            b"imir" => mirror = Some(u8_at(body, 0)? & 1),
            b"colr" if matches!(body.get(..4), Some(b"prof" | b"rICC")) => {
                let profile = from(body, 4);
                if profile.len() > limits::MAX_ICC_BYTES {
                    super::drop_profile(profile.len(), found);
                } else {
                    super::keep_profile(profile.to_vec(), found);
                }
            }
            _ => {}
        }
    }
    found.orientation = orientation(turns, mirror);
    // An auxiliary picture of alpha belongs to some item of the file.
    found.has_alpha = all.iter().any(|property| {
        &property.name == b"auxC"
            && (find(property.body, b"auxid:1").is_some()
                || find(property.body, b"auxiliary:alpha").is_some())
    });
    Some(())
}

/// Numbers of the properties of one item (23008-12 9.3.2 `ipma`).
fn associations(iprp: &[u8], wanted: u32) -> Option<Vec<usize>> {
    let mut left = 100_000_u32;
    for ipma in Boxes::of(iprp)
        .filter(|item| &item.name == b"ipma")
        .take(16)
    {
        let body = ipma.body;
        let wide_id = version(body)? >= 1;
        let wide_index = u8_at(body, 3)? & 1 == 1;
        let count = be32(body, 4)?;
        let mut at = 8;
        for _ in 0..count {
            left = left.checked_sub(1)?;
            let id = if wide_id {
                be32(body, at)?
            } else {
                be16(body, at)?.into()
            };
            at += if wide_id { 4 } else { 2 };
            let count = u8_at(body, at)?;
            at += 1;
            let mut indices = Vec::new();
            for _ in 0..count {
                // The top bit says whether a reader must know the property.
                indices.push(if wide_index {
                    usize::from(be16(body, at)? & 0x7FFF)
                } else {
                    usize::from(u8_at(body, at)? & 0x7F)
                });
                at += if wide_index { 2 } else { 1 };
            }
            if id == wanted {
                return Some(indices);
            }
        }
    }
    None
}

/// Turns counter-clockwise, then a mirror (23008-12:2022 6.5.10, 6.5.12: 0 exchanges top and bottom, 1 left and right),
/// as the EXIF orientation of the same look.
const fn orientation(turns: u8, mirror: Option<u8>) -> u8 {
    match (turns, mirror) {
        (0, None) => 1,
        (1, None) => 8,
        (2, None) => 3,
        (_, None) => 6,
        (0, Some(0)) | (2, Some(1..)) => 4,
        (0, Some(_)) | (2, Some(0)) => 2,
        (1, Some(0)) | (3.., Some(1..)) => 5,
        (_, Some(_)) => 7,
    }
}

struct Location {
    id: u32,
    /// Construction method 0: offsets count from the start of the file.
    is_in_file: bool,
    extents: Vec<(u64, u64)>,
}

/// `iloc` (14496-12 8.11.3).
fn locations(meta: &[u8]) -> Option<Vec<Location>> {
    let body = Boxes::first(meta, b"iloc")?;
    let version = version(body)?;
    let sizes = be16(body, 4)?;
    let width = |shift: u32| usize::from(sizes >> shift & 15);
    let (offset_width, length_width, base_width) = (width(12), width(8), width(4));
    let index_width = if version >= 1 { width(0) } else { 0 };
    let number = |at: usize, width: usize| match width {
        0 => Some(0),
        4 => be32(body, at).map(u64::from),
        8 => be64(body, at),
        _ => None,
    };
    let (count, mut at) = if version < 2 {
        (be16(body, 6)?.into(), 8)
    } else {
        (be32(body, 6)?, 10)
    };
    if count > MAX_ITEMS {
        return None;
    }
    let mut locations = Vec::new();
    let mut left = 100_000_u32;
    for _ in 0..count {
        let id = if version < 2 {
            be16(body, at)?.into()
        } else {
            be32(body, at)?
        };
        at += if version < 2 { 2 } else { 4 };
        let mut is_in_file = true;
        if version >= 1 {
            is_in_file = be16(body, at)? & 15 == 0;
            at += 2;
        }
        // A data reference other than 0 is another file.
        is_in_file &= be16(body, at)? == 0;
        let base = number(at + 2, base_width)?;
        at += 2 + base_width;
        let extent_count = be16(body, at)?;
        at += 2;
        let mut extents = Vec::new();
        for _ in 0..extent_count {
            left = left.checked_sub(1)?;
            at += index_width;
            let offset = base.checked_add(number(at, offset_width)?)?;
            let len = number(at + offset_width, length_width)?;
            at += offset_width + length_width;
            extents.push((offset, len));
        }
        locations.push(Location {
            id,
            is_in_file,
            extents,
        });
    }
    Some(locations)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Corners of a picture in reading order.
    type Corners = [char; 4];

    fn turned_left([a, b, c, d]: Corners) -> Corners {
        [b, d, a, c]
    }

    fn left_to_right([a, b, c, d]: Corners) -> Corners {
        [b, a, d, c]
    }

    fn upside_down([a, b, c, d]: Corners) -> Corners {
        [c, d, a, b]
    }

    /// How a picture with this orientation is shown (EXIF 2.32 4.6.4 A, from the sides of row 0 and column 0).
    fn shown(orientation: u8) -> Corners {
        match orientation {
            1 => ['a', 'b', 'c', 'd'],
            2 => ['b', 'a', 'd', 'c'],
            3 => ['d', 'c', 'b', 'a'],
            4 => ['c', 'd', 'a', 'b'],
            5 => ['a', 'c', 'b', 'd'],
            6 => ['c', 'a', 'd', 'b'],
            7 => ['d', 'b', 'c', 'a'],
            _ => ['b', 'd', 'a', 'c'],
        }
    }

    #[test]
    fn turns_and_mirrors_look_like_their_orientation() {
        for turns in 0..4 {
            for mirror in [None, Some(0), Some(1)] {
                let mut corners = ['a', 'b', 'c', 'd'];
                for _ in 0..turns {
                    corners = turned_left(corners);
                }
                corners = match mirror {
                    Some(0) => upside_down(corners),
                    Some(_) => left_to_right(corners),
                    None => corners,
                };
                assert_eq!(
                    shown(orientation(turns, mirror)),
                    corners,
                    "{turns} {mirror:?}"
                );
            }
        }
    }
}
