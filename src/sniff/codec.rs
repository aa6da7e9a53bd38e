//! Codec configurations: profile, level, sample rate and channels out of the few bytes that containers carry for a decoder.

use super::bytes::{be16, be24, u8_at};
use crate::sniff::Track;

/// `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 5.3.3.1): profile and level as in H.264 annex A.
pub(super) fn avc(record: &[u8], track: &mut Track) {
    let (Some(1), Some(profile), Some(flags), Some(level)) = (
        u8_at(record, 0),
        u8_at(record, 1),
        u8_at(record, 2),
        u8_at(record, 3),
    ) else {
        return;
    };
    track.profile = avc_profile(profile, flags);
    // Level 1b of the first three profiles is written as 11 with constraint flag 3 (A.3.1).
    track.level = Some(level);
}

/// H.264 A.2; constraint flag 1 is the second bit from the top.
fn avc_profile(profile: u8, flags: u8) -> Option<&'static str> {
    Some(match profile {
        66 if flags & 0x40 != 0 => "Constrained Baseline",
        66 => "Baseline",
        77 => "Main",
        88 => "Extended",
        100 => "High",
        110 if flags & 0x10 != 0 => "High 10 Intra",
        110 => "High 10",
        122 => "High 4:2:2",
        244 => "High 4:4:4 Predictive",
        _ => return None,
    })
}

/// `HEVCDecoderConfigurationRecord` (ISO/IEC 14496-15 8.3.3.1): profile as in H.265 A.3, level in thirtieths.
pub(super) fn hevc(record: &[u8], track: &mut Track) {
    let (Some(1), Some(profile), Some(level)) =
        (u8_at(record, 0), u8_at(record, 1), u8_at(record, 12))
    else {
        return;
    };
    track.profile = match profile & 0x1F {
        1 => Some("Main"),
        2 => Some("Main 10"),
        3 => Some("Main Still Picture"),
        4 => Some("Rext"),
        _ => None,
    };
    track.level = Some(level);
}

/// `AudioSpecificConfig` (ISO/IEC 14496-3 1.6.2.1): object type, sample rate, channels.
pub(super) fn aac(config: &[u8], track: &mut Track) {
    const RATES: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ];
    let Some(bits) = be16(config, 0) else {
        return;
    };
    let object = bits >> 11;
    if object == 31 {
        return; // An escape to rarer types: the container's own fields stand.
    }
    track.profile = object_profile(object.into());
    let index = usize::from(bits >> 7 & 15);
    if let Some(&rate) = RATES.get(index) {
        let channels = match bits >> 3 & 15 {
            7 => 8,
            count => count,
        };
        *track = track.clone().sampled(Some(rate), Some(channels));
    } else if index == 15
        && let (Some(high), Some(low)) = (be24(config, 1), u8_at(config, 4))
    {
        // 24 bits of rate behind the index, one bit into byte 1.
        let rate = (high << 1 | u32::from(low >> 7)) & 0xFF_FFFF;
        *track = track
            .clone()
            .sampled(Some(rate), Some(u16::from(low >> 3 & 15)));
    }
}

/// The profile in a codec's name such as `mp4a.40.2`; `None` for any other.
pub(super) fn aac_profile(codec: &str) -> Option<&'static str> {
    object_profile(codec.strip_prefix("mp4a.40.")?.parse().ok()?)
}

/// Audio object types (ISO/IEC 14496-3 table 1.17).
fn object_profile(object: u32) -> Option<&'static str> {
    Some(match object {
        1 => "Main",
        2 => "LC",
        3 => "SSR",
        4 => "LTP",
        5 => "HE-AAC",
        29 => "HE-AACv2",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sniff::TrackKind;

    #[test]
    fn reads_the_records_of_a_phone() {
        let mut video = Track::of(TrackKind::Video, "avc1");
        avc(&[1, 66, 0xC0, 31, 0xFF], &mut video);
        assert_eq!(
            (video.profile, video.level),
            (Some("Constrained Baseline"), Some(31))
        );
        let mut sound = Track::of(TrackKind::Audio, "mp4a");
        aac(&[0x12, 0x10], &mut sound);
        assert_eq!(
            (sound.profile, sound.sample_rate_hz, sound.channels),
            (Some("LC"), Some(44_100), Some(2))
        );
        // Rate index 15: 24 bits of rate follow, here 12,345 Hz, then one channel.
        let mut odd = Track::of(TrackKind::Audio, "mp4a");
        aac(&[0x17, 0x80, 0x18, 0x1C, 0x88], &mut odd);
        assert_eq!((odd.sample_rate_hz, odd.channels), (Some(12_345), Some(1)));
    }

    #[test]
    fn says_nothing_of_a_record_that_is_cut() {
        let mut track = Track::of(TrackKind::Video, "avc1");
        avc(&[1, 66], &mut track);
        hevc(&[1], &mut track);
        aac(&[0x12], &mut track);
        assert_eq!(track, Track::of(TrackKind::Video, "avc1"));
    }
}
