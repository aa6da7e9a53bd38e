//! One budget for several pictures, shared by need: bytes go where a byte buys most.

use rayon::prelude::*;

use crate::check::{Checked, Need, is_decodable, part_limit, provenance, raw_under_base64};
use crate::choices::Choices;
use crate::clip;
use crate::code::Code;
use crate::content_type::ContentType;
use crate::fit::{Fitted, Source, options_for, picture};
use crate::message_rules::counted_bytes;
use crate::provider::{Measure, Rules};
use crate::report::Finding;
use crate::units::ByteCount;

/// How one picture's visible error falls with the bytes it is given, as measured on the picture itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Curve {
    /// Bytes and the error left at that many bytes, bytes ascending, error descending.
    pub(crate) points: Vec<(u64, f64)>,
}

/// The raw bytes that each part may have, so that the parts together stay within the message.
///
/// What passes untouched is counted first. Pictures that must shrink share what is left of the target; where the rest
/// leaves too little, also pictures that would pass alone are shrunk.
///
/// # Errors
///
/// A finding about the message (MMS602) where what cannot shrink is over the limit by itself.
pub(crate) fn share(
    checked: &mut [Checked],
    rules: &Rules,
    choices: &Choices,
) -> Result<Vec<ByteCount>, Box<Finding>> {
    let cap = raw_total(rules);
    let target = choices
        .target
        .unwrap_or(rules.target_bytes.value())
        .min(cap);
    ask_pictures_to_shrink(checked, rules, cap);

    let shrinks: Vec<bool> = checked.iter().map(shares_budget).collect();
    let fixed: u64 = parts_of(checked, &shrinks, false)
        .map(|part| padded(part.sniffed.bytes, rules))
        .sum();
    let shrinking = shrinks.iter().filter(|&&shrinks| shrinks).count() as u64;
    let left_of = |limit: ByteCount| limit.get().saturating_sub(fixed);
    // The target is what carriers like; the cap is what the provider allows. Pictures are not crushed for a wish, unless
    // the caller has named it.
    let least = if choices.target.is_some() {
        LEAST_CHOSEN_SHARE
    } else {
        LEAST_SHARE
    };
    let available = if left_of(target) >= shrinking * least {
        left_of(target)
    } else {
        left_of(cap)
    };
    if fixed > cap.get() || (shrinking > 0 && available == 0) {
        return Err(Box::new(over_total(fixed, cap, rules)));
    }

    let shares = match shrinking {
        0 => Vec::new(),
        1 => vec![available],
        _ => allocate(
            &curves(checked, &shrinks, rules, choices, available),
            available,
        ),
    };
    let mut shares = shares.into_iter();
    Ok(checked
        .iter()
        .zip(&shrinks)
        .map(|(part, &shrinks)| {
            let own = own_limit(part, rules, choices);
            if shrinks {
                own.min(ByteCount::new(unpadded(shares.next().unwrap_or(0), rules)))
            } else {
                own
            }
        })
        .collect())
}

/// The picture that could use what the others have left of their shares, and its new limit; `None` where less than one
/// percent is left, or where nothing is shared.
pub(crate) fn left_over(
    checked: &[Checked],
    fitted: &[Result<Fitted, Finding>],
    limits: &[ByteCount],
    rules: &Rules,
    choices: &Choices,
) -> Option<(usize, ByteCount)> {
    let lengths: Vec<(usize, u64, u64)> = checked
        .iter()
        .zip(fitted)
        .zip(limits)
        .enumerate()
        .filter(|(_, ((part, _), _))| shares_budget(part))
        .map(|(at, ((_, fitted), limit))| {
            let length = fitted.as_ref().map_or(limit.get(), |fitted| {
                padded(fitted.bytes().len() as u64, rules)
            });
            (at, length, limit.get())
        })
        .collect();
    let shared: u64 = lengths.iter().map(|&(_, _, limit)| limit).sum();
    let left: u64 = lengths
        .iter()
        .map(|&(_, length, limit)| limit - length.min(limit))
        .sum();
    if lengths.len() < 2 || left * 100 <= shared {
        return None;
    }
    // The fullest share, by cross-multiplication; ties go to the earlier picture.
    let fullest = |a: &(usize, u64, u64), b: &(usize, u64, u64)| {
        (u128::from(a.1) * u128::from(b.2))
            .cmp(&(u128::from(b.1) * u128::from(a.2)))
            .then(b.0.cmp(&a.0))
    };
    // A clip has been encoded several times already, and comes as near to its share as it can.
    let lengths: Vec<_> = lengths
        .into_iter()
        .filter(|&(at, ..)| checked[at].sniffed.content_type.is_some_and(is_decodable))
        .collect();
    let &(at, length, _) = lengths.iter().max_by(|a, b| fullest(a, b))?;
    let limit =
        own_limit(&checked[at], rules, choices).min(ByteCount::new(unpadded(length + left, rules)));
    Some((at, limit))
}

/// Shares a budget so that no picture ends worse than the worst would in equal shares, and so that beyond that each
/// further byte goes where it lowers the visible error most.
pub(crate) fn allocate(curves: &[Curve], budget: u64) -> Vec<u64> {
    let equal = equal_shares(curves, budget);
    let worst = curves
        .iter()
        .zip(&equal)
        .map(|(curve, &bytes)| curve.error_at(bytes))
        .fold(0.0_f64, f64::max);
    // The least that keeps each picture at least as good as that: by construction not more than its equal share.
    let mut shares: Vec<u64> = curves
        .iter()
        .zip(&equal)
        .map(|(curve, &bytes)| curve.bytes_for(worst).min(bytes))
        .collect();
    let mut left = budget.saturating_sub(shares.iter().sum());
    let step = (budget / STEPS).max(1);
    while left > 0 {
        let grant = step.min(left);
        let gain = |at: usize| {
            let room = grant.min(curves[at].most().saturating_sub(shares[at]));
            let gain = curves[at].error_at(shares[at]) - curves[at].error_at(shares[at] + room);
            if room == 0 { 0.0 } else { gain / room as f64 }
        };
        // Ties go to the earlier picture, so that the result depends on nothing but the input.
        let best = (0..curves.len()).fold((0, 0.0), |best, at| {
            if gain(at) > best.1 {
                (at, gain(at))
            } else {
                best
            }
        });
        if best.1 <= 0.0 {
            break;
        }
        let granted = grant.min(curves[best.0].most() - shares[best.0]);
        shares[best.0] += granted;
        left -= granted;
    }
    // What buys nothing more is still theirs: a fit may use what the curve did not foresee.
    let spare = left / curves.len().max(1) as u64;
    shares.iter_mut().for_each(|share| *share += spare);
    shares
}

/// Equal shares; what a picture cannot use goes to the others.
fn equal_shares(curves: &[Curve], budget: u64) -> Vec<u64> {
    let mut order: Vec<usize> = (0..curves.len()).collect();
    order.sort_by_key(|&at| curves[at].most());
    let mut shares = vec![0; curves.len()];
    let mut left = budget;
    for (done, at) in order.into_iter().enumerate() {
        let share = left / (curves.len() - done) as u64;
        shares[at] = share.min(curves[at].most());
        left -= shares[at];
    }
    shares
}

impl Curve {
    /// A curve through measured points: sorted, and made convex, as a mix of two neighbours is always within reach.
    pub(crate) fn through(mut points: Vec<(u64, f64)>) -> Self {
        points.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        points.dedup_by_key(|point| point.0);
        let mut hull: Vec<(u64, f64)> = Vec::with_capacity(points.len());
        for point in points {
            if hull.last().is_some_and(|last| point.1 >= last.1) {
                continue;
            }
            while let [.., before, last] = hull[..]
                && slope(before, last) > slope(last, point)
            {
                hull.pop();
            }
            hull.push(point);
        }
        Self { points: hull }
    }

    /// The most bytes that lower the error.
    fn most(&self) -> u64 {
        self.points.last().map_or(0, |point| point.0)
    }

    fn error_at(&self, bytes: u64) -> f64 {
        let Some(&first) = self.points.first() else {
            return 0.0;
        };
        if bytes <= first.0 {
            // Below the smallest version measured, the error is as if it grew with what is missing.
            return first.1 * (first.0.max(1) as f64 / bytes.max(1) as f64);
        }
        let above = self.points.iter().position(|point| point.0 >= bytes);
        match above {
            Some(at) if at > 0 => {
                let (low, high) = (self.points[at - 1], self.points[at]);
                low.1 + slope(low, high) * (bytes - low.0) as f64
            }
            _ => self.points.last().map_or(0.0, |point| point.1),
        }
    }

    /// The fewest bytes that leave no more than this error.
    fn bytes_for(&self, error: f64) -> u64 {
        let Some(&first) = self.points.first() else {
            return 0;
        };
        if first.1 <= error {
            return first.0;
        }
        for pair in self.points.windows(2) {
            if pair[1].1 <= error {
                let share = (error - pair[0].1) / (pair[1].1 - pair[0].1);
                return pair[0].0 + (share * (pair[1].0 - pair[0].0) as f64).ceil() as u64;
            }
        }
        self.most()
    }
}

fn slope(from: (u64, f64), to: (u64, f64)) -> f64 {
    (to.1 - from.1) / (to.0 - from.0).max(1) as f64
}

/// Where the parts together are over the cap, pictures that pass alone are asked to shrink as well: those that are
/// over an equal share of what the others leave. What is smaller stays as it is.
fn ask_pictures_to_shrink(checked: &mut [Checked], rules: &Rules, cap: ByteCount) {
    let length = |part: &Checked| padded(part.sniffed.bytes, rules);
    let total: u64 = checked.iter().map(length).sum();
    if total <= cap.get() {
        return;
    }
    let can_shrink = |part: &Checked| {
        let decodable = part.sniffed.content_type.is_some_and(is_decodable);
        decodable && !part.sniffed.has_pages() && !shares_budget(part)
    };
    let sharing = checked.iter().filter(|part| shares_budget(part)).count() as u64;
    let mut asked: Vec<usize> = (0..checked.len())
        .filter(|&at| can_shrink(&checked[at]))
        .collect();
    asked.sort_by_key(|&at| length(&checked[at]));
    let passing: u64 = checked
        .iter()
        .filter(|part| !shares_budget(part) && !can_shrink(part))
        .map(length)
        .sum();
    let mut left = cap.get().saturating_sub(passing);
    // The smallest first: what it leaves of its share makes the others' larger.
    while let Some(&smallest) = asked.first() {
        let own = length(&checked[smallest]);
        if own > left / (asked.len() as u64 + sharing) {
            break;
        }
        left -= own;
        asked.remove(0);
    }
    for at in asked {
        let part = &mut checked[at];
        part.needs.push(Need::Shrink);
        part.needs.sort_unstable();
        part.findings.push(
            Finding::fixable(
                Code::MessageOverLimit,
                format!(
                    "all parts together have {}, {cap} allowed by {}",
                    ByteCount::new(total),
                    rules.name
                ),
            )
            .observed("bytes", total)
            .allowed("bytes", cap.get())
            .source(provenance(&rules.message_bytes)),
        );
    }
}

/// Whether a part's length is still open: it shrinks, or changes its type.
fn shares_budget(part: &Checked) -> bool {
    part.needs
        .iter()
        .any(|need| matches!(need, Need::Shrink | Need::Transcode))
}

fn parts_of<'a>(
    checked: &'a [Checked],
    shrinks: &'a [bool],
    which: bool,
) -> impl Iterator<Item = &'a Checked> {
    checked
        .iter()
        .zip(shrinks)
        .filter(move |(_, shrinks)| **shrinks == which)
        .map(|(part, _)| part)
}

fn curves(
    checked: &[Checked],
    shrinks: &[bool],
    rules: &Rules,
    choices: &Choices,
    budget: u64,
) -> Vec<Curve> {
    let parts: Vec<&Checked> = parts_of(checked, shrinks, true).collect();
    parts
        .par_iter()
        .map(|part| {
            let source = Source {
                bytes: &part.bytes,
                sniffed: &part.sniffed,
            };
            picture::curve(
                source,
                own_limit(part, rules, choices).min(ByteCount::new(budget)),
                &options_for(part, rules, choices),
            )
        })
        .collect()
}

/// The most raw bytes of this part by itself, as the type that will be made of it.
fn own_limit(part: &Checked, rules: &Rules, choices: &Choices) -> ByteCount {
    let limit = |kind: ContentType| rules.accepts(kind).map(|rule| part_limit(rule, rules));
    let pictures: &[ContentType] = match made_of(part, rules, choices) {
        Made::As(kind) => return limit(kind).unwrap_or(rules.message_bytes.value()),
        Made::Animation if choices.still_allowed => {
            &[ContentType::Gif, ContentType::Jpeg, ContentType::Png]
        }
        Made::Animation => &[ContentType::Gif],
        Made::Still => &[ContentType::Jpeg, ContentType::Png],
    };
    // Which of them is not known yet: the strictest limit holds for each.
    let strictest = pictures.iter().filter_map(|&kind| limit(kind)).min();
    strictest.unwrap_or(rules.message_bytes.value())
}

/// What a part becomes, as far as its needs tell.
enum Made {
    As(ContentType),
    Animation,
    Still,
}

fn made_of(part: &Checked, rules: &Rules, choices: &Choices) -> Made {
    let needs = |need: Need| part.needs.contains(&need);
    let Some(own) = part.sniffed.content_type else {
        return Made::Still;
    };
    if needs(Need::Wrap) {
        return Made::As(ContentType::Zip);
    }
    if clip::is_clip(own) {
        let rewrapped = needs(Need::Rewrap)
            .then(|| clip::rewraps_to(&part.sniffed, rules))
            .flatten();
        let is_encoded = needs(Need::Transcode) || needs(Need::Shrink) || needs(Need::Downscale);
        let encoded = is_encoded
            .then(|| clip::encodes_to(&part.sniffed, rules, &choices.transcoder))
            .and_then(|target| target.ok().flatten())
            .map(|target| target.content_type);
        return match rewrapped.or(encoded) {
            Some(kind) => Made::As(kind),
            // A picture of it.
            None if needs(Need::Transcode) => Made::Still,
            None => Made::As(own),
        };
    }
    let is_made_anew = needs(Need::Transcode) || needs(Need::Shrink);
    if picture::plays(own) && is_made_anew && part.sniffed.is_animated() {
        return Made::Animation;
    }
    if needs(Need::Transcode) {
        return Made::Still;
    }
    Made::As(own)
}

/// The message's cap in raw bytes.
fn raw_total(rules: &Rules) -> ByteCount {
    match rules.measure.value() {
        Measure::Raw => rules.message_bytes.value(),
        Measure::Encoded => raw_under_base64(rules.message_bytes.value()),
    }
}

/// Raw bytes with what base64 pads: several parts pad more than one.
fn padded(raw: u64, rules: &Rules) -> u64 {
    match rules.measure.value() {
        Measure::Raw => raw,
        Measure::Encoded => counted_bytes(raw, rules) / 4 * 3,
    }
}

fn unpadded(share: u64, rules: &Rules) -> u64 {
    match rules.measure.value() {
        Measure::Raw => share,
        Measure::Encoded => share / 3 * 3,
    }
}

fn over_total(fixed: u64, cap: ByteCount, rules: &Rules) -> Finding {
    Finding::refused(
        Code::MessageOverLimit,
        format!(
            "the parts that cannot shrink have {}, {cap} allowed by {}",
            ByteCount::new(fixed),
            rules.name
        ),
    )
    .observed("bytes", fixed)
    .allowed("bytes", cap.get())
    .help("leave an attachment out, or send it in a message of its own")
    .source(provenance(&rules.message_bytes))
}

/// Below this, a picture is worth spending up to the cap on rather than up to the target.
const LEAST_SHARE: u64 = 60_000;

/// The same where the caller chose the target: below it there is hardly a picture left.
const LEAST_CHOSEN_SHARE: u64 = 10_000;

/// The granularity of sharing: half a percent of the budget.
const STEPS: u64 = 200;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn curve(scale: f64, most: u64) -> Curve {
        let points = (1..=20)
            .map(|k| (most * k / 20, scale / k as f64))
            .collect();
        Curve::through(points)
    }

    #[test]
    fn a_harder_picture_gets_more() {
        let shares = allocate(&[curve(10.0, 1_000_000), curve(40.0, 1_000_000)], 600_000);
        assert!(shares[1] > shares[0], "{shares:?}");
    }

    #[test]
    fn what_one_picture_cannot_use_goes_to_the_other() {
        let shares = allocate(&[curve(10.0, 50_000), curve(10.0, 2_000_000)], 1_000_000);
        assert!(shares[0] <= 60_000 && shares[1] >= 900_000, "{shares:?}");
    }

    proptest! {
        #[test]
        fn the_worst_is_never_worse_than_in_equal_shares_and_the_budget_holds(
            pictures in prop::collection::vec((1.0_f64..100.0, 10_000_u64..5_000_000), 2..9),
            budget in 100_000_u64..4_000_000,
        ) {
            let curves: Vec<Curve> = pictures.iter().map(|&(scale, most)| curve(scale, most)).collect();
            let shares = allocate(&curves, budget);
            prop_assert!(shares.iter().sum::<u64>() <= budget);
            let worst = |shares: &[u64]| {
                curves.iter().zip(shares).map(|(curve, &bytes)| curve.error_at(bytes)).fold(0.0, f64::max)
            };
            prop_assert!(worst(&shares) <= worst(&equal_shares(&curves, budget)) + 1e-9);
        }
    }
}
