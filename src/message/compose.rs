//! The builder of a message: takes what the caller says, checks all of it at once.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use url::Url;

use super::slides::{Packing, pack};
use super::travel::{Ways, choose};
use super::{Content, Fallback, Message, texts};
use crate::bundle::Bundle;
use crate::report::{Finding, Outcome, Report, Verdict};

/// A message in the making. Nothing is checked before [`Compose::build`].
#[derive(Clone, Debug)]
#[must_use = "a message exists only once it is built"]
pub struct Compose {
    bundle: Bundle,
    from: Option<String>,
    to: Vec<String>,
    is_group: bool,
    text: Option<String>,
    subject: Option<String>,
    fallback: Fallback,
    expires: Option<Expiry>,
    now: Option<SystemTime>,
    reference: Option<String>,
    headers: Vec<(String, Vec<String>)>,
    delivery_reports: bool,
    ways: Ways,
    packing: Packing,
}

#[derive(Clone, Copy, Debug)]
enum Expiry {
    At(SystemTime),
    In(Duration),
}

impl Compose {
    pub(super) fn new(bundle: Bundle) -> Self {
        Self {
            bundle,
            from: None,
            to: Vec::new(),
            is_group: false,
            text: None,
            subject: None,
            fallback: Fallback::Unsaid,
            expires: None,
            now: None,
            reference: None,
            headers: Vec::new(),
            delivery_reports: false,
            ways: Ways::default(),
            packing: Packing::Apart,
        }
    }

    /// The number to send from. Default: none, which only RingCentral takes, where it is looked up.
    pub fn from(mut self, number: impl Into<String>) -> Self {
        self.from = Some(number.into());
        self
    }

    /// The recipients; called again, further ones. Several make a group wherever the provider has groups. Default: none.
    pub fn to<S: Into<String>>(mut self, numbers: impl IntoIterator<Item = S>) -> Self {
        self.to.extend(numbers.into_iter().map(Into::into));
        self
    }

    /// Recipients of one conversation in which all see each other, even where there is only one. Default: none.
    pub fn group<S: Into<String>>(mut self, numbers: impl IntoIterator<Item = S>) -> Self {
        self.is_group = true;
        self.to(numbers)
    }

    /// The text; it goes into the first slide where there are slides. Default: none.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// The subject. Default: none.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The SMS that goes out to a phone that cannot show MMS. Default: nothing is said, which Sinch does not take.
    pub fn fallback_text(mut self, text: impl Into<String>) -> Self {
        self.fallback = Fallback::Text(text.into());
        self
    }

    /// Nothing goes out to a phone that cannot show MMS. Default: nothing is said, which Sinch does not take.
    pub fn no_fallback(mut self) -> Self {
        self.fallback = Fallback::None;
        self
    }

    /// When delivery is no longer tried. Default: the provider's own limit.
    pub fn expires_at(mut self, time: SystemTime) -> Self {
        self.expires = Some(Expiry::At(time));
        self
    }

    /// How long delivery is tried. Default: the provider's own limit.
    pub fn expiry(mut self, wait: Duration) -> Self {
        self.expires = Some(Expiry::In(wait));
        self
    }

    /// The time that an expiry is held against. Default: the clock's.
    pub fn as_of(mut self, now: SystemTime) -> Self {
        self.now = Some(now);
        self
    }

    /// The caller's own name for this message: the same reference is never sent twice through one ledger, and comes back
    /// in the provider's callbacks where it has such a field. Default: a random one.
    pub fn client_reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// A header of the caller's own; the same name again adds a value. Default: none.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        match self.headers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => self.headers.push((name, vec![value])),
        }
        self
    }

    /// Asks the provider to tell of the delivery. Default: it is not asked.
    pub fn delivery_reports(mut self, wanted: bool) -> Self {
        self.delivery_reports = wanted;
        self
    }

    /// Where each part was published, one URL a part in the order of the bundle. They must serve exactly the parts: verify
    /// them first. Default: the URLs that the parts came from, where they passed unchanged.
    pub fn hosted(mut self, urls: impl IntoIterator<Item = Url>) -> Self {
        self.ways.hosted = Some(urls.into_iter().collect());
        self
    }

    /// Takes plain `http` for the parts' URLs, for an intranet or a test. Default: refused where the rules want `https`.
    pub fn plain_http(mut self, allowed: bool) -> Self {
        self.ways.plain_http = allowed;
        self
    }

    /// Lets parts travel as `data:` URLs (TSG Global; 65,535 characters each). Default: they are embedded or hosted.
    pub fn data_urls(mut self, wanted: bool) -> Self {
        self.ways.data_urls = wanted;
        self
    }

    /// Puts a sound and the picture beside it into one slide (Sinch). Default: one medium a slide.
    pub fn sound_with_picture(mut self) -> Self {
        self.packing = Packing::SoundWithPicture;
        self
    }

    /// The slides as lists of parts, counted from 0 (Sinch). Default: one medium a slide.
    pub fn slides(mut self, slides: impl IntoIterator<Item = Vec<usize>>) -> Self {
        self.packing = Packing::Given(slides.into_iter().collect());
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    ///
    /// A report of all breaches: MMS601 and MMS606 for slides, MMS604 for texts, MMS607 for numbers, MMS608 for parts
    /// that have no URL where the provider fetches by URL, MMS501 for URLs that it would not fetch.
    pub fn build(self) -> Result<Message, Report> {
        let rules = self.bundle.rules().clone();
        let mut findings = Vec::new();
        let from = texts::sender(self.from.as_deref(), &rules, &mut findings);
        let to = texts::recipients(&self.to, &rules, &mut findings);
        findings.extend(texts::sender_among(from.as_ref(), &to, &rules));
        let text = self.text.filter(|text| !text.is_empty());
        texts::text(text.as_deref(), &rules, &mut findings);
        texts::subject(self.subject.as_deref(), &rules, &mut findings);
        texts::fallback(&self.fallback, &rules, &mut findings);
        let now = self.now.unwrap_or_else(SystemTime::now);
        let expires = self.expires.map(|expiry| match expiry {
            Expiry::At(time) => time,
            Expiry::In(wait) => now.checked_add(wait).unwrap_or(now),
        });
        texts::expiry(expires, now, &rules, &mut findings);
        if let Some(reference) = &self.reference {
            texts::reference(reference, &rules, &mut findings);
        }
        texts::headers(&self.headers, &rules, &mut findings);
        texts::delivery_reports(self.delivery_reports, &rules, &mut findings);
        let slides = pack(&self.bundle, &self.packing, text.as_deref(), &mut findings);
        let travels = choose(&self.bundle, &self.ways, &mut findings);
        if findings.iter().any(stands_in_the_way) {
            return Err(refusal(&self.bundle, findings));
        }
        let is_own_reference = self.reference.is_some();
        let reference = match self.reference {
            Some(reference) => reference,
            None => random_reference().map_err(|finding| refusal(&self.bundle, vec![finding]))?,
        };
        Ok(Message {
            from,
            content: Arc::new(Content {
                is_group: self.is_group || to.len() > 1,
                bundle: self.bundle,
                to,
                text,
                subject: self.subject,
                fallback: self.fallback,
                expires,
                reference,
                is_own_reference,
                headers: self.headers,
                delivery_reports: self.delivery_reports,
                travels,
                slides,
                findings,
            }),
        })
    }
}

pub(super) fn stands_in_the_way(finding: &Finding) -> bool {
    finding.outcome == Outcome::Refused
}

pub(super) fn refusal(bundle: &Bundle, findings: Vec<Finding>) -> Report {
    Report {
        rules: bundle.rules().name.to_string(),
        verdict: Verdict::Refused,
        parts: Vec::new(),
        findings,
        total_bytes: bundle.total_bytes().get(),
    }
}

/// 128 random bits: no two messages share them.
fn random_reference() -> Result<String, Finding> {
    let mut bits = [0_u8; 16];
    getrandom::fill(&mut bits).map_err(|_| {
        Finding::refused(
            crate::code::Code::InternalFault,
            "the system gives no random bits",
        )
        .help("give a client reference of your own")
    })?;
    Ok(bits.iter().map(|byte| format!("{byte:02x}")).collect())
}
