//! Where coefficients are kept: those that are not zero, as lists.

use super::ZIGZAG;

/// Samples of one frequency in eight neighbouring blocks.
pub(crate) type Lanes = [f32; LANES];

/// Blocks that are transformed side by side.
pub(crate) const LANES: usize = 8;

/// One row of blocks. The default has none, and takes no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockRow {
    /// The DC coefficient of each block.
    dc: Box<[i16]>,
    /// Of each block, where its entries end in `entries`.
    ends: Box<[u32]>,
    /// AC coefficients by rising zigzag position, see [`pack`].
    entries: Box<[u16]>,
}

/// An AC coefficient in 16 bits: the zigzag position below, ten bits of value above; [`ESCAPE`] in the place of the value
/// says that it follows in 16 bits of its own.
#[inline(always)]
pub(super) fn pack(position: usize, value: i16) -> u16 {
    (value << 6) as u16 | (position & 63) as u16
}

/// Values from -511 to 511 are packed.
pub(super) const ESCAPE: i16 = -512;

/// Calls `each` with zigzag position and value of every entry.
#[inline(always)]
pub(crate) fn unpack(entries: &[u16], mut each: impl FnMut(usize, i16)) {
    let mut list = entries.iter();
    while let Some(&entry) = list.next() {
        let mut value = (entry as i16) >> 6;
        if value == ESCAPE {
            value = list.next().map_or(0, |&raw| raw as i16);
        }
        each(usize::from(entry & 63), value);
    }
}

impl BlockRow {
    /// A row of blocks that have a DC coefficient only.
    pub(super) fn flat(levels: &[i16]) -> Self {
        Self {
            dc: levels.into(),
            ends: vec![0; levels.len()].into(),
            entries: Box::default(),
        }
    }

    /// Blocks in the row.
    pub(crate) fn len(&self) -> usize {
        self.dc.len()
    }

    /// Memory that it takes.
    pub(crate) fn bytes(&self) -> u64 {
        ((self.dc.len() + self.entries.len()) * 2 + self.ends.len() * 4) as u64
    }

    /// The DC coefficient of block `index`.
    #[inline(always)]
    pub(crate) fn dc(&self, index: usize) -> i16 {
        self.dc[index]
    }

    /// The entries of block `index`.
    #[inline(always)]
    pub(crate) fn entries(&self, index: usize) -> &[u16] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.entries
            .get(start as usize..self.ends[index] as usize)
            .unwrap_or_default()
    }

    /// The coefficients of block `index` in zigzag order.
    #[inline(always)]
    pub(crate) fn block(&self, index: usize) -> [i16; 64] {
        let mut block = [0; 64];
        block[0] = self.dc[index];
        unpack(self.entries(index), |position, value| {
            block[position & 63] = value;
        });
        block
    }

    /// Calls `each` with zigzag position and value of the AC coefficients of block `index` that are not zero.
    #[inline(always)]
    pub(crate) fn each_ac(&self, index: usize, each: impl FnMut(usize, i16)) {
        unpack(self.entries(index), each);
    }

    /// Loads up to eight blocks from `first` on as natural-order lanes of dequantised values, and returns the highest
    /// zigzag position that is not zero in any.
    ///
    /// Positions past `last` are left out: no size that asks for fewer frequencies has a use for them.
    #[inline(always)]
    #[expect(
        clippy::needless_range_loop,
        reason = "the lane indexes the inner arrays"
    )]
    pub(super) fn load(
        &self,
        first: usize,
        count: usize,
        quant: &[f32; 64],
        last: usize,
        work: &mut [Lanes; 64],
    ) -> usize {
        let mut highest = 0usize;
        *work = [[0.0; LANES]; 64];
        for lane in 0..count.min(LANES) {
            let index = first + lane;
            work[0][lane] = f32::from(self.dc[index]) * quant[0];
            let mut list = self.entries(index).iter();
            let mut position = 0;
            while let Some(&entry) = list.next() {
                let next = usize::from(entry & 63);
                if next > last {
                    break;
                }
                position = next;
                let mut value = (entry as i16) >> 6;
                if value == ESCAPE {
                    value = list.next().map_or(0, |&raw| raw as i16);
                }
                work[usize::from(ZIGZAG[position]) & 63][lane] = f32::from(value) * quant[position];
            }
            highest = highest.max(position);
        }
        highest
    }
}

/// Collects a row block by block.
#[derive(Debug, Default)]
pub(crate) struct RowBuilder {
    dc: Vec<i16>,
    ends: Vec<u32>,
    entries: Vec<u16>,
}

impl RowBuilder {
    /// Appends a block: its DC, and what `fill` writes of entries, whose number it returns.
    #[inline(always)]
    pub(super) fn push<E>(
        &mut self,
        used: &mut usize,
        fill: impl FnOnce(&mut [u16; 128]) -> Result<(i16, usize), E>,
    ) -> Result<(), E> {
        if self.entries.len() < *used + 128 {
            self.entries.resize(*used + 4096, 0);
        }
        let Some(target) = self.entries[*used..].first_chunk_mut::<128>() else {
            unreachable!("room was made");
        };
        let (dc, count) = fill(target)?;
        *used += count;
        self.dc.push(dc);
        self.ends.push(*used as u32);
        Ok(())
    }

    /// The row of what was collected since the last one, padded to `blocks` by flat ones; `used` is the sum of the counts.
    pub(super) fn finish(&mut self, used: &mut usize, blocks: usize) -> BlockRow {
        let level = self.dc.last().copied().unwrap_or(0);
        self.dc.resize(blocks, level);
        self.ends.resize(blocks, *used as u32);
        let row = BlockRow {
            dc: self.dc.as_slice().into(),
            ends: self.ends.as_slice().into(),
            entries: self.entries[..*used].into(),
        };
        self.dc.clear();
        self.ends.clear();
        *used = 0;
        row
    }
}

/// The row of blocks in zigzag order; `builder` is one that may have made others before.
#[inline(always)]
pub(crate) fn sparse(builder: &mut RowBuilder, blocks: &[[i16; 64]]) -> BlockRow {
    let mut used = 0;
    for block in blocks {
        let filled: Result<(), std::convert::Infallible> = builder.push(&mut used, |target| {
            let mut count = 0usize;
            let mut mask = nonzero(block) & !1;
            while mask != 0 {
                let position = mask.trailing_zeros() as usize & 63;
                mask &= mask - 1;
                put(target, &mut count, position, block[position]);
            }
            Ok((block[0], count))
        });
        match filled {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }
    builder.finish(&mut used, blocks.len())
}

/// A bit for each position that is not zero.
#[inline(always)]
pub(super) fn nonzero(block: &[i16; 64]) -> u64 {
    let flags: [u8; 64] = std::array::from_fn(|i| u8::from(block[i] != 0));
    let mut mask = 0;
    for (index, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
        // Multiplication gathers the eight low bits into the top byte, first flag lowest.
        let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= bits << (8 * index);
    }
    mask
}

/// Appends one AC coefficient.
#[inline(always)]
pub(super) fn put(target: &mut [u16; 128], count: &mut usize, position: usize, value: i16) {
    if (-511..=511).contains(&value) {
        target[*count & 127] = pack(position, value);
    } else {
        target[*count & 127] = pack(position, ESCAPE);
        *count += 1;
        target[*count & 127] = value as u16;
    }
    *count += 1;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_kept_in_lists_comes_back_whole(list in prop::collection::vec(
            prop_oneof![5 => Just(0i16), 3 => -20i16..20, 1 => any::<i16>()], 1..600)) {
            let mut source = list.iter().copied().cycle();
            let blocks: Vec<[i16; 64]> = (0..11)
                .map(|_| std::array::from_fn(|_| source.next().unwrap_or(0)))
                .collect();
            let mut builder = RowBuilder::default();
            prop_assert_eq!(sparse(&mut builder, &blocks[4..]).len(), blocks.len() - 4);
            let row = sparse(&mut builder, &blocks);
            prop_assert_eq!(row.len(), blocks.len());
            for (index, block) in blocks.iter().enumerate() {
                prop_assert_eq!(&row.block(index), block);
            }
            let steps: [f32; 64] = std::array::from_fn(|i| i as f32 + 1.0);
            for last in [0, 9, 63] {
                let mut expected = [[0.0; LANES]; 64];
                let mut highest = 0;
                for (lane, block) in blocks[3..].iter().enumerate() {
                    for position in 0..=last {
                        let natural = usize::from(ZIGZAG[position]);
                        expected[natural][lane] = f32::from(block[position]) * steps[position];
                        if position > 0 && block[position] != 0 {
                            highest = highest.max(position);
                        }
                    }
                }
                let mut work = [[1.0; LANES]; 64];
                prop_assert_eq!(row.load(3, LANES, &steps, last, &mut work), highest);
                prop_assert_eq!(work, expected);
            }
        }
    }
}
