//! Whether a baseline scan without an end marker is whole: its Huffman symbols are walked and its blocks counted.

use super::bytes::{be16, from, slice, u8_at};

/// Whether the last scan of a baseline or extended Huffman JPEG holds every block that its frame promises.
///
/// Progressive files answer `false`: their last scan cannot be counted without the coefficients of the others.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    walk(bytes).unwrap_or(false)
}

/// A Huffman table in the form of T.81 F.2.2.3: least code, greatest code and first value per length.
#[derive(Clone, Default)]
struct Table {
    counts: [u8; 16],
    values: Vec<u8>,
}

#[derive(Clone, Copy, Default)]
struct Component {
    id: u8,
    h: u64,
    v: u64,
}

fn walk(bytes: &[u8]) -> Option<bool> {
    let mut tables: [Table; 8] = Default::default();
    let mut components: Vec<Component> = Vec::new();
    let (mut width, mut height, mut restart) = (0_u64, 0_u64, 0_u64);
    let mut at = 2;
    let mut complete = None;
    let mut left = 10_000;
    while left > 0 {
        left -= 1;
        while u8_at(bytes, at) == Some(0xFF) && u8_at(bytes, at + 1) == Some(0xFF) {
            at += 1;
        }
        let (Some(0xFF), Some(marker)) = (u8_at(bytes, at), u8_at(bytes, at + 1)) else {
            return complete;
        };
        let Some(len) = be16(bytes, at + 2).map(usize::from) else {
            return complete;
        };
        let body = slice(bytes, at + 4, len.checked_sub(2)?)?;
        at += 2 + len;
        match marker {
            0xC0 | 0xC1 => {
                height = be16(body, 1)?.into();
                width = be16(body, 3)?.into();
                components = (0..usize::from(u8_at(body, 5)?))
                    .map(|index| {
                        let factors = u8_at(body, 7 + 3 * index)?;
                        Some(Component {
                            id: u8_at(body, 6 + 3 * index)?,
                            h: (factors >> 4).into(),
                            v: (factors & 15).into(),
                        })
                    })
                    .collect::<Option<_>>()?;
            }
            0xC2..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => return None,
            0xC4 => read_tables(body, &mut tables)?,
            0xDD => restart = be16(body, 0)?.into(),
            0xDA => {
                let (blocks, mcus) = layout(body, &components, width, height)?;
                let mut bits = Bits {
                    bytes: from(bytes, at),
                    at: 0,
                    held: 0,
                    count: 0,
                };
                complete = Some(scan(&mut bits, &tables, &blocks, mcus, restart).is_some());
                at += bits.at;
                if complete == Some(false) {
                    return complete;
                }
            }
            _ => {}
        }
    }
    None
}

/// T.81 B.2.4.2.
fn read_tables(mut body: &[u8], tables: &mut [Table; 8]) -> Option<()> {
    while let Some(&selector) = body.first() {
        let counts: [u8; 16] = super::bytes::array(body, 1)?;
        let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
        let values = slice(body, 17, total)?.to_vec();
        // Class in the high nibble, destination in the low one: DC 0 to 3, AC 4 to 7.
        let index = usize::from(selector >> 4 & 1) * 4 + usize::from(selector & 3);
        *tables.get_mut(index)? = Table { counts, values };
        body = from(body, 17 + total);
    }
    Some(())
}

/// The (DC table, AC table) of each block of an MCU, and how many MCUs there are (T.81 A.2).
fn layout(
    body: &[u8],
    components: &[Component],
    width: u64,
    height: u64,
) -> Option<(Vec<(usize, usize)>, u64)> {
    let count = usize::from(u8_at(body, 0)?);
    let (h_max, v_max) = components.iter().fold((1, 1), |(h, v), component| {
        (component.h.max(h), component.v.max(v))
    });
    let mut blocks = Vec::new();
    let mut mcus = width.div_ceil(8 * h_max) * height.div_ceil(8 * v_max);
    for index in 0..count {
        let id = u8_at(body, 1 + 2 * index)?;
        let selectors = u8_at(body, 2 + 2 * index)?;
        let component = components.iter().find(|component| component.id == id)?;
        let tables = (
            usize::from(selectors >> 4 & 3),
            4 + usize::from(selectors & 3),
        );
        if count == 1 {
            // A scan of one component is not interleaved: a block is an MCU (A.2.2).
            mcus = (width * component.h).div_ceil(h_max).div_ceil(8)
                * (height * component.v).div_ceil(v_max).div_ceil(8);
            blocks.push(tables);
        } else {
            for _ in 0..component.h * component.v {
                blocks.push(tables);
            }
        }
    }
    Some((blocks, mcus))
}

fn scan(
    bits: &mut Bits<'_>,
    tables: &[Table; 8],
    blocks: &[(usize, usize)],
    mcus: u64,
    restart: u64,
) -> Option<()> {
    for mcu in 0..mcus {
        if restart > 0 && mcu > 0 && mcu.is_multiple_of(restart) {
            bits.restart()?;
        }
        for &(dc, ac) in blocks {
            let size = bits.symbol(tables.get(dc)?)?;
            bits.take(u32::from(size))?;
            let mut index = 1;
            while index < 64 {
                let symbol = bits.symbol(tables.get(ac)?)?;
                let (run, size) = (symbol >> 4, symbol & 15);
                match (run, size) {
                    (15, 0) => index += 16,
                    (_, 0) => break,
                    _ => {
                        bits.take(u32::from(size))?;
                        index += usize::from(run) + 1;
                    }
                }
            }
        }
    }
    Some(())
}

/// Entropy-coded bits with their stuffing removed (T.81 F.1.2.3).
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        if self.count == 0 {
            let byte = u8_at(self.bytes, self.at)?;
            if byte == 0xFF {
                if u8_at(self.bytes, self.at + 1) != Some(0) {
                    return None;
                }
                self.at += 1;
            }
            self.at += 1;
            self.held = byte.into();
            self.count = 8;
        }
        self.count -= 1;
        Some(self.held >> self.count & 1)
    }

    fn take(&mut self, count: u32) -> Option<()> {
        for _ in 0..count {
            self.bit()?;
        }
        Some(())
    }

    /// T.81 F.2.2.3 DECODE.
    fn symbol(&mut self, table: &Table) -> Option<u8> {
        let (mut code, mut first, mut index) = (0_u32, 0_u32, 0_u32);
        for count in table.counts {
            code |= self.bit()?;
            let count = u32::from(count);
            if code < first + count {
                return table
                    .values
                    .get((index + code.checked_sub(first)?) as usize)
                    .copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }

    fn restart(&mut self) -> Option<()> {
        self.count = 0;
        while u8_at(self.bytes, self.at) == Some(0xFF)
            && u8_at(self.bytes, self.at + 1) == Some(0xFF)
        {
            self.at += 1;
        }
        let marker = u8_at(self.bytes, self.at + 1)?;
        (u8_at(self.bytes, self.at) == Some(0xFF) && (0xD0..=0xD7).contains(&marker))
            .then(|| self.at += 2)
    }
}
