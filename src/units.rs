//! Units as types: a number that has one cannot be mistaken for another.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

/// The longest deadline or wait, whoever asks for it: clocks overflow far behind it.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A length in bytes.
///
/// Providers mean decimal units: 1 KB is 1,000 bytes and 1 MB is 1,000,000; `KiB` and `MiB` are the binary ones.
///
/// # Examples
///
/// ```
/// use mmsfit::ByteCount;
///
/// assert_eq!("1.5MB".parse(), Ok(ByteCount::new(1_500_000)));
/// assert_eq!("488KiB".parse(), Ok(ByteCount::new(499_712)));
/// assert_eq!(ByteCount::new(1_500_000).to_string(), "1,500,000 bytes");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ByteCount(u64);

impl ByteCount {
    /// This many bytes.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The length of a slice.
    #[must_use]
    pub const fn of(bytes: &[u8]) -> Self {
        Self(bytes.len() as u64)
    }

    /// The difference, zero where `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            Grouped(self.0),
            if self.0 == 1 { "byte" } else { "bytes" }
        )
    }
}

impl FromStr for ByteCount {
    type Err = ParseByteCountError;

    fn from_str(text: &str) -> Result<Self, ParseByteCountError> {
        let fault = || ParseByteCountError(text.to_owned());
        let text = text.trim();
        let digits = text
            .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let scale: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" | "byte" | "bytes" => 1,
            "k" | "kb" => 1_000,
            "m" | "mb" => 1_000_000,
            "g" | "gb" => 1_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            _ => return Err(fault()),
        };
        let number = number.replace('_', "");
        let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
        if whole.is_empty() || fraction.len() > 9 {
            return Err(fault());
        }
        // Integer arithmetic: 1.1MB must be 1,100,000 bytes on every machine.
        let whole: u128 = whole.parse().map_err(|_| fault())?;
        let tenth_power = 10_u128.pow(u32::try_from(fraction.len()).map_err(|_| fault())?);
        let fraction: u128 = if fraction.is_empty() {
            0
        } else {
            fraction.parse().map_err(|_| fault())?
        };
        let bytes = (whole * tenth_power + fraction) * u128::from(scale) / tenth_power;
        u64::try_from(bytes).map(Self).map_err(|_| fault())
    }
}

/// A text that is not a byte count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a size: write it as 500000, 500KB, 1.5MB or 488KiB")]
pub struct ParseByteCountError(String);

/// A number of pixels along one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Pixels(u32);

impl Pixels {
    /// This many pixels.
    #[must_use]
    pub const fn new(pixels: u32) -> Self {
        Self(pixels)
    }

    /// The number of pixels.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} px", Grouped(u64::from(self.0)))
    }
}

/// A duration in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Millis(u64);

impl Millis {
    /// This many milliseconds.
    #[must_use]
    pub const fn new(millis: u64) -> Self {
        Self(millis)
    }

    /// The number of milliseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.0 / 1_000, self.0 % 1_000)
    }
}

/// Digits in groups of three, as providers print their limits.
pub(crate) struct Grouped(pub(crate) u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.char_indices() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit_that_the_command_promises() {
        let cases = [
            ("500000", 500_000),
            ("500KB", 500_000),
            ("1.5MB", 1_500_000),
            ("488KiB", 499_712),
            ("1MiB", 1_048_576),
            ("0", 0),
            ("1_000", 1_000),
            ("1.1 MB", 1_100_000),
        ];
        for (text, bytes) in cases {
            assert_eq!(text.parse(), Ok(ByteCount::new(bytes)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_size() {
        for text in [
            "",
            "KB",
            "-1",
            "1e6",
            "1.5.2MB",
            "5 apples",
            "99999999999999999999",
            "1.0000000001MB",
        ] {
            assert_eq!(
                text.parse::<ByteCount>(),
                Err(ParseByteCountError(text.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn groups_digits() {
        let printed: Vec<String> = [0, 999, 1_000, 1_500_000]
            .map(|n| ByteCount::new(n).to_string())
            .into();
        assert_eq!(
            printed,
            ["0 bytes", "999 bytes", "1,000 bytes", "1,500,000 bytes"]
        );
    }
}
