//! Answers shared by verifiers: each probe of a URL is made once, and its answer held against the rules of each provider.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::fetch::{self, Answer, Ask, Body, NoAnswer, PREFIX_BYTES, Ways};
use super::policy::FetchPolicy;
use super::store::{Store, Weighed};
use super::target::{Target, too_slow};
use crate::provider::Rules;
use crate::report::Finding;
use crate::units::ByteCount;

/// How far an answer is waited for and read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Demands {
    /// How long the head of an answer may take.
    pub(super) answer_within: Duration,
    /// The most bytes of a body that nothing can shrink: over the provider's cap it is refused anyway.
    pub(super) fixed_bytes: u64,
}

impl Demands {
    pub(super) fn of(rules: &Rules, policy: &FetchPolicy) -> Self {
        let expected = Duration::from_millis(rules.url.answer_within.value().get());
        let largest = rules.types.iter().map(|rule| rule.max_bytes.value());
        let cap = largest.fold(rules.message_bytes.value(), ByteCount::max);
        Self {
            answer_within: policy.answer_within.unwrap_or(expected),
            fixed_bytes: cap.get().saturating_add(PREFIX_BYTES as u64),
        }
    }

    fn widened(self, other: Self) -> Self {
        Self {
            answer_within: self.answer_within.max(other.answer_within),
            fixed_bytes: self.fixed_bytes.max(other.fixed_bytes),
        }
    }
}

/// What several verifiers have been answered.
#[derive(Default)]
pub(super) struct Shared {
    answers: Store<Result<Answer, NoAnswer>>,
    widest: Mutex<Demands>,
}

impl Weighed for Result<Answer, NoAnswer> {
    fn held_bytes(&self) -> usize {
        match self {
            Ok(Answer {
                body: Body::Whole(content),
                ..
            }) => content.kept.len(),
            _ => 0,
        }
    }
}

impl Shared {
    /// From now on answers are read as far as these demands want it, too.
    pub(super) fn widen(&self, demands: Demands) {
        let mut widest = self.widest.lock().unwrap_or_else(PoisonError::into_inner);
        *widest = widest.widened(demands);
    }

    /// The most that anybody demands who shares the answers.
    pub(super) fn widest(&self, demands: Demands) -> Demands {
        let widest = self.widest.lock().unwrap_or_else(PoisonError::into_inner);
        widest.widened(demands)
    }
}

/// Asks one of the addresses that were checked, unless the answer is known, and holds it against the demands at hand.
///
/// # Errors
///
/// There is no answer, or none in time: MMS503, MMS510, MMS511.
pub(super) async fn fetch(
    target: &Target,
    addresses: &[SocketAddr],
    ask: Ask,
    ways: &Ways<'_>,
) -> Result<Answer, Finding> {
    let policy = ways.policy;
    // All that an answer depends on. The URL comes last: it may hold anything.
    let asked = format!(
        "{} {} {addresses:?} {:?} {} {:?} {} {:?} {:?} {:?} {}",
        ask.method,
        ask.coding,
        ways.widest,
        policy.max_bytes,
        policy.rate_window,
        policy.window_bytes,
        policy.connect_within,
        policy.whole_within,
        sum(&policy.roots),
        target.as_str()
    );
    let find = || fetch::fetch(target, addresses, ask, ways);
    let answers = &ways.shared.answers;
    let answer = answers.once(&asked, policy.remember_for, find).await;
    held_against(ways, &answer)
}

/// The roots themselves, not how many: who trusts another authority is not told what this one's server said.
fn sum(roots: &[Vec<u8>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for root in roots {
        hash.update((root.len() as u64).to_be_bytes());
        hash.update(root);
    }
    hash.finalize().into()
}

/// The answer as these rules would have had it, had nobody waited longer or read on for others.
fn held_against(ways: &Ways<'_>, answer: &Result<Answer, NoAnswer>) -> Result<Answer, Finding> {
    let own = ways.demands;
    let (Ok(Answer { waited, .. }) | Err(NoAnswer { waited, .. })) = answer;
    if own != ways.widest && *waited > own.answer_within {
        return Err(too_slow("no answer", own.answer_within));
    }
    let mut answer = answer.clone().map_err(|none| none.finding)?;
    let limit = own.fixed_bytes;
    match &mut answer.body {
        Body::TooLarge { limit: at, .. } if *at == ways.widest.fixed_bytes => *at = limit,
        Body::Whole(content) if content.kept.len() as u64 > limit => {
            let prefix = content.kept.get(..PREFIX_BYTES).unwrap_or(&content.kept);
            if !fetch::is_shrinkable(prefix) {
                let bytes = content.bytes;
                answer.body = Body::TooLarge { bytes, limit };
            }
        }
        _ => {}
    }
    Ok(answer)
}
