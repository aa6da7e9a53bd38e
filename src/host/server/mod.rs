//! The embedded server: serves a folder's media as providers fetch it, and receives their callbacks.

mod answer;
mod callbacks;
mod connections;
mod file;
mod health;
mod stall;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use axum::routing::any;
use tokio::net::TcpListener;

use super::folder::{FolderHost, Swept};
use super::{HostError, name};
use crate::provider::Provider;
use crate::receive::{EventSink, ReceiveError, SinkFault, WebhookSecret};

/// How often media is looked through for what is past its time.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

/// Serves `media/<name>`, receives `callbacks/<provider>`, and answers `healthz` and `readyz`.
///
/// # Examples
///
/// ```no_run
/// use mmsfit::FolderHost;
/// use mmsfit::host::Server;
/// use mmsfit::receive::EventSink;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let host = FolderHost::new("/srv/media", "https://mms.example.com".parse()?)?;
/// let events = EventSink::file("/srv/events.jsonl".as_ref())?;
/// let server = Server::bind("127.0.0.1:8080".parse()?, host, events).await?;
/// server.run(std::future::pending()).await;
/// # Ok(())
/// # }
/// ```
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: ServerLimits,
    shared: Shared,
}

/// How much the server bears.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerLimits {
    /// The most connections at once. Above it, the connection that has been idle longest is closed for a new one.
    /// Default: 512.
    pub connections: usize,
    /// How long a request's head may take, and a connection be idle. Default: 10 s.
    pub head_within: Duration,
    /// How long a callback's body may take. Default: 10 s.
    pub body_within: Duration,
    /// How long events may wait to be written before the provider is told to come again. Default: 10 s.
    pub keep_within: Duration,
    /// A reader that takes fewer than 1,000 bytes in this time is let go. Default: 30 s.
    pub stall: Duration,
    /// How long what is in flight may take after the end was asked for. Default: 60 s.
    pub grace: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 512,
            head_within: Duration::from_secs(10),
            body_within: Duration::from_secs(10),
            keep_within: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            grace: Duration::from_secs(60),
        }
    }
}

/// What the server has to tell beside its answers.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerReport {
    /// A callback without a secret that is in force.
    Unauthorised {
        /// Whose callback it claims to be.
        provider: Provider,
    },
    /// A callback that could not be read.
    Unreadable {
        /// Whose callback it claims to be.
        provider: Provider,
        /// Why not.
        fault: ReceiveError,
    },
    /// Events that could not be kept; the provider was told to come again.
    NotKept {
        /// Whose events.
        provider: Provider,
        /// Why not.
        fault: SinkFault,
    },
    /// Media past its time was deleted.
    Swept(Swept),
    /// Media could not be looked through.
    NotSwept(HostError),
    /// No connection could be taken.
    NotAccepted(io::Error),
    /// What was in flight took longer than the grace after the end was asked for, and was cut off.
    CutOff {
        /// How many connections.
        connections: usize,
    },
}

/// What every request needs.
#[derive(Clone)]
struct Shared {
    host: FolderHost,
    events: EventSink,
    secret: Option<WebhookSecret>,
    body_within: Duration,
    keep_within: Duration,
    report: Arc<dyn Fn(ServerReport) + Send + Sync>,
}

impl Server {
    /// Listens on an address; port 0 takes any that is free.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on.
    pub async fn bind(
        address: SocketAddr,
        host: FolderHost,
        events: EventSink,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let limits = ServerLimits::default();
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            shared: Shared {
                host,
                events,
                secret: None,
                body_within: limits.body_within,
                keep_within: limits.keep_within,
                report: Arc::new(|_| {}),
            },
            limits,
        })
    }

    /// Refuses callbacks that know none of these secrets. Default: every callback is believed.
    #[must_use]
    pub fn secret(mut self, secret: WebhookSecret) -> Self {
        self.shared.secret = Some(secret);
        self
    }

    /// Replaces the limits.
    #[must_use]
    pub fn limits(mut self, limits: ServerLimits) -> Self {
        self.shared.body_within = limits.body_within;
        self.shared.keep_within = limits.keep_within;
        self.limits = limits;
        self
    }

    /// Who is told what happens. Default: nobody.
    #[must_use]
    pub fn report(mut self, report: impl Fn(ServerReport) + Send + Sync + 'static) -> Self {
        self.shared.report = Arc::new(report);
        self
    }

    /// The address listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the end is asked for; then takes nothing new and finishes what is in flight.
    pub async fn run(self, end: impl Future<Output = ()>) {
        let sweeper = tokio::spawn(sweep(self.shared.clone()));
        let router = router(self.shared.clone());
        connections::serve(
            self.listener,
            router,
            &self.limits,
            &self.shared.report,
            end,
        )
        .await;
        sweeper.abort();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

fn router(shared: Shared) -> Router {
    let public = shared.host.public_url().path();
    let prefix = public.trim_end_matches('/').to_owned();
    let (media_of, callbacks_of) = (shared.clone(), shared.clone());
    let router = Router::new()
        .route(
            "/media/{name}",
            any(move |request| media(media_of.clone(), request)),
        )
        .route(
            "/callbacks/{provider}",
            any(move |request| callbacks::answer(callbacks_of.clone(), request)),
        )
        .route("/healthz", any(health::alive))
        .route(
            "/readyz",
            any(move |request| health::ready(shared.clone(), request)),
        );
    // A proxy may pass the public path on as it came, or without its front.
    let router = if prefix.is_empty() || prefix.contains(['{', '}']) {
        router
    } else {
        router.clone().nest(&prefix, router)
    };
    router.fallback(async || plain(StatusCode::NOT_FOUND))
}

async fn media(shared: Shared, request: Request<Body>) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return not_allowed("GET, HEAD");
    }
    // As it came: what needs decoding is no name of ours.
    let name = request.uri().path().rsplit('/').next().unwrap_or_default();
    let Some(content_type) = name::type_of(name) else {
        return plain(StatusCode::NOT_FOUND);
    };
    let path = shared.host.media().join(name);
    let Ok(Ok(opened)) = tokio::task::spawn_blocking(move || file::open(&path)).await else {
        return plain(StatusCode::NOT_FOUND);
    };
    let served = answer::Served {
        name,
        content_type: name::served_as(content_type),
        bytes: opened.bytes,
        modified: opened.modified,
    };
    let head = answer::head(request.method(), request.headers(), &served);
    file::respond(opened, head, request.method() == Method::HEAD).await
}

/// An answer of a status and its words, never cached.
fn plain(status: StatusCode) -> Response {
    told(status, format!("{status}\n"))
}

fn told(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    answer::harden(headers);
    headers.insert("content-type", answer::fixed("text/plain; charset=utf-8"));
    headers.insert("cache-control", answer::fixed("no-store"));
    response
}

fn not_allowed(allowed: &'static str) -> Response {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED);
    response
        .headers_mut()
        .insert("allow", answer::fixed(allowed));
    response
}

async fn sweep(shared: Shared) {
    loop {
        let host = shared.host.clone();
        let swept = tokio::task::spawn_blocking(move || host.sweep(SystemTime::now())).await;
        match swept {
            Ok(Ok(swept)) if swept.deleted > 0 => (shared.report)(ServerReport::Swept(swept)),
            Ok(Ok(_)) => {}
            Ok(Err(fault)) => (shared.report)(ServerReport::NotSwept(fault)),
            // The runtime is ending.
            Err(_) => return,
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}
