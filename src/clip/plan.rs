//! How many pixels, frames and bits of sound a number of bytes can afford.
//!
//! The model: a picture that moves needs a number of bits a pixel to look clean; with fewer, a smaller or slower one
//! looks better. The figures are measured with ffmpeg's own test sources and with what phones record.

use super::facts::{Picture, Sound};

/// What pictures are encoded as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frames {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    /// Frames, and the seconds that they take.
    pub(super) rate: (u32, u32),
}

/// What sound is encoded as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Voice {
    pub(super) bit_rate: u64,
    pub(super) rate_hz: u32,
    pub(super) channels: u16,
}

impl Frames {
    pub(super) fn per_second(self) -> f64 {
        f64::from(self.rate.0) / f64::from(self.rate.1)
    }

    fn pixels_per_second(self) -> f64 {
        f64::from(self.width_px) * f64::from(self.height_px) * self.per_second()
    }
}

/// Every size and speed that a picture can be given, the largest first; none is larger or faster than the source.
pub(super) fn ladder(picture: &Picture, longest_px: u32) -> Vec<Frames> {
    let long = picture.width_px.max(picture.height_px).max(2);
    let full = rate_of(picture.frame_rate);
    let mut found: Vec<Frames> = Vec::new();
    for &(side, most) in STEPS {
        let side = side.min(long).min(longest_px.max(16));
        let rate = if full.0 > most * full.1 {
            slower(full, most)
        } else {
            full
        };
        let scale = f64::from(side) / f64::from(long);
        let even = |px: u32| ((f64::from(px) * scale / 2.0).round() as u32 * 2).max(2);
        let step = Frames {
            width_px: even(picture.width_px),
            height_px: even(picture.height_px),
            rate,
        };
        if found
            .last()
            .is_none_or(|last| last.pixels_per_second() > step.pixels_per_second())
        {
            found.push(step);
        }
    }
    found
}

/// The first step of a ladder that `bit_rate` can afford; the last where none can.
pub(super) fn affordable(ladder: &[Frames], bit_rate: f64) -> usize {
    ladder
        .iter()
        .position(|step| bit_rate >= step.pixels_per_second() * BITS_PER_PIXEL)
        .unwrap_or(ladder.len().saturating_sub(1))
}

/// The share of `total` bits a second that sound gets, at most what it has.
pub(super) fn voice(sound: &Sound, total: f64) -> Voice {
    let &(_, bit_rate, rate_hz, channels) = VOICES
        .iter()
        .find(|voice| total >= voice.0)
        .unwrap_or(&VOICES[VOICES.len() - 1]);
    let channels = channels.min(sound.channels.max(1));
    let own = sound.bit_rate.unwrap_or(u64::MAX);
    let per_channels = if channels == 1 && bit_rate > 64_000 {
        64_000
    } else {
        bit_rate
    };
    Voice {
        bit_rate: per_channels.min(own).max(LEAST_VOICE),
        rate_hz: rate_hz.min(usual_rate(sound.rate_hz)),
        channels,
    }
}

/// The nearest sample rate, not above, that MP3 and AAC both have.
pub(super) fn usual_rate(rate_hz: Option<u32>) -> u32 {
    let rate = rate_hz.unwrap_or(44_100);
    [
        48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
    ]
    .into_iter()
    .find(|&usual| usual <= rate)
    .unwrap_or(8_000)
}

/// The frame rate that a clip is encoded at: its own where it is a usual one, else the next usual one above, so that no
/// frame of a clip of changing speed is lost.
fn rate_of(measured: Option<f64>) -> (u32, u32) {
    let measured = measured.unwrap_or(30.0);
    USUAL_RATES
        .iter()
        .copied()
        .find(|rate| f64::from(rate.0) / f64::from(rate.1) >= measured * 0.9995)
        .unwrap_or((60, 1))
}

/// Half, a third, … of a rate, so that frames are left out evenly, down to `most` a second.
fn slower(full: (u32, u32), most: u32) -> (u32, u32) {
    let by = (2..).find(|by| full.0 <= most * full.1 * by).unwrap_or(2);
    (full.0, full.1 * by)
}

/// Long side in pixels and most frames a second.
const STEPS: &[(u32, u32)] = &[
    (1_280, 30),
    (960, 30),
    (848, 30),
    (720, 30),
    (640, 30),
    (560, 30),
    (480, 30),
    (480, 15),
    (400, 15),
    (320, 15),
    (240, 15),
    (240, 10),
    (176, 10),
    (128, 8),
    (96, 5),
];

/// Rates that cameras and players know.
const USUAL_RATES: &[(u32, u32)] = &[
    (5, 1),
    (8, 1),
    (10, 1),
    (12, 1),
    (15_000, 1_001),
    (15, 1),
    (20, 1),
    (24_000, 1_001),
    (24, 1),
    (25, 1),
    (30_000, 1_001),
    (30, 1),
    (48, 1),
    (50, 1),
    (60_000, 1_001),
    (60, 1),
];

/// H.264 of the main profile in two passes: below, a smaller picture looks better.
const BITS_PER_PIXEL: f64 = 0.06;

/// Bits a second of the whole clip from which on; bits, samples a second and channels of its sound.
const VOICES: &[(f64, u64, u32, u16)] = &[
    (2_000_000.0, 128_000, 48_000, 2),
    (900_000.0, 96_000, 48_000, 2),
    (450_000.0, 64_000, 44_100, 2),
    (220_000.0, 48_000, 44_100, 1),
    (120_000.0, 32_000, 32_000, 1),
    (70_000.0, 24_000, 24_000, 1),
    (40_000.0, 16_000, 16_000, 1),
    (0.0, 12_000, 12_000, 1),
];
/// What an encoder needs to say anything at all.
const LEAST_VOICE: u64 = 8_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn phone() -> Picture {
        Picture {
            width_px: 1_080,
            height_px: 1_920,
            frame_rate: Some(59.94),
            bit_rate: None,
        }
    }

    #[test]
    fn a_ladder_only_goes_down_and_keeps_the_shape() {
        let ladder = ladder(&phone(), 1_280);
        assert_eq!((ladder[0].width_px, ladder[0].height_px), (720, 1_280));
        assert_eq!(ladder[0].rate, (60_000, 2_002));
        for pair in ladder.windows(2) {
            assert!(pair[1].pixels_per_second() < pair[0].pixels_per_second());
        }
        for step in &ladder {
            assert!(step.width_px % 2 == 0 && step.height_px % 2 == 0);
            let shape = f64::from(step.width_px) / f64::from(step.height_px);
            assert!((shape - 0.5625).abs() < 0.03, "{step:?}");
            assert!(step.per_second() <= 30.0);
        }
    }

    #[test]
    fn a_small_slow_clip_is_never_made_larger_or_faster() {
        let small = Picture {
            width_px: 160,
            height_px: 120,
            frame_rate: Some(12.0),
            bit_rate: None,
        };
        for step in ladder(&small, 1_280) {
            assert!(step.width_px <= 160 && step.height_px <= 120);
            assert!(step.per_second() <= 12.0);
        }
    }

    #[test]
    fn more_bits_never_buy_less() {
        let ladder = ladder(&phone(), 1_280);
        let mut last = ladder.len();
        for bit_rate in (1..100).map(|step| f64::from(step) * 40_000.0) {
            let at = affordable(&ladder, bit_rate);
            assert!(at <= last);
            last = at;
        }
        let sound = Sound {
            rate_hz: Some(48_000),
            channels: 2,
            bit_rate: Some(40_000),
        };
        assert_eq!(voice(&sound, 5e6).bit_rate, 40_000);
        assert_eq!(voice(&sound, 10_000.0).bit_rate, 12_000);
    }
}
