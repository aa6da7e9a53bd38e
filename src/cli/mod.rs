//! The command: one file per subcommand, the printers apart.

pub(crate) mod explain;
pub(crate) mod rules;
mod wrap;
