//! Huffman tables: decoding (T.81 F.2.2.3, C), optimal construction (K.2).

use super::Error;
use super::bits::BitReader;

/// Bits looked up at once. Ten hold nearly all codes of photographs together with their value bits.
const LOOKUP_BITS: u32 = 10;

/// One entry of the lookup: bits to skip in 0..8, run in 8..12, size in 12..16, value in 16..32.
/// A value of zero with a size says that the value bits are still to be read; an entry of zero, that the code is longer.
#[derive(Clone, Copy)]
pub(super) struct Entry(u32);

impl Entry {
    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        self.0 & 0xFF
    }
    #[inline(always)]
    pub(super) fn run(self) -> usize {
        (self.0 >> 8 & 15) as usize
    }
    #[inline(always)]
    pub(super) fn size(self) -> u32 {
        self.0 >> 12 & 15
    }
    #[inline(always)]
    pub(super) fn value(self) -> i16 {
        (self.0 >> 16) as u16 as i16
    }
}

/// A table ready for decoding.
#[derive(Clone)]
pub(super) struct Decoder {
    lookup: Box<[Entry; 1 << LOOKUP_BITS]>,
    /// Symbol and length by the same bits; length zero where the code is longer.
    symbols: Box<[(u8, u8); 1 << LOOKUP_BITS]>,
    /// Of each length, the first code past its last one, left-aligned in 16 bits (T.81 F.2.2.3 MAXCODE + 1).
    limits: [u32; 17],
    /// Of each length, what to add to a code to get its index in `values`.
    offsets: [i32; 17],
    values: Vec<u8>,
}

impl Decoder {
    /// From the BITS and HUFFVAL lists of a DHT segment.
    ///
    /// # Errors
    ///
    /// Corrupt where the lengths do not form a prefix code.
    pub(super) fn new(counts: &[u8; 16], values: &[u8]) -> Result<Self, Error> {
        let mut symbols = Box::new([(0u8, 0u8); 1 << LOOKUP_BITS]);
        let mut limits = [0u32; 17];
        let mut offsets = [0i32; 17];
        let mut code = 0u32;
        let mut index = 0usize;
        for length in 1..=16u32 {
            let count = u32::from(counts[length as usize - 1]);
            offsets[length as usize] = index as i32 - code as i32;
            if code + count > 1 << length {
                return Err(Error::Corrupt("Huffman table is over-full"));
            }
            for _ in 0..count {
                let symbol = *values
                    .get(index)
                    .ok_or(Error::Corrupt("Huffman table lacks values"))?;
                if length <= LOOKUP_BITS {
                    let first = (code << (LOOKUP_BITS - length)) as usize;
                    let span = 1usize << (LOOKUP_BITS - length);
                    symbols[first..first + span].fill((symbol, length as u8));
                }
                code += 1;
                index += 1;
            }
            limits[length as usize] = code << (16 - length);
            code <<= 1;
        }
        let lookup = Box::new(std::array::from_fn(|bits| {
            entry(bits as u32, symbols[bits])
        }));
        Ok(Self {
            lookup,
            symbols,
            limits,
            offsets,
            values: values.to_vec(),
        })
    }

    /// The entry for the next bits, also for codes longer than the lookup. Bits are not taken.
    #[inline(always)]
    pub(super) fn entry(&self, reader: &BitReader<'_>) -> Result<Entry, Error> {
        let entry = self.lookup[reader.peek(LOOKUP_BITS) as usize];
        if entry.0 != 0 {
            Ok(entry)
        } else {
            self.long(reader)
        }
    }

    /// The next symbol.
    #[inline(always)]
    pub(super) fn symbol(&self, reader: &mut BitReader<'_>) -> Result<u8, Error> {
        reader.refill();
        let (symbol, length) = self.symbols[reader.peek(LOOKUP_BITS) as usize];
        if length != 0 {
            reader.skip(u32::from(length));
            return Ok(symbol);
        }
        let entry = self.long(reader)?;
        reader.skip(entry.length());
        Ok((entry.run() << 4) as u8 | entry.size() as u8)
    }

    #[cold]
    #[inline(never)]
    fn long(&self, reader: &BitReader<'_>) -> Result<Entry, Error> {
        let bits = reader.peek(16);
        for length in LOOKUP_BITS + 1..=16 {
            if bits < self.limits[length as usize] {
                let index = (bits >> (16 - length)) as i32 + self.offsets[length as usize];
                let symbol = usize::try_from(index)
                    .ok()
                    .and_then(|index| self.values.get(index));
                let symbol = u32::from(*symbol.ok_or(Error::Corrupt("bad Huffman code"))?);
                return Ok(Entry(length | (symbol >> 4) << 8 | (symbol & 15) << 12));
            }
        }
        Err(if reader.is_overrun() {
            Error::Truncated
        } else {
            Error::Corrupt("bad Huffman code")
        })
    }
}

fn entry(bits: u32, (symbol, length): (u8, u8)) -> Entry {
    if length == 0 {
        return Entry(0);
    }
    let (symbol, length) = (u32::from(symbol), u32::from(length));
    let size = symbol & 15;
    let plain = (symbol >> 4) << 8 | size << 12;
    if size == 0 || length + size > LOOKUP_BITS {
        return Entry(plain | length);
    }
    let extra = bits >> (LOOKUP_BITS - length - size) & ((1 << size) - 1);
    Entry(plain | (length + size) | u32::from(extend(extra, size) as u16) << 16)
}

/// T.81 F.2.2.1 EXTEND: the signed value of `size` bits.
#[inline(always)]
pub(super) fn extend(bits: u32, size: u32) -> i16 {
    let value = bits as i32;
    let below = i32::from(value < (1i32 << size >> 1));
    (value - below * ((1 << size) - 1)) as i16
}

/// Codes for encoding: BITS and HUFFVAL, and the code of each symbol.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    pub(super) counts: [u8; 16],
    pub(super) values: Vec<u8>,
    /// Code in the low bits.
    pub(super) codes: [u16; 256],
    /// Length of each code in bits; zero for symbols that do not occur.
    pub(super) lengths: [u8; 256],
}

impl Encoder {
    /// The best code for these frequencies with codes of at most 16 bits, none of all ones (T.81 K.2).
    pub(super) fn optimal(frequencies: &[u32; 256]) -> Self {
        let per_length = code_lengths(frequencies);
        let mut order: Vec<u8> = (0..=255u8)
            .filter(|&symbol| frequencies[usize::from(symbol)] > 0)
            .collect();
        order.sort_by(|&a, &b| {
            frequencies[usize::from(b)]
                .cmp(&frequencies[usize::from(a)])
                .then(a.cmp(&b))
        });
        let mut counts = [0u8; 16];
        let (mut codes, mut lengths) = ([0u16; 256], [0u8; 256]);
        let (mut code, mut index) = (0u32, 0usize);
        for length in 1..=16usize {
            counts[length - 1] = per_length[length] as u8;
            for _ in 0..per_length[length] {
                let symbol = usize::from(order[index]);
                codes[symbol] = code as u16;
                lengths[symbol] = length as u8;
                code += 1;
                index += 1;
            }
            code <<= 1;
        }
        Self {
            counts,
            values: order,
            codes,
            lengths,
        }
    }

    /// Bits that symbols of these frequencies take, without their value bits.
    pub(super) fn bits(&self, frequencies: &[u32; 256]) -> u64 {
        frequencies
            .iter()
            .zip(&self.lengths)
            .map(|(&count, &length)| u64::from(count) * u64::from(length))
            .sum()
    }
}

/// How many codes of each length (1 to 16), the reserved all-ones code not among them (T.81 K.2 figures K.1 to K.3).
fn code_lengths(frequencies: &[u32; 256]) -> [u32; 65] {
    // The 257th symbol reserves the all-ones code: it has the least frequency and so one of the longest codes.
    let mut weights: Vec<(u64, u16)> = frequencies
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
        .map(|(symbol, &count)| {
            (
                (u64::from(count) << 9) | (256 - symbol as u64),
                symbol as u16,
            )
        })
        .collect();
    weights.push((1 << 9, 256));
    weights.sort_unstable();
    let leaves = weights.len();
    let mut counts = [0u32; 65];
    if leaves == 1 {
        return counts;
    }
    // Two queues: leaves in order, and inner nodes, which are made in order of weight.
    let mut inner: Vec<u64> = Vec::with_capacity(leaves);
    let mut parents = vec![0usize; 2 * leaves];
    let (mut leaf, mut node) = (0usize, 0usize);
    for next in 0..leaves - 1 {
        let mut sum = 0;
        for _ in 0..2 {
            let take_leaf =
                leaf < leaves && (node >= inner.len() || weights[leaf].0 >> 9 <= inner[node]);
            let child = if take_leaf {
                sum += weights[leaf].0 >> 9;
                leaf += 1;
                leaf - 1
            } else {
                sum += inner[node];
                node += 1;
                leaves + node - 1
            };
            parents[child] = leaves + next;
        }
        inner.push(sum);
    }
    let root = 2 * leaves - 2;
    let mut depths = vec![0usize; 2 * leaves];
    for item in (0..root).rev() {
        depths[item] = depths[parents[item]] + 1;
    }
    // Counts below 2^32 cannot make a tree deeper than 47 (Fibonacci weights are the worst).
    for &depth in &depths[..leaves] {
        counts[depth.min(64)] += 1;
    }
    // T.81 figure K.3: bring codes longer than 16 bits up.
    for length in (17..=64).rev() {
        while counts[length] > 0 {
            let mut shorter = length - 2;
            while counts[shorter] == 0 {
                shorter -= 1;
            }
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
    if let Some(longest) = (1..=16).rev().find(|&length| counts[length] > 0) {
        counts[longest] -= 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optimal_codes_are_prefix_codes_of_at_most_16_bits_and_leave_all_ones_unused() {
        let skews: [fn(u32) -> u32; 4] = [
            |_| 1,
            |i| i,
            |i| 1u32 << (i % 31),
            |i| if i < 40 { 1 << (i / 2) } else { 0 },
        ];
        for skew in skews {
            let frequencies: [u32; 256] = std::array::from_fn(|i| skew(i as u32));
            let encoder = Encoder::optimal(&frequencies);
            let kraft: u64 = encoder
                .lengths
                .iter()
                .filter(|l| **l > 0)
                .map(|&l| 1u64 << (16 - l))
                .sum();
            assert!(kraft < 1 << 16, "the all-ones code must stay free");
            for (symbol, &count) in frequencies.iter().enumerate() {
                assert_eq!(count > 0, encoder.lengths[symbol] > 0);
            }
            assert!(Decoder::new(&encoder.counts, &encoder.values).is_ok());
        }
    }

    #[test]
    fn one_symbol_gets_one_bit() {
        let mut frequencies = [0; 256];
        frequencies[7] = 12;
        let encoder = Encoder::optimal(&frequencies);
        assert_eq!(
            (
                encoder.lengths[7],
                encoder.codes[7],
                encoder.bits(&frequencies)
            ),
            (1, 0, 12)
        );
    }
}
