//! A server that follows a script, byte by byte: whatever a script can say, it sends.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// One thing that the server does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Wait(Duration),
    /// One byte, a pause, one byte, …
    Drip(Vec<u8>, Duration),
    /// The same bytes over and over, until the client has gone.
    Forever(Vec<u8>),
    /// Says nothing until the client has gone.
    Hang,
    /// Breaks the connection (RST), without a close.
    Reset,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) coding: String,
    pub(crate) raw: String,
}

type Script = Arc<dyn Fn(&Request) -> Vec<Step> + Send + Sync>;

/// A server on loopback. It ends with its runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) async fn plain(
        script: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::start("127.0.0.1:0", None, Arc::new(script)).await
    }

    pub(crate) async fn on(
        address: &str,
        script: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::start(address, None, Arc::new(script)).await
    }

    pub(crate) async fn tls(
        acceptor: TlsAcceptor,
        script: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::start("127.0.0.1:0", Some(acceptor), Arc::new(script)).await
    }

    async fn start(address: &str, tls: Option<TlsAcceptor>, script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let server = Self {
            address: listener.local_addr()?,
            accepted: Arc::default(),
            sent: Arc::default(),
            requests: Arc::default(),
        };
        let (accepted, sent) = (Arc::clone(&server.accepted), Arc::clone(&server.sent));
        let requests = Arc::clone(&server.requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                let (tls, script) = (tls.clone(), Arc::clone(&script));
                let (sent, requests) = (Arc::clone(&sent), Arc::clone(&requests));
                tokio::spawn(async move {
                    // Clients that go away in the middle are what these tests are about.
                    let _ = serve(stream, tls, script, &sent, &requests).await;
                });
            }
        });
        Ok(server)
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Bytes that the system took from the server.
    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn serve(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    script: Script,
    sent: &AtomicUsize,
    requests: &Mutex<Vec<Request>>,
) -> io::Result<()> {
    match tls {
        None => follow(stream, script, sent, requests, reset).await,
        Some(acceptor) => {
            let stream = acceptor.accept(stream).await?;
            follow(stream, script, sent, requests, |stream| {
                reset(stream.into_inner().0)
            })
            .await
        }
    }
}

async fn follow<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    script: Script,
    sent: &AtomicUsize,
    requests: &Mutex<Vec<Request>>,
    reset: impl FnOnce(S) -> io::Result<()>,
) -> io::Result<()> {
    let request = read_request(&mut stream).await?;
    requests
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(request.clone());
    for step in script(&request) {
        match step {
            Step::Send(bytes) => {
                stream.write_all(&bytes).await?;
                sent.fetch_add(bytes.len(), Ordering::SeqCst);
            }
            Step::Wait(pause) => tokio::time::sleep(pause).await,
            Step::Drip(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await?;
                    stream.flush().await?;
                    tokio::time::sleep(pause).await;
                }
            }
            Step::Forever(bytes) => loop {
                stream.write_all(&bytes).await?;
                sent.fetch_add(bytes.len(), Ordering::SeqCst);
            },
            Step::Hang => {
                stream.flush().await?;
                let mut rest = [0; 64];
                while stream.read(&mut rest).await? > 0 {}
                return Ok(());
            }
            Step::Reset => {
                stream.flush().await?;
                return reset(stream);
            }
        }
        stream.flush().await?;
    }
    stream.shutdown().await
}

/// A socket that is closed with a linger of zero answers with RST.
fn reset(stream: TcpStream) -> io::Result<()> {
    stream.set_zero_linger()
}

async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Request> {
    let mut raw = Vec::new();
    let mut byte = [0; 1];
    while !raw.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).await? == 0 || raw.len() > 65_536 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        raw.extend_from_slice(&byte);
    }
    let raw = String::from_utf8_lossy(&raw).into_owned();
    let mut words = raw.split(' ').map(str::to_owned);
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let coding = raw
        .lines()
        .find_map(|line| line.strip_prefix("Accept-Encoding: "))
        .unwrap_or_default()
        .to_owned();
    Ok(Request {
        method,
        path,
        coding,
        raw,
    })
}
