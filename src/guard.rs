//! Where a fault of our own ends.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::code::Code;
use crate::report::Finding;

/// The one seam that catches panics: a fault of ours becomes a finding on that item, and the rest goes on.
pub(crate) fn guarded<T>(stage: impl FnOnce() -> Result<T, Finding>) -> Result<T, Finding> {
    catch_unwind(AssertUnwindSafe(stage)).unwrap_or_else(|_| {
        Err(Finding::refused(
            Code::InternalFault,
            "mmsfit failed on this attachment; nothing of it was used",
        )
        .help("please report it, with the attachment if you may share it"))
    })
}
