//! Makes media fit an MMS provider's rules.

mod attachment;
pub mod batch;
mod bundle;
mod check;
mod clip;
mod code;
mod content_type;
mod error;
pub mod fit;
#[cfg(feature = "bench-internals")]
#[doc(hidden)]
pub mod internals;
mod jpeg;
mod message_rules;
mod prepare;
#[cfg(feature = "net")]
mod prepare_async;
#[cfg(feature = "net")]
mod prepare_url;
pub mod provider;
mod raster;
mod read;
mod report;
pub mod sniff;
mod units;
mod verify;

pub use attachment::Attachment;
pub use bundle::{Bundle, Part, PartFacts};
pub use clip::{Progress, Transcoder};
pub use code::{Code, Explanation, ProviderCode, Severity, UnknownCode};
pub use content_type::{ContentType, Family};
pub use error::{Error, Misuse};
pub use fit::{FitError, FitOptions, FittedImage, fit_image};
pub use prepare::{Prepared, Preparer, prepare};
pub use provider::{Provider, Rules};
pub use report::v1 as report_v1;
pub use report::{Action, Facts, Finding, Outcome, PartReport, Provenance, Report, Value, Verdict};
pub use sniff::{Sniffed, Track, TrackKind};
pub use units::{ByteCount, Millis, ParseByteCountError, Pixels};
#[cfg(feature = "net")]
pub use verify::address::{AddressRange, UnknownRange};
#[cfg(feature = "net")]
pub use verify::remote::{Exchange, FetchPolicy, Resolution, Resolve, UrlVerdict, UrlVerifier};
