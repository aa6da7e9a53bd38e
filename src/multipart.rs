//! `multipart/mixed` and `multipart/form-data` (RFC 2046 §5.1, RFC 7578): binary parts, CRLF, a boundary that is in none.

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// One part of the body.
pub(crate) struct Piece<'a> {
    pub(crate) name: &'a str,
    pub(crate) file_name: Option<&'a str>,
    pub(crate) content_type: &'a str,
    pub(crate) bytes: &'a [u8],
}

/// The body and its boundary. The same pieces make the same body.
pub(crate) fn encode(pieces: &[Piece<'_>]) -> (String, Bytes) {
    let boundary = boundary(pieces);
    let length: usize = pieces.iter().map(|piece| piece.bytes.len() + 512).sum();
    let mut body = Vec::with_capacity(length);
    for piece in pieces {
        let file_name = piece.file_name.map_or(String::new(), |name| {
            format!("; filename=\"{}\"", escaped(name))
        });
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"{file_name}\r\nContent-Type: {}\r\n\r\n",
            escaped(piece.name),
            piece.content_type,
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(piece.bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (boundary, Bytes::from(body))
}

/// A hash of all pieces: nobody can put into a piece what the hash of that piece will be. Looked for all the same.
fn boundary(pieces: &[Piece<'_>]) -> String {
    for attempt in 0_u32.. {
        let mut hash = Sha256::new();
        hash.update(attempt.to_be_bytes());
        for piece in pieces {
            let file_name = piece.file_name.unwrap_or_default();
            for field in [piece.name, file_name, piece.content_type] {
                hash.update((field.len() as u64).to_be_bytes());
                hash.update(field.as_bytes());
            }
            hash.update((piece.bytes.len() as u64).to_be_bytes());
            hash.update(piece.bytes);
        }
        let digits: String = hash
            .finalize()
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let boundary = format!("mmsfit-{digits}");
        let is_in = |piece: &Piece<'_>| {
            [
                piece.name.as_bytes(),
                piece.file_name.unwrap_or_default().as_bytes(),
                piece.content_type.as_bytes(),
                piece.bytes,
            ]
            .iter()
            .any(|bytes| memchr::memmem::find(bytes, boundary.as_bytes()).is_some())
        };
        if !pieces.iter().any(is_in) {
            return boundary;
        }
    }
    String::new()
}

/// A name between quotation marks, as the HTML standard escapes it (multipart/form-data encoding algorithm); further
/// control characters and what is not ASCII become `_`, as no provider says how it reads them.
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '\r' => text.push_str("%0D"),
            '\n' => text.push_str("%0A"),
            '"' => text.push_str("%22"),
            // A backslash at the end would escape the quotation mark for some parsers.
            '\\' => text.push('_'),
            c if c.is_ascii() && !c.is_ascii_control() => text.push(c),
            _ => text.push('_'),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_what_the_standard_says() {
        let (boundary, body) = encode(&[
            Piece {
                name: "json",
                file_name: None,
                content_type: "application/json",
                bytes: b"{}",
            },
            Piece {
                name: "attachment",
                file_name: Some("a\"b\r\n.jpg"),
                content_type: "image/jpeg",
                bytes: b"\xFF\xD8\r\n--",
            },
        ]);
        let mut wanted = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"json\"\r\n\
             Content-Type: application/json\r\n\r\n{{}}\r\n--{boundary}\r\n\
             Content-Disposition: form-data; name=\"attachment\"; filename=\"a%22b%0D%0A.jpg\"\r\n\
             Content-Type: image/jpeg\r\n\r\n"
        )
        .into_bytes();
        wanted.extend_from_slice(b"\xFF\xD8\r\n--");
        wanted.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        assert_eq!(body, wanted);
        assert!(boundary.len() <= 70, "RFC 2046 §5.1.1");
    }

    #[test]
    fn the_boundary_follows_the_pieces_and_is_in_none_of_them() {
        let piece = |bytes| Piece {
            name: "a",
            file_name: Some("b"),
            content_type: "c/d",
            bytes,
        };
        let one = boundary(&[piece(b"one")]);
        assert_ne!(one, boundary(&[piece(b"two")]));
        assert_eq!(one, boundary(&[piece(b"one")]));
        assert_ne!(one, boundary(&[piece(one.as_bytes())]));
    }
}
