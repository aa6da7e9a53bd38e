//! Baseline JPEG out of tokens: exact length, writing.

#[cfg(test)]
use super::bits::Counter;
use super::bits::{BitWriter, Sink};
use super::huffman::Encoder;
use super::processor::on_this_processor;
use super::quant::QuantTable;
use super::tokens::{Statistics, Tokens, bit_size};

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

/// The file: baseline sequential, JFIF 1.01, no metadata. `capacity` is what it is expected to take.
pub(crate) fn encode(
    tokens: &Tokens,
    steps: &[QuantTable; 2],
    tables: &Tables,
    capacity: usize,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(capacity);
    write(tokens, steps, tables, &mut bytes);
    bytes
}

/// The length of [`encode`]'s result, nothing being written.
#[cfg(test)]
pub(crate) fn encoded_len(tokens: &Tokens, steps: &[QuantTable; 2], tables: &Tables) -> u64 {
    let mut counter = Counter::default();
    write(tokens, steps, tables, &mut counter);
    counter.0
}

fn write<S: Sink>(tokens: &Tokens, steps: &[QuantTable; 2], tables: &Tables, sink: &mut S) {
    let shape = tokens.shape;
    let (colour, classes) = if shape.colour { (true, 2) } else { (false, 1) };
    // JFIF 1.02 part 5: version 1.01, no density but an aspect ratio of 1:1, no thumbnail.
    put(
        sink,
        &[
            0xFF, 0xD8, 0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
        ],
    );
    put(sink, &[0xFF, 0xDB, 0, 2 + 65 * classes]);
    for (class, table) in steps.iter().enumerate().take(classes.into()) {
        sink.byte(class as u8);
        put(sink, table);
    }
    let count = if colour { 3u8 } else { 1 };
    put(sink, &[0xFF, 0xC0, 0, 8 + 3 * count, 8]);
    put(sink, &(shape.height as u16).to_be_bytes());
    put(sink, &(shape.width as u16).to_be_bytes());
    sink.byte(count);
    let (h, v) = shape.sampling();
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
    on_this_processor!(scan(tokens, tables, sink));
    put(sink, &[0xFF, 0xD9]);
}

/// T.81 F.1.2: every block's tokens as codes and value bits.
#[inline(always)]
fn scan<S: Sink>(tokens: &Tokens, tables: &Tables, sink: &mut S) {
    let mut writer = BitWriter::new(sink);
    let (h, v) = tokens.shape.sampling();
    let per_mcu = if tokens.shape.colour { h * v + 2 } else { 1 };
    let mut index_in_mcu = 0;
    let mut list = tokens.rows.iter().flatten();
    while let Some(&difference) = list.next() {
        let class = usize::from(index_in_mcu >= h * v);
        index_in_mcu += 1;
        if index_in_mcu == per_mcu {
            index_in_mcu = 0;
        }
        let (dc, ac) = (&tables.dc[class], &tables.ac[class]);
        let difference = difference as i16;
        let size = bit_size(difference);
        writer.put(
            dc.codes[size as usize & 255].into(),
            dc.lengths[size as usize & 255].into(),
        );
        writer.put(value_bits(difference, size), size);
        let mut position = 0u32;
        for &token in list.by_ref() {
            if token == 0 {
                break;
            }
            let value = (token as i16) >> 4;
            let run = u32::from(token & 15);
            position += run + 1;
            let size = bit_size(value);
            let symbol = (run << 4 | size) as usize & 255;
            // Code and value bits together: at most 16 + 11.
            let code = u32::from(ac.codes[symbol]) << size | value_bits(value, size);
            writer.put(code, u32::from(ac.lengths[symbol]) + size);
        }
        if position != 63 {
            writer.put(ac.codes[0].into(), ac.lengths[0].into());
        }
    }
    writer.finish();
}

/// The low bits of the value, of the value less one where it is negative (T.81 F.1.2.1.1).
#[inline(always)]
fn value_bits(value: i16, size: u32) -> u32 {
    (i32::from(value) + i32::from(value >> 15)) as u32 & ((1 << size) - 1)
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
    use crate::jpeg::{
        Block, Coefficients, Error, Limits, Quantiser, Shape, chroma_table, decode, luma_table,
    };

    /// Blocks of each component in scan order, and quantisers under which they are these levels.
    struct Picture {
        shape: Shape,
        components: Vec<Vec<Block>>,
        quantisers: [Quantiser; 2],
    }

    fn picture(mcus: (usize, usize), step: usize, colour: bool, levels: &[i16]) -> Picture {
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
        Picture {
            shape: Shape {
                width: size(mcus.0),
                height: size(mcus.1),
                luma: (step, step),
                colour,
            },
            components,
            quantisers: [
                Quantiser::new(luma_table(0.001), &[0.5; 64]),
                Quantiser::new(chroma_table(0.002), &[0.5; 64]),
            ],
        }
    }

    impl Picture {
        fn tokens(&self) -> Tokens {
            let mut tokens = Tokens::new(self.shape);
            let (across, down) = self.shape.mcus();
            let (h, v) = self.shape.sampling();
            for mcu in 0..across * down {
                for (index, blocks) in self.components.iter().enumerate() {
                    let each = if index == 0 { h * v } else { 1 };
                    for block in &blocks[mcu * each..(mcu + 1) * each] {
                        tokens.push(index, &self.quantisers[index.min(1)].quantise(block));
                    }
                }
            }
            tokens
        }

        fn steps(&self) -> [QuantTable; 2] {
            [self.quantisers[0].table, self.quantisers[1].table]
        }

        fn file(&self) -> Vec<u8> {
            let tokens = self.tokens();
            let tables = Tables::optimal(tokens.statistics());
            encode(&tokens, &self.steps(), &tables, 1 << 16)
        }
    }

    fn read(data: &[u8]) -> Result<Coefficients, Error> {
        decode(data, &Limits::default())
    }

    /// The levels of a component of `coefficients` in scan order.
    fn levels(coefficients: &Coefficients, index: usize) -> Vec<Block> {
        let part = &coefficients.frame.components[index];
        let mut blocks = Vec::new();
        for top in (0..part.blocks_h).step_by(part.v) {
            for left in (0..part.blocks_w).step_by(part.h) {
                for y in top..top + part.v {
                    for x in left..left + part.h {
                        blocks.push(coefficients.planes[index].rows[y].block(x));
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
            let picture = picture(mcus, step, colour, &list);
            let (tokens, file) = (picture.tokens(), picture.file());
            let tables = Tables::optimal(tokens.statistics());
            prop_assert_eq!(encoded_len(&tokens, &picture.steps(), &tables), file.len() as u64);
            let counted: u64 = tokens.statistics().iter().map(Statistics::bits).sum();
            let stuffed = file.windows(2).filter(|pair| *pair == [0xFF, 0]).count() as u64;
            let components = picture.components.len();
            prop_assert_eq!(
                header_len(components) + counted.div_ceil(8) + stuffed,
                file.len() as u64
            );
            let back = read(&file).expect("own output reads");
            prop_assert_eq!(back.notes, crate::jpeg::Notes::default());
            for (index, blocks) in picture.components.iter().enumerate() {
                let quantiser = &picture.quantisers[index.min(1)];
                let expected: Vec<Block> =
                    blocks.iter().map(|block| quantiser.quantise(block)).collect();
                prop_assert_eq!(levels(&back, index), expected);
            }
        }

        #[test]
        fn a_flipped_bit_never_panics(
            list in prop::collection::vec(level(), 65..400),
            at: prop::sample::Index,
            bit in 0u8..8,
        ) {
            let mut file = picture((3, 2), 2, true, &list).file();
            let index = at.index(file.len());
            file[index] ^= 1 << bit;
            // Either outcome is legal; a whole picture has all of its rows.
            if let Ok(back) = read(&file) {
                for (plane, part) in back.planes.iter().zip(&back.frame.components) {
                    prop_assert_eq!(plane.rows.len(), part.blocks_h);
                    prop_assert!(plane.rows.iter().all(|row| row.len() == part.blocks_w));
                }
            }
        }
    }

    #[test]
    fn a_file_cut_at_any_byte_before_its_end_marker_is_refused() {
        let list: Vec<i16> = (0..700)
            .map(|i| if i % 5 == 0 { i % 37 - 18 } else { 0 })
            .collect();
        let file = picture((4, 3), 2, true, &list).file();
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
