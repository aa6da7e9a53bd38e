//! Progressive scans (T.81 G): spectral selection and successive approximation.
//!
//! Refinement needs the history of every coefficient, but only a DC scan brings more than one component. So the file is
//! walked once for each component, which alone is held whole while its scans arrive and then becomes lists; the DC
//! scans are read on the first walk, for all.

use super::bits::BitReader;
use super::decode::{Budget, CoefficientPlane, restart};
use super::header::{Frame, Parser, Scan};
use super::huffman::{Decoder, extend};
use super::processor::on_this_processor;
use super::rows::{BlockRow, RowBuilder, nonzero, sparse};
use super::scans::{Scans, geometry};
use super::{Error, Limits, Notes};

/// The planes of a progressive frame; `scans` is the first walk.
///
/// # Errors
///
/// Truncated or corrupt data, a limit.
pub(super) fn progressive(
    scans: Scans<'_>,
    limits: &Limits,
    frame: &Frame,
    budget: &mut Budget,
) -> Result<(Vec<CoefficientPlane>, Notes), Error> {
    let blocks = |part: usize| frame.components[part].blocks_w * frame.components[part].blocks_h;
    let most = (0..frame.components.len()).map(blocks).max().unwrap_or(0);
    budget.take(most as u64 * 128 + frame.blocks() * 2)?;
    let mut planes = CoefficientPlane::none_of(frame);
    let mut reading = Reading {
        low: vec![[None; 64]; planes.len()],
        levels: (0..planes.len()).map(|_| Vec::new()).collect(),
        ends: Vec::new(),
        // Memory that no scan writes to is never touched.
        values: vec![0; most * 64],
    };
    let data = scans.parser.data;
    let notes = reading.walk(scans, frame, 0, &mut planes)?;
    let mut builder = RowBuilder::default();
    for part in 0..planes.len() {
        if part > 0 {
            reading.walk(Scans::new(data, limits)?, frame, part, &mut planes)?;
        }
        reading.finish(part, notes.missing_end)?;
        let rows = &mut planes[part].rows;
        on_this_processor!(reading.make_rows(frame, part, &mut builder, rows, budget))?;
    }
    Ok((planes, notes))
}

/// What has arrived.
struct Reading {
    /// Of each component and zigzag position: the lowest bit that has arrived.
    low: Vec<[Option<u32>; 64]>,
    /// Of each component: the DC coefficient of each block.
    levels: Vec<Vec<i16>>,
    /// Of each scan that was read: where its data ends.
    ends: Vec<Option<usize>>,
    /// The AC coefficients of the component that is read, 64 places a block in zigzag order.
    values: Vec<i16>,
}

impl Reading {
    /// Reads the AC scans of component `part`, and with those of the first the DC scans.
    fn walk(
        &mut self,
        mut scans: Scans<'_>,
        frame: &Frame,
        part: usize,
        planes: &mut [CoefficientPlane],
    ) -> Result<Notes, Error> {
        let mut number = 0;
        while let Some(scan) = scans.take(frame)? {
            if part == 0 {
                self.ends.push(None);
                for of in scan.components.iter().map(|of| of.index) {
                    // The table that counts is the one in force when the component comes first.
                    if self.low[of].iter().all(Option::is_none) {
                        planes[of].quant = scans.quant(frame, of)?;
                    }
                    self.note(of, &scan)?;
                }
            }
            let is_dc = scan.start == 0;
            match self.ends.get(number).copied().flatten() {
                Some(end) => scans.go_on_at(end)?,
                None if is_dc || scan.components[0].index == part => {
                    let end = self.scan(&scans.parser, frame, &scan)?;
                    scans.ended_at(end)?;
                    if let Some(known) = self.ends.get_mut(number) {
                        *known = Some(end);
                    }
                }
                None => scans.skip(&scan)?,
            }
            number += 1;
        }
        Ok(scans.parser.notes)
    }

    /// Marks the bits that a scan brings.
    fn note(&mut self, part: usize, scan: &Scan) -> Result<(), Error> {
        let expected = (scan.high != 0).then_some(scan.high);
        for known in &mut self.low[part][scan.start..=scan.end] {
            if *known != expected {
                return Err(Error::Corrupt("progressive scans out of order"));
            }
            *known = Some(scan.low);
        }
        Ok(())
    }

    /// Whether all bits of a component have arrived.
    ///
    /// # Errors
    ///
    /// Truncated where scans are missing, so that a picture is never blurred by a cut. AC bands that no scan mentions are
    /// legal, being zero, but only before an end marker: without one they may have been cut off.
    fn finish(&self, part: usize, missing_end: bool) -> Result<(), Error> {
        let low = &self.low[part];
        let incomplete = low.iter().flatten().any(|&low| low > 0);
        let missing = low[0].is_none() || (missing_end && low[1..].iter().any(Option::is_none));
        if incomplete || missing {
            Err(Error::Truncated)
        } else {
            Ok(())
        }
    }

    /// The lists of what has arrived of a component; its places are zero again.
    #[inline(always)]
    fn make_rows(
        &mut self,
        frame: &Frame,
        part: usize,
        builder: &mut RowBuilder,
        rows: &mut Vec<BlockRow>,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        let across = frame.components[part].blocks_w;
        if self.low[part][1..].iter().all(Option::is_none) {
            for levels in self.levels[part].chunks_exact(across) {
                let row = BlockRow::flat(levels);
                budget.take(row.bytes())?;
                rows.push(row);
            }
            return Ok(());
        }
        let values = self.values.as_chunks_mut::<64>().0.chunks_exact_mut(across);
        for (blocks, levels) in values.zip(self.levels[part].chunks_exact(across)) {
            for (block, &level) in blocks.iter_mut().zip(levels) {
                block[0] = level;
            }
            let row = sparse(builder, blocks);
            budget.take(row.bytes())?;
            rows.push(row);
            blocks.as_flattened_mut().fill(0);
        }
        self.levels[part] = Vec::new();
        Ok(())
    }

    /// Reads the data of a scan; returns where it ends.
    fn scan(&mut self, parser: &Parser<'_>, frame: &Frame, scan: &Scan) -> Result<usize, Error> {
        let mut reader = BitReader::new(parser.data, scan.position);
        let mut walk = Walk {
            parser,
            scan,
            until_restart: parser.restart_interval,
            restarts: 0,
            end_of_bands: 0,
        };
        if scan.start == 0 {
            on_this_processor!(walk.dc_scan(frame, &mut reader, &mut self.levels))?;
        } else {
            on_this_processor!(walk.ac_scan(frame, &mut reader, &mut self.values))?;
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
        levels: &mut [Vec<i16>],
    ) -> Result<(), Error> {
        let geometry = geometry(frame, self.scan);
        for part in &self.scan.components {
            let component = &frame.components[part.index];
            levels[part.index].resize(component.blocks_w * component.blocks_h, 0);
        }
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
                    let across = frame.components[part].blocks_w;
                    for y in 0..v {
                        let row = &mut levels[part][(mcu_y * v + y) * across..][..across];
                        for x in 0..h {
                            let dc = &mut row[mcu_x * h + x];
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
        values: &mut [i16],
    ) -> Result<(), Error> {
        let geometry = geometry(frame, self.scan);
        let part = self.scan.components[0];
        let across = frame.components[part.index].blocks_w;
        let table = self.parser.ac[part.ac]
            .as_ref()
            .ok_or(Error::Corrupt("missing Huffman table"))?;
        let blocks = values.as_chunks_mut::<64>().0;
        for row in blocks.chunks_exact_mut(across).take(geometry.mcus_h) {
            for block in &mut row[..geometry.mcus_w] {
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
