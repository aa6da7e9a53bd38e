//! What a caller may choose.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clip::Transcoder;
use crate::code::Code;
use crate::page::PageRenderer;
use crate::provider::Limit;
use crate::report::Finding;
use crate::units::{ByteCount, Pixels};

/// What a caller may choose, the same for every attachment.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    pub(crate) target: Option<ByteCount>,
    pub(crate) carrier: Option<Limit<ByteCount>>,
    pub(crate) input_limit: ByteCount,
    pub(crate) view_side: Pixels,
    pub(crate) max_side: Option<Pixels>,
    pub(crate) still_allowed: bool,
    pub(crate) wrap_in_zip: bool,
    pub(crate) poster_allowed: bool,
    pub(crate) common_codecs: bool,
    pub(crate) transcoder: Transcoder,
    pub(crate) page_renderer: Option<PageRenderer>,
    /// How long one message may take.
    pub(crate) deadline: Option<Duration>,
    /// When the message that was begun has to be done.
    until: Option<Instant>,
    progress: Option<Callback>,
}

/// How far one attachment of a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The attachment, counted from 0.
    pub part: usize,
    /// What is done of it.
    pub stage: Stage,
}

/// The stages of an attachment that callers are told of, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// It was read, sniffed, and held against the rules.
    Checked,
    /// It was made to fit, or found to need nothing.
    Fitted,
    /// What comes of it was proved.
    Verified,
}

#[derive(Clone)]
struct Callback(Arc<dyn Fn(Step) + Send + Sync>);

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback(..)")
    }
}

impl Choices {
    /// The same, the time of one message running from now on unless it runs already.
    pub(crate) fn started(&self) -> Self {
        let until = || self.deadline.map(|deadline| Instant::now() + deadline);
        Self {
            until: self.until.or_else(until),
            ..self.clone()
        }
    }

    /// When the message has to be done, where it was given a time.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Refuses what has not begun when the time of its message is over.
    pub(crate) fn in_time(&self) -> Result<(), Finding> {
        match (self.until, self.deadline) {
            (Some(until), Some(deadline)) if Instant::now() >= until => Err(too_late(deadline)),
            _ => Ok(()),
        }
    }

    /// Has `call` told of every step.
    pub(crate) fn tell_to(&mut self, call: impl Fn(Step) + Send + Sync + 'static) {
        self.progress = Some(Callback(Arc::new(call)));
    }

    pub(crate) fn tell(&self, part: usize, stage: Stage) {
        if let Some(Callback(call)) = &self.progress {
            call(Step { part, stage });
        }
    }
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            target: None,
            carrier: None,
            // Phones upload videos of this size; more is refused unread.
            input_limit: ByteCount::new(100_000_000),
            view_side: Pixels::new(1440),
            max_side: None,
            still_allowed: false,
            wrap_in_zip: false,
            poster_allowed: false,
            common_codecs: false,
            transcoder: Transcoder::find(),
            page_renderer: None,
            deadline: None,
            until: None,
            progress: None,
        }
    }
}

fn too_late(deadline: Duration) -> Finding {
    Finding::refused(
        Code::TooSlow,
        format!(
            "not done when the {} ms of its message were over",
            deadline.as_millis()
        ),
    )
    .help("allow the message more time, or send fewer attachments in one")
}
