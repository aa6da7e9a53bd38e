//! `mmsfit verify-url --provider P[,P…] URL…`: each URL probed the way the provider will fetch it.

use std::ffi::OsStr;
use std::io::{self, BufRead, Read};
use std::num::NonZero;
use std::process::ExitCode;

use futures_util::stream::{self, Stream, StreamExt};
use mmsfit::report_v1::{Kind, Record, Summary};
use mmsfit::{ByteCount, FetchPolicy, Preparer};
use tokio::sync::mpsc;

use super::Context;
use super::args::{Choices, Network, VerifyUrl};
use super::choices::preparers;
use super::fault::Fault;
use super::print::{Extent, Results};
use super::progress::Progress;
use super::tally::Tally;
use super::text;
use super::walk::once;

/// Probes every URL for every provider, several at once, and tells the verdicts in the order of the URLs.
pub(crate) fn run(args: &VerifyUrl, context: &Context) -> Result<ExitCode, Fault> {
    let policy = policy(args, context);
    let preparers: Vec<Preparer> = preparers(&args.provider, &Choices::default(), context)?
        .into_iter()
        .map(|preparer| preparer.fetch_policy(policy.clone()))
        .collect();
    let mut results = Results::new(context, Extent::Batch);
    let from_input = args.urls.iter().any(|url| url == "-");
    if Progress::is_seen(context.progress) {
        let known = (!from_input).then_some(args.urls.len() as u64);
        results.progress = Progress::of_urls(known);
    }
    let mut summaries: Vec<Summary> = preparers
        .iter()
        .map(|preparer| Summary::new(Some(preparer.rules())))
        .collect();
    let mut tally = Tally::default();
    let done = block_on(async {
        let checked = urls(&args.urls)?
            .map(|url| examine(&preparers, url))
            .buffered(at_once(context));
        let mut checked = std::pin::pin!(checked);
        while let Some(records) = checked.next().await {
            let records = records?;
            if let Some(url) = records.first().and_then(|record| record.input.as_deref()) {
                results.progress.done_with(text::escaped(url));
            }
            for (record, summary) in records.iter().zip(&mut summaries) {
                summary.count(record.result);
                tally.count(record.result, context);
                results.record(record)?;
            }
        }
        Ok::<(), Fault>(())
    })?;
    Fault::unless_unread(done)?;
    summaries
        .iter()
        .try_for_each(|summary| results.summary(summary))?;
    results.end()?;
    Ok(tally.exit_code())
}

/// Runs asynchronous work to its end on this thread.
///
/// # Errors
///
/// The runtime cannot start.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|fault| {
            Fault::of(
                "cannot start the runtime",
                &fault,
                "check the limits of this shell",
            )
        })?;
    let done = runtime.block_on(work);
    // The system's resolver cannot be called back: a name that it still looks for must not hold up the end.
    runtime.shutdown_background();
    Ok(done)
}

/// The policy of the flags that concern the network.
pub(crate) fn network(flags: &Network) -> FetchPolicy {
    let policy = FetchPolicy::new();
    let policy = match flags.timeout {
        Some(timeout) => policy.whole_within(timeout),
        None => policy,
    };
    flags
        .allow_net
        .iter()
        .copied()
        .fold(policy, FetchPolicy::allow_net)
}

/// One URL under every set of rules, one after the other: what its host answers the first holds for all.
async fn examine(preparers: &[Preparer], url: Result<String, Fault>) -> Result<Vec<Record>, Fault> {
    let url = url?;
    let mut records = Vec::with_capacity(preparers.len());
    for preparer in preparers {
        let checked = preparer.check_url(&url).await;
        let record = Record {
            remote: Some(Box::new((&*checked.url).into())),
            ..Record::of_part(Kind::Url, &checked.report)
        };
        records.push(record.under(preparer.rules()));
    }
    Ok(records)
}

/// The most bytes of a body that are read: more than any provider takes, and room for sixteen at once.
const MAX_DOWNLOAD: ByteCount = ByteCount::new(25_000_000);

/// URLs at once, unless `--jobs` says otherwise.
const AT_ONCE: usize = 16;

fn policy(args: &VerifyUrl, context: &Context) -> FetchPolicy {
    network(&args.network)
        .max_bytes(args.max_download.unwrap_or(MAX_DOWNLOAD))
        .concurrency(at_once(context), PER_HOST)
        .share_answers()
}

/// URLs of one host at once.
const PER_HOST: usize = 2;

fn at_once(context: &Context) -> usize {
    context.jobs.map_or(AT_ONCE, NonZero::get)
}

/// The URLs given; `-` stands for the lines of standard input.
fn urls(given: &[String]) -> Result<impl Stream<Item = Result<String, Fault>> + use<>, Fault> {
    once(given.iter().map(OsStr::new))?;
    let given = given.to_vec();
    Ok(stream::iter(given).flat_map(|url| match url.as_str() {
        "-" => lines().left_stream(),
        _ => stream::iter([Ok(url)]).right_stream(),
    }))
}

/// The lines of standard input, read by a thread of their own and no faster than they are wanted.
fn lines() -> impl Stream<Item = Result<String, Fault>> {
    let (give, take) = mpsc::channel(64);
    let failed = give.clone();
    let reader = std::thread::Builder::new().spawn(move || {
        let mut input = io::stdin().lock();
        while let Some(line) = line(&mut input) {
            let line = line.map_err(|fault| {
                Fault::of("cannot read standard input", &fault, "check what feeds it")
            });
            let failed = line.is_err();
            // Nobody wants the rest where the run has ended.
            if give.blocking_send(line).is_err() || failed {
                return;
            }
        }
    });
    if let Err(fault) = reader {
        let fault = Fault::of(
            "cannot start the thread that reads standard input",
            &fault,
            "check the limits of this shell, or give the URLs themselves",
        );
        // The channel is new and has room for one.
        let _ = failed.try_send(Err(fault));
    }
    drop(failed);
    stream::unfold(take, |mut take| async {
        let line = take.recv().await?;
        Some((line, take))
    })
}

/// The most bytes of a line that are kept; a URL of so many is refused.
const MAX_LINE_BYTES: u64 = 16 * 1_024;

/// The next line that says something, without the white space around it.
fn line(input: &mut impl BufRead) -> Option<io::Result<String>> {
    loop {
        let mut bytes = Vec::new();
        let read = input.take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes);
        match read {
            Ok(0) => return None,
            Ok(_) => {}
            Err(fault) => return Some(Err(fault)),
        }
        if bytes.len() as u64 == MAX_LINE_BYTES
            && !bytes.ends_with(b"\n")
            && let Err(fault) = input.skip_until(b'\n')
        {
            return Some(Err(fault));
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim();
        if !text.is_empty() {
            return Some(Ok(text.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_trimmed_empty_ones_skipped_and_endless_ones_cut() -> io::Result<()> {
        let long = "a".repeat(200_000);
        let text = format!("\u{feff}\n https://a.test/b \r\n\n\t\n{long}\nlast");
        let mut input = text.as_bytes();
        let mut found = Vec::new();
        while let Some(line) = line(&mut input) {
            found.push(line?);
        }
        assert_eq!(found.len(), 4, "{:?}", found.first());
        assert_eq!(found[1], "https://a.test/b");
        assert_eq!(found[2].len(), 16 * 1_024);
        assert_eq!(found[3], "last");
        Ok(())
    }
}
