//! The scans of a file one after the other, within what may be spent on them.

use super::header::{Frame, Parser, Scan};
use super::{Error, Limits};

/// Walks from scan to scan. Whoever takes one says where its data ended, or skips it.
pub(super) struct Scans<'d> {
    pub(super) parser: Parser<'d>,
    limits: Limits,
    next: Option<Scan>,
    count: u32,
    visits: u64,
}

impl<'d> Scans<'d> {
    /// # Errors
    ///
    /// What stands before the first scan: no JPEG, a process that is not read, a limit.
    pub(super) fn new(data: &'d [u8], limits: &Limits) -> Result<Self, Error> {
        let mut parser = Parser::new(data, *limits)?;
        let first = parser.next_scan()?.ok_or(Error::Truncated)?;
        Ok(Self {
            parser,
            limits: *limits,
            next: Some(first),
            count: 0,
            visits: 0,
        })
    }

    /// The next scan, whose tables are those in force; `None` at the end of the image.
    ///
    /// # Errors
    ///
    /// Over the limit on scans, or on the blocks of all of them.
    pub(super) fn take(&mut self, frame: &Frame) -> Result<Option<Scan>, Error> {
        let Some(scan) = self.next.take() else {
            return Ok(None);
        };
        self.count += 1;
        let (value, allowed) = (u64::from(self.count), u64::from(self.limits.max_scans));
        if value > allowed {
            return Err(Error::OverLimit {
                what: "scans",
                value,
                allowed,
            });
        }
        self.visits += blocks_of(frame, &scan);
        if self.visits > self.limits.max_block_visits {
            return Err(Error::OverLimit {
                what: "block visits",
                value: self.visits,
                allowed: self.limits.max_block_visits,
            });
        }
        Ok(Some(scan))
    }

    /// The quantisation table in force for a component of the frame.
    pub(super) fn quant(&self, frame: &Frame, component: usize) -> Result<[u16; 64], Error> {
        self.parser.quant[frame.components[component].quant_index]
            .ok_or(Error::Corrupt("missing quantisation table"))
    }

    /// Goes on behind the data of a scan, which ended at `end`.
    pub(super) fn ended_at(&mut self, end: usize) -> Result<(), Error> {
        if is_left_over(self.parser.data, end) {
            return Err(Error::Corrupt(
                "data is left over behind the last block of a scan",
            ));
        }
        self.go_on_at(end)
    }

    /// Goes on behind the data of a scan that is not read: at the next marker that is no restart.
    pub(super) fn skip(&mut self, scan: &Scan) -> Result<(), Error> {
        let mut end = scan.position;
        loop {
            end += until_marker(self.parser.data, end);
            match self.parser.data.get(end + 1) {
                Some(0xD0..=0xD7) => end += 2,
                _ => return self.go_on_at(end),
            }
        }
    }

    /// Goes on at a place that is known from an earlier walk.
    pub(super) fn go_on_at(&mut self, end: usize) -> Result<(), Error> {
        self.parser.resume_at(end);
        self.next = self.parser.next_scan()?;
        Ok(())
    }
}

/// Whether anything but zeros and stuffing, with which some encoders pad, stands between a scan's last MCU and the next
/// marker: the reader then went out of step, as it does behind a damaged bit.
fn is_left_over(data: &[u8], end: usize) -> bool {
    let rest = data.get(end..).unwrap_or_default();
    rest.iter()
        .take(until_marker(data, end))
        .any(|byte| !matches!(byte, 0x00 | 0xFF))
}

/// Bytes from a place to the next marker, or to the end.
fn until_marker(data: &[u8], from: usize) -> usize {
    let rest = data.get(from..).unwrap_or_default();
    rest.windows(2)
        .position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xFF))
        .unwrap_or(rest.len())
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

fn blocks_of(frame: &Frame, scan: &Scan) -> u64 {
    let geometry = geometry(frame, scan);
    let per_mcu: usize = geometry.blocks.iter().map(|(h, v)| h * v).sum();
    (geometry.mcus_w * geometry.mcus_h * per_mcu) as u64
}
