//! The colours that a picture states, and its planes painted in sRGB.

use heifer_isobmff::boxes::{ColorInfo, Property};

use super::{Heif, corrupt};
use crate::raster::colour::narrow;
#[cfg(feature = "heic")]
use crate::raster::hevc;
use crate::raster::rows::RowsToSrgb;
use crate::raster::yuv::{Coding, Planes, Rows};
use crate::report::Finding;

impl Heif<'_> {
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
    pub(super) fn nclx(&self, id: u32) -> Result<Option<Coding>, Finding> {
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
    pub(super) fn conversion(&self, first_tile: u32) -> Result<Option<RowsToSrgb>, Finding> {
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
}

pub(super) struct Colours {
    pub(super) to_srgb: Option<RowsToSrgb>,
}

impl Colours {
    pub(super) fn paint(
        &self,
        planes: &Planes,
        width: usize,
        out: &mut [&mut [u8]],
    ) -> Result<(), Finding> {
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
