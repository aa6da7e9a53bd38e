//! Video and sound: what is found in them, what is written anew without an encoder, what is encoded to fit.

mod probe;

use std::path::PathBuf;

/// The folder of fixtures.
fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}
