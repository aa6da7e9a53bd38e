//! Text from outside, made safe to print: a file's name must not move the cursor or turn the line around.

use std::fmt::Write as _;
use std::path::Path;

/// The text with control, direction and invisible characters escaped as `\u{…}`.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut safe, c);
    }
    safe
}

/// A path's text, escaped; a byte that is not UTF-8 becomes `\xNN`.
pub(crate) fn path(path: &Path) -> String {
    let mut safe = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        chunk.valid().chars().for_each(|c| push(&mut safe, c));
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    safe
}

/// A path's bytes in hexadecimal, where it is no text.
pub(crate) fn hex_of_bytes(path: &Path) -> Option<String> {
    let name = path.as_os_str();
    let byte = |byte: &u8| format!("{byte:02x}");
    name.to_str()
        .is_none()
        .then(|| name.as_encoded_bytes().iter().map(byte).collect())
}

/// A scheme and an authority (RFC 3986 §3): a path that looks like this can be given as `./…`.
pub(crate) fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

fn push(safe: &mut String, c: char) {
    if c.is_control() || is_invisible(c) {
        let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
    } else {
        safe.push(c);
    }
}

/// Unicode's bidirectional controls (UAX #9 §2), line and paragraph separators, and characters of no width.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_the_cursor_or_the_direction_passes() {
        assert_eq!(
            escaped("a\u{202e}gpj.exe\r\n\u{1b}[2J\u{85}é 語 ☃"),
            "a\\u{202e}gpj.exe\\u{d}\\u{a}\\u{1b}[2J\\u{85}é 語 ☃"
        );
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_named() {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9\n.jpg");
        assert_eq!(path(Path::new(name)), "caf\\xe9\\u{a}.jpg");
    }
}
