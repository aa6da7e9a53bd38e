//! The line that real providers are reached by: TLS, its roots, and a certificate that is not theirs.

use std::sync::Arc;
use std::time::Duration;

use mmsfit::Provider;
use mmsfit::send::{CarrierX, Client, ConnectFault, RetryPolicy, SendError};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{Fallible, quick_message};

/// A server for one name that takes whatever it is sent; its address and its certificate.
async fn server(name: &str) -> Result<(String, Vec<u8>), Box<dyn std::error::Error>> {
    let made = rcgen::generate_simple_self_signed([name.to_owned()])?;
    let certificate = made.cert.der().to_vec();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust us goes away in the handshake.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut request = vec![0; 65_536];
                let mut read = 0;
                while !request
                    .get(..read)
                    .is_some_and(|request| request.ends_with(b"}"))
                {
                    match stream
                        .read(request.get_mut(read..).unwrap_or_default())
                        .await
                    {
                        Ok(0) | Err(_) => return,
                        Ok(bytes) => read += bytes,
                    }
                }
                let body = r#"{"message_sid":"by-tls","status":"queued"}"#;
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    Ok((format!("https://localhost:{port}"), certificate))
}

fn client(endpoint: &str) -> Result<Client, mmsfit::send::BadEndpoint> {
    Ok(
        Client::new(CarrierX::new("token").endpoint(endpoint.parse()?))
            .retry(RetryPolicy::never())
            .timeout(Duration::from_secs(5)),
    )
}

#[tokio::test]
async fn a_message_goes_out_over_tls_to_a_server_that_is_trusted() -> Fallible {
    let (endpoint, certificate) = server("localhost").await?;
    let message = quick_message(Provider::CarrierX, "x").await;
    let receipt = client(&endpoint)?.trust(certificate).send(&message).await?;
    assert_eq!(receipt.id, "by-tls");
    Ok(())
}

#[tokio::test]
async fn nothing_goes_out_to_a_server_that_is_not_trusted_or_not_the_one_named() -> Fallible {
    let message = quick_message(Provider::CarrierX, "x").await;
    let (endpoint, _) = server("localhost").await?;
    let unknown = client(&endpoint)?.send(&message).await;
    let (endpoint, certificate) = server("elsewhere.example").await?;
    let misnamed = client(&endpoint)?.trust(certificate).send(&message).await;
    for fault in [unknown, misnamed] {
        let fault = fault.expect_err("not trusted");
        assert!(
            matches!(
                &fault,
                SendError::NotConnected {
                    fault: ConnectFault::Tls(_),
                    ..
                }
            ),
            "{fault}"
        );
        assert!(fault.may_resend());
    }
    Ok(())
}
