//! `mmsfit status`: what became of a message, by the provider's word; and what the ledger is in doubt about.

use std::process::ExitCode;

use mmsfit::Code;
use mmsfit::provider::{Provider, Rules};
use mmsfit::report_v1::{Finding, Kind, Receipt, Record, Sniffing, Summary, Verdict};
use mmsfit::send::{Client, DeliveryStatus, Entry, Multipart, SendError, State};

use super::Context;
use super::account::{self, Keys};
use super::args::StatusArgs;
use super::fault::Fault;
use super::print::{Extent, Results};
use super::tally::Tally;
use super::verify_url::block_on;

/// Asks the provider, lists the doubts of the ledger, or settles one.
pub(crate) fn run(args: &StatusArgs, context: &Context) -> Result<ExitCode, Fault> {
    if args.unknown {
        return unknown(args, context);
    }
    let rules = args
        .provider
        .ok_or_else(|| Fault::new("no provider is given", "give --provider P"))?;
    let record = match (&args.settle, &args.id) {
        (Some(reference), _) => settle(args, rules, reference)?,
        (None, Some(id)) => ask(args, rules, id)?,
        (None, None) => return Err(Fault::new("no message is named", "give its ID")),
    };
    let mut results = Results::new(context, Extent::One);
    results.record(&record)?;
    results.end()?;
    let mut tally = Tally::default();
    tally.count(record.result, context);
    Ok(tally.exit_code())
}

fn ask(args: &StatusArgs, rules: &Rules, id: &str) -> Result<Record, Fault> {
    let keys = Keys::of(&args.account)?;
    let sender = account::sender(rules.provider, &args.account, Multipart::Mixed, &keys)?;
    let client = Client::new(sender).timeout(args.account.timeout.unwrap_or(account::TIMEOUT));
    match block_on(client.status(id))? {
        Ok(receipt) => {
            let mut record = about(rules, id, Verdict::Passed);
            record.findings = receipt.findings.iter().map(Finding::from).collect();
            if matches!(
                receipt.status,
                DeliveryStatus::Failed | DeliveryStatus::Expired
            ) {
                record.result = Verdict::Refused;
                let why = receipt
                    .failure
                    .as_deref()
                    .or(receipt.provider_status.as_deref())
                    .unwrap_or("it does not say why");
                record.findings.push(Finding::refused(
                    Code::RejectedByProvider,
                    format!("{} was not delivered: {why}", rules.provider),
                    "look the provider's word up in its documentation; sent again, it is another message",
                ));
            }
            record.receipt = Some(Box::new(Receipt::from(&receipt)));
            Ok(record)
        }
        Err(fault) => match fault.finding() {
            Some(finding) => {
                let mut record = about(rules, id, Verdict::Refused);
                record.findings.push(Finding::from(&finding));
                Ok(record)
            }
            None => Err(no_answer(&fault)),
        },
    }
}

fn no_answer(fault: &SendError) -> Fault {
    // The chain of this one repeats its help.
    let help = match fault {
        SendError::NoSuchCall { .. } => {
            "`mmsfit serve` receives the callbacks of all four providers"
        }
        _ => fault.help(),
    };
    Fault::of("the status is not known", fault, help)
}

fn unknown(args: &StatusArgs, context: &Context) -> Result<ExitCode, Fault> {
    let ledger = block_on(account::ledger(&args.account))??;
    let entries = ledger
        .unknowns()
        .map_err(|fault| Fault::of("cannot list the ledger", &fault, fault.help()))?;
    let wanted = |entry: &&Entry| {
        args.provider
            .is_none_or(|rules| rules.provider.name() == entry.provider)
    };
    let mut results = Results::new(context, Extent::Batch);
    let mut tally = Tally::default();
    let mut summary = Summary::new(args.provider);
    for entry in entries.iter().filter(wanted) {
        let record = in_doubt(entry);
        summary.count(record.result);
        tally.count(record.result, context);
        Fault::unless_unread(results.record(&record))?;
    }
    results.summary(&summary)?;
    results.end()?;
    // Nothing in doubt is the best answer to this question, not a mistake in asking it.
    if summary.inputs == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    Ok(tally.exit_code())
}

fn in_doubt(entry: &Entry) -> Record {
    let why = entry.why.as_deref().unwrap_or("it was interrupted");
    let mut record = Record {
        provider: Some(entry.provider.clone()),
        input: Some(entry.client_reference.clone()),
        sniffed: Sniffing::Message,
        ..Record::new(Kind::Status, Verdict::Refused)
    };
    let help = format!(
        "look for it in the provider's log, then: mmsfit status --provider {} --settle {} [--accepted-as ID]",
        entry.provider, entry.client_reference
    );
    record.findings.push(Finding::refused(
        Code::OutcomeUnknown,
        format!("the outcome is unknown: {why}"),
        help,
    ));
    record
}

fn settle(args: &StatusArgs, rules: &Rules, reference: &str) -> Result<Record, Fault> {
    let ledger = block_on(account::ledger(&args.account))??;
    let fault = |fault: mmsfit::send::LedgerError| {
        let help = fault.help();
        Fault::of("nothing was settled", &fault, help)
    };
    let provider: Provider = rules.provider;
    let id = args.accepted_as.as_deref();
    if ledger.settle(provider, reference, id).map_err(fault)? {
        let mut record = about(rules, reference, Verdict::Passed);
        record.findings.push(Finding::note(
            Code::OutcomeUnknown,
            match id {
                Some(id) => format!("settled: it was taken as {id}, and is not sent again"),
                None => "settled: it was not taken, and may be sent again under this reference"
                    .to_owned(),
            },
        ));
        return Ok(record);
    }
    let what = match ledger.find(provider, reference).map_err(fault)? {
        None => format!("the ledger knows no message {reference:?} for {provider}"),
        Some(entry) if entry.state == State::Unknown => {
            format!("the message {reference:?} is being sent")
        }
        Some(entry) => format!(
            "the message {reference:?} is {}, not unknown",
            entry.state.name()
        ),
    };
    Err(Fault::new(
        what,
        "`mmsfit status --unknown` lists those that can be settled",
    ))
}

fn about(rules: &Rules, name: &str, result: Verdict) -> Record {
    Record {
        input: Some(name.to_owned()),
        sniffed: Sniffing::Message,
        ..Record::new(Kind::Status, result)
    }
    .under(rules)
}
