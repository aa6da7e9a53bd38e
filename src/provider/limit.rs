//! Who vouches for a value: a page on a day, or we ourselves with a reason.

/// The page that states a rule, and the day it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The page's address or the document's title.
    pub page: &'static str,
    /// The day, as `YYYY-MM-DD`.
    pub seen: &'static str,
}

/// A value that a provider states, or that we assume because its pages are silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit<T> {
    /// Stated by the page.
    Stated(T, Source),
    /// Not stated anywhere: what we assume, and why.
    Assumed {
        /// The value.
        value: T,
        /// The reason.
        why: &'static str,
    },
}

impl<T: Copy> Limit<T> {
    /// The value, whoever vouches for it.
    #[must_use]
    pub const fn value(&self) -> T {
        match self {
            Self::Stated(value, _) | Self::Assumed { value, .. } => *value,
        }
    }
}

/// A value of the caller's own.
impl<T> From<T> for Limit<T> {
    fn from(value: T) -> Self {
        Self::Assumed {
            value,
            why: "given by the caller",
        }
    }
}

/// Two pages that disagree: the rule follows the stricter one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// The rule, as [`Rules::facts`](super::Rules::facts) names it.
    pub rule: &'static str,
    /// What the other page says.
    pub says: &'static str,
    /// The other page.
    pub source: Source,
}
