//! What a run remembers: verdicts, so that a shared URL is fetched once, and how busy each host is.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use super::UrlVerdict;

/// The most verdicts and the most bytes of bodies that are remembered; the oldest go first.
const MAX_VERDICTS: usize = 4_096;
const MAX_BYTES: usize = 256 << 20;

type Cell = Arc<OnceCell<Arc<UrlVerdict>>>;

pub(super) struct Store {
    per_host: usize,
    verdicts: Mutex<Verdicts>,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

#[derive(Default)]
struct Verdicts {
    cells: HashMap<String, Cell>,
    order: VecDeque<(String, usize)>,
    bytes: usize,
}

impl Store {
    pub(super) fn new(per_host: usize) -> Self {
        Self {
            per_host,
            verdicts: Mutex::default(),
            hosts: Mutex::default(),
        }
    }

    /// The verdict that is remembered, or the one that `verify` finds. Who asks while it is being found waits for it.
    pub(super) async fn once<F>(&self, url: &str, verify: impl FnOnce() -> F) -> Arc<UrlVerdict>
    where
        F: Future<Output = UrlVerdict>,
    {
        let cell = Arc::clone(
            held(&self.verdicts)
                .cells
                .entry(url.to_owned())
                .or_default(),
        );
        let mut found_now = false;
        let verdict = cell
            .get_or_init(|| async {
                let verdict = verify().await;
                found_now = true;
                Arc::new(verdict)
            })
            .await;
        if found_now {
            held(&self.verdicts).remember(url, verdict);
        }
        Arc::clone(verdict)
    }

    /// A place among the few that may talk to a host at once.
    pub(super) async fn place(&self, host: &str) -> Option<OwnedSemaphorePermit> {
        let places = {
            let mut hosts = held(&self.hosts);
            if hosts.len() > MAX_VERDICTS {
                hosts.retain(|_, places| Arc::strong_count(places) > 1);
            }
            let new = || Arc::new(Semaphore::new(self.per_host));
            Arc::clone(hosts.entry(host.to_owned()).or_insert_with(new))
        };
        // Nobody closes the semaphore.
        places.acquire_owned().await.ok()
    }
}

impl Verdicts {
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
