//! Indexed frames → GIF: of each frame only what a viewer does not show already.

use gif::{DisposalMethod, Encoder, EncodingError, Frame, Repeat};

use super::lzw::{self, Choices};
use super::palette::Palette;
use crate::raster::Plays;

/// One frame in indices of the palette; the transparent index where nothing is to be seen.
pub(super) struct Indexed {
    pub(super) pixels: Vec<u8>,
    /// How long it is shown, in hundredths of a second as GIF counts.
    pub(super) delay_cs: u32,
}

/// Writes frames one by one, one late: how a frame is cleared away depends on the next.
pub(super) struct Writer<'a> {
    palette: &'a Palette,
    tolerance: u32,
    width: usize,
    file: Encoder<Vec<u8>>,
    /// What a viewer shows before the waiting frame is drawn.
    shown: Vec<u8>,
    waiting: Option<Indexed>,
    drawn: Option<Frame<'static>>,
    /// The delay of `drawn`, which later frames without a change add to.
    delay_cs: u32,
    frames: u32,
}

impl<'a> Writer<'a> {
    /// Starts a file. `tolerance` is a distance of the palette: colours no further apart are taken for the same.
    pub(super) fn new(
        palette: &'a Palette,
        tolerance: u32,
        width: u16,
        height: u16,
        plays: Plays,
    ) -> Result<Self, EncodingError> {
        let mut file = Encoder::new(Vec::new(), width, height, &palette.table())?;
        match plays {
            Plays::Endless => file.set_repeat(Repeat::Infinite)?,
            // Without the extension a GIF plays once.
            Plays::Times(..=1) => {}
            Plays::Times(times) => {
                let repeats = u16::try_from(times - 1).unwrap_or(u16::MAX);
                file.set_repeat(Repeat::Finite(repeats))?;
            }
        }
        Ok(Self {
            palette,
            tolerance,
            width: usize::from(width),
            file,
            shown: vec![palette.nothing(); usize::from(width) * usize::from(height)],
            waiting: None,
            drawn: None,
            delay_cs: 0,
            frames: 0,
        })
    }

    /// Takes the next frame; the one before it is compressed now.
    pub(super) fn push(&mut self, frame: Indexed) -> Result<(), EncodingError> {
        if let Some(waiting) = self.waiting.replace(frame) {
            let next = self.waiting.take();
            self.draw(&waiting, next.as_ref().map(|next| &next.pixels[..]))?;
            self.waiting = next;
        }
        Ok(())
    }

    /// Bytes so far, without the frame that waits.
    pub(super) fn len(&self) -> usize {
        let drawn = self.drawn.as_ref().map_or(0, |frame| frame.buffer.len());
        self.file.get_ref().len() + drawn
    }

    /// Takes a frame as if a viewer showed it already, and writes nothing: where a sample starts.
    pub(super) fn assume(&mut self, frame: &Indexed) {
        self.shown.copy_from_slice(&frame.pixels);
    }

    /// The whole file and the number of its frames.
    pub(super) fn finish(mut self) -> Result<(Vec<u8>, u32), EncodingError> {
        if let Some(waiting) = self.waiting.take() {
            self.draw(&waiting, None)?;
        }
        self.flush()?;
        Ok((self.file.into_inner()?, self.frames))
    }

    fn draw(&mut self, frame: &Indexed, next: Option<&[u8]>) -> Result<(), EncodingError> {
        let nothing = self.palette.nothing();
        let clears = next.is_some_and(|next| {
            let pairs = frame.pixels.iter().zip(next);
            pairs
                .into_iter()
                .any(|(now, then)| *now != nothing && *then == nothing)
        });
        let mut area = Area::NONE;
        for (row, (want, shown)) in frame
            .pixels
            .chunks_exact(self.width)
            .zip(self.shown.chunks_exact(self.width))
            .enumerate()
        {
            let drawn = |(want, shown): (&u8, &u8)| {
                (clears && *want != nothing) || self.palette.apart(*shown, *want) > self.tolerance
            };
            let pairs = || want.iter().zip(shown);
            if let Some(left) = pairs().position(drawn) {
                let right = pairs().rposition(drawn).unwrap_or(left);
                area.take(left, right, row);
            }
        }
        // The second frame is written even where it changes nothing: a file of one frame is a still.
        let stays = area.is_none() && !clears && self.frames > 1;
        if stays && self.delay_cs + frame.delay_cs <= u32::from(u16::MAX) {
            self.delay_cs += frame.delay_cs;
            return Ok(());
        }
        self.flush()?;
        let area = area.or_one_pixel();
        let view = View {
            palette: self.palette,
            tolerance: self.tolerance,
            want: &frame.pixels,
            shown: &self.shown,
            area,
            line: self.width,
        };
        let mut written = Vec::new();
        let code_size = self.palette.code_size();
        let data = lzw::compress(&view, area.width * area.height, code_size, &mut written);
        if clears {
            self.shown.fill(nothing);
        } else {
            self.show(&written, area);
        }
        self.frames += 1;
        self.delay_cs = frame.delay_cs;
        self.drawn = Some(Frame {
            dispose: if clears {
                DisposalMethod::Background
            } else {
                DisposalMethod::Keep
            },
            transparent: Some(nothing),
            left: narrow(area.left),
            top: narrow(area.top),
            width: narrow(area.width),
            height: narrow(area.height),
            buffer: data.into(),
            ..Frame::default()
        });
        Ok(())
    }

    fn show(&mut self, written: &[u8], area: Area) {
        let nothing = self.palette.nothing();
        let rows = self.shown.chunks_exact_mut(self.width).skip(area.top);
        for (row, written) in rows.zip(written.chunks_exact(area.width)) {
            for (under, &over) in row[area.left..].iter_mut().zip(written) {
                if over != nothing {
                    *under = over;
                }
            }
        }
    }

    fn flush(&mut self) -> Result<(), EncodingError> {
        if let Some(mut frame) = self.drawn.take() {
            frame.delay = u16::try_from(self.delay_cs).unwrap_or(u16::MAX);
            self.file.write_lzw_pre_encoded_frame(&frame)?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Area {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Area {
    const NONE: Self = Self {
        left: 0,
        top: 0,
        width: 0,
        height: 0,
    };

    const fn is_none(self) -> bool {
        self.width == 0
    }

    fn take(&mut self, left: usize, right: usize, row: usize) {
        if self.is_none() {
            *self = Self {
                left,
                top: row,
                width: right - left + 1,
                height: 1,
            };
            return;
        }
        let end = (self.left + self.width).max(right + 1);
        self.left = self.left.min(left);
        self.width = end - self.left;
        self.height = row - self.top + 1;
    }

    const fn or_one_pixel(self) -> Self {
        if self.is_none() {
            Self {
                left: 0,
                top: 0,
                width: 1,
                height: 1,
            }
        } else {
            self
        }
    }
}

/// What may be written for the pixels of one frame's area.
struct View<'a> {
    palette: &'a Palette,
    tolerance: u32,
    want: &'a [u8],
    shown: &'a [u8],
    area: Area,
    line: usize,
}

impl View<'_> {
    fn at(&self, pixel: usize) -> (u8, u8) {
        let (row, column) = (pixel / self.area.width, pixel % self.area.width);
        let at = (self.area.top + row) * self.line + self.area.left + column;
        (self.want[at], self.shown[at])
    }
}

impl Choices for View<'_> {
    fn preferred(&self, pixel: usize, before: Option<u8>) -> u8 {
        let (want, shown) = self.at(pixel);
        let nothing = self.palette.nothing();
        if self.palette.apart(shown, want) <= self.tolerance {
            return nothing;
        }
        // What was written last, where it is near: runs are cheap.
        match before {
            Some(before)
                if before != nothing && self.palette.apart(before, want) <= self.tolerance / 4 =>
            {
                before
            }
            _ => want,
        }
    }

    fn error(&self, pixel: usize, colour: u8) -> Option<f32> {
        let (want, shown) = self.at(pixel);
        let seen = if colour == self.palette.nothing() {
            shown
        } else {
            colour
        };
        let off = self.palette.apart(seen, want);
        (off <= self.tolerance).then(|| off as f32 / self.tolerance.max(1) as f32)
    }
}

/// Areas lie within a canvas whose sides are 16-bit numbers.
fn narrow(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
