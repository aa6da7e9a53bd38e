//! The command's entry.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
