//! Carriers: the mobile networks that take the message from the provider, and what they let through.

use std::fmt;
use std::str::FromStr;

use super::carriers::CEILINGS;
use super::{Limit, Source};
use crate::units::ByteCount;

/// A mobile network behind the providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Carrier {
    /// AT&T.
    Att,
    /// T-Mobile USA.
    TMobile,
    /// Verizon Wireless.
    Verizon,
    /// U.S. Cellular.
    UsCellular,
}

/// The kind of number that a message is sent from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Route {
    /// A short code.
    ShortCode,
    /// A ten-digit long code.
    TenDlc,
}

/// The most bytes of all media of one message that a carrier takes, before base64.
///
/// # Examples
///
/// ```
/// use mmsfit::ByteCount;
/// use mmsfit::provider::CarrierCeiling;
///
/// let ceiling: CarrierCeiling = "verizon-10dlc".parse()?;
/// assert_eq!(ceiling.bytes.value(), ByteCount::new(1_310_720));
/// // Without a kind of number, the stricter of the two.
/// let ceiling: CarrierCeiling = "verizon".parse()?;
/// assert_eq!(ceiling.bytes.value(), ByteCount::new(1_260_000));
/// # Ok::<(), mmsfit::provider::UnknownCarrier>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CarrierCeiling {
    /// The carrier.
    pub carrier: Carrier,
    /// The kind of number sent from.
    pub route: Route,
    /// The ceiling.
    pub bytes: Limit<ByteCount>,
}

impl CarrierCeiling {
    /// Every ceiling known.
    pub const ALL: &'static [Self] = CEILINGS;

    /// The page that states the ceiling.
    #[must_use]
    pub const fn source(&self) -> Option<Source> {
        match self.bytes {
            Limit::Stated(_, source) => Some(source),
            Limit::Assumed { .. } => None,
        }
    }
}

impl Carrier {
    /// The name of the command line: `att`, `t-mobile`, `verizon`, `us-cellular`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Att => "att",
            Self::TMobile => "t-mobile",
            Self::Verizon => "verizon",
            Self::UsCellular => "us-cellular",
        }
    }
}

impl Route {
    /// The name of the command line: `shortcode`, `10dlc`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ShortCode => "shortcode",
            Self::TenDlc => "10dlc",
        }
    }
}

/// The carrier's name and the route's: `att-10dlc`.
impl fmt::Display for CarrierCeiling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.carrier.name(), self.route.name())
    }
}

impl FromStr for CarrierCeiling {
    type Err = UnknownCarrier;

    /// Reads `att-10dlc`, or `att` for the strictest ceiling of that carrier.
    fn from_str(name: &str) -> Result<Self, UnknownCarrier> {
        Self::ALL
            .iter()
            .filter(|ceiling| ceiling.carrier.name() == name || ceiling.to_string() == name)
            .min_by_key(|ceiling| ceiling.bytes.value())
            .copied()
            .ok_or_else(|| UnknownCarrier(name.to_owned()))
    }
}

/// A name that no carrier has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a carrier: known are att, t-mobile, verizon and us-cellular, each also with -shortcode or -10dlc behind it"
)]
pub struct UnknownCarrier(String);
