//! `mmsfit explain [CODE]`: what a code means and what to do about it.

use std::io::{self, Write};

use mmsfit::Code;
use serde::Serialize;

use super::wrap::write_wrapped;

/// Prints every code with its title, one a line.
pub(crate) fn print_codes(out: &mut dyn Write) -> io::Result<()> {
    for code in Code::ALL {
        writeln!(
            out,
            "{code}  {:<7}  {}",
            code.default_severity().name(),
            code.title()
        )?;
    }
    Ok(())
}

/// Prints all that is to be said about one code.
pub(crate) fn print_explanation(out: &mut dyn Write, code: Code) -> io::Result<()> {
    let explanation = code.explanation();
    writeln!(
        out,
        "{code} {} ({})",
        code.title(),
        code.default_severity().name()
    )?;
    writeln!(out)?;
    write_wrapped(out, "  meaning          ", explanation.meaning)?;
    write_wrapped(out, "  why              ", explanation.why)?;
    for known in explanation.provider_codes {
        let text = format!("{} {}: {}", known.provider, known.code, known.says);
        write_wrapped(out, "  provider's code  ", &text)?;
    }
    write_wrapped(out, "  what we do       ", explanation.we)?;
    write_wrapped(out, "  what you can do  ", explanation.you)?;
    for source in explanation.sources {
        let text = format!("{}, seen {}", source.page, source.seen);
        write_wrapped(out, "  source           ", &text)?;
    }
    for standard in explanation.standards {
        write_wrapped(out, "  standard         ", standard)?;
    }
    writeln!(out, "  since            {}", explanation.since)
}

/// Prints codes with their explanations as one JSON object of the schema `mms-codes/1`.
pub(crate) fn print_codes_json(out: &mut dyn Write, codes: &[Code]) -> io::Result<()> {
    let listing = Listing {
        schema: "mms-codes/1",
        codes: codes.iter().copied().map(CodeJson::of).collect(),
    };
    serde_json::to_writer(&mut *out, &listing)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Listing {
    schema: &'static str,
    codes: Vec<CodeJson>,
}

#[derive(Serialize)]
struct CodeJson {
    code: Code,
    title: &'static str,
    severity: &'static str,
    meaning: &'static str,
    why: &'static str,
    provider_codes: Vec<ProviderCodeJson>,
    we: &'static str,
    you: &'static str,
    sources: Vec<SourceJson>,
    standards: &'static [&'static str],
    since: &'static str,
}

#[derive(Serialize)]
struct ProviderCodeJson {
    provider: &'static str,
    code: &'static str,
    says: &'static str,
}

#[derive(Serialize)]
struct SourceJson {
    page: &'static str,
    seen: &'static str,
}

impl CodeJson {
    fn of(code: Code) -> Self {
        let explanation = code.explanation();
        Self {
            code,
            title: code.title(),
            severity: code.default_severity().name(),
            meaning: explanation.meaning,
            why: explanation.why,
            provider_codes: explanation
                .provider_codes
                .iter()
                .map(|known| ProviderCodeJson {
                    provider: known.provider.name(),
                    code: known.code,
                    says: known.says,
                })
                .collect(),
            we: explanation.we,
            you: explanation.you,
            sources: explanation
                .sources
                .iter()
                .map(|source| SourceJson {
                    page: source.page,
                    seen: source.seen,
                })
                .collect(),
            standards: explanation.standards,
            since: explanation.since,
        }
    }
}
