//! Makes media fit an MMS provider's rules.

mod fit;
#[cfg(feature = "bench-internals")]
#[doc(hidden)]
pub mod internals;
mod jpeg;
