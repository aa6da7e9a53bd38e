//! HEAD against GET asked in the same way.

use std::io;

use super::{Case, TYPE, judge, on_head, send, with_body};
use crate::server::Step;
use crate::{GIF, head, right};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_fails_or_differs_from_get_is_told() -> io::Result<()> {
    judge(cases()).await
}

pub(super) fn cases() -> Vec<Case> {
    let status = |line: &str| send(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n"));
    let fields = |fields: &str| send(head(fields));
    let mut cases: Vec<Case> = [
        "405 Method Not Allowed",
        "501 Not Implemented",
        "403 Forbidden",
        "404 Not Found",
        "500 Oops",
        "204 No Content",
        "206 Partial",
        "304 Not Modified",
        "301 Moved\r\nLocation: /x",
        "302 Found\r\nLocation: /x",
        "401 No",
        "429 Slow down",
        "503 Later",
    ]
    .iter()
    .map(|line| on_head(&format!("HEAD {line}"), status(line), "MMS509"))
    .collect();
    let mut bodied = right("HEAD");
    bodied.extend(send(GIF));
    cases.extend([
        on_head("HEAD with a body", bodied, "MMS509"),
        on_head("HEAD hangs", vec![Step::Hang], "MMS509"),
        on_head("HEAD closes", Vec::new(), "MMS509"),
        on_head("HEAD resets", vec![Step::Reset], "MMS509"),
        on_head("HEAD is no HTTP", send("oops\r\n\r\n"), "MMS509"),
        on_head(
            "HEAD of another type",
            fields("Content-Type: image/png\nContent-Length: 43\n"),
            "MMS509",
        ),
        on_head(
            "HEAD without a type",
            fields("Content-Length: 43\n"),
            "MMS509",
        ),
        on_head(
            "HEAD with length 0",
            fields("Content-Type: image/gif\nContent-Length: 0\n"),
            "MMS509",
        ),
        on_head(
            "HEAD with another length",
            fields("Content-Type: image/gif\nContent-Length: 44\n"),
            "MMS509",
        ),
        on_head("HEAD without a length", fields(TYPE), "MMS505"),
        on_head(
            "HEAD with a malformed length",
            fields("Content-Type: image/gif\nContent-Length: 43, 43\n"),
            "MMS505",
        ),
        on_head(
            "HEAD coded",
            fields("Content-Type: image/gif\nContent-Length: 43\nContent-Encoding: br\n"),
            "MMS505 MMS509",
        ),
        Case {
            name: "another ETag on HEAD".to_owned(),
            get: with_body(
                "Content-Type: image/gif\nContent-Length: 43\nETag: \"a\"\n",
                GIF,
            ),
            coded: with_body(
                "Content-Type: image/gif\nContent-Length: 43\nETag: \"a\"\n",
                GIF,
            ),
            head: fields("Content-Type: image/gif\nContent-Length: 43\nETag: \"b\"\n"),
            head_coded: fields("Content-Type: image/gif\nContent-Length: 43\nETag: \"b\"\n"),
            codes: "MMS509",
        },
        Case {
            name: "the same ETag, weak on HEAD".to_owned(),
            get: with_body(
                "Content-Type: image/gif\nContent-Length: 43\nETag: \"a\"\n",
                GIF,
            ),
            coded: with_body(
                "Content-Type: image/gif\nContent-Length: 43\nETag: \"a\"\n",
                GIF,
            ),
            head: fields("Content-Type: image/gif\nContent-Length: 43\nETag: W/\"a\"\n"),
            head_coded: fields("Content-Type: image/gif\nContent-Length: 43\nETag: W/\"a\"\n"),
            codes: "",
        },
    ]);
    cases
}
