//! Signed URLs run out: when, as far as the URL itself says so.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::target::Target;
use crate::check::provenance;
use crate::code::Code;
use crate::provider::Rules;
use crate::report::Finding;

/// A warning where the URL runs out before the provider may have fetched it.
pub(super) fn warning(target: &Target, rules: &Rules, now: SystemTime) -> Option<Finding> {
    let must_live = rules.url.must_live.value().get();
    let parameters: Vec<(String, String)> = target.query().take(64).collect();
    let value = |name: &str| {
        parameters
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    };
    let ends = ends_at(value)?;
    let now = now.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let left_ms = Duration::from_secs(ends.saturating_sub(now)).as_millis();
    let left_ms = u64::try_from(left_ms).unwrap_or(u64::MAX);
    (left_ms < must_live).then(|| {
        Finding::warning(
            Code::Unreachable,
            format!(
                "the signed URL runs out in {} minutes, the provider may fetch later than that",
                left_ms / 60_000
            ),
        )
        .observed("left_ms", left_ms)
        .allowed("left_ms", must_live)
        .source(provenance(&rules.url.must_live))
        .help("sign the URL for the whole time in which the message can be delivered")
    })
}

/// The second since 1970 at which the URL says that it ends.
fn ends_at<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Option<u64> {
    for (date, lifetime) in [
        ("X-Amz-Date", "X-Amz-Expires"),
        ("X-Goog-Date", "X-Goog-Expires"),
    ] {
        if let (Some(date), Some(lifetime)) = (value(date), value(lifetime)) {
            return seconds_of(date)?.checked_add(lifetime.parse().ok()?);
        }
    }
    if let (Some(end), Some(_)) = (value("se"), value("sig")) {
        return seconds_of(end);
    }
    // S3 version 2, CloudFront and Google version 2: seconds since 1970, beside a signature.
    value("Signature")?;
    value("Expires")?.parse().ok()
}

/// Reads `20261121T090000Z`, `2026-11-21T09:00:00Z` and `2026-11-21`.
fn seconds_of(date: &str) -> Option<u64> {
    let digits: Vec<u64> = date
        .bytes()
        .filter(u8::is_ascii_digit)
        .map(|digit| u64::from(digit - b'0'))
        .collect();
    if date.len() > 32 || digits.len() < 8 {
        return None;
    }
    let number = |from: usize, count: usize| {
        (from..from + count).fold(0, |number, at| {
            number * 10 + digits.get(at).copied().unwrap_or(0)
        })
    };
    let (year, month, day) = (number(0, 4), number(4, 2), number(6, 2));
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let before: u64 = (1970..year)
        .map(|year| 365 + u64::from(is_leap(year)))
        .sum();
    let months = [
        31,
        28 + u64::from(is_leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let in_year: u64 = months.iter().take(usize::try_from(month).ok()? - 1).sum();
    let days = before + in_year + day - 1;
    Some(days * 86_400 + number(8, 2) * 3_600 + number(10, 2) * 60 + number(12, 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Provider;

    #[test]
    fn dates_are_read_to_the_second() {
        for (date, seconds) in [
            ("19700101T000000Z", Some(0)),
            ("20000229T235959Z", Some(951_868_799)),
            ("2026-11-21T09:00:00Z", Some(1_795_251_600)),
            ("2026-11-21", Some(1_795_219_200)),
            ("20261321T000000Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(seconds_of(date), seconds, "{date}");
        }
    }

    #[test]
    fn warns_of_a_signature_that_runs_out_before_the_message_is_delivered() -> Result<(), Finding> {
        let now = UNIX_EPOCH + Duration::from_secs(1_795_251_600);
        let rules = Provider::Sinch.rules();
        for (query, warned) in [
            ("", false),
            ("X-Amz-Date=20261121T090000Z&X-Amz-Expires=3600", true),
            ("X-Amz-Date=20261121T090000Z&X-Amz-Expires=604800", false),
            ("Expires=1795251700&Signature=x", true),
            ("Expires=1799999999&Signature=x", false),
            ("Expires=1795251700", false),
            ("se=2026-11-21T10:00:00Z&sig=x", true),
            ("se=2026-12-21T10:00:00Z&sig=x", false),
        ] {
            let target = Target::parse(&format!("https://a.test/b.jpg?{query}"))?;
            assert_eq!(warning(&target, rules, now).is_some(), warned, "{query}");
        }
        Ok(())
    }
}
