//! Progressive scans (T.81 G): spectral selection and successive approximation.

use super::Error;
use super::bits::BitReader;
use super::decode::{CoefficientPlane, geometry, restart};
use super::header::{Frame, Parser, Scan};
use super::huffman::{Decoder, extend};
use super::processor::on_this_processor;
use super::rows::{BlockRow, nonzero};

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
            on_this_processor!(walk.dc_scan(frame, &mut reader, planes))?;
        } else {
            on_this_processor!(walk.ac_scan(frame, &mut reader, planes))?;
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

    #[inline(always)]
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
        let is_first = self.scan.high == 0;
        if is_first && tables.iter().any(Option::is_none) {
            return Err(Error::Corrupt("missing Huffman table"));
        }
        let low = self.scan.low;
        let mut predictors = [0i32; 4];
        for mcu_y in 0..geometry.mcus_h {
            for mcu_x in 0..geometry.mcus_w {
                if self.mcu(reader)? {
                    predictors = [0; 4];
                }
                for (index, &(h, v)) in geometry.blocks.iter().enumerate() {
                    let part = self.scan.components[index].index;
                    let rows = &mut planes[part].rows;
                    for y in 0..v {
                        let row = dense(&mut rows[mcu_y * v + y], frame, part);
                        for x in 0..h {
                            let dc = &mut row[(mcu_x * h + x) * 64];
                            match tables[index] {
                                Some(table) if is_first => {
                                    let size = u32::from(table.symbol(reader)?);
                                    if size > 11 {
                                        return Err(Error::Corrupt("DC difference out of range"));
                                    }
                                    let bits = reader.take(size);
                                    predictors[index] += i32::from(extend(bits, size));
                                    *dc = i16::try_from(predictors[index] << low)
                                        .map_err(|_| Error::Corrupt("DC out of range"))?;
                                }
                                _ => *dc |= (reader.take(1) << low) as i16,
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

    #[inline(always)]
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
            let row = dense(row, frame, part.index);
            for block in &mut row.as_chunks_mut::<64>().0[..geometry.mcus_w] {
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
    #[inline(always)]
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
        let (end, low) = (self.scan.end, self.scan.low);
        let mut position = self.scan.start;
        while position <= end {
            reader.refill();
            let entry = table.entry(reader)?;
            reader.skip(entry.length());
            let run = entry.run();
            let mut value = entry.value();
            if value == 0 {
                let size = entry.size();
                if size == 0 {
                    if run < 15 {
                        self.end_of_bands = (1 << run) - 1 + reader.take(run as u32);
                        return Ok(());
                    }
                    position += 16;
                    continue;
                }
                value = extend(reader.peek(size), size);
                reader.skip(size);
            }
            position += run;
            if position > end {
                return Err(Error::Corrupt("a run past the end of the band"));
            }
            let value = i32::from(value) << low;
            if i32::from(value as i16) != value {
                return Err(Error::Corrupt("AC out of range"));
            }
            block[position & 63] = value as i16;
            position += 1;
        }
        if position > end + 1 {
            return Err(Error::Corrupt("a run past the end of the band"));
        }
        Ok(())
    }

    /// T.81 G.1.2.3, one more bit of a band. Coefficients that have history take a correction bit each, in their order;
    /// runs count those that have none.
    #[inline(always)]
    fn ac_refine(
        &mut self,
        reader: &mut BitReader<'_>,
        table: &Decoder,
        block: &mut [i16; 64],
    ) -> Result<(), Error> {
        let bit = 1i16 << self.scan.low;
        let band = (u64::MAX >> (63 - self.scan.end)) & (u64::MAX << self.scan.start);
        // Both masks lose what has been passed.
        let mut history = nonzero(block) & band;
        if self.end_of_bands > 0 {
            self.end_of_bands -= 1;
            correct(reader, block, history, bit);
            return Ok(());
        }
        let mut fresh = !history & band;
        while history | fresh != 0 {
            reader.refill();
            let entry = table.entry(reader)?;
            let (run, size) = (entry.run(), entry.size());
            // The lookup may have taken the value bit along; its sign is then known.
            let mut new = 0i16;
            reader.skip(entry.length());
            match size {
                0 if run < 15 => {
                    self.end_of_bands = (1 << run) - 1 + reader.take(run as u32);
                    correct(reader, block, history, bit);
                    return Ok(());
                }
                0 => {}
                1 => {
                    let is_positive = match entry.value() {
                        0 => reader.take(1) == 1,
                        value => value > 0,
                    };
                    new = if is_positive { bit } else { -bit };
                }
                _ => return Err(Error::Corrupt("refinement by more than one bit")),
            }
            for _ in 0..run {
                fresh &= fresh.wrapping_sub(1);
            }
            // The place of the new coefficient, or the end of a run of sixteen.
            let place = fresh & fresh.wrapping_neg();
            let passed = if place == 0 {
                if new != 0 {
                    return Err(Error::Corrupt("a run past the end of the band"));
                }
                u64::MAX
            } else {
                place - 1
            };
            correct(reader, block, history & passed, bit);
            history &= !passed;
            fresh &= !(passed | place);
            if new != 0 {
                block[place.trailing_zeros() as usize & 63] = new;
            }
        }
        Ok(())
    }
}

/// The coefficients of a row, which is made when data for it arrives: a lying header costs nothing.
#[inline(always)]
fn dense<'r>(row: &'r mut BlockRow, frame: &Frame, component: usize) -> &'r mut [i16] {
    if let BlockRow::Dense(values) = row
        && values.is_empty()
    {
        *values = vec![0; frame.components[component].blocks_w * 64].into();
    }
    match row {
        BlockRow::Dense(values) => values,
        // Rows of a progressive frame are never made sparse while it is read.
        BlockRow::Sparse(_) => &mut [],
    }
}

/// One correction bit for each coefficient of `which`, in zigzag order.
#[inline(always)]
fn correct(reader: &mut BitReader<'_>, block: &mut [i16; 64], mut which: u64, bit: i16) {
    while which != 0 {
        // A refill gives 32 bits at least.
        reader.refill();
        let count = which.count_ones().min(32);
        let mut bits = reader.peek(count) << (32 - count);
        reader.skip(count);
        for _ in 0..count {
            let coefficient = &mut block[which.trailing_zeros() as usize & 63];
            let sign = (*coefficient >> 15) | 1;
            let grows = (bits >> 31) as i16;
            *coefficient = coefficient.wrapping_add(sign * bit * grows);
            bits <<= 1;
            which &= which - 1;
        }
    }
}
