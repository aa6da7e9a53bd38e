//! A message: a proved bundle, numbers and words, all held against the provider's rules before anything is sent.

mod compose;
mod number;
mod slides;
mod texts;
mod travel;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use url::Url;

use crate::bundle::Bundle;
use crate::provider::{Provider, Rules};
use crate::report::{Finding, Report};

pub use compose::Compose;
pub use number::{NotANumber, PhoneNumber};
pub use slides::Slide;
pub use travel::Travel;
pub(crate) use travel::{data_url, embedded_body, plain_text};

/// Everything that a sender needs: it exists only if it keeps every rule of its provider that can be checked beforehand.
///
/// # Examples
///
/// ```
/// use mmsfit::{Attachment, Message, Provider, prepare};
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let pixel = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
/// let photo = Attachment::from_bytes(&pixel[..]);
/// let bundle = prepare([photo], Provider::RingCentral).await?.into_bundle()?;
/// let message = Message::compose(bundle).from("+15551230000").to(["+15551230001"]).text("Hi").build()?;
/// assert_eq!(message.to()[0].to_string(), "+15551230001");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Message {
    content: Arc<Content>,
    from: Option<PhoneNumber>,
}

/// What becomes of a message that a phone cannot show as MMS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fallback {
    /// Nothing was said: only where the provider asks for no choice.
    Unsaid,
    /// An SMS with this text goes out instead.
    Text(String),
    /// Nothing goes out instead.
    None,
}

pub(crate) struct Content {
    bundle: Bundle,
    to: Vec<PhoneNumber>,
    is_group: bool,
    text: Option<String>,
    subject: Option<String>,
    fallback: Fallback,
    expires: Option<SystemTime>,
    reference: String,
    is_own_reference: bool,
    headers: Vec<(String, Vec<String>)>,
    delivery_reports: bool,
    travels: Vec<Travel>,
    slides: Vec<Slide>,
    findings: Vec<Finding>,
}

impl Message {
    /// Begins a message with its media.
    pub fn compose(bundle: Bundle) -> Compose {
        Compose::new(bundle)
    }

    /// The provider that it was checked for.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.content.bundle.provider()
    }

    /// The rules that it was checked against.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        self.content.bundle.rules()
    }

    /// The media.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.content.bundle
    }

    /// The sender's number; `None` where the provider is to be asked for it.
    #[must_use]
    pub fn from(&self) -> Option<&PhoneNumber> {
        self.from.as_ref()
    }

    /// The recipients, in the order given.
    #[must_use]
    pub fn to(&self) -> &[PhoneNumber] {
        &self.content.to
    }

    /// Whether the recipients see each other.
    #[must_use]
    pub fn is_group(&self) -> bool {
        self.content.is_group
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.content.text.as_deref()
    }

    /// The subject.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.content.subject.as_deref()
    }

    /// What becomes of a message that a phone cannot show.
    #[must_use]
    pub fn fallback(&self) -> &Fallback {
        &self.content.fallback
    }

    /// When delivery is no longer tried.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.content.expires
    }

    /// The caller's own reference, or a random one of 32 hexadecimal digits where none was given.
    #[must_use]
    pub fn client_reference(&self) -> &str {
        &self.content.reference
    }

    /// Whether the caller gave the reference: only then can a second try be known as one.
    #[must_use]
    pub fn has_own_reference(&self) -> bool {
        self.content.is_own_reference
    }

    /// Headers of the caller's own, each with its values.
    #[must_use]
    pub fn headers(&self) -> &[(String, Vec<String>)] {
        &self.content.headers
    }

    /// Whether the provider is asked to tell of the delivery.
    #[must_use]
    pub fn delivery_reports(&self) -> bool {
        self.content.delivery_reports
    }

    /// How each part travels, in the order of the bundle.
    #[must_use]
    pub fn travels(&self) -> &[Travel] {
        &self.content.travels
    }

    /// The slides; empty where the provider has none.
    #[must_use]
    pub fn slides(&self) -> &[Slide] {
        &self.content.slides
    }

    /// What is worth knowing although it does not stand in the way.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.content.findings
    }

    /// The same message from another number: the one that the provider was asked for.
    ///
    /// # Errors
    ///
    /// MMS607 where the number cannot send this message.
    pub fn sent_from(&self, from: &str) -> Result<Self, Report> {
        let rules = self.rules();
        let mut findings = Vec::new();
        let from = texts::sender(Some(from), rules, &mut findings);
        findings.extend(texts::sender_among(from.as_ref(), self.to(), rules));
        if findings.iter().any(compose::stands_in_the_way) {
            return Err(compose::refusal(self.bundle(), findings));
        }
        Ok(Self {
            content: Arc::clone(&self.content),
            from,
        })
    }

    /// The URL of a part, where it travels by URL.
    #[must_use]
    pub fn url(&self, part: usize) -> Option<&Url> {
        match self.content.travels.get(part) {
            Some(Travel::Url(url)) => Some(url),
            _ => None,
        }
    }
}

/// Neither numbers nor texts: a message may end up in a log.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("provider", &self.provider().name())
            .field("recipients", &self.content.to.len())
            .field("parts", &self.content.bundle.parts().len())
            .field("client_reference", &self.content.reference)
            .finish_non_exhaustive()
    }
}
