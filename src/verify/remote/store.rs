//! What a run remembers: answers and verdicts, so that a shared URL is fetched once, and how busy each host is.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

/// The most things and the most bytes of bodies that one store remembers; those not asked for the longest go first.
const MAX_THINGS: usize = 4_096;
const MAX_BYTES: usize = 64 << 20;

type Cell<T> = Arc<OnceCell<(Instant, Arc<T>)>>;

/// What is remembered: how many bytes of a body it holds.
pub(super) trait Weighed {
    fn held_bytes(&self) -> usize;
}

/// Things that are found once, by what was asked for.
pub(super) struct Store<T> {
    known: Mutex<Known<T>>,
}

struct Known<T> {
    cells: HashMap<String, Cell<T>>,
    order: VecDeque<(String, usize)>,
    bytes: usize,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        let known = Known {
            cells: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
        };
        Self {
            known: Mutex::new(known),
        }
    }
}

impl<T: Weighed> Store<T> {
    /// What is remembered from not longer ago than `remember_for`, or what `find` finds. Who asks while it is being found
    /// waits for it.
    pub(super) async fn once<F>(
        &self,
        asked: &str,
        remember_for: Duration,
        find: impl FnOnce() -> F,
    ) -> Arc<T>
    where
        F: Future<Output = T>,
    {
        let waiting = Waiting {
            store: self,
            asked,
            cell: held(&self.known).cell(asked, remember_for),
        };
        let mut found_now = false;
        let (_, found) = waiting
            .cell
            .get_or_init(|| async {
                let found = find().await;
                found_now = true;
                (Instant::now(), Arc::new(found))
            })
            .await;
        if found_now {
            held(&self.known).remember(asked, found);
        } else {
            held(&self.known).touch(asked);
        }
        Arc::clone(found)
    }
}

/// Somebody who waits for an answer; who gives up as the last one leaves nothing behind.
struct Waiting<'a, T> {
    store: &'a Store<T>,
    asked: &'a str,
    cell: Cell<T>,
}

impl<T> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        if self.cell.initialized() {
            return;
        }
        let mut known = held(&self.store.known);
        // The map and this one hold it, and nobody else.
        if Arc::strong_count(&self.cell) <= 2
            && let Some(other) = known.cells.get(self.asked)
            && Arc::ptr_eq(other, &self.cell)
        {
            known.cells.remove(self.asked);
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
            if hosts.len() > MAX_THINGS {
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

impl<T: Weighed> Known<T> {
    /// The cell of what is asked for, a new one where there is none or what it holds is too old.
    fn cell(&mut self, asked: &str, remember_for: Duration) -> Cell<T> {
        let is_old = |cell: &Cell<T>| {
            cell.get()
                .is_some_and(|(found, _)| found.elapsed() > remember_for)
        };
        if self.cells.get(asked).is_some_and(is_old) {
            self.forget(asked);
        }
        Arc::clone(self.cells.entry(asked.to_owned()).or_default())
    }

    fn forget(&mut self, asked: &str) {
        self.cells.remove(asked);
        if let Some(at) = self.order.iter().position(|(known, _)| known == asked)
            && let Some((_, bytes)) = self.order.remove(at)
        {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }

    /// Was asked for again: what many messages share stays.
    fn touch(&mut self, asked: &str) {
        if let Some(at) = self.order.iter().position(|(known, _)| known == asked)
            && let Some(entry) = self.order.remove(at)
        {
            self.order.push_back(entry);
        }
    }

    fn remember(&mut self, asked: &str, found: &T) {
        let bytes = found.held_bytes();
        self.order.push_back((asked.to_owned(), bytes));
        self.bytes = self.bytes.saturating_add(bytes);
        while self.order.len() > MAX_THINGS || self.bytes > MAX_BYTES {
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

    const LONG: Duration = Duration::from_secs(9);

    impl Weighed for &'static str {
        fn held_bytes(&self) -> usize {
            self.len()
        }
    }

    #[tokio::test]
    async fn what_was_found_is_looked_for_again_when_it_has_grown_old() {
        let store = Store::default();
        let short = Duration::from_millis(40);
        let first = store.once("a", short, || async { "first" }).await;
        let again = store.once("a", short, || async { "again" }).await;
        assert!(Arc::ptr_eq(&first, &again));
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(*store.once("a", short, || async { "later" }).await, "later");
        assert_eq!(held(&store.known).order.len(), 1);
    }

    #[tokio::test]
    async fn who_gives_up_leaves_nothing_behind_and_who_waits_still_gets_it() {
        let store = Store::<&str>::default();
        let never = store.once("a", LONG, std::future::pending);
        assert!(
            tokio::time::timeout(Duration::from_millis(10), never)
                .await
                .is_err()
        );
        assert!(held(&store.known).cells.is_empty());
        let slow = store.once("a", LONG, || async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            "slow"
        });
        let waiting = store.once("a", LONG, || async { "waiting" });
        let (slow, waiting) = tokio::join!(slow, waiting);
        assert!(Arc::ptr_eq(&slow, &waiting));
    }

    #[tokio::test]
    async fn of_many_things_those_that_are_asked_for_stay() {
        let store = Store::default();
        let shared = store.once("shared", LONG, || async { "shared" }).await;
        for number in 0..MAX_THINGS + 100 {
            store
                .once(&number.to_string(), LONG, || async { "own" })
                .await;
            if number % 1_000 == 0 {
                store.once("shared", LONG, || async { "lost" }).await;
            }
        }
        let again = store.once("shared", LONG, || async { "lost" }).await;
        assert!(Arc::ptr_eq(&shared, &again));
        assert_eq!(held(&store.known).cells.len(), MAX_THINGS);
    }
}
