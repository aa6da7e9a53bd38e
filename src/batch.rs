//! Many items in one run: mapped on several threads, handed over in the order given, in constant memory.

use std::any::Any;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The work on one item panicked: a fault of ours, kept to that item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work on this item panicked")]
pub struct Panicked;

/// Maps items on `workers` threads and hands each item with its result to `each`, on the calling thread and in the
/// order of the items, whatever the number of threads.
///
/// No more than four items a worker are under way at any time, so that memory does not grow with the number of items. A
/// panic in `work` becomes that item's result; the others go on. When `each` fails nothing new is begun.
///
/// At most 1,024 threads are started. Where the system has fewer to give, those that started do the work, and where it
/// has none, the calling thread does: the results are the same.
///
/// # Errors
///
/// The first error that `each` returns.
///
/// # Panics
///
/// Where `items` itself panics, with its own message.
///
/// # Examples
///
/// ```
/// use std::num::NonZeroUsize;
///
/// let workers = NonZeroUsize::MIN.saturating_add(1);
/// let mut squares = Vec::new();
/// mmsfit::batch::ordered(1..=4, workers, |n| n * n, |_, square| {
///     squares.push(square?);
///     Ok::<(), mmsfit::batch::Panicked>(())
/// })?;
/// assert_eq!(squares, [1, 4, 9, 16]);
/// # Ok::<(), mmsfit::batch::Panicked>(())
/// ```
pub fn ordered<T, R, E>(
    items: impl IntoIterator<Item = T, IntoIter: Send>,
    workers: NonZeroUsize,
    work: impl Fn(&T) -> R + Sync,
    mut each: impl FnMut(T, Result<R, Panicked>) -> Result<(), E>,
) -> Result<(), E>
where
    T: Send,
    R: Send,
{
    let threads = workers.get().min(MOST_THREADS);
    on_threads(items.into_iter(), threads, &work, &mut each)
}

/// The same on exactly so many threads as can be started; none leaves the work to the calling one.
fn on_threads<I, R, E>(
    items: I,
    threads: usize,
    work: &(impl Fn(&I::Item) -> R + Sync),
    each: &mut impl FnMut(I::Item, Result<R, Panicked>) -> Result<(), E>,
) -> Result<(), E>
where
    I: Iterator<Item: Send> + Send,
    R: Send,
{
    let queue = Queue::new(items, threads.max(1).saturating_mul(UNDER_WAY_PER_WORKER));
    thread::scope(|scope| {
        // Whatever ends this scope early must also end the workers, or the scope would wait for ever.
        let _stop = StopOnDrop(&queue);
        let start = |_: &usize| {
            thread::Builder::new()
                .spawn_scoped(scope, || while queue.work_on_one(work) {})
                .is_ok()
        };
        // Where the system refuses one thread it would refuse the next.
        let started = (0..threads).take_while(start).count();
        while started == 0 && queue.work_on_one(work) {
            if let Some((item, result)) = queue.next_in_order() {
                each(item, result)?;
            }
        }
        while let Some((item, result)) = queue.next_in_order() {
            each(item, result)?;
        }
        Ok(())
    })
}

/// More than any machine has cores for; each thread has a stack of its own.
const MOST_THREADS: usize = 1_024;

/// Enough that one slow item does not idle the other workers, few enough that their results stay small.
const UNDER_WAY_PER_WORKER: usize = 4;

/// Items not yet begun, and results not yet handed over.
struct Queue<I: Iterator, R> {
    state: Mutex<State<I, R>>,
    changed: Condvar,
    most_under_way: usize,
}

struct State<I: Iterator, R> {
    /// `None` once it has ended.
    items: Option<I>,
    begun: usize,
    handed_over: usize,
    done: BTreeMap<usize, (I::Item, Result<R, Panicked>)>,
    fault: Option<Box<dyn Any + Send>>,
}

impl<I: Iterator, R> Queue<I, R> {
    fn new(items: I, most_under_way: usize) -> Self {
        let state = State {
            items: Some(items),
            begun: 0,
            handed_over: 0,
            done: BTreeMap::new(),
            fault: None,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            most_under_way,
        }
    }

    /// The next item to work on, `None` at the end; waits while too many are under way.
    fn take(&self) -> Option<(usize, I::Item)> {
        let mut guard = self.lock();
        loop {
            let state = &mut *guard;
            let items = state.items.as_mut()?;
            if state.begun - state.handed_over < self.most_under_way {
                match catch_unwind(AssertUnwindSafe(|| items.next())) {
                    Ok(Some(item)) => {
                        state.begun += 1;
                        return Some((state.begun - 1, item));
                    }
                    Ok(None) => state.items = None,
                    Err(fault) => {
                        state.items = None;
                        state.fault = Some(fault);
                    }
                }
                self.changed.notify_all();
            } else {
                guard = self.wait(guard);
            }
        }
    }

    /// Takes one item, does the work and puts its result; false at the end.
    fn work_on_one(&self, work: impl Fn(&I::Item) -> R) -> bool {
        let Some((index, item)) = self.take() else {
            return false;
        };
        let result = catch_unwind(AssertUnwindSafe(|| work(&item))).map_err(|_| Panicked);
        self.put(index, item, result);
        true
    }

    fn put(&self, index: usize, item: I::Item, result: Result<R, Panicked>) {
        self.lock().done.insert(index, (item, result));
        self.changed.notify_all();
    }

    /// The next result in the order of the items; waits for it. `None` once all are handed over.
    fn next_in_order(&self) -> Option<(I::Item, Result<R, Panicked>)> {
        let mut state = self.lock();
        loop {
            let next = state.handed_over;
            if let Some(done) = state.done.remove(&next) {
                state.handed_over += 1;
                self.changed.notify_all();
                return Some(done);
            }
            if state.items.is_none() && state.handed_over == state.begun {
                if let Some(fault) = state.fault.take() {
                    drop(state);
                    resume_unwind(fault);
                }
                return None;
            }
            state = self.wait(state);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<I, R>> {
        // Nothing that can panic leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<I, R>>) -> MutexGuard<'a, State<I, R>> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins nothing new once the consumer is gone.
struct StopOnDrop<'a, I: Iterator, R>(&'a Queue<I, R>);

impl<I: Iterator, R> Drop for StopOnDrop<'_, I, R> {
    fn drop(&mut self) {
        self.0.lock().items = None;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn workers(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).expect("tests ask for workers")
    }

    #[test]
    fn hands_over_in_the_order_given_however_long_each_takes() {
        for count in [1, 2, 7] {
            let mut seen = Vec::new();
            let done = ordered(
                0_u64..100,
                workers(count),
                |&n| {
                    thread::sleep(std::time::Duration::from_micros((100 - n) * 10));
                    n * 2
                },
                |item, result| {
                    seen.push((item, result));
                    Ok::<(), ()>(())
                },
            );
            assert_eq!(done, Ok(()));
            let expected: Vec<_> = (0..100).map(|n| (n, Ok(n * 2))).collect();
            assert_eq!(seen, expected, "{count} workers");
        }
    }

    #[test]
    fn a_panic_is_the_result_of_its_own_item_alone() {
        let mut seen = Vec::new();
        let done = ordered(
            0..5,
            workers(2),
            |&n| {
                assert!(n != 3, "three");
                n
            },
            |_, result| {
                seen.push(result);
                Ok::<(), ()>(())
            },
        );
        assert_eq!(done, Ok(()));
        assert_eq!(seen, [Ok(0), Ok(1), Ok(2), Err(Panicked), Ok(4)]);
    }

    #[test]
    fn without_any_thread_the_caller_does_the_work() {
        let caller = thread::current().id();
        let mut seen = Vec::new();
        let done = on_threads(
            0..9,
            0,
            &|&n: &i32| {
                assert_eq!(thread::current().id(), caller);
                assert!(n != 3, "three");
                n * 2
            },
            &mut |item, result| {
                seen.push((item, result.ok()));
                if item == 7 { Err("enough") } else { Ok(()) }
            },
        );
        assert_eq!(done, Err("enough"));
        let expected: Vec<_> = (0..8).map(|n| (n, (n != 3).then_some(n * 2))).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn any_number_of_workers_may_be_asked_for() {
        let mut sum = 0;
        let done = ordered(
            0..100_u32,
            NonZeroUsize::MAX,
            |&n| n,
            |_, n| {
                sum += n?;
                Ok::<(), Panicked>(())
            },
        );
        assert_eq!((done, sum), (Ok(()), 4_950));
    }

    #[test]
    fn begins_no_more_than_its_window_ahead() {
        let begun = AtomicUsize::new(0);
        let mut most = 0;
        let mut handed_over = 0;
        let done = ordered(
            0..1_000,
            workers(2),
            |_| begun.fetch_add(1, Ordering::SeqCst),
            |_, _| {
                thread::sleep(std::time::Duration::from_micros(50));
                most = most.max(begun.load(Ordering::SeqCst) - handed_over);
                handed_over += 1;
                Ok::<(), ()>(())
            },
        );
        assert_eq!(done, Ok(()));
        assert_eq!(handed_over, 1_000);
        assert!(most <= 2 * UNDER_WAY_PER_WORKER + 1, "{most} under way");
    }

    #[test]
    fn an_error_of_the_consumer_ends_an_endless_input() {
        let mut seen = 0;
        let done = ordered(
            0..,
            workers(3),
            |&n: &u64| n,
            |_, _| {
                seen += 1;
                if seen == 10 { Err("enough") } else { Ok(()) }
            },
        );
        assert_eq!((done, seen), (Err("enough"), 10));
    }

    #[test]
    #[should_panic(expected = "broken input")]
    fn a_panic_of_the_input_reaches_the_caller() {
        let items = (0..10).inspect(|&n| assert!(n < 5, "broken input"));
        let _ = ordered(items, workers(2), |&n| n, |_, _| Ok::<(), ()>(()));
    }
}
