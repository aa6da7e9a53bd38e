//! Faults of HTTP: what is sent, and the codes that it must be given.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use mmsfit::{Provider, Verdict};

use crate::server::{Request, Server, Step};
use crate::{GIF, WHOLE, codes, head, policy, right, verifier};

/// What a server does when it is asked with GET and identity, GET and gzip, HEAD.
struct Case {
    name: String,
    get: Vec<Step>,
    coded: Vec<Step>,
    head: Vec<Step>,
    head_coded: Vec<Step>,
    /// Codes under the rules of TSG Global, which fetches with HEAD and GET.
    codes: &'static str,
}

fn send(bytes: impl Into<Vec<u8>>) -> Vec<Step> {
    vec![Step::Send(bytes.into())]
}

fn with_body(fields: &str, body: &[u8]) -> Vec<Step> {
    let mut bytes = head(fields);
    bytes.extend_from_slice(body);
    send(bytes)
}

/// The same header fields whoever asks, and this body behind them.
fn always(name: &str, fields: &str, body: &[u8], codes: &'static str) -> Case {
    Case {
        name: format!("{name}: {fields:?}"),
        get: with_body(fields, body),
        coded: with_body(fields, body),
        head: send(head(fields)),
        head_coded: send(head(fields)),
        codes,
    }
}

/// Right, but for GET, whoever asks.
fn on_get(name: &str, steps: Vec<Step>, codes: &'static str) -> Case {
    Case {
        name: name.to_owned(),
        get: steps.clone(),
        coded: steps,
        head: right("HEAD"),
        head_coded: right("HEAD"),
        codes,
    }
}

/// Right, but for HEAD.
fn on_head(name: &str, steps: Vec<Step>, codes: &'static str) -> Case {
    Case {
        name: name.to_owned(),
        get: right("GET"),
        coded: right("GET"),
        head: steps.clone(),
        head_coded: steps,
        codes,
    }
}

/// Right, but for those who offer compression.
fn on_gzip(name: &str, get: Vec<Step>, head: Vec<Step>, codes: &'static str) -> Case {
    Case {
        name: name.to_owned(),
        get: right("GET"),
        coded: get,
        head: right("HEAD"),
        head_coded: head,
        codes,
    }
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{:x}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(b"\r\n0\r\n\r\n");
    bytes
}

const TYPE: &str = "Content-Type: image/gif\n";

fn lengths() -> Vec<Case> {
    let typed = |length: &str| format!("{TYPE}{length}");
    let size = GIF.len();
    let mut cases = vec![
        always(
            "right",
            &typed(&format!("Content-Length: {size}\n")),
            GIF,
            "",
        ),
        always(
            "right, odd case",
            &format!("CONTENT-TYPE: IMAGE/GIF\ncontent-LENGTH: {size}\n"),
            GIF,
            "",
        ),
        always(
            "right, spaces",
            &format!("{TYPE}Content-Length: \t {size} \n"),
            GIF,
            "",
        ),
        always(
            "right, leading zero",
            &typed(&format!("Content-Length: 0{size}\n")),
            GIF,
            "",
        ),
        always(
            "right, identity spelled out",
            &typed(&format!(
                "Content-Length: {size}\nContent-Encoding: identity\n"
            )),
            GIF,
            "",
        ),
        always(
            "right, other fields",
            &typed(&format!(
                "Content-Length: {size}\nVary: Accept-Encoding\nAlt-Svc: h3=\":443\"\nStrict-Transport-Security: max-age=1\nSet-Cookie: a=b\n"
            )),
            GIF,
            "",
        ),
        always("no length", TYPE, GIF, "MMS505"),
        always("too big", &typed("Content-Length: 99\n"), GIF, "MMS505"),
        always(
            "one too big",
            &typed(&format!("Content-Length: {}\n", size + 1)),
            GIF,
            "MMS505",
        ),
        always(
            "one too small",
            &typed(&format!("Content-Length: {}\n", size - 1)),
            GIF,
            "MMS505",
        ),
        always(
            "zero for a real body",
            &typed("Content-Length: 0\n"),
            GIF,
            "MMS505",
        ),
        always(
            "nothing",
            &typed("Content-Length: 0\n"),
            b"",
            "MMS001 MMS504",
        ),
        always(
            "over what is read",
            &typed("Content-Length: 1000001\n"),
            GIF,
            "MMS003",
        ),
        always(
            "largest number",
            &typed("Content-Length: 18446744073709551615\n"),
            GIF,
            "MMS003",
        ),
    ];
    for malformed in [
        "5, 5",
        "43, 43",
        "43, 44",
        "43,43",
        "43,",
        ",43",
        "+43",
        "-1",
        "-43",
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
        cases.push(always(
            "malformed",
            &typed(&format!("Content-Length: {malformed}\n")),
            GIF,
            "MMS505",
        ));
    }
    for twice in [
        ("43", "43"),
        ("43", "44"),
        ("43", ""),
        ("0", "43"),
        ("43", "-43"),
    ] {
        cases.push(always(
            "two headers",
            &typed(&format!(
                "Content-Length: {}\nContent-Length: {}\n",
                twice.0, twice.1
            )),
            GIF,
            "MMS505",
        ));
    }
    let broken = |body: Vec<u8>, then: Step| {
        vec![
            Step::Send([head(&format!("{TYPE}Content-Length: {size}\n")), body].concat()),
            Step::Wait(Duration::from_millis(50)),
            then,
        ]
    };
    cases.push(on_get(
        "closed in mid-body",
        broken(GIF[..20].to_vec(), Step::Wait(Duration::ZERO)),
        "MMS505",
    ));
    cases.push(on_get(
        "reset in mid-body",
        broken(GIF[..20].to_vec(), Step::Reset),
        "MMS505",
    ));
    cases.push(on_get(
        "closed before the body",
        broken(Vec::new(), Step::Wait(Duration::ZERO)),
        "MMS505",
    ));
    cases.push(on_get(
        "kept open behind a whole body",
        broken(GIF.to_vec(), Step::Hang),
        "",
    ));
    cases.push(on_get(
        "one byte more, later",
        broken(GIF.to_vec(), Step::Send(b"x".to_vec())),
        "MMS505",
    ));
    cases.push(on_get(
        "right on HEAD, wrong on GET",
        with_body(&typed("Content-Length: 20\n"), GIF),
        "MMS505 MMS509",
    ));
    cases.push(on_get(
        "right on HEAD, missing on GET",
        with_body(TYPE, GIF),
        "MMS505",
    ));
    cases.push(on_get(
        "lone line feeds",
        send(
            [
                format!("HTTP/1.1 200 OK\n{TYPE}Content-Length: {size}\n\n").as_bytes(),
                GIF,
            ]
            .concat(),
        ),
        "",
    ));
    cases.push(on_get(
        "HTTP/1.0 with a length",
        send(
            [
                format!(
                    "HTTP/1.0 200 OK\r\nContent-Type: image/gif\r\nContent-Length: {size}\r\n\r\n"
                )
                .as_bytes(),
                GIF,
            ]
            .concat(),
        ),
        "",
    ));
    cases.push(on_get(
        "HTTP/1.0 ended by closing",
        send(
            [
                &b"HTTP/1.0 200 OK\r\nContent-Type: image/gif\r\n\r\n"[..],
                GIF,
            ]
            .concat(),
        ),
        "MMS505",
    ));
    cases
}

fn transfers() -> Vec<Case> {
    let coded = format!("{TYPE}Transfer-Encoding: chunked\n");
    let length = format!("{TYPE}Content-Length: {}\n", GIF.len());
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
        on_get(
            "endless chunk extensions",
            [
                send(head(&coded)),
                send("5;"),
                vec![Step::Forever(vec![b'a'; 1_000])],
            ]
            .concat(),
            "MMS505 MMS508",
        ),
        on_get(
            "endless chunks",
            [
                send(head(&coded)),
                vec![Step::Forever(b"5\r\nGIF89\r\n".to_vec())],
            ]
            .concat(),
            "MMS003 MMS508",
        ),
        on_get(
            "endless trailers",
            [
                send(head(&coded)),
                send("0\r\n"),
                vec![Step::Forever(b"A: b\r\n".to_vec())],
            ]
            .concat(),
            "MMS505 MMS508",
        ),
        on_get(
            "endless body without a length",
            [send(head(TYPE)), vec![Step::Forever(vec![0; 1_000])]].concat(),
            "MMS505",
        ),
        on_get(
            "endless body behind its length",
            [send(head(&length)), vec![Step::Forever(GIF.to_vec())]].concat(),
            "MMS505",
        ),
    ]
}

fn heads() -> Vec<Case> {
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
    ]);
    cases
}

fn codings() -> Vec<Case> {
    let length = format!("{TYPE}Content-Length: {}\n", GIF.len());
    let gzip = format!("{length}Content-Encoding: gzip\n");
    let other: Vec<u8> = GIF.iter().rev().copied().collect();
    let mut another = GIF.to_vec();
    another[13] ^= 1;
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
            "other bytes where compression is offered",
            with_body(&length, &other),
            right("HEAD"),
            "MMS507",
        ),
        on_gzip(
            "one bit differs the second time",
            with_body(&length, &another),
            right("HEAD"),
            "MMS507",
        ),
        on_gzip(
            "another length the second time",
            with_body(
                &format!("{TYPE}Content-Length: 44\n"),
                &[GIF, b"x"].concat(),
            ),
            right("HEAD"),
            "MMS507 MMS509",
        ),
        on_gzip(
            "another type the second time",
            with_body("Content-Type: image/png\nContent-Length: 43\n", GIF),
            right("HEAD"),
            "MMS504 MMS509",
        ),
        on_gzip(
            "gone the second time",
            send("HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n"),
            right("HEAD"),
            "MMS503",
        ),
        on_gzip(
            "throttled the second time",
            send("HTTP/1.1 429 Slow\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n"),
            right("HEAD"),
            "MMS503",
        ),
        on_gzip(
            "hangs the second time",
            vec![Step::Hang],
            right("HEAD"),
            "MMS510",
        ),
    ]
}

fn statuses() -> Vec<Case> {
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
        on_get(
            "endless 103",
            vec![Step::Forever(b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec())],
            "MMS503",
        ),
        on_get("HTTP/0.9", send(GIF), "MMS503"),
        on_get(
            "HTTP/2 in clear",
            send(&b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"[..]),
            "MMS503",
        ),
        on_get(
            "HTTP/2.0 as text",
            send("HTTP/2.0 200 OK\r\nContent-Length: 43\r\n\r\n"),
            "MMS503",
        ),
        on_get("ICY", send("ICY 200 OK\r\n\r\n"), "MMS503"),
        on_get("no status", send("HTTP/1.1\r\n\r\n"), "MMS503"),
        on_get(
            "status of four digits",
            send("HTTP/1.1 2000 OK\r\n\r\n"),
            "MMS503",
        ),
        on_get(
            "status of letters",
            send("HTTP/1.1 abc OK\r\n\r\n"),
            "MMS503",
        ),
        on_get(
            "a field without a colon",
            send("HTTP/1.1 200 OK\r\nContent-Length 43\r\n\r\n"),
            "MMS503",
        ),
        on_get(
            "a space before the colon",
            send("HTTP/1.1 200 OK\r\nContent-Length : 43\r\n\r\n"),
            "MMS503",
        ),
        on_get(
            "a folded field",
            send("HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\n b\r\nContent-Length: 43\r\n\r\n"),
            "MMS503",
        ),
        on_get(
            "a zero byte in a name",
            send(&b"HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n"[..]),
            "MMS503",
        ),
        on_get("nothing", Vec::new(), "MMS503"),
        on_get(
            "half a head",
            send("HTTP/1.1 200 OK\r\nContent-Ty"),
            "MMS503",
        ),
        on_get("reset at once", vec![Step::Reset], "MMS503"),
        on_get(
            "reset in the head",
            [
                send("HTTP/1.1 200 OK\r\n"),
                vec![Step::Wait(Duration::from_millis(30)), Step::Reset],
            ]
            .concat(),
            "MMS503",
        ),
        on_get("64 fields", send(many_fields(62)), ""),
        on_get("65 fields", send(many_fields(63)), "MMS503"),
        on_get("10,000 fields", send(many_fields(10_000)), "MMS503"),
        on_get(
            "a field of 1 MB",
            send(
                [
                    b"HTTP/1.1 200 OK\r\nA: ".to_vec(),
                    vec![b'a'; 1_000_000],
                    b"\r\n\r\n".to_vec(),
                ]
                .concat(),
            ),
            "MMS503",
        ),
        on_get(
            "endless fields",
            vec![
                Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()),
                Step::Forever(b"A: b\r\n".to_vec()),
            ],
            "MMS503",
        ),
        on_get(
            "endless status line",
            vec![
                Step::Send(b"HTTP/1.1 200 ".to_vec()),
                Step::Forever(vec![b'a'; 1_000]),
            ],
            "MMS503",
        ),
    ]);
    cases
}

fn many_fields(count: usize) -> Vec<u8> {
    let more = "X: y\n".repeat(count);
    let mut bytes = head(&format!("{TYPE}Content-Length: {}\n{more}", GIF.len()));
    bytes.extend_from_slice(GIF);
    bytes
}

fn types() -> Vec<Case> {
    let served = |kind: &str, codes| {
        let fields = format!("Content-Type: {kind}\nContent-Length: {}\n", GIF.len());
        always("type", &fields, GIF, codes)
    };
    let page =
        b"<!DOCTYPE html><html><head><title>Sorry</title></head><body>not here</body></html>";
    let card = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\nEND:VCARD\r\n";
    let sized = |kind: &str, body: &[u8], codes| {
        always(
            "type",
            &format!("Content-Type: {kind}\nContent-Length: {}\n", body.len()),
            body,
            codes,
        )
    };
    vec![
        served("image/gif", ""),
        served("IMAGE/GIF", ""),
        served(" image/gif ", ""),
        served("image/gif; charset=utf-8", "~MMS504"),
        served("image/gif;charset=binary", "~MMS504"),
        served("image/gif; name=a.gif", ""),
        always("no type", "Content-Length: 43\n", GIF, "MMS504"),
        served("", "MMS504"),
        served("application/octet-stream", "MMS504"),
        served("Binary/Octet-Stream", "MMS504"),
        served("application/force-download", "MMS504"),
        served("image/*", "MMS504"),
        served("*/*", "MMS504"),
        served("image", "MMS504"),
        served("gif", "MMS504"),
        served("image/png", "MMS504"),
        served("image/jpeg", "MMS504"),
        served("text/html", "MMS504"),
        served("text/plain", "MMS504"),
        served("video/mp4", "MMS504"),
        served("image/gif, image/gif", "MMS504"),
        always(
            "two types",
            "Content-Type: image/gif\nContent-Type: image/gif\nContent-Length: 43\n",
            GIF,
            "MMS504",
        ),
        sized("text/html", page, "MMS504"),
        sized("image/gif", page, "MMS504"),
        sized("text/vcard", card, ""),
        sized("text/x-vcard; charset=utf-8", card, ""),
        sized("text/plain", card, "MMS504"),
        sized("image/gif", b"\x01\x02\x03\x04\xff\xfe\x80", "MMS504"),
    ]
}

fn slow() -> Vec<Case> {
    let length = format!("{TYPE}Content-Length: {}\n", GIF.len());
    let second = Duration::from_millis(300);
    let late = |from: usize| {
        vec![
            Step::Send([head(&length), GIF[..from].to_vec()].concat()),
            Step::Hang,
        ]
    };
    let large = format!("{TYPE}Content-Length: 900000\n");
    vec![
        on_get("says nothing", vec![Step::Hang], "MMS510"),
        on_get(
            "answers too late",
            [vec![Step::Wait(Duration::from_millis(2_500))], right("GET")].concat(),
            "MMS510",
        ),
        on_get(
            "a head by the byte",
            vec![Step::Drip(head(&length), second)],
            "MMS510",
        ),
        on_get(
            "stops in its head",
            [send("HTTP/1.1 200 OK\r\n"), vec![Step::Hang]].concat(),
            "MMS510",
        ),
        on_get(
            "interim answers by the byte",
            vec![Step::Drip(
                b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(9),
                second,
            )],
            "MMS510",
        ),
        on_get(
            "a body by the byte",
            [send(head(&length)), vec![Step::Drip(GIF.to_vec(), second)]].concat(),
            "MMS510",
        ),
        on_get("stops before its body", late(0), "MMS510"),
        on_get("stops at the last byte", late(GIF.len() - 1), "MMS510"),
        on_get(
            "chunks by the byte",
            [
                send(head(&format!("{TYPE}Transfer-Encoding: chunked\n"))),
                vec![Step::Drip(chunked(GIF), second)],
            ]
            .concat(),
            "MMS508 MMS510",
        ),
        on_get(
            "fast enough, but for ever",
            [
                send(head(&large)),
                vec![Step::Drip(vec![0; 900_000], Duration::from_millis(2))],
            ]
            .concat(),
            "MMS510",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scripted_fault_is_given_exactly_its_codes_within_its_deadline() -> std::io::Result<()>
{
    let cases: Vec<Case> = [
        lengths(),
        transfers(),
        heads(),
        codings(),
        statuses(),
        types(),
        slow(),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(cases.len() >= 120, "only {} cases", cases.len());
    let scripts: HashMap<String, [Vec<Step>; 4]> = cases
        .iter()
        .enumerate()
        .map(|(number, case)| {
            let script = [
                case.get.clone(),
                case.coded.clone(),
                case.head.clone(),
                case.head_coded.clone(),
            ];
            (format!("/{number}.gif"), script)
        })
        .collect();
    let server = Server::plain(move |request: &Request| {
        let which =
            usize::from(request.coding == "gzip") + 2 * usize::from(request.method == "HEAD");
        let path = request.path.split('?').next().unwrap_or_default();
        scripts
            .get(path)
            .map(|script| script[which].clone())
            .unwrap_or_default()
    })
    .await?;
    let tsg = verifier(Provider::TsgGlobal, policy());
    let verdicts: Vec<(String, Duration)> = futures_util::stream::iter(0..cases.len())
        .map(|number| {
            let url = server.url(&format!("/{number}.gif?X-Amz-Signature=secret"));
            let tsg = &tsg;
            async move {
                let begun = Instant::now();
                let verdict = tsg.verify(&url).await;
                assert!(!format!("{verdict:?}").contains("secret"), "{verdict:?}");
                (codes(&verdict), begun.elapsed())
            }
        })
        .buffered(32)
        .collect()
        .await;
    let wrong: Vec<String> = cases
        .iter()
        .zip(&verdicts)
        .filter(|(case, (found, _))| case.codes != found)
        .map(|(case, (found, _))| format!("{}: {found:?} instead of {:?}", case.name, case.codes))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    for (case, (_, took)) in cases.iter().zip(&verdicts) {
        assert!(
            *took < WHOLE + Duration::from_millis(200),
            "{}: {took:?}",
            case.name
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_breaks_a_rule_but_came_whole_is_fixable_and_hands_over_its_bytes()
-> std::io::Result<()> {
    let server = Server::plain(|request| match request.path.as_str() {
        "/chunked" => with_body(
            &format!("{TYPE}Transfer-Encoding: chunked\n"),
            &chunked(GIF),
        ),
        "/untyped" => with_body("Content-Length: 43\n", GIF),
        "/short" => with_body(&format!("{TYPE}Content-Length: 44\n"), GIF),
        "/coded" => with_body(
            &format!("{TYPE}Content-Length: 43\nContent-Encoding: gzip\n"),
            GIF,
        ),
        "/missing" => send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        _ => right(&request.method),
    })
    .await?;
    let sinch = verifier(Provider::Sinch, policy());
    for (path, verdict, has_bytes) in [
        ("/right", Verdict::Passed, true),
        ("/chunked", Verdict::Fixable, true),
        ("/untyped", Verdict::Fixable, true),
        ("/short", Verdict::Refused, false),
        ("/coded", Verdict::Refused, false),
        ("/missing", Verdict::Refused, false),
    ] {
        let found = sinch.verify(&server.url(path)).await;
        assert_eq!(found.verdict(), verdict, "{path}: {found:?}");
        assert_eq!(found.bytes.as_deref(), has_bytes.then_some(GIF), "{path}");
        let sent = (verdict == Verdict::Passed).then(|| server.url(path));
        assert_eq!(found.url_to_send(), sent.as_deref(), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn each_provider_is_judged_by_the_requests_that_it_makes() -> std::io::Result<()> {
    let server = Server::plain(
        |request| match (request.path.as_str(), request.method.as_str()) {
            ("/no-head", "HEAD") => send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
            ("/chunked", _) => with_body(
                &format!("{TYPE}Transfer-Encoding: chunked\n"),
                &chunked(GIF),
            ),
            ("/untyped", "HEAD") => send(head("Content-Length: 43\n")),
            ("/untyped", _) => with_body("Content-Length: 43\n", GIF),
            (_, method) => right(method),
        },
    )
    .await?;
    for (provider, no_head, chunked, untyped) in [
        (Provider::Sinch, "~MMS509", "MMS508 ~MMS509", "MMS504"),
        (Provider::CarrierX, "MMS509", "MMS508 MMS509", "MMS504"),
        (Provider::TsgGlobal, "MMS509", "MMS508 MMS509", "MMS504"),
        (Provider::RingCentral, "", "", ""),
    ] {
        let verifier = verifier(provider, policy());
        for (path, expected) in [
            ("/right", ""),
            ("/no-head", no_head),
            ("/chunked", chunked),
            ("/untyped", untyped),
        ] {
            let verdict = verifier.verify(&server.url(path)).await;
            assert_eq!(
                codes(&verdict),
                expected,
                "{provider} {path}: {:?}",
                verdict.findings
            );
        }
    }
    let methods = |path: &str| {
        let mut methods: Vec<String> = server
            .requests()
            .into_iter()
            .filter(|request| request.path == path)
            .map(|request| format!("{} {}", request.method, request.coding))
            .collect();
        methods.sort();
        methods.dedup();
        methods
    };
    assert_eq!(
        methods("/right"),
        ["GET gzip", "GET identity", "HEAD gzip", "HEAD identity"]
    );
    Ok(())
}

#[tokio::test]
async fn an_endless_body_is_not_read_further_than_its_limit() -> std::io::Result<()> {
    let server = Server::plain(|_| {
        vec![
            Step::Send(head(&format!("{TYPE}Transfer-Encoding: chunked\n"))),
            Step::Forever(
                [
                    format!("{:x}\r\n", 60_000).into_bytes(),
                    vec![0; 60_000],
                    b"\r\n".to_vec(),
                ]
                .concat(),
            ),
        ]
    })
    .await?;
    let verdict = verifier(Provider::RingCentral, policy())
        .verify(&server.url("/endless"))
        .await;
    assert_eq!(codes(&verdict), "MMS003");
    // What lies in the buffers of the two sockets has been sent and is never read.
    assert!(
        server.sent() < 12_000_000,
        "{} bytes were taken",
        server.sent()
    );
    Ok(())
}

#[tokio::test]
async fn a_throttled_answer_keeps_its_retry_after() -> std::io::Result<()> {
    let server = Server::plain(|_| {
        send("HTTP/1.1 429 Slow down\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n")
    })
    .await?;
    let verdict = verifier(Provider::Sinch, policy())
        .verify(&server.url("/"))
        .await;
    assert_eq!(codes(&verdict), "MMS503");
    assert_eq!(
        verdict.findings[0].observed.get("retry_after"),
        Some(&"120".into())
    );
    assert_eq!(
        verdict.findings[0].observed.get("status"),
        Some(&429_u32.into())
    );
    assert_eq!(server.accepted(), 1, "nothing is retried");
    Ok(())
}

#[tokio::test]
async fn a_closed_port_is_unreachable() -> std::io::Result<()> {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let verdict = verifier(Provider::Sinch, policy())
        .verify(&format!("http://{closed}/a.gif"))
        .await;
    assert_eq!(codes(&verdict), "MMS503");
    Ok(())
}
