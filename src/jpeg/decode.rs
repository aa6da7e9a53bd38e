//! Entropy decoding into coefficients: sequential scans here, progressive ones in `progressive`.

use super::bits::BitReader;
use super::header::{Frame, Model, Parser, Scan};
use super::huffman::{Decoder, extend};
use super::{Error, Limits, Notes, ZIGZAG};

/// A picture as quantised coefficients.
#[derive(Debug)]
pub(crate) struct Coefficients {
    pub(crate) frame: Frame,
    pub(crate) model: Model,
    pub(crate) notes: Notes,
    pub(crate) planes: Vec<CoefficientPlane>,
}

/// The quantised coefficients of one component: of each block the `corner` × `corner` lowest, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoefficientPlane {
    /// Coefficients kept in each direction, 1 to 8.
    pub(crate) corner: usize,
    /// Quantisation table in natural order.
    pub(crate) quant: [u16; 64],
    /// Rows of blocks.
    pub(crate) rows: Vec<Vec<i16>>,
}

/// Reads a picture. `corners` says for each component how many frequencies are of use; the others are not kept.
///
/// # Errors
///
/// Anything but a whole picture: truncated or corrupt data is never returned half-read.
pub(crate) fn decode(
    data: &[u8],
    corners: impl FnOnce(&Frame, Model) -> [usize; 4],
    limits: &Limits,
) -> Result<Coefficients, Error> {
    let mut parser = Parser::new(data, *limits)?;
    let mut scan = parser.next_scan()?.ok_or(Error::Truncated)?;
    let frame = parser.frame()?.clone();
    let model = parser.model()?;
    let wanted = corners(&frame, model);
    let mut planes = Vec::with_capacity(frame.components.len());
    let mut bytes = 0u64;
    for (component, wanted) in frame.components.iter().zip(wanted) {
        // Refinement needs the history of every coefficient.
        let corner = if frame.progressive {
            8
        } else {
            wanted.clamp(1, 8)
        };
        bytes += (component.blocks_w * component.blocks_h * corner * corner * 2) as u64;
        planes.push(CoefficientPlane {
            corner,
            quant: [0; 64],
            rows: Vec::new(),
        });
    }
    if bytes > limits.max_coefficient_bytes {
        let allowed = limits.max_coefficient_bytes;
        return Err(Error::OverLimit {
            what: "bytes of coefficients",
            value: bytes,
            allowed,
        });
    }
    let mut progress = super::progressive::Progress::new(&frame);
    let mut seen = [false; 4];
    let (mut scans, mut visits) = (0u32, 0u64);
    loop {
        scans += 1;
        let (value, allowed) = (u64::from(scans), u64::from(limits.max_scans));
        if value > allowed {
            return Err(Error::OverLimit {
                what: "scans",
                value,
                allowed,
            });
        }
        visits += scan_blocks(&frame, &scan);
        if visits > limits.max_block_visits {
            let allowed = limits.max_block_visits;
            return Err(Error::OverLimit {
                what: "block visits",
                value: visits,
                allowed,
            });
        }
        for part in &scan.components {
            let plane = &mut planes[part.index];
            let component = &frame.components[part.index];
            if !seen[part.index] {
                let table = parser.quant[component.quant_index]
                    .ok_or(Error::Corrupt("missing quantisation table"))?;
                plane.quant = table;
                plane.rows = vec![Vec::new(); component.blocks_h];
            } else if !frame.progressive {
                return Err(Error::Corrupt("a component is scanned twice"));
            }
            seen[part.index] = true;
        }
        let end = if frame.progressive {
            progress.scan(&parser, &frame, &scan, &mut planes)?
        } else {
            sequential(&parser, &frame, &scan, &mut planes)?
        };
        if is_left_over(parser.data, end) {
            return Err(Error::Corrupt(
                "data is left over behind the last block of a scan",
            ));
        }
        parser.resume_at(end);
        match parser.next_scan()? {
            Some(next) => scan = next,
            None => break,
        }
    }
    if seen.iter().take(planes.len()).any(|seen| !seen) {
        return Err(Error::Truncated);
    }
    progress.finish(&frame, parser.notes.missing_end)?;
    Ok(Coefficients {
        frame,
        model,
        notes: parser.notes,
        planes,
    })
}

/// Whether anything but zeros and stuffing, with which some encoders pad, stands between a scan's last MCU and the next
/// marker: the reader then went out of step, as it does behind a damaged bit.
fn is_left_over(data: &[u8], end: usize) -> bool {
    let rest = data.get(end..).unwrap_or_default();
    let marker = rest
        .windows(2)
        .position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xFF))
        .unwrap_or(rest.len());
    rest.iter()
        .take(marker)
        .any(|byte| !matches!(byte, 0x00 | 0xFF))
}

/// MCUs of a scan: across, down, and the blocks of each component in one MCU.
pub(super) struct Geometry {
    pub(super) mcus_w: usize,
    pub(super) mcus_h: usize,
    /// (h, v) of each component of the scan.
    pub(super) blocks: Vec<(usize, usize)>,
}

/// T.81 A.2: a scan of one component goes by its own blocks, others by interleaved MCUs.
pub(super) fn geometry(frame: &Frame, scan: &Scan) -> Geometry {
    if let [only] = scan.components.as_slice() {
        let component = &frame.components[only.index];
        return Geometry {
            mcus_w: component.width.div_ceil(8),
            mcus_h: component.height.div_ceil(8),
            blocks: vec![(1, 1)],
        };
    }
    Geometry {
        mcus_w: (frame.width as usize).div_ceil(8 * frame.h_max),
        mcus_h: (frame.height as usize).div_ceil(8 * frame.v_max),
        blocks: scan
            .components
            .iter()
            .map(|c| (frame.components[c.index].h, frame.components[c.index].v))
            .collect(),
    }
}

fn scan_blocks(frame: &Frame, scan: &Scan) -> u64 {
    let geometry = geometry(frame, scan);
    let per_mcu: usize = geometry.blocks.iter().map(|(h, v)| h * v).sum();
    (geometry.mcus_w * geometry.mcus_h * per_mcu) as u64
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
    /// Where in a block's corner each zigzag position goes; 64 for those not kept.
    slots: [u8; 128],
    h: usize,
    v: usize,
    row_length: usize,
    size: usize,
}

fn sequential(
    parser: &Parser<'_>,
    frame: &Frame,
    scan: &Scan,
    planes: &mut [CoefficientPlane],
) -> Result<usize, Error> {
    let geometry = geometry(frame, scan);
    let missing = Error::Corrupt("missing Huffman table");
    let mut lanes = Vec::with_capacity(4);
    for (part, &(h, v)) in scan.components.iter().zip(&geometry.blocks) {
        let corner = planes[part.index].corner;
        lanes.push(Lane {
            plane: part.index,
            dc: parser.dc[part.dc].as_ref().ok_or(missing.clone())?,
            ac: parser.ac[part.ac].as_ref().ok_or(missing.clone())?,
            slots: slots(corner),
            h,
            v,
            row_length: frame.components[part.index].blocks_w * corner * corner,
            size: corner * corner,
        });
    }
    let mut reader = BitReader::new(parser.data, scan.position);
    let mut predictors = [0i32; 4];
    let mut until_restart = parser.restart_interval;
    let mut restarts = 0;
    for mcu_y in 0..geometry.mcus_h {
        for lane in &lanes {
            // Allocated as the data proves to be there, so that a lying header costs nothing.
            for row in &mut planes[lane.plane].rows[mcu_y * lane.v..(mcu_y + 1) * lane.v] {
                *row = vec![0; lane.row_length];
            }
        }
        for mcu_x in 0..geometry.mcus_w {
            if parser.restart_interval > 0 {
                if until_restart == 0 {
                    restart(&mut reader, parser.data, restarts)?;
                    restarts = restarts.wrapping_add(1);
                    predictors = [0; 4];
                    until_restart = parser.restart_interval;
                }
                until_restart -= 1;
            }
            for (lane, predictor) in lanes.iter().zip(&mut predictors) {
                for y in 0..lane.v {
                    let row = &mut planes[lane.plane].rows[mcu_y * lane.v + y];
                    for x in 0..lane.h {
                        let mut block = [0i16; 128];
                        decode_block(&mut reader, lane, predictor, &mut block)?;
                        let at = (mcu_x * lane.h + x) * lane.size;
                        if let Some(target) = row.get_mut(at..at + lane.size) {
                            target.copy_from_slice(&block[..lane.size]);
                        }
                    }
                }
            }
        }
        if reader.is_overrun() {
            return Err(Error::Truncated);
        }
    }
    // A scan of one component leaves out the rows that pad the last MCU: they repeat the last one.
    for lane in &lanes {
        let rows = &mut planes[lane.plane].rows;
        let last = rows[geometry.mcus_h * lane.v - 1].clone();
        rows[geometry.mcus_h * lane.v..].fill(last);
    }
    Ok(reader.align())
}

/// T.81 F.2.2: one block. Positions past the corner are decoded and dropped.
#[inline(always)]
fn decode_block(
    reader: &mut BitReader<'_>,
    lane: &Lane<'_>,
    predictor: &mut i32,
    block: &mut [i16; 128],
) -> Result<(), Error> {
    reader.refill();
    let entry = lane.dc.entry(reader)?;
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
    block[0] = i16::try_from(*predictor).map_err(|_| Error::Corrupt("DC out of range"))?;
    let mut position = 1usize;
    while position < 64 {
        reader.refill();
        let entry = lane.ac.entry(reader)?;
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
                    0 => return Ok(()),
                    _ => return Err(Error::Corrupt("a run without a value")),
                }
            }
            value = extend(reader.peek(size), size);
            reader.skip(size);
        }
        block[usize::from(lane.slots[position & 127]) & 127] = value;
        position += 1;
    }
    if position > 64 {
        return Err(Error::Corrupt("a run past the end of the block"));
    }
    Ok(())
}

/// Zigzag position to index in a corner; positions past the block, which hostile runs reach, go where nothing is kept.
fn slots(corner: usize) -> [u8; 128] {
    std::array::from_fn(|position| match ZIGZAG.get(position) {
        Some(&natural) => {
            let (x, y) = (usize::from(natural) % 8, usize::from(natural) / 8);
            if x < corner && y < corner {
                (y * corner + x) as u8
            } else {
                64
            }
        }
        None => 64,
    })
}
