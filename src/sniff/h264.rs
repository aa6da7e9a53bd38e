//! H.264: the sides that a sequence parameter set tells, for containers that tell none (ITU-T H.264).

use super::bytes::{find, from, head};

/// Bytes of a parameter set that are read: none is longer in practice.
const MAX_SET_BYTES: usize = 256;

/// Width and height of the first sequence parameter set in a byte stream (annex B), cropped (7.4.2.1.1).
pub(super) fn sides(stream: &[u8]) -> Option<(u32, u32)> {
    let mut at = 0;
    while let Some(offset) = find(from(stream, at), &[0, 0, 1]) {
        at += offset + 3;
        // The type of a NAL unit is in its low five bits; 7 is a sequence parameter set (table 7-1).
        if stream.get(at).is_some_and(|unit| unit & 0x9F == 7) {
            return read(&unescaped(head(from(stream, at + 1), MAX_SET_BYTES)));
        }
    }
    None
}

/// Takes out what keeps start codes out of a unit (7.3.1): a 3 behind two zeros.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for &byte in bytes {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        plain.push(byte);
    }
    plain
}

/// `seq_parameter_set_data` (7.3.2.1.1) as far as the cropping.
fn read(set: &[u8]) -> Option<(u32, u32)> {
    let mut bits = Bits { bytes: set, at: 0 };
    let profile = bits.take(8)?;
    bits.take(16)?;
    bits.unsigned()?;
    let (mut chroma, mut separate) = (1, 0);
    if matches!(
        profile,
        44 | 83 | 86 | 100 | 110 | 118 | 122 | 128 | 134 | 135 | 138 | 139 | 244
    ) {
        chroma = bits.unsigned()?;
        if chroma == 3 {
            separate = bits.take(1)?;
        }
        bits.unsigned()?;
        bits.unsigned()?;
        bits.take(1)?;
        if bits.take(1)? == 1 {
            for list in 0..if chroma == 3 { 12 } else { 8 } {
                if bits.take(1)? == 1 {
                    bits.scaling_list(if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.unsigned()?;
    match bits.unsigned()? {
        0 => {
            bits.unsigned()?;
        }
        1 => {
            bits.take(1)?;
            bits.unsigned()?;
            bits.unsigned()?;
            for _ in 0..bits.unsigned()?.min(255) {
                bits.unsigned()?;
            }
        }
        _ => {}
    }
    bits.unsigned()?;
    bits.take(1)?;
    let width = bits.unsigned()?.checked_add(1)?.checked_mul(16)?;
    let rows = bits.unsigned()?.checked_add(1)?;
    let frame_only = bits.take(1)?;
    let height = rows.checked_mul(16)?.checked_mul(2 - frame_only)?;
    if frame_only == 0 {
        bits.take(1)?;
    }
    bits.take(1)?;
    let mut crop = [0; 4];
    if bits.take(1)? == 1 {
        for side in &mut crop {
            *side = bits.unsigned()?;
        }
    }
    // Table 6-1: the unit of cropping is a chroma sample.
    let (unit_x, unit_y) = match (chroma, separate) {
        (1, _) => (2, 2),
        (2, _) => (2, 1),
        _ => (1, 1),
    };
    let [left, right, top, bottom] = crop;
    let cut_x = left.checked_add(right)?.checked_mul(unit_x)?;
    let cut_y = top
        .checked_add(bottom)?
        .checked_mul(unit_y * (2 - frame_only))?;
    let (width, height) = (width.checked_sub(cut_x)?, height.checked_sub(cut_y)?);
    (width > 0 && height > 0).then_some((width, height))
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// At most 32 bits.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    /// `ue(v)` (9.1).
    fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.take(1)? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.take(zeros)?)
    }

    /// `scaling_list` (7.3.2.1.1.1), passed over: a code `se(v)` (9.1.1) for each entry until the next scale is 0.
    fn scaling_list(&mut self, entries: u32) -> Option<()> {
        let (mut last, mut next) = (8_i32, 8_i32);
        for _ in 0..entries {
            if next != 0 {
                let code = self.unsigned()?;
                let half = i32::try_from(code.div_ceil(2)).ok()?;
                let delta = if code % 2 == 1 { half } else { -half };
                next = last.wrapping_add(delta).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sets of two encoders, with their start codes.
    const BASELINE: &[u8] = &[
        0, 0, 0, 1, 0x67, 0x42, 0xC0, 0x0B, 0xD9, 0x02, 0xC4, 0xEC, 0x04, 0x40, 0, 0, 3, 0, 0x40,
        0, 0, 7, 0x83, 0xC5, 0x0A, 0x92, 0, 0, 0, 1,
    ];

    #[test]
    fn sides_are_read_from_a_parameter_set() {
        assert_eq!(sides(BASELINE), Some((176, 144)));
    }

    #[test]
    fn a_set_that_is_cut_or_bent_tells_sides_or_nothing_and_never_panics() {
        for cut in 0..11 {
            assert_eq!(sides(&BASELINE[..cut]), None, "{cut}");
        }
        for at in 5..BASELINE.len() {
            for value in 0..=255 {
                let mut bent = BASELINE.to_vec();
                bent[at] = value;
                if let Some((width, height)) = sides(&bent) {
                    assert!(width > 0 && height > 0);
                }
            }
        }
        assert_eq!(sides(&[0, 0, 1, 0x67]), None);
        assert_eq!(
            sides(&[[0, 0, 1, 0x67].to_vec(), vec![0; 300]].concat()),
            None
        );
    }
}
