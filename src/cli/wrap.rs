//! Text broken into lines that a terminal of 100 columns shows whole.

use std::io::{self, Write};

/// The width that listings keep to.
const COLUMNS: usize = 100;

/// Writes `text` behind `label`, broken at spaces, with further lines indented to the width of the label.
pub(crate) fn write_wrapped(out: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
    let indent = label.chars().count();
    let mut at = indent;
    write!(out, "{label}")?;
    for (index, word) in text.split_whitespace().enumerate() {
        let width = word.chars().count();
        if index > 0 {
            if at + 1 + width > COLUMNS {
                write!(out, "\n{:indent$}", "")?;
                at = indent;
            } else {
                write!(out, " ")?;
                at += 1;
            }
        }
        write!(out, "{word}")?;
        at += width;
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_at_spaces_and_never_inside_a_word() -> io::Result<()> {
        let mut out = Vec::new();
        let long = "x".repeat(120);
        write_wrapped(
            &mut out,
            "why  ",
            &format!("{} tail {long}", "word ".repeat(18)),
        )?;
        let text = String::from_utf8_lossy(&out).into_owned();
        let wanted = format!("why  {}word tail\n     {long}\n", "word ".repeat(17));
        assert_eq!(text, wanted);
        Ok(())
    }
}
