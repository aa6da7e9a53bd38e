//! The inner loops, compiled twice: for any processor, and for those that have wider lanes.

/// Runs an expression compiled for the processor at hand. What it calls must be `#[inline(always)]` to share in that;
/// before `=>` stands a name for the token by which lanes are written out.
///
/// Lanes only change how many values are worked on at once: no result depends on the processor.
macro_rules! on_this_processor {
    ($work:expr) => {
        on_this_processor!(_simd => $work)
    };
    ($simd:pat => $work:expr) => {{
        #[cfg(target_arch = "x86_64")]
        {
            let level = fearless_simd::Level::new();
            match (level.as_avx2(), level.as_sse2()) {
                (Some(wide), _) => fearless_simd::Simd::vectorize(
                    wide,
                    #[inline(always)]
                    || {
                        let $simd = wide;
                        $work
                    },
                ),
                (None, Some($simd)) => $work,
                (None, None) => unreachable!("SSE2 is part of x86-64"),
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            fearless_simd::dispatch!(fearless_simd::Level::new(), $simd => $work)
        }
    }};
}

pub(crate) use on_this_processor;
