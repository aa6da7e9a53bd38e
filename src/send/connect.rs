//! One connection for one request: whether a byte of it was written is never in doubt.
//!
//! A connection that is kept and used again can die unseen; whether the request that found it dead was taken would then be
//! a guess. At the pace that providers permit a handshake each costs nothing that matters.

use std::borrow::Cow;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, HOST, USER_AGENT};
use http::{HeaderValue, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::lookup_host;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::error::{ConnectFault, Doubt};
use super::{Request, Response, Secret};
use crate::dial::{Duplex, MOST_ADDRESSES, first_to_answer, tls, tls_reason};

/// Why there is no response.
#[derive(Debug)]
pub(super) enum Fault {
    /// Not a byte of the request was written.
    Unsent(ConnectFault),
    /// The request was begun.
    Sent(Doubt),
}

/// Opens connections: straight to the endpoint, by no proxy of the environment, following no redirect.
pub(super) struct Dialer {
    roots: Vec<Vec<u8>>,
    tls: OnceLock<Result<TlsConnector, rustls::Error>>,
    connect_within: Duration,
}

/// Told how many bytes of how many are written.
pub(super) type Watcher = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// A connection that is ready for its one request.
pub(super) struct Line {
    stream: Counted<Box<dyn Duplex>>,
    written: Arc<AtomicU64>,
    watcher: Arc<OnceLock<(Watcher, u64)>>,
}

/// The most of a response's body that is read. Every documented answer is below 10 KB.
const MOST_ANSWER_BYTES: usize = 1 << 20;
const AGENT: &str = concat!("mmsfit/", env!("CARGO_PKG_VERSION"));

impl Dialer {
    pub(super) fn new(connect_within: Duration) -> Self {
        Self {
            roots: Vec::new(),
            tls: OnceLock::new(),
            connect_within,
        }
    }

    /// The same, not connected to anything yet.
    pub(super) fn renewed(&self) -> Self {
        Self {
            roots: self.roots.clone(),
            tls: OnceLock::new(),
            connect_within: self.connect_within,
        }
    }

    pub(super) fn trust(&mut self, root: Vec<u8>) {
        self.roots.push(root);
        self.tls = OnceLock::new();
    }

    /// Connects to where the request goes; writes nothing of it.
    pub(super) async fn dial(&self, uri: &Uri, deadline: Instant) -> Result<Line, ConnectFault> {
        let deadline = deadline.min(Instant::now() + self.connect_within);
        timeout_at(deadline, self.open(uri))
            .await
            .unwrap_or(Err(ConnectFault::Late))
    }

    async fn open(&self, uri: &Uri) -> Result<Line, ConnectFault> {
        let is_tls = uri.scheme_str() == Some("https");
        let host = uri.host().ok_or(ConnectFault::Name)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let found = lookup_host((bare, port)).await;
        let addresses: Vec<SocketAddr> = found
            .map_err(|_| ConnectFault::Name)?
            .take(MOST_ADDRESSES)
            .collect();
        let answer = first_to_answer(&addresses).await;
        let (stream, _) = answer.map_err(ConnectFault::Socket)?;
        let stream: Box<dyn Duplex> = if is_tls {
            let name = ServerName::try_from(bare.to_owned())
                .map_err(|_| ConnectFault::Tls("no certificate can name this host".to_owned()))?;
            let connector = self
                .tls
                .get_or_init(|| tls(&self.roots))
                .as_ref()
                .map_err(|why| ConnectFault::Tls(why.to_string()))?;
            let stream = connector.connect(name, stream).await;
            Box::new(stream.map_err(tls_fault)?)
        } else {
            Box::new(stream)
        };
        let written = Arc::new(AtomicU64::new(0));
        let watcher = Arc::new(OnceLock::new());
        Ok(Line {
            stream: Counted {
                stream,
                written: Arc::clone(&written),
                watcher: Arc::clone(&watcher),
            },
            written,
            watcher,
        })
    }
}

impl Line {
    /// Sends the one request and reads its one response.
    pub(super) async fn exchange(
        self,
        request: Request,
        watcher: Option<Watcher>,
        deadline: Instant,
    ) -> Result<Response, Fault> {
        let written = Arc::clone(&self.written);
        let fault = move |doubt| match written.load(Ordering::SeqCst) {
            0 => Fault::Unsent(ConnectFault::Closed),
            _ => Fault::Sent(doubt),
        };
        if let Some(watcher) = watcher {
            let total = request.body().len() as u64;
            // Set once: the line is used once.
            let _ = self.watcher.set((watcher, total));
        }
        let sent = secrets(&request);
        let answered = timeout_at(deadline, async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(self.stream))
                .await
                .map_err(|_| Doubt::Broken)?;
            let talk = async {
                let response = sender
                    .send_request(written_out(request))
                    .await
                    .map_err(|_| Doubt::Broken)?;
                read_whole(response).await
            };
            let talk = std::pin::pin!(talk);
            let connection = std::pin::pin!(connection);
            match futures_util::future::select(talk, connection).await {
                futures_util::future::Either::Left((answer, _)) => answer,
                // The connection's own end: what it has read by then is handed on.
                futures_util::future::Either::Right((_, talk)) => talk.await,
            }
        })
        .await;
        match answered {
            Ok(Ok(response)) => Ok(response.map(|body| without(body, &sent))),
            Ok(Err(doubt)) => Err(fault(doubt)),
            Err(_) => Err(fault(Doubt::Timeout)),
        }
    }
}

/// The request as it goes over the line: origin form, its host, its length, and our name.
fn written_out(request: Request) -> http::Request<Full<Bytes>> {
    let (mut parts, body) = request.into_parts();
    if let Some(authority) = parts.uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(HOST, host);
    }
    parts
        .headers
        .insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if !body.is_empty() {
        parts
            .headers
            .insert(CONTENT_LENGTH, HeaderValue::from(body.len() as u64));
    }
    if let Some(path) = parts.uri.path_and_query().cloned() {
        parts.uri = Uri::from(path);
    }
    http::Request::from_parts(parts, Full::new(body))
}

/// What the request proves itself with: a key, or what follows the scheme in `Authorization`.
fn secrets(request: &Request) -> Vec<Secret> {
    let sensitive = request
        .headers()
        .values()
        .filter(|value| value.is_sensitive());
    sensitive
        .filter_map(|value| value.to_str().ok())
        .map(|text| Secret::from(text.rsplit(' ').next().unwrap_or(text)))
        .collect()
}

/// An answer without the secrets of its request: some servers repeat what they do not like, and who reads the answer does
/// not know them all.
fn without(body: Bytes, secrets: &[Secret]) -> Bytes {
    let Ok(text) = std::str::from_utf8(&body) else {
        return body;
    };
    let scrubbed = secrets.iter().fold(Cow::Borrowed(text), |text, secret| {
        secret.taken_out_of(text)
    });
    match scrubbed {
        Cow::Borrowed(_) => body.clone(),
        Cow::Owned(scrubbed) => Bytes::from(scrubbed),
    }
}

async fn read_whole(response: http::Response<hyper::body::Incoming>) -> Result<Response, Doubt> {
    let (parts, mut body) = response.into_parts();
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Doubt::CutAnswer)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        if bytes.len() + data.len() > MOST_ANSWER_BYTES {
            // "No" is "no" however many words follow.
            if parts.status.is_client_error() {
                return Ok(Response::from_parts(parts, Bytes::new()));
            }
            return Err(Doubt::LongAnswer);
        }
        bytes.extend_from_slice(data);
    }
    Ok(Response::from_parts(parts, bytes.freeze()))
}

/// A fault of TLS itself, or of the socket underneath.
fn tls_fault(fault: io::Error) -> ConnectFault {
    match tls_reason(&fault) {
        Some(reason) => ConnectFault::Tls(reason.to_string()),
        None => ConnectFault::Socket(fault),
    }
}

/// Counts what the connection took of the request.
struct Counted<S> {
    stream: S,
    written: Arc<AtomicU64>,
    watcher: Arc<OnceLock<(Watcher, u64)>>,
}

impl<S> Counted<S> {
    fn count(&self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = written {
            let before = self.written.fetch_add(*bytes as u64, Ordering::SeqCst);
            if let Some((watcher, total)) = self.watcher.get() {
                watcher((before + *bytes as u64).min(*total), *total);
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.count(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
