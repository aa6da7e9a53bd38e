//! The head of an answer as it was sent: nothing merged, nothing mended.

use std::fmt;

use serde::Serialize;

/// The most header fields of one head.
pub(super) const MAX_FIELDS: usize = 64;
/// The most bytes of all heads of one answer, interim ones included.
pub(super) const MAX_HEAD_BYTES: usize = 32 * 1_024;

/// What one answer said, as the report tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Exchange {
    /// The status code.
    pub status: u16,
    /// Content-Type as it was sent; several are joined by `, `.
    pub content_type: Option<String>,
    /// Content-Length as it was sent; several are joined by `, `.
    pub content_length: Option<String>,
    /// Transfer-Encoding as it was sent; several are joined by `, `.
    pub transfer_encoding: Option<String>,
}

/// Content-Length, judged by RFC 9110, clause 8.6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Missing,
    Stated(u64),
    /// Several, signed, a list, not digits, too large: RFC 9112, clause 6.3 calls it unrecoverable.
    Malformed(String),
}

/// Transfer-Encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    Plain,
    Chunked,
    /// Another coding, or chunked applied twice: the body cannot be had.
    Other,
}

/// A head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) types: Vec<String>,
    pub(super) length: Length,
    pub(super) transfer: Transfer,
    /// The content codings other than identity.
    pub(super) coding: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) retry_after: Option<String>,
    pub(super) locations: Vec<Vec<u8>>,
    lengths: Vec<String>,
    transfers: Vec<String>,
}

/// Why bytes are no head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Unreadable {
    fn from(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl Head {
    /// Reads a head that ends with its empty line.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut answer = httparse::Response::new(&mut fields);
        match answer.parse(bytes) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err("its head ends too early".into()),
            Err(httparse::Error::TooManyHeaders) => {
                return Err(Unreadable(format!(
                    "its head has more than {MAX_FIELDS} fields"
                )));
            }
            Err(why) => return Err(Unreadable(format!("its head is not HTTP/1: {why}"))),
        }
        let status = answer.code.ok_or("it has no status")?;
        let all = |name: &str| -> Vec<&[u8]> {
            answer
                .headers
                .iter()
                .filter(|field| field.name.eq_ignore_ascii_case(name))
                .map(|field| field.value)
                .collect()
        };
        let texts = |name: &str| -> Vec<String> { all(name).into_iter().map(shown).collect() };
        let lengths = texts("content-length");
        let transfers = texts("transfer-encoding");
        let codings: Vec<String> = texts("content-encoding")
            .into_iter()
            .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
            .collect();
        Ok(Self {
            status,
            types: texts("content-type"),
            length: length(&all("content-length"), &lengths),
            transfer: transfer(&transfers),
            coding: (!codings.is_empty()).then(|| codings.join(", ")),
            etag: texts("etag").into_iter().next(),
            retry_after: texts("retry-after").into_iter().next(),
            locations: all("location").into_iter().map(<[u8]>::to_vec).collect(),
            lengths,
            transfers,
        })
    }

    pub(super) fn is_interim(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }

    pub(super) fn is_redirect(&self) -> bool {
        matches!(self.status, 301 | 302 | 303 | 307 | 308)
    }

    pub(super) fn exchange(&self) -> Exchange {
        let joined = |values: &[String]| (!values.is_empty()).then(|| values.join(", "));
        Exchange {
            status: self.status,
            content_type: joined(&self.types),
            content_length: joined(&self.lengths),
            transfer_encoding: joined(&self.transfers),
        }
    }
}

/// Where a head ends in what was read so far, looked for from `from` on.
pub(super) fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let from = from.saturating_sub(3);
    let tail = bytes.get(from..)?;
    let at = |pattern: &[u8]| {
        tail.windows(pattern.len())
            .position(|window| window == pattern)
            .map(|at| from + at + pattern.len())
    };
    // A lone line feed may end a line (RFC 9112, clause 2.2).
    match (at(b"\n\r\n"), at(b"\n\n")) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// A field's value as it may be shown: printable, short.
fn shown(value: &[u8]) -> String {
    String::from_utf8_lossy(value)
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .take(200)
        .collect::<String>()
        .trim()
        .to_owned()
}

fn length(values: &[&[u8]], texts: &[String]) -> Length {
    match values {
        [] => Length::Missing,
        [one] => {
            let digits = one.trim_ascii();
            let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
            std::str::from_utf8(digits)
                .ok()
                .filter(|_| is_number)
                .and_then(|digits| digits.parse().ok())
                .map_or_else(|| Length::Malformed(texts.join(", ")), Length::Stated)
        }
        _ => Length::Malformed(texts.join(", ")),
    }
}

fn transfer(values: &[String]) -> Transfer {
    match values {
        [] => Transfer::Plain,
        [one] if one.eq_ignore_ascii_case("chunked") => Transfer::Chunked,
        _ => Transfer::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length_of(fields: &str) -> Option<Length> {
        let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n");
        Head::parse(head.as_bytes()).ok().map(|head| head.length)
    }

    #[test]
    fn a_content_length_is_one_run_of_digits_or_it_is_malformed() {
        let malformed = |text: &str| Some(Length::Malformed(text.to_owned()));
        for (fields, expected) in [
            ("X: y", Some(Length::Missing)),
            ("Content-Length: 5", Some(Length::Stated(5))),
            ("content-length:5", Some(Length::Stated(5))),
            ("Content-Length: \t 5 \t", Some(Length::Stated(5))),
            (
                "Content-Length: 18446744073709551615",
                Some(Length::Stated(u64::MAX)),
            ),
            (
                "Content-Length: 18446744073709551616",
                malformed("18446744073709551616"),
            ),
            ("Content-Length: 5, 5", malformed("5, 5")),
            ("Content-Length: 5\r\nContent-Length: 5", malformed("5, 5")),
            ("Content-Length: +5", malformed("+5")),
            ("Content-Length: -1", malformed("-1")),
            ("Content-Length: 0x5", malformed("0x5")),
            ("Content-Length: 5.0", malformed("5.0")),
            ("Content-Length: 5 5", malformed("5 5")),
            ("Content-Length:", malformed("")),
            ("Content-Length: five", malformed("five")),
        ] {
            assert_eq!(length_of(fields), expected, "{fields:?}");
        }
    }

    #[test]
    fn a_head_ends_at_its_first_empty_line_wherever_the_reads_were_cut() {
        let bytes = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\n\n";
        for from in 0..=25 {
            assert_eq!(end_of_head(bytes, from), Some(25), "{from}");
        }
        assert_eq!(end_of_head(b"HTTP/1.0 200 OK\nA: b\n\nbody", 0), Some(22));
        assert_eq!(end_of_head(b"HTTP/1.0 200 OK\r\nA: b\r\n", 0), None);
    }
}
