//! The pace: so many requests in a window, and none while the provider has asked for quiet.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::provider::SendRules;
use crate::units::DAY;

/// The gate that every request for a message passes.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the ones of the last window went through, and the waiting ones will; the earliest first.
    slots: VecDeque<Instant>,
    /// Before this nothing goes through.
    quiet_until: Option<Instant>,
}

/// The gate will not open before the deadline.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shut {
    pub(super) wait: Duration,
}

/// By how much two requests may differ on their way.
const LEAST_SLACK: Duration = Duration::from_millis(50);

/// A slot that is given back unless its request has gone through: whoever waits may be dropped.
struct Place<'a> {
    gate: &'a Gate,
    slot: Instant,
    is_used: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_used {
            self.gate.give_back(self.slot);
        }
    }
}

impl Gate {
    /// Waits for a slot.
    ///
    /// # Errors
    ///
    /// [`Shut`] at once, where there is none before the deadline.
    pub(super) async fn pass(&self, rules: &SendRules, deadline: Instant) -> Result<(), Shut> {
        loop {
            let mut place = Place {
                gate: self,
                slot: self.take(rules, Instant::now(), deadline)?,
                is_used: false,
            };
            sleep_until(place.slot).await;
            // Somebody else may have been told to be quiet while we waited.
            place.is_used = self
                .quiet_until()
                .is_none_or(|until| until <= Instant::now());
            if place.is_used {
                return Ok(());
            }
        }
    }

    /// Nothing goes through for so long.
    pub(super) fn quiet_for(&self, wait: Duration) {
        let until = Instant::now() + wait.min(DAY);
        let mut state = self.lock();
        state.quiet_until = state.quiet_until.max(Some(until));
    }

    fn take(&self, rules: &SendRules, now: Instant, deadline: Instant) -> Result<Instant, Shut> {
        let most = rules.window_messages.value().max(1) as usize;
        let window = Duration::from_millis(rules.window.value().get());
        // A little more: requests take different times to arrive, and the provider counts arrivals.
        let window = window + (window / 50).max(LEAST_SLACK);
        let mut state = self.lock();
        // What lies a window back hinders nobody. What lies nearer has to stay, however many wait behind it: they may
        // give their places back.
        while state
            .slots
            .front()
            .is_some_and(|&first| first + window <= now)
        {
            state.slots.pop_front();
        }
        let mut slot = now.max(state.quiet_until.unwrap_or(now));
        if state.slots.len() >= most
            && let Some(&earliest) = state.slots.get(state.slots.len() - most)
        {
            slot = slot.max(earliest + window);
        }
        if slot > deadline {
            return Err(Shut { wait: slot - now });
        }
        let at = state.slots.partition_point(|&taken| taken <= slot);
        state.slots.insert(at, slot);
        Ok(slot)
    }

    fn give_back(&self, slot: Instant) {
        let mut state = self.lock();
        if let Some(at) = state.slots.iter().position(|&taken| taken == slot) {
            state.slots.remove(at);
        }
    }

    fn quiet_until(&self) -> Option<Instant> {
        self.lock().quiet_until
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is one assignment: a panic elsewhere leaves no half of one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Provider;

    #[test]
    fn no_window_ever_sees_more_than_its_messages() {
        let rules = Provider::RingCentral.rules().sending;
        let gate = Gate::default();
        let start = Instant::now();
        let far = start + Duration::from_secs(86_400);
        let mut slots = Vec::new();
        // They come in bursts, each as late as the last of its burst goes through.
        let mut now = start;
        for burst in [1, 39, 7, 120, 3, 30] {
            for _ in 0..burst {
                slots.push(gate.take(&rules, now, far).expect("the deadline is far"));
            }
            now = slots.last().copied().unwrap_or(now);
        }
        for pair in slots.windows(41) {
            let span = *pair.last().expect("41") - *pair.first().expect("41");
            assert!(span >= Duration::from_secs(60), "{span:?}");
        }
        let whole = *slots.last().expect("200") - start;
        // 200 at 40 a minute: four full windows, and the fiftieth of each.
        assert!(whole <= Duration::from_secs(4 * 62), "{whole:?}");
    }

    #[test]
    fn nothing_passes_while_it_is_quiet_and_what_cannot_wait_is_told_at_once() {
        let rules = Provider::CarrierX.rules().sending;
        let gate = Gate::default();
        let now = Instant::now();
        gate.quiet_for(Duration::from_secs(30));
        let shut = gate.take(&rules, now, now + Duration::from_secs(10));
        assert!(shut.is_err_and(|shut| shut.wait >= Duration::from_secs(30)));
        let slot = gate.take(&rules, now, now + Duration::from_secs(60));
        assert!(slot.is_ok_and(|slot| slot - now >= Duration::from_secs(30)));
        // What was refused has taken nobody's place; the next one comes a window later.
        let next = gate.take(&rules, now, now + Duration::from_secs(60));
        assert!(next.is_ok_and(|slot| slot - now >= Duration::from_secs(31)));
    }

    #[tokio::test]
    async fn who_gives_up_waiting_leaves_the_place_to_the_next() {
        let rules = Provider::RingCentral.rules().sending;
        let gate = Gate::default();
        let far = Instant::now() + Duration::from_secs(86_400);
        for _ in 0..40 {
            let passed = gate.pass(&rules, far).await;
            assert_eq!(passed, Ok(()));
        }
        let waiting = (0..40).map(|_| gate.pass(&rules, far));
        let waiting = futures_util::future::join_all(waiting);
        let given_up = tokio::time::timeout(Duration::from_millis(20), waiting).await;
        assert!(given_up.is_err(), "40 a minute, and no more");
        let now = Instant::now();
        let next = gate.take(&rules, now, far).expect("the deadline is far");
        // The window of the first forty, not the one behind those who gave up; and not earlier either.
        let wait = next - now;
        let window = Duration::from_secs(60);
        assert!(wait > window - Duration::from_secs(5), "{wait:?}");
        assert!(wait < window + Duration::from_secs(5), "{wait:?}");
    }
}
