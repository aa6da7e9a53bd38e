//! `mmsfit fit FILE --max-bytes N -o OUT`: one picture under a byte cap.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use mmsfit::report_v1::{self, Action, Finding, Kind, Output, Record, Sniffed, Sniffing, Verdict};
use mmsfit::{
    Attachment, ByteCount, Code, ContentType, FitError, FitOptions, FittedImage, Pixels, fit_image,
    sniff,
};
use serde_json::Value;

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
    let Some(output) = args.output.as_deref() else {
        return Err(Fault::new(
            "no place for the picture is given",
            "give -o FILE, or -o - for standard output",
        ));
    };
    let onto_standard_output = output.as_os_str() == "-";
    if onto_standard_output && context.format != Format::Human {
        let what = "the picture and the report cannot both go to standard output";
        return Err(Fault::new(what, "give -o a file, or leave --format out"));
    }
    if output.is_dir() {
        let what = format!("{} is a folder", text::path(output));
        return Err(Fault::new(what, "give -o the name of a file"));
    }
    context.start_pool()?;
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
            Err(why) => (refused(&bytes, why, args), None),
            Ok(image) => (fitted(&bytes, &image, max, args), Some(image)),
        },
    };
    let input = Input {
        path: args.file.clone(),
        relative: args.file.clone(),
        attachment: Ok(attachment),
    };
    let mut record = named(record, &input);
    if let Some(image) = &image {
        deliver(output, image, &mut record)?;
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

fn deliver(path: &Path, image: &FittedImage, record: &mut Record) -> Result<(), Fault> {
    if path.as_os_str() == "-" {
        let mut out = io::stdout().lock();
        let written = out.write_all(&image.bytes).and_then(|()| out.flush());
        return Fault::unless_unread(written.map_err(Fault::from));
    }
    let written = match fs::metadata(path) {
        // `/dev/null`, or a pipe with a name: there is nothing to be renamed onto it.
        Ok(found) if !found.is_file() => fs::File::options()
            .write(true)
            .open(path)
            .and_then(|mut device| device.write_all(&image.bytes)),
        _ => place::write(path, &image.bytes),
    };
    written
        .map_err(|fault| place::unwritten(path, &fault, "give -o a place that can be written"))?;
    if let Some(output) = &mut record.output {
        output.path = Some(path.to_string_lossy().into_owned());
    }
    record.findings.extend(misnamed(path, image.content_type));
    Ok(())
}

/// That a name promises another type than the file has: programs that go by names will not open it.
fn misnamed(path: &Path, kind: ContentType) -> Option<Finding> {
    let extension = path.extension()?.to_str()?;
    let mut promised = ContentType::from_extension(extension).peekable();
    promised.peek()?;
    if promised.any(|promised| promised == kind) {
        return None;
    }
    let finding = Finding::note(
        Code::NameAndTypeDisagree,
        format!("the picture is {kind}, and its name ends with .{extension}"),
    );
    Some(Finding {
        severity: "warning",
        observed: facts([("content_type", kind.mime().into())]),
        allowed: facts([("extensions", kind.extensions().into())]),
        help: Some(format!(
            "give -o a name that ends with .{}",
            kind.extension()
        )),
        ..finding
    })
}

fn fitted(bytes: &[u8], image: &FittedImage, max: ByteCount, args: &Fit) -> Record {
    let untouched = image.bytes == bytes;
    let mut findings: Vec<Finding> = image.findings.iter().map(Into::into).collect();
    let result = if untouched {
        Verdict::Passed
    } else {
        Verdict::Fixed
    };
    let record = of_bytes(bytes, result);
    if let (false, Sniffing::Of(Some(found))) = (untouched, &record.sniffed) {
        // What the fitter notes of the same is said once, with what was done about it.
        let reasons = reasons(found, image, max, args);
        findings.retain(|noted| !reasons.iter().any(|reason| reason.code == noted.code));
        findings.splice(0..0, reasons);
    }
    Record {
        output: Some(Output::from(image)),
        fit: Some(report_v1::Fit::from(image)),
        findings,
        ..record
    }
}

/// Why the picture could not stay as it was, each with what was done.
fn reasons(found: &Sniffed, image: &FittedImage, max: ByteCount, args: &Fit) -> Vec<Finding> {
    let side = |width: Option<u32>, height: Option<u32>| width.max(height);
    let long_side = side(found.width_px, found.height_px).unwrap_or(0);
    let kind = found.content_type.as_deref().unwrap_or_default();
    let is_other_type = kind != image.content_type.mime();
    let action = if is_other_type {
        "transcoded"
    } else if image.encodes == 0 {
        "stripped"
    } else if image.scale < 1.0 {
        "downscaled"
    } else {
        "requantised"
    };
    let reason = |code: Code, message: String, observed, allowed| Finding {
        severity: code.default_severity().name(),
        outcome: "fixed",
        observed: facts([observed]),
        allowed: facts([allowed]),
        action: Some(Action {
            kind: action,
            before_bytes: found.bytes,
            after_bytes: image.bytes.len() as u64,
        }),
        ..Finding::note(code, message)
    };
    let mut reasons = Vec::new();
    if found.bytes > max.get() {
        reasons.push(reason(
            Code::PartOverLimit,
            format!(
                "{}, {max} allowed by --max-bytes",
                ByteCount::new(found.bytes)
            ),
            ("bytes", found.bytes.into()),
            ("bytes", max.get().into()),
        ));
    }
    if let Some(most) = args.max_side.filter(|&most| long_side > most) {
        let (is, most) = (Pixels::new(long_side), Pixels::new(most));
        reasons.push(reason(
            Code::DimensionsOverLimit,
            format!("the long side is {is}, {most} allowed by --max-side"),
            ("long_side_px", long_side.into()),
            ("long_side_px", most.get().into()),
        ));
    }
    let accepted: Vec<&str> = FitOptions::default()
        .accept
        .iter()
        .map(|kind| kind.mime())
        .collect();
    if is_other_type && !accepted.contains(&kind) {
        reasons.push(reason(
            Code::TypeNotAccepted,
            format!("{kind} is not shown by every phone"),
            ("content_type", kind.into()),
            ("content_types", accepted.into()),
        ));
    }
    if let Some(orientation) = found.orientation.filter(|&orientation| orientation != 1) {
        reasons.push(reason(
            Code::OrientationApplied,
            format!("stored turned (EXIF orientation {orientation}): many phones ignore the tag"),
            ("orientation", orientation.into()),
            ("orientation", 1.into()),
        ));
    }
    if found.has_location {
        reasons.push(Finding {
            observed: BTreeMap::new(),
            allowed: BTreeMap::new(),
            ..reason(
                Code::LocationData,
                "it says where it was taken (GPS position)".to_owned(),
                ("", Value::Null),
                ("", Value::Null),
            )
        });
    }
    reasons
}

fn facts<const N: usize>(facts: [(&str, Value); N]) -> BTreeMap<String, Value> {
    facts.map(|(name, value)| (name.to_owned(), value)).into()
}

fn refused(bytes: &[u8], why: FitError, args: &Fit) -> Record {
    let record = of_bytes(bytes, Verdict::Refused);
    let mut finding = Finding::from(&why.into_finding());
    let frames = match &record.sniffed {
        Sniffing::Of(Some(found)) => found.frames.unwrap_or(1),
        _ => 1,
    };
    let is_too_big = finding.code == Code::CannotBeFitted.to_string();
    if let Some(help) = &mut finding.help
        && is_too_big
        && frames > 1
        && !args.allow_still
    {
        help.push_str(", or a still of its first frame with --allow-still");
    }
    Record {
        findings: vec![finding],
        ..record
    }
}

fn of_bytes(bytes: &[u8], result: Verdict) -> Record {
    let found = sniff::sniff(bytes);
    Record {
        sniffed: Sniffing::Of(Some(Box::new(Sniffed::from(&found)))),
        ..Record::new(Kind::Fit, result)
    }
}
