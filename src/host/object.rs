//! An object store with a public front: S3 and whatever speaks its language.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::BodyExt;
use object_store::aws::AmazonS3Builder;
use object_store::client::{
    HttpClient as StoreClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, ObjectStore, PutOptions, PutPayload, RetryConfig,
};
use url::Url;

use super::name::{NameKey, served_as};
use super::{HostError, HostedUrl, MediaHost, Published, front};
use crate::bundle::Part;
use crate::outgoing::{Http, HttpClient, HttpFault};

/// How long caches may keep an object: its name changes with its bytes.
const CACHED: &str = "public, max-age=31536000, immutable";

/// Publishes in an object store whose objects a public URL serves: the bucket's website, or a CDN before it.
///
/// Objects are named by a keyed hash of their bytes: to publish again is to write the same object again. Nothing is
/// deleted; give the bucket a lifecycle rule that is no shorter than [`delivery_window`](super::delivery_window).
#[derive(Clone)]
pub struct ObjectStoreHost {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    front: Url,
    key: NameKey,
}

impl ObjectStoreHost {
    /// Publishes under a prefix of the store; the object `<prefix>/<name>` is served as `<public URL>/<name>`.
    ///
    /// # Errors
    ///
    /// A public URL that cannot be the front of a media URL.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        prefix: &str,
        public_url: &Url,
        key: NameKey,
    ) -> Result<Self, HostError> {
        Ok(Self {
            store,
            prefix: Path::from(prefix),
            front: front(public_url)?,
            key,
        })
    }

    /// A bucket, as `s3://bucket/prefix`. Region, endpoint and credentials come from the environment, as `AWS_REGION`,
    /// `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and the others of that family; an `http` endpoint
    /// needs `AWS_ALLOW_HTTP=true`.
    ///
    /// # Errors
    ///
    /// No `s3` URL, no credentials, or a public URL that cannot be the front of a media URL.
    pub fn s3(bucket: &Url, public_url: &Url, key: NameKey) -> Result<Self, HostError> {
        Self::s3_with(AmazonS3Builder::from_env(), bucket, public_url, key)
    }

    /// A bucket, as [`ObjectStoreHost::s3`], with settings and credentials that do not come from the environment.
    ///
    /// # Errors
    ///
    /// As [`ObjectStoreHost::s3`].
    pub fn s3_with(
        settings: AmazonS3Builder,
        bucket: &Url,
        public_url: &Url,
        key: NameKey,
    ) -> Result<Self, HostError> {
        front(public_url)?;
        let fault = |why| HostError::PublicUrl {
            url: crate::attachment::redacted(bucket.as_str()),
            why,
        };
        if bucket.scheme() != "s3" {
            return Err(fault("a bucket is given as s3://bucket/prefix"));
        }
        let name = bucket
            .host_str()
            .ok_or_else(|| fault("it names no bucket"))?;
        let store = settings
            .with_bucket_name(name)
            .with_http_connector(OwnClient(HttpClient::new()))
            // A PUT of the same bytes under the same name may be repeated as often as need be.
            .with_retry(RetryConfig {
                max_retries: 4,
                retry_timeout: Duration::from_secs(60),
                ..RetryConfig::default()
            })
            .build()
            .map_err(|source| HostError::Store {
                source: source.into(),
            })?;
        Self::new(Arc::new(store), bucket.path(), public_url, key)
    }
}

impl MediaHost for ObjectStoreHost {
    fn publish<'a>(&'a self, part: &'a Part) -> Published<'a> {
        Box::pin(async move {
            let content_type = part.facts().content_type;
            let name = self.key.name(part.bytes(), content_type)?;
            let attributes: Attributes = [
                (Attribute::ContentType, served_as(content_type)),
                (Attribute::CacheControl, CACHED),
            ]
            .into_iter()
            .collect();
            let options = PutOptions {
                attributes,
                ..PutOptions::default()
            };
            let payload = PutPayload::from(Bytes::from_owner(Arc::clone(&part.bytes)));
            self.store
                .put_opts(&self.prefix.clone().join(name.as_str()), payload, options)
                .await
                .map_err(|source| HostError::Store {
                    source: source.into(),
                })?;
            let url = self.front.join(&name).map_err(|_| HostError::PublicUrl {
                url: crate::attachment::redacted(self.front.as_str()),
                why: "no path can follow it",
            })?;
            Ok(HostedUrl::new(url, None))
        })
    }
}

/// Never the store: its credentials are in it.
impl fmt::Debug for ObjectStoreHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectStoreHost")
            .field("prefix", &self.prefix)
            .field("front", &self.front.as_str())
            .finish_non_exhaustive()
    }
}

/// Our client in the store's hands: its own would bring a second TLS stack.
#[derive(Debug)]
struct OwnClient(HttpClient);

impl HttpConnector for OwnClient {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<StoreClient> {
        Ok(StoreClient::new(Self(self.0.clone())))
    }
}

#[async_trait]
impl HttpService for OwnClient {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let answer = self
            .0
            .exchange(http::Request::from_parts(parts, body))
            .await
            .map_err(|fault| {
                let kind = match &fault {
                    HttpFault::Url => HttpErrorKind::Unknown,
                    HttpFault::Connect { .. } => HttpErrorKind::Connect,
                    HttpFault::Broken { .. } => HttpErrorKind::Interrupted,
                    HttpFault::Late => HttpErrorKind::Timeout,
                };
                HttpError::new(kind, fault)
            })?;
        let (parts, body) = answer.into_parts();
        Ok(HttpResponse::from_parts(
            parts,
            HttpResponseBody::from(body),
        ))
    }
}
