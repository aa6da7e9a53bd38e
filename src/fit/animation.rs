//! Animations stay animations: what cannot be made smaller here is refused, never turned into a still.

use crate::code::Code;
use crate::fit::{FitError, FitOptions, FittedImage, Source};
use crate::report::Finding;

/// Fits an animation. This build keeps animations as they are, or says that it cannot make them smaller.
pub(crate) fn fit_animation(
    source: Source<'_>,
    limit: u64,
    _options: &FitOptions,
) -> Result<FittedImage, FitError> {
    let finding = Finding::refused(
        Code::AnimationNotAccepted,
        format!(
            "an animation of {} frames is not made smaller by this build",
            source.sniffed.frames.unwrap_or(0)
        ),
    )
    .observed("bytes", source.bytes.len())
    .allowed("bytes", limit)
    .help("send a shorter or smaller animation, or allow a still of its first frame");
    Err(FitError::Refused {
        finding: Box::new(finding),
    })
}
