//! Makes media fit an MMS provider's rules: RingCentral, Sinch, CarrierX, TSG Global.
//!
//! [`prepare()`] finds out what the bytes really are, holds them against the provider's rules, turns, converts and downsizes
//! pictures so that they fit and still look good, proves the result by reading it again, and returns a [`Bundle`] that the
//! provider will accept, or a [`Report`] that says exactly why there can be none. What is wrong with media is a
//! [`Finding`] with a stable [`Code`]; an [`Error`] is for the surroundings and for misuse alone.
#![cfg_attr(
    feature = "net",
    doc = r#"
```no_run
use mmsfit::send::{Client, Ledger, Sinch};
use mmsfit::{Attachment, FetchPolicy, FolderHost, Message, Provider, prepare, publish_and_verify};

# async fn run() -> Result<(), Box<dyn std::error::Error>> {
let prepared = prepare([Attachment::from_path("photo.heic")], Provider::Sinch).await?;
println!("{}", prepared.report());
let bundle = prepared.into_bundle()?;

// Sinch fetches media by URL: it is published, and fetched as Sinch will fetch it, before any message names it.
let host = FolderHost::new("/srv/mms", "https://mms.example.com".parse()?)?;
let bundle = publish_and_verify(bundle, &host, FetchPolicy::new()).await?;

let message = Message::compose(bundle)
    .from("+15551230000")
    .to(["+15551230001"])
    .text("Hi")
    .no_fallback()
    .client_reference("order-4711")
    .build()?;
let client = Client::new(Sinch::new("API key", "service id")).ledger(Ledger::open("sent.redb")?);
let receipt = client.send(&message).await?;
println!("{} is {}", receipt.id, receipt.status.name());
# Ok(())
# }
```
"#
)]
//!
//! - [`Preparer`] is [`prepare()`] with choices; its `prepare_stream` prepares many messages in constant memory.
//! - [`fit_image`] is the size-fitting engine by itself; [`sniff`] tells what bytes are; [`provider`] has the rules, each
//!   with its source.
//! - `UrlVerifier` fetches a URL the way a provider does; `host` publishes media; `send` sends messages once; `receive`
//!   reads the providers' callbacks.
//!
//! Without the feature `net` the same calls exist for bytes and paths, synchronous. The features `cli` (the command),
//! `net`, `heic`, `svg` and `object-store` are on by default; `avif`, `jxl` and `pdf` are off.

mod attachment;
pub mod batch;
mod bundle;
mod check;
mod child;
mod choices;
mod clip;
mod code;
mod content_type;
#[cfg(feature = "net")]
mod dial;
#[cfg(feature = "net")]
mod durable;
mod error;
pub mod fit;
mod guard;
#[cfg(feature = "net")]
pub mod host;
#[cfg(feature = "bench-internals")]
#[doc(hidden)]
pub mod internals;
mod jpeg;
#[cfg(feature = "net")]
mod message;
mod message_rules;
#[cfg(feature = "net")]
mod multipart;
#[cfg(feature = "net")]
mod outgoing;
mod page;
mod prepare;
#[cfg(feature = "net")]
mod prepare_async;
#[cfg(feature = "net")]
mod prepare_host;
#[cfg(feature = "net")]
mod prepare_url;
pub mod provider;
mod raster;
mod read;
#[cfg(feature = "net")]
pub mod receive;
mod report;
#[cfg(feature = "net")]
pub mod send;
pub mod sniff;
mod text;
mod units;
mod verify;

pub use attachment::Attachment;
pub use bundle::{Bundle, Part, PartFacts};
pub use choices::{Stage, Step};
pub use clip::{Progress, Transcoder};
pub use code::{Code, Explanation, ProviderCode, Severity, UnknownCode};
pub use content_type::{ContentType, Family};
pub use error::{Error, Misuse};
pub use fit::{FitError, FitOptions, FittedImage, fit_image};
#[cfg(feature = "net")]
pub use host::{FolderHost, HostError, HostedUrl, HostingError, MediaHost, publish_and_verify};
#[cfg(feature = "net")]
pub use message::{Compose, Fallback, Message, NotANumber, PhoneNumber, Slide, Travel};
#[cfg(feature = "net")]
pub use outgoing::{Exchanged, Http, HttpClient, HttpFault};
pub use page::PageRenderer;
#[cfg(feature = "pdf")]
pub use page::{PageFault, draw_first_page};
pub use prepare::{Prepared, Preparer, prepare};
#[cfg(feature = "net")]
pub use prepare_url::CheckedUrl;
pub use provider::{Provider, Rules};
pub use report::v1 as report_v1;
pub use report::{Action, Facts, Finding, Outcome, PartReport, Provenance, Report, Value, Verdict};
pub use sniff::{Sniffed, Track, TrackKind};
pub use units::{ByteCount, Millis, ParseByteCountError, Pixels};
#[cfg(feature = "net")]
pub use verify::address::{AddressRange, UnknownRange};
#[cfg(feature = "net")]
pub use verify::remote::{Exchange, FetchPolicy, Resolution, Resolve, UrlVerdict, UrlVerifier};
