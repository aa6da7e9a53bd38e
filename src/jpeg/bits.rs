//! Bits of entropy-coded segments, with byte stuffing (T.81 F.1.2.3, F.2.2.5).

/// Reads bits, most significant first, 56 or more ahead.
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    position: usize,
    /// Bits to come, left-aligned. What lies past `count` is either zero or already the right bits.
    buffer: u64,
    count: u32,
    /// Zero bits that were appended after the end of the segment.
    padding: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8], position: usize) -> Self {
        Self {
            data,
            position,
            buffer: 0,
            count: 0,
            padding: 0,
        }
    }

    /// Makes at least 32 bits available.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if self.count < 32 {
            self.refill_more();
        }
    }

    #[inline(always)]
    fn refill_more(&mut self) {
        if let Some(next) = self
            .data
            .get(self.position..)
            .and_then(|rest| rest.first_chunk::<8>())
        {
            let word = u64::from_be_bytes(*next);
            // A byte of `word` is 0xFF exactly where its complement has a zero byte.
            let complement = !word;
            let has_marker =
                complement.wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080;
            if has_marker == 0 {
                self.buffer |= word >> self.count;
                let bytes = (63 - self.count) >> 3;
                self.position += bytes as usize;
                self.count += bytes * 8;
                return;
            }
        }
        self.refill_slowly();
    }

    #[cold]
    #[inline(never)]
    fn refill_slowly(&mut self) {
        // What the fast path left beyond `count` may stop short of stuffing: start from clean bits.
        if self.count < 64 {
            self.buffer &= !(u64::MAX >> self.count);
        }
        while self.count <= 56 {
            let byte = match self.data.get(self.position) {
                Some(0xFF) => match self.data.get(self.position + 1) {
                    Some(0) => {
                        self.position += 2;
                        Some(0xFF)
                    }
                    // A marker ends the segment; a lone 0xFF at the end of the data does too.
                    _ => None,
                },
                Some(&byte) => {
                    self.position += 1;
                    Some(byte)
                }
                None => None,
            };
            if byte.is_none() {
                self.padding = self.padding.saturating_add(8);
            }
            self.buffer |= u64::from(byte.unwrap_or(0)) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next `bits` (1 to 32) without taking them. [`BitReader::refill`] goes before.
    #[inline(always)]
    pub(super) fn peek(&self, bits: u32) -> u32 {
        (self.buffer >> (64 - bits)) as u32
    }

    /// Takes `bits`, at most as many as are available.
    #[inline(always)]
    pub(super) fn skip(&mut self, bits: u32) {
        self.buffer <<= bits;
        self.count = self.count.wrapping_sub(bits);
    }

    /// Takes `bits` (0 to 16).
    #[inline(always)]
    pub(super) fn take(&mut self, bits: u32) -> u32 {
        if bits == 0 {
            return 0;
        }
        self.refill();
        let value = self.peek(bits);
        self.skip(bits);
        value
    }

    /// Whether more bits were taken than the segment has.
    #[inline(always)]
    pub(super) fn is_overrun(&self) -> bool {
        self.padding > self.count
    }

    /// Drops what is left of the current byte and returns where the next unread byte is.
    pub(super) fn align(&mut self) -> usize {
        // Whole bytes that were read ahead go back; a stuffed byte counts two.
        let mut ahead = self.count.saturating_sub(self.padding) / 8;
        let mut position = self.position;
        while ahead > 0 && position > 0 {
            position -= 1;
            if position > 0
                && self.data.get(position) == Some(&0)
                && self.data.get(position - 1) == Some(&0xFF)
            {
                position -= 1;
            }
            ahead -= 1;
        }
        *self = Self::new(self.data, position);
        position
    }

    /// Goes on at `position`.
    pub(super) fn restart(&mut self, position: usize) {
        *self = Self::new(self.data, position);
    }
}

/// Where written bits go: to memory, or only counted.
pub(super) trait Sink {
    fn byte(&mut self, byte: u8);
    /// Four bytes of which none is 0xFF.
    fn plain(&mut self, bytes: [u8; 4]);
}

impl Sink for Vec<u8> {
    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        self.push(byte);
    }
    #[inline(always)]
    fn plain(&mut self, bytes: [u8; 4]) {
        self.extend_from_slice(&bytes);
    }
}

/// Counts bytes.
#[cfg(test)]
#[derive(Default)]
pub(super) struct Counter(pub(super) u64);

#[cfg(test)]
impl Sink for Counter {
    #[inline(always)]
    fn byte(&mut self, _: u8) {
        self.0 += 1;
    }
    #[inline(always)]
    fn plain(&mut self, _: [u8; 4]) {
        self.0 += 4;
    }
}

/// Writes bits, most significant first, with stuffing.
pub(super) struct BitWriter<'s, S: Sink> {
    sink: &'s mut S,
    buffer: u64,
    count: u32,
}

impl<'s, S: Sink> BitWriter<'s, S> {
    pub(super) fn new(sink: &'s mut S) -> Self {
        Self {
            sink,
            buffer: 0,
            count: 0,
        }
    }

    /// Appends the low `bits` (0 to 32) of `value`, whose higher bits are zero.
    #[inline(always)]
    pub(super) fn put(&mut self, value: u32, bits: u32) {
        self.buffer = (self.buffer << bits) | u64::from(value);
        self.count += bits;
        if self.count >= 32 {
            self.count -= 32;
            let word = (self.buffer >> self.count) as u32;
            let complement = !word;
            if complement.wrapping_sub(0x0101_0101) & word & 0x8080_8080 == 0 {
                self.sink.plain(word.to_be_bytes());
            } else {
                for byte in word.to_be_bytes() {
                    self.stuffed(byte);
                }
            }
        }
    }

    /// Fills the last byte with one bits (T.81 F.1.2.3).
    pub(super) fn finish(mut self) {
        let missing = (8 - self.count % 8) % 8;
        self.put((1 << missing) - 1, missing);
        while self.count >= 8 {
            self.count -= 8;
            self.stuffed((self.buffer >> self.count) as u8);
        }
    }

    #[inline(always)]
    fn stuffed(&mut self, byte: u8) {
        self.sink.byte(byte);
        if byte == 0xFF {
            self.sink.byte(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_back_as_they_were_written_through_stuffing() {
        let values: Vec<(u32, u32)> = (0..4000u32)
            .map(|i| {
                let bits = 1 + (i * 7) % 16;
                let value = if i % 3 == 0 {
                    u32::MAX
                } else {
                    i.wrapping_mul(2_654_435_761)
                };
                (value & ((1 << bits) - 1), bits)
            })
            .collect();
        let mut bytes = Vec::new();
        let mut writer = BitWriter::new(&mut bytes);
        for &(value, bits) in &values {
            writer.put(value, bits);
        }
        writer.finish();
        let mut counter = Counter::default();
        let mut writer = BitWriter::new(&mut counter);
        for &(value, bits) in &values {
            writer.put(value, bits);
        }
        writer.finish();
        assert_eq!(counter.0, bytes.len() as u64);
        bytes.extend([0xFF, 0xD9]);
        let mut reader = BitReader::new(&bytes, 0);
        for (value, bits) in values {
            assert_eq!(reader.take(bits), value);
        }
        assert!(!reader.is_overrun());
        assert_eq!(reader.align(), bytes.len() - 2);
    }
}
