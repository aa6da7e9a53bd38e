//! Connections of our own: to the first address that answers, inside TLS with the platform's roots, by no proxy.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::Either;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;

/// A connection, plain or inside TLS.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// The most addresses of a name that are tried.
pub(crate) const MOST_ADDRESSES: usize = 6;
/// How long an address may stay silent before the next one is tried beside it (RFC 8305, clause 5).
const STAGGER: Duration = Duration::from_millis(250);

/// The client's side of TLS: the platform's roots, and these beside them (DER).
///
/// # Errors
///
/// The reason why there are no roots to trust.
pub(crate) fn tls(roots: &[Vec<u8>]) -> Result<TlsConnector, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = roots.iter().map(|root| CertificateDer::from(root.clone()));
    let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The TLS fault inside of an I/O fault.
pub(crate) fn tls_reason(fault: &io::Error) -> Option<&rustls::Error> {
    fault.get_ref()?.downcast_ref::<rustls::Error>()
}

/// Tries the addresses in their order, each a little after the one before it unless that one has failed already.
///
/// # Errors
///
/// The fault of the last address that failed.
pub(crate) async fn first_to_answer(
    addresses: &[SocketAddr],
) -> io::Result<(TcpStream, SocketAddr)> {
    let mut waiting = addresses.iter().copied();
    let mut tries = FuturesUnordered::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let dial = |address| async move { (TcpStream::connect(address).await, address) };
    if let Some(address) = waiting.next() {
        tries.push(dial(address));
    }
    loop {
        let pause = std::pin::pin!(sleep(STAGGER));
        let next = tries.next();
        match futures_util::future::select(next, pause).await {
            Either::Left((Some((Ok(stream), address)), _)) => {
                // Small requests should not wait for a full segment.
                stream.set_nodelay(true)?;
                return Ok((stream, address));
            }
            Either::Left((Some((Err(fault), _)), _)) => {
                last = fault;
                tries.extend(waiting.next().map(dial));
            }
            Either::Left((None, _)) => return Err(last),
            Either::Right(_) => tries.extend(waiting.next().map(dial)),
        }
    }
}
