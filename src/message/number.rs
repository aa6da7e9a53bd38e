//! Telephone numbers: E.164, or a short code where the provider has such senders.

use std::fmt;
use std::str::FromStr;

/// A telephone number of ITU-T E.164, or a short code.
///
/// Read with its country code in front: `+1 555 123 0000`; spaces, dots, hyphens and parentheses are left out, and nothing
/// else is changed. Nothing is guessed: without `+` only a short code of 3 to 8 digits is one, and a number that holds the
/// zero of calls within its country is refused.
///
/// # Examples
///
/// ```
/// use mmsfit::PhoneNumber;
///
/// let number: PhoneNumber = "+44 20 7946-0958".parse()?;
/// assert_eq!(number.to_string(), "+442079460958");
/// assert!("555-1234-5678".parse::<PhoneNumber>().is_err());
/// # Ok::<(), mmsfit::NotANumber>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber {
    digits: String,
    is_short_code: bool,
    is_in_plan: bool,
}

/// The most digits of an international number (ITU-T E.164 §6).
const MOST_DIGITS: usize = 15;
/// The fewest: three of the country code and four behind it, as on Saint Helena.
const FEWEST_DIGITS: usize = 7;
/// More than any number needs with its punctuation.
const MOST_CHARACTERS: usize = 40;
/// Digits of a short code.
const SHORT_CODE: std::ops::RangeInclusive<usize> = 3..=8;

impl PhoneNumber {
    /// The digits alone, country code first.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// Whether it is a short code.
    #[must_use]
    pub fn is_short_code(&self) -> bool {
        self.is_short_code
    }

    /// Whether the numbering plan of its country knows such a number. Plans change: a new range may be missing here.
    #[must_use]
    pub fn is_in_plan(&self) -> bool {
        self.is_in_plan
    }

    /// As the provider wants it: with `+` in front or not. A short code never has one.
    pub(crate) fn written(&self, with_plus: bool) -> String {
        if with_plus && !self.is_short_code {
            format!("+{}", self.digits)
        } else {
            self.digits.clone()
        }
    }
}

/// E.164 with `+`; a short code as it is.
impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(true))
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({self})")
    }
}

impl FromStr for PhoneNumber {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        let text = text.trim();
        let fault = |why| Err(NotANumber { why });
        if text.is_empty() {
            return fault("it is empty");
        }
        if text.len() > MOST_CHARACTERS {
            return fault("it is too long");
        }
        // Letters, extensions, `tel:` and other alphabets' digits mean something to a parser that guesses: not here.
        let known = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')');
        let (has_plus, rest) = text
            .strip_prefix('+')
            .map_or((false, text), |rest| (true, rest));
        if !rest.chars().all(known) {
            return fault("only digits, spaces, dots, hyphens and parentheses may follow the `+`");
        }
        if !has_plus {
            if rest.bytes().all(|byte| byte.is_ascii_digit()) && SHORT_CODE.contains(&rest.len()) {
                return Ok(Self {
                    digits: rest.to_owned(),
                    is_short_code: true,
                    is_in_plan: true,
                });
            }
            return fault("it has no country code: begin with `+`");
        }
        let Ok(parsed) = phonenumber::parse(None, text) else {
            return fault("no country has such a code, or too few digits follow it");
        };
        let national = parsed.national();
        // Zeros in front that belong to the number, as in Italy.
        let digits = format!(
            "{}{}{}",
            parsed.country().code(),
            "0".repeat(usize::from(national.zeros())),
            national.value()
        );
        // The parser leaves out what is dialled within the country only. What is sent is what was written, or nothing.
        let written: String = rest.chars().filter(char::is_ascii_digit).collect();
        if written != digits {
            return fault(
                "its country writes it otherwise abroad: leave out the prefix of calls within it",
            );
        }
        if digits.len() > MOST_DIGITS {
            return fault("it has more than 15 digits");
        }
        if digits.len() < FEWEST_DIGITS {
            return fault("it has too few digits");
        }
        // The plan of North America has one length.
        if parsed.country().code() == 1 && digits.len() != 11 {
            return fault("numbers of country code 1 have ten digits behind it");
        }
        Ok(Self {
            is_in_plan: phonenumber::is_valid(&parsed),
            is_short_code: false,
            digits,
        })
    }
}

/// A text that is not a telephone number. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a telephone number: {why}")]
pub struct NotANumber {
    why: &'static str,
}

impl NotANumber {
    /// The reason.
    #[must_use]
    pub fn why(&self) -> &'static str {
        self.why
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_however_they_are_punctuated() {
        for (text, read) in [
            ("+15551230000", "+15551230000"),
            (" +1 (555) 123-0000 ", "+15551230000"),
            ("+1.212.555.0100", "+12125550100"),
            ("+44 20 7946-0958", "+442079460958"),
            ("+390612345678", "+390612345678"),
            ("+2908123", "+2908123"),
            ("+49 1512 3456789", "+4915123456789"),
            ("12345", "12345"),
        ] {
            let number: Result<PhoneNumber, NotANumber> = text.parse();
            assert_eq!(
                number.map(|number| number.to_string()),
                Ok(read.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn international_numbers_stay_as_they_were_written() -> Result<(), NotANumber> {
        for text in [
            "+12125550100",
            "+442079460958",
            "+393331234567",
            "+390612345678",
            "+5491123456789",
            "+5521987654321",
            "+525512345678",
            "+861012345678",
            "+8613912345678",
            "+819012345678",
            "+33612345678",
            "+4915123456789",
            "+61412345678",
            "+254712345678",
            "+2348012345678",
            "+919876543210",
            "+79161234567",
            "+6591234567",
            "+972502345678",
            "+37061234567",
        ] {
            let number: PhoneNumber = text.parse()?;
            assert_eq!(number.to_string(), text);
            assert!(number.is_in_plan(), "{text}");
        }
        Ok(())
    }

    #[test]
    fn what_is_no_number_is_refused_with_a_reason() {
        for text in [
            "",
            "+",
            "++15551230000",
            "15551230000",
            "5551230000",
            "+1555123000",
            "+44 (0)20 7946 0958",
            "+4402079460958",
            "+015551230000",
            "+155512300000",
            "+1234567890123456",
            "+999123456789",
            "+0 123 456 7890",
            "+1 800 FLOWERS",
            "+1٥٥٥١٢٣٠٠٠٠",
            "+15551230000;ext=5",
            "+15551230000x5",
            "tel:+15551230000",
            "+1555123\r\n0000",
            "+1555123\u{0}0000",
            "+15551230000,+15551230001",
            "12",
            "123456789",
            "12-345",
        ] {
            assert!(text.parse::<PhoneNumber>().is_err(), "{text:?}");
        }
        assert!("+1".repeat(5_000).parse::<PhoneNumber>().is_err());
    }

    #[test]
    fn the_provider_decides_on_the_plus_and_short_codes_have_none() -> Result<(), NotANumber> {
        let number: PhoneNumber = "+15551230000".parse()?;
        assert_eq!(
            (number.written(true), number.written(false)),
            ("+15551230000".into(), "15551230000".into())
        );
        let code: PhoneNumber = "12345".parse()?;
        assert_eq!(code.written(true), "12345");
        Ok(())
    }
}
