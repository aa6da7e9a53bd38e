//! `mmsfit send`: one message prepared, hosted where the provider fetches by URL, verified there, and sent.

use std::process::ExitCode;

use mmsfit::provider::Delivery;
use mmsfit::report_v1::{self, Finding, Record, Verdict};
use mmsfit::send::{Client, Multipart, SendError, Upload};
use mmsfit::{
    Attachment, Bundle, ByteCount, Code, Compose, FetchPolicy, HostingError, MediaHost, Message,
    Preparer, Provider, Report, publish_and_verify,
};
use url::Url;

use super::Context;
use super::account::{self, Keys};
use super::args::{Network, SendArgs};
use super::choices::one_preparer;
use super::fault::Fault;
use super::host;
use super::prepare::{attachments, name_bytes};
use super::print::{Extent, Results};
use super::progress::Progress;
use super::tally::Tally;
use super::verify_url::{block_on, network};

/// Sends one message, or shows what would be sent.
pub(crate) fn run(args: &SendArgs, context: &Context) -> Result<ExitCode, Fault> {
    let preparer = one_preparer(args.provider, &args.choices, context)?;
    let policy = network(&Network {
        allow_net: args.allow_net.clone(),
        timeout: args.account.timeout,
    });
    if args.to.is_empty() {
        return Err(Fault::new(
            "no recipient is given",
            "give --to +15551230001, several with commas between them",
        ));
    }
    // What is missing of the surroundings is told before minutes of work.
    let way = Way::of(args, &preparer, policy.clone())?;
    let attachments = attachments(&args.attachments)?;
    let progress = Progress::of_steps(context.progress);
    let mut record = block_on(way.go(
        preparer.fetch_policy(policy),
        attachments,
        context,
        &progress,
    ))??;
    drop(progress);
    name_bytes(&mut record, &args.attachments);
    let mut results = Results::new(context, Extent::One);
    results.record(&record)?;
    results.end()?;
    let mut tally = Tally::default();
    tally.count_message(&record, context);
    Ok(tally.exit_code())
}

/// All that a message needs besides its attachments.
struct Way<'a> {
    args: &'a SendArgs,
    policy: FetchPolicy,
    client: Client,
    /// None where the provider takes bytes, or where no flag names one.
    host: Option<Box<dyn MediaHost>>,
}

/// A message that ends here: its record says why.
struct Refused(Vec<Finding>);

impl<'a> Way<'a> {
    fn of(args: &'a SendArgs, preparer: &Preparer, policy: FetchPolicy) -> Result<Self, Fault> {
        let rules = preparer.rules();
        let keys = Keys::of(&args.account)?;
        let multipart = args.multipart.map_or(Multipart::Mixed, Into::into);
        let sender = if args.dry_run {
            account::sender_to_show(rules.provider, &args.account, multipart, &keys)?
        } else {
            account::sender(rules.provider, &args.account, multipart, &keys)?
        };
        let takes_bytes = rules.delivery.contains(&Delivery::Upload);
        let host = if takes_bytes || args.dry_run {
            None
        } else {
            host::host(args, &keys)?
        };
        Ok(Self {
            args,
            policy,
            client: Client::new(sender).timeout(args.account.timeout.unwrap_or(account::TIMEOUT)),
            host,
        })
    }

    async fn go(
        self,
        preparer: Preparer,
        attachments: Vec<Attachment>,
        context: &Context,
        progress: &Progress,
    ) -> Result<Record, Fault> {
        progress.say("preparing");
        let rules = preparer.rules().clone();
        let prepared = preparer.prepare(attachments).await?;
        let mut record = Record::of_message(prepared.report(), &rules);
        let is_denied = context.denials.fixed && record.result == Verdict::Fixed;
        let Some(bundle) = prepared.bundle().filter(|_| !is_denied) else {
            return Ok(record);
        };
        if let Err(Refused(findings)) = self.deliver(bundle.clone(), &mut record, progress).await? {
            if findings.iter().any(|finding| finding.outcome == "refused") {
                record.result = Verdict::Refused;
            }
            record.findings.extend(findings);
        }
        Ok(record)
    }

    /// Checks the words and numbers, publishes, verifies, sends: in this order, so that nothing is published for a message
    /// that breaks a rule.
    async fn deliver(
        self,
        bundle: Bundle,
        record: &mut Record,
        progress: &Progress,
    ) -> Result<Result<(), Refused>, Fault> {
        // Whether a host is needed is decided here, and said only where there is none.
        let hosting = Code::NeedsHosting.to_string();
        record.findings.retain(|finding| finding.code != hosting);
        let planned = match self.compose(bundle.clone(), self.planned(&bundle)).build() {
            Ok(message) => message,
            Err(report) => return Ok(Err(with_flags(&report))),
        };
        if self.args.dry_run {
            record
                .findings
                .extend(planned.findings().iter().map(Finding::from));
            return match self.preview(&planned) {
                Ok(request) => {
                    record.request = Some(request);
                    Ok(Ok(()))
                }
                Err(fault) => declined(fault),
            };
        }
        let bundle = match &self.host {
            None => bundle,
            Some(host) => {
                progress.say("publishing, and verifying as the provider will fetch");
                match publish_and_verify(bundle, &**host, self.policy.clone()).await {
                    Ok(bundle) => bundle,
                    Err(fault) => return unpublished(fault),
                }
            }
        };
        let message = match self.compose(bundle, None).build() {
            Ok(message) => message,
            Err(report) => return Ok(Err(with_flags(&report))),
        };
        record
            .findings
            .extend(message.findings().iter().map(Finding::from));
        self.send(&message, record, progress).await
    }

    /// The request as it would go out. Where the sender is looked up only then, a word stands in its place.
    fn preview(&self, message: &Message) -> Result<String, SendError> {
        let is_looked_up =
            message.from().is_none() && message.rules().provider == Provider::RingCentral;
        if !is_looked_up {
            return self.client.preview(message);
        }
        // The request takes numbers alone: one stands in for it that nobody has (555-0100 to 555-0199 are for examples).
        let is_recipient =
            |number: &String| message.to().iter().any(|to| to.to_string() == *number);
        let stand_in = (100..200)
            .map(|line| format!("+12025550{line}"))
            .find(|number| !is_recipient(number))
            .ok_or(SendError::NoSender)?;
        let from_stand_in = message
            .sent_from(&stand_in)
            .map_err(|report| SendError::Refused(Box::new(report)))?;
        let shown = self.client.preview(&from_stand_in)?;
        let field = |value: &str| format!("\"from\":{{\"phoneNumber\":\"{value}\"}}");
        Ok(shown.replacen(&field(&stand_in), &field(LOOKED_UP), 1))
    }

    async fn send(
        self,
        message: &Message,
        record: &mut Record,
        progress: &Progress,
    ) -> Result<Result<(), Refused>, Fault> {
        let ledger = account::ledger(&self.args.account).await?;
        progress.say("sending");
        let told = progress.teller();
        let client = self.client.ledger(ledger).on_upload(move |upload: Upload| {
            let (written, total) = (upload.written_bytes, upload.total_bytes);
            if written >= total {
                return told("sent, waiting for the answer");
            }
            told(&format!(
                "sending, {} % of {}",
                written * 100 / total,
                ByteCount::new(total)
            ));
        });
        match client.send(message).await {
            Ok(receipt) => {
                record
                    .findings
                    .extend(receipt.findings.iter().map(Finding::from));
                let mut told = report_v1::Receipt::from(&receipt);
                told.client_reference
                    .get_or_insert_with(|| message.client_reference().to_owned());
                record.receipt = Some(Box::new(told));
                Ok(Ok(()))
            }
            Err(fault) => declined(fault),
        }
    }

    fn compose(&self, bundle: Bundle, hosted: Option<Vec<Url>>) -> Compose {
        let args = self.args;
        let mut message = Message::compose(bundle)
            .delivery_reports(args.delivery_reports)
            .data_urls(args.data_urls)
            // What may be fetched without TLS was decided by the address: a URL outside the ranges was refused before.
            .plain_http(!args.allow_net.is_empty());
        message = match args.group {
            true => message.group(&args.to),
            false => message.to(&args.to),
        };
        if let Some(from) = &args.from {
            message = message.from(from);
        }
        if let Some(text) = &args.text {
            message = message.text(text);
        }
        if let Some(subject) = &args.subject {
            message = message.subject(subject);
        }
        if let Some(text) = &args.fallback_text {
            message = message.fallback_text(text);
        }
        if args.no_fallback {
            message = message.no_fallback();
        }
        if let Some(reference) = &args.client_reference {
            message = message.client_reference(reference);
        }
        if let Some(expiry) = args.expiry {
            message = message.expiry(expiry);
        }
        if args.sound_with_picture {
            message = message.sound_with_picture();
        }
        match hosted {
            Some(urls) => message.hosted(urls),
            None => message,
        }
    }

    /// One URL a part, where the flags name a host: the part's own, or a place-holder's.
    fn planned(&self, bundle: &Bundle) -> Option<Vec<Url>> {
        let url = |part: &mmsfit::Part| match part.url() {
            Some(url) => Url::parse(url).ok(),
            None => host::planned(self.args, part.name()),
        };
        bundle.parts().iter().map(url).collect()
    }
}

const LOOKED_UP: &str = "<looked up when sent>";

/// The refusal, with the flags that would help where a host is missing.
fn with_flags(report: &Report) -> Refused {
    let finding = |finding: &mmsfit::Finding| {
        let mut told = Finding::from(finding);
        if finding.code == Code::NeedsHosting {
            told.help = Some(host::FLAGS.to_owned());
        }
        told
    };
    Refused(report.findings.iter().map(finding).collect())
}

/// A message without a receipt: what the provider or the rules say is a finding, the rest a fault of the surroundings.
fn declined(fault: SendError) -> Result<Result<(), Refused>, Fault> {
    if let SendError::Refused(report) = &fault {
        return Ok(Err(with_flags(report)));
    }
    match fault.finding() {
        Some(finding) => Ok(Err(Refused(vec![Finding::from(&finding)]))),
        None => {
            let help = fault.help();
            Err(Fault::of("the message was not sent", &fault, help))
        }
    }
}

/// Media that the provider could not have fetched is a finding; a host that fails is a fault of the surroundings.
fn unpublished(fault: HostingError) -> Result<Result<(), Refused>, Fault> {
    match fault {
        HostingError::Url {
            part,
            verdict,
            finding,
        } => {
            let findings = verdict.findings.iter().chain(&finding).map(|found| {
                let mut told = Finding::from(found);
                told.part = Some(part);
                // The rule of a URL that could be replaced: this one is the replacement.
                if told.outcome == "fixable" {
                    told.outcome = "refused";
                }
                told
            });
            Ok(Err(Refused(findings.collect())))
        }
        fault => Err(Fault::of(
            "nothing was sent",
            &fault,
            "mend the host, or give another one",
        )),
    }
}
