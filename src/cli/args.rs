//! The command line: what can be given, and the examples that `--help` shows.

#[cfg(feature = "net")]
mod delivery;

use std::num::NonZeroUsize;
use std::path::PathBuf;
#[cfg(feature = "net")]
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
#[cfg(feature = "net")]
use mmsfit::AddressRange;
use mmsfit::provider::CarrierCeiling;
use mmsfit::{ByteCount, Code, Rules};
use serde::Deserialize;

#[cfg(feature = "net")]
pub(crate) use delivery::{Account, Multipart, SendArgs, Serve, StatusArgs};
#[cfg(feature = "net")]
use delivery::{SEND_HELP, SERVE_HELP, STATUS_HELP};

/// Makes media fit an MMS provider's rules.
#[derive(Debug, Parser)]
#[command(
    name = "mmsfit",
    version,
    about,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = AFTER_HELP
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  all compliant, fixed ones included
  1  at least one refused
  2  could not run, or could not read or write something
  3  nothing to check

Examples:
  mmsfit preflight --provider sinch uploads/
  mmsfit prepare --provider ringcentral --out message photo.heic contact.vcf
  mmsfit fit photo.jpg --max-bytes 500KB -o small.jpg
  mmsfit send --provider ringcentral --to +15551230001 --text Hi photo.heic";

/// Flags that every subcommand takes.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Common {
    /// How results are printed.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        help_heading = "Output"
    )]
    pub(crate) format: Option<Format>,
    /// Short for `--format json`.
    #[arg(
        long,
        global = true,
        conflicts_with = "format",
        help_heading = "Output"
    )]
    pub(crate) json: bool,
    /// Print only what needs attention; draw no progress.
    #[arg(short, long, global = true, help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Draw no progress bar.
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) no_progress: bool,
    /// Colour in the human format.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        help_heading = "Output"
    )]
    pub(crate) color: Option<Color>,
    /// Worker threads. Default: one a core.
    #[arg(short, long, global = true, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Read flags from a TOML file; flags given here win.
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Lines for people.
    #[default]
    Human,
    /// One JSON document: an object, or an array for a batch.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// A JUnit XML document, one case an input and provider.
    Junit,
    /// A SARIF 2.1.0 document, for code scanning.
    Sarif,
    /// GitHub workflow commands: annotations.
    Github,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What another process of this command is started for. It is no subcommand: nobody is to complete it or read about it.
#[cfg(feature = "pdf")]
#[derive(Debug, Parser)]
pub(crate) struct DrawPage {
    /// The PDF.
    pub(crate) document: PathBuf,
    /// The PNG to write.
    pub(crate) picture: PathBuf,
    /// Its long side in pixels.
    pub(crate) side_px: u16,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prepare one message: fit its attachments and write the parts with their manifest.
    #[command(after_help = "\
Examples:
  mmsfit prepare --provider sinch photo.heic
  mmsfit prepare --provider tsg-global --out message --text 'See you there' photo.jpg event.ics
  mmsfit prepare --provider sinch --out message https://media.example/photo.jpg contact.vcf
  cat photo.jpg | mmsfit prepare --provider carrierx --json -")]
    Prepare(Prepare),
    /// Check a batch: every file, each as the only attachment of a message.
    #[command(after_help = "\
Without --fix nothing is written, and what --fix would mend counts as refused unless
--allow-fixable is given. It reads structure and decodes no pixels: a damaged scan, and a
picture that no size brings under its limit, are told by --fix alone. Folders are walked in the
order of their names; hidden files are skipped; a link that leaves the folder is reported, not
followed.

Examples:
  mmsfit preflight --provider sinch uploads/
  mmsfit preflight --provider ringcentral,tsg-global --format jsonl uploads/
  mmsfit preflight --provider sinch --fix --out ready uploads/")]
    Preflight(Preflight),
    /// Bring one picture under a byte cap.
    #[command(after_help = "\
Examples:
  mmsfit fit photo.jpg --max-bytes 500KB -o small.jpg
  mmsfit fit - --max-bytes 488KiB --max-side 1600 -o - < photo.png > small.jpg")]
    Fit(Fit),
    /// Tell the true type of each file and the facts found in it.
    #[command(after_help = "\
Examples:
  mmsfit sniff download.bin
  mmsfit sniff --format jsonl uploads/")]
    Sniff(Sniff),
    /// Prepare one message, host its media where the provider fetches by URL, and send it.
    #[cfg(feature = "net")]
    #[command(after_help = SEND_HELP)]
    Send(Box<SendArgs>),
    /// Ask what became of a message, or settle one whose outcome is unknown.
    #[cfg(feature = "net")]
    #[command(after_help = STATUS_HELP)]
    Status(StatusArgs),
    /// Host prepared media and receive the providers' callbacks.
    #[cfg(feature = "net")]
    #[command(after_help = SERVE_HELP)]
    Serve(Serve),
    /// Probe URLs the way the provider will fetch them.
    #[cfg(feature = "net")]
    #[command(after_help = "\
A provider that fetches media by URL says little or nothing when it cannot: this is the warning.
Probed are: for Sinch, GET; for TSG Global and CarrierX, HEAD and GET; RingCentral takes bytes,
so the URL is only downloaded. A URL that breaks a rule but whose bytes can be had is fixable:
`mmsfit prepare` downloads it, and its part must then be hosted. That counts as refused unless
--allow-fixable is given.

Only public addresses are contacted, over https, by every redirect as well. --allow-net lifts
this for one range, other ports and plain http included. Queries and credentials are never
printed, and no proxy of the environment is used.

Examples:
  mmsfit verify-url --provider sinch https://media.example/photo.jpg
  mmsfit verify-url --provider sinch,tsg-global,carrierx --format jsonl - < urls.txt
  mmsfit verify-url -p tsg-global --allow-net 127.0.0.1 --timeout 5s http://127.0.0.1:8080/a.jpg")]
    VerifyUrl(VerifyUrl),
    /// Print the rules of the providers with their sources.
    #[command(after_help = "\
Examples:
  mmsfit rules
  mmsfit rules ringcentral-2026
  mmsfit rules sinch --json")]
    Rules(RulesOf),
    /// Print what a code means and what to do about it.
    #[command(after_help = "\
Examples:
  mmsfit explain MMS205
  mmsfit explain")]
    Explain(Explain),
    /// Print a shell's completion script.
    #[command(after_help = "\
Examples:
  mmsfit completions bash > ~/.local/share/bash-completion/completions/mmsfit
  mmsfit completions zsh > ~/.zfunc/_mmsfit")]
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print a man page in roff.
    #[command(after_help = "\
Examples:
  mmsfit man > mmsfit.1
  mmsfit man preflight > mmsfit-preflight.1")]
    Man {
        /// The subcommand; without one, the page of mmsfit itself.
        subcommand: Option<String>,
    },
}

/// What may be chosen about preparing.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Choices {
    /// A cap on the whole message below the provider's own: 500000, 500KB, 1.5MB, 488KiB.
    #[arg(long, value_name = "SIZE", help_heading = "Limits")]
    pub(crate) max_bytes: Option<ByteCount>,
    /// The size to aim for when something has to shrink.
    #[arg(long, value_name = "SIZE", help_heading = "Limits")]
    pub(crate) target: Option<ByteCount>,
    /// The recipient's network: verizon, att-10dlc, …; a note is given above its ceiling.
    #[arg(long, value_name = "NAME", help_heading = "Limits")]
    pub(crate) carrier: Option<CarrierCeiling>,
    /// Let an animation that fits in no other way become a still of its first frame.
    #[arg(long, help_heading = "Limits")]
    pub(crate) allow_still: bool,
    /// Send what the provider does not take inside a zip archive, where it takes those.
    #[arg(long, help_heading = "Limits")]
    pub(crate) wrap_in_zip: bool,
    /// Let a video that can be sent in no other way become a picture of one of its frames.
    #[arg(long, help_heading = "Limits")]
    pub(crate) allow_poster: bool,
    /// Let a PDF that the provider does not take become a picture of its first page.
    #[arg(long, help_heading = "Limits")]
    pub(crate) allow_pdf_page: bool,
    /// Encode video and sound whose codec many phones lack (HEVC, AV1, ...) anew, although the provider takes its type.
    #[arg(long, help_heading = "Limits")]
    pub(crate) common_codecs: bool,
    /// Encode video as 3GP with H.263 and AMR, and sound as AMR, where the provider takes those. Needs an ffmpeg with AMR.
    #[arg(long, help_heading = "Limits")]
    pub(crate) for_old_phones: bool,
    /// The ffmpeg that encodes video and sound. Default: the one that MMSFIT_FFMPEG names, else that of the PATH.
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::ExecutablePath, help_heading = "Limits")]
    pub(crate) ffmpeg: Option<PathBuf>,
    /// Count what had to be fixed as refused.
    #[arg(long, help_heading = "Verdict")]
    pub(crate) deny_fixes: bool,
}

/// What may be chosen about fetching URLs.
#[cfg(feature = "net")]
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Network {
    /// An address range that URLs may reach although it is not public, over plain http and on any port as well; may be
    /// given several times. For tests and intranets.
    #[arg(long, value_name = "CIDR", help_heading = "Network")]
    pub(crate) allow_net: Vec<AddressRange>,
    /// How long one URL may take, all its probes and redirects together: 30s, 500ms, 2m. Default: 60s.
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Network")]
    pub(crate) timeout: Option<Duration>,
}

#[cfg(feature = "net")]
#[derive(Debug, Args)]
pub(crate) struct VerifyUrl {
    /// The providers: ringcentral, sinch, carrierx, tsg-global, or variants of `mmsfit rules`.
    #[arg(short, long, value_name = "P[,P…]", value_parser = rules, value_delimiter = ',')]
    pub(crate) provider: Vec<&'static Rules>,
    /// Do not count what can be downloaded and hosted elsewhere as refused.
    #[arg(long, help_heading = "Verdict")]
    pub(crate) allow_fixable: bool,
    /// The most bytes of one body that are read. Default: 25MB.
    #[arg(long, value_name = "SIZE", help_heading = "Network")]
    pub(crate) max_download: Option<ByteCount>,
    #[command(flatten)]
    pub(crate) network: Network,
    /// The URLs; `-` reads them from standard input, one a line.
    #[arg(required = true, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) urls: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Prepare {
    /// The provider: ringcentral, sinch, carrierx, tsg-global, or a variant of `mmsfit rules`.
    #[arg(short, long, value_name = "P", value_parser = rules)]
    pub(crate) provider: Option<&'static Rules>,
    /// Write the parts and bundle.json to this folder.
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    /// The text of the message, checked against the provider's limit.
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Option<String>,
    #[command(flatten)]
    pub(crate) choices: Choices,
    #[cfg(feature = "net")]
    #[command(flatten)]
    pub(crate) network: Network,
    /// The attachments in their order; `-` reads standard input.
    #[arg(required = true, value_name = "PATH_OR_URL", value_hint = ValueHint::FilePath)]
    pub(crate) attachments: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Preflight {
    /// The providers: ringcentral, sinch, carrierx, tsg-global, or variants of `mmsfit rules`.
    #[arg(short, long, value_name = "P[,P…]", value_parser = rules, value_delimiter = ',')]
    pub(crate) provider: Vec<&'static Rules>,
    /// Fix what can be fixed, and write what complies to --out.
    #[arg(long)]
    pub(crate) fix: bool,
    /// Where --fix writes: the folders given are mirrored there.
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    /// Do not count what --fix would mend as refused.
    #[arg(long, help_heading = "Verdict")]
    pub(crate) allow_fixable: bool,
    #[command(flatten)]
    pub(crate) choices: Choices,
    /// Files and folders; `-` reads one file from standard input.
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Fit {
    /// The picture; `-` reads standard input.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The cap: 500000, 500KB, 1.5MB, 488KiB.
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_bytes: Option<ByteCount>,
    /// Where to write; `-` writes standard output.
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// The longest side that the result may have.
    #[arg(long, value_name = "PX", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_side: Option<u32>,
    /// The long side of the screen that the picture is judged for. Default: 1440.
    #[arg(long, value_name = "PX", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) view_side: Option<u32>,
    /// Let an animation become a still of its first frame.
    #[arg(long)]
    pub(crate) allow_still: bool,
    /// Count what had to be fixed as refused.
    #[arg(long)]
    pub(crate) deny_fixes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Sniff {
    /// Files and folders; `-` reads one file from standard input.
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RulesOf {
    /// The set: a provider or a variant. Default: all, and the carriers' ceilings.
    #[arg(value_name = "P", value_parser = rules)]
    pub(crate) name: Option<&'static Rules>,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The code: MMS205, mms205 or 205. Default: the list of all.
    pub(crate) code: Option<Code>,
}

/// The set of rules of a name, in any case.
pub(crate) fn rules(name: &str) -> Result<&'static Rules, String> {
    Rules::by_name(&name.trim().to_ascii_lowercase()).ok_or_else(|| {
        let known: Vec<&str> = Rules::ALL.iter().map(|rules| rules.name.as_ref()).collect();
        format!("no provider of that name: known are {}", known.join(", "))
    })
}

/// A length of time: `30s`, `500ms`, `2m`, `36h`, `3d`; a number alone is seconds.
#[cfg(feature = "net")]
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => 0,
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(millis))
        // Longer than any provider tries to deliver, and far from where clocks overflow.
        .filter(|millis| (1..=30 * 86_400_000).contains(millis))
        .map(Duration::from_millis)
        .ok_or_else(|| "write it as 30s, 500ms, 2m, 36h or 3d, at most 30 days".to_owned())
}

#[cfg(test)]
mod width {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn no_line_at_the_end_of_a_help_is_broken_twice() {
        let mut command = Cli::command();
        command.build();
        for subcommand in command.get_subcommands() {
            let after = subcommand.get_after_help().map(ToString::to_string);
            for line in after.iter().flat_map(|text| text.lines()) {
                let width = line.chars().count();
                assert!(width <= 96, "{}: {width}: {line}", subcommand.get_name());
            }
        }
    }
}

#[cfg(all(test, feature = "net"))]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        for (text, millis) in [
            ("30s", Some(30_000)),
            ("30", Some(30_000)),
            ("500ms", Some(500)),
            ("2m", Some(120_000)),
            ("1440m", Some(86_400_000)),
            ("1h", Some(3_600_000)),
            ("30d", Some(2_592_000_000)),
            ("", None),
            ("s", None),
            ("0", None),
            ("-1s", None),
            ("1.5s", None),
            ("1w", None),
            ("31d", None),
            ("99999999999999999999s", None),
        ] {
            let found = duration(text).ok().map(|found| found.as_millis());
            assert_eq!(found, millis, "{text}");
        }
    }
}
