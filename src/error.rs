//! Faults of the surroundings or of the call, never of the media: bad media is a finding.

use std::io;
use std::path::PathBuf;

/// Why a call could not be carried out at all.
///
/// Media that cannot be sent is no error: it is told by the report. The text of an error is a fragment that does not
/// repeat its source; walk [`std::error::Error::source`] for the rest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The call itself cannot be meant: no attachment, a cap of zero, rules without types.
    #[error("{0}")]
    Misuse(Misuse),
    /// Something could not be written.
    #[error("cannot write {path}", path = path.display())]
    Write {
        /// Where to.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The worker threads could not be started.
    #[error("cannot start the worker threads")]
    Workers {
        /// Why not.
        source: rayon::ThreadPoolBuildError,
    },
    /// The runtime stopped before the work was done.
    #[error("the runtime shut down before the work was done")]
    Cancelled,
}

/// A call that cannot be meant: mended by reading the documentation, never caused by media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// The limit is zero.
    #[error("the byte limit is zero: nothing fits; give a size such as 500KB")]
    ZeroLimit,
    /// The rules accept nothing.
    #[error("the rules accept no content type: start from `Provider::rules()` and change that")]
    NoTypes,
    /// The target lies above the cap.
    #[error("the target lies above the provider's cap: a cap is hard")]
    TargetOverCap,
    /// No worker threads.
    #[error("the number of workers is zero")]
    NoWorkers,
    /// More worker threads than any machine has use for.
    #[error("more than {most} workers")]
    TooManyWorkers {
        /// As many may be asked for.
        most: usize,
    },
}

impl From<Misuse> for Error {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}
