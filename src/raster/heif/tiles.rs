//! Coded items → planes, and tiles painted where they belong.

use rayon::prelude::*;

#[cfg(feature = "heic")]
use super::unsupported;
use super::{Heif, Mosaic, corrupt, room, uncoded};
#[cfg(feature = "avif")]
use crate::raster::av1;
#[cfg(feature = "heic")]
use crate::raster::hevc;
use crate::raster::yuv::Planes;
use crate::report::Finding;

/// Writes a decoded tile's pixels into rows: planes, pixels of a row, rows one behind the other.
pub(super) type Paint<'a> =
    &'a (dyn Fn(&Planes, usize, &mut [&mut [u8]]) -> Result<(), Finding> + Sync);

impl Heif<'_> {
    /// Decodes every tile and paints it where it belongs. Rows of tiles are worked on side by side.
    pub(super) fn assemble(
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
    pub(super) fn hevc_config(
        &self,
        id: u32,
    ) -> Result<&heifer_isobmff::boxes::HevcConfig, Finding> {
        self.file
            .hevc_config(id)
            .map_err(corrupt)?
            .ok_or_else(|| corrupt("a picture without its configuration (hvcC)"))
    }
}

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

/// Multiple that coded pictures are padded to: one coding tree block (H.265 7.4.3.2.1: at most 64).
const PADDING: u64 = 64;
