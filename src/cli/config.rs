//! `--config FILE`: a TOML file that mirrors the flags; a flag on the command line wins.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
#[cfg(feature = "net")]
use std::time::Duration;

#[cfg(feature = "net")]
use mmsfit::AddressRange;
use mmsfit::provider::CarrierCeiling;
use mmsfit::{ByteCount, Rules};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::args::{self, Cli, Color, Command, Common, Format};
use super::fault::Fault;

/// The flags as the file names them: the same words, without their dashes in front.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Config {
    format: Option<Format>,
    json: bool,
    quiet: bool,
    no_progress: bool,
    color: Option<Color>,
    jobs: Option<NonZeroUsize>,
    provider: Providers,
    #[serde(deserialize_with = "size")]
    max_bytes: Option<ByteCount>,
    #[serde(deserialize_with = "size")]
    target: Option<ByteCount>,
    #[serde(deserialize_with = "carrier")]
    carrier: Option<CarrierCeiling>,
    max_side: Option<NonZeroU32>,
    view_side: Option<NonZeroU32>,
    output: Option<PathBuf>,
    allow_still: bool,
    wrap_in_zip: bool,
    allow_poster: bool,
    allow_pdf_page: bool,
    common_codecs: bool,
    for_old_phones: bool,
    ffmpeg: Option<PathBuf>,
    allow_fixable: bool,
    deny_fixes: bool,
    fix: bool,
    out: Option<PathBuf>,
    listen: Option<std::net::SocketAddr>,
    media_dir: Option<PathBuf>,
    public_url: Option<String>,
    events: Option<String>,
    webhook_secret_file: Option<PathBuf>,
    insecure: bool,
    from: Option<String>,
    #[serde(deserialize_with = "words")]
    to: Vec<String>,
    group: bool,
    text: Option<String>,
    sound_with_picture: bool,
    data_urls: bool,
    dry_run: bool,
    subject: Option<String>,
    fallback_text: Option<String>,
    no_fallback: bool,
    delivery_reports: bool,
    media_store: Option<String>,
    carrierx_storage: bool,
    media_key: Option<PathBuf>,
    ledger: Option<PathBuf>,
    secrets_file: Option<PathBuf>,
    #[cfg(feature = "net")]
    multipart: Option<args::Multipart>,
    #[cfg(feature = "net")]
    endpoint: Option<String>,
    #[cfg(feature = "net")]
    #[serde(deserialize_with = "ranges")]
    allow_net: Vec<AddressRange>,
    #[cfg(feature = "net")]
    #[serde(deserialize_with = "time")]
    timeout: Option<Duration>,
    #[cfg(feature = "net")]
    #[serde(deserialize_with = "time")]
    expiry: Option<Duration>,
    #[cfg(feature = "net")]
    #[serde(deserialize_with = "size")]
    max_download: Option<ByteCount>,
    #[serde(deserialize_with = "of_one_message")]
    client_reference: (),
    #[serde(deserialize_with = "of_one_message")]
    unknown: (),
    #[serde(deserialize_with = "of_one_message")]
    settle: (),
    #[serde(deserialize_with = "of_one_message")]
    accepted_as: (),
    #[serde(deserialize_with = "of_another")]
    config: (),
}

/// What would concern every run, and is meant for one: a second message under the same reference is not sent.
fn of_one_message<'de, D: Deserializer<'de>>(_: D) -> Result<(), D::Error> {
    Err(D::Error::custom(
        "this is about one message, and a configuration is about all: give it on the command line",
    ))
}

fn of_another<'de, D: Deserializer<'de>>(_: D) -> Result<(), D::Error> {
    Err(D::Error::custom("a configuration names no other one"))
}

#[derive(Debug, Default)]
struct Providers(Vec<&'static Rules>);

/// Fills in from `--config` what the command line leaves open.
///
/// # Errors
///
/// A file that cannot be read, is no TOML, or names what is no flag.
pub(crate) fn apply(cli: &mut Cli) -> Result<(), Fault> {
    fill(cli)?;
    // A provider named twice is asked once.
    match &mut cli.command {
        Command::Preflight(preflight) => each_once(&mut preflight.provider),
        #[cfg(feature = "net")]
        Command::VerifyUrl(verify) => each_once(&mut verify.provider),
        _ => {}
    }
    Ok(())
}

fn each_once(sets: &mut Vec<&'static Rules>) {
    let mut seen = std::collections::BTreeSet::new();
    sets.retain(|rules| seen.insert(rules.name.to_string()));
}

fn fill(cli: &mut Cli) -> Result<(), Fault> {
    let Some(path) = cli.common.config.clone() else {
        return Ok(());
    };
    let config = read(&path)?;
    fill_common(&mut cli.common, &config);
    match &mut cli.command {
        Command::Prepare(prepare) => {
            fill_provider(&mut prepare.provider, &config)?;
            prepare.text = prepare.text.take().or_else(|| config.text.clone());
            prepare.out = prepare.out.take().or_else(|| config.out.clone());
            fill_choices(&mut prepare.choices, &config);
            #[cfg(feature = "net")]
            fill_network(&mut prepare.network, &config);
        }
        #[cfg(feature = "net")]
        Command::VerifyUrl(verify) => {
            if verify.provider.is_empty() {
                verify.provider.clone_from(&config.provider.0);
            }
            verify.allow_fixable |= config.allow_fixable;
            verify.max_download = verify.max_download.or(config.max_download);
            fill_network(&mut verify.network, &config);
        }
        Command::Preflight(preflight) => {
            if preflight.provider.is_empty() {
                preflight.provider.clone_from(&config.provider.0);
            }
            preflight.fix |= config.fix;
            if preflight.fix {
                preflight.out = preflight.out.take().or_else(|| config.out.clone());
            }
            preflight.allow_fixable |= config.allow_fixable;
            fill_choices(&mut preflight.choices, &config);
        }
        Command::Fit(fit) => {
            fit.max_bytes = fit.max_bytes.or(config.max_bytes);
            fit.max_side = fit.max_side.or(config.max_side.map(NonZeroU32::get));
            fit.view_side = fit.view_side.or(config.view_side.map(NonZeroU32::get));
            fit.output = fit.output.take().or(config.output);
            fit.allow_still |= config.allow_still;
            fit.deny_fixes |= config.deny_fixes;
        }
        #[cfg(feature = "net")]
        Command::Send(send) => fill_send(send, config)?,
        #[cfg(feature = "net")]
        Command::Status(status) => {
            if !status.unknown {
                fill_provider(&mut status.provider, &config)?;
            }
            fill_account(&mut status.account, &config)?;
        }
        #[cfg(feature = "net")]
        Command::Serve(serve) => {
            serve.listen = serve.listen.or(config.listen);
            serve.media_dir = serve.media_dir.take().or(config.media_dir);
            serve.public_url = serve.public_url.take().or(config.public_url);
            serve.events = serve.events.take().or(config.events);
            if !serve.insecure {
                serve.webhook_secret_file = serve
                    .webhook_secret_file
                    .take()
                    .or(config.webhook_secret_file);
                serve.insecure = serve.webhook_secret_file.is_none() && config.insecure;
            }
        }
        Command::Sniff(_)
        | Command::Rules(_)
        | Command::Explain(_)
        | Command::Completions { .. }
        | Command::Man { .. } => {}
    }
    Ok(())
}

/// A message goes through one provider.
fn fill_provider(provider: &mut Option<&'static Rules>, config: &Config) -> Result<(), Fault> {
    match (&provider, config.provider.0.as_slice()) {
        (Some(_), _) | (None, []) => {}
        (None, [one]) => *provider = Some(one),
        (None, _) => {
            return Err(Fault::new(
                "a message goes through one provider; the configuration names several",
                "give --provider P",
            ));
        }
    }
    Ok(())
}

#[cfg(feature = "net")]
fn fill_send(send: &mut args::SendArgs, config: Config) -> Result<(), Fault> {
    fill_provider(&mut send.provider, &config)?;
    fill_choices(&mut send.choices, &config);
    fill_account(&mut send.account, &config)?;
    send.allow_net.extend_from_slice(&config.allow_net);
    send.delivery_reports |= config.delivery_reports;
    send.group |= config.group;
    send.sound_with_picture |= config.sound_with_picture;
    send.data_urls |= config.data_urls;
    send.dry_run |= config.dry_run;
    send.expiry = send.expiry.or(config.expiry);
    send.text = send.text.take().or(config.text);
    if send.to.is_empty() {
        send.to = config.to;
    }
    send.multipart = send.multipart.or(config.multipart);
    send.from = send.from.take().or(config.from);
    send.subject = send.subject.take().or(config.subject);
    if send.fallback_text.is_none() && !send.no_fallback {
        send.fallback_text = config.fallback_text;
        send.no_fallback = send.fallback_text.is_none() && config.no_fallback;
    }
    let host = &mut send.host;
    host.media_key = host.media_key.take().or(config.media_key);
    host.public_url = host.public_url.take().or(config.public_url);
    // A host of the command line is not joined by another one of the file.
    if host.media_dir.is_none() && host.media_store.is_none() && !host.carrierx_storage {
        host.media_dir = config.media_dir;
        host.media_store = config.media_store;
        host.carrierx_storage = config.carrierx_storage;
        let named = [
            host.media_dir.is_some(),
            host.media_store.is_some(),
            host.carrierx_storage,
        ];
        if named.iter().filter(|named| **named).count() > 1 {
            return Err(Fault::new(
                "the configuration names several hosts of media",
                "keep one of media-dir, media-store and carrierx-storage",
            ));
        }
    }
    Ok(())
}

#[cfg(feature = "net")]
fn fill_account(account: &mut args::Account, config: &Config) -> Result<(), Fault> {
    account.timeout = account.timeout.or(config.timeout);
    account.ledger = account.ledger.take().or_else(|| config.ledger.clone());
    account.secrets_file = config.secrets_file.clone();
    if let (None, Some(endpoint)) = (&account.endpoint, &config.endpoint) {
        let parsed = endpoint
            .parse()
            .map_err(|fault: mmsfit::send::BadEndpoint| {
                Fault::of("`endpoint` of the configuration", &fault, "")
            })?;
        account.endpoint = Some(parsed);
    }
    Ok(())
}

fn fill_common(common: &mut Common, config: &Config) {
    if !common.json {
        common.format = common.format.or(config.format);
        common.json = common.format.is_none() && config.json;
    }
    common.quiet |= config.quiet;
    common.no_progress |= config.no_progress;
    common.color = common.color.or(config.color);
    common.jobs = common.jobs.or(config.jobs);
}

fn fill_choices(choices: &mut args::Choices, config: &Config) {
    choices.max_bytes = choices.max_bytes.or(config.max_bytes);
    choices.target = choices.target.or(config.target);
    choices.carrier = choices.carrier.or(config.carrier);
    choices.allow_still |= config.allow_still;
    choices.wrap_in_zip |= config.wrap_in_zip;
    choices.allow_poster |= config.allow_poster;
    choices.allow_pdf_page |= config.allow_pdf_page;
    choices.common_codecs |= config.common_codecs;
    choices.for_old_phones |= config.for_old_phones;
    choices.ffmpeg = choices.ffmpeg.take().or_else(|| config.ffmpeg.clone());
    choices.deny_fixes |= config.deny_fixes;
}

/// Ranges add up: who allows one more on the command line has not taken back those of the file.
#[cfg(feature = "net")]
fn fill_network(network: &mut args::Network, config: &Config) {
    network.allow_net.extend_from_slice(&config.allow_net);
    network.timeout = network.timeout.or(config.timeout);
}

fn read(path: &Path) -> Result<Config, Fault> {
    let text = std::fs::read_to_string(path).map_err(|source| {
        Fault::of(
            format!("cannot read the configuration {}", super::text::path(path)),
            &source,
            "check the path given to --config",
        )
    })?;
    toml::from_str(&text).map_err(|fault| {
        let line = fault.span().map_or(1, |span| text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1));
        let what = format!("{}, line {line}: {}", super::text::path(path), fault.message().lines().next().unwrap_or_default());
        Fault::new(what, "the file mirrors the flags, such as: provider = \"sinch\", jobs = 2, max-bytes = \"500KB\"")
    })
}

impl<'de> Deserialize<'de> for Providers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = words(deserializer)?;
        let sets = names.iter().map(|name| args::rules(name));
        sets.collect::<Result<_, _>>()
            .map(Self)
            .map_err(D::Error::custom)
    }
}

/// One text with commas in it, as on the command line, or a list.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Words::deserialize(deserializer)? {
        Words::One(words) => words.split(',').map(str::to_owned).collect(),
        Words::Several(words) => words,
    })
}

fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ByteCount>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Size {
        Bytes(u64),
        Text(String),
    }
    match Size::deserialize(deserializer)? {
        Size::Bytes(bytes) => Ok(Some(ByteCount::new(bytes))),
        Size::Text(text) => text.parse().map(Some).map_err(D::Error::custom),
    }
}

fn carrier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CarrierCeiling>, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map(Some)
        .map_err(D::Error::custom)
}

#[cfg(feature = "net")]
fn ranges<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AddressRange>, D::Error> {
    let ranges = words(deserializer)?;
    let ranges = ranges.iter().map(|range| range.trim().parse());
    ranges.collect::<Result<_, _>>().map_err(D::Error::custom)
}

#[cfg(feature = "net")]
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Time {
        Seconds(u64),
        Text(String),
    }
    let text = match Time::deserialize(deserializer)? {
        Time::Seconds(seconds) => seconds.to_string(),
        Time::Text(text) => text,
    };
    args::duration(&text).map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_flag_is_a_key_or_says_why_not() {
        let mut command = Cli::command();
        command.build();
        let flags = command
            .get_subcommands()
            .flat_map(clap::Command::get_arguments)
            .filter_map(clap::Arg::get_long)
            .filter(|flag| !matches!(*flag, "help" | "version"));
        let mut refused = Vec::new();
        for flag in flags {
            // A table is the value of no flag: what is told is that it is the wrong one.
            let fault = toml::from_str::<Config>(&format!("{flag} = {{}}"))
                .expect_err("no flag takes a table")
                .message()
                .to_owned();
            assert!(!fault.starts_with("unknown field"), "{flag}: {fault}");
            if fault.contains("a configuration") && !refused.contains(&flag) {
                refused.push(flag);
            }
        }
        refused.sort_unstable();
        let expected = [
            "accepted-as",
            "client-reference",
            "config",
            "settle",
            "unknown",
        ];
        assert_eq!(refused, expected);
    }
}
