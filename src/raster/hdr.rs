//! Pictures of high dynamic range (BT.2100: PQ and HLG) shown on an ordinary screen.
//!
//! Light is counted in units of reference white, which BT.2408 puts at 203 cd/m² in both systems. Up to a knee nothing
//! is changed; from there, what a screen of 1,000 cd/m² would show is bent under the white of an ordinary one, by the
//! brightest channel, so that hues stay.

use libm::{expf, powf};

/// Code points of the transfer functions (H.273 8.2).
const PQ: u16 = 16;
const HLG: u16 = 18;

/// cd/m² of reference white (BT.2408 2.1), of the screen that pictures are made for (BT.2100 table 5), of PQ's end.
const WHITE: f32 = 203.0;
const PEAK: f32 = 1_000.0;
const PQ_END: f32 = 10_000.0;

/// Light, in units of reference white, that is shown as it is.
const KNEE: f32 = 0.6;

/// Linear light of BT.2020 (BT.2087 annex 2) and of P3 with D65 → BT.709.
const FROM_2020: Matrix = [
    [1.6605, -0.5876, -0.0728],
    [-0.1246, 1.1329, -0.0083],
    [-0.0182, -0.1006, 1.1187],
];
const FROM_P3: Matrix = [
    [1.2249, -0.2247, 0.0],
    [-0.0420, 1.0419, 0.0],
    [-0.0197, -0.0786, 1.0979],
];
const FROM_709: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

type Matrix = [[f32; 3]; 3];

/// A way from PQ or HLG to sRGB.
pub(super) struct ToneMap {
    /// Light of each twelve-bit sample.
    light: Vec<f32>,
    /// Sixteen-bit sRGB of light in steps of 1/4,096.
    code: Vec<u16>,
    primaries: Matrix,
    /// The luminance weights of the source (BT.2100 table 5: R, G, B) where its curve is of the scene.
    scene: Option<[f32; 3]>,
}

impl ToneMap {
    /// For these code points; `None` where they are of an ordinary picture.
    pub(super) fn of(primaries: u16, transfer: u16) -> Option<Self> {
        let curve: fn(f32) -> f32 = match transfer {
            PQ => pq_light,
            HLG => hlg_light,
            _ => return None,
        };
        let (primaries, weights) = match primaries {
            9 => (FROM_2020, [0.2627, 0.6780, 0.0593]),
            11 | 12 => (FROM_P3, [0.2290, 0.6917, 0.0793]),
            _ => (FROM_709, [0.2126, 0.7152, 0.0722]),
        };
        let steps = |count: u16| (0..=count).map(move |step| f32::from(step) / f32::from(count));
        Some(Self {
            light: steps(STEPS - 1).map(curve).collect(),
            code: steps(STEPS)
                .map(|light| (srgb_code(light) * 65_535.0).round() as u16)
                .collect(),
            primaries,
            scene: (transfer == HLG).then_some(weights),
        })
    }

    /// One pixel of 16 bits a channel.
    pub(super) fn pixel(&self, own: [u16; 3]) -> [u16; 3] {
        let mut light = own.map(|sample| self.light[usize::from(sample >> 4)]);
        if let Some(weights) = self.scene {
            // BT.2100 table 5, note 5e: the screen's light is the scene's times its luminance to the power of 0.2.
            let luminance: f32 = light.iter().zip(weights).map(|(a, b)| a * b).sum();
            let gain = PEAK / WHITE * powf(luminance.max(1e-6), 0.2);
            light = light.map(|channel| channel * gain);
        }
        let shown = self.primaries.map(|row| {
            row.iter()
                .zip(light)
                .map(|(a, b)| a * b)
                .sum::<f32>()
                .max(0.0)
        });
        let most = shown
            .iter()
            .fold(0.0_f32, |most, &channel| most.max(channel));
        let scale = if most > KNEE { bent(most) / most } else { 1.0 };
        shown.map(|channel| {
            let step = (channel * scale).min(1.0) * f32::from(STEPS);
            self.code[step.round() as usize]
        })
    }
}

/// Light over the knee, bent so that the screen's peak ends at white (Reinhard's curve with a white point).
fn bent(light: f32) -> f32 {
    let over = |light: f32| (light - KNEE) / (1.0 - KNEE);
    let (at, end) = (over(light), over(PEAK / WHITE));
    (KNEE + (1.0 - KNEE) * at * (1.0 + at / (end * end)) / (1.0 + at)).min(1.0)
}

/// BT.2100 table 4: PQ's EOTF.
fn pq_light(code: f32) -> f32 {
    let (m1, m2) = (2_610.0 / 16_384.0, 2_523.0 / 4_096.0 * 128.0);
    let (c1, c2, c3) = (
        3_424.0 / 4_096.0,
        2_413.0 / 4_096.0 * 32.0,
        2_392.0 / 4_096.0 * 32.0,
    );
    let power = powf(code, 1.0 / m2);
    let ratio = (power - c1).max(0.0) / (c2 - c3 * power);
    powf(ratio, 1.0 / m1) * PQ_END / WHITE
}

/// BT.2100 table 5: the inverse of HLG's OETF, light of the scene from 0 to 1.
fn hlg_light(code: f32) -> f32 {
    let (a, b, c) = (0.178_832_77_f32, 0.284_668_92_f32, 0.559_910_7_f32);
    if code <= 0.5 {
        code * code / 3.0
    } else {
        (expf((code - c) / a) + b) / 12.0
    }
}

/// IEC 61966-2-1.
fn srgb_code(light: f32) -> f32 {
    if light <= 0.003_130_8 {
        light * 12.92
    } else {
        1.055 * powf(light, 1.0 / 2.4) - 0.055
    }
}

/// Steps of the tables: twelve bits.
const STEPS: u16 = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(map: &ToneMap, code: f32) -> u16 {
        let [r, g, b] = map.pixel([(code * 65_535.0) as u16; 3]);
        assert!(r.abs_diff(g) < 200 && g.abs_diff(b) < 200, "{r} {g} {b}");
        // To the nearest of eight bits.
        g.saturating_add(128) / 257
    }

    #[test]
    fn ordinary_pictures_have_no_tone_map() {
        for transfer in [1, 2, 4, 6, 8, 13, 14] {
            assert!(ToneMap::of(9, transfer).is_none());
        }
    }

    #[test]
    fn greys_stay_grey_and_in_their_order() {
        for transfer in [PQ, HLG] {
            for primaries in [1, 9, 12] {
                let map = ToneMap::of(primaries, transfer).expect("it is HDR");
                let ramp: Vec<u16> = (0..=100)
                    .map(|step| grey(&map, step as f32 / 100.0))
                    .collect();
                assert!(ramp.is_sorted(), "{ramp:?}");
                assert_eq!((ramp[0], ramp[100]), (0, 255));
            }
        }
    }

    #[test]
    fn what_is_darker_than_the_knee_is_shown_as_bright_as_it_was() {
        let map = ToneMap::of(9, PQ).expect("it is HDR");
        // BT.2408 table 1: an 18 % grey card is 26 cd/m², 38 % of PQ: 0.128 of reference white.
        let wanted = srgb_code(26.0 / WHITE) * 255.0;
        assert!((f32::from(grey(&map, 0.38)) - wanted).abs() < 4.0);
        // Reference white, 58 % of PQ, keeps room above it.
        let white = grey(&map, 0.58);
        assert!((220..250).contains(&white), "{white}");
    }

    #[test]
    fn both_systems_show_reference_white_alike() {
        // BT.2408 table 1: 75 % of HLG is 203 cd/m².
        let hlg = grey(&ToneMap::of(9, HLG).expect("it is HDR"), 0.75);
        let pq = grey(&ToneMap::of(9, PQ).expect("it is HDR"), 0.58);
        assert!(hlg.abs_diff(pq) <= 3, "{hlg} {pq}");
    }
}
