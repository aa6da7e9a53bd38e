//! The transparency that another item holds.

use heifer_isobmff::HeifFile;
use heifer_isobmff::boxes::Property;

use super::shape::{has_transforms, is_transform};
use super::{Heif, corrupt, room, unsupported};
use crate::raster::yuv::Rows;
use crate::report::Finding;

impl Heif<'_> {
    pub(super) fn alpha_of(&self, id: u32) -> Result<Option<u32>, Finding> {
        for auxiliary in self.file.referencing_items(id, b"auxl") {
            if self.auxiliary(auxiliary)?.is_some_and(is_alpha) {
                return Ok(Some(auxiliary));
            }
        }
        Ok(None)
    }

    pub(super) fn auxiliary(&self, id: u32) -> Result<Option<&str>, Finding> {
        let mut properties = self.file.item_properties(id).map_err(corrupt)?;
        Ok(properties.find_map(|property| match property {
            Property::AuxiliaryType(kind) => Some(kind.as_str()),
            _ => None,
        }))
    }

    /// Colours and alpha together; an alpha picture of another size is stretched (23008-12 6.9.1 leaves it open).
    pub(super) fn with_alpha(
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
}

pub(super) fn is_alpha(kind: &str) -> bool {
    matches!(
        kind,
        "urn:mpeg:hevc:2015:auxid:1" | "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
    )
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
