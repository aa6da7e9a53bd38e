//! Makes media fit an MMS provider's rules.

mod attachment;
mod bundle;
mod code;
mod content_type;
pub mod fit;
pub mod provider;
mod report;
pub mod sniff;
mod units;

pub use attachment::Attachment;
pub use bundle::PartFacts;
pub use code::{Code, Explanation, ProviderCode, Severity, UnknownCode};
pub use content_type::{ContentType, Family};
pub use fit::{FitError, FitOptions, FittedImage};
pub use provider::{Provider, Rules};
pub use report::{Action, Facts, Finding, Outcome, PartReport, Provenance, Report, Value, Verdict};
pub use sniff::{Sniffed, Track, TrackKind};
pub use units::{ByteCount, Millis, ParseByteCountError, Pixels};
