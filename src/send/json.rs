//! Answers read leniently: whatever comes, there is a value or none, and never a panic.

use serde_json::{Map, Value};

/// The answer as a JSON object. Its length is bounded by who read it, its depth by the parser (128).
pub(super) fn object(body: &[u8]) -> Option<Map<String, Value>> {
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    match serde_json::from_slice(text) {
        Ok(Value::Object(map)) => Some(map),
        _ => None,
    }
}

/// A field, its name compared without the blanks that some answers have around theirs.
pub(super) fn field<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name)
        .or_else(|| {
            map.iter()
                .find(|(key, _)| key.trim() == name)
                .map(|(_, value)| value)
        })
        .filter(|value| !value.is_null())
}

/// A field as text: numbers too, as ids come in both forms. Long ones and empty ones are none.
pub(super) fn text(map: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match field(map, name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= LONGEST_FIELD).then_some(text)
}

/// A field as a list of objects; anything else in it is left out.
pub(super) fn objects<'a>(
    map: &'a Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a Map<String, Value>> {
    field(map, name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
}

/// Words of a provider that may be shown: no control characters, no queries of URLs, at most 300 characters.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for word in text.split_whitespace() {
        if !shown.is_empty() {
            shown.push(' ');
        }
        let word = match word.split_once('?') {
            Some((start, _)) if start.contains("://") => start,
            _ => word,
        };
        shown.extend(word.chars().filter(|c| !c.is_control()));
        if shown.len() > LONGEST_SHOWN {
            break;
        }
    }
    shown.chars().take(LONGEST_SHOWN).collect()
}

const LONGEST_FIELD: usize = 1_024;
const LONGEST_SHOWN: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_with_blanks_around_their_names_and_numbers_are_text() {
        let map = object(br#"{"from ": "15208210009", "id": 42, "to": null, "x": ""}"#)
            .expect("it is an object");
        assert_eq!(text(&map, "from"), Some("15208210009".to_owned()));
        assert_eq!(text(&map, "id"), Some("42".to_owned()));
        assert_eq!(text(&map, "to"), None);
        assert_eq!(text(&map, "x"), None);
    }

    #[test]
    fn what_is_no_object_is_none_however_deep_or_broken() {
        let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        for body in [
            &b""[..],
            b"<html>",
            b"[1]",
            b"{\"a\":",
            b"{\"a\": \"\xFF\"}",
            deep.as_bytes(),
        ] {
            assert_eq!(object(body), None);
        }
    }

    #[test]
    fn words_are_shown_without_control_characters_and_queries() {
        assert_eq!(
            shown("bad\r\nvalue\u{7} https://a.example/x?signature=secret end"),
            "bad value https://a.example/x end"
        );
        assert_eq!(shown(&"x".repeat(10_000)).len(), 300);
    }
}
