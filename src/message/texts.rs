//! What is written beside the media, held against the rules: numbers, text, subject, fallback, reference, headers.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::Fallback;
use super::number::PhoneNumber;
use crate::check::provenance;
use crate::code::Code;
use crate::provider::{Limit, Rules};
use crate::report::Finding;

/// Reads the sender's number.
pub(super) fn sender(
    from: Option<&str>,
    rules: &Rules,
    findings: &mut Vec<Finding>,
) -> Option<PhoneNumber> {
    let looked_up = rules.sending.sender_looked_up;
    let Some(from) = from else {
        if !looked_up.value() {
            findings.push(
                number_fault("the message has no sender")
                    .help("give the number to send from, with its country code")
                    .source(provenance(&looked_up)),
            );
        }
        return None;
    };
    let number = read(from, "the sender", findings)?;
    let short = rules.sending.short_code_sender;
    if number.is_short_code() && !short.value() {
        findings.push(
            number_fault(format!("{} sends from no short code", rules.name))
                .help("give the number with its country code, beginning with `+`")
                .source(provenance(&short)),
        );
    }
    Some(number)
}

/// Reads the recipients.
pub(super) fn recipients(
    given: &[String],
    rules: &Rules,
    findings: &mut Vec<Finding>,
) -> Vec<PhoneNumber> {
    let limit = rules.text.max_recipients;
    // Counted before they are read: a list of a million numbers is refused at once.
    if given.is_empty() || given.len() as u64 > u64::from(limit.value()) {
        findings.push(
            number_fault(format!(
                "{} recipients, 1 to {} allowed by {}",
                given.len(),
                limit.value(),
                rules.name
            ))
            .observed("recipients", given.len())
            .allowed("recipients", limit.value())
            .help("send one message for each, or several smaller groups")
            .source(provenance(&limit)),
        );
        return Vec::new();
    }
    let mut numbers = Vec::new();
    for (at, text) in given.iter().enumerate() {
        let Some(number) = read(text, &format!("recipient {}", at + 1), findings) else {
            continue;
        };
        if number.is_short_code() {
            findings.push(
                number_fault(format!("recipient {} is a short code", at + 1))
                    .help("give the number with its country code, beginning with `+`"),
            );
        }
        numbers.push(number);
    }
    let apart: BTreeSet<&str> = numbers.iter().map(PhoneNumber::digits).collect();
    let twice = rules.text.duplicate_recipients_refused;
    if apart.len() < numbers.len() && twice.value() {
        findings.push(
            number_fault("the same recipient is named twice")
                .observed("recipients", numbers.len())
                .observed("different_recipients", apart.len())
                .help("name every recipient once")
                .source(provenance(&twice)),
        );
    }
    let advised = rules.text.advised_recipients;
    if numbers.len() as u64 > u64::from(advised.value()) {
        findings.push(
            Finding::warning(
                Code::NumberNotAccepted,
                format!(
                    "{} recipients, {} advised by {}",
                    numbers.len(),
                    advised.value(),
                    rules.name
                ),
            )
            .source(provenance(&advised)),
        );
    }
    numbers
}

/// Refuses a message to oneself.
pub(super) fn sender_among(
    from: Option<&PhoneNumber>,
    to: &[PhoneNumber],
    rules: &Rules,
) -> Option<Finding> {
    let from = from?;
    to.iter()
        .any(|number| number.digits() == from.digits())
        .then(|| {
            number_fault("the sender is one of the recipients")
                .help("leave the sender out: it is counted by itself")
                .source(provenance(&rules.text.max_recipients))
        })
}

fn read(text: &str, who: &str, findings: &mut Vec<Finding>) -> Option<PhoneNumber> {
    match text.parse::<PhoneNumber>() {
        Ok(number) => {
            if !number.is_in_plan() {
                findings.push(
                    Finding::warning(
                        Code::NumberNotAccepted,
                        format!("{who} is in no range of its country's numbering plan"),
                    )
                    .help("check the number: it may be mistyped, or newer than our tables"),
                );
            }
            Some(number)
        }
        Err(fault) => {
            findings.push(
                number_fault(format!("{who} is {fault}"))
                    .help("write it as +15551230000: country code, then the number"),
            );
            None
        }
    }
}

fn number_fault(message: impl Into<String>) -> Finding {
    Finding::refused(Code::NumberNotAccepted, message)
}

/// The text of the message.
pub(super) fn text(text: Option<&str>, rules: &Rules, findings: &mut Vec<Finding>) {
    let Some(text) = text else { return };
    findings.extend(rules.check_text(text));
    if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        findings
            .push(text_fault("the text holds control characters").help(
                "leave out NUL and its like; line feeds, carriage returns and tabs may stay",
            ));
    }
}

/// The subject.
pub(super) fn subject(subject: Option<&str>, rules: &Rules, findings: &mut Vec<Finding>) {
    let Some(subject) = subject else { return };
    let limit = rules.text.max_subject;
    if limit.value() == 0 {
        findings.push(no_such_field("subject", rules, &limit));
        return;
    }
    let length = subject.chars().count();
    let advised = rules.text.advised_subject;
    if length as u64 > u64::from(limit.value()) {
        findings.push(
            text_fault(format!(
                "the subject has {length} characters, {} allowed by {}",
                limit.value(),
                rules.name
            ))
            .observed("characters", length)
            .allowed("characters", limit.value())
            .help("shorten the subject")
            .source(provenance(&limit)),
        );
    } else if length as u64 > u64::from(advised.value()) {
        findings.push(
            Finding::warning(
                Code::TextNotAccepted,
                format!(
                    "the subject has {length} characters, {} advised by {}",
                    advised.value(),
                    rules.name
                ),
            )
            .observed("characters", length)
            .allowed("characters", advised.value())
            .source(provenance(&advised)),
        );
    }
    let ascii = rules.text.subject_ascii;
    if subject.is_empty() || subject.chars().any(char::is_control) {
        findings.push(
            text_fault("the subject is empty or holds control characters")
                .help("write one line, or leave the subject out"),
        );
    } else if ascii.value() && !subject.is_ascii() {
        findings.push(
            text_fault("the subject holds more than ASCII: relays reject such a message (E314)")
                .help("write the subject in ASCII and the rest in the text")
                .source(provenance(&ascii)),
        );
    }
}

/// The choice of what goes out where MMS cannot be shown.
pub(super) fn fallback(fallback: &Fallback, rules: &Rules, findings: &mut Vec<Finding>) {
    let required = rules.text.fallback_choice_required;
    let advised = rules.text.advised_fallback;
    match fallback {
        Fallback::Unsaid if required.value() => findings.push(
            text_fault(format!(
                "{} must be told what goes out to a phone without MMS",
                rules.name
            ))
            .help("give a fallback text, or say that there is none")
            .source(provenance(&required)),
        ),
        // Nothing is what goes out where there is no such field.
        Fallback::Unsaid | Fallback::None => {}
        Fallback::Text(_) if advised.value() == 0 => {
            findings.push(no_such_field("fallback text", rules, &advised));
        }
        Fallback::Text(text) => {
            let length = text.chars().count();
            if text.trim().is_empty() || text.contains('\0') {
                findings.push(
                    text_fault("the fallback text is empty or holds NUL (E622)")
                        .help("write a text, or choose no fallback"),
                );
            } else if length as u64 > u64::from(advised.value()) {
                findings.push(
                    Finding::warning(
                        Code::TextNotAccepted,
                        format!(
                            "the fallback text has {length} characters, {} advised by {}",
                            advised.value(),
                            rules.name
                        ),
                    )
                    .observed("characters", length)
                    .allowed("characters", advised.value())
                    .source(provenance(&advised)),
                );
            }
        }
    }
}

/// When delivery is no longer tried.
pub(super) fn expiry(
    expires: Option<SystemTime>,
    now: SystemTime,
    rules: &Rules,
    findings: &mut Vec<Finding>,
) {
    let Some(expires) = expires else { return };
    let limit = rules.sending.max_expiry;
    if limit.value().get() == 0 {
        findings.push(no_such_field("expiry", rules, &limit));
        return;
    }
    let most = Duration::from_millis(limit.value().get());
    match expires.duration_since(now) {
        Ok(wait) if wait > most => findings.push(
            text_fault(format!(
                "the message expires after {} s, {} s allowed by {}",
                wait.as_secs(),
                most.as_secs(),
                rules.name
            ))
            .observed("expiry_s", wait.as_secs())
            .allowed("expiry_s", most.as_secs())
            .help("let it expire earlier, or leave the expiry out")
            .source(provenance(&limit)),
        ),
        Ok(wait) if !wait.is_zero() => {}
        _ => findings.push(
            text_fault("the message would have expired before it is sent")
                .help("give a time in the future"),
        ),
    }
}

/// The caller's own reference.
pub(super) fn reference(reference: &str, rules: &Rules, findings: &mut Vec<Finding>) {
    let limit = rules.text.max_client_reference;
    // Where the provider has no such field it is a key of our own alone, and only kept short.
    let most = match limit.value() {
        0 => LONGEST_OWN_REFERENCE,
        most => most,
    };
    let length = reference.chars().count();
    if length as u64 > u64::from(most) {
        findings.push(
            text_fault(format!(
                "the client reference has {length} characters, {most} allowed by {}",
                rules.name
            ))
            .observed("characters", length)
            .allowed("characters", most)
            .help("give a shorter reference")
            .source(provenance(&limit)),
        );
    }
    if reference.is_empty() || !reference.bytes().all(|byte| byte.is_ascii_graphic()) {
        findings.push(
            text_fault("the client reference is empty or holds more than printable ASCII")
                .help("use letters, digits and punctuation, without blanks"),
        );
    }
}

/// Headers of the caller's own.
pub(super) fn headers(
    headers: &[(String, Vec<String>)],
    rules: &Rules,
    findings: &mut Vec<Finding>,
) {
    let taken = rules.sending.headers_taken;
    if headers.is_empty() {
        return;
    }
    if !taken.value() {
        findings.push(no_such_field("header", rules, &taken));
        return;
    }
    let dropped = rules.sending.headers_dropped;
    for (name, values) in headers {
        let lower = name.to_ascii_lowercase();
        // RFC 9110 §5.6.2: a name is a token.
        let is_token = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
        if !is_token
            || values
                .iter()
                .any(|value| value.chars().any(char::is_control))
        {
            findings.push(
                text_fault(format!("the header {shown:?} is malformed"))
                    .help("names are letters, digits and hyphens; values have no line ends"),
            );
        } else if dropped.value().iter().any(|start| lower.starts_with(start)) {
            findings.push(
                text_fault(format!(
                    "{} drops the header {shown:?} without a word",
                    rules.name
                ))
                .help("leave the header out: the provider writes its own")
                .source(provenance(&dropped)),
            );
        }
    }
}

/// Says where a report on the delivery cannot be asked for with the message.
pub(super) fn delivery_reports(asked: bool, rules: &Rules, findings: &mut Vec<Finding>) {
    let on_request = rules.sending.reports_on_request;
    if asked && !on_request.value() {
        findings.push(
            Finding::note(
                Code::TextNotAccepted,
                format!(
                    "{} takes no wish for delivery reports with the message",
                    rules.name
                ),
            )
            .source(provenance(&on_request)),
        );
    }
}

fn no_such_field<T>(what: &str, rules: &Rules, limit: &Limit<T>) -> Finding {
    text_fault(format!("{} has no field for a {what}", rules.name))
        .help(format!("leave the {what} out"))
        .source(provenance(limit))
}

fn text_fault(message: impl Into<String>) -> Finding {
    Finding::refused(Code::TextNotAccepted, message)
}

/// Long enough for two UUIDs and a word.
const LONGEST_OWN_REFERENCE: u32 = 128;
