//! Content-Length: right, missing, malformed, untrue.

use std::io;

use std::time::Duration;

use super::{Case, TYPE, always, judge, on_get, send, with_body};
use crate::server::Step;
use crate::{GIF, head};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_served_right_passes_however_it_is_spelled() -> io::Result<()> {
    judge(right()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_content_length_that_is_missing_or_malformed_is_told() -> io::Result<()> {
    judge(malformed()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_content_length_that_is_not_the_length_served_is_told() -> io::Result<()> {
    judge(untrue()).await
}

fn typed(length: &str) -> String {
    format!("{TYPE}Content-Length: {length}\n")
}

pub(super) fn right() -> Vec<Case> {
    let size = GIF.len();
    let right = |name: &str, fields: &str| always(name, fields, GIF, "");
    vec![
        right("right", &typed(&size.to_string())),
        right(
            "odd case",
            &format!("CONTENT-TYPE: IMAGE/GIF\ncontent-LENGTH: {size}\n"),
        ),
        right("spaces", &typed(&format!("\t {size} "))),
        right("leading zero", &typed(&format!("0{size}"))),
        right(
            "identity spelled out",
            &format!("{}Content-Encoding: identity\n", typed("43")),
        ),
        right(
            "other fields",
            &format!("{}Vary: Accept-Encoding\nSet-Cookie: a=b\n", typed("43")),
        ),
        on_get("kept open behind a whole body", then(GIF, Step::Hang), ""),
        on_get(
            "lone line feeds",
            send(
                [
                    format!("HTTP/1.1 200 OK\n{TYPE}Content-Length: {size}\n\n").as_bytes(),
                    GIF,
                ]
                .concat(),
            ),
            "",
        ),
    ]
}

pub(super) fn malformed() -> Vec<Case> {
    let mut cases = vec![
        always("no length", TYPE, GIF, "MMS505"),
        on_get("missing on GET only", with_body(TYPE, GIF), "MMS505"),
    ];
    for malformed in [
        "5, 5",
        "5, 6",
        "43, 43",
        "43, 44",
        "43,43",
        "43,",
        ",43",
        "+5",
        "+43",
        "-1",
        "-43",
        "0x5",
        "0x2b",
        "43.0",
        "4 3",
        "43a",
        "a",
        "4_3",
        "1e2",
        "43;",
        "18446744073709551616",
        "99999999999999999999999999",
        "",
        " ",
        "NaN",
        "43 bytes",
        "\u{ff14}\u{ff13}",
        "\"43\"",
        "(43)",
        "43\t43",
    ] {
        cases.push(always("malformed", &typed(malformed), GIF, "MMS505"));
    }
    for (one, other) in [
        ("43", "43"),
        ("43", "44"),
        ("43", ""),
        ("0", "43"),
        ("43", "-43"),
    ] {
        let fields = format!("{}Content-Length: {other}\n", typed(one));
        cases.push(always("two headers", &fields, GIF, "MMS505"));
    }
    cases
}

pub(super) fn untrue() -> Vec<Case> {
    let size = GIF.len();
    vec![
        always("too big", &typed("99"), GIF, "MMS505"),
        always(
            "one too big",
            &typed(&(size + 1).to_string()),
            GIF,
            "MMS505",
        ),
        always(
            "one too small",
            &typed(&(size - 1).to_string()),
            GIF,
            "MMS505",
        ),
        always("zero for a real body", &typed("0"), GIF, "MMS505"),
        always("nothing", &typed("0"), b"", "MMS001 MMS504"),
        always("over what is read", &typed("1000001"), GIF, "MMS003"),
        always(
            "largest number",
            &typed("18446744073709551615"),
            GIF,
            "MMS003",
        ),
        on_get(
            "closed in mid-body",
            then(&GIF[..20], Step::Wait(Duration::ZERO)),
            "MMS505",
        ),
        on_get("reset in mid-body", then(&GIF[..20], Step::Reset), "MMS505"),
        on_get(
            "closed before the body",
            then(b"", Step::Wait(Duration::ZERO)),
            "MMS505",
        ),
        on_get(
            "one byte more, later",
            then(GIF, Step::Send(b"x".to_vec())),
            "MMS505",
        ),
        on_get(
            "right on HEAD, wrong on GET",
            with_body(&typed("20"), GIF),
            "MMS505 MMS509",
        ),
    ]
}

/// A head that states the whole length, some of the body, a pause, and one step more.
fn then(body: &[u8], last: Step) -> Vec<Step> {
    vec![
        Step::Send([head(&typed("43")), body.to_vec()].concat()),
        Step::Wait(Duration::from_millis(50)),
        last,
    ]
}
