//! Callbacks read: the documented examples as golden events, and whatever bytes as a typed error.

use http::HeaderMap;
use mmsfit::Provider;
use mmsfit::receive::{Callback, ReceiveError, Received, receive};
use mmsfit::send::DeliveryStatus;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::assert_golden;
use crate::{Outcome, callbacks, event_schema, schema_faults};

fn read(provider: Provider, body: &[u8]) -> Result<Received, ReceiveError> {
    receive(
        provider,
        &Callback {
            headers: &HeaderMap::new(),
            query: None,
            body,
        },
    )
}

/// The only event of a body.
fn event(
    provider: Provider,
    body: &Value,
) -> Result<mmsfit::receive::Event, Box<dyn std::error::Error>> {
    match read(provider, body.to_string().as_bytes())? {
        Received::Events(events) => Ok(events.into_iter().next().ok_or("no event")?),
        other => Err(format!("{other:?}").into()),
    }
}

#[test]
fn every_documented_callback_becomes_the_events_of_the_golden_file() -> Outcome {
    let schema = event_schema()?;
    let mut found = String::new();
    for (provider, name, body) in callbacks()? {
        let Received::Events(events) = read(provider, &body)? else {
            return Err("no events".into());
        };
        for event in events {
            let line = event.line(false);
            assert_eq!(line.matches('\n').count(), 1, "{name}");
            let mut value: Value = serde_json::from_str(&line)?;
            assert_eq!(
                schema_faults(&schema, &value),
                Vec::<String>::new(),
                "{name}"
            );
            assert_eq!(value["raw"], event.raw, "{name}");
            // The callback itself lies beside this file.
            value["raw"] = json!(null);
            found.push_str(&format!("{name}\n{value:#}\n"));
        }
    }
    assert_golden("events.txt", &found)?;
    Ok(())
}

#[test]
fn every_documented_word_has_its_status() -> Outcome {
    use DeliveryStatus::{Delivered, Expired, Failed, Queued, Received as In, Sent, Unknown};
    for (code, status) in [
        ("N101", Sent),
        ("N102", Delivered),
        ("N103", Expired),
        ("N202", Delivered),
        ("N003", Unknown),
        ("N013", Queued),
        ("N401", In),
        ("E101", Failed),
        ("E102", Failed),
        ("E202", Failed),
        ("E002", Failed),
        ("E003", Failed),
        ("E004", Failed),
        ("E011", Failed),
        ("E012", Failed),
        ("E013", Failed),
        ("E999", Failed),
        ("N777", Unknown),
    ] {
        let event = event(Provider::Sinch, &json!({"code": code, "tracking-id": "t"}))?;
        assert_eq!(
            (event.status, event.provider_status.as_str()),
            (status, code)
        );
    }
    for (word, direction, status) in [
        ("queued", "outbound", Queued),
        ("sent", "outbound", Sent),
        ("delivered", "outbound", Delivered),
        ("failed", "outbound", Failed),
        ("received", "inbound", In),
        ("delivered", "inbound", In),
        ("failed", "inbound", Failed),
        ("blocked", "outbound", Unknown),
    ] {
        let body = json!({"message_sid": "s", "status": word, "direction": direction});
        assert_eq!(
            event(Provider::CarrierX, &body)?.status,
            status,
            "{word} {direction}"
        );
    }
    for (word, status) in [
        ("Deferred", Queued),
        ("Forwarded", Sent),
        ("Retrieved", Delivered),
        ("Expired", Expired),
        ("Rejected", Failed),
        ("Unrecognised", Failed),
        ("Indeterminate", Unknown),
        ("Sideways", Unknown),
    ] {
        let attributes = json!({"message_id": "m", "mm_status_code": word});
        let body = json!({"data": [{"type": "mms-delivery-report-res", "attributes": attributes}]});
        assert_eq!(event(Provider::TsgGlobal, &body)?.status, status, "{word}");
    }
    for (word, direction, status) in [
        ("Queued", "Outbound", Queued),
        ("Sent", "Outbound", Sent),
        ("Delivered", "Outbound", Delivered),
        ("DeliveryFailed", "Outbound", Failed),
        ("SendingFailed", "Outbound", Failed),
        ("Received", "Inbound", In),
        ("Paused", "Outbound", Unknown),
    ] {
        let body = json!({"body": {"id": 1, "messageStatus": word, "direction": direction}});
        assert_eq!(
            event(Provider::RingCentral, &body)?.status,
            status,
            "{word}"
        );
    }
    Ok(())
}

#[test]
fn what_the_provider_does_not_send_is_a_typed_error() {
    let at = |line, column| ReceiveError::NotJson { line, column };
    let deep = "[".repeat(100_000);
    for (provider, body, error) in [
        (Provider::Sinch, "", at(1, 0)),
        (Provider::Sinch, "<html>", at(1, 1)),
        (Provider::Sinch, "{\"code\":\"N102\"", at(1, 14)),
        (Provider::Sinch, &deep, at(1, 128)),
        (
            Provider::Sinch,
            "7",
            ReceiveError::Missing("postback object"),
        ),
        (
            Provider::Sinch,
            "[7]",
            ReceiveError::Missing("postback object"),
        ),
        (
            Provider::Sinch,
            "{}",
            ReceiveError::Missing("postback code"),
        ),
        (
            Provider::Sinch,
            "{\"code\":{}}",
            ReceiveError::Missing("postback code"),
        ),
        (
            Provider::Sinch,
            "{\"code\":\"N102\"}",
            ReceiveError::Missing("tracking-id or mms-id"),
        ),
        (
            Provider::CarrierX,
            "null",
            ReceiveError::Missing("message object"),
        ),
        (
            Provider::CarrierX,
            "{}",
            ReceiveError::Missing("message_sid"),
        ),
        (
            Provider::CarrierX,
            "{\"message_sid\":\"a\"}",
            ReceiveError::Missing("status"),
        ),
        (
            Provider::TsgGlobal,
            "[]",
            ReceiveError::Missing("object with data"),
        ),
        (Provider::TsgGlobal, "{}", ReceiveError::Missing("data")),
        (
            Provider::TsgGlobal,
            "{\"data\":[1]}",
            ReceiveError::Missing("data object"),
        ),
        (
            Provider::TsgGlobal,
            "{\"data\":[{}]}",
            ReceiveError::Missing("data type"),
        ),
        (
            Provider::TsgGlobal,
            "{\"data\":{\"type\":\"x\"}}",
            ReceiveError::Missing("data attributes"),
        ),
        (
            Provider::TsgGlobal,
            "{\"data\":{\"type\":\"mms-delivery-report-res\",\"attributes\":{}}}",
            ReceiveError::Missing("mm_status_code"),
        ),
        (
            Provider::TsgGlobal,
            "{\"data\":{\"type\":\"x\",\"attributes\":{}}}",
            ReceiveError::Missing("message_id"),
        ),
        (
            Provider::RingCentral,
            "{}",
            ReceiveError::Missing("notification body"),
        ),
        (
            Provider::RingCentral,
            "{\"body\":{}}",
            ReceiveError::Missing("message id"),
        ),
        (
            Provider::RingCentral,
            "{\"body\":{\"id\":1}}",
            ReceiveError::Missing("messageStatus"),
        ),
        (
            Provider::RingCentral,
            "{\"body\":{\"changes\":[]}}",
            ReceiveError::Missing("uuid"),
        ),
    ] {
        assert_eq!(
            read(provider, body.as_bytes()),
            Err(error),
            "{provider:?} {body:.80}"
        );
    }
    assert_eq!(
        read(Provider::Sinch, &vec![b' '; (1 << 20) + 1]),
        Err(ReceiveError::TooLarge)
    );
    let mut coded = HeaderMap::new();
    coded.insert("content-encoding", http::HeaderValue::from_static("gzip"));
    let callback = Callback {
        headers: &coded,
        query: None,
        body: b"{}",
    };
    assert_eq!(
        receive(Provider::CarrierX, &callback),
        Err(ReceiveError::Coded)
    );
}

#[test]
fn only_ringcentral_is_given_its_token_back() -> Outcome {
    let handshake_of = |provider, token: &str, body: &[u8]| {
        let mut headers = HeaderMap::new();
        headers.insert("validation-token", token.parse().expect("a value"));
        let callback = Callback {
            headers: &headers,
            query: None,
            body,
        };
        receive(provider, &callback)
    };
    let handshake = |provider, token: &str| handshake_of(provider, token, b"");
    let token = "3f2c-9a";
    let echoed = Received::Handshake {
        token: token.to_owned(),
    };
    for body in [b"".as_slice(), b"\r\n", b"{}"] {
        let answer = handshake_of(Provider::RingCentral, token, body);
        assert_eq!(answer, Ok(echoed.clone()));
    }
    // A notification that carries the token is no handshake: it would be lost.
    for (provider, name, body) in callbacks()? {
        if provider == Provider::RingCentral {
            let answer = handshake_of(provider, token, &body);
            assert!(matches!(answer, Ok(Received::Events(_))), "{name}");
        }
    }
    for body in [b"{\"event\":\"x\"}".as_slice(), b"[]", b"{"] {
        assert!(handshake_of(Provider::RingCentral, token, body).is_err());
    }
    for provider in [Provider::Sinch, Provider::CarrierX, Provider::TsgGlobal] {
        assert!(matches!(
            handshake(provider, token),
            Err(ReceiveError::NotJson { .. })
        ));
    }
    assert_eq!(
        handshake(Provider::RingCentral, ""),
        Err(ReceiveError::Token)
    );
    let long = "x".repeat(513);
    assert_eq!(
        handshake(Provider::RingCentral, &long),
        Err(ReceiveError::Token)
    );
    assert_eq!(
        handshake(Provider::RingCentral, "caf\u{e9}"),
        Err(ReceiveError::Token)
    );
    Ok(())
}

#[test]
fn one_event_has_one_id_and_each_recipient_of_a_group_one_of_its_own() -> Outcome {
    let body = |to: &str, status: &str| json!({"message_sid": "s", "status": status, "to": to});
    let id = |to: &str, status: &str| {
        event(Provider::CarrierX, &body(to, status)).map(|event| event.event_id)
    };
    assert_eq!(id("15551230001", "sent")?, id("+15551230001", "sent")?);
    assert_ne!(id("15551230001", "sent")?, id("15551230002", "sent")?);
    assert_ne!(id("15551230001", "sent")?, id("15551230001", "delivered")?);
    // Two fields never run into one another.
    let sinch = |id: &str, code: &str| {
        event(Provider::Sinch, &json!({"tracking-id": id, "code": code}))
            .map(|event| event.event_id)
    };
    assert_ne!(sinch("a1", "N2")?, sinch("a", "1N2")?);
    Ok(())
}

/// JSON with the fields that the readers look for, of whatever type.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[0-9]{7,16}".prop_map(Value::from),
        Just(json!("inbound")),
        Just(json!("mms-delivery-report-res")),
    ];
    let key = prop::sample::select(vec![
        "data",
        "type",
        "attributes",
        "message_id",
        "id",
        "mm_status_code",
        "to",
        "from",
        "to ",
        " from",
        "code",
        "tracking-id",
        "copy-to",
        "number",
        "phoneNumber",
        "message_sid",
        "status",
        "direction",
        "body",
        "changes",
        "uuid",
        "messageStatus",
        "timestamp",
        "user_data",
        "x",
    ]);
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(|pairs| {
                Value::Object(
                    pairs
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_events_or_an_error(body in prop::collection::vec(any::<u8>(), 0..400)) {
        for &provider in Provider::ALL {
            prop_assert!(read(provider, &body).is_err() || serde_json::from_slice::<Value>(&body).is_ok());
        }
    }

    #[test]
    fn any_json_is_an_error_or_events_that_follow_the_schema(body in any_json()) {
        let schema = event_schema().expect("a schema");
        for &provider in Provider::ALL {
            if let Ok(Received::Events(events)) = read(provider, body.to_string().as_bytes()) {
                for event in events {
                    let line = event.line(true);
                    let value: Value = serde_json::from_str(&line).expect("one line of JSON");
                    prop_assert_eq!(schema_faults(&schema, &value), Vec::<String>::new());
                }
            }
        }
    }

    #[test]
    fn a_callback_cut_short_is_an_error_and_a_changed_byte_no_panic(
        at in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        for (provider, name, body) in callbacks().expect("callbacks") {
            let at = at.index(body.len());
            let cut = body.get(..at).unwrap_or_default();
            let whole = body.get(at..).unwrap_or_default().iter().all(u8::is_ascii_whitespace);
            prop_assert_eq!(read(provider, cut).is_ok(), whole, "{} cut at {}", name, at);
            let mut changed = body.clone();
            if let Some(place) = changed.get_mut(at) {
                *place = byte;
            }
            let _ = read(provider, &changed);
        }
    }
}
