//! `prepare` for asynchronous callers: the work runs on rayon's threads, never on the runtime's.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use futures_util::{Stream, StreamExt};
use tokio::sync::oneshot;

use crate::attachment::Attachment;
use crate::error::Error;
use crate::prepare::{Prepared, Preparer};

impl Preparer {
    /// Prepares one message's attachments.
    ///
    /// Reading and all CPU work happen on worker threads; the future only waits. Dropping it gives up the result, not the
    /// work that has begun.
    ///
    /// # Errors
    ///
    /// Faults of the surroundings or of the call; media that cannot be sent is told by [`Prepared::report`].
    pub async fn prepare(
        &self,
        attachments: impl IntoIterator<Item = Attachment>,
    ) -> Result<Prepared, Error> {
        let started = self.started();
        let attachments = started.fetch_urls(attachments).await;
        let preparer = started.clone();
        let (give, take) = oneshot::channel();
        self.spawn(move || {
            // A panic on a pool thread would end the process; here it belongs to the one who asked.
            let prepared =
                catch_unwind(AssertUnwindSafe(|| preparer.prepare_blocking(attachments)));
            // Nobody waits any more where the future was dropped.
            let _ = give.send(prepared);
        });
        match take.await {
            Ok(Ok(prepared)) => Ok(started.hosted(prepared?).await),
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(Error::Cancelled),
        }
    }

    /// Prepares message after message, at most `concurrency` at once, and yields them in the order given.
    ///
    /// Memory does not grow with the number of messages: a message is asked for only when there is room for it, and its
    /// result waits only for those before it.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use mmsfit::{Attachment, Preparer, Provider};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let messages = stream::iter(["first", "second"]).map(|text| vec![Attachment::from_bytes(text.as_bytes())]);
    /// let prepared: Vec<_> = Preparer::new(Provider::RingCentral).prepare_stream(messages, 2).collect().await;
    /// assert_eq!(prepared.len(), 2);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn prepare_stream<M>(
        &self,
        messages: M,
        concurrency: usize,
    ) -> impl Stream<Item = Result<Prepared, Error>> + use<M>
    where
        M: Stream,
        M::Item: IntoIterator<Item = Attachment>,
    {
        let preparer = self.clone();
        messages
            .map(move |attachments| {
                let preparer = preparer.clone();
                let attachments: Vec<Attachment> = attachments.into_iter().collect();
                async move { preparer.prepare(attachments).await }
            })
            .buffered(concurrency.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Provider;
    use crate::report::Verdict;
    use futures_util::stream;

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime starts")
            .block_on(work)
    }

    #[test]
    fn one_thread_of_the_runtime_stays_free_while_work_is_done() {
        let ticks = run(async {
            let preparer = Preparer::new(Provider::Sinch);
            let attachment = Attachment::from_bytes(b"plain words\n".repeat(50_000));
            let work = preparer.prepare([attachment]);
            tokio::pin!(work);
            let mut ticks = 0_u32;
            loop {
                tokio::select! {
                    biased;
                    _ = &mut work => break ticks,
                    () = tokio::task::yield_now() => ticks += 1,
                }
            }
        });
        assert!(ticks > 0, "the runtime was blocked");
    }

    #[test]
    fn a_stream_keeps_its_order_and_asks_for_no_more_than_it_can_hold() {
        let asked = std::cell::Cell::new(0_usize);
        let (names, most_ahead) = run(async {
            let preparer = Preparer::new(Provider::RingCentral)
                .workers(2)
                .expect("two workers start");
            let messages = stream::iter(0..200).map(|n| {
                asked.set(asked.get() + 1);
                let bytes = format!("message {n}\n").into_bytes();
                [Attachment::from_bytes(bytes).named(format!("{n}.txt"))]
            });
            let mut names = Vec::new();
            let mut most_ahead = 0;
            let mut stream = std::pin::pin!(preparer.prepare_stream(messages, 2));
            while let Some(prepared) = stream.next().await {
                most_ahead = most_ahead.max(asked.get() - names.len());
                let prepared = prepared.expect("the surroundings hold");
                names.push(prepared.report().parts[0].input.clone());
            }
            (names, most_ahead)
        });
        let expected: Vec<String> = (0..200).map(|n| format!("{n}.txt")).collect();
        assert_eq!(names, expected);
        assert!(most_ahead <= 3, "{most_ahead} ahead");
    }

    #[test]
    fn a_missing_file_is_a_report_and_no_error() {
        let prepared =
            run(Preparer::new(Provider::Sinch).prepare([Attachment::from_path("/no/such/file")]));
        let report = prepared.map(|prepared| prepared.report().parts[0].verdict);
        assert_eq!(report.ok(), Some(Verdict::Unchecked));
    }
}
