//! The command: one file per subcommand, the printers apart.

#[cfg(feature = "net")]
mod account;
mod args;
mod choices;
mod config;
mod docs;
#[cfg(feature = "pdf")]
mod draw_page;
mod explain;
mod fault;
mod fit;
#[cfg(feature = "net")]
mod host;
mod place;
mod preflight;
mod prepare;
mod print;
mod progress;
mod rules;
#[cfg(feature = "net")]
mod send;
#[cfg(feature = "net")]
mod serve;
mod sniff;
#[cfg(feature = "net")]
mod status;
mod tally;
mod text;
#[cfg(feature = "net")]
mod verify_url;
mod walk;
mod wrap;

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use mmsfit::{Code, Preparer, Rules};

use args::{Cli, Color, Command, Format};
use fault::Fault;
use tally::{Denials, Noun};

/// What every subcommand knows of how it is to run.
pub(crate) struct Context {
    format: Format,
    quiet: bool,
    colour: bool,
    progress: bool,
    /// The threads asked for; `None` leaves it to the machine.
    jobs: Option<NonZeroUsize>,
    denials: Denials,
    several_rules: bool,
    noun: Noun,
}

/// Reads the arguments, does what they ask, and says how it went.
pub(crate) fn main() -> ExitCode {
    #[cfg(feature = "pdf")]
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == draw_page::NAME)
    {
        return ended(draw_page::run(std::env::args_os().skip(1)));
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version come this way too; that their reader has gone is no fault.
            let _ = answer.print();
            return if answer.use_stderr() {
                tally::COULD_NOT_RUN.into()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    ended(run(cli))
}

fn ended(done: Result<ExitCode, Fault>) -> ExitCode {
    match done {
        Ok(code) => code,
        // Only listings end this way, which judge nothing.
        Err(fault) if fault.is_closed_pipe() => ExitCode::SUCCESS,
        Err(fault) => {
            // There is nowhere left to say that standard error is closed.
            let _ = writeln!(io::stderr(), "{fault}");
            tally::COULD_NOT_RUN.into()
        }
    }
}

fn run(mut cli: Cli) -> Result<ExitCode, Fault> {
    config::apply(&mut cli)?;
    if let Some(jobs) = cli
        .common
        .jobs
        .filter(|jobs| jobs.get() > Preparer::MAX_WORKERS)
    {
        return Err(Fault::new(
            format!("--jobs {jobs}: at most {} threads", Preparer::MAX_WORKERS),
            "leave it out for one thread a core",
        ));
    }
    let context = Context::of(&cli);
    let is_listing = matches!(cli.command, Command::Rules(_) | Command::Explain(_));
    if is_listing && !(context.is_json() || context.format == Format::Human) {
        let what = "a listing finds nothing: junit, sarif and github are formats of findings";
        return Err(Fault::new(what, "give --format json, or none"));
    }
    match cli.command {
        Command::Prepare(args) => prepare::run(&args, &context),
        Command::Preflight(args) => preflight::run(&args, &context),
        Command::Fit(args) => fit::run(&args, &context),
        Command::Sniff(args) => sniff::run(&args, &context),
        #[cfg(feature = "net")]
        Command::Send(args) => send::run(&args, &context),
        #[cfg(feature = "net")]
        Command::Status(args) => status::run(&args, &context),
        #[cfg(feature = "net")]
        Command::Serve(args) => serve::run(&args),
        #[cfg(feature = "net")]
        Command::VerifyUrl(args) => verify_url::run(&args, &context),
        Command::Rules(args) => listing(|out| print_rules(out, args.name, context.is_json())),
        Command::Explain(args) => listing(|out| print_codes(out, args.code, context.is_json())),
        Command::Completions { shell } => listing(|out| docs::completions(out, shell)),
        Command::Man { subcommand } => docs::man(subcommand.as_deref()),
    }
}

impl Context {
    fn of(cli: &Cli) -> Self {
        let format = if cli.common.json {
            Format::Json
        } else {
            cli.common.format.unwrap_or_default()
        };
        let colour = match cli.common.color.unwrap_or_default() {
            Color::Always => true,
            Color::Never => false,
            // Knows terminals, NO_COLOR, CLICOLOR and CLICOLOR_FORCE.
            Color::Auto => {
                anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
            }
        };
        let (fixes_denied, fixable_denied, several_rules) = match &cli.command {
            Command::Prepare(args) => (args.choices.deny_fixes, true, false),
            Command::Preflight(args) => (
                args.choices.deny_fixes,
                !args.allow_fixable,
                args.provider.len() > 1,
            ),
            Command::Fit(args) => (args.deny_fixes, true, false),
            #[cfg(feature = "net")]
            Command::Send(args) => (args.choices.deny_fixes, true, false),
            #[cfg(feature = "net")]
            Command::VerifyUrl(args) => (false, !args.allow_fixable, args.provider.len() > 1),
            _ => (false, false, false),
        };
        Self {
            format,
            quiet: cli.common.quiet,
            colour,
            progress: !cli.common.quiet && !cli.common.no_progress,
            jobs: cli.common.jobs,
            denials: Denials {
                fixed: fixes_denied,
                fixable: fixable_denied,
            },
            several_rules,
            noun: match &cli.command {
                #[cfg(feature = "net")]
                Command::VerifyUrl(_) => Noun::Url,
                #[cfg(feature = "net")]
                Command::Status(_) | Command::Send(_) => Noun::Message,
                _ => Noun::File,
            },
        }
    }

    fn is_json(&self) -> bool {
        matches!(self.format, Format::Json | Format::Jsonl)
    }

    /// The threads to use.
    fn workers(&self) -> NonZeroUsize {
        self.jobs
            .unwrap_or_else(|| thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    /// Starts the threads that pictures are made on. The pool would start by itself, and panic where it cannot.
    ///
    /// # Errors
    ///
    /// The system has no threads to give.
    fn start_pool(&self) -> Result<(), Fault> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(self.workers().get())
            .build_global()
            .map_err(|fault| {
                Fault::of(
                    "cannot start the worker threads",
                    &fault,
                    "give a smaller --jobs",
                )
            })
    }

    /// The same, unless --jobs gives the preparers a pool of their own.
    fn start_shared_pool(&self) -> Result<(), Fault> {
        match self.jobs {
            Some(_) => Ok(()),
            None => self.start_pool(),
        }
    }
}

/// Prints what is known without looking at any file.
fn listing(print: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<ExitCode, Fault> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    print(&mut out)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn print_rules(out: &mut dyn Write, name: Option<&'static Rules>, json: bool) -> io::Result<()> {
    let one = name.map(|rules| [rules]);
    let sets = one.as_ref().map_or(Rules::ALL, |one| &one[..]);
    if json {
        return rules::print_rules_json(out, sets);
    }
    rules::print_rules(out, sets)?;
    if name.is_some() {
        return Ok(());
    }
    writeln!(out)?;
    rules::print_carriers(out)
}

fn print_codes(out: &mut dyn Write, code: Option<Code>, json: bool) -> io::Result<()> {
    match (code, json) {
        (None, false) => explain::print_codes(out),
        (Some(code), false) => explain::print_explanation(out, code),
        (None, true) => explain::print_codes_json(out, Code::ALL),
        (Some(code), true) => explain::print_codes_json(out, &[code]),
    }
}
