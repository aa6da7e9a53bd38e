//! Connections: how many, how long, and how they end.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::stall::Stalling;
use super::{ServerLimits, ServerReport};

/// The most fields of a request's head, and its most bytes.
const MAX_FIELDS: usize = 64;
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The pause after the system had no place for a connection.
const NO_PLACE: Duration = Duration::from_millis(50);

type Report = Arc<dyn Fn(ServerReport) + Send + Sync>;

/// Takes connections until the end is asked for, then finishes those that are in the middle of something.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &ServerLimits,
    report: &Report,
    end: impl Future<Output = ()>,
) {
    let (ending, ended) = watch::channel(false);
    let places = Arc::new(Places::default());
    let mut running = JoinSet::new();
    let mut end = std::pin::pin!(end);
    loop {
        let taken = tokio::select! {
            () = &mut end => break,
            taken = listener.accept() => taken,
            Some(_) = running.join_next() => continue,
        };
        match taken {
            Ok((stream, _)) => {
                if places.count() >= limits.connections.max(1) && !places.free_one() {
                    // Every one is at work: whoever comes now has to come again.
                    drop(stream);
                    continue;
                }
                let place = places.take();
                let router = router.clone();
                let (limits, ended) = (limits.clone(), ended.clone());
                running.spawn(connection(stream, router, limits, place, ended));
            }
            Err(fault) => {
                // Out of descriptors, most likely.
                places.free_one();
                report(ServerReport::NotAccepted(fault));
                tokio::time::sleep(NO_PLACE).await;
            }
        }
    }
    drop(listener);
    ending.send_replace(true);
    let drained = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.grace, drained).await.is_err() {
        report(ServerReport::CutOff {
            connections: running.len(),
        });
        running.shutdown().await;
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    limits: ServerLimits,
    place: Place,
    mut ended: watch::Receiver<bool>,
) {
    // Without it small answers wait for a full segment; where it cannot be set they do.
    let _ = stream.set_nodelay(true);
    let stream = TokioIo::new(Stalling::new(
        stream,
        limits.stall,
        Arc::clone(&place.state.writing),
    ));
    let service = Counted {
        service: TowerToHyperService::new(router),
        state: Arc::clone(&place.state),
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .max_headers(MAX_FIELDS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(stream, service);
    let mut connection = std::pin::pin!(connection);
    let mut ending = false;
    loop {
        tokio::select! {
            // A client that goes away, or breaks the protocol, has been answered as far as it can be.
            _ = connection.as_mut() => return,
            () = place.state.leave.notified() => return,
            _ = ended.wait_for(|ended| *ended), if !ending => {
                ending = true;
                if place.state.is_idle() {
                    // Nothing has come, or only a part of a head: nothing is in flight.
                    return;
                }
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// The connections that are there, the oldest first.
#[derive(Default)]
struct Places {
    next: AtomicUsize,
    taken: Mutex<BTreeMap<usize, Arc<State>>>,
}

/// What one connection is doing.
#[derive(Default)]
struct State {
    /// Requests that are being answered.
    at_work: AtomicUsize,
    /// Set while an answer is on its way out.
    writing: Arc<AtomicBool>,
    leave: Notify,
}

impl State {
    fn is_idle(&self) -> bool {
        self.at_work.load(Ordering::SeqCst) == 0 && !self.writing.load(Ordering::SeqCst)
    }
}

impl Places {
    fn count(&self) -> usize {
        self.locked().len()
    }

    fn take(self: &Arc<Self>) -> Place {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let state = Arc::<State>::default();
        self.locked().insert(number, Arc::clone(&state));
        Place {
            number,
            state,
            places: Arc::clone(self),
        }
    }

    /// Closes the oldest connection on which nothing happens; false where there is none.
    fn free_one(&self) -> bool {
        let mut taken = self.locked();
        let oldest = taken
            .iter()
            .find(|(_, state)| state.is_idle())
            .map(|(&number, _)| number);
        let Some(state) = oldest.and_then(|number| taken.remove(&number)) else {
            return false;
        };
        state.leave.notify_one();
        true
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<usize, Arc<State>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place, given back when it ends.
struct Place {
    number: usize,
    state: Arc<State>,
    places: Arc<Places>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.locked().remove(&self.number);
    }
}

/// Counts what is being answered.
struct Counted {
    service: TowerToHyperService<Router>,
    state: Arc<State>,
}

impl Service<Request<Incoming>> for Counted {
    type Response = http::Response<Working>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let work = Work::begin(Arc::clone(&self.state));
        let answer = self.service.call(request);
        Box::pin(async move {
            let mut response: Response = answer.await?;
            if response.status() == StatusCode::NOT_MODIFIED {
                // The router has filled in 0, the length of no body; it would have to be that of the 200.
                response.headers_mut().remove(CONTENT_LENGTH);
            }
            Ok(response.map(|body| Working { body, _work: work }))
        })
    }
}

struct Work(Arc<State>);

impl Work {
    fn begin(state: Arc<State>) -> Self {
        state.at_work.fetch_add(1, Ordering::SeqCst);
        Self(state)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A body that counts as work until it has been handed over.
struct Working {
    body: Body,
    _work: Work,
}

impl http_body::Body for Working {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
