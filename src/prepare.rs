//! `prepare`: the stages in order, from what a user uploaded to a bundle that the provider will accept.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rayon::ThreadPool;
use rayon::prelude::*;

use crate::attachment::Attachment;
use crate::bundle::{Bundle, Part};
use crate::check::{self, Checked};
use crate::clip::Transcoder;
use crate::code::Code;
use crate::error::{Error, Misuse};
use crate::fit::{self, Fitted};
use crate::message_rules;
use crate::page::PageRenderer;
use crate::provider::{Provider, Rules};
use crate::read;
use crate::report::{Finding, Outcome, PartReport, Report, Verdict};
use crate::units::{ByteCount, Pixels};
use crate::verify;
#[cfg(feature = "net")]
use crate::verify::remote::{FetchPolicy, UrlVerifier};

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
}

/// What a caller may choose, the same for every attachment.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    pub(crate) target: Option<ByteCount>,
    pub(crate) carrier_bytes: Option<ByteCount>,
    pub(crate) input_limit: ByteCount,
    pub(crate) view_side: Pixels,
    pub(crate) max_side: Option<Pixels>,
    pub(crate) still_allowed: bool,
    pub(crate) wrap_in_zip: bool,
    pub(crate) poster_allowed: bool,
    pub(crate) transcoder: Transcoder,
    pub(crate) page_renderer: Option<PageRenderer>,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            target: None,
            carrier_bytes: None,
            // Phones upload videos of this size; more is refused unread.
            input_limit: ByteCount::new(100_000_000),
            view_side: Pixels::new(1440),
            max_side: None,
            still_allowed: false,
            wrap_in_zip: false,
            poster_allowed: false,
            transcoder: Transcoder::find(),
            page_renderer: None,
        }
    }
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
        }
    }

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

    /// What the recipient's network takes of a whole message; above it a note is given. Default: the rules' usual ceiling.
    #[must_use]
    pub fn carrier_ceiling(mut self, bytes: ByteCount) -> Self {
        self.choices.carrier_bytes = Some(bytes);
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

    /// The worker threads, shared by all clones of this preparer. The bytes made do not depend on their number. Default:
    /// those of rayon, one a core.
    ///
    /// # Errors
    ///
    /// [`Misuse::NoWorkers`]; [`Error::Workers`] where the threads cannot be started.
    pub fn workers(mut self, count: usize) -> Result<Self, Error> {
        if count == 0 {
            return Err(Misuse::NoWorkers.into());
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
        self.pool = Some(Arc::new(pool.map_err(|source| Error::Workers { source })?));
        Ok(self)
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
        let prepare = || {
            let checked = attachments
                .par_iter()
                .map(|attachment| self.read_and_check(attachment))
                .collect();
            self.finish(checked)
        };
        Ok(match &self.pool {
            Some(pool) => pool.install(prepare),
            None => prepare(),
        })
    }

    /// One attachment up to the point where its needs are known.
    fn read_and_check(&self, attachment: &Attachment) -> Result<Checked, Box<PartReport>> {
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
            .map(|(checked, fitted)| verify_one(checked, fitted, &self.rules, &self.choices))
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

/// One proved part and what is said about it.
struct Verified {
    part: Part,
    report: PartReport,
}

fn verify_one(
    checked: Checked,
    fitted: Result<Fitted, Finding>,
    rules: &Rules,
    choices: &Choices,
) -> Result<Verified, Box<PartReport>> {
    let proved = fitted.and_then(|fitted| {
        guarded(|| verify::verify(&checked, &fitted, rules, choices)).map(|part| (fitted, part))
    });
    let Checked {
        input,
        sniffed,
        bytes,
        mut findings,
        ..
    } = checked;
    match proved {
        Ok((fitted, part)) => {
            let untouched = part.bytes() == &bytes[..];
            fit::settle(&mut findings, fitted, sniffed.bytes, part.facts().bytes);
            // Its bytes are as they came, but a URL that may not stay one was fixed all the same.
            let fixed = |finding: &Finding| finding.outcome == Outcome::Fixed;
            let verdict = if untouched && !findings.iter().any(fixed) {
                Verdict::Passed
            } else {
                Verdict::Fixed
            };
            let output = Some(part.facts().clone());
            Ok(Verified {
                part,
                report: PartReport {
                    input,
                    verdict,
                    sniffed: Some(sniffed),
                    output,
                    findings,
                },
            })
        }
        Err(finding) => {
            findings.push(finding);
            Err(Box::new(PartReport {
                input,
                verdict: Verdict::Refused,
                sniffed: Some(sniffed),
                output: None,
                findings,
            }))
        }
    }
}

/// A part that ended before anything was known about it.
fn ended(attachment: &Attachment, finding: Finding) -> PartReport {
    let unread = matches!(
        finding.code,
        Code::UnreadableAttachment
            | Code::NotARegularFile
            | Code::ChangedWhileRead
            | Code::InternalFault
    );
    let verdict = if unread {
        Verdict::Unchecked
    } else {
        Verdict::Refused
    };
    PartReport {
        input: attachment.label(),
        verdict,
        sniffed: None,
        output: None,
        findings: vec![finding],
    }
}

/// The one seam that catches panics: a fault of ours becomes a finding on that item, and the rest goes on.
pub(crate) fn guarded<T>(stage: impl FnOnce() -> Result<T, Finding>) -> Result<T, Finding> {
    catch_unwind(AssertUnwindSafe(stage)).unwrap_or_else(|_| {
        Err(Finding::refused(
            Code::InternalFault,
            "mmsfit failed on this attachment; nothing of it was used",
        )
        .help("please report it, with the attachment if you may share it"))
    })
}
