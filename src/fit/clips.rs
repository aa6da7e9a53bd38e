//! Video and sound: the smallest intervention that meets the needs. Cut off what is behind the end, write the container
//! anew, encode, or send a picture of it.

use std::sync::Arc;

use crate::check::{Checked, Need, part_limit};
use crate::choices::Choices;
use crate::clip::{self, Made, Transcoder};
use crate::code::Code;
use crate::content_type::{ContentType, Family};
use crate::fit::{FitError, FitOptions, Fitted, Source, options_for, picture, strip};
use crate::provider::Rules;
use crate::report::Finding;
use crate::sniff;
use crate::units::{ByteCount, Pixels};

/// Brings one clip under its limit.
pub(super) fn fit_clip(
    checked: &Checked,
    content_type: ContentType,
    limit: ByteCount,
    rules: &Rules,
    choices: &Choices,
) -> Result<Fitted, Finding> {
    let keeps_samples = |need: &Need| matches!(need, Need::Strip | Need::Rewrap);
    if checked.needs.iter().all(keeps_samples)
        && let Some(fitted) = rewrite(checked, content_type, limit, rules)
    {
        return fitted;
    }
    let longest = choices
        .max_side
        .map_or(rules.max_long_side.value(), |side| {
            side.min(rules.max_long_side.value())
        });
    // One deadline for all that is done about this attachment.
    let transcoder = choices.transcoder.started(choices.until());
    if let Some(made) = clip::copied(
        &checked.bytes,
        &checked.sniffed,
        rules,
        limit,
        longest,
        &transcoder,
    ) {
        return finished(made, "remuxed", limit, checked);
    }
    let made = match clip::encodes_to(&checked.sniffed, rules, &transcoder) {
        Ok(Some(target)) => clip::encode(
            &checked.bytes,
            &checked.sniffed,
            target,
            limit,
            longest.min(LONGEST),
            &transcoder,
        ),
        Ok(None) => Err(Finding::refused(
            Code::TypeNotAccepted,
            format!("{content_type} cannot be changed by this build"),
        )
        .help("send it as it is, without what stands in the way")),
        Err(lack) => Err(
            Finding::refused(Code::EncoderFailed, "it would have to be encoded anew")
                .help(lack.help()),
        ),
    };
    match made {
        Ok(made) => finished(made, "transcoded", limit, checked),
        Err(finding) if is_poster_wanted(content_type, rules, choices) => {
            poster(checked, limit, rules, choices, &transcoder).map_err(|_| finding)
        }
        Err(finding) => Err(finding),
    }
}

/// The same samples in a file without metadata; `None` where it cannot be written so, or is too long.
fn rewrite(
    checked: &Checked,
    content_type: ContentType,
    limit: ByteCount,
    rules: &Rules,
) -> Option<Result<Fitted, Finding>> {
    let (target, action) = if checked.needs.contains(&Need::Rewrap) {
        (clip::rewraps_to(&checked.sniffed, rules)?, "remuxed")
    } else {
        (content_type, "stripped")
    };
    let bytes = if clip::is_rewritable(content_type) {
        clip::rewrite(&checked.bytes, target)?
    } else if checked.sniffed.has_location {
        strip::strip(&checked.bytes, &checked.sniffed)?
    } else {
        // What is behind the end of the format; nothing in front of it is asked for.
        let trailing = usize::try_from(checked.sniffed.trailing_bytes).ok()?;
        let end = checked.bytes.len().checked_sub(trailing)?;
        (trailing > 0).then(|| checked.bytes.get(..end).map(<[u8]>::to_vec))??
    };
    if ByteCount::of(&bytes) > limit {
        return None;
    }
    Some(
        Fitted::within(bytes.into(), target, limit).map(|fitted| Fitted {
            action: Some(action),
            ..fitted
        }),
    )
}

fn finished(
    made: Made,
    action: &'static str,
    limit: ByteCount,
    checked: &Checked,
) -> Result<Fitted, Finding> {
    let mut note = Finding::note(
        Code::MetadataRemoved,
        "written anew: titles, dates and places are not in it",
    );
    if let (Some(width), Some(height)) = (made.width_px, made.height_px) {
        note = note
            .observed("width_px", width)
            .observed("height_px", height);
    }
    let fitted = Fitted::within(made.bytes.into(), made.content_type, limit)?;
    let has_metadata = checked.sniffed.has_metadata || checked.sniffed.has_location;
    Ok(Fitted {
        action: Some(action),
        findings: if has_metadata { vec![note] } else { Vec::new() },
        ..fitted
    })
}

fn is_poster_wanted(content_type: ContentType, rules: &Rules, choices: &Choices) -> bool {
    choices.poster_allowed
        && content_type.family() == Family::Video
        && rules.accepts(ContentType::Jpeg).is_some()
}

/// A frame of the clip, as a JPEG under its limit.
fn poster(
    checked: &Checked,
    limit: ByteCount,
    rules: &Rules,
    choices: &Choices,
    transcoder: &Transcoder,
) -> Result<Fitted, Finding> {
    let frame: Arc<[u8]> = clip::poster(&checked.bytes, &checked.sniffed, transcoder)?.into();
    let sniffed = sniff::sniff(&frame);
    let options = FitOptions {
        accept: vec![ContentType::Jpeg],
        ..options_for(checked, rules, choices)
    };
    // The limit that the clip was given is that of its own type.
    let limit = rules
        .accepts(ContentType::Jpeg)
        .map_or(limit, |rule| limit.min(part_limit(rule, rules)));
    let source = Source {
        bytes: &frame,
        sniffed: &sniffed,
    };
    let image = picture::make_anew(source, limit, &options).map_err(FitError::into_finding)?;
    let mut findings = image.findings;
    findings.push(Finding::warning(
        Code::AnimationNotAccepted,
        "a picture of one of its frames is sent in place of the video, as was allowed",
    ));
    let fitted = Fitted::within(image.bytes.into(), image.content_type, limit)?;
    Ok(Fitted {
        action: Some("transcoded"),
        findings,
        ..fitted
    })
}

/// The long side of a phone's screen in a message: more pixels cost bits that the picture needs.
const LONGEST: Pixels = Pixels::new(1_280);
