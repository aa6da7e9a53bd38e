//! The command's entry: parse, dispatch, exit code.

mod cli;

use std::io::{self, Write};
use std::process::ExitCode;

use mmsfit::{Code, Rules};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => match fault.downcast_ref::<io::Error>() {
            Some(broken) if broken.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            _ => {
                let _ = writeln!(io::stderr(), "error: {fault}");
                ExitCode::from(2)
            }
        },
    }
}

fn run(arguments: &[String], out: &mut dyn Write) -> Result<(), Box<dyn std::error::Error>> {
    let json = arguments.iter().any(|argument| argument == "--json");
    let words: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| *argument != "--json")
        .collect();
    match (words.as_slice(), json) {
        (["rules"], false) => {
            cli::rules::print_rules(out, Rules::ALL)?;
            writeln!(out)?;
            cli::rules::print_carriers(out)?;
        }
        (["rules", name], false) => cli::rules::print_rules(out, &[set(name)?])?,
        (["rules"], true) => cli::rules::print_rules_json(out, Rules::ALL)?,
        (["rules", name], true) => cli::rules::print_rules_json(out, &[set(name)?])?,
        (["explain"], false) => cli::explain::print_codes(out)?,
        (["explain", code], false) => cli::explain::print_explanation(out, code.parse()?)?,
        (["explain"], true) => cli::explain::print_codes_json(out, Code::ALL)?,
        (["explain", code], true) => cli::explain::print_codes_json(out, &[code.parse()?])?,
        _ => {
            return Err(
                "usage: mmsfit rules [NAME] [--json] | mmsfit explain [CODE] [--json]".into(),
            );
        }
    }
    Ok(())
}

fn set(name: &str) -> Result<&'static Rules, String> {
    Rules::by_name(name).ok_or_else(|| {
        let known: Vec<&str> = Rules::ALL.iter().map(|rules| rules.name.as_ref()).collect();
        format!(
            "{name:?} names no set of rules: known are {}",
            known.join(", ")
        )
    })
}
