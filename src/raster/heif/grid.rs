//! What is decoded for an item: itself, or the tiles of its grid.

use super::shape::has_transforms;
use super::{Heif, Mosaic, corrupt, is_coded, uncoded, unsupported};
use crate::code::Code;
use crate::report::Finding;

impl Heif<'_> {
    /// Reads what is to be decoded, and bounds it.
    pub(super) fn frame(&self, id: u32) -> Result<Mosaic, Finding> {
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
}

/// Tiles of one picture: a 100 MP photograph in tiles of 512 px has about 400.
const MAX_TILES: usize = 2_000;
