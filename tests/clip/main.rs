//! Video and sound: what is found in them, what is written anew without an encoder, what is encoded to fit.
//!
//! Needs ffmpeg, ffprobe and exiftool: they are the judges that share nothing with this crate.

#[cfg(unix)]
mod child;
mod encode;
mod figures;
mod judge;
mod phones;
mod probe;
mod rewrite;

use std::path::PathBuf;

/// The folder of fixtures.
fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}
