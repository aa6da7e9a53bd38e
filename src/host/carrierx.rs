//! CarrierX's own storage as a host: the request that uploads a file, and what its answer says.
//!
//! Core API v2, `POST /core/v2/storage/files`: `multipart/form-data` with the part `file_object` (JSON) and the part `data`;
//! 201 with a File object, whose `publish_uri` is public.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{HostError, HostedUrl, MediaHost, Published};
use crate::bundle::Part;
use crate::multipart::{Piece, encode};
use crate::outgoing::{Http, HttpClient};

/// Where uploads go unless the endpoint is replaced.
const ENDPOINT: &str = "https://api.carrierx.com";
/// The documented path.
const PATH: &str = "core/v2/storage/files";

/// Publishes in a storage container of CarrierX.
#[derive(Clone)]
pub struct CarrierXStorage {
    client: Arc<dyn Http>,
    endpoint: Url,
    authorization: HeaderValue,
    container: Option<String>,
}

impl CarrierXStorage {
    /// Uploads with this token, of scope `storage.manage`.
    ///
    /// # Errors
    ///
    /// A token that cannot stand in a header.
    pub fn new(token: &str) -> Result<Self, HostError> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
            .map_err(|_| HostError::Key("the token has characters that no header can hold"))?;
        authorization.set_sensitive(true);
        let endpoint = Url::parse(ENDPOINT).map_err(|_| HostError::PublicUrl {
            url: ENDPOINT.to_owned(),
            why: "it is no URL",
        })?;
        Ok(Self {
            client: Arc::new(HttpClient::new()),
            endpoint,
            authorization,
            container: None,
        })
    }

    /// The container to upload to. Default: the account's default container.
    #[must_use]
    pub fn container(mut self, container_sid: impl Into<String>) -> Self {
        self.container = Some(container_sid.into());
        self
    }

    /// Replaces scheme and authority of the requests: a test double.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Url) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// Replaces whoever carries out the requests.
    #[must_use]
    pub fn client(mut self, client: impl Http + 'static) -> Self {
        self.client = Arc::new(client);
        self
    }

    /// The request that uploads a part.
    ///
    /// # Errors
    ///
    /// The endpoint is no URL that a request can go to.
    pub fn request(&self, part: &Part) -> Result<http::Request<Bytes>, HostError> {
        let url = self.endpoint.join(PATH).map_err(|_| self.bad_endpoint())?;
        let file = FileObject {
            name: part.name(),
            container_sid: self.container.as_deref(),
        };
        let file = serde_json::to_vec(&file)
            .map_err(|_| HostError::Unreadable("the file object cannot be written"))?;
        let (boundary, body) = encode(&[
            Piece {
                name: "file_object",
                file_name: None,
                content_type: "application/json",
                bytes: &file,
            },
            Piece {
                name: "data",
                file_name: Some(part.name()),
                content_type: part.content_type(),
                bytes: part.bytes(),
            },
        ]);
        http::Request::post(url.as_str())
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "application/json")
            .header(
                CONTENT_TYPE,
                format!("multipart/form-data; boundary={boundary}"),
            )
            .body(body)
            .map_err(|_| self.bad_endpoint())
    }

    /// Where the answer says that the file is.
    ///
    /// # Errors
    ///
    /// Rejected, or nothing that names a public URL.
    pub fn read(&self, answer: &http::Response<Bytes>) -> Result<HostedUrl, HostError> {
        if !answer.status().is_success() {
            return Err(HostError::Rejected {
                status: answer.status().as_u16(),
                said: self.beginning(answer.body()),
            });
        }
        let file: StoredFile = serde_json::from_slice(answer.body())
            .map_err(|_| HostError::Unreadable("no File object"))?;
        let uri = file
            .publish_uri
            .ok_or(HostError::Unreadable("the file is not published"))?;
        let mut url =
            Url::parse(&uri).map_err(|_| HostError::Unreadable("its publish_uri is no URL"))?;
        // The documentation shows http; whoever fetches should not have to. A test double stays as it is.
        if url.scheme() == "http" && self.endpoint.scheme() == "https" {
            url.set_scheme("https")
                .map_err(|()| HostError::Unreadable("its publish_uri is no URL"))?;
        }
        Ok(HostedUrl::new(url, None))
    }

    /// What an answer says, for people: its first characters, without control characters and without the token that it
    /// may repeat.
    fn beginning(&self, body: &[u8]) -> String {
        let said = String::from_utf8_lossy(body);
        let token = self.authorization.to_str().unwrap_or_default();
        let said = match token.strip_prefix("Bearer ") {
            Some(token) if !token.is_empty() => said.replace(token, "***"),
            _ => said.into_owned(),
        };
        said.chars()
            .filter(|character| !character.is_control())
            .take(200)
            .collect()
    }

    fn bad_endpoint(&self) -> HostError {
        HostError::PublicUrl {
            url: crate::attachment::redacted(self.endpoint.as_str()),
            why: "no request can go there",
        }
    }
}

impl MediaHost for CarrierXStorage {
    fn publish<'a>(&'a self, part: &'a Part) -> Published<'a> {
        Box::pin(async move {
            let answer = self
                .client
                .exchange(self.request(part)?)
                .await
                .map_err(|source| HostError::Upload { source })?;
            self.read(&answer)
        })
    }
}

/// Never the token.
impl fmt::Debug for CarrierXStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CarrierXStorage")
            .field("endpoint", &self.endpoint.as_str())
            .field("container", &self.container)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct FileObject<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    container_sid: Option<&'a str>,
}

#[derive(Deserialize)]
struct StoredFile {
    publish_uri: Option<String>,
}
