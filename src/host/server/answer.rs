//! The head of an answer with media: conditions, ranges, and the fields that never differ between HEAD and GET.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

/// How long caches may keep media: its name changes with its bytes.
const CACHED: &str = "public, max-age=31536000, immutable";

/// What there is to serve.
pub(super) struct Served<'a> {
    pub(super) name: &'a str,
    pub(super) content_type: &'static str,
    pub(super) bytes: u64,
    pub(super) modified: SystemTime,
}

/// The head of an answer, and which bytes follow it.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Range<u64>,
}

/// Decides the answer: preconditions in the order of RFC 9110, clause 13.2.2, then the range.
pub(super) fn head(method: &Method, asked: &HeaderMap, served: &Served<'_>) -> Head {
    let etag = etag(served);
    let mut headers = HeaderMap::new();
    harden(&mut headers);
    headers.insert(ETAG, value(&etag));
    headers.insert(
        LAST_MODIFIED,
        value(&httpdate::fmt_http_date(served.modified)),
    );
    headers.insert(CACHE_CONTROL, fixed(CACHED));
    headers.insert(ACCEPT_RANGES, fixed("bytes"));
    let ended = |status, headers| Head {
        status,
        headers,
        bytes: 0..0,
    };
    match precondition(asked, &etag, served.modified) {
        Some(StatusCode::NOT_MODIFIED) => return ended(StatusCode::NOT_MODIFIED, headers),
        Some(status) => {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(0_u64));
            return ended(status, headers);
        }
        None => {}
    }
    // Range is defined for GET alone (RFC 9110, clause 14.2).
    let ranged = *method == Method::GET && range_applies(asked, &etag, served.modified);
    let range = if ranged {
        range(asked, served.bytes)
    } else {
        Asked::Whole
    };
    headers.insert(CONTENT_TYPE, fixed(served.content_type));
    headers.insert(
        CONTENT_DISPOSITION,
        value(&format!("inline; filename=\"{}\"", served.name)),
    );
    match range {
        Asked::Whole => {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(served.bytes));
            Head {
                status: StatusCode::OK,
                headers,
                bytes: 0..served.bytes,
            }
        }
        Asked::Part(bytes) => {
            let length = bytes.end - bytes.start;
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            let of = format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, served.bytes);
            headers.insert(CONTENT_RANGE, value(&of));
            Head {
                status: StatusCode::PARTIAL_CONTENT,
                headers,
                bytes,
            }
        }
        Asked::Outside => {
            headers.remove(CONTENT_TYPE);
            headers.remove(CONTENT_DISPOSITION);
            headers.insert(CONTENT_LENGTH, HeaderValue::from(0_u64));
            headers.insert(CONTENT_RANGE, value(&format!("bytes */{}", served.bytes)));
            ended(StatusCode::RANGE_NOT_SATISFIABLE, headers)
        }
    }
}

/// Fields of every answer: a browser that is led here runs nothing and guesses nothing.
pub(super) fn harden(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        fixed("default-src 'none'; sandbox"),
    );
}

/// A field's value that is known to be one.
pub(super) fn fixed(text: &'static str) -> HeaderValue {
    HeaderValue::from_static(text)
}

/// The name holds the hash of the bytes; the length shows a file that was cut.
fn etag(served: &Served<'_>) -> String {
    let hash = served.name.get(..32).unwrap_or(served.name);
    format!("\"{hash}-{:x}\"", served.bytes)
}

fn value(text: &str) -> HeaderValue {
    // Of our own name, digits and ASCII words: there is nothing in it that a field could not hold.
    HeaderValue::from_str(text).unwrap_or_else(|_| fixed(""))
}

fn precondition(asked: &HeaderMap, etag: &str, modified: SystemTime) -> Option<StatusCode> {
    if asked.contains_key(IF_MATCH) {
        if !listed(asked, &IF_MATCH, etag, false) {
            return Some(StatusCode::PRECONDITION_FAILED);
        }
    } else if date(asked, &IF_UNMODIFIED_SINCE).is_some_and(|since| whole(modified) > since) {
        return Some(StatusCode::PRECONDITION_FAILED);
    }
    if asked.contains_key(IF_NONE_MATCH) {
        return listed(asked, &IF_NONE_MATCH, etag, true).then_some(StatusCode::NOT_MODIFIED);
    }
    date(asked, &IF_MODIFIED_SINCE)
        .is_some_and(|since| whole(modified) <= since)
        .then_some(StatusCode::NOT_MODIFIED)
}

/// Whether a list of entity tags holds ours, or is `*`; by weak comparison, a `W/` before a tag does not count.
fn listed(asked: &HeaderMap, field: &HeaderName, etag: &str, weak: bool) -> bool {
    asked
        .get_all(field)
        .iter()
        .filter_map(|value| value.to_str().ok())
        // No tag of ours holds a comma.
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag == etag || (weak && tag.strip_prefix("W/") == Some(etag)))
}

/// RFC 9110, clause 13.1.5: strong comparison, or exactly the date that was sent.
fn range_applies(asked: &HeaderMap, etag: &str, modified: SystemTime) -> bool {
    match asked.get(IF_RANGE) {
        None => true,
        Some(value) => {
            value.as_bytes() == etag.as_bytes()
                || date(asked, &IF_RANGE).is_some_and(|since| whole(modified) == since)
        }
    }
}

fn date(asked: &HeaderMap, field: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(asked.get(field)?.to_str().ok()?).ok()
}

/// HTTP dates have no fractions of seconds.
fn whole(time: SystemTime) -> SystemTime {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(Range<u64>),
    Outside,
}

/// One range of bytes (RFC 9110, clause 14.1.2). What is malformed, of another unit, or several ranges is ignored, as
/// clause 14.2 allows.
fn range(asked: &HeaderMap, length: u64) -> Asked {
    let mut fields = asked.get_all(RANGE).iter();
    let (Some(one), None) = (fields.next(), fields.next()) else {
        return Asked::Whole;
    };
    let spec = one.to_str().ok().and_then(|text| {
        let (unit, spec) = text.split_once('=')?;
        unit.trim()
            .eq_ignore_ascii_case("bytes")
            .then_some(spec.trim())
    });
    let Some((first, last)) = spec.and_then(|spec| spec.split_once('-')) else {
        return Asked::Whole;
    };
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            // More digits than a number can have still mean: to the end.
            .then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    match (
        first.is_empty(),
        last.is_empty(),
        digits(first),
        digits(last),
    ) {
        (true, false, _, Some(suffix)) => match suffix.min(length) {
            0 => Asked::Outside,
            suffix => Asked::Part(length - suffix..length),
        },
        (false, _, Some(first), Some(last)) => {
            let end = if last == u64::MAX || first_only(spec) {
                length
            } else {
                length.min(last + 1)
            };
            match () {
                () if !first_only(spec) && last < first => Asked::Whole,
                () if first >= length => Asked::Outside,
                () => Asked::Part(first..end),
            }
        }
        _ => Asked::Whole,
    }
}

/// `5-`: from there to the end.
fn first_only(spec: Option<&str>) -> bool {
    spec.is_some_and(|spec| spec.ends_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.gif";
    const ETAG_SENT: &str = "\"0123456789abcdef0123456789abcdef-a\"";
    /// Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110, clause 5.6.7, and half a second.
    const MODIFIED: Duration = Duration::from_millis(784_111_777_500);

    fn ask(method: &Method, fields: &[(&'static str, &str)]) -> Head {
        let mut asked = HeaderMap::new();
        for (name, value) in fields {
            asked.append(*name, value.parse().expect("a value"));
        }
        let served = Served {
            name: NAME,
            content_type: "image/gif",
            bytes: 10,
            modified: SystemTime::UNIX_EPOCH + MODIFIED,
        };
        head(method, &asked, &served)
    }

    fn shown(head: &Head) -> String {
        let range = head
            .headers
            .get(CONTENT_RANGE)
            .map_or("", |value| value.to_str().unwrap_or("?"));
        format!(
            "{} {}..{} {range}",
            head.status.as_u16(),
            head.bytes.start,
            head.bytes.end
        )
    }

    #[test]
    fn ranges_are_answered_as_rfc_9110_says() {
        for (range, expected) in [
            ("bytes=0-0", "206 0..1 bytes 0-0/10"),
            ("bytes=0-9", "206 0..10 bytes 0-9/10"),
            ("bytes=0-10", "206 0..10 bytes 0-9/10"),
            ("bytes=3-", "206 3..10 bytes 3-9/10"),
            ("bytes=9-", "206 9..10 bytes 9-9/10"),
            ("bytes=-1", "206 9..10 bytes 9-9/10"),
            ("bytes=-10", "206 0..10 bytes 0-9/10"),
            ("bytes=-99", "206 0..10 bytes 0-9/10"),
            ("BYTES=2-4", "206 2..5 bytes 2-4/10"),
            ("bytes= 2-4 ", "206 2..5 bytes 2-4/10"),
            ("bytes=2-99999999999999999999999", "206 2..10 bytes 2-9/10"),
            ("bytes=2-18446744073709551615", "206 2..10 bytes 2-9/10"),
            ("bytes=10-", "416 0..0 bytes */10"),
            ("bytes=10-12", "416 0..0 bytes */10"),
            ("bytes=99999999999999999999999-", "416 0..0 bytes */10"),
            ("bytes=-0", "416 0..0 bytes */10"),
            ("bytes=4-2", "200 0..10 "),
            ("bytes=0-1,3-4", "200 0..10 "),
            ("bytes=", "200 0..10 "),
            ("bytes=-", "200 0..10 "),
            ("bytes=--1", "200 0..10 "),
            ("bytes=+1-2", "200 0..10 "),
            ("bytes=a-b", "200 0..10 "),
            ("bytes 0-1", "200 0..10 "),
            ("lines=0-1", "200 0..10 "),
            ("0-1", "200 0..10 "),
        ] {
            assert_eq!(
                shown(&ask(&Method::GET, &[("range", range)])),
                expected,
                "{range}"
            );
        }
        let twice = [("range", "bytes=0-1"), ("range", "bytes=2-3")];
        assert_eq!(shown(&ask(&Method::GET, &twice)), "200 0..10 ");
        assert_eq!(
            shown(&ask(&Method::HEAD, &[("range", "bytes=0-1")])),
            "200 0..10 "
        );
    }

    #[test]
    fn if_range_lets_a_range_through_only_for_the_very_same_bytes() {
        for (condition, expected) in [
            (ETAG_SENT, "206 0..2 bytes 0-1/10"),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "206 0..2 bytes 0-1/10"),
            ("Sun, 06 Nov 1994 08:49:38 GMT", "200 0..10 "),
            ("W/\"0123456789abcdef0123456789abcdef-a\"", "200 0..10 "),
            ("\"other\"", "200 0..10 "),
            ("*", "200 0..10 "),
        ] {
            let fields = [("range", "bytes=0-1"), ("if-range", condition)];
            assert_eq!(shown(&ask(&Method::GET, &fields)), expected, "{condition}");
        }
    }

    #[test]
    fn conditions_are_judged_in_the_order_of_rfc_9110() {
        let before = "Sun, 06 Nov 1994 08:49:36 GMT";
        let then = "Sun, 06 Nov 1994 08:49:37 GMT";
        let weak = format!("W/{ETAG_SENT}");
        let list = format!("\"a\", {weak} , \"b\"");
        for (fields, expected) in [
            (vec![("if-none-match", ETAG_SENT)], 304),
            (vec![("if-none-match", &weak)], 304),
            (vec![("if-none-match", &list)], 304),
            (vec![("if-none-match", "*")], 304),
            (vec![("if-none-match", "\"a\"")], 200),
            (vec![("if-none-match", "garbage")], 200),
            // If-None-Match wins over the date.
            (
                vec![("if-none-match", "\"a\""), ("if-modified-since", then)],
                200,
            ),
            (vec![("if-modified-since", then)], 304),
            (vec![("if-modified-since", before)], 200),
            (vec![("if-modified-since", "yesterday")], 200),
            (vec![("if-match", ETAG_SENT)], 200),
            (vec![("if-match", "*")], 200),
            (vec![("if-match", "\"a\"")], 412),
            // If-Match is compared strongly.
            (vec![("if-match", &weak)], 412),
            (
                vec![("if-match", ETAG_SENT), ("if-unmodified-since", before)],
                200,
            ),
            (vec![("if-unmodified-since", before)], 412),
            (vec![("if-unmodified-since", then)], 200),
            (
                vec![("if-match", ETAG_SENT), ("if-none-match", ETAG_SENT)],
                304,
            ),
            (
                vec![("if-match", "\"a\""), ("if-none-match", ETAG_SENT)],
                412,
            ),
            (
                vec![("if-none-match", ETAG_SENT), ("range", "bytes=0-1")],
                304,
            ),
            (vec![("if-match", "\"a\""), ("range", "bytes=99-")], 412),
        ] {
            for method in [Method::GET, Method::HEAD] {
                let found = ask(&method, &fields);
                assert_eq!(found.status.as_u16(), expected, "{method} {fields:?}");
                assert!(found.headers.contains_key(ETAG), "{fields:?}");
            }
        }
    }

    #[test]
    fn head_has_every_field_of_get() {
        let (get, head) = (ask(&Method::GET, &[]), ask(&Method::HEAD, &[]));
        assert_eq!(get.headers, head.headers);
        let mut fields: Vec<String> = get
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or("?")))
            .collect();
        fields.sort();
        assert_eq!(
            fields,
            [
                "accept-ranges: bytes",
                "cache-control: public, max-age=31536000, immutable",
                &format!("content-disposition: inline; filename=\"{NAME}\""),
                "content-length: 10",
                "content-security-policy: default-src 'none'; sandbox",
                "content-type: image/gif",
                &format!("etag: {ETAG_SENT}"),
                "last-modified: Sun, 06 Nov 1994 08:49:37 GMT",
                "x-content-type-options: nosniff",
            ]
        );
    }
}
