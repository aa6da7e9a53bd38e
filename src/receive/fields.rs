//! Fields of callbacks, read as leniently as their writers write: numbers for strings, blanks in keys, null for nothing.

use serde_json::{Map, Value};

use super::ReceiveError;

/// An object whose keys are compared without the blanks around them.
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The fields of an object.
    pub(super) fn of(value: &'a Value, what: &'static str) -> Result<Self, ReceiveError> {
        value
            .as_object()
            .map(Self)
            .ok_or(ReceiveError::Missing(what))
    }

    /// The first of these keys that has a value other than null.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&'a Value> {
        keys.iter().find_map(|key| {
            let exact = self.0.get(*key);
            let found = exact.or_else(|| {
                let mut pairs = self.0.iter();
                pairs.find_map(|(known, value)| (known.trim() == *key).then_some(value))
            });
            found.filter(|value| !value.is_null())
        })
    }

    /// A text, or a number as text; the empty text and the word `null` are nothing.
    pub(super) fn text(&self, keys: &[&str]) -> Option<String> {
        self.get(keys).and_then(text)
    }

    /// One number or a list of them, each a text, a number, or an object that holds it as `phoneNumber` or `number`.
    pub(super) fn numbers(&self, keys: &[&str]) -> Vec<String> {
        match self.get(keys) {
            Some(Value::Array(several)) => several.iter().filter_map(number).collect(),
            Some(one) => number(one).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// The only number, or the first.
    pub(super) fn number(&self, keys: &[&str]) -> Option<String> {
        self.numbers(keys).into_iter().next()
    }
}

/// One object, or every object of a list.
pub(super) fn each(value: &Value) -> &[Value] {
    match value {
        Value::Array(several) => several,
        one => std::slice::from_ref(one),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
    .filter(|text| !text.is_empty() && text != "null")
}

fn number(value: &Value) -> Option<String> {
    let value = match value {
        Value::Object(fields) => fields.get("phoneNumber").or_else(|| fields.get("number"))?,
        value => value,
    };
    text(value).map(|text| normalised(&text))
}

/// `+` and digits where it is a number with its country code; anything else, such as a short code, stays as it came.
fn normalised(text: &str) -> String {
    // MM4 addresses end so (3GPP TS 23.140, clause 8.4.5.1).
    let bare = match text.split_once("/TYPE=") {
        Some((number, _)) => number,
        None => text,
    };
    let digits = bare.strip_prefix('+').unwrap_or(bare);
    // E.164: at most 15 digits; fewer than 8 are a short code.
    let is_number = (8..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    if is_number {
        format!("+{digits}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_normalised_and_short_codes_are_not() {
        for (came, kept) in [
            ("15551230001", "+15551230001"),
            ("+15551230001", "+15551230001"),
            ("+15551230001/TYPE=PLMN", "+15551230001"),
            ("28444", "28444"),
            ("05551230001", "05551230001"),
            ("1234567890123456", "1234567890123456"),
            ("ada@example.com", "ada@example.com"),
            ("+1 555", "+1 555"),
        ] {
            assert_eq!(normalised(came), kept);
        }
    }
}
