//! Content codings, and answers that depend on who asks.

use std::io;

use super::{Case, TYPE, always, chunked, judge, on_gzip, send, with_body};
use crate::{GIF, head, right};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_coded_or_depend_on_what_is_offered_are_told() -> io::Result<()> {
    judge(cases()).await
}

pub(super) fn cases() -> Vec<Case> {
    let length = format!("{TYPE}Content-Length: {}\n", GIF.len());
    let gzip = format!("{length}Content-Encoding: gzip\n");
    vec![
        always("gzip unasked", &gzip, GIF, "MMS505"),
        always(
            "br unasked",
            &format!("{length}Content-Encoding: br\n"),
            GIF,
            "MMS505",
        ),
        always(
            "coded twice",
            &format!("{length}Content-Encoding: gzip, gzip\n"),
            GIF,
            "MMS505",
        ),
        on_gzip(
            "gzip where it is offered",
            with_body(&gzip, GIF),
            send(head(&gzip)),
            "MMS505",
        ),
        on_gzip(
            "chunked and gzip where it is offered",
            with_body(
                &format!("{TYPE}Content-Encoding: gzip\nTransfer-Encoding: chunked\n"),
                &chunked(GIF),
            ),
            send(head(&format!("{TYPE}Content-Encoding: gzip\n"))),
            "MMS505 MMS508",
        ),
        on_gzip(
            "HEAD says 20, GET sends 43",
            right("GET"),
            send(head("Content-Type: image/gif\nContent-Length: 20\n")),
            "MMS509",
        ),
        on_gzip(
            "br where gzip is offered",
            with_body(&format!("{length}Content-Encoding: br\n"), GIF),
            send(head(&format!("{length}Content-Encoding: br\n"))),
            "MMS505",
        ),
        on_gzip(
            "gzip, its coded length on GET, the plain one on HEAD",
            with_body(
                &format!("{TYPE}Content-Length: 20\nContent-Encoding: gzip\n"),
                &GIF[..20],
            ),
            right("HEAD"),
            "MMS505 MMS509",
        ),
    ]
}
