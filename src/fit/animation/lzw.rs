//! LZW as GIF has it (GIF89a appendix F), with a choice: where several colours will do for a pixel, the one that
//! lengthens the match is written.

/// The most codes: twelve bits (GIF89a appendix F).
const CODES: usize = 4096;

/// No code: ends the lists of children.
const NONE: u16 = u16::MAX;

/// Tries, beyond those that lengthen the match, for one code: bounds the work a pixel.
const SPARE_TRIES: usize = 40;

/// What may be written for each pixel.
pub(super) trait Choices {
    /// The colour to write where none lengthens a match, knowing the one written before it.
    fn preferred(&self, pixel: usize, before: Option<u8>) -> u8;

    /// The error of writing `colour`, 0 to 1; `None` where it is too far off.
    fn error(&self, pixel: usize, colour: u8) -> Option<f32>;
}

/// The compressed data of `pixels` pixels, code size first and not yet in sub-blocks; what was written for each pixel
/// is put into `written`.
pub(super) fn compress(
    choices: &impl Choices,
    pixels: usize,
    code_size: u8,
    written: &mut Vec<u8>,
) -> Vec<u8> {
    written.clear();
    written.reserve(pixels);
    let mut out = Bits::new(code_size);
    let mut tree = Tree::new(code_size);
    let mut stack = Vec::new();
    out.put(tree.clear_code(), tree.width);
    let mut at = 0;
    let mut first = (pixels > 0).then(|| choices.preferred(0, None));
    while let Some(start) = first {
        let (code, len) = tree.longest(choices, at, pixels, start, &mut stack);
        out.put(code, tree.width);
        tree.spell(code, written);
        at += len;
        first = (at < pixels).then(|| choices.preferred(at, written.last().copied()));
        if let Some(next) = first
            && !tree.add(code, next)
        {
            out.put(tree.clear_code(), tree.width);
            tree.reset();
        }
    }
    out.put(tree.clear_code() + 1, tree.width);
    out.finish()
}

/// The dictionary: each code is its parent's string and one colour more.
struct Tree {
    code_size: u8,
    width: u8,
    next: usize,
    parent: Vec<u16>,
    colour: Vec<u8>,
    child: Vec<u16>,
    sibling: Vec<u16>,
}

#[derive(Clone, Copy)]
struct Step {
    code: u16,
    len: usize,
    error: f32,
}

impl Tree {
    fn new(code_size: u8) -> Self {
        let mut tree = Self {
            code_size,
            width: 0,
            next: 0,
            parent: vec![NONE; CODES],
            colour: (0..CODES).map(|code| (code & 255) as u8).collect(),
            child: vec![NONE; CODES],
            sibling: vec![NONE; CODES],
        };
        tree.reset();
        tree
    }

    const fn clear_code(&self) -> u16 {
        1 << self.code_size
    }

    fn reset(&mut self) {
        self.width = self.code_size + 1;
        self.next = usize::from(self.clear_code()) + 2;
        self.child.fill(NONE);
    }

    /// The match from `at` that starts with `start` and gains most: a pixel more is worth half the worst error.
    fn longest(
        &self,
        choices: &impl Choices,
        at: usize,
        pixels: usize,
        start: u8,
        stack: &mut Vec<Step>,
    ) -> (u16, usize) {
        stack.clear();
        stack.push(Step {
            code: u16::from(start),
            len: 1,
            error: 0.0,
        });
        let mut best = (u16::from(start), 1);
        let mut gain = 1.0_f32;
        let mut spare = SPARE_TRIES;
        while let Some(step) = stack.pop() {
            let worth = step.len as f32 - 0.5 * step.error;
            if worth > gain {
                gain = worth;
                best = (step.code, step.len);
            } else if step.len > 1 {
                if spare == 0 {
                    break;
                }
                spare -= 1;
            }
            if at + step.len >= pixels {
                continue;
            }
            let mut child = self.child[usize::from(step.code)];
            while child != NONE {
                let colour = self.colour[usize::from(child)];
                if let Some(error) = choices.error(at + step.len, colour) {
                    stack.push(Step {
                        code: child,
                        len: step.len + 1,
                        error: step.error + error,
                    });
                }
                child = self.sibling[usize::from(child)];
            }
        }
        best
    }

    fn spell(&self, code: u16, written: &mut Vec<u8>) {
        let from = written.len();
        let mut code = code;
        while code > self.clear_code() {
            written.push(self.colour[usize::from(code)]);
            code = self.parent[usize::from(code)];
        }
        // A code below the clear code is its own colour.
        written.push((code & 255) as u8);
        written[from..].reverse();
    }

    /// Adds `code` followed by `colour`; `false` where the dictionary was filled by it.
    fn add(&mut self, code: u16, colour: u8) -> bool {
        let new = self.next;
        self.parent[new] = code;
        self.colour[new] = colour;
        self.sibling[new] = self.child[usize::from(code)];
        self.child[new] = NONE;
        self.child[usize::from(code)] = new as u16;
        if new == 1 << self.width {
            self.width += 1;
        }
        self.next += 1;
        self.next < CODES
    }
}

/// Codes of growing width, least significant bit first.
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u8,
}

impl Bits {
    fn new(code_size: u8) -> Self {
        Self {
            bytes: vec![code_size],
            held: 0,
            count: 0,
        }
    }

    fn put(&mut self, code: u16, width: u8) {
        self.held |= u32::from(code) << self.count;
        self.count += width;
        while self.count >= 8 {
            self.bytes.push((self.held & 255) as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push((self.held & 255) as u8);
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Exact<'a>(&'a [u8]);

    impl Choices for Exact<'_> {
        fn preferred(&self, pixel: usize, _: Option<u8>) -> u8 {
            self.0[pixel]
        }

        fn error(&self, pixel: usize, colour: u8) -> Option<f32> {
            (self.0[pixel] == colour).then_some(0.0)
        }
    }

    struct Within<'a>(&'a [u8], u8);

    impl Choices for Within<'_> {
        fn preferred(&self, pixel: usize, _: Option<u8>) -> u8 {
            self.0[pixel]
        }

        fn error(&self, pixel: usize, colour: u8) -> Option<f32> {
            let off = self.0[pixel].abs_diff(colour);
            (off <= self.1).then(|| f32::from(off) / f32::from(self.1.max(1)))
        }
    }

    fn decoded(data: &[u8], width: u16, height: u16) -> Vec<u8> {
        let grey: Vec<u8> = (0..=255_u8).flat_map(|level| [level; 3]).collect();
        let mut file = gif::Encoder::new(Vec::new(), width, height, &grey).expect("a header");
        let frame = gif::Frame {
            width,
            height,
            buffer: data.to_vec().into(),
            ..gif::Frame::default()
        };
        file.write_lzw_pre_encoded_frame(&frame).expect("a frame");
        let file = file.into_inner().expect("a trailer");
        let mut decoder = gif::DecodeOptions::new()
            .read_info(&file[..])
            .expect("a GIF");
        let frame = decoder
            .read_next_frame()
            .expect("decodes")
            .expect("a frame");
        frame.buffer.to_vec()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn without_tolerance_a_decoder_reads_back_every_pixel(
            seed in proptest::collection::vec(0_u8..64, 1..3000), bits in 6_u8..=8, repeat in 1_usize..4
        ) {
            let pixels = seed.repeat(repeat);
            let mut written = Vec::new();
            let data = compress(&Exact(&pixels), pixels.len(), bits, &mut written);
            prop_assert_eq!(&written, &pixels);
            prop_assert_eq!(decoded(&data, u16::try_from(pixels.len()).expect("short"), 1), pixels);
        }

        #[test]
        fn with_tolerance_a_decoder_reads_what_was_said_to_be_written_and_no_pixel_is_further_off(
            pixels in proptest::collection::vec(any::<u8>(), 1..9000), tolerance in 0_u8..40
        ) {
            let mut written = Vec::new();
            let data = compress(&Within(&pixels, tolerance), pixels.len(), 8, &mut written);
            prop_assert_eq!(decoded(&data, u16::try_from(pixels.len()).expect("short"), 1), written.clone());
            prop_assert!(pixels.iter().zip(&written).all(|(want, got)| want.abs_diff(*got) <= tolerance));
        }
    }

    #[test]
    fn tolerance_shortens_noise_by_a_third() {
        let noise: Vec<u8> = (0_u32..40_000)
            .map(|n| (120 + (n.wrapping_mul(2_654_435_761) >> 29)) as u8)
            .collect();
        let mut written = Vec::new();
        let exact = compress(&Exact(&noise), noise.len(), 8, &mut written).len();
        let lossy = compress(&Within(&noise, 4), noise.len(), 8, &mut written).len();
        assert!(lossy * 3 < exact * 2, "{lossy} of {exact} bytes");
    }
}
