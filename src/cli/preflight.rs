//! `mmsfit preflight --provider P[,P…] PATH…`: a batch.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use mmsfit::report_v1::{Finding, Kind, Record, Summary, Verdict};
use mmsfit::{Attachment, Bundle, Code, ContentType, Preparer, batch};

use super::Context;
use super::args::Preflight;
use super::choices::preparers;
use super::fault::Fault;
use super::place::{self, Folder};
use super::print::{Extent, Results};
use super::progress::Progress;
use super::sniff::{fault_of_ours, named};
use super::tally::Tally;
use super::text;
use super::walk::{Input, Inputs};

/// Checks, and with `--fix` mends, every file under the paths.
pub(crate) fn run(args: &Preflight, context: &Context) -> Result<ExitCode, Fault> {
    if args.fix {
        context.start_shared_pool()?;
    }
    let preparers = preparers(&args.provider, &args.choices, context)?;
    let out = match (&args.out, args.fix) {
        (Some(path), true) => Some(open_apart(path, &args.paths)?),
        (None, true) => return Err(Fault::new("--fix has nowhere to write", "give --out DIR")),
        // The configuration's own is looked at with --fix only: this one was given.
        (Some(_), false) => {
            return Err(Fault::new(
                "--out without --fix: nothing would be written",
                "give --fix as well, or leave --out away",
            ));
        }
        (None, false) => None,
    };
    let skipped = out.as_ref().map(|out| out.real().to_owned());
    let mut folders = mirrors(args, out)?;
    let inputs = Inputs::new(&args.paths, skipped.as_deref())?;
    let mut results = Results::new(context, Extent::Batch).outliving_its_reader(args.fix);
    if Progress::is_seen(context.progress) {
        results.progress = Progress::over(Inputs::count(&args.paths, skipped.as_deref())?);
    }
    let mut summaries: Vec<Summary> = preparers
        .iter()
        .map(|preparer| Summary::new(Some(preparer.rules())))
        .collect();
    let mut tally = Tally::default();
    let begin = results.progress.namer();
    let done = batch::ordered(
        inputs,
        context.workers(),
        |input: &Input| {
            begin(&input.path);
            preparers
                .iter()
                .map(|preparer| examine(preparer, input, args.fix))
                .collect::<Vec<_>>()
        },
        |input, examined| {
            results.progress.done();
            let examined =
                examined.unwrap_or_else(|_| preparers.iter().map(Examined::of_panic).collect());
            for (index, Examined { record, output }) in examined.into_iter().enumerate() {
                let mut record = named(record, &input);
                if let (Some(output), Some(folder)) = (output, folders.get_mut(index)) {
                    deliver(&output, folder, &input, &mut record, &mut tally);
                }
                if let Some(summary) = summaries.get_mut(index) {
                    summary.count(record.result);
                }
                tally.count(record.result, context);
                results.record(&record)?;
            }
            Ok::<(), Fault>(())
        },
    );
    Fault::unless_unread(done)?;
    summaries
        .iter()
        .try_for_each(|summary| results.summary(summary))?;
    results.end()?;
    Ok(tally.exit_code())
}

/// What is known of one file under one set of rules, and what came out of it.
struct Examined {
    record: Record,
    output: Option<Made>,
}

struct Made {
    bytes: Arc<[u8]>,
    content_type: ContentType,
}

impl Examined {
    fn of_panic(preparer: &Preparer) -> Self {
        Self {
            record: fault_of_ours(Kind::File).under(preparer.rules()),
            output: None,
        }
    }
}

fn examine(preparer: &Preparer, input: &Input, fix: bool) -> Examined {
    let rules = preparer.rules();
    let attachment = match &input.attachment {
        Ok(attachment) => attachment,
        Err(finding) => {
            let record = Record {
                findings: vec![(**finding).clone()],
                ..Record::new(Kind::File, Verdict::Unchecked)
            };
            return Examined {
                record: record.under(rules),
                output: None,
            };
        }
    };
    if fix {
        return mend(preparer, attachment);
    }
    let mut record = Record::of_part(Kind::File, &preparer.check(attachment)).under(rules);
    for finding in &mut record.findings {
        if finding.outcome == "fixable" && finding.help.is_none() {
            finding.help = Some("run it with --fix --out DIR".to_owned());
        }
    }
    Examined {
        record,
        output: None,
    }
}

fn mend(preparer: &Preparer, attachment: &Attachment) -> Examined {
    let prepared = match preparer.prepare_blocking([attachment.clone()]) {
        Ok(prepared) => prepared,
        Err(fault) => {
            let finding = Finding::refused(Code::InternalFault, fault.to_string(), "run it again");
            let record = Record {
                findings: vec![finding],
                ..Record::new(Kind::File, Verdict::Unchecked)
            };
            return Examined {
                record: record.under(preparer.rules()),
                output: None,
            };
        }
    };
    let report = prepared.report();
    let Some(part) = report.parts.first() else {
        return Examined::of_panic(preparer);
    };
    let mut record = Record::of_part(Kind::File, part);
    // A file alone is its message: what stands against the message stands against it.
    if record.result != Verdict::Unchecked {
        record.result = report.verdict.into();
    }
    record
        .findings
        .extend(report.findings.iter().map(Finding::from));
    let made = |bundle: &Bundle| {
        let part = bundle.parts().first()?;
        Some(Made {
            bytes: part.bytes().into(),
            content_type: part.facts().content_type,
        })
    };
    Examined {
        output: prepared.bundle().and_then(made),
        record: record.under(preparer.rules()),
    }
}

fn deliver(
    made: &Made,
    folder: &mut Folder,
    input: &Input,
    record: &mut Record,
    tally: &mut Tally,
) {
    let path = folder.place(&input.relative, made.content_type, &input.path);
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    match folder.and_then(|()| place::write(&path, &made.bytes)) {
        Ok(()) => {
            if let Some(output) = &mut record.output {
                output.path = Some(path.to_string_lossy().into_owned());
            }
        }
        Err(fault) => {
            tally.unwritten();
            record.result = Verdict::Unchecked;
            record.output = None;
            record.findings.push(Finding::refused(
                Code::OutputNotWritten,
                format!("cannot write {}: {fault}", path.to_string_lossy()),
                "free space or grant permission, then run it again",
            ));
        }
    }
}

/// The output folder, which no input may lie in: outputs would be inputs, and inputs overwritten.
fn open_apart(out: &Path, inputs: &[PathBuf]) -> Result<Folder, Fault> {
    let folder = Folder::open(out)?;
    let inside = |path: &&PathBuf| {
        path.canonicalize()
            .is_ok_and(|real| real.starts_with(folder.real()))
    };
    if let Some(path) = inputs.iter().find(inside) {
        let what = format!(
            "the input {} lies in the output folder {}",
            text::path(path),
            text::path(out)
        );
        return Err(Fault::new(what, "give --out a folder of its own"));
    }
    Ok(folder)
}

/// One folder a set of rules; below the one given where there are several.
fn mirrors(args: &Preflight, out: Option<Folder>) -> Result<Vec<Folder>, Fault> {
    let Some(out) = out else {
        return Ok(Vec::new());
    };
    if let [_] = args.provider.as_slice() {
        return Ok(vec![out]);
    }
    args.provider
        .iter()
        .map(|rules| Folder::open(&out.path().join(rules.name.as_ref())))
        .collect()
}
