//! From the flags about limits to a `Preparer`.

use std::path::Path;
use std::process::{Command, Stdio};

use mmsfit::provider::Limit;
use mmsfit::{ByteCount, PageRenderer, Preparer, Rules, Transcoder};

use super::Context;
use super::args::Choices;
use super::fault::Fault;
use super::text;

/// One preparer a set of rules; they share their threads.
///
/// # Errors
///
/// Limits that contradict the rules or each other.
pub(crate) fn preparers(
    sets: &[&'static Rules],
    choices: &Choices,
    context: &Context,
) -> Result<Vec<Preparer>, Fault> {
    let first = sets.first().ok_or_else(|| {
        Fault::new(
            "no provider is given",
            "give --provider ringcentral, sinch, carrierx or tsg-global",
        )
    })?;
    if let Some(program) = &choices.ffmpeg {
        startable(program)?;
    }
    let base = Preparer::new(first.provider);
    let base = match context.jobs {
        Some(jobs) => base.workers(jobs.get())?,
        None => base,
    };
    sets.iter()
        .map(|rules| preparer(base.clone(), rules, choices))
        .collect()
}

/// The preparer of one message, which goes through one provider.
///
/// # Errors
///
/// No provider, or limits that contradict its rules or each other.
pub(crate) fn one_preparer(
    provider: Option<&'static Rules>,
    choices: &Choices,
    context: &Context,
) -> Result<Preparer, Fault> {
    let sets: Vec<_> = provider.into_iter().collect();
    context.start_shared_pool()?;
    preparers(&sets, choices, context)?
        .pop()
        .ok_or_else(|| Fault::new("no provider is given", "give --provider P"))
}

/// The encoder of film and sound.
pub(crate) fn transcoder(choices: &Choices) -> Transcoder {
    let transcoder = match &choices.ffmpeg {
        Some(program) => Transcoder::at(program),
        None => Transcoder::find(),
    };
    transcoder.for_old_phones(choices.for_old_phones)
}

fn preparer(base: Preparer, rules: &Rules, choices: &Choices) -> Result<Preparer, Fault> {
    let rules = match choices.max_bytes {
        Some(cap) => capped(rules, cap)?,
        None => rules.clone(),
    };
    let mut preparer = base
        .with_rules(rules)?
        .allow_still(choices.allow_still)
        .wrap_in_zip(choices.wrap_in_zip)
        .allow_poster(choices.allow_poster);
    if choices.allow_pdf_page {
        preparer = preparer.pdf_first_page(page_renderer()?);
    }
    preparer = preparer
        .common_codecs(choices.common_codecs)
        .transcoder(transcoder(choices));
    if let Some(target) = choices.target {
        preparer = preparer.target(target)?;
    }
    if let Some(carrier) = choices.carrier {
        preparer = preparer.carrier_ceiling(carrier.bytes);
    }
    Ok(preparer)
}

/// Refuses a program that was named and cannot be started: that is a mistake in the arguments, and no fault of the media.
fn startable(program: &Path) -> Result<(), Fault> {
    let started = Command::new(program)
        .arg("-version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(mut child) => {
            // What it is shows when it is asked for its encoders; here it need not end by itself.
            let _ = child.kill();
            let _ = child.wait();
            Ok(())
        }
        Err(fault) => Err(Fault::of(
            format!("--ffmpeg {} cannot be started", text::path(program)),
            &fault,
            "give --ffmpeg the path of an ffmpeg, or leave it away",
        )),
    }
}

/// This very program, started once more for each document.
#[cfg(feature = "pdf")]
fn page_renderer() -> Result<PageRenderer, Fault> {
    match std::env::current_exe() {
        Ok(program) => Ok(PageRenderer::at(program)),
        Err(fault) => Err(Fault::new(
            format!("--allow-pdf-page: this program cannot find itself: {fault}"),
            "leave the flag away, or send a picture of the page",
        )),
    }
}

#[cfg(not(feature = "pdf"))]
fn page_renderer() -> Result<PageRenderer, Fault> {
    Err(Fault::new(
        "--allow-pdf-page: this build draws no PDF",
        "use a build with the feature `pdf`",
    ))
}

/// The rules under a lower cap. A higher one would be a promise that the provider does not keep.
fn capped(rules: &Rules, cap: ByteCount) -> Result<Rules, Fault> {
    let own = rules.message_bytes.value();
    if cap.get() == 0 {
        return Err(Fault::new(
            "--max-bytes is zero: nothing fits",
            "give a size such as 500KB",
        ));
    }
    if cap > own {
        let what = format!(
            "--max-bytes is {cap}, above the cap of {}, which is {own}",
            rules.name
        );
        return Err(Fault::new(what, "lower it: a provider's cap is hard"));
    }
    let lower = |limit: &mut Limit<ByteCount>| {
        if limit.value() > cap {
            *limit = Limit::Assumed {
                value: cap,
                why: "set by --max-bytes",
            };
        }
    };
    let mut rules = rules.clone();
    lower(&mut rules.message_bytes);
    lower(&mut rules.target_bytes);
    for rule in rules.types.to_mut() {
        lower(&mut rule.max_bytes);
        lower(&mut rule.advised_bytes);
    }
    Ok(rules)
}
