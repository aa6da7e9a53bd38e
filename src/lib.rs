//! Makes media fit an MMS provider's rules.
