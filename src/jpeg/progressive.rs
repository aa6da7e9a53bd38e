//! Progressive scans (T.81 G): spectral selection and successive approximation.

use super::bits::BitReader;
use super::decode::{CoefficientPlane, geometry, restart};
use super::header::{Frame, Parser, Scan};
use super::huffman::{Decoder, extend};
use super::{Error, ZIGZAG};

/// Which bits of which coefficients have arrived.
pub(super) struct Progress {
    /// Of each component and zigzag position: the lowest bit that has arrived.
    low: Vec<[Option<u32>; 64]>,
}

impl Progress {
    pub(super) fn new(frame: &Frame) -> Self {
        Self {
            low: vec![[None; 64]; frame.components.len()],
        }
    }

    /// Whether a sequential frame, or a progressive one with all its bits, has arrived.
    ///
    /// # Errors
    ///
    /// Truncated where scans are missing, so that a picture is never blurred by a cut. AC bands that no scan mentions are
    /// legal, being zero, but only before an end marker: without one they may have been cut off.
    pub(super) fn finish(&self, frame: &Frame, missing_end: bool) -> Result<(), Error> {
        let incomplete = self
            .low
            .iter()
            .flatten()
            .any(|low| low.is_some_and(|low| low > 0));
        let missing = self.low.iter().any(|positions| {
            positions[0].is_none() || (missing_end && positions[1..].iter().any(Option::is_none))
        });
        if frame.progressive && (incomplete || missing) {
            Err(Error::Truncated)
        } else {
            Ok(())
        }
    }

    pub(super) fn scan(
        &mut self,
        parser: &Parser<'_>,
        frame: &Frame,
        scan: &Scan,
        planes: &mut [CoefficientPlane],
    ) -> Result<usize, Error> {
        for part in &scan.components {
            let positions = &mut self.low[part.index];
            for known in &mut positions[scan.start..=scan.end] {
                let expected = if scan.high == 0 {
                    None
                } else {
                    Some(scan.high)
                };
                if *known != expected {
                    return Err(Error::Corrupt("progressive scans out of order"));
                }
                *known = Some(scan.low);
            }
            let row_length = frame.components[part.index].blocks_w * 64;
            for row in &mut planes[part.index].rows {
                if row.is_empty() {
                    *row = vec![0; row_length];
                }
            }
        }
        let mut reader = BitReader::new(parser.data, scan.position);
        let mut walk = Walk {
            parser,
            scan,
            until_restart: parser.restart_interval,
            restarts: 0,
            end_of_bands: 0,
        };
        if scan.start == 0 {
            walk.dc_scan(frame, &mut reader, planes)?;
        } else {
            walk.ac_scan(frame, &mut reader, planes)?;
        }
        Ok(reader.align())
    }
}

struct Walk<'p, 'd> {
    parser: &'p Parser<'d>,
    scan: &'p Scan,
    until_restart: u32,
    restarts: u32,
    /// Blocks whose band is known to end (T.81 G.1.2.2 EOBRUN).
    end_of_bands: u32,
}

impl Walk<'_, '_> {
    /// Whether a restart was passed.
    fn mcu(&mut self, reader: &mut BitReader<'_>) -> Result<bool, Error> {
        if self.parser.restart_interval == 0 {
            return Ok(false);
        }
        let passed = self.until_restart == 0;
        if passed {
            restart(reader, self.parser.data, self.restarts)?;
            self.restarts = self.restarts.wrapping_add(1);
            self.until_restart = self.parser.restart_interval;
            self.end_of_bands = 0;
        }
        self.until_restart -= 1;
        Ok(passed)
    }

    fn dc_scan(
        &mut self,
        frame: &Frame,
        reader: &mut BitReader<'_>,
        planes: &mut [CoefficientPlane],
    ) -> Result<(), Error> {
        let geometry = geometry(frame, self.scan);
        let mut tables: Vec<Option<&Decoder>> = Vec::new();
        for part in &self.scan.components {
            tables.push(self.parser.dc[part.dc].as_ref());
        }
        if self.scan.high == 0 && tables.iter().any(Option::is_none) {
            return Err(Error::Corrupt("missing Huffman table"));
        }
        let mut predictors = [0i32; 4];
        for mcu_y in 0..geometry.mcus_h {
            for mcu_x in 0..geometry.mcus_w {
                if self.mcu(reader)? {
                    predictors = [0; 4];
                }
                for (index, &(h, v)) in geometry.blocks.iter().enumerate() {
                    let rows = &mut planes[self.scan.components[index].index].rows;
                    for y in 0..v {
                        for x in 0..h {
                            let dc = &mut rows[mcu_y * v + y][(mcu_x * h + x) * 64];
                            match tables[index] {
                                Some(table) if self.scan.high == 0 => {
                                    let size = u32::from(table.symbol(reader)?);
                                    if size > 11 {
                                        return Err(Error::Corrupt("DC difference out of range"));
                                    }
                                    let bits = reader.take(size);
                                    predictors[index] += i32::from(extend(bits, size));
                                    *dc = i16::try_from(predictors[index] << self.scan.low)
                                        .map_err(|_| Error::Corrupt("DC out of range"))?;
                                }
                                _ => *dc |= (reader.take(1) << self.scan.low) as i16,
                            }
                        }
                    }
                }
            }
            if reader.is_overrun() {
                return Err(Error::Truncated);
            }
        }
        Ok(())
    }

    fn ac_scan(
        &mut self,
        frame: &Frame,
        reader: &mut BitReader<'_>,
        planes: &mut [CoefficientPlane],
    ) -> Result<(), Error> {
        let geometry = geometry(frame, self.scan);
        let part = self.scan.components[0];
        let table = self.parser.ac[part.ac]
            .as_ref()
            .ok_or(Error::Corrupt("missing Huffman table"))?;
        for row in &mut planes[part.index].rows[..geometry.mcus_h] {
            let (blocks, _) = row.as_chunks_mut::<64>();
            for block in &mut blocks[..geometry.mcus_w] {
                self.mcu(reader)?;
                if self.scan.high == 0 {
                    self.ac_first(reader, table, block)?;
                } else {
                    self.ac_refine(reader, table, block)?;
                }
            }
            if reader.is_overrun() {
                return Err(Error::Truncated);
            }
        }
        Ok(())
    }

    /// T.81 G.1.2.2, first pass over a band.
    #[inline]
    fn ac_first(
        &mut self,
        reader: &mut BitReader<'_>,
        table: &Decoder,
        block: &mut [i16; 64],
    ) -> Result<(), Error> {
        if self.end_of_bands > 0 {
            self.end_of_bands -= 1;
            return Ok(());
        }
        let mut position = self.scan.start;
        while position <= self.scan.end {
            let symbol = table.symbol(reader)?;
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if run < 15 {
                    self.end_of_bands = (1 << run) - 1 + reader.take(run);
                    return Ok(());
                }
                position += 16;
                continue;
            }
            position += run as usize;
            if position > self.scan.end {
                return Err(Error::Corrupt("a run past the end of the band"));
            }
            let bits = reader.take(size);
            let value = i32::from(extend(bits, size)) << self.scan.low;
            block[usize::from(ZIGZAG[position & 63])] =
                i16::try_from(value).map_err(|_| Error::Corrupt("AC out of range"))?;
            position += 1;
        }
        if position > self.scan.end + 1 {
            return Err(Error::Corrupt("a run past the end of the band"));
        }
        Ok(())
    }

    /// T.81 G.1.2.3, one more bit of a band.
    #[inline]
    fn ac_refine(
        &mut self,
        reader: &mut BitReader<'_>,
        table: &Decoder,
        block: &mut [i16; 64],
    ) -> Result<(), Error> {
        let bit = 1i16 << self.scan.low;
        let mut position = self.scan.start;
        if self.end_of_bands == 0 {
            while position <= self.scan.end {
                let symbol = table.symbol(reader)?;
                let (mut run, size) = (u32::from(symbol >> 4), symbol & 15);
                let mut new = 0i16;
                match size {
                    0 if run < 15 => {
                        self.end_of_bands = (1 << run) + reader.take(run);
                        break;
                    }
                    0 => {}
                    1 => new = if reader.take(1) == 1 { bit } else { -bit },
                    _ => return Err(Error::Corrupt("refinement by more than one bit")),
                }
                loop {
                    if position > self.scan.end {
                        if new != 0 {
                            return Err(Error::Corrupt("a run past the end of the band"));
                        }
                        break;
                    }
                    let coefficient = &mut block[usize::from(ZIGZAG[position & 63])];
                    position += 1;
                    if *coefficient != 0 {
                        refine(reader, coefficient, bit);
                    } else if run == 0 {
                        *coefficient = new;
                        break;
                    } else {
                        run -= 1;
                    }
                }
            }
        }
        if self.end_of_bands > 0 {
            for &natural in
                &ZIGZAG[position.min(64)..=self.scan.end.max(position.saturating_sub(1)).min(63)]
            {
                let coefficient = &mut block[usize::from(natural)];
                if *coefficient != 0 {
                    refine(reader, coefficient, bit);
                }
            }
            self.end_of_bands -= 1;
        }
        Ok(())
    }
}

#[inline(always)]
fn refine(reader: &mut BitReader<'_>, coefficient: &mut i16, bit: i16) {
    if reader.take(1) == 1 && *coefficient & bit == 0 {
        *coefficient = coefficient.saturating_add(if *coefficient > 0 { bit } else { -bit });
    }
}
