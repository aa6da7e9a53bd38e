//! A request as it may be shown: without secrets, without megabytes.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::CONTENT_TYPE;
use url::form_urlencoded;

use super::Request;

/// The request as text: the line, the headers with `***` for secrets, the body with long base64 and binary parts named by
/// their length only.
#[must_use]
pub fn show(request: &Request) -> String {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        let value = if value.is_sensitive() {
            let words = value.to_str().unwrap_or_default();
            match words.split_once(' ') {
                Some((scheme, _)) => format!("{scheme} ***"),
                None => "***".to_owned(),
            }
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name}: {value}");
    }
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let body = request.body();
    if body.is_empty() {
        return text;
    }
    text.push('\n');
    if kind.starts_with("application/x-www-form-urlencoded") {
        for (name, value) in form_urlencoded::parse(body) {
            let value = if name == "assertion" {
                "***".into()
            } else {
                value
            };
            let _ = writeln!(text, "{name}={value}");
        }
    } else if let Some(boundary) = kind.split_once("boundary=").map(|(_, rest)| rest) {
        show_multipart(body, boundary, &mut text);
    } else {
        show_json(body, &mut text);
    }
    text
}

fn show_json(body: &[u8], text: &mut String) {
    let pretty = serde_json::from_slice::<serde_json::Value>(body)
        .map(shortened)
        .and_then(|value| serde_json::to_string_pretty(&value));
    match pretty {
        Ok(pretty) => text.push_str(&pretty),
        Err(_) => text.push_str(&String::from_utf8_lossy(body)),
    }
    text.push('\n');
}

/// Base64 that nobody reads is named by its length; the query of a URL may be its key.
fn shortened(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) if is_coded(&text) => {
            Value::String(format!("<{} characters of base64>", text.len()))
        }
        Value::String(text) if text.contains("://") => match text.split_once('?') {
            Some((start, _)) if !start.contains(char::is_whitespace) => {
                Value::String(format!("{start}?***"))
            }
            _ => Value::String(text),
        },
        Value::Array(list) => Value::Array(list.into_iter().map(shortened).collect()),
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(name, value)| (name, shortened(value)))
                .collect(),
        ),
        other => other,
    }
}

fn is_coded(text: &str) -> bool {
    let coded = text.split_once(";base64,").map_or(text, |(_, coded)| coded);
    text.len() > 200
        && coded
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

fn show_multipart(body: &[u8], boundary: &str, text: &mut String) {
    let delimiter = format!("--{boundary}");
    let mut rest = body;
    while let Some(after) = rest.strip_prefix(delimiter.as_bytes()) {
        let Some(after) = after.strip_prefix(b"\r\n") else {
            let _ = writeln!(text, "{delimiter}--");
            return;
        };
        let _ = writeln!(text, "{delimiter}");
        let Some(end) = memchr::memmem::find(after, b"\r\n\r\n") else {
            return;
        };
        let (head, content) = after.split_at(end);
        text.push_str(&String::from_utf8_lossy(head).replace("\r\n", "\n"));
        text.push_str("\n\n");
        let content = content.get(4..).unwrap_or_default();
        let next = memchr::memmem::find(content, format!("\r\n{delimiter}").as_bytes())
            .unwrap_or(content.len());
        let (content, next) = content.split_at(next);
        match std::str::from_utf8(content) {
            Ok(words) if String::from_utf8_lossy(head).contains("application/json") => {
                text.push_str(words);
                text.push('\n');
            }
            _ => {
                let _ = writeln!(
                    text,
                    "<{} bytes, sha256 {}>",
                    content.len(),
                    crate::bundle::sha256_hex(content)
                );
            }
        }
        rest = next.get(2..).unwrap_or_default();
    }
}

/// A time as ISO 8601 in UTC, to the second: `2026-11-21T10:00:00Z`.
pub(super) fn iso_8601(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (mut day, second) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970_u64;
    while year < 9_999 && day >= year_days(year) {
        day -= year_days(year);
        year += 1;
    }
    let february = year_days(year) - 337;
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if day < length || month == 12 {
            break;
        }
        day -= length;
        month += 1;
    }
    let day = day + 1;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

/// The Gregorian calendar's rule of leap years.
fn year_days(year: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    365 + u64::from(is_leap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_written_as_the_calendar_has_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_795_255_200, "2026-11-21T10:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(iso_8601(time), text);
        }
    }
}
