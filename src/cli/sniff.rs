//! `mmsfit sniff PATH…`: what each file is.

use std::process::ExitCode;

use mmsfit::batch;
use mmsfit::report_v1::{Finding, Kind, Record, Sniffed, Sniffing, Summary, Verdict};
use mmsfit::{Attachment, Code, sniff};

use super::Context;
use super::args::Sniff;
use super::fault::Fault;
use super::print::{Extent, Results};
use super::progress::Progress;
use super::tally::Tally;
use super::text;
use super::walk::{INPUT_LIMIT, Input, Inputs};

/// Sniffs every file under the paths.
pub(crate) fn run(args: &Sniff, context: &Context) -> Result<ExitCode, Fault> {
    let inputs = Inputs::new(&args.paths, None)?;
    let mut results = Results::new(context, Extent::Batch);
    if Progress::is_seen(context.progress) {
        results.progress = Progress::over(Inputs::count(&args.paths, None)?);
    }
    let mut summary = Summary::new(None);
    let mut tally = Tally::default();
    let begin = results.progress.namer();
    let done = batch::ordered(
        inputs,
        context.workers(),
        |input: &Input| {
            begin(&input.path);
            match &input.attachment {
                Ok(attachment) => sniffed(attachment),
                Err(finding) => unchecked((**finding).clone()),
            }
        },
        |input, record| {
            let record = named(
                record.unwrap_or_else(|_| fault_of_ours(Kind::Sniff)),
                &input,
            );
            results.progress.done();
            summary.count(record.result);
            tally.count(record.result, context);
            results.record(&record)
        },
    );
    Fault::unless_unread(done)?;
    results.summary(&summary)?;
    results.end()?;
    Ok(tally.exit_code())
}

fn sniffed(attachment: &Attachment) -> Record {
    let bytes = match attachment.read(INPUT_LIMIT) {
        Ok(bytes) => bytes,
        Err(finding) => return unread(Kind::Sniff, &finding),
    };
    let found = sniff::sniff(&bytes);
    let refused = found
        .findings
        .iter()
        .any(|finding| finding.outcome == mmsfit::Outcome::Refused);
    Record {
        sniffed: Sniffing::Of(Some(Box::new(Sniffed::from(&found)))),
        findings: found.findings.iter().map(Finding::from).collect(),
        ..Record::new(
            Kind::Sniff,
            if refused {
                Verdict::Refused
            } else {
                Verdict::Passed
            },
        )
    }
}

fn unchecked(finding: Finding) -> Record {
    Record {
        findings: vec![finding],
        ..Record::new(Kind::Sniff, Verdict::Unchecked)
    }
}

/// What could not be read: refused for what it is, or unchecked because of the surroundings.
pub(crate) fn unread(kind: Kind, finding: &mmsfit::Finding) -> Record {
    let result = match finding.code {
        Code::EmptyAttachment | Code::OverInputLimit => Verdict::Refused,
        _ => Verdict::Unchecked,
    };
    Record {
        findings: vec![finding.into()],
        ..Record::new(kind, result)
    }
}

/// A panic in the work on one file.
pub(crate) fn fault_of_ours(kind: Kind) -> Record {
    let finding = Finding::refused(
        Code::InternalFault,
        "the work on this file panicked",
        "please report it with the file",
    );
    Record {
        findings: vec![finding],
        ..Record::new(kind, Verdict::Unchecked)
    }
}

/// The record under the input's own name, nothing of it lost.
pub(crate) fn named(record: Record, input: &Input) -> Record {
    Record {
        input: Some(input.path.to_string_lossy().into_owned()),
        input_hex: text::hex_of_bytes(&input.path),
        ..record
    }
}
