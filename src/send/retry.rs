//! How often and how soon something is tried again that cannot have been taken.

use std::time::Duration;

use crate::units::DAY;

/// Tries and pauses. Only what was certainly not taken is tried again: no connection, or an answer that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The most tries of one message, the first one counted.
    pub attempts: u32,
    /// The pause before the second try; it doubles with each further one.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl Default for RetryPolicy {
    /// Five tries, half a second doubling to a minute.
    fn default() -> Self {
        Self {
            attempts: 5,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// One try, whatever comes.
    #[must_use]
    pub const fn never() -> Self {
        Self {
            attempts: 1,
            first_pause: Duration::ZERO,
            longest_pause: Duration::ZERO,
        }
    }

    /// The pause after a number of failed tries: between half and all of the doubled pause, so that many clients that
    /// failed together do not come back together.
    pub(super) fn pause(&self, failed: u32, random: u64) -> Duration {
        let doubled = self
            .first_pause
            .saturating_mul(
                1_u32
                    .checked_shl(failed.saturating_sub(1))
                    .unwrap_or(u32::MAX),
            )
            .min(self.longest_pause)
            .min(DAY);
        let half = doubled / 2;
        let span = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
        half + Duration::from_micros(random % span)
    }
}

/// A number nobody can foresee; without the system's random bits, none: the pause is then half.
pub(super) fn random() -> u64 {
    let mut bits = [0_u8; 8];
    match getrandom::fill(&mut bits) {
        Ok(()) => u64::from_le_bytes(bits),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap_and_differ() {
        let policy = RetryPolicy::default();
        for (failed, most_ms) in [(1, 500), (2, 1_000), (3, 2_000), (8, 60_000), (40, 60_000)] {
            let most = Duration::from_millis(most_ms);
            for random in [0, 1, 77_777, u64::MAX] {
                let pause = policy.pause(failed, random);
                assert!(pause >= most / 2 && pause <= most, "{failed} {pause:?}");
            }
        }
        assert_ne!(policy.pause(3, 1), policy.pause(3, 500_000));
        assert_eq!(RetryPolicy::never().pause(1, 9), Duration::ZERO);
        let endless = RetryPolicy {
            attempts: 2,
            first_pause: Duration::MAX,
            longest_pause: Duration::MAX,
        };
        assert!(endless.pause(40, u64::MAX) <= DAY);
    }
}
