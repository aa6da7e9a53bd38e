//! Chunked answers, well formed or not.

use std::io;

use super::{Case, TYPE, always, chunked, judge, on_get, on_head, send, with_body};
use crate::{GIF, head};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_in_chunks_is_told_whoever_gets_it() -> io::Result<()> {
    judge(cases()).await
}

pub(super) fn cases() -> Vec<Case> {
    let coded = format!("{TYPE}Transfer-Encoding: chunked\n");
    let bare = |body: &[u8], codes| {
        on_get(
            &format!("chunks {:?}", String::from_utf8_lossy(body)),
            with_body(&coded, body),
            codes,
        )
    };
    let mut several = Vec::new();
    for piece in GIF.chunks(7) {
        several.extend_from_slice(format!("{:X};name=value\r\n", piece.len()).as_bytes());
        several.extend_from_slice(piece);
        several.extend_from_slice(b"\r\n");
    }
    several.extend_from_slice(b"0\r\nTrailer: yes\r\n\r\n");
    vec![
        always("chunked", &coded, &chunked(GIF), "MMS508"),
        always(
            "chunked, odd case",
            &format!("{TYPE}transfer-encoding: Chunked\n"),
            &chunked(GIF),
            "MMS508",
        ),
        on_get(
            "chunked on GET only",
            with_body(&coded, &chunked(GIF)),
            "MMS508",
        ),
        on_head("chunked on HEAD only", send(head(&coded)), "MMS508"),
        always(
            "length and chunked",
            &format!("{coded}Content-Length: 43\n"),
            &chunked(GIF),
            "MMS508",
        ),
        always(
            "chunked twice",
            &format!("{coded}Transfer-Encoding: chunked\n"),
            &chunked(GIF),
            "MMS508",
        ),
        always(
            "gzip, chunked",
            &format!("{TYPE}Transfer-Encoding: gzip, chunked\n"),
            &chunked(GIF),
            "MMS508",
        ),
        always(
            "another coding",
            &format!("{TYPE}Transfer-Encoding: x\n"),
            GIF,
            "MMS508",
        ),
        always(
            "identity as a transfer coding",
            &format!("{TYPE}Transfer-Encoding: identity\nContent-Length: 43\n"),
            GIF,
            "MMS508",
        ),
        bare(&several, "MMS508"),
        bare(b"", "MMS505 MMS508"),
        bare(b"5\r\nGIF", "MMS505 MMS508"),
        bare(b"5\r\nGIF89a\r\n0\r\n\r\n", "MMS505 MMS508"),
        bare(b"+5\r\nGIF89\r\n0\r\n\r\n", "MMS505 MMS508"),
        bare(b"0x5\r\nGIF89\r\n0\r\n\r\n", "MMS505 MMS508"),
        bare(b"\r\n", "MMS505 MMS508"),
        bare(b"ffffffffffffffff\r\nG", "MMS003 MMS508"),
        bare(b"fffffffffffffffff\r\nG", "MMS505 MMS508"),
        bare(b"0\r\n", "MMS505 MMS508"),
        bare(b"0\r\n\r\n", "MMS001 MMS504 MMS508"),
    ]
}
