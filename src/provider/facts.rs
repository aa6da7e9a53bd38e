//! A set of rules as a list: every field and every type in one row, with who vouches for it.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{
    Limit, Measure, Rules, SendRules, SlideRules, Slot, TextRules, TextUnit, UrlBreach, UrlRules,
};
use crate::units::{ByteCount, Grouped, Millis, Pixels};

/// One rule of a set, its value, and who vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fact {
    /// The field's path, such as `message_bytes`, `url.head_required` or `types.image/jpeg.max_bytes`.
    pub name: String,
    /// The value with its unit.
    pub value: FactValue,
    /// The page that states it, or why it is assumed.
    pub vouched: Limit<()>,
}

/// The value of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FactValue {
    /// A length in bytes.
    Bytes(ByteCount),
    /// A length in pixels.
    Pixels(Pixels),
    /// A duration.
    Millis(Millis),
    /// A bare number: of parts, characters, recipients.
    Count(u32),
    /// Yes or no.
    Flag(bool),
    /// A word or several.
    Text(String),
}

impl FactValue {
    /// The unit of the number: `bytes`, `px`, `ms`; `None` for counts, flags and words.
    #[must_use]
    pub const fn unit(&self) -> Option<&'static str> {
        match self {
            Self::Bytes(_) => Some("bytes"),
            Self::Pixels(_) => Some("px"),
            Self::Millis(_) => Some("ms"),
            Self::Count(_) | Self::Flag(_) | Self::Text(_) => None,
        }
    }
}

impl Rules {
    /// Every rule of the set, in the order of the fields, each type with three rows of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use mmsfit::Provider;
    ///
    /// let facts = Provider::Sinch.rules().facts();
    /// let slides = facts.iter().find(|fact| fact.name == "max_parts").map(|fact| fact.value.to_string());
    /// assert_eq!(slides.as_deref(), Some("8"));
    /// ```
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        // Every field by name: a field that is added and not listed does not compile.
        let Self {
            name: _,
            provider: _,
            title: _,
            delivery,
            delivery_stated,
            types,
            message_bytes,
            measure,
            embedded_bytes,
            data_url_chars,
            target_bytes,
            carrier_bytes,
            min_parts,
            max_parts,
            one_medium_per_slide,
            slides,
            max_long_side,
            advised_long_side,
            advised_short_side,
            max_duration,
            advised_duration,
            name_required,
            name_ascii,
            max_name,
            url,
            text,
            sending,
            disputes: _,
        } = self;
        let ways: Vec<&str> = delivery.iter().map(|way| way.name()).collect();
        let mut facts = vec![
            row("delivery", Limit::with(*delivery_stated, ways.join(", "))),
            row("message_bytes", *message_bytes),
            row("measure", *measure),
            row("embedded_bytes", *embedded_bytes),
            row("data_url_chars", *data_url_chars),
            row("target_bytes", *target_bytes),
            row("carrier_bytes", *carrier_bytes),
            row("min_parts", *min_parts),
            row("max_parts", *max_parts),
            row("one_medium_per_slide", *one_medium_per_slide),
            row("max_long_side", *max_long_side),
            row("advised_long_side", *advised_long_side),
            row("advised_short_side", *advised_short_side),
            row("max_duration", *max_duration),
            row("advised_duration", *advised_duration),
            row("name_required", *name_required),
            row("name_ascii", *name_ascii),
            row("max_name", *max_name),
        ];
        facts.extend(slide_facts(slides));
        facts.extend(url_facts(url));
        facts.extend(text_facts(text));
        facts.extend(send_facts(sending));
        for rule in types.iter() {
            let name = format!("types.{}", rule.content_type);
            let mut words = std::iter::once(rule.spelling)
                .chain(rule.other_spellings.iter().copied())
                .collect::<Vec<_>>()
                .join(", ");
            for extension in rule.all_extensions() {
                words.push_str(" .");
                words.push_str(extension);
            }
            if rule.slot != Slot::Any {
                words.push_str(" in ");
                words.push_str(rule.slot.name());
            }
            facts.push(row(&name, Limit::with(rule.accepted, words)));
            facts.push(row(&format!("{name}.max_bytes"), rule.max_bytes));
            facts.push(row(&format!("{name}.advised_bytes"), rule.advised_bytes));
        }
        facts
    }
}

fn slide_facts(slides: &SlideRules) -> Vec<Fact> {
    let SlideRules {
        pairs,
        same_type_twice,
        text_alone,
    } = slides;
    let mut facts = vec![
        row("slides.same_type_twice", *same_type_twice),
        row("slides.text_alone", *text_alone),
    ];
    for pair in *pairs {
        let (one, other) = pair.slots;
        let name = format!("slides.{}+{}", one.name(), other.name());
        facts.push(row(&name, pair.allowed));
    }
    facts
}

fn url_facts(url: &UrlRules) -> Vec<Fact> {
    let UrlRules {
        head_required,
        content_length_required,
        chunked_refused,
        content_type_required,
        https_required,
        public_required,
        cached,
        answer_within,
        max_redirects,
        must_live,
        breach,
    } = url;
    vec![
        row("url.head_required", *head_required),
        row("url.content_length_required", *content_length_required),
        row("url.chunked_refused", *chunked_refused),
        row("url.content_type_required", *content_type_required),
        row("url.https_required", *https_required),
        row("url.public_required", *public_required),
        row("url.cached", *cached),
        row("url.answer_within", *answer_within),
        row("url.max_redirects", *max_redirects),
        row("url.must_live", *must_live),
        row("url.breach", *breach),
    ]
}

fn text_facts(text: &TextRules) -> Vec<Fact> {
    let TextRules {
        max_text,
        unit,
        advised_text,
        max_subject,
        advised_subject,
        subject_ascii,
        advised_fallback,
        fallback_choice_required,
        max_recipients,
        advised_recipients,
        duplicate_recipients_refused,
        plus_in_numbers,
        max_client_reference,
    } = text;
    vec![
        row("text.max_text", *max_text),
        row("text.unit", *unit),
        row("text.advised_text", *advised_text),
        row("text.max_subject", *max_subject),
        row("text.advised_subject", *advised_subject),
        row("text.subject_ascii", *subject_ascii),
        row("text.advised_fallback", *advised_fallback),
        row("text.fallback_choice_required", *fallback_choice_required),
        row("text.max_recipients", *max_recipients),
        row("text.advised_recipients", *advised_recipients),
        row(
            "text.duplicate_recipients_refused",
            *duplicate_recipients_refused,
        ),
        row("text.plus_in_numbers", *plus_in_numbers),
        row("text.max_client_reference", *max_client_reference),
    ]
}

fn send_facts(sending: &SendRules) -> Vec<Fact> {
    let SendRules {
        sender_looked_up,
        short_code_sender,
        max_expiry,
        headers_taken,
        headers_dropped,
        reports_on_request,
        window_messages,
        window,
        throttle_wait,
    } = sending;
    vec![
        row("sending.sender_looked_up", *sender_looked_up),
        row("sending.short_code_sender", *short_code_sender),
        row("sending.max_expiry", *max_expiry),
        row("sending.headers_taken", *headers_taken),
        row("sending.headers_dropped", *headers_dropped),
        row("sending.reports_on_request", *reports_on_request),
        row("sending.window_messages", *window_messages),
        row("sending.window", *window),
        row("sending.throttle_wait", *throttle_wait),
    ]
}

fn row<T: Into<FactValue>>(name: &str, limit: Limit<T>) -> Fact {
    let (value, vouched) = limit.split();
    Fact {
        name: name.to_owned(),
        value: value.into(),
        vouched,
    }
}

impl<T> Limit<T> {
    fn split(self) -> (T, Limit<()>) {
        match self {
            Self::Stated(value, source) => (value, Limit::Stated((), source)),
            Self::Assumed { value, why } => (value, Limit::Assumed { value: (), why }),
        }
    }

    fn with(vouched: Limit<()>, value: T) -> Self {
        match vouched {
            Limit::Stated((), source) => Self::Stated(value, source),
            Limit::Assumed { value: (), why } => Self::Assumed { value, why },
        }
    }
}

impl fmt::Display for FactValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => bytes.fmt(f),
            Self::Pixels(pixels) => pixels.fmt(f),
            Self::Millis(millis) if millis.get().is_multiple_of(1_000) => {
                write!(f, "{} s", Grouped(millis.get() / 1_000))
            }
            Self::Millis(millis) => millis.fmt(f),
            Self::Count(count) => Grouped(u64::from(*count)).fmt(f),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for FactValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bytes(bytes) => bytes.serialize(serializer),
            Self::Pixels(pixels) => pixels.serialize(serializer),
            Self::Millis(millis) => millis.serialize(serializer),
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl From<ByteCount> for FactValue {
    fn from(bytes: ByteCount) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Pixels> for FactValue {
    fn from(pixels: Pixels) -> Self {
        Self::Pixels(pixels)
    }
}

impl From<Millis> for FactValue {
    fn from(millis: Millis) -> Self {
        Self::Millis(millis)
    }
}

impl From<u32> for FactValue {
    fn from(count: u32) -> Self {
        Self::Count(count)
    }
}

impl From<bool> for FactValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<String> for FactValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[&str]> for FactValue {
    fn from(words: &[&str]) -> Self {
        Self::Text(if words.is_empty() {
            "none".to_owned()
        } else {
            words.join(", ")
        })
    }
}

impl From<Measure> for FactValue {
    fn from(measure: Measure) -> Self {
        Self::Text(measure.name().to_owned())
    }
}

impl From<TextUnit> for FactValue {
    fn from(unit: TextUnit) -> Self {
        Self::Text(unit.name().to_owned())
    }
}

impl From<UrlBreach> for FactValue {
    fn from(breach: UrlBreach) -> Self {
        Self::Text(breach.name().to_owned())
    }
}
