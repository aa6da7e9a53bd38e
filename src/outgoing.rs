//! The seam through which the crate calls other people's HTTP servers: a request goes out whole, an answer comes back whole.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderValue};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::lookup_host;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use crate::dial::{Duplex, MOST_ADDRESSES, first_to_answer, tls};
use crate::units::DAY;

/// One exchange: the answer, or why there is none.
pub type Exchanged<'a> =
    Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, HttpFault>> + Send + 'a>>;

/// Whoever carries out HTTP requests.
pub trait Http: Send + Sync {
    /// Sends the request once, whole, and reads the answer whole. Its URI is absolute. Nothing is retried or followed.
    fn exchange(&self, request: http::Request<Bytes>) -> Exchanged<'_>;
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpFault {
    /// The request cannot be meant: no host, another scheme than `http` or `https`.
    #[error("the URL has no host, or a scheme that is not http or https")]
    Url,
    /// No connection; nothing of the request was sent.
    #[error("no connection")]
    Connect {
        /// Why not.
        source: io::Error,
    },
    /// The connection broke after the request had begun: whether it was carried out is unknown.
    #[error("the connection broke before the answer was complete")]
    Broken {
        /// How.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The time was up after the request had begun: whether it was carried out is unknown.
    #[error("no complete answer in time")]
    Late,
}

/// A plain client of HTTP/1.1: one connection a request, the platform's roots, no redirects, no retries.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let client = mmsfit::HttpClient::new().within(Duration::from_secs(10));
/// ```
#[derive(Clone)]
pub struct HttpClient {
    within: Duration,
    most_bytes: usize,
    roots: Vec<Vec<u8>>,
    tls: Arc<OnceLock<Result<TlsConnector, rustls::Error>>>,
}

impl HttpClient {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            within: Duration::from_secs(30),
            most_bytes: 1 << 20,
            roots: Vec::new(),
            tls: Arc::default(),
        }
    }

    /// How long one exchange may take, from the name of the host to the last byte of the answer: a day at most. Default:
    /// 30 s.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit.min(DAY);
        self
    }

    /// The most bytes of an answer that are read. Default: 1 MiB.
    #[must_use]
    pub fn most_bytes(mut self, bytes: usize) -> Self {
        self.most_bytes = bytes;
        self
    }

    /// A root certificate, DER, to trust beside the platform's. Default: none.
    #[must_use]
    pub fn trust(mut self, root: impl Into<Vec<u8>>) -> Self {
        self.roots.push(root.into());
        self.tls = Arc::default();
        self
    }

    async fn dial(&self, uri: &http::Uri) -> Result<Box<dyn Duplex>, HttpFault> {
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(HttpFault::Url),
        };
        let host = uri.host().ok_or(HttpFault::Url)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let refused = |source| HttpFault::Connect { source };
        let found = lookup_host((host, port)).await.map_err(refused)?;
        let addresses: Vec<_> = found.take(MOST_ADDRESSES).collect();
        let (stream, _) = first_to_answer(&addresses).await.map_err(refused)?;
        if !is_tls {
            return Ok(Box::new(stream));
        }
        let connector = self
            .tls
            .get_or_init(|| tls(&self.roots))
            .as_ref()
            .map_err(|why| refused(io::Error::other(why.clone())))?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| HttpFault::Url)?;
        let stream = connector.connect(name, stream).await.map_err(refused)?;
        Ok(Box::new(stream))
    }

    async fn carry_out(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpFault> {
        // One deadline for all of it.
        let until = Instant::now() + self.within;
        let stream = timeout_at(until, self.dial(request.uri()))
            .await
            .map_err(|_| HttpFault::Connect {
                source: io::ErrorKind::TimedOut.into(),
            })??;
        let request = on_the_wire(request)?;
        timeout_at(until, send(stream, request, self.most_bytes))
            .await
            .unwrap_or(Err(HttpFault::Late))
    }
}

impl Http for HttpClient {
    fn exchange(&self, request: http::Request<Bytes>) -> Exchanged<'_> {
        Box::pin(self.carry_out(request))
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("within", &self.within)
            .field("most_bytes", &self.most_bytes)
            .field("roots", &self.roots.len())
            .finish_non_exhaustive()
    }
}

/// The request as HTTP/1.1 writes it: the path alone, the host in its field (RFC 9112, clause 3.2.1), the exact length.
fn on_the_wire(request: http::Request<Bytes>) -> Result<http::Request<Full<Bytes>>, HttpFault> {
    let (mut parts, body) = request.into_parts();
    let authority = parts.uri.authority().ok_or(HttpFault::Url)?.as_str();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = HeaderValue::from_str(host).map_err(|_| HttpFault::Url)?;
    parts.headers.insert(HOST, host);
    if !body.is_empty() || parts.method != http::Method::GET {
        parts
            .headers
            .insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse().map_err(|_| HttpFault::Url)?;
    Ok(http::Request::from_parts(parts, Full::new(body)))
}

async fn send(
    stream: Box<dyn Duplex>,
    request: http::Request<Full<Bytes>>,
    most_bytes: usize,
) -> Result<http::Response<Bytes>, HttpFault> {
    let broken = |source: hyper::Error| HttpFault::Broken {
        source: source.into(),
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let exchange = async move {
        let (parts, body) = sender
            .send_request(request)
            .await
            .map_err(broken)?
            .into_parts();
        let body = Limited::new(body, most_bytes)
            .collect()
            .await
            .map_err(|source| HttpFault::Broken { source })?;
        Ok(http::Response::from_parts(parts, body.to_bytes()))
    };
    // The connection only moves while it is polled; its own fault shows in the exchange.
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        _ = connection => exchange.await,
    }
}
