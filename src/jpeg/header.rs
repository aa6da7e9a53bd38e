//! Marker segments (T.81 B): frame, tables, scans.

use super::huffman::Decoder;
use super::{Error, Limits, Notes};

/// What the samples of the components are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    /// One component.
    Gray,
    /// Luma and two chroma components (JFIF).
    Ycc,
    /// Red, green, blue.
    Rgb,
    /// Four inks, in Adobe's inverted sense if an Adobe segment is present.
    Cmyk {
        /// Zero is full ink.
        inverted: bool,
    },
    /// As CMYK, with the first three turned into luma and chroma (Adobe transform 2).
    Ycck,
}

/// A component of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameComponent {
    pub(crate) id: u8,
    /// Horizontal sampling factor, 1 to 4.
    pub(crate) h: usize,
    /// Vertical sampling factor, 1 to 4.
    pub(crate) v: usize,
    pub(crate) quant_index: usize,
    /// Samples that the component has (T.81 A.1.1).
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Blocks a row, padded to whole MCUs.
    pub(crate) blocks_w: usize,
    /// Rows of blocks, padded to whole MCUs.
    pub(crate) blocks_h: usize,
}

/// The frame header (T.81 B.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) progressive: bool,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) h_max: usize,
    pub(crate) v_max: usize,
    pub(crate) components: Vec<FrameComponent>,
}

impl Frame {
    /// Blocks of all components.
    pub(crate) fn blocks(&self) -> u64 {
        self.components
            .iter()
            .map(|component| (component.blocks_w * component.blocks_h) as u64)
            .sum()
    }
}

/// Reads up to the first scan, decoding nothing.
///
/// # Errors
///
/// What the header alone shows: no JPEG, a process that is not read, a limit.
#[cfg(any(test, feature = "bench-internals"))]
pub(crate) fn probe(data: &[u8], limits: &Limits) -> Result<(Frame, Model), Error> {
    let mut parser = Parser::new(data, *limits)?;
    match parser.next_scan()? {
        Some(_) => Ok((parser.frame()?.clone(), parser.model()?)),
        None => Err(Error::Truncated),
    }
}

/// One component of a scan: which of the frame's, and its table indices.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanComponent {
    pub(super) index: usize,
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// A scan header (T.81 B.2.3).
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) components: Vec<ScanComponent>,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) high: u32,
    pub(super) low: u32,
    /// Where the entropy-coded data starts.
    pub(super) position: usize,
}

/// Walks the segments; tables are those in force.
pub(super) struct Parser<'a> {
    pub(super) data: &'a [u8],
    position: usize,
    limits: Limits,
    segments: u32,
    frame: Option<Frame>,
    adobe: Option<u8>,
    pub(super) quant: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<Decoder>; 4],
    pub(super) ac: [Option<Decoder>; 4],
    /// MCUs between restart markers, zero for none.
    pub(super) restart_interval: u32,
    pub(super) notes: Notes,
}

impl<'a> Parser<'a> {
    pub(super) fn new(data: &'a [u8], limits: Limits) -> Result<Self, Error> {
        if !data.starts_with(&[0xFF, 0xD8]) {
            return Err(Error::NotJpeg);
        }
        Ok(Self {
            data,
            position: 2,
            limits,
            segments: 0,
            frame: None,
            adobe: None,
            quant: [None; 4],
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            restart_interval: 0,
            notes: Notes::default(),
        })
    }

    pub(super) fn frame(&self) -> Result<&Frame, Error> {
        self.frame
            .as_ref()
            .ok_or(Error::Corrupt("a scan before the frame header"))
    }

    pub(super) fn model(&self) -> Result<Model, Error> {
        let frame = self.frame()?;
        let ids: Vec<u8> = frame
            .components
            .iter()
            .map(|component| component.id)
            .collect();
        match (ids.as_slice(), self.adobe) {
            ([_], _) => Ok(Model::Gray),
            ([b'R', b'G', b'B'], None) | ([_, _, _], Some(0)) => Ok(Model::Rgb),
            ([_, _, _], _) => Ok(Model::Ycc),
            ([_, _, _, _], Some(2)) => Ok(Model::Ycck),
            ([_, _, _, _], adobe) => Ok(Model::Cmyk {
                inverted: adobe.is_some(),
            }),
            _ => Err(Error::Unsupported("two components")),
        }
    }

    /// Goes on after the entropy-coded data of a scan.
    pub(super) fn resume_at(&mut self, position: usize) {
        self.position = position;
    }

    /// Reads segments up to the next scan header; `None` at the end of the image.
    pub(super) fn next_scan(&mut self) -> Result<Option<Scan>, Error> {
        loop {
            let Some(marker) = self.next_marker() else {
                if self.frame.is_none() {
                    return Err(Error::Truncated);
                }
                self.notes.missing_end = true;
                return Ok(None);
            };
            self.segments += 1;
            if self.segments > self.limits.max_segments {
                return Err(over(
                    "segments",
                    self.segments.into(),
                    self.limits.max_segments.into(),
                ));
            }
            match marker {
                0xD9 => {
                    self.notes.trailing_bytes = (self.data.len() - self.position) as u64;
                    return Ok(None);
                }
                // TEM and RSTn have no length.
                0x01 | 0xD0..=0xD8 => self.notes.stray_bytes = true,
                _ => {
                    let body = self.body()?;
                    if marker == 0xDA {
                        return self.scan(body).map(Some);
                    }
                    self.segment(marker, body)?;
                }
            }
        }
    }

    fn segment(&mut self, marker: u8, body: &[u8]) -> Result<(), Error> {
        match marker {
            0xC0..=0xC2 => self.start_of_frame(marker, body),
            0xC3 => Err(Error::Unsupported("lossless")),
            0xC9 | 0xCA | 0xCC => Err(Error::Unsupported("arithmetic coding")),
            0xCB => Err(Error::Unsupported("lossless, arithmetic coding")),
            0xC5..=0xC7 | 0xCD..=0xCF | 0xDE | 0xDF => Err(Error::Unsupported("hierarchical")),
            0xDC => Err(Error::Unsupported("number of lines defined after the scan")),
            0xC4 => self.huffman_tables(body),
            0xDB => self.quant_tables(body),
            0xDD => {
                let bytes = body.first_chunk::<2>().ok_or(Error::Corrupt("short DRI"))?;
                self.restart_interval = u16::from_be_bytes(*bytes).into();
                Ok(())
            }
            0xE0 => {
                if let [b'J', b'F', b'I', b'F', 0, _, _, unit, x1, x2, y1, y2, ..] = body {
                    self.notes.wrong_density = *unit > 2 || (*x1 | *x2) == 0 || (*y1 | *y2) == 0;
                }
                Ok(())
            }
            0xEE => {
                if let [
                    b'A',
                    b'd',
                    b'o',
                    b'b',
                    b'e',
                    _,
                    _,
                    _,
                    _,
                    _,
                    _,
                    transform,
                    ..,
                ] = body
                {
                    self.adobe = Some(*transform);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn next_marker(&mut self) -> Option<u8> {
        let mut skipped = false;
        loop {
            let rest = self.data.get(self.position..)?;
            let found = rest.iter().position(|&byte| byte == 0xFF)?;
            skipped |= found > 0;
            self.position += found + 1;
            let fill = self
                .data
                .get(self.position..)?
                .iter()
                .position(|&byte| byte != 0xFF)?;
            self.position += fill;
            let marker = *self.data.get(self.position)?;
            self.position += 1;
            if marker != 0 {
                self.notes.stray_bytes |= skipped;
                return Some(marker);
            }
            skipped = true;
        }
    }

    fn body(&mut self) -> Result<&'a [u8], Error> {
        let rest = self.data.get(self.position..).ok_or(Error::Truncated)?;
        let length = usize::from(u16::from_be_bytes(
            *rest.first_chunk::<2>().ok_or(Error::Truncated)?,
        ));
        if length < 2 {
            return Err(Error::Corrupt("segment length below 2"));
        }
        let body = rest.get(2..length).ok_or(Error::Truncated)?;
        self.position += length;
        Ok(body)
    }

    fn start_of_frame(&mut self, marker: u8, body: &[u8]) -> Result<(), Error> {
        if self.frame.is_some() {
            return Err(Error::Corrupt("a second frame header"));
        }
        let (&[precision, y1, y2, x1, x2, count], list) = body
            .split_first_chunk::<6>()
            .ok_or(Error::Corrupt("short frame header"))?;
        if precision == 12 {
            return Err(Error::Unsupported("12-bit samples"));
        }
        if precision != 8 {
            return Err(Error::Corrupt("sample precision"));
        }
        let (width, height) = (u16::from_be_bytes([x1, x2]), u16::from_be_bytes([y1, y2]));
        if width == 0 {
            return Err(Error::Corrupt("width of zero"));
        }
        if height == 0 {
            return Err(Error::Unsupported("number of lines defined after the scan"));
        }
        let pixels = u64::from(width) * u64::from(height);
        if pixels > self.limits.max_pixels {
            return Err(over("pixels", pixels, self.limits.max_pixels));
        }
        if !matches!(count, 1 | 3 | 4) || list.len() != usize::from(count) * 3 {
            return Err(Error::Unsupported("number of components"));
        }
        let mut components = Vec::with_capacity(4);
        for item in list.chunks_exact(3) {
            let (h, v) = (usize::from(item[1] >> 4), usize::from(item[1] & 15));
            if !(1..=4).contains(&h) || !(1..=4).contains(&v) || item[2] > 3 {
                return Err(Error::Corrupt("component parameters"));
            }
            components.push(FrameComponent {
                id: item[0],
                h,
                v,
                quant_index: usize::from(item[2]),
                width: 0,
                height: 0,
                blocks_w: 0,
                blocks_h: 0,
            });
        }
        // One component is never interleaved, so its factors mean nothing (T.81 A.2.2).
        if let [only] = components.as_mut_slice() {
            (only.h, only.v) = (1, 1);
        }
        let h_max = components
            .iter()
            .map(|component| component.h)
            .max()
            .unwrap_or(1);
        let v_max = components
            .iter()
            .map(|component| component.v)
            .max()
            .unwrap_or(1);
        let mcus_w = usize::from(width).div_ceil(8 * h_max);
        let mcus_h = usize::from(height).div_ceil(8 * v_max);
        for component in &mut components {
            component.width = (usize::from(width) * component.h).div_ceil(h_max);
            component.height = (usize::from(height) * component.v).div_ceil(v_max);
            component.blocks_w = mcus_w * component.h;
            component.blocks_h = mcus_h * component.v;
        }
        let frame = Frame {
            progressive: marker == 0xC2,
            width: width.into(),
            height: height.into(),
            h_max,
            v_max,
            components,
        };
        if frame.blocks() > self.limits.max_block_visits {
            return Err(over("blocks", frame.blocks(), self.limits.max_block_visits));
        }
        self.frame = Some(frame);
        Ok(())
    }

    fn quant_tables(&mut self, mut body: &[u8]) -> Result<(), Error> {
        while let Some((&head, rest)) = body.split_first() {
            let (wide, slot) = (head >> 4, usize::from(head & 15));
            if wide > 1 || slot > 3 {
                return Err(Error::Corrupt("quantisation table parameters"));
            }
            let size = if wide == 1 { 128 } else { 64 };
            let values = rest
                .get(..size)
                .ok_or(Error::Corrupt("short quantisation table"))?;
            let mut table = [0u16; 64];
            for (position, step) in table.iter_mut().enumerate() {
                *step = if wide == 1 {
                    u16::from_be_bytes([values[2 * position], values[2 * position + 1]])
                } else {
                    values[position].into()
                };
            }
            self.quant[slot] = Some(table);
            body = &rest[size..];
        }
        Ok(())
    }

    fn huffman_tables(&mut self, mut body: &[u8]) -> Result<(), Error> {
        while let Some((&head, rest)) = body.split_first() {
            let (class, slot) = (head >> 4, usize::from(head & 15));
            let (counts, rest) = rest
                .split_first_chunk::<16>()
                .ok_or(Error::Corrupt("short Huffman table"))?;
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let values = rest
                .get(..total)
                .ok_or(Error::Corrupt("short Huffman table"))?;
            if class > 1 || slot > 3 || total > 256 {
                return Err(Error::Corrupt("Huffman table parameters"));
            }
            // A storm of tables is work too: each costs about as much as a small segment of data.
            self.segments += 1;
            let decoder = Decoder::new(counts, values)?;
            let slots = if class == 0 {
                &mut self.dc
            } else {
                &mut self.ac
            };
            slots[slot] = Some(decoder);
            body = &rest[total..];
        }
        Ok(())
    }

    fn scan(&self, body: &[u8]) -> Result<Scan, Error> {
        let frame = self.frame()?;
        let (&count, rest) = body
            .split_first()
            .ok_or(Error::Corrupt("short scan header"))?;
        let count = usize::from(count);
        if !(1..=4).contains(&count) || rest.len() != 2 * count + 3 {
            return Err(Error::Corrupt("scan header"));
        }
        let mut components = Vec::with_capacity(4);
        for item in rest[..2 * count].chunks_exact(2) {
            let index = frame
                .components
                .iter()
                .position(|component| component.id == item[0]);
            let index = index.ok_or(Error::Corrupt("scan of an unknown component"))?;
            let (dc, ac) = (usize::from(item[1] >> 4), usize::from(item[1] & 15));
            if dc > 3
                || ac > 3
                || components
                    .iter()
                    .any(|known: &ScanComponent| known.index == index)
            {
                return Err(Error::Corrupt("scan component"));
            }
            components.push(ScanComponent { index, dc, ac });
        }
        let blocks: usize = components
            .iter()
            .map(|c| frame.components[c.index].h * frame.components[c.index].v)
            .sum();
        if count > 1 && blocks > 10 {
            return Err(Error::Corrupt("more than ten blocks in an MCU"));
        }
        let tail = &rest[2 * count..];
        let (start, end) = (usize::from(tail[0]), usize::from(tail[1]));
        let (high, low) = (u32::from(tail[2] >> 4), u32::from(tail[2] & 15));
        let scan = Scan {
            components,
            start,
            end,
            high,
            low,
            position: self.position,
        };
        if frame.progressive {
            let banded = if start == 0 {
                end == 0
            } else {
                end >= start && end < 64 && count == 1
            };
            if !banded || low > 13 || (high != 0 && high != low + 1) {
                return Err(Error::Corrupt("progressive scan parameters"));
            }
        }
        Ok(scan)
    }
}

fn over(what: &'static str, value: u64, allowed: u64) -> Error {
    Error::OverLimit {
        what,
        value,
        allowed,
    }
}
