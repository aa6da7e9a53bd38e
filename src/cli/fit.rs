//! `mmsfit fit FILE --max-bytes N -o OUT`: one picture under a byte cap.

use std::io::{self, Write};
use std::process::ExitCode;

use mmsfit::report_v1::{self, Kind, Output, Record, Sniffed, Sniffing, Verdict};
use mmsfit::{Attachment, FitError, FitOptions, FittedImage, Pixels, fit_image, sniff};

use super::Context;
use super::args::{Fit, Format};
use super::fault::Fault;
use super::print::{Extent, Results};
use super::sniff::{named, unread};
use super::tally::Tally;
use super::walk::{INPUT_LIMIT, Input, standard_input};
use super::{place, text};

/// Fits one picture and writes it.
pub(crate) fn run(args: &Fit, context: &Context) -> Result<ExitCode, Fault> {
    let Some(max) = args.max_bytes else {
        return Err(Fault::new(
            "no byte cap is given",
            "give --max-bytes 500KB, for instance",
        ));
    };
    let onto_standard_output = args.output.as_os_str() == "-";
    if onto_standard_output && context.format != Format::Human {
        let what = "the picture and the report cannot both go to standard output";
        return Err(Fault::new(what, "give -o a file, or leave --format out"));
    }
    if args.output.is_dir() {
        let what = format!("{} is a folder", text::path(&args.output));
        return Err(Fault::new(what, "give -o the name of a file"));
    }
    if let Some(jobs) = context.jobs {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(jobs.get())
            .build_global();
        pool.map_err(|fault| {
            Fault::of(
                "cannot start the worker threads",
                &fault,
                "give a smaller --jobs",
            )
        })?;
    }
    let attachment = if args.file.as_os_str() == "-" {
        Attachment::from_bytes(standard_input()?)
    } else {
        Attachment::from_path(&args.file)
    };
    let (record, image) = match attachment.read(INPUT_LIMIT) {
        Err(finding) => (unread(Kind::Fit, &finding), None),
        Ok(bytes) => match fit_image(&bytes, max, &options(args)) {
            Err(FitError::ZeroLimit) => {
                return Err(Fault::new(
                    "--max-bytes is zero: nothing fits",
                    "give a size such as 500KB",
                ));
            }
            Err(why) => (refused(&bytes, why), None),
            Ok(image) => (fitted(&bytes, &image), Some(image)),
        },
    };
    let input = Input {
        path: args.file.clone(),
        relative: args.file.clone(),
        attachment: Ok(attachment),
    };
    let mut record = named(record, &input);
    if let Some(image) = &image {
        deliver(args, image, &mut record)?;
    }
    let mut results = if onto_standard_output {
        Results::aside(context)
    } else {
        Results::new(context, Extent::One)
    };
    results.record(&record)?;
    results.end()?;
    let mut tally = Tally::default();
    tally.count(record.result, context);
    Ok(tally.exit_code())
}

fn options(args: &Fit) -> FitOptions {
    let mut options = FitOptions::default().allow_still(args.allow_still);
    if let Some(side) = args.max_side {
        options = options.max_side(Pixels::new(side));
    }
    if let Some(side) = args.view_side {
        options = options.view_side(Pixels::new(side));
    }
    options
}

fn deliver(args: &Fit, image: &FittedImage, record: &mut Record) -> Result<(), Fault> {
    if args.output.as_os_str() == "-" {
        let mut out = io::stdout().lock();
        out.write_all(&image.bytes)?;
        return Ok(out.flush()?);
    }
    place::write(&args.output, &image.bytes).map_err(|fault| {
        let what = format!("cannot write {}", text::path(&args.output));
        Fault::of(
            what,
            &fault,
            "free space, or give -o a place that can be written",
        )
    })?;
    if let Some(output) = &mut record.output {
        output.path = Some(args.output.to_string_lossy().into_owned());
    }
    Ok(())
}

fn fitted(bytes: &[u8], image: &FittedImage) -> Record {
    let untouched = image.bytes == bytes;
    Record {
        output: Some(Output::from(image)),
        fit: Some(report_v1::Fit::from(image)),
        findings: image.findings.iter().map(Into::into).collect(),
        ..of_bytes(
            bytes,
            if untouched {
                Verdict::Passed
            } else {
                Verdict::Fixed
            },
        )
    }
}

fn refused(bytes: &[u8], why: FitError) -> Record {
    Record {
        findings: vec![(&why.into_finding()).into()],
        ..of_bytes(bytes, Verdict::Refused)
    }
}

fn of_bytes(bytes: &[u8], result: Verdict) -> Record {
    let found = sniff::sniff(bytes);
    Record {
        sniffed: Sniffing::Of(Some(Box::new(Sniffed::from(&found)))),
        ..Record::new(Kind::Fit, result)
    }
}
