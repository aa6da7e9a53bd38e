//! The asynchronous shell of `prepare`: the work runs on rayon's threads and never blocks the runtime.

use futures_util::stream::{Stream, StreamExt};
use tokio::sync::oneshot;

use crate::attachment::Attachment;
use crate::error::Error;
use crate::prepare::{Prepared, Preparer};

impl Preparer {
    /// Prepares one message's attachments.
    ///
    /// # Errors
    ///
    /// Faults of the surroundings or of the call; media that cannot be sent is told by [`Prepared::report`].
    pub async fn prepare(
        &self,
        attachments: impl IntoIterator<Item = Attachment>,
    ) -> Result<Prepared, Error> {
        let attachments: Vec<Attachment> = attachments.into_iter().collect();
        let preparer = self.clone();
        let (answer, prepared) = oneshot::channel();
        rayon::spawn(move || {
            // A caller who no longer waits has dropped the other end: then nobody needs the result.
            let _ = answer.send(preparer.prepare_blocking(attachments));
        });
        prepared.await.map_err(|_| Error::Cancelled)?
    }

    /// Prepares a stream of messages, at most `concurrency` at a time, and yields them in their order.
    ///
    /// Memory is bounded by the messages in work: a slow reader of the stream slows the work down.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use mmsfit::{Attachment, Preparer, Provider};
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let preparer = Preparer::new(Provider::RingCentral);
    /// let messages = stream::iter(["a.jpg", "b.jpg"]).map(|path| vec![Attachment::from_path(path)]);
    /// let mut prepared = std::pin::pin!(preparer.prepare_stream(messages, 2));
    /// while let Some(prepared) = prepared.next().await {
    ///     println!("{}", prepared?.report());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn prepare_stream<M>(
        &self,
        messages: impl Stream<Item = M>,
        concurrency: usize,
    ) -> impl Stream<Item = Result<Prepared, Error>>
    where
        M: IntoIterator<Item = Attachment>,
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
