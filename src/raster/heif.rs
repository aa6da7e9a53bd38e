//! HEIF (ISO/IEC 23008-12): the primary item, its tiles, its alpha → pixels in sRGB, not yet turned.
//!
//! Sniffing has walked the boxes before: counts are bounded, extents lie inside the file.

use heifer_isobmff::boxes::{ColorInfo, Property};
use heifer_isobmff::{BoxIter, HeifFile};
use rayon::prelude::*;

#[cfg(feature = "avif")]
use super::av1;
use super::colour::narrow;
#[cfg(feature = "heic")]
use super::hevc;
use super::rows::RowsToSrgb;
use super::yuv::{Coding, Planes, Rows};
use super::{Layout, Limits, Raster};
use crate::code::Code;
use crate::report::Finding;

/// Derived pictures of derived pictures.
const MAX_DEPTH: u32 = 3;

/// Tiles of one picture: a 100 MP photograph in tiles of 512 px has about 400.
const MAX_TILES: usize = 2_000;

/// Pixels that any file may ask to decode.
const FREE_PIXELS: u64 = 13_000_000;

/// Pixels a byte that a larger picture may ask for. Estimated: photographs need fewer than 60, a clear sky at low
/// quality some 200.
const PIXELS_A_BYTE: u64 = 250;

/// Multiple that coded pictures are padded to: one coding tree block (H.265 7.4.3.2.1: at most 64).
const PADDING: u64 = 64;

/// Decodes the primary picture: cropped by its clean aperture, in sRGB, with its alpha; turning is left to the caller.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<(Raster, Vec<Finding>), Finding> {
    let file = HeifFile::parse(bytes).map_err(|fault| match fault {
        heifer_isobmff::Error::MissingBox(name) if name.0 == *b"meta" || name.0 == *b"pitm" => {
            unsupported("it holds a sequence and no still picture")
        }
        fault => corrupt(fault),
    })?;
    let (id, crop) = primary(&file)?;
    let heif = Heif {
        file: &file,
        bytes,
        max_pixels: budget(bytes.len(), limits),
    };
    let mut findings = heif.left_out(id);
    let stored = heif.size(id)?;
    let frame = heif.frame(id)?;
    let colours = Colours {
        to_srgb: heif.conversion(frame.first)?,
    };
    let mut pixels = heif.assemble(&frame, 3, &|planes, width, out| {
        colours.paint(planes, width, out)
    })?;
    if colours.to_srgb.is_some() {
        findings.push(Finding::note(
            Code::ColourConverted,
            "colours were converted from the picture's own to sRGB",
        ));
    }
    let mut layout = Layout::Rgb;
    if let Some(alpha) = heif.alpha_of(id)? {
        pixels = heif.with_alpha(&pixels, stored, alpha, id)?;
        layout = Layout::Rgba;
    }
    let raster = Raster {
        width: stored.0,
        height: stored.1,
        layout,
        pixels,
    };
    Ok((cropped(raster, crop)?, findings))
}

/// The most pixels that this file may ask to decode: what its length can account for, up to the limits.
fn budget(len: usize, limits: &Limits) -> u64 {
    (len as u64)
        .saturating_mul(PIXELS_A_BYTE)
        .max(FREE_PIXELS)
        .min(limits.max_pixels)
}

/// The coded picture or grid behind the primary item, and its clean aperture.
fn primary(file: &HeifFile<'_>) -> Result<(u32, Option<Aperture>), Finding> {
    let mut id = file.primary_id;
    if !file.referenced_items(id, b"thmb").is_empty() {
        return Err(corrupt(
            "its primary picture says that it is the thumbnail of another",
        ));
    }
    let crop = aperture(file, id)?;
    for _ in 0..MAX_DEPTH {
        if &file.item(id).map_err(corrupt)?.item_type.0 != b"iden" {
            return Ok((id, crop));
        }
        let [source] = file.referenced_items(id, b"dimg")[..] else {
            return Err(corrupt("a derived picture without exactly one source"));
        };
        id = source;
        if has_transforms(file, id)? {
            return Err(unsupported(
                "a picture derived from a turned or cropped one",
            ));
        }
    }
    Err(corrupt("pictures derived from each other without end"))
}

/// What is decoded: one coded picture, or tiles in rows.
struct Mosaic {
    width: u32,
    height: u32,
    columns: usize,
    tile: (u32, u32),
    tiles: Vec<u32>,
    first: u32,
}

struct Heif<'a> {
    file: &'a HeifFile<'a>,
    bytes: &'a [u8],
    max_pixels: u64,
}

/// Writes a decoded tile's pixels into rows: planes, pixels of a row, rows one behind the other.
type Paint<'a> = &'a (dyn Fn(&Planes, usize, &mut [&mut [u8]]) -> Result<(), Finding> + Sync);

impl Heif<'_> {
    fn size(&self, id: u32) -> Result<(u32, u32), Finding> {
        self.file
            .image_size(id)
            .map_err(corrupt)?
            .filter(|&(width, height)| width > 0 && height > 0)
            .ok_or_else(|| corrupt("a picture without sides (ispe)"))
    }

    fn charge(&self, (width, height): (u32, u32)) -> Result<(), Finding> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels <= self.max_pixels {
            return Ok(());
        }
        Err(Finding::refused(
            Code::DecodedSizeOverLimit,
            format!(
                "{width} x {height} px are more than a file of this length is decoded to: {} px",
                self.max_pixels
            ),
        )
        .observed("pixels", pixels)
        .allowed("pixels", self.max_pixels)
        .help("send a smaller version"))
    }

    /// Reads what is to be decoded, and bounds it.
    fn frame(&self, id: u32) -> Result<Mosaic, Finding> {
        let (width, height) = self.size(id)?;
        self.charge((width, height))?;
        let kind = self.file.item(id).map_err(corrupt)?.item_type;
        match &kind.0 {
            kind if is_coded(kind) => Ok(Mosaic {
                width,
                height,
                columns: 1,
                tile: (width, height),
                tiles: vec![id],
                first: id,
            }),
            b"grid" => self.grid(id, (width, height)),
            b"iovl" => Err(unsupported("an overlay of several pictures (iovl)")),
            other => Err(uncoded(other)),
        }
    }

    /// 23008-12 6.6.2.3.
    fn grid(&self, id: u32, stated: (u32, u32)) -> Result<Mosaic, Finding> {
        let grid = self.file.grid(id).map_err(corrupt)?;
        let tiles = self.file.referenced_items(id, b"dimg");
        let (rows, columns) = (usize::from(grid.rows), usize::from(grid.columns));
        if (grid.output_width, grid.output_height) != stated {
            return Err(corrupt("its grid and its sides disagree (ispe)"));
        }
        if tiles.len() > MAX_TILES {
            return Err(Finding::refused(
                Code::WorkOverLimit,
                format!("a picture of {} tiles", tiles.len()),
            )
            .observed("tiles", tiles.len())
            .allowed("tiles", MAX_TILES));
        }
        let Some(&first) = tiles.first().filter(|_| tiles.len() == rows * columns) else {
            return Err(corrupt(
                "its grid has more or fewer tiles than rows times columns",
            ));
        };
        let tile = self.size(first)?;
        // Every tile shows something: rows and columns that lie outside the picture would be work for nothing.
        let covers = |tile: u32, count: usize, side: u32| {
            let covered = u64::from(tile) * count as u64;
            covered >= side.into() && covered - u64::from(tile) < side.into()
        };
        if !covers(tile.0, columns, stated.0) || !covers(tile.1, rows, stated.1) {
            return Err(corrupt(
                "its tiles do not cover the picture, or lie outside",
            ));
        }
        for &tile_id in tiles {
            let kind = self.file.item(tile_id).map_err(corrupt)?.item_type;
            if !is_coded(&kind.0) {
                return Err(unsupported("a grid of other than coded tiles"));
            }
            if has_transforms(self.file, tile_id)? || self.alpha_of(tile_id)?.is_some() {
                return Err(unsupported(
                    "a grid of turned, cropped or transparent tiles",
                ));
            }
            if self.size(tile_id)? != tile {
                return Err(corrupt("its tiles differ in size"));
            }
        }
        Ok(Mosaic {
            width: stated.0,
            height: stated.1,
            columns,
            tile,
            tiles: tiles.to_vec(),
            first,
        })
    }

    /// Decodes every tile and paints it where it belongs. Rows of tiles are worked on side by side.
    fn assemble(
        &self,
        frame: &Mosaic,
        channels: usize,
        paint: Paint<'_>,
    ) -> Result<Vec<u8>, Finding> {
        let stride = frame.width as usize * channels;
        let mut pixels = room(stride * frame.height as usize)?;
        let band = stride * frame.tile.1 as usize;
        pixels
            .par_chunks_mut(band)
            .zip(frame.tiles.par_chunks(frame.columns))
            .try_for_each(|(band, tiles)| {
                for (column, &tile) in tiles.iter().enumerate() {
                    let from = column * frame.tile.0 as usize;
                    let width = (frame.tile.0 as usize).min(frame.width as usize - from);
                    let planes = self.coded(tile, frame)?;
                    let mut rows: Vec<&mut [u8]> = band
                        .chunks_exact_mut(stride)
                        .map(|row| &mut row[from * channels..(from + width) * channels])
                        .collect();
                    paint(&planes, width, &mut rows)?;
                }
                Ok(())
            })?;
        Ok(pixels)
    }

    /// Decodes one coded item, at least as large as stated. What is coded beyond that, and cut off, is bounded too.
    fn coded(&self, id: u32, frame: &Mosaic) -> Result<Planes, Finding> {
        let (width, height) = frame.tile;
        let padded = |side: u32| u64::from(side).next_multiple_of(PADDING);
        let most = (padded(width) * padded(height)).max(self.max_pixels / frame.tiles.len() as u64);
        let kind = self.file.item(id).map_err(corrupt)?.item_type;
        let mut planes = match &kind.0 {
            #[cfg(feature = "avif")]
            b"av01" => {
                let data = self.file.item_data(id).map_err(corrupt)?;
                av1::decode(&data, most).map_err(corrupt)?
            }
            #[cfg(feature = "heic")]
            b"hvc1" | b"hev1" => self.hevc(id, most)?,
            other => return Err(uncoded(other)),
        };
        if planes.widths[0] < width || planes.heights[0] < height {
            return Err(corrupt(
                "the coded picture is smaller than its container states",
            ));
        }
        if let Some(stated) = self.nclx(id)? {
            planes.coding = stated;
        }
        Ok(planes)
    }

    #[cfg(feature = "heic")]
    fn hevc(&self, id: u32, most: u64) -> Result<Planes, Finding> {
        let config = self.hevc_config(id)?;
        let data = self.file.item_data(id).map_err(corrupt)?;
        let units = units(&data, usize::from(config.nal_length_size))
            .ok_or_else(|| corrupt("a coded picture ends inside a unit"))?;
        let all = config.nal_units.iter().map(Vec::as_slice).chain(units);
        hevc::decode(all, most).map_err(|fault| match fault {
            hevc::Fault::Decoder(heifer_hevc_dec::Error::Unimplemented(what)) => {
                unsupported(&format!("an HEVC picture that needs {what}"))
            }
            fault => corrupt(fault),
        })
    }

    #[cfg(feature = "heic")]
    fn hevc_config(&self, id: u32) -> Result<&heifer_isobmff::boxes::HevcConfig, Finding> {
        self.file
            .hevc_config(id)
            .map_err(corrupt)?
            .ok_or_else(|| corrupt("a picture without its configuration (hvcC)"))
    }

    /// Primaries and transfer that the coded picture itself states, where its container says nothing.
    fn coded_colours(&self, id: u32) -> Result<(u16, u16), Finding> {
        match &self.file.item(id).map_err(corrupt)?.item_type.0 {
            #[cfg(feature = "heic")]
            b"hvc1" | b"hev1" => {
                let config = self.hevc_config(id)?;
                let units = config.nal_units.iter().map(Vec::as_slice);
                let coding = hevc::stated_coding(units).map_err(corrupt)?;
                Ok((coding.primaries, coding.transfer))
            }
            // Unspecified: AVIF without `colr` is shown as sRGB.
            _ => Ok((2, 2)),
        }
    }

    /// `colr` of type `nclx`.
    fn nclx(&self, id: u32) -> Result<Option<Coding>, Finding> {
        let mut properties = self.file.item_properties(id).map_err(corrupt)?;
        Ok(properties.find_map(|property| match *property {
            Property::Color(ColorInfo::Nclx {
                primaries,
                transfer,
                matrix,
                full_range,
            }) => Some(Coding {
                matrix,
                primaries,
                transfer,
                full_range,
            }),
            _ => None,
        }))
    }

    /// From the ICC profile of the picture or its tiles, else from code points, else from the coded picture's own.
    fn conversion(&self, first_tile: u32) -> Result<Option<RowsToSrgb>, Finding> {
        let primary = self.file.primary_id;
        for id in [primary, first_tile] {
            let profile = self.file.icc_profile(id).map_err(corrupt)?;
            if let Some(profile) = profile.filter(|profile| profile.len() <= MAX_ICC_BYTES) {
                return Ok(RowsToSrgb::of_profile(profile));
            }
        }
        let stated = match self.nclx(primary)? {
            Some(stated) => Some(stated),
            None => self.nclx(first_tile)?,
        };
        let (primaries, transfer) = match stated {
            Some(stated) => (stated.primaries, stated.transfer),
            None => self.coded_colours(first_tile)?,
        };
        Ok(RowsToSrgb::of_code_points(primaries, transfer))
    }

    fn alpha_of(&self, id: u32) -> Result<Option<u32>, Finding> {
        for auxiliary in self.file.referencing_items(id, b"auxl") {
            if self.auxiliary(auxiliary)?.is_some_and(is_alpha) {
                return Ok(Some(auxiliary));
            }
        }
        Ok(None)
    }

    fn auxiliary(&self, id: u32) -> Result<Option<&str>, Finding> {
        let mut properties = self.file.item_properties(id).map_err(corrupt)?;
        Ok(properties.find_map(|property| match property {
            Property::AuxiliaryType(kind) => Some(kind.as_str()),
            _ => None,
        }))
    }

    /// Colours and alpha together; an alpha picture of another size is stretched (23008-12 6.9.1 leaves it open).
    fn with_alpha(
        &self,
        colours: &[u8],
        (width, height): (u32, u32),
        alpha: u32,
        id: u32,
    ) -> Result<Vec<u8>, Finding> {
        if has_transforms(self.file, alpha)? && alpha_turns(self.file, alpha, self.file.primary_id)?
        {
            return Err(unsupported(
                "transparency that is turned or cropped otherwise than its picture",
            ));
        }
        let frame = self.frame(alpha)?;
        let mask = self.assemble(&frame, 1, &|planes, _, rows| {
            let whole =
                Rows::new(planes).ok_or_else(|| corrupt("planes that do not belong together"))?;
            for (y, row) in rows.iter_mut().enumerate() {
                whole.luma8(y, row);
            }
            Ok(())
        })?;
        let premultiplied = self.file.referenced_items(id, b"prem").contains(&alpha);
        let mut pixels = room(width as usize * height as usize * 4)?;
        let scaled =
            |at: usize, from: u32, to: u32| (at as u64 * u64::from(to) / u64::from(from)) as usize;
        for (at, (pixel, &[r, g, b])) in pixels
            .as_chunks_mut::<4>()
            .0
            .iter_mut()
            .zip(colours.as_chunks::<3>().0)
            .enumerate()
        {
            let (x, y) = (at % width as usize, at / width as usize);
            let row = scaled(y, height, frame.height) * frame.width as usize;
            let alpha = mask[row + scaled(x, width, frame.width)];
            let colour = [r, g, b].map(|channel| match (premultiplied, alpha) {
                (true, 1..) => {
                    let plain =
                        (u32::from(channel) * 255 + u32::from(alpha) / 2) / u32::from(alpha);
                    u8::try_from(plain).unwrap_or(255)
                }
                _ => channel,
            });
            *pixel = [colour[0], colour[1], colour[2], alpha];
        }
        Ok(pixels)
    }

    /// What else the file holds and is not sent.
    fn left_out(&self, id: u32) -> Vec<Finding> {
        let mut what = Vec::new();
        let others = self
            .file
            .top_level_image_ids()
            .iter()
            .filter(|&&other| other != self.file.primary_id && other != id)
            .count();
        if others > 0 {
            let plural = if others > 1 { "s" } else { "" };
            what.push(format!("{others} other picture{plural}"));
        }
        let auxiliaries = self.file.references.iter().filter(|reference| {
            reference.ref_type.0 == *b"auxl"
                && (reference.to.contains(&id) || reference.to.contains(&self.file.primary_id))
        });
        for reference in auxiliaries {
            let kind = self.auxiliary(reference.from).ok().flatten().unwrap_or("");
            what.extend(match kind {
                kind if is_alpha(kind) => None,
                kind if kind.contains("hdrgainmap") => Some("an HDR gain map".to_owned()),
                kind if kind.contains("depth") || kind.contains("auxid:2") => {
                    Some("a depth map".to_owned())
                }
                _ => Some("an auxiliary picture".to_owned()),
            });
        }
        for item in BoxIter::new(self.bytes).map_while(Result::ok).take(100) {
            match &item.header.box_type.0 {
                b"mpvd" => what.push("a video (motion photograph)".to_owned()),
                b"moov" => what.push("a sequence".to_owned()),
                _ => {}
            }
        }
        what.sort();
        what.dedup();
        if what.is_empty() {
            return Vec::new();
        }
        let plural = what.len() > 1 || others > 1;
        vec![Finding::note(
            Code::PartlySent,
            format!(
                "only the main picture is sent: {} {} behind",
                what.join(", "),
                if plural { "stay" } else { "stays" }
            ),
        )]
    }
}

struct Colours {
    to_srgb: Option<RowsToSrgb>,
}

impl Colours {
    fn paint(&self, planes: &Planes, width: usize, out: &mut [&mut [u8]]) -> Result<(), Finding> {
        let mut rows =
            Rows::new(planes).ok_or_else(|| corrupt("planes that do not belong together"))?;
        if rows.is_deep() {
            let (mut deep, mut moved) = (vec![0; width * 3], vec![0; width * 3]);
            for (y, row) in out.iter_mut().enumerate() {
                rows.rgb16(y, &mut deep);
                let shown = match &self.to_srgb {
                    Some(to_srgb) => {
                        to_srgb.deep(&deep, &mut moved);
                        &moved
                    }
                    None => &deep,
                };
                for (byte, &sample) in row.iter_mut().zip(shown) {
                    *byte = narrow(sample);
                }
            }
            return Ok(());
        }
        let mut own = vec![0; width * 3];
        for (y, row) in out.iter_mut().enumerate() {
            match &self.to_srgb {
                Some(to_srgb) => {
                    rows.rgb8(y, &mut own);
                    to_srgb.eight(&own, row);
                }
                None => rows.rgb8(y, row),
            }
        }
        Ok(())
    }
}

/// Bytes of a profile that is read: as sniffing keeps.
const MAX_ICC_BYTES: usize = 1 << 20;

/// The units of a coded item: each behind its length (14496-15 8.3.2).
#[cfg(feature = "heic")]
fn units(data: &[u8], length_bytes: usize) -> Option<Vec<&[u8]>> {
    let mut units = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let (length, behind) = rest.split_at_checked(length_bytes.max(1))?;
        let length = length
            .iter()
            .fold(0_usize, |length, &byte| length << 8 | usize::from(byte));
        let (unit, behind) = behind.split_at_checked(length)?;
        units.push(unit);
        rest = behind;
    }
    Some(units)
}

/// Item types that this build decodes.
const fn is_coded(kind: &[u8; 4]) -> bool {
    (cfg!(feature = "heic") && matches!(kind, b"hvc1" | b"hev1"))
        || (cfg!(feature = "avif") && matches!(kind, b"av01"))
}

fn uncoded(kind: &[u8; 4]) -> Finding {
    unsupported(&format!(
        "a picture coded as {}",
        String::from_utf8_lossy(kind).escape_debug()
    ))
}

fn is_alpha(kind: &str) -> bool {
    matches!(
        kind,
        "urn:mpeg:hevc:2015:auxid:1" | "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
    )
}

const fn is_transform(property: &Property) -> bool {
    matches!(
        property,
        Property::Rotation(1..) | Property::Mirror(_) | Property::CleanAperture { .. }
    )
}

fn has_transforms(file: &HeifFile<'_>, id: u32) -> Result<bool, Finding> {
    let mut properties = file.item_properties(id).map_err(corrupt)?;
    Ok(properties.any(is_transform))
}

/// Whether two items are turned or cropped differently.
fn alpha_turns(file: &HeifFile<'_>, one: u32, other: u32) -> Result<bool, Finding> {
    let transforms = |id| -> Result<Vec<&Property>, Finding> {
        let properties = file.item_properties(id).map_err(corrupt)?;
        Ok(properties
            .filter(|property| is_transform(property))
            .collect())
    };
    Ok(transforms(one)? != transforms(other)?)
}

/// A clean aperture's fractions (14496-12 12.1.4).
#[derive(Clone, Copy)]
struct Aperture {
    width: (u32, u32),
    height: (u32, u32),
    across: (i32, u32),
    down: (i32, u32),
}

/// The clean aperture of an item; 23008-12 6.5.9 wants it in front of every turn.
fn aperture(file: &HeifFile<'_>, id: u32) -> Result<Option<Aperture>, Finding> {
    let mut turned = false;
    let mut found = None;
    for property in file.item_properties(id).map_err(corrupt)? {
        match *property {
            Property::Rotation(1..) | Property::Mirror(_) => turned = true,
            Property::CleanAperture { .. } if turned || found.is_some() => {
                return Err(unsupported("a picture cropped after it was turned"));
            }
            Property::CleanAperture {
                width,
                height,
                horiz_offset: across,
                vert_offset: down,
            } => {
                found = Some(Aperture {
                    width,
                    height,
                    across,
                    down,
                });
            }
            _ => {}
        }
    }
    Ok(found)
}

fn cropped(raster: Raster, aperture: Option<Aperture>) -> Result<Raster, Finding> {
    let Some(aperture) = aperture else {
        return Ok(raster);
    };
    let bad = || corrupt("its clean aperture lies outside the picture (clap)");
    let across = span(raster.width, aperture.width, aperture.across).ok_or_else(bad)?;
    let down = span(raster.height, aperture.height, aperture.down).ok_or_else(bad)?;
    let channels = raster.channels();
    let stride = raster.width as usize * channels;
    let pixels = raster
        .pixels
        .chunks_exact(stride)
        .skip(down.0 as usize)
        .take(down.1 as usize)
        .flat_map(|row| {
            let from = across.0 as usize * channels;
            &row[from..from + across.1 as usize * channels]
        })
        .copied()
        .collect();
    Ok(Raster {
        width: across.1,
        height: down.1,
        layout: raster.layout,
        pixels,
    })
}

/// First pixel and number of pixels along one side.
fn span(side: u32, length: (u32, u32), offset: (i32, u32)) -> Option<(u32, u32)> {
    if length.1 == 0 || offset.1 == 0 {
        return None;
    }
    let length = f64::from(length.0) / f64::from(length.1);
    let centre = f64::from(offset.0) / f64::from(offset.1) + f64::from(side - 1) / 2.0;
    let first = (centre - (length - 1.0) / 2.0).round();
    let count = length.round();
    (first >= 0.0 && count >= 1.0 && first + count <= f64::from(side))
        .then_some((first as u32, count as u32))
}

/// Zeroed bytes, or a finding where the memory is not to be had.
fn room(len: usize) -> Result<Vec<u8>, Finding> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| {
        Finding::refused(
            Code::DecodedSizeOverLimit,
            format!("{len} bytes to decode it are not to be had"),
        )
        .help("send a smaller version")
    })?;
    bytes.resize(len, 0);
    Ok(bytes)
}

fn corrupt(why: impl std::fmt::Display) -> Finding {
    Finding::refused(Code::Corrupt, format!("it does not decode: {why}"))
        .help("open it in a viewer: the upload is damaged or incomplete, ask for it again")
}

fn unsupported(what: &str) -> Finding {
    Finding::refused(
        Code::CodecNotAccepted,
        format!("{what} is not decoded here"),
    )
    .help("save it anew as an ordinary JPEG or PNG")
}
