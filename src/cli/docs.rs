//! `mmsfit completions SHELL`, `mmsfit man`: made from the arguments themselves.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Command, CommandFactory};

use super::args::Cli;
use super::fault::Fault;

/// Prints a shell's completion script.
pub(crate) fn completions(out: &mut dyn Write, shell: clap_complete::Shell) -> io::Result<()> {
    // The generator panics where it cannot write: it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mmsfit", &mut script);
    out.write_all(&script)
}

/// Prints a man page: the command's own, or a subcommand's.
pub(crate) fn man(subcommand: Option<&str>) -> Result<ExitCode, Fault> {
    let mut command = Cli::command();
    command.build();
    let page = match subcommand {
        None => command,
        Some(name) => page_of(&command, name)?,
    };
    super::listing(|out| clap_mangen::Man::new(page).render(&mut &mut *out))
}

fn page_of(command: &Command, name: &str) -> Result<Command, Fault> {
    let found = command
        .get_subcommands()
        .find(|subcommand| subcommand.get_name() == name);
    found.cloned().ok_or_else(|| {
        let known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        Fault::new(
            format!("{name:?} is no subcommand"),
            format!("known are {}", known.join(", ")),
        )
    })
}
