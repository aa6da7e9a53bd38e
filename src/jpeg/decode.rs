//! Entropy decoding into coefficients: sequential scans here, progressive ones in `progressive`.

use super::bits::BitReader;
use super::header::{Frame, Model, Parser, Scan};
use super::huffman::{Decoder, extend};
use super::processor::on_this_processor;
use super::progressive::progressive;
use super::rows::{BlockRow, RowBuilder, pack, put};
use super::scans::{Scans, geometry};
use super::{Error, Limits, Notes};

/// A picture as quantised coefficients.
#[derive(Debug)]
pub(crate) struct Coefficients {
    pub(crate) frame: Frame,
    pub(crate) model: Model,
    pub(crate) notes: Notes,
    pub(crate) planes: Vec<CoefficientPlane>,
}

/// The quantised coefficients of one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoefficientPlane {
    /// Quantisation table in zigzag order.
    pub(crate) quant: [u16; 64],
    /// Rows of blocks.
    pub(crate) rows: Vec<BlockRow>,
}

impl CoefficientPlane {
    /// A plane for each component of a frame, with nothing in them yet.
    pub(super) fn none_of(frame: &Frame) -> Vec<Self> {
        let plane = Self {
            quant: [0; 64],
            rows: Vec::new(),
        };
        vec![plane; frame.components.len()]
    }
}

/// Reads a picture.
///
/// # Errors
///
/// Anything but a whole picture: truncated or corrupt data is never returned half-read.
pub(crate) fn decode(data: &[u8], limits: &Limits) -> Result<Coefficients, Error> {
    let scans = Scans::new(data, limits)?;
    let frame = scans.parser.frame()?.clone();
    let model = scans.parser.model()?;
    let mut budget = Budget::new(data.len() as u64, limits);
    let (planes, notes) = if frame.progressive {
        progressive(scans, limits, &frame, &mut budget)?
    } else {
        sequential(scans, &frame, &mut budget)?
    };
    Ok(Coefficients {
        frame,
        model,
        notes,
        planes,
    })
}

/// The planes of a sequential frame, whose scans bring each component once.
fn sequential(
    mut scans: Scans<'_>,
    frame: &Frame,
    budget: &mut Budget,
) -> Result<(Vec<CoefficientPlane>, Notes), Error> {
    let mut planes = CoefficientPlane::none_of(frame);
    while let Some(scan) = scans.take(frame)? {
        for part in &scan.components {
            let plane = &mut planes[part.index];
            if !plane.rows.is_empty() {
                return Err(Error::Corrupt("a component is scanned twice"));
            }
            plane.quant = scans.quant(frame, part.index)?;
            let rows = frame.components[part.index].blocks_h;
            plane.rows = vec![BlockRow::default(); rows];
        }
        let end = on_this_processor!(sequential_scan(
            &scans.parser,
            frame,
            &scan,
            &mut planes,
            budget
        ))?;
        scans.ended_at(end)?;
    }
    if planes.iter().any(|plane| plane.rows.is_empty()) {
        return Err(Error::Truncated);
    }
    Ok((planes, scans.parser.notes))
}

/// Bytes of coefficients: in proportion to the file, so that a small one cannot ask for much.
pub(super) struct Budget {
    used: u64,
    allowed: u64,
}

impl Budget {
    fn new(file_bytes: u64, limits: &Limits) -> Self {
        let earned = limits.least_coefficient_bytes + file_bytes.saturating_mul(32);
        Self {
            used: 0,
            allowed: earned.min(limits.max_coefficient_bytes),
        }
    }

    pub(super) fn take(&mut self, bytes: u64) -> Result<(), Error> {
        self.used += bytes;
        if self.used > self.allowed {
            return Err(Error::OverLimit {
                what: "bytes of coefficients",
                value: self.used,
                allowed: self.allowed,
            });
        }
        Ok(())
    }
}

/// Goes over a restart marker, which must be the expected one (T.81 F.2.2.5).
pub(super) fn restart(reader: &mut BitReader<'_>, data: &[u8], index: u32) -> Result<(), Error> {
    if reader.is_overrun() {
        return Err(Error::Truncated);
    }
    let position = reader.align();
    let expected = 0xD0 + (index & 7) as u8;
    let mut rest = data.get(position..).unwrap_or_default();
    let mut skipped = 0;
    while let [0xFF, 0xFF, ..] = rest {
        rest = &rest[1..];
        skipped += 1;
    }
    match rest {
        [0xFF, marker, ..] if *marker == expected => {
            reader.restart(position + skipped + 2);
            Ok(())
        }
        [] | [_] => Err(Error::Truncated),
        _ => Err(Error::Corrupt(
            "a restart marker is missing or out of order",
        )),
    }
}

struct Lane<'p> {
    plane: usize,
    dc: &'p Decoder,
    ac: &'p Decoder,
    h: usize,
    v: usize,
    /// One for each row of blocks in a row of MCUs, with the entries that it holds.
    builders: Vec<(RowBuilder, usize)>,
}

#[inline(always)]
fn sequential_scan(
    parser: &Parser<'_>,
    frame: &Frame,
    scan: &Scan,
    planes: &mut [CoefficientPlane],
    budget: &mut Budget,
) -> Result<usize, Error> {
    let geometry = geometry(frame, scan);
    let missing = Error::Corrupt("missing Huffman table");
    let mut lanes = Vec::with_capacity(4);
    for (part, &(h, v)) in scan.components.iter().zip(&geometry.blocks) {
        lanes.push(Lane {
            plane: part.index,
            dc: parser.dc[part.dc].as_ref().ok_or(missing.clone())?,
            ac: parser.ac[part.ac].as_ref().ok_or(missing.clone())?,
            h,
            v,
            builders: (0..v).map(|_| Default::default()).collect(),
        });
    }
    let mut reader = BitReader::new(parser.data, scan.position);
    let mut predictors = [0i32; 4];
    let mut until_restart = parser.restart_interval;
    let mut restarts = 0;
    for mcu_y in 0..geometry.mcus_h {
        for _ in 0..geometry.mcus_w {
            if parser.restart_interval > 0 {
                if until_restart == 0 {
                    restart(&mut reader, parser.data, restarts)?;
                    restarts = restarts.wrapping_add(1);
                    predictors = [0; 4];
                    until_restart = parser.restart_interval;
                }
                until_restart -= 1;
            }
            for (lane, predictor) in lanes.iter_mut().zip(&mut predictors) {
                let (dc, ac, across) = (lane.dc, lane.ac, lane.h);
                for (builder, used) in &mut lane.builders {
                    for _ in 0..across {
                        builder.push(
                            used,
                            #[inline(always)]
                            |entries| decode_block(&mut reader, dc, ac, predictor, entries),
                        )?;
                    }
                }
            }
        }
        if reader.is_overrun() {
            return Err(Error::Truncated);
        }
        for lane in &mut lanes {
            let blocks = frame.components[lane.plane].blocks_w;
            for (y, (builder, used)) in lane.builders.iter_mut().enumerate() {
                let row = builder.finish(used, blocks);
                budget.take(row.bytes())?;
                planes[lane.plane].rows[mcu_y * lane.v + y] = row;
            }
        }
    }
    // A scan of one component leaves out the rows that pad the last MCU: they repeat the last one.
    for lane in &lanes {
        let rows = &mut planes[lane.plane].rows;
        let last = rows[geometry.mcus_h * lane.v - 1].clone();
        for row in &mut rows[geometry.mcus_h * lane.v..] {
            budget.take(last.bytes())?;
            *row = last.clone();
        }
    }
    Ok(reader.align())
}

/// T.81 F.2.2: one block; returns its DC and how many entries its AC coefficients take.
#[inline(always)]
fn decode_block(
    reader: &mut BitReader<'_>,
    dc: &Decoder,
    ac: &Decoder,
    predictor: &mut i32,
    entries: &mut [u16; 128],
) -> Result<(i16, usize), Error> {
    reader.refill();
    let entry = dc.entry(reader)?;
    reader.skip(entry.length());
    let mut difference = i32::from(entry.value());
    if difference == 0 && (entry.size() | entry.run() as u32) != 0 {
        let size = entry.size();
        if size > 11 || entry.run() != 0 {
            return Err(Error::Corrupt("DC difference out of range"));
        }
        difference = extend(reader.peek(size), size).into();
        reader.skip(size);
    }
    *predictor += difference;
    let level = i16::try_from(*predictor).map_err(|_| Error::Corrupt("DC out of range"))?;
    let (mut position, mut count) = (1usize, 0usize);
    while position < 64 {
        reader.refill();
        let entry = ac.entry(reader)?;
        reader.skip(entry.length());
        position += entry.run();
        let mut value = entry.value();
        if value == 0 {
            let size = entry.size();
            if size == 0 {
                match entry.run() {
                    15 => {
                        position += 1;
                        continue;
                    }
                    0 => return Ok((level, count)),
                    _ => return Err(Error::Corrupt("a run without a value")),
                }
            }
            value = extend(reader.peek(size), size);
            reader.skip(size);
            put(entries, &mut count, position, value);
        } else {
            // Values that fit the lookup together with their code have at most nine bits.
            entries[count & 127] = pack(position, value);
            count += 1;
        }
        position += 1;
    }
    if position > 64 {
        return Err(Error::Corrupt("a run past the end of the block"));
    }
    Ok((level, count))
}
