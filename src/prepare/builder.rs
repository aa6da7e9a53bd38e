//! The choices of a preparer, one by one.

use std::sync::Arc;
use std::time::Duration;

use super::Preparer;
use crate::choices::Step;
use crate::clip::Transcoder;
use crate::error::{Error, Misuse};
use crate::page::PageRenderer;
use crate::provider::{Limit, Rules};
use crate::units::{ByteCount, DAY, Pixels};
#[cfg(feature = "net")]
use crate::verify::remote::{FetchPolicy, UrlVerifier};

impl Preparer {
    /// Prepares under other rules: a variant from [`Rules::by_name`], or a changed copy of a provider's own. A changed
    /// copy is noted in the report (MMS605).
    ///
    /// # Errors
    ///
    /// [`Misuse::NoTypes`], [`Misuse::ZeroLimit`].
    pub fn with_rules(mut self, rules: Rules) -> Result<Self, Error> {
        if rules.types.is_empty() {
            return Err(Misuse::NoTypes.into());
        }
        if rules.message_bytes.value().get() == 0 {
            return Err(Misuse::ZeroLimit.into());
        }
        self.custom_rules = !Rules::ALL.iter().any(|known| **known == rules);
        self.rules = Arc::new(rules);
        #[cfg(feature = "net")]
        self.verify_urls_under(self.urls.policy().clone());
        Ok(self)
    }

    /// The bytes that all parts of a message should add up to when something has to shrink; where it would leave less than
    /// 10,000 of them to each picture, the cap counts instead. Default: the rules' target.
    ///
    /// # Errors
    ///
    /// [`Misuse::TargetOverCap`], [`Misuse::ZeroLimit`].
    pub fn target(mut self, target: ByteCount) -> Result<Self, Error> {
        if target > self.rules.message_bytes.value() {
            return Err(Misuse::TargetOverCap.into());
        }
        if target.get() == 0 {
            return Err(Misuse::ZeroLimit.into());
        }
        self.choices.target = Some(target);
        Ok(self)
    }

    /// What the recipient's network takes of a whole message: a number of bytes, or a [`CarrierCeiling`]'s with its
    /// source. Above it a warning is given. Default: the rules' usual ceiling, and a note.
    ///
    /// [`CarrierCeiling`]: crate::provider::CarrierCeiling
    #[must_use]
    pub fn carrier_ceiling(mut self, ceiling: impl Into<Limit<ByteCount>>) -> Self {
        self.choices.carrier = Some(ceiling.into());
        self
    }

    /// The most bytes of one attachment that are read at all. Default: 100,000,000 bytes.
    #[must_use]
    pub fn input_limit(mut self, bytes: ByteCount) -> Self {
        self.choices.input_limit = bytes;
        #[cfg(feature = "net")]
        self.verify_urls_under(self.urls.policy().clone());
        self
    }

    /// How URL attachments are fetched and verified. Default: [`FetchPolicy::new`], and never more bytes than
    /// [`Preparer::input_limit`].
    #[cfg(feature = "net")]
    #[must_use]
    pub fn fetch_policy(mut self, policy: FetchPolicy) -> Self {
        self.verify_urls_under(policy);
        self
    }

    #[cfg(feature = "net")]
    fn verify_urls_under(&mut self, policy: FetchPolicy) {
        let limit = policy.max_bytes.min(self.choices.input_limit);
        let rules = Rules::clone(&self.rules);
        self.urls = Arc::new(UrlVerifier::new(rules, policy.max_bytes(limit)));
    }

    /// The long side of the screen that pictures are judged for. Default: 1440 px.
    #[must_use]
    pub fn view_side(mut self, side: Pixels) -> Self {
        self.choices.view_side = side;
        self
    }

    /// The longest side of a picture that has to be changed anyway. Default: the rules' own.
    #[must_use]
    pub fn max_side(mut self, side: Pixels) -> Self {
        self.choices.max_side = Some(side);
        self
    }

    /// Lets an animation that fits in no other way become a still of its first frame. Default: no.
    #[must_use]
    pub fn allow_still(mut self, allowed: bool) -> Self {
        self.choices.still_allowed = allowed;
        self
    }

    /// Lets what the provider does not take be sent inside a zip archive, where the provider takes those. Default: no.
    #[must_use]
    pub fn wrap_in_zip(mut self, allowed: bool) -> Self {
        self.choices.wrap_in_zip = allowed;
        self
    }

    /// Lets a video that can be sent in no other way become a JPEG of one of its frames. Default: no.
    #[must_use]
    pub fn allow_poster(mut self, allowed: bool) -> Self {
        self.choices.poster_allowed = allowed;
        self
    }

    /// Has video and sound encoded anew whose codec many phones lack (HEVC, AV1, Motion JPEG, ALAC, …), although the
    /// provider takes its type: as H.264 and AAC, or as [`Transcoder::for_old_phones`] says. Without it a warning
    /// (MMS302) names the codec. Default: no.
    #[must_use]
    pub fn common_codecs(mut self, wanted: bool) -> Self {
        self.choices.common_codecs = wanted;
        self
    }

    /// Lets a PDF that the provider does not take become a JPEG of its first page, drawn by this program. Default: no.
    #[must_use]
    pub fn pdf_first_page(mut self, renderer: PageRenderer) -> Self {
        self.choices.page_renderer = Some(renderer);
        self
    }

    /// What encodes video and sound. Default: [`Transcoder::find`].
    #[must_use]
    pub fn transcoder(mut self, transcoder: Transcoder) -> Self {
        self.choices.transcoder = transcoder;
        self
    }

    /// How long one message may take, a day at most: URLs, clips, and pictures that are not begun by then are refused
    /// (MMS510). A picture that was begun is finished, which is a matter of a second or two. Default: no deadline.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.choices.deadline = Some(deadline.min(DAY));
        self
    }

    /// Has a function called as the attachments of a message pass the stages, on the threads that do the work: the
    /// stages of one attachment in their order, those of several in any.
    #[must_use]
    pub fn on_progress(mut self, call: impl Fn(Step) + Send + Sync + 'static) -> Self {
        self.choices.tell_to(call);
        self
    }

    /// The most worker threads that may be asked for: more only wait for each other.
    pub const MAX_WORKERS: usize = 1_024;

    /// The worker threads, shared by all clones of this preparer. The bytes made do not depend on their number. Default:
    /// those of rayon, one a core.
    ///
    /// # Errors
    ///
    /// [`Misuse::NoWorkers`]; [`Misuse::TooManyWorkers`] over [`Preparer::MAX_WORKERS`]; [`Error::Workers`] where the threads cannot be started.
    pub fn workers(mut self, count: usize) -> Result<Self, Error> {
        if count == 0 {
            return Err(Misuse::NoWorkers.into());
        }
        if count > Self::MAX_WORKERS {
            return Err(Misuse::TooManyWorkers {
                most: Self::MAX_WORKERS,
            }
            .into());
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
        self.pool = Some(Arc::new(pool.map_err(|source| Error::Workers { source })?));
        Ok(self)
    }
}
