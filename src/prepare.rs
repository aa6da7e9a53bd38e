//! `prepare`: the stages in order, from what a user uploaded to a bundle that the provider will accept.

mod builder;
mod part;

use std::sync::Arc;

use rayon::ThreadPool;
use rayon::prelude::*;

use crate::attachment::Attachment;
use crate::bundle::Bundle;
use crate::check::{self, Checked};
use crate::choices::{Choices, Stage};
use crate::code::Code;
use crate::error::Error;
use crate::fit;
use crate::guard::guarded;
use crate::message_rules;
use crate::provider::{Provider, Rules};
use crate::read;
use crate::report::{Finding, Outcome, PartReport, Report, Verdict};
use crate::units::ByteCount;
#[cfg(feature = "net")]
use crate::verify::remote::{FetchPolicy, UrlVerifier};

use part::{Verified, ended, verify_one};

/// Prepares attachments for a provider, with choices.
///
/// # Examples
///
/// ```
/// use mmsfit::{Attachment, ByteCount, Preparer, Provider};
///
/// let preparer = Preparer::new(Provider::TsgGlobal).target(ByteCount::new(600_000))?;
/// let contact = Attachment::from_bytes(*b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\nEND:VCARD\r\n");
/// let prepared = preparer.prepare_blocking([contact])?;
/// assert_eq!(prepared.into_bundle()?.parts()[0].content_type(), "text/vcard");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Preparer {
    rules: Arc<Rules>,
    choices: Choices,
    custom_rules: bool,
    /// Threads of its own; `None` for those of the whole process.
    pool: Option<Arc<ThreadPool>>,
    /// Shared by all messages of a run: a URL is fetched once.
    #[cfg(feature = "net")]
    pub(crate) urls: Arc<UrlVerifier>,
    #[cfg(feature = "net")]
    pub(crate) host: Option<crate::prepare_host::Host>,
}

impl Preparer {
    /// Prepares for this provider under its default rules.
    #[must_use]
    pub fn new(provider: Provider) -> Self {
        Self {
            rules: Arc::new(provider.rules().clone()),
            choices: Choices::default(),
            custom_rules: false,
            pool: None,
            #[cfg(feature = "net")]
            urls: Arc::new(UrlVerifier::new(
                provider.rules().clone(),
                FetchPolicy::new(),
            )),
            #[cfg(feature = "net")]
            host: None,
        }
    }

    /// The same, the time of one message running from now on.
    pub(crate) fn started(&self) -> Self {
        Self {
            choices: self.choices.started(),
            ..self.clone()
        }
    }

    /// When the message that was begun has to be done.
    #[cfg(feature = "net")]
    pub(crate) fn until(&self) -> Option<std::time::Instant> {
        self.choices.until()
    }

    /// Has a worker thread do something.
    #[cfg(feature = "net")]
    pub(crate) fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        match &self.pool {
            Some(pool) => pool.spawn(work),
            None => rayon::spawn(work),
        }
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Checks one attachment as the only one of a message. Changes nothing, writes nothing, fits nothing.
    ///
    /// What it says is what [`Preparer::prepare_blocking`] then does, but for two things that only decoding shows: a wrong bit
    /// inside a picture's data (MMS301), and a picture that no size worth sending brings under its limit (MMS205).
    #[must_use]
    pub fn check(&self, attachment: &Attachment) -> PartReport {
        match self.read_and_check(attachment) {
            Ok(checked) => checked.into_report(),
            Err(ended) => *ended,
        }
    }

    /// Prepares one message's attachments, bytes and paths, on the calling thread and rayon's.
    ///
    /// # Errors
    ///
    /// Faults of the surroundings or of the call; media that cannot be sent is told by [`Prepared::report`].
    pub fn prepare_blocking(
        &self,
        attachments: impl IntoIterator<Item = Attachment>,
    ) -> Result<Prepared, Error> {
        let attachments: Vec<Attachment> = attachments.into_iter().collect();
        let this = self.started();
        let prepare = || {
            let checked = attachments
                .par_iter()
                .enumerate()
                .map(|(at, attachment)| {
                    let checked = this.read_and_check(attachment);
                    this.choices.tell(at, Stage::Checked);
                    checked
                })
                .collect();
            this.finish(checked)
        };
        Ok(match &this.pool {
            Some(pool) => pool.install(prepare),
            None => prepare(),
        })
    }

    /// One attachment up to the point where its needs are known.
    fn read_and_check(&self, attachment: &Attachment) -> Result<Checked, Box<PartReport>> {
        self.choices
            .in_time()
            .map_err(|finding| Box::new(ended(attachment, finding)))?;
        #[cfg(feature = "net")]
        if let Some(refused) = crate::prepare_url::refused(attachment) {
            return Err(Box::new(refused));
        }
        let bytes = read::read(attachment, self.choices.input_limit)
            .map_err(|finding| Box::new(ended(attachment, finding)))?;
        let check = || Ok(check::check(attachment, bytes, &self.rules, &self.choices));
        let checked = guarded(check).map_err(|finding| Box::new(ended(attachment, finding)))?;
        #[cfg(feature = "net")]
        let checked = crate::prepare_url::fetched(attachment, checked);
        Ok(checked)
    }

    /// The stages after the check, for all attachments of one message.
    pub(crate) fn finish(&self, checked: Vec<Result<Checked, Box<PartReport>>>) -> Prepared {
        let mut findings = self.message_notes();
        findings.extend(message_rules::check_count(checked.len(), &self.rules));
        let refused = |part: &Result<Checked, Box<PartReport>>| {
            part.as_ref().map_or(true, Checked::is_refused)
        };
        if findings
            .iter()
            .any(|finding| finding.outcome == Outcome::Refused)
            || checked.iter().any(refused)
        {
            return self.refuse(checked, findings);
        }
        let mut checked: Vec<Checked> = checked.into_iter().flatten().collect();

        let limits = match fit::budget::share(&mut checked, &self.rules, &self.choices) {
            Ok(limits) => limits,
            Err(finding) => {
                findings.push(*finding);
                return self.refuse(checked.into_iter().map(Ok).collect(), findings);
            }
        };
        let fitted = fit::fit_all(&checked, &limits, &self.rules, &self.choices);
        let verified: Vec<Result<Verified, Box<PartReport>>> = checked
            .into_par_iter()
            .zip(fitted)
            .enumerate()
            .map(|(at, (checked, fitted))| {
                let verified = verify_one(checked, fitted, &self.rules, &self.choices);
                self.choices.tell(at, Stage::Verified);
                verified
            })
            .collect();
        self.bundle(verified, findings)
    }

    /// Proved parts together: the last checks of the message, then the bundle.
    fn bundle(
        &self,
        verified: Vec<Result<Verified, Box<PartReport>>>,
        mut findings: Vec<Finding>,
    ) -> Prepared {
        let complete = verified.iter().all(Result::is_ok);
        let mut parts = Vec::new();
        let mut reports = Vec::new();
        for verified in verified {
            match verified {
                Ok(verified) => {
                    parts.push(verified.part);
                    reports.push(verified.report);
                }
                Err(ended) => reports.push(*ended),
            }
        }
        message_rules::name_apart(&mut parts, &self.rules);
        findings.extend(message_rules::check_total(&parts, &self.rules));
        let mut told = reports.iter().flat_map(|report| &report.findings);
        if !told.any(|told| told.code == Code::AboveCarrierCeiling) {
            let total = parts.iter().map(|part| part.facts().bytes).sum();
            let total = ByteCount::new(total);
            findings.extend(check::note_carrier(total, &self.rules, &self.choices));
        }
        findings.extend(message_rules::note_hosting(&parts, &self.rules));
        for (index, report) in reports.iter_mut().enumerate() {
            report
                .findings
                .iter_mut()
                .for_each(|finding| finding.part = Some(index));
        }
        let refused = !complete
            || findings
                .iter()
                .any(|finding| finding.outcome == Outcome::Refused);
        let verdict = match () {
            () if refused => Verdict::Refused,
            () if reports
                .iter()
                .all(|report| report.verdict == Verdict::Passed) =>
            {
                Verdict::Passed
            }
            () => Verdict::Fixed,
        };
        let bundle = (!refused).then(|| Bundle::of_verified(Arc::clone(&self.rules), parts));
        let total_bytes = bundle
            .as_ref()
            .map_or(0, |bundle| bundle.total_bytes().get());
        let report = Report {
            rules: self.rules.name.to_string(),
            verdict,
            parts: reports,
            findings,
            total_bytes,
        };
        Prepared { report, bundle }
    }

    /// No bundle: every attachment is reported as far as it came.
    fn refuse(
        &self,
        checked: Vec<Result<Checked, Box<PartReport>>>,
        findings: Vec<Finding>,
    ) -> Prepared {
        let parts: Vec<PartReport> = checked
            .into_iter()
            .enumerate()
            .map(|(index, part)| {
                let mut report = part.map_or_else(|ended| *ended, Checked::into_report);
                report
                    .findings
                    .iter_mut()
                    .for_each(|finding| finding.part = Some(index));
                report
            })
            .collect();
        let report = Report {
            rules: self.rules.name.to_string(),
            verdict: Verdict::Refused,
            parts,
            findings,
            total_bytes: 0,
        };
        Prepared {
            report,
            bundle: None,
        }
    }

    fn message_notes(&self) -> Vec<Finding> {
        if !self.custom_rules {
            return Vec::new();
        }
        vec![Finding::note(
            Code::CustomRules,
            format!("held against custom rules named {:?}", self.rules.name),
        )]
    }
}

/// The outcome of preparing one message: its report and, if it can be sent, its bundle.
#[derive(Clone, Debug)]
pub struct Prepared {
    report: Report,
    bundle: Option<Bundle>,
}

impl Prepared {
    #[cfg(feature = "net")]
    pub(crate) fn of(report: Report, bundle: Option<Bundle>) -> Self {
        Self { report, bundle }
    }

    #[cfg(feature = "net")]
    pub(crate) fn apart(self) -> (Report, Option<Bundle>) {
        (self.report, self.bundle)
    }

    /// What was found, what was done, what is left.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The bundle, if there is one.
    #[must_use]
    pub fn bundle(&self) -> Option<&Bundle> {
        self.bundle.as_ref()
    }

    /// The bundle.
    ///
    /// # Errors
    ///
    /// The report that says why there is none.
    pub fn into_bundle(self) -> Result<Bundle, Report> {
        self.bundle.ok_or(self.report)
    }
}

/// Prepares one message's attachments for a provider, under its default rules.
///
/// # Errors
///
/// Faults of the surroundings or of the call, never bad media: that is told by [`Prepared::report`].
///
/// # Examples
///
/// ```no_run
/// use mmsfit::{Attachment, Provider};
///
/// # async fn send() -> Result<(), Box<dyn std::error::Error>> {
/// let prepared = mmsfit::prepare([Attachment::from_path("photo.heic")], Provider::Sinch).await?;
/// println!("{}", prepared.report());
/// let bundle = prepared.into_bundle()?;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "net")]
pub async fn prepare(
    attachments: impl IntoIterator<Item = Attachment>,
    provider: Provider,
) -> Result<Prepared, Error> {
    Preparer::new(provider).prepare(attachments).await
}

/// Prepares one message's attachments for a provider, under its default rules: bytes and paths.
///
/// # Errors
///
/// Faults of the surroundings or of the call, never bad media: that is told by [`Prepared::report`].
#[cfg(not(feature = "net"))]
pub fn prepare(
    attachments: impl IntoIterator<Item = Attachment>,
    provider: Provider,
) -> Result<Prepared, Error> {
    Preparer::new(provider).prepare(attachments)
}

#[cfg(not(feature = "net"))]
impl Preparer {
    /// Prepares one message's attachments: bytes and paths.
    ///
    /// # Errors
    ///
    /// Faults of the surroundings or of the call; media that cannot be sent is told by [`Prepared::report`].
    pub fn prepare(
        &self,
        attachments: impl IntoIterator<Item = Attachment>,
    ) -> Result<Prepared, Error> {
        self.prepare_blocking(attachments)
    }
}
