//! Other versions of HTTP, and what is none.

use std::io;

use super::{Case, TYPE, always, judge, on_get, send};
use crate::GIF;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_versions_of_http_and_what_is_none_are_told() -> io::Result<()> {
    judge(cases()).await
}

pub(super) fn cases() -> Vec<Case> {
    let old =
        |fields: &str| send([format!("HTTP/1.0 200 OK\r\n{fields}\r\n").as_bytes(), GIF].concat());
    let typed = "Content-Type: image/gif\r\n";
    let unreadable = |name: &str, bytes: &[u8]| on_get(name, send(bytes), "MMS503");
    vec![
        on_get(
            "HTTP/1.0 with a length",
            old(&format!("{typed}Content-Length: 43\r\n")),
            "",
        ),
        on_get("HTTP/1.0 ended by closing", old(typed), "MMS505"),
        on_get(
            "HTTP/1.0 in chunks",
            old(&format!("{typed}Transfer-Encoding: chunked\r\n")),
            "MMS505 MMS508",
        ),
        always(
            "a better service is offered",
            &format!("{TYPE}Content-Length: 43\nAlt-Svc: h3=\":443\"\nUpgrade: h2c\nStrict-Transport-Security: max-age=99\n"),
            GIF,
            "",
        ),
        unreadable("HTTP/0.9", GIF),
        unreadable("HTTP/2 settings", b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"),
        unreadable(
            "HTTP/2 settings, an empty DATA, RST_STREAM, GOAWAY",
            b"\0\0\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\x04\x03\0\0\0\0\x01\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0",
        ),
        unreadable("HTTP/2.0 as text", b"HTTP/2.0 200 OK\r\nContent-Length: 43\r\n\r\n"),
        unreadable("HTTP/3", b"HTTP/3 200\r\n\r\n"),
        unreadable("ICY", b"ICY 200 OK\r\n\r\n"),
        unreadable("no status", b"HTTP/1.1\r\n\r\n"),
        unreadable("status of four digits", b"HTTP/1.1 2000 OK\r\n\r\n"),
        unreadable("status of letters", b"HTTP/1.1 abc OK\r\n\r\n"),
        unreadable("a field without a colon", b"HTTP/1.1 200 OK\r\nContent-Length 43\r\n\r\n"),
        unreadable("a space before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 43\r\n\r\n"),
        unreadable(
            "a folded field",
            b"HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\n b\r\nContent-Length: 43\r\n\r\n",
        ),
        unreadable("a zero byte in a name", b"HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n"),
        unreadable("a zero byte in a value", b"HTTP/1.1 200 OK\r\nA: \0b\r\n\r\n"),
        unreadable("noise", &[0x9c; 500]),
        unreadable("a mail server", b"220 mail.example ESMTP\r\n"),
        unreadable("a shell", b"SSH-2.0-OpenSSH_9.9\r\n"),
    ]
}
