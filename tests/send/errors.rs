//! Every documented error of each provider, and every answer that is none: what each says about the message.

use std::collections::BTreeSet;

use bytes::Bytes;
use mmsfit::Provider;
use mmsfit::send::{Doubt, ErrorClass, Response, SendError, Sender, error_rows};

use crate::{Fallible, quick_message, sender};

fn response(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).expect("a response")
}

/// The answer as the provider would write it.
fn answer_with(provider: Provider, code: Option<&str>) -> String {
    match (provider, code) {
        (Provider::RingCentral, Some(code)) if !code.contains('-') => {
            format!(r#"{{"error":"{code}","error_description":"words"}}"#)
        }
        (Provider::RingCentral, Some(code)) => format!(
            r#"{{"errorCode":"{code}","message":"words","errors":[{{"errorCode":"{code}","message":"words"}}]}}"#
        ),
        (Provider::Sinch, Some(code)) => {
            format!(r#"{{"status":"failure","error-code":"{code}","error-info":"words"}}"#)
        }
        (Provider::CarrierX, _) => r#"{"errors":["words"]}"#.to_owned(),
        (Provider::TsgGlobal, _) => r#"{"errors":[{"id":"x","message":"words"}]}"#.to_owned(),
        _ => r#"{"message":"words"}"#.to_owned(),
    }
}

#[tokio::test]
async fn every_documented_error_maps_to_what_its_row_says() {
    let mut rows_seen = 0;
    for provider in Provider::ALL.iter().copied() {
        let message = quick_message(provider, "row").await;
        let sender = sender(provider, None);
        let mut keys = BTreeSet::new();
        for row in error_rows(provider) {
            assert!(
                keys.insert((row.code, row.status.filter(|_| row.code.is_none()))),
                "twice: {row:?}"
            );
            assert!(!row.meaning.is_empty() && row.meaning.is_ascii(), "{row:?}");
            // Sinch speaks by its body whatever the status: every code under several.
            let statuses = match (row.status, provider) {
                (Some(status), _) => vec![status],
                (None, _) => vec![200, 400, 500],
            };
            for status in statuses {
                let body = answer_with(provider, row.code);
                let fault = sender
                    .receipt(&message, &response(status, &[("Retry-After", "7")], body))
                    .expect_err("an error");
                let said = match &fault {
                    SendError::Rejected(answer) => {
                        assert_eq!(answer.meaning, Some(row.meaning));
                        assert_eq!(answer.message.as_deref(), Some("words"), "{row:?}");
                        "rejected"
                    }
                    SendError::RetryLater { after, .. } => {
                        assert_eq!(after.as_secs(), 7);
                        "retry"
                    }
                    SendError::OutcomeUnknown { .. } => "unknown",
                    other => panic!("{other:?}"),
                };
                let wanted = match row.class {
                    ErrorClass::Rejected | ErrorClass::Account | ErrorClass::NewToken => "rejected",
                    ErrorClass::Retry | ErrorClass::Later => "retry",
                    _ => "unknown",
                };
                assert_eq!(said, wanted, "{provider} {row:?} {status}");
                assert_eq!(fault.may_resend(), wanted != "unknown");
            }
            rows_seen += 1;
        }
    }
    assert!(rows_seen > 120, "{rows_seen}");
}

#[tokio::test]
async fn only_the_named_codes_are_sent_again_by_themselves() {
    let again: Vec<&str> = error_rows(Provider::Sinch)
        .iter()
        .filter(|row| row.class == ErrorClass::Retry)
        .filter_map(|row| row.code)
        .collect();
    assert_eq!(again, ["E106", "E113", "E618", "E626"]);
    for provider in Provider::ALL.iter().copied() {
        for row in error_rows(provider)
            .iter()
            .filter(|row| row.class == ErrorClass::Retry)
        {
            assert!(matches!(row.status, Some(429 | 503) | None), "{row:?}");
        }
    }
}

#[tokio::test]
async fn statuses_without_a_row_follow_http() {
    for provider in Provider::ALL.iter().copied() {
        let message = quick_message(provider, "status").await;
        let sender = sender(provider, None);
        for (status, headers, wanted) in [
            (301_u16, &[][..], "MMS701"),
            (302, &[], "MMS702"),
            (303, &[], "MMS702"),
            (304, &[], "MMS702"),
            (307, &[], "MMS701"),
            (308, &[], "MMS701"),
            (400, &[], "MMS701"),
            (404, &[], "MMS701"),
            (408, &[], "MMS702"),
            (413, &[], "MMS701"),
            (418, &[], "MMS701"),
            (429, &[], "MMS703"),
            (429, &[("Retry-After", "3")], "MMS703"),
            (500, &[], "MMS702"),
            (501, &[], "MMS702"),
            (502, &[], "MMS702"),
            (503, &[], "MMS702"),
            (503, &[("Retry-After", "3")], "MMS703"),
            (504, &[], "MMS702"),
            (599, &[], "MMS702"),
        ] {
            for body in [
                "",
                "<html><body>proxy</body></html>",
                "{",
                "[]",
                "null",
                "\u{feff}{}",
            ] {
                let fault = sender
                    .receipt(&message, &response(status, headers, body.to_owned()))
                    .expect_err("no receipt");
                let code = fault.code().map(|code| code.to_string());
                assert_eq!(
                    code.as_deref(),
                    Some(wanted),
                    "{provider} {status} {body:?} {fault}"
                );
                assert!(!fault.to_string().contains("<html"), "{fault}");
            }
        }
    }
}

#[tokio::test]
async fn a_yes_that_cannot_be_read_is_unknown_and_never_a_success() {
    let deep = format!("{}1{}", "{\"data\":".repeat(50_000), "}".repeat(50_000));
    for provider in Provider::ALL.iter().copied() {
        let message = quick_message(provider, "yes").await;
        let sender = sender(provider, None);
        for body in [
            b"".to_vec(),
            b"{}".to_vec(),
            b"{\"id\":".to_vec(),
            b"<!doctype html>".to_vec(),
            b"null".to_vec(),
            b"[{}]".to_vec(),
            b"{\"id\":null,\"status\":\"success\",\"message_sid\":{},\"data\":[]}".to_vec(),
            b"{\"id\":\"\",\"status\":\"success\",\"tracking-id\":\"\",\"message_sid\":\"\",\"data\":{\"attributes\":{}}}".to_vec(),
            b"{\"id\":\"\xFF\"}".to_vec(),
            deep.clone().into_bytes(),
            vec![b' '; 1_000_000],
        ] {
            let shown = String::from_utf8_lossy(body.get(..40).unwrap_or(&body)).into_owned();
            let fault = sender
                .receipt(&message, &response(200, &[], body))
                .expect_err("no receipt");
            assert!(
                matches!(fault, SendError::OutcomeUnknown { .. }),
                "{provider} {shown}: {fault}"
            );
        }
    }
}

#[tokio::test]
async fn sinch_failures_are_read_whatever_the_status_and_others_keep_their_words() {
    let message = quick_message(Provider::Sinch, "body").await;
    let sinch = sender(Provider::Sinch, None);
    let said = |status: u16, body: &str| {
        sinch
            .receipt(&message, &response(status, &[], body.to_owned()))
            .map(|receipt| receipt.id)
            .map_err(|fault| fault.code().map(|code| code.to_string()))
    };
    let failed = |code: &str| Err(Some(code.to_owned()));
    assert_eq!(
        said(200, r#"{"status":"failure","error-code":"E104"}"#),
        failed("MMS701")
    );
    assert_eq!(said(200, r#"{"status":"failure"}"#), failed("MMS702"));
    assert_eq!(said(400, r#"{"status":"failure"}"#), failed("MMS701"));
    // A code that nobody documented: kept as it came, never a success, never sent again.
    let fault = sinch
        .receipt(
            &message,
            &response(200, &[], r#"{"status":"failure","error-code":"E777"}"#),
        )
        .expect_err("a failure");
    assert!(
        matches!(&fault, SendError::OutcomeUnknown { why: Doubt::Code(code), .. } if code == "E777"),
        "{fault}"
    );
    // Success by the body and failure by the status: neither.
    assert_eq!(
        said(500, r#"{"status":"success","tracking-id":"MMS_1"}"#),
        failed("MMS702")
    );
    assert_eq!(
        said(
            200,
            r#"{"status":"success","tracking-id":"MMS_1","error-code":"E100"}"#
        ),
        failed("MMS702")
    );
    assert_eq!(
        said(200, r#"{"status":"SUCCESS","tracking-id":"MMS_1"}"#),
        Ok("MMS_1".to_owned())
    );
}

#[tokio::test]
async fn receipts_read_the_documented_answers() -> Fallible {
    // The samples of the founding documents, their broken JSON mended.
    let cases = [
        (
            Provider::RingCentral,
            r#"{"id":401234567008,"to":[{"phoneNumber":"+15162065574","messageStatus":"Queued"}],"from":{"phoneNumber":"+15162065575"},"type":"SMS","messageStatus":"Queued"}"#,
            "401234567008",
            "queued",
        ),
        (
            Provider::Sinch,
            r#"{ "status": "success", "to": "DESTINATION_PHONE_NUMBER", "tracking-id": "UNIQUE-TRANSACTION-ID", "status-details": "MMS request accepted and queued for processing and delivery." }"#,
            "UNIQUE-TRANSACTION-ID",
            "queued",
        ),
        (
            Provider::CarrierX,
            r#"{"date_created": "2023-08-03T12:08:46.686Z","direction": "outbound","from ": "15208210009","group_recipients": ["17575000928","17208200011"],"media_urls": [],"message_sid": "7f053c78-7daf-4ef0-b0bb-1ac883456562","status": "queued","to ": "14386009161","user_data": null}"#,
            "7f053c78-7daf-4ef0-b0bb-1ac883456562",
            "queued",
        ),
        (
            Provider::TsgGlobal,
            r#"{"data":{"id":"4e36a1f7","type":"mms-forward-res","attributes":{"transaction_id":"e7184cf1","from":"12003004005","to":["13746648333"],"headers":{},"messages":[{"message_id":"9f3a72e9-7dc2-4741-96c7-ff2049b49b11","to":"13746648333"}],"parts":[{"id":"text-part@localhost","content_length":"11","kind":"plain"},{"content_length":"43","kind":"uri"}]}}}"#,
            "9f3a72e9-7dc2-4741-96c7-ff2049b49b11",
            "queued",
        ),
    ];
    for (provider, body, id, status) in cases {
        let message = quick_message(provider, "sample").await;
        let receipt = sender(provider, None).receipt(
            &message,
            &response(200, &[("X-Request-ID", "FdBbQM5NGxGrvxkAAAUG")], body),
        )?;
        assert_eq!((receipt.id.as_str(), receipt.status.name()), (id, status));
        assert_eq!(receipt.client_reference.as_deref(), Some("sample"));
        assert_eq!(receipt.findings, []);
        assert!(!receipt.recipients.is_empty());
        assert!(!receipt.from_ledger);
    }
    Ok(())
}

#[tokio::test]
async fn a_reply_that_lists_fewer_parts_than_were_sent_is_a_warning() -> Fallible {
    let message = quick_message(Provider::TsgGlobal, "parts").await;
    let tsg = sender(Provider::TsgGlobal, None);
    for (parts, warned) in [
        (
            r#"[{"kind":"plain","content_length":"5"},{"kind":"uri","content_length":"43"}]"#,
            false,
        ),
        (r#"[{"kind":"plain","content_length":"5"}]"#, true),
        (
            r#"[{"kind":"plain","content_length":"5"},{"kind":"uri","content_length":"0"}]"#,
            true,
        ),
        ("[]", true),
    ] {
        let body = format!(
            r#"{{"data":{{"attributes":{{"transaction_id":"t","messages":[{{"message_id":"m","to":"1"}}],"parts":{parts}}}}}}}"#
        );
        let receipt = tsg.receipt(&message, &response(200, &[], body))?;
        assert_eq!(receipt.findings.len(), usize::from(warned), "{parts}");
    }
    Ok(())
}

#[tokio::test]
async fn no_error_shows_a_key_that_the_provider_sent_back() {
    for (provider, key) in [
        (Provider::RingCentral, "client-secret"),
        (Provider::Sinch, "sinch-key"),
        (Provider::CarrierX, "carrierx-token"),
        (Provider::TsgGlobal, "tsg-key"),
    ] {
        let message = quick_message(provider, "secret").await;
        let sender = sender(provider, None);
        let words = format!("bad key {key} for https://a.example/x?signature=hunter2");
        for body in [
            format!(
                r#"{{"errorCode":"CMN-101","message":"{words}","status":"failure","error-code":"E104","error-info":"{words}","errors":[{{"message":"{words}"}}]}}"#
            ),
            format!(r#"{{"errors":"{words}","message":"{words}"}}"#),
            words.clone(),
        ] {
            let fault = sender
                .receipt(&message, &response(400, &[], body))
                .expect_err("an error");
            let shown = format!("{fault} {fault:?} {:?}", fault.finding());
            assert!(
                !shown.contains(key) && !shown.contains("hunter2"),
                "{shown}"
            );
        }
    }
    for provider in Provider::ALL.iter().copied() {
        let shown = match provider {
            Provider::RingCentral => format!(
                "{:?}",
                mmsfit::send::RingCentral::new("id", "hunter2", "hunter2")
            ),
            Provider::Sinch => format!("{:?}", mmsfit::send::Sinch::new("hunter2", "s")),
            Provider::CarrierX => format!("{:?}", mmsfit::send::CarrierX::new("hunter2")),
            _ => format!("{:?}", mmsfit::send::TsgGlobal::new("hunter2")),
        };
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[tokio::test]
async fn no_error_shows_the_jwt_the_pair_or_the_token_that_ringcentral_sent_back() -> Fallible {
    let jwt = format!(
        "eyJhbGciOiJSUzI1NiJ9.{}.{}",
        "p".repeat(300),
        "s".repeat(300)
    );
    let ringcentral = mmsfit::send::RingCentral::new("client-id", "client-secret", jwt.as_str());
    let pair = "Y2xpZW50LWlkOmNsaWVudC1zZWNyZXQ=";
    for words in [
        format!("invalid assertion {jwt}"),
        format!("invalid assertion {}...", &jwt[..100]),
        format!("invalid header Basic {pair}"),
    ] {
        for body in [
            format!(r#"{{"error":"invalid_grant","error_description":"{words}"}}"#),
            format!(r#"{{"error":"{words}"}}"#),
        ] {
            let fault = ringcentral
                .token(&response(400, &[], body))
                .expect_err("an error");
            let shown = format!("{fault} {fault:?} {:?}", fault.finding());
            for part in ["eyJhbGci", "ppp", "sss", "Y2xpZW50"] {
                assert!(!shown.contains(part), "{shown}");
            }
            assert!(shown.contains("***"), "{shown}");
        }
    }
    // The client alone knows the token; "token-1" is the first that is lent.
    let scripted = crate::provider::ScriptedProvider::start().await?;
    let echo = r#"{"errorCode":"CMN-101","message":"no such token: token-1."}"#;
    scripted.script([crate::provider::Act::answer(400, echo)]);
    let message = quick_message(Provider::RingCentral, "x").await;
    let fault = crate::client(Provider::RingCentral, &scripted)
        .send(&message)
        .await
        .expect_err("declined");
    let SendError::Rejected(answer) = &fault else {
        panic!("{fault}");
    };
    assert_eq!(answer.message.as_deref(), Some("no such token: ***."));
    Ok(())
}
