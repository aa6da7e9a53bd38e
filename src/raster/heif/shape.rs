//! How a picture is turned and cropped: transformative properties, and the clean aperture cut out.

use heifer_isobmff::HeifFile;
use heifer_isobmff::boxes::Property;

use super::{corrupt, unsupported};
use crate::raster::Raster;
use crate::report::Finding;

/// A clean aperture's fractions (14496-12 12.1.4).
#[derive(Clone, Copy)]
pub(super) struct Aperture {
    width: (u32, u32),
    height: (u32, u32),
    across: (i32, u32),
    down: (i32, u32),
}

/// The clean aperture of an item; 23008-12 6.5.9 wants it in front of every turn.
pub(super) fn aperture(file: &HeifFile<'_>, id: u32) -> Result<Option<Aperture>, Finding> {
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

pub(super) fn cropped(raster: Raster, aperture: Option<Aperture>) -> Result<Raster, Finding> {
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

pub(super) const fn is_transform(property: &Property) -> bool {
    matches!(
        property,
        Property::Rotation(1..) | Property::Mirror(_) | Property::CleanAperture { .. }
    )
}

pub(super) fn has_transforms(file: &HeifFile<'_>, id: u32) -> Result<bool, Finding> {
    let mut properties = file.item_properties(id).map_err(corrupt)?;
    Ok(properties.any(is_transform))
}
