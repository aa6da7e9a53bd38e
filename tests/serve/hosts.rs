//! Other people's storage as a host, against doubles that answer as they do, well and badly.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use mmsfit::host::CarrierXStorage;
use mmsfit::{HostError, MediaHost, Provider, publish_and_verify};
use serde_json::json;

use crate::{Outcome, bundle, policy};

/// A request as the double took it.
#[derive(Clone, Debug)]
struct Taken {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// What the double says next; when there is nothing, it stores what is put and serves what it has.
enum Say {
    Status(u16, &'static str),
    /// Stores, and breaks the connection instead of answering.
    StoreAndBreak,
}

#[derive(Clone, Default)]
struct Double {
    taken: Arc<Mutex<Vec<Taken>>>,
    script: Arc<Mutex<VecDeque<Say>>>,
    address: Arc<Mutex<Option<SocketAddr>>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Double {
    async fn start() -> Result<(Self, SocketAddr), Box<dyn std::error::Error>> {
        let double = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        *locked(&double.address) = Some(address);
        let router = Router::new().fallback(answer).with_state(double.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((double, address))
    }

    fn say(&self, next: Say) {
        locked(&self.script).push_back(next);
    }

    fn writes(&self) -> Vec<Taken> {
        let taken = locked(&self.taken);
        taken
            .iter()
            .filter(|taken| taken.method == Method::PUT || taken.method == Method::POST)
            .cloned()
            .collect()
    }

    fn stored(&self, path: &str) -> Option<Taken> {
        let name = path.rsplit('/').next()?.to_owned();
        self.writes()
            .into_iter()
            .rfind(|taken| taken.path.ends_with(&name))
    }
}

async fn answer(State(double): State<Double>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let taken = Taken {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: to_bytes(body, 10_000_000).await.unwrap_or_default(),
    };
    let writes = taken.method == Method::PUT || taken.method == Method::POST;
    let next = if writes {
        locked(&double.script).pop_front()
    } else {
        None
    };
    let (status, said) = match next {
        Some(Say::Status(status, said)) => (status, said),
        Some(Say::StoreAndBreak) => {
            locked(&double.taken).push(taken);
            // A body that fails before its first byte breaks the connection.
            let broken =
                futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]);
            return Response::new(Body::from_stream(broken));
        }
        None => (200, ""),
    };
    let mut response = Response::new(Body::from(said));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    if status != 200 || !said.is_empty() {
        return response;
    }
    if taken.method == Method::PUT {
        response
            .headers_mut()
            .insert("etag", http::HeaderValue::from_static("\"e\""));
        locked(&double.taken).push(taken);
    } else if taken.method == Method::POST {
        let address = locked(&double.address).map(|address| address.to_string());
        let uri = format!("http://{}/f/stored", address.unwrap_or_default());
        let file = json!({"file_sid": "stored", "publish_uri": uri, "lifecycle_ttl": -1});
        *response.status_mut() = StatusCode::CREATED;
        *response.body_mut() = Body::from(file.to_string());
        locked(&double.taken).push(taken);
    } else if let Some(object) = double.stored(&taken.path) {
        if let Some(content_type) = object.headers.get("content-type") {
            response
                .headers_mut()
                .insert("content-type", content_type.clone());
        }
        response
            .headers_mut()
            .insert("content-length", object.body.len().into());
        if taken.method == Method::GET {
            *response.body_mut() = Body::from(object.body);
        }
    } else {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

const TOKEN: &str = "5ebc03d6-secret";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carrierx_is_given_the_form_that_it_documents() -> Outcome {
    let (double, address) = Double::start().await?;
    let host = CarrierXStorage::new(TOKEN)?
        .container("c-1")
        .endpoint(format!("http://{address}").parse()?);
    let bundle = bundle(Provider::CarrierX, &["photos/small.jpg"]).await?;
    let part = &bundle.parts()[0];
    let hosted = host.publish(part).await?;
    assert_eq!(hosted.url.as_str(), format!("http://{address}/f/stored"));
    assert_eq!(hosted.expires, None);

    let writes = double.writes();
    let [request] = writes.as_slice() else {
        return Err("not one request".into());
    };
    assert_eq!(
        (&request.method, request.path.as_str()),
        (&Method::POST, "/core/v2/storage/files")
    );
    assert_eq!(request.headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(
        request.headers["content-length"],
        request.body.len().to_string()
    );
    let content_type = request.headers["content-type"].to_str()?;
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .ok_or("no boundary")?;
    let expected = [
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file_object\"\r\n\
             Content-Type: application/json\r\n\r\n\
             {{\"name\":\"{}\",\"container_sid\":\"c-1\"}}\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"data\"; filename=\"{}\"\r\n\
             Content-Type: image/jpeg\r\n\r\n",
            part.name(),
            part.name()
        )
        .into_bytes(),
        part.bytes().to_vec(),
        format!("\r\n--{boundary}--\r\n").into_bytes(),
    ]
    .concat();
    assert!(request.body == expected, "another body");
    assert!(!format!("{host:?}").contains("secret"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carrierx_answers_that_name_no_public_url_are_errors_without_the_token() -> Outcome {
    let (double, address) = Double::start().await?;
    let host = CarrierXStorage::new(TOKEN)?.endpoint(format!("http://{address}").parse()?);
    let bundle = bundle(Provider::CarrierX, &["photos/small.jpg"]).await?;
    for (status, said, told) in [
        (
            401,
            "{\"errors\":\"bad\"}",
            "the provider's storage answered 401: {\"errors\":\"bad\"}",
        ),
        (
            403,
            "no scope for 5ebc03d6-secret",
            "the provider's storage answered 403: no scope for ***",
        ),
        (
            413,
            "too\u{1b}[2J large",
            "the provider's storage answered 413: too[2J large",
        ),
        (503, "", "the provider's storage answered 503: "),
        (
            201,
            "<html>",
            "the provider's storage answered what cannot be used: no File object",
        ),
        (
            201,
            "{}",
            "the provider's storage answered what cannot be used: the file is not published",
        ),
        (
            201,
            "{\"publish_uri\":\"/f/1\"}",
            "the provider's storage answered what cannot be used: its publish_uri is no URL",
        ),
    ] {
        double.say(Say::Status(status, said));
        let fault = host.publish(&bundle.parts()[0]).await.err().ok_or(told)?;
        assert_eq!(fault.to_string(), told);
        assert!(!format!("{fault:?}").contains("secret"));
    }
    // The documented http is lifted to https, unless a double is asked.
    let real = CarrierXStorage::new(TOKEN)?;
    let said = "{\"publish_uri\":\"http://storage-carrierx.com/f/1\"}";
    let hosted = real.read(&http::Response::builder().status(201).body(said.into())?)?;
    assert_eq!(hosted.url.as_str(), "https://storage-carrierx.com/f/1");
    let nowhere = CarrierXStorage::new(TOKEN)?.endpoint("http://127.0.0.1:1".parse()?);
    let fault = nowhere
        .publish(&bundle.parts()[0])
        .await
        .err()
        .ok_or("uploaded")?;
    assert!(matches!(fault, HostError::Upload { .. }), "{fault}");
    assert!(CarrierXStorage::new("line\nbreak").is_err());
    Ok(())
}

#[cfg(feature = "object-store")]
mod objects {
    use mmsfit::host::{NameKey, ObjectStoreHost};
    use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI-secret";

    /// As [`ObjectStoreHost::s3`] makes it, the environment given here.
    fn host(address: SocketAddr) -> Result<ObjectStoreHost, Box<dyn std::error::Error>> {
        let builder = AmazonS3Builder::new()
            .with_config(AmazonS3ConfigKey::AccessKeyId, "AKIA")
            .with_config(AmazonS3ConfigKey::SecretAccessKey, SECRET)
            .with_config(AmazonS3ConfigKey::Region, "us-east-1")
            .with_endpoint(format!("http://{address}"))
            .with_allow_http(true);
        let public = format!("http://{address}/public").parse()?;
        let key = NameKey::from_bytes(&[1; 32])?;
        Ok(ObjectStoreHost::s3_with(
            builder,
            &"s3://bucket/mms/out".parse()?,
            &public,
            key,
        )?)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_object_is_put_signed_with_its_type_and_verified_at_its_public_url() -> Outcome {
        let (double, address) = Double::start().await?;
        let host = host(address)?;
        for (fixture, content_type) in [
            ("photos/small.jpg", "image/jpeg"),
            ("audio/tone.mp3", "audio/mpeg"),
        ] {
            let bundle = bundle(Provider::CarrierX, &[fixture]).await?;
            let bundle = publish_and_verify(bundle, &host, policy()).await?;
            let part = &bundle.parts()[0];
            let url = part.url().ok_or("no URL")?;
            let name = url.rsplit('/').next().ok_or("no name")?;
            assert_eq!(url, format!("http://{address}/public/{name}"));
            let object = double.stored(name).ok_or("not stored")?;
            assert_eq!(object.path, format!("/bucket/mms/out/{name}"));
            assert!(object.body == part.bytes(), "other bytes");
            assert_eq!(object.headers["content-type"], content_type);
            assert_eq!(
                object.headers["cache-control"],
                "public, max-age=31536000, immutable"
            );
            let signed = object.headers["authorization"].to_str()?;
            assert!(
                signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIA/"),
                "{signed}"
            );
        }
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_put_is_repeated_until_it_is_answered_and_names_the_same_object() -> Outcome {
        let (double, address) = Double::start().await?;
        let host = host(address)?;
        let bundle = bundle(Provider::Sinch, &["photos/small.jpg"]).await?;
        double.say(Say::Status(503, "<Error><Code>SlowDown</Code></Error>"));
        double.say(Say::StoreAndBreak);
        let first = host.publish(&bundle.parts()[0]).await?;
        let again = host.publish(&bundle.parts()[0]).await?;
        assert_eq!(first, again);
        let writes = double.writes();
        assert_eq!(writes.len(), 3, "stored and broken, stored, stored again");
        assert!(writes.windows(2).all(|two| two[0].path == two[1].path));
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_store_that_refuses_is_an_error_that_shows_no_secret() -> Outcome {
        let (double, address) = Double::start().await?;
        let host = host(address)?;
        double.say(Say::Status(403, "<Error><Code>AccessDenied</Code></Error>"));
        let bundle = bundle(Provider::Sinch, &["photos/small.jpg"]).await?;
        let fault = host
            .publish(&bundle.parts()[0])
            .await
            .err()
            .ok_or("stored")?;
        assert!(matches!(fault, HostError::Store { .. }));
        let shown = format!("{fault} {fault:?} {host:?}");
        assert!(
            shown.contains("AccessDenied") && !shown.contains("secret"),
            "{shown}"
        );
        // What no provider's fetcher could use is not even tried.
        let public = "https://a.test/?sig=secret".parse()?;
        let key = NameKey::from_bytes(&[1; 32])?;
        let refused = ObjectStoreHost::s3(&"s3://bucket/p".parse()?, &public, key.clone());
        assert!(
            matches!(refused, Err(HostError::PublicUrl { .. })),
            "{refused:?}"
        );
        let refused =
            ObjectStoreHost::s3(&"gs://bucket/p".parse()?, &"https://a.test".parse()?, key);
        assert!(
            matches!(refused, Err(HostError::PublicUrl { .. })),
            "{refused:?}"
        );
        Ok(())
    }
}
