//! The ladder: what is given up first, second and last, as one number from 0 (nothing) to 8 (all that is bearable).

/// The last rung.
pub(super) const SEVEREST: f64 = 8.0;

/// The longest that one frame may stand for on average: five pictures a second still move.
const SLOWEST_MS: f64 = 200.0;

/// One point of the ladder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plan {
    /// Sides, as a share of the full ones.
    pub(super) scale: f64,
    /// Colours of the palette.
    pub(super) colours: u8,
    /// The squared distance that colours may be off by.
    pub(super) tolerance: u32,
    /// Of so many frames one is kept.
    pub(super) step: u32,
}

/// Rung by rung: scale, colours, and how far a colour may be off, in steps of 8-bit sRGB.
///
/// Coarser matching comes first, since it is seen least on a phone; sides shrink before colours are few, since banding
/// is seen more than softness.
const RUNGS: [(f64, f64, f64); 9] = [
    (1.00, 255.0, 0.0),
    (1.00, 255.0, 6.0),
    (0.88, 255.0, 9.0),
    (0.76, 200.0, 11.0),
    (0.66, 160.0, 13.0),
    (0.56, 128.0, 15.0),
    (0.46, 96.0, 17.0),
    (0.36, 64.0, 20.0),
    (0.25, 32.0, 24.0),
];

impl Plan {
    /// The plan of a rung, with one of `step` frames kept: for the same step, lengths fall smoothly along the ladder.
    pub(super) fn at(rung: f64, least_scale: f64, step: u32) -> Self {
        let rung = rung.clamp(0.0, SEVEREST);
        let below = (rung.floor() as usize).min(RUNGS.len() - 2);
        let share = rung - below as f64;
        let (a, b) = (RUNGS[below], RUNGS[below + 1]);
        let between = |a: f64, b: f64| a + (b - a) * share;
        let off = between(a.2, b.2);
        Self {
            scale: between(a.0, b.0).max(least_scale),
            colours: between(a.1, b.1).round() as u8,
            tolerance: (off * off).round() as u32,
            step,
        }
    }
}

/// Of how many frames one is kept at a rung: frames are dropped from the middle of the ladder on, the more the faster
/// they follow each other, and never all.
pub(super) fn step(rung: f64, mean_delay_ms: f64, frames: u32) -> u32 {
    let wanted = match rung {
        rung if rung < 4.0 => 1,
        rung if rung < 6.0 => 2,
        rung if rung < 7.5 => 3,
        _ => 4,
    };
    // What claims to last at most 10 ms is shown for 100 ms.
    let shown_ms = if mean_delay_ms <= 10.0 {
        100.0
    } else {
        mean_delay_ms
    };
    let bearable = (SLOWEST_MS / shown_ms).floor().max(1.0) as u32;
    wanted.min(bearable).min((frames / 2).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rung_gives_up_nothing() {
        let plan = Plan::at(0.0, 0.1, 1);
        assert_eq!(
            plan,
            Plan {
                scale: 1.0,
                colours: 255,
                tolerance: 0,
                step: 1
            }
        );
    }

    #[test]
    fn every_rung_gives_up_at_least_as_much_as_the_one_before() {
        let rungs: Vec<Plan> = (0..=160)
            .map(|n| f64::from(n) / 20.0)
            .map(|rung| Plan::at(rung, 0.2, step(rung, 40.0, 100)))
            .collect();
        for pair in rungs.windows(2) {
            assert!(pair[1].scale <= pair[0].scale);
            assert!(pair[1].colours <= pair[0].colours);
            assert!(pair[1].tolerance >= pair[0].tolerance);
            assert!(pair[1].step >= pair[0].step);
        }
    }

    #[test]
    fn frames_that_are_slow_already_are_never_dropped() {
        assert_eq!(step(SEVEREST, 150.0, 100), 1);
        assert_eq!(step(SEVEREST, 40.0, 100), 4);
        assert_eq!(step(SEVEREST, 40.0, 3), 1);
    }

    #[test]
    fn no_rung_goes_below_the_least_scale() {
        assert!((Plan::at(SEVEREST, 0.4, 1).scale - 0.4).abs() < 1e-12);
    }
}
