//! The ceilings of the networks behind the providers, pure data.

use super::Limit::Stated;
use super::Source;
use super::carrier::{Carrier, CarrierCeiling, Route};
use crate::units::ByteCount;

/// The table that Sinch publishes; the operators change it without notice.
pub(super) const CEILINGS: &[CarrierCeiling] = &[
    CarrierCeiling {
        carrier: Carrier::Att,
        route: Route::ShortCode,
        bytes: Stated(ByteCount::new(1_050_000), SIZES),
    },
    CarrierCeiling {
        carrier: Carrier::TMobile,
        route: Route::ShortCode,
        bytes: Stated(ByteCount::new(2_100_000), SIZES),
    },
    CarrierCeiling {
        carrier: Carrier::Verizon,
        route: Route::ShortCode,
        bytes: Stated(ByteCount::new(1_260_000), SIZES),
    },
    CarrierCeiling {
        carrier: Carrier::UsCellular,
        route: Route::ShortCode,
        bytes: Stated(ByteCount::new(5_250_000), SIZES),
    },
    CarrierCeiling {
        carrier: Carrier::Att,
        route: Route::TenDlc,
        bytes: Stated(ByteCount::new(1_530_843), SIZES),
    },
    CarrierCeiling {
        carrier: Carrier::TMobile,
        route: Route::TenDlc,
        bytes: Stated(ByteCount::new(2_306_867), SIZES),
    },
    CarrierCeiling {
        carrier: Carrier::Verizon,
        route: Route::TenDlc,
        bytes: Stated(ByteCount::new(1_310_720), SIZES),
    },
    CarrierCeiling {
        carrier: Carrier::UsCellular,
        route: Route::TenDlc,
        bytes: Stated(ByteCount::new(1_530_843), SIZES),
    },
];

const SIZES: Source = Source {
    page: "https://community.sinch.com/t5/MMS/What-is-the-maximum-size-of-MMS-message-that-you-can-send/ta-p/7847",
    seen: "2026-11-21",
};
