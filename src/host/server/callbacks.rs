//! Callbacks: believed if they know the secret, read, kept, and only then answered with a 200.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use super::{ServerReport, Shared, answer, not_allowed, plain};
use crate::provider::Provider;
use crate::receive::{Callback, MAX_BODY_BYTES, ReceiveError, Received, receive};

/// After how many seconds a provider may come again when events cannot be kept.
const AGAIN_AFTER: &str = "30";

/// Answers `callbacks/<provider>`.
pub(super) async fn answer(shared: Shared, request: Request<Body>) -> Response {
    let name = request.uri().path().rsplit('/').next().unwrap_or_default();
    let Some(provider) = Provider::ALL
        .iter()
        .copied()
        .find(|provider| provider.name() == name)
    else {
        return plain(StatusCode::NOT_FOUND);
    };
    if request.method() != Method::POST {
        return not_allowed("POST");
    }
    let (parts, body) = request.into_parts();
    let query = parts.uri.query();
    if let Some(secret) = &shared.secret
        && !secret.admits(&parts.headers, query)
    {
        (shared.report)(ServerReport::Unauthorised { provider });
        let mut response = plain(StatusCode::UNAUTHORIZED);
        let challenge = answer::fixed("Basic realm=\"callbacks\"");
        response.headers_mut().insert("www-authenticate", challenge);
        return response;
    }
    let body = match timeout(shared.body_within, read(body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(status)) => {
            if status == StatusCode::PAYLOAD_TOO_LARGE {
                let fault = ReceiveError::TooLarge;
                (shared.report)(ServerReport::Unreadable { provider, fault });
            }
            return closing(plain(status));
        }
        Err(_) => return closing(plain(StatusCode::REQUEST_TIMEOUT)),
    };
    let callback = Callback {
        headers: &parts.headers,
        query,
        body: &body,
    };
    match receive(provider, &callback) {
        Ok(Received::Handshake { token }) => handshake(&token),
        Ok(Received::Events(events)) => {
            let kept = timeout(shared.keep_within, shared.events.keep(events)).await;
            match kept {
                Ok(Ok(_)) => empty(),
                Ok(Err(fault)) => {
                    (shared.report)(ServerReport::NotKept { provider, fault });
                    again_later()
                }
                // They may still be written; what comes again is known then.
                Err(_) => again_later(),
            }
        }
        Err(fault) => {
            let status = match fault {
                ReceiveError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                ReceiveError::Coded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                _ => StatusCode::BAD_REQUEST,
            };
            let response = super::told(status, format!("{fault}\n"));
            (shared.report)(ServerReport::Unreadable { provider, fault });
            response
        }
    }
}

async fn read(body: Body) -> Result<Bytes, StatusCode> {
    let read = Limited::new(body, MAX_BODY_BYTES).collect().await;
    read.map(http_body_util::Collected::to_bytes)
        .map_err(|fault| {
            if fault.is::<LengthLimitError>() {
                StatusCode::PAYLOAD_TOO_LARGE
            } else {
                StatusCode::BAD_REQUEST
            }
        })
}

/// 200, and nothing: what providers take for yes.
fn empty() -> Response {
    let mut response = Response::new(Body::empty());
    answer::harden(response.headers_mut());
    response
}

fn handshake(token: &str) -> Response {
    let Ok(token) = HeaderValue::from_str(token) else {
        return plain(StatusCode::BAD_REQUEST);
    };
    let mut response = empty();
    response.headers_mut().insert("validation-token", token);
    response
}

fn again_later() -> Response {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE);
    let seconds = answer::fixed(AGAIN_AFTER);
    response.headers_mut().insert("retry-after", seconds);
    response
}

/// The rest of the body is not read: the connection cannot serve another request.
fn closing(mut response: Response) -> Response {
    let close = answer::fixed("close");
    response.headers_mut().insert("connection", close);
    response
}
