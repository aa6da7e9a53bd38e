//! Baseline JPEG out of fixed-point coefficients: statistics, exact length, writing.

#[cfg(test)]
use super::bits::Counter;
use super::bits::{BitWriter, Sink};
use super::dct::Block;
use super::huffman::Encoder;
use super::quant::Quantiser;

/// Blocks of all components in scan order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Luma sampling factors (h, v): (1, 1), (2, 1) or (2, 2); chroma has (1, 1).
    pub(crate) luma: (usize, usize),
    /// One or three components, each with its blocks in the order in which the scan has them.
    pub(crate) components: Vec<Vec<Block>>,
}

/// How often each symbol occurs, and the value bits beside them.
#[derive(Clone, Debug)]
pub(crate) struct Statistics {
    dc: [u32; 256],
    ac: [u32; 256],
    value_bits: u64,
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            dc: [0; 256],
            ac: [0; 256],
            value_bits: 0,
        }
    }
}

impl Statistics {
    /// Counts the symbols of `blocks`, which follow each other in a scan.
    pub(crate) fn count(&mut self, blocks: &[Block], quantiser: &Quantiser) {
        let mut predictor = 0i16;
        for block in blocks {
            let quantised = quantiser.quantise(block);
            self.count_block(&quantised, &mut predictor);
        }
    }

    /// Counts one quantised block.
    #[inline(always)]
    pub(crate) fn count_block(&mut self, quantised: &Block, predictor: &mut i16) {
        let size = bit_size(quantised[0].wrapping_sub(*predictor));
        *predictor = quantised[0];
        self.dc[size as usize & 255] += 1;
        self.value_bits += u64::from(size);
        let mut mask = nonzero(quantised) & !1;
        let mut previous = 0u32;
        while mask != 0 {
            let position = mask.trailing_zeros();
            mask &= mask - 1;
            let run = position - previous - 1;
            previous = position;
            let size = bit_size(quantised[position as usize & 63]);
            if run > 15 {
                self.ac[0xF0] += run >> 4;
            }
            self.ac[((run & 15) << 4 | size) as usize & 255] += 1;
            self.value_bits += u64::from(size);
        }
        if previous != 63 {
            self.ac[0] += 1;
        }
    }

    /// Bits of entropy-coded data under the best tables, before stuffing, with the bytes of those tables' segments.
    pub(crate) fn bits(&self) -> u64 {
        let (dc, ac) = (Encoder::optimal(&self.dc), Encoder::optimal(&self.ac));
        let tables = dc.values.len() + ac.values.len() + 2 * 17;
        dc.bits(&self.dc) + ac.bits(&self.ac) + self.value_bits + 8 * tables as u64
    }
}

/// The Huffman codes of one file.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    dc: Vec<Encoder>,
    ac: Vec<Encoder>,
}

impl Tables {
    /// The best codes for `statistics`: of luma, and of both chroma components together.
    pub(crate) fn optimal(statistics: &[Statistics]) -> Self {
        Self {
            dc: statistics
                .iter()
                .map(|statistics| Encoder::optimal(&statistics.dc))
                .collect(),
            ac: statistics
                .iter()
                .map(|statistics| Encoder::optimal(&statistics.ac))
                .collect(),
        }
    }
}

/// Bytes of everything but Huffman tables and entropy-coded data, for one or three components.
pub(crate) fn header_len(components: usize) -> u64 {
    let tables = if components == 1 { 1 } else { 2 };
    // SOI, JFIF APP0, DQT, SOF0, DHT marker and length, SOS, EOI.
    2 + 18 + (4 + 65 * tables) + (10 + 3 * components as u64) + 4 + (8 + 2 * components as u64) + 2
}

/// The file: baseline sequential, JFIF 1.01, no metadata.
pub(crate) fn encode(
    layout: &Layout,
    quantisers: &[Quantiser; 2],
    tables: &Tables,
    capacity: usize,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(capacity);
    write(layout, quantisers, tables, &mut bytes);
    bytes
}

/// The length of [`encode`]'s result, nothing being written.
#[cfg(test)]
pub(crate) fn encoded_len(layout: &Layout, quantisers: &[Quantiser; 2], tables: &Tables) -> u64 {
    let mut counter = Counter::default();
    write(layout, quantisers, tables, &mut counter);
    counter.0
}

fn write<S: Sink>(layout: &Layout, quantisers: &[Quantiser; 2], tables: &Tables, sink: &mut S) {
    let colour = layout.components.len() == 3;
    let classes = if colour { 2 } else { 1 };
    // JFIF 1.02 part 5: version 1.01, no density but an aspect ratio of 1:1, no thumbnail.
    put(
        sink,
        &[
            0xFF, 0xD8, 0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
        ],
    );
    put(sink, &[0xFF, 0xDB, 0, 2 + 65 * classes]);
    for (class, quantiser) in quantisers.iter().enumerate().take(classes.into()) {
        sink.byte(class as u8);
        put(sink, &quantiser.table);
    }
    let count = layout.components.len() as u8;
    put(sink, &[0xFF, 0xC0, 0, 8 + 3 * count, 8]);
    put(sink, &(layout.height as u16).to_be_bytes());
    put(sink, &(layout.width as u16).to_be_bytes());
    sink.byte(count);
    let (h, v) = if colour { layout.luma } else { (1, 1) };
    put(sink, &[1, (h << 4 | v) as u8, 0]);
    if colour {
        put(sink, &[2, 0x11, 1, 3, 0x11, 1]);
    }
    let symbols: usize = tables
        .dc
        .iter()
        .chain(&tables.ac)
        .map(|encoder| 17 + encoder.values.len())
        .sum();
    put(sink, &[0xFF, 0xC4]);
    put(sink, &(symbols as u16 + 2).to_be_bytes());
    for (class, list) in [(0x00, &tables.dc), (0x10, &tables.ac)] {
        for (slot, encoder) in list.iter().enumerate() {
            sink.byte(class | slot as u8);
            put(sink, &encoder.counts);
            put(sink, &encoder.values);
        }
    }
    put(sink, &[0xFF, 0xDA, 0, 6 + 2 * count, count, 1, 0x00]);
    if colour {
        put(sink, &[2, 0x11, 3, 0x11]);
    }
    put(sink, &[0, 63, 0]);
    scan(layout, quantisers, tables, sink);
    put(sink, &[0xFF, 0xD9]);
}

fn scan<S: Sink>(layout: &Layout, quantisers: &[Quantiser; 2], tables: &Tables, sink: &mut S) {
    let mut writer = BitWriter::new(sink);
    let mut predictors = [0i16; 3];
    match layout.components.as_slice() {
        [luma] => {
            for block in luma {
                write_block(
                    &mut writer,
                    block,
                    &quantisers[0],
                    (&tables.dc[0], &tables.ac[0]),
                    &mut predictors[0],
                );
            }
        }
        [luma, blue, red] => {
            let per_mcu = layout.luma.0 * layout.luma.1;
            for ((luma, blue), red) in luma.chunks_exact(per_mcu).zip(blue).zip(red) {
                for block in luma {
                    write_block(
                        &mut writer,
                        block,
                        &quantisers[0],
                        (&tables.dc[0], &tables.ac[0]),
                        &mut predictors[0],
                    );
                }
                let codes = (&tables.dc[1], &tables.ac[1]);
                write_block(&mut writer, blue, &quantisers[1], codes, &mut predictors[1]);
                write_block(&mut writer, red, &quantisers[1], codes, &mut predictors[2]);
            }
        }
        _ => {}
    }
    writer.finish();
}

/// T.81 F.1.2: one block.
#[inline(always)]
fn write_block<S: Sink>(
    writer: &mut BitWriter<'_, S>,
    block: &Block,
    quantiser: &Quantiser,
    (dc, ac): (&Encoder, &Encoder),
    predictor: &mut i16,
) {
    let quantised = quantiser.quantise(block);
    let difference = quantised[0].wrapping_sub(*predictor);
    *predictor = quantised[0];
    let size = bit_size(difference);
    writer.put(
        dc.codes[size as usize & 255].into(),
        dc.lengths[size as usize & 255].into(),
    );
    writer.put(value_bits(difference, size), size);
    let mut mask = nonzero(&quantised) & !1;
    let mut previous = 0u32;
    while mask != 0 {
        let position = mask.trailing_zeros();
        mask &= mask - 1;
        let mut run = position - previous - 1;
        previous = position;
        while run > 15 {
            writer.put(ac.codes[0xF0].into(), ac.lengths[0xF0].into());
            run -= 16;
        }
        let value = quantised[position as usize & 63];
        let size = bit_size(value);
        let symbol = (run << 4 | size) as usize & 255;
        // Code and value bits together: at most 16 + 10.
        let code = u32::from(ac.codes[symbol]) << size | value_bits(value, size);
        writer.put(code, u32::from(ac.lengths[symbol]) + size);
    }
    if previous != 63 {
        writer.put(ac.codes[0].into(), ac.lengths[0].into());
    }
}

/// T.81 F.1.2.1.1 SSSS: bits of the magnitude.
#[inline(always)]
fn bit_size(value: i16) -> u32 {
    32 - u32::from(value.unsigned_abs()).leading_zeros()
}

/// The low bits of the value, of the value less one where it is negative (T.81 F.1.2.1.1).
#[inline(always)]
fn value_bits(value: i16, size: u32) -> u32 {
    (i32::from(value) + i32::from(value >> 15)) as u32 & ((1 << size) - 1)
}

/// A bit for each position that is not zero.
#[inline(always)]
fn nonzero(block: &Block) -> u64 {
    let flags: [u8; 64] = std::array::from_fn(|i| u8::from(block[i] != 0));
    let mut mask = 0;
    for (index, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
        // Multiplication gathers the eight low bits into the top byte, first flag lowest.
        let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= bits << (8 * index);
    }
    mask
}

fn put<S: Sink>(sink: &mut S, bytes: &[u8]) {
    for &byte in bytes {
        sink.byte(byte);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::jpeg::{Coefficients, Error, Limits, ZIGZAG, chroma_table, decode, luma_table};

    /// A layout whose quantised levels are those given, under tables of ones.
    fn layout(
        mcus: (usize, usize),
        step: usize,
        colour: bool,
        levels: &[i16],
    ) -> (Layout, [Quantiser; 2]) {
        let mut source = levels.iter().copied().cycle();
        let mut blocks = |count: usize| -> Vec<Block> {
            (0..count)
                .map(|_| {
                    let mut block = [0i16; 64];
                    for level in &mut block {
                        *level = source.next().unwrap_or(0) * 16;
                    }
                    block
                })
                .collect()
        };
        let count = mcus.0 * mcus.1;
        let step = if colour { step } else { 1 };
        let mut components = vec![blocks(count * step * step)];
        if colour {
            components.push(blocks(count));
            components.push(blocks(count));
        }
        let size = |mcus: usize| (mcus * 8 * step) as u32;
        let layout = Layout {
            width: size(mcus.0),
            height: size(mcus.1),
            luma: (step, step),
            components,
        };
        (
            layout,
            [
                Quantiser::new(luma_table(0.01), &[0.5; 64]),
                Quantiser::new(chroma_table(0.002), &[0.5; 64]),
            ],
        )
    }

    fn tables(layout: &Layout, quantisers: &[Quantiser; 2]) -> Tables {
        let mut statistics = vec![Statistics::default(); layout.components.len().min(2)];
        for (index, blocks) in layout.components.iter().enumerate() {
            statistics[index.min(1)].count(blocks, &quantisers[index.min(1)]);
        }
        Tables::optimal(&statistics)
    }

    fn read(data: &[u8]) -> Result<Coefficients, Error> {
        decode(data, |_, _| [8; 4], &Limits::default())
    }

    /// The levels of a component of `coefficients` in scan order, zigzag.
    fn levels(coefficients: &Coefficients, index: usize) -> Vec<Block> {
        let part = &coefficients.frame.components[index];
        let mut blocks = Vec::new();
        for top in (0..part.blocks_h).step_by(part.v) {
            for left in (0..part.blocks_w).step_by(part.h) {
                for y in top..top + part.v {
                    for x in left..left + part.h {
                        let natural = &coefficients.planes[index].rows[y][x * 64..][..64];
                        blocks.push(std::array::from_fn(|position| {
                            natural[usize::from(ZIGZAG[position])]
                        }));
                    }
                }
            }
        }
        blocks
    }

    fn level() -> impl Strategy<Value = i16> {
        prop_oneof![6 => Just(0i16), 3 => -3i16..=3, 1 => -1000i16..=1000]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn decoding_what_was_encoded_gives_the_same_coefficients_and_the_counted_length(
            mcus in (1usize..6, 1usize..5),
            step in 1usize..=2,
            colour: bool,
            list in prop::collection::vec(level(), 65..2000),
        ) {
            let (layout, quantisers) = layout(mcus, step, colour, &list);
            let tables = tables(&layout, &quantisers);
            let file = encode(&layout, &quantisers, &tables, 1 << 16);
            prop_assert_eq!(encoded_len(&layout, &quantisers, &tables), file.len() as u64);
            let back = read(&file).expect("own output reads");
            prop_assert_eq!(back.notes, crate::jpeg::Notes::default());
            for (index, blocks) in layout.components.iter().enumerate() {
                let expected: Vec<Block> =
                    blocks.iter().map(|block| quantisers[index.min(1)].quantise(block)).collect();
                prop_assert_eq!(levels(&back, index), expected);
            }
        }

        #[test]
        fn a_flipped_bit_never_panics(
            list in prop::collection::vec(level(), 65..400),
            at: prop::sample::Index,
            bit in 0u8..8,
        ) {
            let (layout, quantisers) = layout((3, 2), 2, true, &list);
            let mut file = encode(&layout, &quantisers, &tables(&layout, &quantisers), 1 << 16);
            let index = at.index(file.len());
            file[index] ^= 1 << bit;
            // Either outcome is legal; a whole picture has all of its rows.
            if let Ok(back) = read(&file) {
                for (plane, part) in back.planes.iter().zip(&back.frame.components) {
                    prop_assert_eq!(plane.rows.len(), part.blocks_h);
                    prop_assert!(plane.rows.iter().all(|row| row.len() == part.blocks_w * 64));
                }
            }
        }
    }

    #[test]
    fn a_file_cut_at_any_byte_before_its_end_marker_is_refused() {
        let list: Vec<i16> = (0..700)
            .map(|i| if i % 5 == 0 { i % 37 - 18 } else { 0 })
            .collect();
        let (layout, quantisers) = layout((4, 3), 2, true, &list);
        let file = encode(&layout, &quantisers, &tables(&layout, &quantisers), 1 << 16);
        for cut in 0..file.len() - 3 {
            assert!(
                read(&file[..cut]).is_err(),
                "cut at {cut} of {}",
                file.len()
            );
        }
        let whole = read(&file[..file.len() - 2]).expect("only the end marker is missing");
        assert!(whole.notes.missing_end);
        let trailing =
            read(&[file.as_slice(), b"more"].concat()).expect("trailing data is tolerated");
        assert_eq!(trailing.notes.trailing_bytes, 4);
    }

    #[test]
    fn hostile_headers_are_refused_by_name_before_anything_is_decoded() {
        let frame = |marker: u8, precision: u8, side: u16| {
            let [high, low] = side.to_be_bytes();
            let mut file = vec![
                0xFF, 0xD8, 0xFF, marker, 0, 11, precision, high, low, high, low, 1, 1, 0x11, 0,
            ];
            file.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]);
            file
        };
        let probe = |file: Vec<u8>| crate::jpeg::probe(&file, &Limits::default()).err();
        assert!(matches!(
            probe(frame(0xC0, 8, 65_500)),
            Some(Error::OverLimit { what: "pixels", .. })
        ));
        assert_eq!(
            probe(frame(0xC9, 8, 16)),
            Some(Error::Unsupported("arithmetic coding"))
        );
        assert_eq!(
            probe(frame(0xC3, 8, 16)),
            Some(Error::Unsupported("lossless"))
        );
        assert_eq!(
            probe(frame(0xC5, 8, 16)),
            Some(Error::Unsupported("hierarchical"))
        );
        assert_eq!(
            probe(frame(0xC1, 12, 16)),
            Some(Error::Unsupported("12-bit samples"))
        );
        assert_eq!(probe(b"GIF89a".to_vec()), Some(Error::NotJpeg));
        assert_eq!(probe(frame(0xC0, 8, 16)), None);
    }
}
