//! `mmsfit prepare --provider P PATH_OR_URL…`: one message.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mmsfit::report_v1::{BUNDLE, Finding, Manifest, Record, Verdict};
use mmsfit::{Attachment, Bundle, Millis, Prepared, Preparer, Transcoder};

use super::Context;
use super::args::{Choices, Prepare};
use super::choices::{one_preparer, transcoder};
use super::fault::Fault;
use super::place::{self, Folder};
use super::print::{Extent, Results};
use super::progress::Progress;
use super::tally::Tally;
use super::text;
#[cfg(feature = "net")]
use super::verify_url;
use super::walk::{once, standard_input};

/// Prepares one message and writes its parts with their manifest.
pub(crate) fn run(args: &Prepare, context: &Context) -> Result<ExitCode, Fault> {
    let preparer = one_preparer(args.provider, &args.choices, context)?;
    let out = args.out.as_deref().map(Folder::open).transpose()?;
    let attachments = attachments(&args.attachments)?;
    let rules = preparer.rules().clone();
    let progress = Progress::of_steps(context.progress);
    let preparer = preparer.transcoder(told_by(&args.choices, &progress));
    progress.teller()("preparing");
    let prepared = prepare(preparer, attachments, args)?;
    drop(progress);

    let mut record = Record::of_message(prepared.report(), &rules);
    name_bytes(&mut record, &args.attachments);
    if let Some(finding) = args.text.as_deref().and_then(|text| rules.check_text(text)) {
        if finding.outcome == mmsfit::Outcome::Refused {
            record.result = Verdict::Refused;
            record.total_bytes = Some(0);
        }
        record.findings.push(Finding::from(&finding));
    }
    if let Some(out) = &out {
        withdraw(out)?;
    }
    if let (Some(out), Some(bundle)) = (
        &out,
        prepared
            .bundle()
            .filter(|_| record.result != Verdict::Refused),
    ) {
        write(out, bundle, args.text.as_deref(), &mut record)?;
    }
    let mut results = Results::new(context, Extent::One);
    results.record(&record)?;
    results.end()?;
    let mut tally = Tally::default();
    tally.count_message(&record, context);
    Ok(tally.exit_code())
}

/// The encoder of film and sound, which may work for minutes, and tells how far it is.
fn told_by(choices: &Choices, progress: &Progress) -> Transcoder {
    let tell = progress.teller();
    transcoder(choices).on_progress(move |step| {
        let done = Millis::new(step.done_ms);
        let of = step
            .total_ms
            .map(|total| format!(" of {}", Millis::new(total)));
        let of = of.unwrap_or_default();
        tell(&format!("encoding, run {}: {done}{of}", step.run));
    })
}

/// The attachments as they were named: `-`, URLs, paths.
pub(super) fn attachments(given: &[PathBuf]) -> Result<Vec<Attachment>, Fault> {
    once(given.iter().map(|path| path.as_os_str()))?;
    given
        .iter()
        .map(|path| match path.to_str() {
            Some("-") => Ok(Attachment::from_bytes(standard_input()?).named("stdin")),
            Some(url) if text::is_url(url) => Ok(Attachment::from_url(url)),
            _ => Ok(Attachment::from_path(path)),
        })
        .collect()
}

/// The names that are no text, byte for byte.
pub(super) fn name_bytes(record: &mut Record, given: &[PathBuf]) {
    for (part, path) in record.parts.iter_mut().flatten().zip(given) {
        part.input_hex = text::hex_of_bytes(path);
    }
}

#[cfg(feature = "net")]
fn prepare(
    preparer: Preparer,
    attachments: Vec<Attachment>,
    args: &Prepare,
) -> Result<Prepared, Fault> {
    let preparer = preparer.fetch_policy(verify_url::network(&args.network));
    Ok(verify_url::block_on(preparer.prepare(attachments))??)
}

#[cfg(not(feature = "net"))]
fn prepare(
    preparer: Preparer,
    attachments: Vec<Attachment>,
    _: &Prepare,
) -> Result<Prepared, Fault> {
    Ok(preparer.prepare(attachments)?)
}

/// The parts, then the manifest: who finds a manifest finds all that it names.
fn write(
    out: &Folder,
    bundle: &Bundle,
    text: Option<&str>,
    record: &mut Record,
) -> Result<(), Fault> {
    for (index, part) in bundle.parts().iter().enumerate() {
        let path = out.path().join(part.name());
        write_one(&path, part.bytes())?;
        let output = record
            .parts
            .as_mut()
            .and_then(|parts| parts.get_mut(index))
            .and_then(|part| part.output.as_mut());
        if let Some(output) = output {
            output.path = Some(path.to_string_lossy().into_owned());
        }
    }
    let manifest = Manifest::of(bundle, text);
    let mut json = serde_json::to_vec_pretty(&manifest)
        .map_err(|fault| Fault::of("cannot write the manifest", &fault, "please report it"))?;
    json.push(b'\n');
    write_one(&out.path().join(MANIFEST), &json)
}

/// Takes away the manifest of an earlier message, so that none looks current when this one is refused, or its parts fail
/// to be written. A file of this name that is no manifest of ours stays.
fn withdraw(out: &Folder) -> Result<(), Fault> {
    let path = out.path().join(MANIFEST);
    let is_ours = fs::File::open(&path)
        .and_then(|file| serde_json::from_reader(file.take(MAX_MANIFEST_BYTES)).map_err(Into::into))
        .is_ok_and(|manifest: serde_json::Value| manifest["schema"] == BUNDLE);
    if !is_ours {
        return Ok(());
    }
    fs::remove_file(&path).map_err(|fault| {
        let what = format!("cannot remove the earlier {}", text::path(&path));
        Fault::of(what, &fault, "give --out a folder that can be written")
    })
}

const MANIFEST: &str = "bundle.json";

/// More than any manifest has; what is longer is not one.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;

fn write_one(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    place::write(path, bytes)
        .map_err(|fault| place::unwritten(path, &fault, "give --out a folder that can be written"))
}
