//! Whether the server lives, and whether it can do its work.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use tokio::time::timeout;

use super::{Shared, not_allowed, told};

/// `healthz`: the process answers.
pub(super) async fn alive(request: Request<Body>) -> Response {
    if !reads(request.method()) {
        return not_allowed("GET, HEAD");
    }
    told(StatusCode::OK, "ok\n".to_owned())
}

/// `readyz`: media can be written and events be kept.
pub(super) async fn ready(shared: Shared, request: Request<Body>) -> Response {
    if !reads(request.method()) {
        return not_allowed("GET, HEAD");
    }
    let host = shared.host.clone();
    let media = tokio::task::spawn_blocking(move || host.writable()).await;
    let events = timeout(shared.keep_within, shared.events.ready()).await;
    let (media, events) = (matches!(media, Ok(Ok(()))), matches!(events, Ok(Ok(()))));
    let word = |ready| if ready { "ok" } else { "not writable" };
    let status = if media && events {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let text = format!("media: {}\nevents: {}\n", word(media), word(events));
    told(status, text)
}

fn reads(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}
