//! Animations, one composed frame at a time: never more than a canvas or three in memory.

use std::io::Cursor;
use std::num::NonZeroU64;
use std::ops::ControlFlow;

use gif::{ColorOutput, DisposalMethod, MemoryLimit};
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::LoopCount;
use image::{AnimationDecoder, Frame, ImageDecoder};

use super::{Conversion, Layout, Limits, Raster, conversion, damaged, format_of};
use crate::code::Code;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// The most pixels of all frames together, the canvas counted for each: work follows it, not the file's length.
pub(crate) const MAX_FRAME_PIXELS: u64 = 500_000_000;

/// The most pixels of an animation's canvas: some four copies of it are held at once.
const MAX_CANVAS_PIXELS: u64 = 25_000_000;

/// An animation whose size and number of frames are within bounds; nothing of it is decoded yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Animation<'a> {
    bytes: &'a [u8],
    sniffed: &'a Sniffed,
    format: image::ImageFormat,
    max_alloc: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) frames: u32,
}

/// How often an animation plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plays {
    /// For ever.
    Endless,
    /// So many times, at least once.
    Times(u32),
}

impl<'a> Animation<'a> {
    /// Bounds the work before any of it is done.
    ///
    /// # Errors
    ///
    /// A finding: MMS203 where the canvas, or the canvas times the frames, is over the limits.
    pub(crate) fn open(
        bytes: &'a [u8],
        sniffed: &'a Sniffed,
        limits: &Limits,
    ) -> Result<Self, Finding> {
        let format = format_of(sniffed)?;
        let (Some(width), Some(height), Some(frames)) =
            (sniffed.width_px, sniffed.height_px, sniffed.frames)
        else {
            return Err(Finding::refused(
                Code::Corrupt,
                "an animation without a size in its header",
            ));
        };
        let canvas = u64::from(width) * u64::from(height);
        let all = canvas.saturating_mul(u64::from(frames));
        let most_canvas = MAX_CANVAS_PIXELS.min(limits.max_pixels);
        if canvas > most_canvas || all > MAX_FRAME_PIXELS {
            return Err(Finding::refused(
                Code::DecodedSizeOverLimit,
                format!(
                    "{frames} frames of {width} x {height} px are {all} pixels; {most_canvas} a frame and \
                     {MAX_FRAME_PIXELS} in all are safe to decode"
                ),
            )
            .observed("pixels", all)
            .allowed("pixels", MAX_FRAME_PIXELS)
            .help("send a shorter or smaller animation"));
        }
        Ok(Self {
            bytes,
            sniffed,
            format,
            max_alloc: limits.max_alloc,
            width,
            height,
            frames,
        })
    }

    /// Composes frame after frame and shows each, with its duration in milliseconds, until the visitor breaks.
    ///
    /// # Errors
    ///
    /// A finding: MMS301 where a frame does not decode, MMS203 where a decoder wants more memory than is allowed.
    pub(crate) fn play(
        &self,
        visit: &mut dyn FnMut(&Raster, u32) -> ControlFlow<()>,
    ) -> Result<Plays, Finding> {
        let source = Cursor::new(self.bytes);
        let mut limits = image::Limits::default();
        limits.max_alloc = Some(self.max_alloc);
        let fault = |fault: image::ImageError| damaged(&fault);
        match self.format {
            image::ImageFormat::Gif => self.play_gif(visit),
            image::ImageFormat::WebP => {
                let mut decoder = WebPDecoder::new(source).map_err(fault)?;
                decoder.set_limits(limits).map_err(fault)?;
                let plays = plays(decoder.loop_count());
                self.play_frames(decoder.into_frames(), visit)?;
                Ok(plays)
            }
            _ => {
                let decoder = PngDecoder::with_limits(source, limits)
                    .and_then(PngDecoder::apng)
                    .map_err(fault)?;
                let plays = plays(decoder.loop_count());
                self.play_frames(decoder.into_frames(), visit)?;
                Ok(plays)
            }
        }
    }

    fn play_frames(
        &self,
        frames: image::Frames<'_>,
        visit: &mut dyn FnMut(&Raster, u32) -> ControlFlow<()>,
    ) -> Result<(), Finding> {
        let conversion = conversion(self.sniffed);
        let convert = conversion.as_ref().map(Conversion::apply);
        for frame in frames.take(self.frames as usize) {
            let frame: Frame = frame.map_err(|fault| damaged(&fault))?;
            let (numerator, denominator) = frame.delay().numer_denom_ms();
            let picture = frame.into_buffer();
            let mut raster = Raster {
                width: picture.width(),
                height: picture.height(),
                layout: Layout::Rgba,
                pixels: picture.into_raw(),
            };
            if let Some(convert) = &convert {
                recolour(&mut raster.pixels, convert);
            }
            if visit(&raster, numerator / denominator.max(1)).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn play_gif(
        &self,
        visit: &mut dyn FnMut(&Raster, u32) -> ControlFlow<()>,
    ) -> Result<Plays, Finding> {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(ColorOutput::RGBA);
        options.set_memory_limit(
            NonZeroU64::new(self.max_alloc).map_or(MemoryLimit::Unlimited, MemoryLimit::Bytes),
        );
        let corrupt = |fault: gif::DecodingError| {
            Finding::refused(Code::Corrupt, format!("it does not decode: {fault}"))
                .help("open it in a viewer: the upload is damaged or incomplete, ask for it again")
        };
        let mut decoder = options
            .read_info(Cursor::new(self.bytes))
            .map_err(corrupt)?;
        let mut canvas = Canvas::new(self.width, self.height);
        // The header's count is a promise; this bound is the one that work was allowed for.
        for _ in 0..self.frames {
            let Some(frame) = decoder.read_next_frame().map_err(corrupt)? else {
                break;
            };
            canvas.draw(frame);
            if visit(&canvas.shown, u32::from(frame.delay) * 10).is_break() {
                break;
            }
        }
        // `NETSCAPE2.0` counts what follows the first time: n repeats are n + 1 plays.
        Ok(match decoder.repeat() {
            gif::Repeat::Infinite => Plays::Endless,
            gif::Repeat::Finite(repeats) => Plays::Times(u32::from(repeats) + 1),
        })
    }
}

/// What a GIF viewer's screen holds, and what the last frame asked to be done with it (GIF89a 23).
struct Canvas {
    shown: Raster,
    after: After,
}

enum After {
    Keep,
    Clear(Area),
    Restore(Area, Vec<u8>),
}

/// A frame's rectangle, cut to the canvas.
#[derive(Clone, Copy)]
struct Area {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Canvas {
    fn new(width: u32, height: u32) -> Self {
        Self {
            shown: Raster {
                width,
                height,
                layout: Layout::Rgba,
                pixels: vec![0; width as usize * height as usize * 4],
            },
            after: After::Keep,
        }
    }

    fn draw(&mut self, frame: &gif::Frame<'_>) {
        match std::mem::replace(&mut self.after, After::Keep) {
            After::Keep => {}
            After::Clear(area) => self.rows(area).for_each(|row| row.fill(0)),
            After::Restore(area, saved) => {
                let line = (area.width * 4).max(1);
                self.rows(area)
                    .zip(saved.chunks_exact(line))
                    .for_each(|(row, saved)| row.copy_from_slice(saved));
            }
        }
        let area = self.cut(frame);
        self.after = match frame.dispose {
            DisposalMethod::Any | DisposalMethod::Keep => After::Keep,
            DisposalMethod::Background => After::Clear(area),
            DisposalMethod::Previous => {
                let saved = self.rows(area).flat_map(|row| row.iter().copied());
                After::Restore(area, saved.collect())
            }
        };
        let line = (usize::from(frame.width) * 4).max(1);
        for (row, drawn) in self.rows(area).zip(frame.buffer.chunks_exact(line)) {
            for (under, over) in row
                .as_chunks_mut::<4>()
                .0
                .iter_mut()
                .zip(drawn.as_chunks::<4>().0)
            {
                if over[3] != 0 {
                    *under = *over;
                }
            }
        }
    }

    fn cut(&self, frame: &gif::Frame<'_>) -> Area {
        let (left, top) = (usize::from(frame.left), usize::from(frame.top));
        Area {
            left,
            top,
            width: usize::from(frame.width).min((self.shown.width as usize).saturating_sub(left)),
            height: usize::from(frame.height).min((self.shown.height as usize).saturating_sub(top)),
        }
    }

    fn rows(&mut self, area: Area) -> impl Iterator<Item = &mut [u8]> {
        let line = (self.shown.width as usize * 4).max(1);
        let (from, to) = (area.left * 4, (area.left + area.width) * 4);
        self.shown
            .pixels
            .chunks_exact_mut(line)
            .skip(area.top)
            .take(if area.width == 0 { 0 } else { area.height })
            .filter_map(move |row| row.get_mut(from..to))
    }
}

fn plays(count: LoopCount) -> Plays {
    match count {
        LoopCount::Infinite => Plays::Endless,
        LoopCount::Finite(times) => Plays::Times(times.get()),
    }
}

fn recolour(pixels: &mut [u8], convert: &dyn Fn(&[u8], &mut [u8])) {
    let rgb: Vec<u8> = pixels
        .as_chunks::<4>()
        .0
        .iter()
        .flat_map(|&[r, g, b, _]| [r, g, b])
        .collect();
    let mut converted = vec![0; rgb.len()];
    convert(&rgb, &mut converted);
    for (pixel, colour) in pixels
        .as_chunks_mut::<4>()
        .0
        .iter_mut()
        .zip(converted.as_chunks::<3>().0)
    {
        pixel[..3].copy_from_slice(colour);
    }
}
