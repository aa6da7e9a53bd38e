//! Makes media fit an MMS provider's rules.

mod attachment;
pub mod batch;
mod bundle;
mod check;
mod child;
mod clip;
mod code;
mod content_type;
mod error;
pub mod fit;
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
mod outgoing;
mod page;
mod prepare;
#[cfg(feature = "net")]
mod prepare_async;
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
