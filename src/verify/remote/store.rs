//! What a run remembers: verdicts, so that a shared URL is fetched once, and how busy each host is.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use super::UrlVerdict;

/// The most verdicts and the most bytes of bodies that are remembered; those not asked for the longest go first.
const MAX_VERDICTS: usize = 4_096;
const MAX_BYTES: usize = 64 << 20;

type Cell = Arc<OnceCell<(Instant, Arc<UrlVerdict>)>>;

/// Verdicts by URL.
pub(super) struct Store {
    remember_for: Duration,
    verdicts: Mutex<Verdicts>,
}

#[derive(Default)]
struct Verdicts {
    cells: HashMap<String, Cell>,
    order: VecDeque<(String, usize)>,
    bytes: usize,
}

impl Store {
    pub(super) fn new(remember_for: Duration) -> Self {
        Self {
            remember_for,
            verdicts: Mutex::default(),
        }
    }

    /// The verdict that is remembered, or the one that `verify` finds. Who asks while it is being found waits for it.
    pub(super) async fn once<F>(&self, url: &str, verify: impl FnOnce() -> F) -> Arc<UrlVerdict>
    where
        F: Future<Output = UrlVerdict>,
    {
        let asked = Asked {
            store: self,
            url,
            cell: held(&self.verdicts).cell(url, self.remember_for),
        };
        let mut found_now = false;
        let (_, verdict) = asked
            .cell
            .get_or_init(|| async {
                let verdict = verify().await;
                found_now = true;
                (Instant::now(), Arc::new(verdict))
            })
            .await;
        if found_now {
            held(&self.verdicts).remember(url, verdict);
        } else {
            held(&self.verdicts).touch(url);
        }
        Arc::clone(verdict)
    }
}

/// Somebody who waits for a verdict; who gives up as the last one leaves nothing behind.
struct Asked<'a> {
    store: &'a Store,
    url: &'a str,
    cell: Cell,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if self.cell.initialized() {
            return;
        }
        let mut verdicts = held(&self.store.verdicts);
        // The map and this one hold it, and nobody else.
        if Arc::strong_count(&self.cell) <= 2
            && let Some(known) = verdicts.cells.get(self.url)
            && Arc::ptr_eq(known, &self.cell)
        {
            verdicts.cells.remove(self.url);
        }
    }
}

/// How busy each host is. Shared by all who verify under clones of one policy.
pub(super) struct Hosts {
    per_host: usize,
    places: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Hosts {
    pub(super) fn new(per_host: usize) -> Self {
        Self {
            per_host,
            places: Mutex::default(),
        }
    }

    pub(super) fn per_host(&self) -> usize {
        self.per_host
    }

    /// A place among the few that may talk to a host at once.
    pub(super) async fn place(&self, host: &str) -> Option<OwnedSemaphorePermit> {
        let places = {
            let mut hosts = held(&self.places);
            if hosts.len() > MAX_VERDICTS {
                hosts.retain(|_, places| {
                    Arc::strong_count(places) > 1 || places.available_permits() < self.per_host
                });
            }
            let new = || Arc::new(Semaphore::new(self.per_host));
            Arc::clone(hosts.entry(host.to_owned()).or_insert_with(new))
        };
        // Nobody closes the semaphore.
        places.acquire_owned().await.ok()
    }
}

impl Verdicts {
    /// The cell of a URL, a new one where there is none or its verdict is too old.
    fn cell(&mut self, url: &str, remember_for: Duration) -> Cell {
        let is_old = |cell: &Cell| {
            cell.get()
                .is_some_and(|(found, _)| found.elapsed() > remember_for)
        };
        if self.cells.get(url).is_some_and(is_old) {
            self.forget(url);
        }
        Arc::clone(self.cells.entry(url.to_owned()).or_default())
    }

    fn forget(&mut self, url: &str) {
        self.cells.remove(url);
        if let Some(at) = self.order.iter().position(|(known, _)| known == url)
            && let Some((_, bytes)) = self.order.remove(at)
        {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }

    /// Was asked for again: what many messages share stays.
    fn touch(&mut self, url: &str) {
        if let Some(at) = self.order.iter().position(|(known, _)| known == url)
            && let Some(entry) = self.order.remove(at)
        {
            self.order.push_back(entry);
        }
    }

    fn remember(&mut self, url: &str, verdict: &UrlVerdict) {
        let bytes = verdict.bytes.as_ref().map_or(0, |bytes| bytes.len());
        self.order.push_back((url.to_owned(), bytes));
        self.bytes = self.bytes.saturating_add(bytes);
        while self.order.len() > MAX_VERDICTS || self.bytes > MAX_BYTES {
            let Some((oldest, bytes)) = self.order.pop_front() else {
                break;
            };
            self.cells.remove(&oldest);
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }
}

/// What lies behind a lock is whole after every statement: a panic elsewhere leaves nothing half done.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;
    use crate::report::Finding;

    fn found(label: &str) -> UrlVerdict {
        UrlVerdict::unanswered(label.to_owned(), Finding::note(Code::Unreachable, "a test"))
    }

    #[tokio::test]
    async fn a_verdict_is_found_again_when_it_has_grown_old() {
        let store = Store::new(Duration::from_millis(40));
        let first = store.once("a", || async { found("first") }).await;
        let again = store.once("a", || async { found("again") }).await;
        assert!(Arc::ptr_eq(&first, &again));
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(
            store.once("a", || async { found("later") }).await.url,
            "later"
        );
        assert_eq!(held(&store.verdicts).order.len(), 1);
    }

    #[tokio::test]
    async fn who_gives_up_leaves_nothing_behind_and_who_waits_still_gets_it() {
        let store = Store::new(Duration::from_secs(9));
        let never = store.once("a", std::future::pending);
        assert!(
            tokio::time::timeout(Duration::from_millis(10), never)
                .await
                .is_err()
        );
        assert!(held(&store.verdicts).cells.is_empty());
        let slow = store.once("a", || async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            found("slow")
        });
        let waiting = store.once("a", || async { found("waiting") });
        let (slow, waiting) = tokio::join!(slow, waiting);
        assert!(Arc::ptr_eq(&slow, &waiting));
    }

    #[tokio::test]
    async fn of_many_verdicts_those_that_are_asked_for_stay() {
        let store = Store::new(Duration::from_secs(9));
        let shared = store.once("shared", || async { found("shared") }).await;
        for number in 0..MAX_VERDICTS + 100 {
            store
                .once(&number.to_string(), || async { found("own") })
                .await;
            if number % 1_000 == 0 {
                store.once("shared", || async { found("lost") }).await;
            }
        }
        let again = store.once("shared", || async { found("lost") }).await;
        assert!(Arc::ptr_eq(&shared, &again));
        assert_eq!(held(&store.verdicts).cells.len(), MAX_VERDICTS);
    }
}
