//! The inner loops, compiled twice: for any processor, and for those that have wider lanes.

/// Runs an expression compiled for the processor at hand. What it calls must be `#[inline(always)]` to share in that.
///
/// Lanes only change how many values are worked on at once: no result depends on the processor.
macro_rules! on_this_processor {
    ($work:expr) => {{
        #[cfg(target_arch = "x86_64")]
        {
            match fearless_simd::Level::new().as_avx2() {
                Some(wide) => fearless_simd::Simd::vectorize(
                    wide,
                    #[inline(always)]
                    || $work,
                ),
                None => $work,
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            $work
        }
    }};
}

pub(crate) use on_this_processor;
