//! The pace: so many requests in a window, and none while the provider has asked for quiet.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::provider::SendRules;

/// The gate that every request for a message passes.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the last ones went through or will.
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

impl Gate {
    /// Waits for a slot.
    ///
    /// # Errors
    ///
    /// [`Shut`] at once, where there is none before the deadline.
    pub(super) async fn pass(&self, rules: &SendRules, deadline: Instant) -> Result<(), Shut> {
        loop {
            let slot = self.take(rules, Instant::now(), deadline)?;
            sleep_until(slot).await;
            // Somebody else may have been told to be quiet while we waited.
            if self
                .quiet_until()
                .is_none_or(|until| until <= Instant::now())
            {
                return Ok(());
            }
            self.give_back(slot);
        }
    }

    /// Nothing goes through for so long.
    pub(super) fn quiet_for(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.lock();
        state.quiet_until = state.quiet_until.max(Some(until));
    }

    fn take(&self, rules: &SendRules, now: Instant, deadline: Instant) -> Result<Instant, Shut> {
        let most = rules.window_messages.value().max(1) as usize;
        let window = Duration::from_millis(rules.window.value().get());
        // A little more: requests take different times to arrive, and the provider counts arrivals.
        let window = window + (window / 50).max(LEAST_SLACK);
        let mut state = self.lock();
        while state.slots.len() > most {
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
        state.slots.push_back(slot);
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
}
