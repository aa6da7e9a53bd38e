//! Statuses other than 200, and interim answers.

use std::io;

use super::{Case, judge, on_get, send};
use crate::server::Step;
use crate::{GIF, right};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_other_than_200_is_told_and_interim_answers_are_no_status() -> io::Result<()> {
    judge(cases()).await
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        "101 Switching",
        "201 Created",
        "202 Accepted",
        "203 Other",
        "204 No Content",
        "205 Reset",
        "206 Partial",
        "207 Multi",
        "226 IM",
        "300 Choices",
        "304 Not Modified",
        "305 Proxy",
        "400 Bad",
        "401 Who",
        "402 Pay",
        "403 No",
        "404 Not Found",
        "408 Timeout",
        "410 Gone",
        "416 Range",
        "418 Teapot",
        "421 Misdirected",
        "425 Early",
        "429 Slow down",
        "451 Law",
        "500 Oops",
        "502 Bad",
        "503 Later",
        "504 Late",
        "511 Login",
        "599 Odd",
        "999 Denied",
    ]
    .iter()
    .map(|line| {
        let answer =
            format!("HTTP/1.1 {line}\r\nContent-Type: image/gif\r\nContent-Length: 43\r\n\r\n");
        on_get(line, send([answer.as_bytes(), GIF].concat()), "MMS503")
    })
    .collect();
    let interim = |count: usize, line: &str| {
        let mut bytes = format!("HTTP/1.1 {line}\r\nLink: </a>\r\n\r\n")
            .repeat(count)
            .into_bytes();
        if let [Step::Send(right)] = right("GET").as_slice() {
            bytes.extend_from_slice(right);
        }
        send(bytes)
    };
    cases.extend([
        on_get("100 before", interim(1, "100 Continue"), ""),
        on_get("103 before", interim(1, "103 Early Hints"), ""),
        on_get("103 eight times", interim(8, "103 Early Hints"), ""),
        on_get("103 nine times", interim(9, "103 Early Hints"), "MMS503"),
    ]);
    cases
}
