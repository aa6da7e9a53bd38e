//! The explanations of MMS001 to MMS405: input, content type, size, container, metadata. Pure data.

use super::explain::{Explanation, ProviderCode};
use crate::provider::Provider::{RingCentral, Sinch};
use crate::provider::Source;

pub(super) const EMPTY_ATTACHMENT: Explanation = Explanation {
    meaning: "The attachment has no bytes at all.",
    why: "There is nothing to show, and RingCentral refuses the whole request for it.",
    provider_codes: &[ProviderCode {
        provider: RingCentral,
        code: "MSG-347",
        says: "attachment body is empty",
    }],
    we: "Refuse the attachment; the other attachments of the run are still checked.",
    you: "Look where the file comes from: an upload that broke off, a file that was created and never written.",
    sources: &[RINGCENTRAL_ERRORS],
    standards: &[],
    since: "0.1.0",
};

pub(super) const UNREADABLE_ATTACHMENT: Explanation = Explanation {
    meaning: "The attachment could not be read: it is missing, access is denied, or reading failed half-way.",
    why: "What cannot be read cannot be checked, and nothing unchecked is ever sent.",
    provider_codes: &[],
    we: "Record it as unchecked, which is not the same as refused, and go on with the rest.",
    you: "Correct the path or the permissions and run again; the message names the operating system's reason.",
    sources: &[],
    standards: &[],
    since: "0.1.0",
};

pub(super) const OVER_INPUT_LIMIT: Explanation = Explanation {
    meaning: "The attachment is larger than we agree to read, so it was refused before its bytes were looked at.",
    why: "The limit is ours: without it one upload could fill the memory of the machine.",
    provider_codes: &[],
    we: "Stop at the limit without reading on, whatever length was promised.",
    you: "Raise the input limit if files of this size are expected, or shrink the file first.",
    sources: &[],
    standards: &["CWE-770 (allocation of resources without limits)"],
    since: "0.1.0",
};

pub(super) const CHANGED_WHILE_READ: Explanation = Explanation {
    meaning: "The file's length or time of change was not the same before and after it was read.",
    why: "Half of an old file and half of a new one may pass the check and be sent as rubbish.",
    provider_codes: &[],
    we: "Refuse the attachment; the bytes read are thrown away.",
    you: "Wait until whoever writes the file has finished, or hand over a copy.",
    sources: &[],
    standards: &["CWE-367 (time-of-check time-of-use)"],
    since: "0.1.0",
};

pub(super) const NOT_A_REGULAR_FILE: Explanation = Explanation {
    meaning: "The path names a directory, a pipe, a socket or a device instead of a file.",
    why: "Such a thing has no length; reading it may never end or may act on the machine.",
    provider_codes: &[],
    we: "Refuse it without opening it.",
    you: "Name the file itself. To read a pipe, give `-` where the command takes one.",
    sources: &[],
    standards: &[],
    since: "0.1.0",
};

pub(super) const OUTPUT_NOT_WRITTEN: Explanation = Explanation {
    meaning: "The part was made, but it could not be written to the output folder.",
    why: "A full disk, a missing permission, or something other than a file that bears the output's name.",
    provider_codes: &[],
    we: "Leave nothing half-written, report the file as unchecked, and go on with the others.",
    you: "Free space or grant permission, then run the command again: what is written already stays as it is.",
    sources: &[],
    standards: &[],
    since: "0.1.0",
};

pub(super) const TYPE_NOT_RECOGNISED: Explanation = Explanation {
    meaning: "The bytes match no format that we know, whatever the name or the declared type say.",
    why: "Providers decide by the type; a part whose type is unknown or generic is refused or dropped.",
    provider_codes: &[
        ProviderCode {
            provider: RingCentral,
            code: "MSG-348",
            says: "unsupported attachment type, HTTP 415",
        },
        ProviderCode {
            provider: Sinch,
            code: "E629",
            says: "unrecognized content type",
        },
    ],
    we: "Refuse the attachment. The extension alone never decides.",
    you: "Open the file with the program that made it and export it as JPEG, PNG, GIF or MP4.",
    sources: &[RINGCENTRAL_ERRORS, SINCH_XML],
    standards: &[],
    since: "0.1.0",
};

pub(super) const DECLARED_TYPE_DIFFERS: Explanation = Explanation {
    meaning: "The type that the uploader or server declared is not the type that the bytes prove.",
    why: "Providers and phones go by the declared type and fail on bytes that do not follow it.",
    provider_codes: &[
        ProviderCode {
            provider: RingCentral,
            code: "MSG-348",
            says: "unsupported attachment type, HTTP 415",
        },
        ProviderCode {
            provider: Sinch,
            code: "E629",
            says: "unrecognized content type",
        },
    ],
    we: "Go by the bytes: another spelling of the same type is rewritten; another kind of thing is refused.",
    you: "Declare the true type, or nothing. Check why the uploader says otherwise: it may be a disguise.",
    sources: &[RINGCENTRAL_ERRORS, SINCH_XML],
    standards: &[],
    since: "0.1.0",
};

pub(super) const TYPE_NOT_ACCEPTED: Explanation = Explanation {
    meaning: "The type is known, and it is not on the provider's list.",
    why: "The provider refuses the message, or sends it without the part.",
    provider_codes: &[
        ProviderCode {
            provider: RingCentral,
            code: "MSG-348",
            says: "unsupported attachment type, HTTP 415",
        },
        ProviderCode {
            provider: Sinch,
            code: "E629",
            says: "unrecognized content type",
        },
        ProviderCode {
            provider: Sinch,
            code: "E229",
            says: "content not allowed",
        },
    ],
    we: "Transcode pictures to a type of the list (opaque ones to JPEG, others to PNG); refuse what we cannot transcode.",
    you: "Convert the file to a listed type: `mmsfit rules PROVIDER` lists them. CarrierX and TSG Global publish no list; ours is assumed and can be changed.",
    sources: &[
        RINGCENTRAL_GUIDE,
        RINGCENTRAL_ERRORS,
        SINCH_OPENAPI,
        SINCH_XML,
    ],
    standards: &[],
    since: "0.1.0",
};

pub(super) const NAME_AND_TYPE_DISAGREE: Explanation = Explanation {
    meaning: "The file name's extension belongs to another type than the bytes.",
    why: "RingCentral wants a file name with each attachment, and TSG Global takes the type from the extension where none is given.",
    provider_codes: &[ProviderCode {
        provider: RingCentral,
        code: "MSG-351",
        says: "no file name in the Content-Disposition",
    }],
    we: "Send the part under a name with the extension of its true type, plain ASCII, at most 64 characters.",
    you: "Nothing; rename the original if the wrong extension bothers others.",
    sources: &[RINGCENTRAL_ERRORS, TSG_SEND],
    standards: &[],
    since: "0.1.0",
};

pub(super) const AMBIGUOUS_TYPE: Explanation = Explanation {
    meaning: "The bytes are valid as more than one type, or other data lies behind the end of the picture.",
    why: "Such a file shows one thing to the check and another to the phone; it is a way to smuggle content.",
    provider_codes: &[],
    we: "Rewrite the picture without the foreign bytes where it is rewritten anyway; else refuse it.",
    you: "Export the file anew from its editor. Treat a file from a stranger with suspicion.",
    sources: &[],
    standards: &["CWE-434 (unrestricted upload of file with dangerous type)"],
    since: "0.1.0",
};

pub(super) const TEXT_ENCODING: Explanation = Explanation {
    meaning: "The text, contact or calendar is not written in UTF-8.",
    why: "Phones take UTF-8 for granted: other encodings show wrong letters, or nothing from the first accent on.",
    provider_codes: &[],
    we: "Write it anew in UTF-8. Where the old encoding is not said, it is read as windows-1252, and a note says so.",
    you: "Nothing, if the names read right in the output; else convert the file yourself and hand over UTF-8.",
    sources: &[],
    standards: &["RFC 6350 §3.1", "RFC 5545 §3.1.4", "WHATWG Encoding §4.2"],
    since: "0.1.0",
};

pub(super) const PART_OVER_LIMIT: Explanation = Explanation {
    meaning: "One part has more bytes than the provider takes for its type.",
    why: "RingCentral answers an error; Sinch answers one or fails later; TSG Global sends the message without the part and says nothing.",
    provider_codes: &[
        ProviderCode {
            provider: RingCentral,
            code: "MSG-337",
            says: "attachment size limit exceeded",
        },
        ProviderCode {
            provider: RingCentral,
            code: "MSG-376",
            says: "attachment size limit exceeded, in the list of 2018",
        },
        ProviderCode {
            provider: Sinch,
            code: "E331",
            says: "image too big",
        },
        ProviderCode {
            provider: Sinch,
            code: "E332",
            says: "audio too big",
        },
        ProviderCode {
            provider: Sinch,
            code: "E333",
            says: "video too big",
        },
    ],
    we: "Shrink pictures under the limit, choosing scale and quality together; refuse sound, video and documents with the numbers.",
    you: "Cut or re-encode sound and video before. With Sinch, a video can be stored by savemms, which transcodes it.",
    sources: &[
        SINCH_CODES,
        SINCH_SIZES,
        RINGCENTRAL_ERRORS,
        RINGCENTRAL_2018,
        TSG_SEND,
    ],
    standards: &[],
    since: "0.1.0",
};

pub(super) const DIMENSIONS_OVER_LIMIT: Explanation = Explanation {
    meaning: "A side of the picture has more pixels than the rules allow.",
    why: "No provider states a limit; a phone may fail to decode a very large picture, and shows none of the extra pixels.",
    provider_codes: &[],
    we: "Scale the picture down to a limit that a provider states; an assumed one is aimed at where a picture is made anew, and enforced on none that complies otherwise. Nothing is ever scaled up.",
    you: "Nothing, or set another limit in the rules.",
    sources: &[SINCH_BEST],
    standards: &[],
    since: "0.1.0",
};

pub(super) const DECODED_SIZE_OVER_LIMIT: Explanation = Explanation {
    meaning: "The header promises more pixels than we agree to decode, however few bytes the file has.",
    why: "A file of some bytes can ask for gigabytes of memory: a decompression bomb.",
    provider_codes: &[],
    we: "Refuse it from the header, before any memory is taken for its pixels.",
    you: "If the picture is honest, scale it down in an editor first, or raise the limit where memory allows.",
    sources: &[],
    standards: &["CWE-409 (improper handling of highly compressed data)"],
    since: "0.1.0",
};

pub(super) const DURATION_OVER_LIMIT: Explanation = Explanation {
    meaning: "The sound or video lasts longer than the rules allow.",
    why: "Sinch has a code for it and advises 20 to 30 seconds; no provider publishes a hard number.",
    provider_codes: &[ProviderCode {
        provider: Sinch,
        code: "E230",
        says: "duration not allowed",
    }],
    we: "Refuse what exceeds the limit; warn above the advice.",
    you: "Cut the recording, or send a link to it as text.",
    sources: &[SINCH_CODES, SINCH_BEST],
    standards: &[],
    since: "0.1.0",
};

pub(super) const CANNOT_BE_FITTED: Explanation = Explanation {
    meaning: "No version of the attachment that is worth sending stays within the limit.",
    why: "The limit is hard: what exceeds it is refused or dropped by the provider.",
    provider_codes: &[],
    we: "Refuse it and name the nearest size that can be reached; never send something over the limit.",
    you: "Send fewer attachments with it, raise the target up to the provider's cap, or choose another provider.",
    sources: &[],
    standards: &[],
    since: "0.1.0",
};

pub(super) const ABOVE_CARRIER_CEILING: Explanation = Explanation {
    meaning: "The message keeps the provider's cap, and is larger than what mobile networks usually take.",
    why: "The network behind the provider may shrink or drop it after the provider has accepted it.",
    provider_codes: &[ProviderCode {
        provider: RingCentral,
        code: "SMS-CAR-434",
        says: "media too large for the recipient's carrier",
    }],
    we: "Say so. Fitting aims at the target, which lies below the ceiling unless it was raised.",
    you: "Lower the target, or name the carrier and the kind of number to get its own ceiling.",
    sources: &[SINCH_SIZES, RINGCENTRAL_SMS_ERRORS],
    standards: &[],
    since: "0.1.0",
};

pub(super) const WORK_OVER_LIMIT: Explanation = Explanation {
    meaning: "The file asks for more work than we agree to: too many frames times pixels, scans, chunks or levels.",
    why: "A small file can keep a decoder busy for minutes.",
    provider_codes: &[],
    we: "Refuse it before the work is begun, or at the moment when the budget is used up.",
    you: "Export it anew with fewer frames, as a baseline instead of a progressive picture, or as a still.",
    sources: &[],
    standards: &["CWE-770 (allocation of resources without limits)"],
    since: "0.1.0",
};

pub(super) const CORRUPT: Explanation = Explanation {
    meaning: "The file is cut short or its structure is broken.",
    why: "Phones show half a picture or none; Sinch refuses it.",
    provider_codes: &[ProviderCode {
        provider: Sinch,
        code: "E341",
        says: "corrupt image",
    }],
    we: "Refuse it; a half-decoded picture is never passed off as a whole one.",
    you: "Fetch or export the file again.",
    sources: &[SINCH_CODES],
    standards: &[],
    since: "0.1.0",
};

pub(super) const CODEC_NOT_ACCEPTED: Explanation = Explanation {
    meaning: "The container is accepted, and what is inside is coded in a way that phones or the provider do not take.",
    why: "A list of types says nothing of codecs: an MP4 with an unusual codec is accepted and shows nothing.",
    provider_codes: &[
        ProviderCode {
            provider: Sinch,
            code: "E012",
            says: "audio encoding failed, told later by postback",
        },
        ProviderCode {
            provider: Sinch,
            code: "E013",
            says: "video encoding failed, told later by postback",
        },
    ],
    we: "Transcode pictures; refuse sound and video.",
    you: "Re-encode video as H.264 with AAC in MP4, sound as MP3 or AMR.",
    sources: &[SINCH_POSTBACKS],
    standards: &[],
    since: "0.1.0",
};

pub(super) const ANIMATION_NOT_ACCEPTED: Explanation = Explanation {
    meaning: "The animation is of a type that the provider does not take, or could not be kept within the limit.",
    why: "Of the animated types only GIF is taken everywhere; a still in its place would change the message.",
    provider_codes: &[],
    we: "Keep GIF animations as they are or refuse them; never turn one into a still silently.",
    you: "Shorten or shrink the animation, send it as MP4, or allow a still of its first frame.",
    sources: &[RINGCENTRAL_GUIDE, SINCH_JSON],
    standards: &[],
    since: "0.1.0",
};

pub(super) const HOSTILE_ARCHIVE: Explanation = Explanation {
    meaning: "The archive would unpack to far more than its size, holds paths that lead outside, or hides content by encryption or overlap.",
    why: "Whoever opens it may lose files or run out of space; nobody on the way can check what is hidden.",
    provider_codes: &[],
    we: "Read the directory of the archive under limits, without unpacking to disk, and refuse it.",
    you: "Pack the files anew, without a password, with plain relative names.",
    sources: &[],
    standards: &[
        "CWE-409 (improper handling of highly compressed data)",
        "CWE-22 (path traversal)",
    ],
    since: "0.1.0",
};

pub(super) const ACTIVE_CONTENT: Explanation = Explanation {
    meaning: "The file can run something when it is opened: script in SVG or HTML, a macro, a program.",
    why: "It endangers who receives it, and carriers filter it.",
    provider_codes: &[ProviderCode {
        provider: Sinch,
        code: "E229",
        says: "content not allowed",
    }],
    we: "Refuse it, also where the provider's list has the type.",
    you: "Send a picture of the content: PNG instead of SVG, a screenshot instead of HTML.",
    sources: &[SINCH_XML],
    standards: &["W3C SVG 2, scripting"],
    since: "0.1.0",
};

pub(super) const PARTLY_SENT: Explanation = Explanation {
    meaning: "The file holds more than one picture, or a video beside it: pages, sizes, a gain map for bright screens, a depth map, the moving half of a motion photograph.",
    why: "A message part shows one picture; what lies beside it would not be seen, and would count against the limit.",
    provider_codes: &[],
    we: "Send the picture that the file itself names as the main one, and name what stays behind.",
    you: "Send what is missing as attachments of their own: each page as a picture, the video as a video.",
    sources: &[],
    standards: &[
        "ISO/IEC 23008-12 clause 6 (primary, auxiliary and derived pictures)",
        "TIFF 6.0 section 7 (several pictures in one file)",
    ],
    since: "0.1.0",
};

pub(super) const ENCODER_FAILED: Explanation = Explanation {
    meaning: "Video or sound had to be encoded anew, and ffmpeg, which does it, failed, ran out of time or wrote nonsense.",
    why: "The provider takes it neither in this type nor at this length, so there is nothing that could be sent.",
    provider_codes: &[],
    we: "Run ffmpeg on its own files, bounded in time, memory and bytes; end it when a bound is reached; send nothing of it.",
    you: "Play the upload to its end; cut it shorter; check that ffmpeg is installed, or name one in MMSFIT_FFMPEG.",
    sources: &[],
    standards: &[],
    since: "0.1.0",
};

pub(super) const ORIENTATION_APPLIED: Explanation = Explanation {
    meaning: "The picture was stored lying on its side with a note to turn it; it now stands upright by itself.",
    why: "Carriers and phones strip the note, and the picture would arrive on its side.",
    provider_codes: &[],
    we: "Turn the pixels and remove the note.",
    you: "Nothing.",
    sources: &[],
    standards: &["CIPA DC-008 (Exif)"],
    since: "0.1.0",
};

pub(super) const LOCATION_DATA: Explanation = Explanation {
    meaning: "The file told where it was taken; that was removed.",
    why: "Every receiver could read the place from it. It is not refused; it is nobody's business.",
    provider_codes: &[],
    we: "Remove it whenever the file is written anew; say so in the report.",
    you: "Nothing. Send the place as text if it is meant to be known.",
    sources: &[],
    standards: &["CIPA DC-008 (Exif)"],
    since: "0.1.0",
};

pub(super) const CONTENT_CREDENTIALS: Explanation = Explanation {
    meaning: "The file carries signed content credentials (C2PA), and the change that is needed breaks the signature.",
    why: "The credentials vouch for exact bytes; kept beside changed pixels they would accuse an honest picture.",
    provider_codes: &[],
    we: "Warn, and remove the credentials where the file has to be changed; leave a file alone that complies.",
    you: "If the proof matters, send a link to the original.",
    sources: &[],
    standards: &["C2PA technical specification, hard bindings to content"],
    since: "0.1.0",
};

pub(super) const COLOUR_CONVERTED: Explanation = Explanation {
    meaning: "The picture's colours were described by another profile than sRGB, and were converted.",
    why: "Phones and carriers drop the profile; without it the colours would look washed out or wrong.",
    provider_codes: &[],
    we: "Convert to sRGB and drop the profile.",
    you: "Nothing.",
    sources: &[],
    standards: &["IEC 61966-2-1, sRGB"],
    since: "0.1.0",
};

pub(super) const METADATA_REMOVED: Explanation = Explanation {
    meaning: "Notes inside the file, such as camera, time, thumbnail or comments, were removed.",
    why: "They cost bytes that the picture can use, and tell the receiver more than the sender meant to.",
    provider_codes: &[],
    we: "Remove them whenever the file is written anew; a file that complies is left alone.",
    you: "Nothing. Keep the original if the notes matter.",
    sources: &[],
    standards: &["CIPA DC-008 (Exif)"],
    since: "0.1.0",
};

const RINGCENTRAL_GUIDE: Source = Source {
    page: "RingCentral guide Sending MMS, last updated 2024-01-31",
    seen: "2024-01-31",
};
const RINGCENTRAL_ERRORS: Source = Source {
    page: "https://github.com/ringcentral/ringcentral-api-docs docs/basics/errors.md",
    seen: "2026-04-28",
};
const RINGCENTRAL_2018: Source = Source {
    page: "RingCentral API reference of 2018, errors of the operation Send SMS",
    seen: "2026-11-21",
};
const RINGCENTRAL_SMS_ERRORS: Source = Source {
    page: "https://github.com/ringcentral/ringcentral-api-docs docs/messaging/sms/sms-errors.md",
    seen: "2026-04-28",
};
const SINCH_JSON: Source = Source {
    page: "Sinch MMS JSON API reference, Send and receive MMS messages using the JSON API",
    seen: "2026-11-21",
};
const SINCH_OPENAPI: Source = Source {
    page: "https://developers.sinch.com/_bundle/docs/mms/api-reference/mms.json",
    seen: "2026-11-21",
};
const SINCH_SIZES: Source = Source {
    page: "https://community.sinch.com/t5/MMS/What-is-the-maximum-size-of-MMS-message-that-you-can-send/ta-p/7847",
    seen: "2026-11-21",
};
const SINCH_BEST: Source = Source {
    page: "https://github.com/sinch/docs docs/mms/mms-bestpractices.md",
    seen: "2021-07-11",
};
const SINCH_CODES: Source = Source {
    page: "https://sinch.redocly.app/docs/mms/api-reference/api-status-codes",
    seen: "2026-11-21",
};
const SINCH_XML: Source = Source {
    page: "https://github.com/sinch/docs docs/mms/xml-service",
    seen: "2021-07-11",
};
const SINCH_POSTBACKS: Source = Source {
    page: "https://developers.sinch.com/docs/mms/api-reference/postback-notification-codes/",
    seen: "2026-11-21",
};
const TSG_SEND: Source = Source {
    page: "https://docs.tsgglobal.com/api-reference/programmable-mms/send-an-mms-message",
    seen: "2026-11-21",
};
