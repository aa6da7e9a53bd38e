//! JPEG in the coefficient domain (ITU-T T.81): read, scale, requantise, write. Knows nothing of messages.

mod bits;
mod dct;
mod decode;
mod encode;
mod header;
mod huffman;
mod processor;
mod progressive;
mod quant;
mod rows;
mod scale;
mod scans;
mod tokens;

pub(crate) use dct::{Block, COEFFICIENT_UNIT, forward};
pub(crate) use decode::{CoefficientPlane, Coefficients, decode};
pub(crate) use encode::{Tables, encode, header_len};
#[cfg(any(test, feature = "bench-internals"))]
pub(crate) use header::probe;
pub(crate) use header::{Frame, FrameComponent, Model};
pub(crate) use processor::on_this_processor;
#[cfg(feature = "bench-internals")]
pub(crate) use quant::use_others;
pub(crate) use quant::{QuantTable, Quantiser, chroma_table, factor_of, luma_table, quality_of};
pub(crate) use rows::{BlockRow, RowBuilder, sparse};
pub(crate) use scale::{Inverse, inverse};
pub(crate) use tokens::{Shape, Statistics, Tokens};

/// What a reader may spend on one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Pixels of the frame. Default: 100 million.
    pub(crate) max_pixels: u64,
    /// Scans in the file. Default: 100.
    pub(crate) max_scans: u32,
    /// Blocks visited over all scans. Default: 40 million.
    pub(crate) max_block_visits: u64,
    /// Marker segments in the file. Default: 10,000.
    pub(crate) max_segments: u32,
    /// Bytes of coefficients kept, whatever the length of the file. Default: 160 MiB.
    pub(crate) max_coefficient_bytes: u64,
    /// Bytes of coefficients that any file may ask for, beside 32 for each of its own. Default: 64 MiB.
    pub(crate) least_coefficient_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pixels: 100_000_000,
            max_scans: 100,
            max_block_visits: 40_000_000,
            max_segments: 10_000,
            max_coefficient_bytes: 160 << 20,
            least_coefficient_bytes: 64 << 20,
        }
    }
}

/// Departures from T.81 that viewers tolerate and so do we.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// The file ends without an EOI marker, after complete entropy-coded data.
    pub(crate) missing_end: bool,
    /// Bytes follow the EOI marker.
    pub(crate) trailing_bytes: u64,
    /// Bytes that belong to nothing stand between segments.
    pub(crate) stray_bytes: bool,
    /// The JFIF density is zero or its unit unknown.
    pub(crate) wrong_density: bool,
}

/// Why a JPEG cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The bytes do not start with an SOI marker.
    #[error("not a JPEG: no start-of-image marker")]
    NotJpeg,
    /// The data ends before the picture does.
    #[error("truncated: the data ends before the picture does")]
    Truncated,
    /// The data contradicts itself or T.81.
    #[error("corrupt: {0}")]
    Corrupt(&'static str),
    /// A process of T.81 that is recognised and not read.
    #[error("unsupported JPEG process: {0}")]
    Unsupported(&'static str),
    /// A limit would be passed.
    #[error("over the limit: {value} {what}, {allowed} allowed")]
    OverLimit {
        /// What is limited.
        what: &'static str,
        /// What the file asks for.
        value: u64,
        /// What is allowed.
        allowed: u64,
    },
}

/// T.81 figure A.6: natural (row-major) index of each zigzag position.
pub(crate) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];
