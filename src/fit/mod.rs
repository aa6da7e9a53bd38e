//! Fitting.
pub(crate) mod photo;
