//! Hosting: media published where the provider fetches it, and proved there before any message names it.

mod carrierx;
mod folder;
mod name;
#[cfg(feature = "object-store")]
mod object;
mod publish;
mod server;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use url::Url;

pub use carrierx::CarrierXStorage;
pub use folder::{FolderHost, Swept};
pub use name::NameKey;
#[cfg(feature = "object-store")]
pub use object::ObjectStoreHost;
pub use publish::{HostingError, publish_and_verify};
pub use server::{Server, ServerLimits, ServerReport};

use crate::attachment::redacted;
use crate::bundle::Part;
use crate::content_type::ContentType;
use crate::outgoing::HttpFault;
use crate::provider::Rules;

/// One publication: where the part is served, or why it is not.
pub type Published<'a> = Pin<Box<dyn Future<Output = Result<HostedUrl, HostError>> + Send + 'a>>;

/// Whoever can put a part where a provider fetches it. To publish the same part twice is to publish it once.
///
/// # Examples
///
/// ```no_run
/// use mmsfit::{Attachment, FetchPolicy, FolderHost, Provider, prepare, publish_and_verify};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let prepared = prepare([Attachment::from_path("photo.jpg")], Provider::Sinch).await?;
/// let bundle = prepared.into_bundle()?;
/// let host = FolderHost::new("/srv/media", "https://mms.example.com".parse()?)?;
/// let bundle = publish_and_verify(bundle, &host, FetchPolicy::new()).await?;
/// for part in bundle.parts() {
///     println!("{:?}", part.url());
/// }
/// # Ok(())
/// # }
/// ```
///
/// A host of one's own, such as a folder that another server publishes:
///
/// ```
/// use std::path::PathBuf;
///
/// use mmsfit::host::Published;
/// use mmsfit::{Attachment, HostError, HostedUrl, MediaHost, Part, Provider, prepare};
///
/// struct Shelf(PathBuf);
///
/// impl MediaHost for Shelf {
///     fn publish<'a>(&'a self, part: &'a Part) -> Published<'a> {
///         Box::pin(async move {
///             let path = self.0.join(part.name());
///             tokio::fs::write(&path, part.bytes())
///                 .await
///                 .map_err(|source| HostError::Folder { path, source })?;
///             let url = format!("https://media.example.com/{}", part.name());
///             let url = url.parse().map_err(|_| HostError::Unreadable("the name fits no URL"))?;
///             Ok(HostedUrl::new(url, None))
///         })
///     }
/// }
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let folder = tempfile::tempdir()?;
/// let shelf = Shelf(folder.path().to_owned());
/// # let pixel = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
/// let photo = Attachment::from_bytes(&pixel[..]).named("pixel.gif");
/// let bundle = prepare([photo], Provider::Sinch).await?.into_bundle()?;
/// let hosted = shelf.publish(&bundle.parts()[0]).await?;
/// assert_eq!(hosted.url.as_str(), "https://media.example.com/pixel.gif");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait MediaHost: Send + Sync {
    /// Publishes one part.
    fn publish<'a>(&'a self, part: &'a Part) -> Published<'a>;
}

/// Where a part is served.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostedUrl {
    /// The URL for the provider.
    pub url: Url,
    /// When it stops being served; `None` where nothing ends it.
    pub expires: Option<SystemTime>,
}

impl HostedUrl {
    /// Served at this URL, until this time where something ends it.
    #[must_use]
    pub fn new(url: Url, expires: Option<SystemTime>) -> Self {
        Self { url, expires }
    }
}

/// Why a part could not be published. No text of it shows a key, a token or a query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The folder, or a file in it, could not be read or written.
    #[error("cannot use {path}", path = path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The key of the names is none.
    #[error("the key of the media names cannot be used: {0}")]
    Key(&'static str),
    /// No provider fetches this type by URL, or no file extension stands for it alone.
    #[error("{0} is not a type that is hosted")]
    NotHosted(ContentType),
    /// The public URL cannot be the front of a media URL.
    #[error("{url} cannot be a public URL: {why}")]
    PublicUrl {
        /// The URL as it may be shown.
        url: String,
        /// Why not.
        why: &'static str,
    },
    /// Media would be deleted before the provider may have fetched it.
    #[error(
        "media would be kept for {given:?}, a provider may fetch it {needed:?} after the message"
    )]
    TooShort {
        /// The time asked for.
        given: Duration,
        /// The longest delivery window of all providers.
        needed: Duration,
    },
    /// The provider's storage was not reached, or broke off.
    #[error("cannot upload to the provider's storage")]
    Upload {
        /// Why not.
        source: HttpFault,
    },
    /// The provider's storage said no.
    #[error("the provider's storage answered {status}: {said}")]
    Rejected {
        /// The status.
        status: u16,
        /// The beginning of what it said, control characters taken out.
        said: String,
    },
    /// The provider's storage said yes, but not where.
    #[error("the provider's storage answered what cannot be used: {0}")]
    Unreadable(&'static str),
    /// The object store did not take it.
    #[error("the object store did not take the media")]
    Store {
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The runtime stopped before the work was done.
    #[error("the runtime shut down before the work was done")]
    Cancelled,
}

/// The longest time after a message in which a provider may still fetch its media: no host may end sooner.
#[must_use]
pub fn delivery_window() -> Duration {
    let longest = Rules::ALL
        .iter()
        .map(|rules| rules.url.must_live.value().get())
        .max();
    Duration::from_millis(longest.unwrap_or_default())
}

/// The public URL as the front of media URLs: its path ends in a slash.
fn front(url: &Url) -> Result<Url, HostError> {
    let fault = |why| {
        Err(HostError::PublicUrl {
            url: redacted(url.as_str()),
            why,
        })
    };
    match url.scheme() {
        _ if !url.has_host() => return fault("it names no host"),
        "http" | "https" => {}
        _ => return fault("it is neither http nor https"),
    }
    if url.query().is_some() || url.fragment().is_some() {
        return fault("it has a query or a fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fault("it has a user name or a password");
    }
    let mut url = url.clone();
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_the_longest_of_the_rules() {
        assert_eq!(delivery_window(), Duration::from_secs(3 * 24 * 3_600));
    }

    #[test]
    fn a_public_url_is_a_front_or_refused_without_its_secrets() {
        let front = |text: &str| front(&text.parse::<Url>().expect("a URL"));
        assert_eq!(
            front("https://a.test/b").map(String::from).ok().as_deref(),
            Some("https://a.test/b/")
        );
        assert_eq!(
            front("https://a.test").map(String::from).ok().as_deref(),
            Some("https://a.test/")
        );
        for (url, told) in [
            (
                "https://u:secret@a.test/b",
                "...@a.test/b cannot be a public URL: it has a user name or a password",
            ),
            (
                "https://a.test/b?secret",
                "https://a.test/b cannot be a public URL: it has a query or a fragment",
            ),
            (
                "ftp://a.test/b",
                "ftp://a.test/b cannot be a public URL: it is neither http nor https",
            ),
            (
                "data:text/plain,x",
                "data:text/plain,x cannot be a public URL: it names no host",
            ),
        ] {
            let fault = front(url).map(String::from).expect_err(url);
            assert_eq!(fault.to_string(), told);
        }
    }
}
