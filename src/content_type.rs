//! Content types: one kind per format, its registered name, its aliases, its extensions.

use std::fmt;

use serde::Serialize;

/// What family a type belongs to; decides which stage can change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Family {
    /// A still or animated picture.
    Image,
    /// Moving pictures, with or without sound.
    Video,
    /// Sound alone.
    Audio,
    /// A contact card.
    Contact,
    /// A calendar.
    Calendar,
    /// Plain or marked-up text.
    Text,
    /// A document of pages or sheets.
    Document,
    /// A container of other files.
    Archive,
    /// Anything else: recognised so that it can be named, accepted by nobody.
    Other,
}

macro_rules! content_types {
    ($( $(#[doc = $doc:literal])* $variant:ident = $family:ident, $mime:literal, [$($alias:literal),*], [$extension:literal $(, $more:literal)*]; )*) => {
        /// One format, whatever name it goes by.
        ///
        /// Providers spell the same format differently (`video/avi`, `video/msvideo`, `video/x-msvideo`); here it is
        /// one value, and each provider's rules hold that provider's spelling.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ContentType {
            $( #[doc = concat!("`", $mime, "`")] $(#[doc = $doc])* $variant, )*
        }

        impl ContentType {
            /// Every type, in the order of the table.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )*];

            /// The registered name, such as `image/jpeg`.
            #[must_use]
            pub const fn mime(self) -> &'static str {
                match self { $( Self::$variant => $mime, )* }
            }

            /// Other names that the same format is declared by.
            #[must_use]
            pub const fn aliases(self) -> &'static [&'static str] {
                match self { $( Self::$variant => &[$($alias),*], )* }
            }

            /// The usual extension, without its dot.
            #[must_use]
            pub const fn extension(self) -> &'static str {
                match self { $( Self::$variant => $extension, )* }
            }

            /// Every extension that names this format, the usual one first.
            #[must_use]
            pub const fn extensions(self) -> &'static [&'static str] {
                match self { $( Self::$variant => &[$extension $(, $more)*], )* }
            }

            /// The family.
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $( Self::$variant => Family::$family, )* }
            }
        }
    };
}

content_types! {
    Jpeg = Image, "image/jpeg", ["image/jpg", "image/pjpeg", "image/x-jpeg"], ["jpg", "jpeg", "jpe", "jfif"];
    Png = Image, "image/png", ["image/x-png", "image/apng", "image/vnd.mozilla.apng"], ["png", "apng"];
    Gif = Image, "image/gif", [], ["gif"];
    WebP = Image, "image/webp", [], ["webp"];
    Bmp = Image, "image/bmp", ["image/x-bmp", "image/x-ms-bmp"], ["bmp", "dib"];
    Tiff = Image, "image/tiff", ["image/tif", "image/x-tiff"], ["tiff", "tif"];
    Ico = Image, "image/vnd.microsoft.icon", ["image/x-icon", "image/ico"], ["ico"];
    Svg = Image, "image/svg+xml", ["image/svg"], ["svg"];
    Heic = Image, "image/heic", ["image/heic-sequence"], ["heic", "heics"];
    Heif = Image, "image/heif", ["image/heif-sequence"], ["heif", "heifs", "hif"];
    Avif = Image, "image/avif", ["image/avif-sequence"], ["avif", "avifs"];
    JpegXl = Image, "image/jxl", [], ["jxl"];
    Jpeg2000 = Image, "image/jp2", ["image/jpx", "image/jpeg2000"], ["jp2", "j2k", "jpf"];
    Psd = Image, "image/vnd.adobe.photoshop", ["image/x-photoshop", "application/x-photoshop"], ["psd"];
    CameraRaw = Image, "image/x-dcraw", ["image/x-adobe-dng", "image/x-canon-cr2", "image/x-canon-cr3", "image/x-nikon-nef", "image/x-sony-arw"], ["dng", "cr2", "cr3", "nef", "nrw", "arw", "raf", "orf", "rw2", "rwl", "pef", "srw"];
    Mp4 = Video, "video/mp4", ["video/x-m4v", "application/mp4"], ["mp4", "m4v"];
    QuickTime = Video, "video/quicktime", [], ["mov", "qt"];
    ThreeGp = Video, "video/3gpp", ["video/3gp"], ["3gp", "3gpp"];
    ThreeG2 = Video, "video/3gpp2", ["video/3g2"], ["3g2"];
    Mpeg = Video, "video/mpeg", ["video/mpg", "video/x-mpeg"], ["mpg", "mpeg", "mpe"];
    MpegTs = Video, "video/mp2t", [], ["ts", "m2ts", "mts"];
    Avi = Video, "video/vnd.avi", ["video/avi", "video/msvideo", "video/x-msvideo"], ["avi"];
    Wmv = Video, "video/x-ms-wmv", ["video/x-ms-asf"], ["wmv", "asf"];
    Flv = Video, "video/x-flv", ["video/flv"], ["flv"];
    WebM = Video, "video/webm", [], ["webm"];
    Matroska = Video, "video/matroska", ["video/x-matroska"], ["mkv"];
    OggVideo = Video, "video/ogg", [], ["ogv", "ogg"];
    Mp3 = Audio, "audio/mpeg", ["audio/mp3", "audio/x-mp3", "audio/mpeg3", "audio/x-mpeg"], ["mp3"];
    Mp4Audio = Audio, "audio/mp4", ["audio/m4a", "audio/x-m4a"], ["m4a"];
    Aac = Audio, "audio/aac", ["audio/x-aac", "audio/aacp"], ["aac"];
    Amr = Audio, "audio/amr", ["audio/x-amr", "audio/arm"], ["amr"];
    AmrWb = Audio, "audio/amr-wb", [], ["awb"];
    ThreeGpAudio = Audio, "audio/3gpp", ["audio/3gp"], ["3gp", "3ga"];
    ThreeG2Audio = Audio, "audio/3gpp2", [], ["3g2"];
    Wav = Audio, "audio/wav", ["audio/x-wav", "audio/x-wave", "audio/wave", "audio/vnd.wave"], ["wav"];
    OggAudio = Audio, "audio/ogg", ["application/ogg", "audio/vorbis", "audio/opus"], ["ogg", "oga", "opus"];
    Flac = Audio, "audio/flac", ["audio/x-flac"], ["flac"];
    WebMAudio = Audio, "audio/webm", [], ["weba"];
    MatroskaAudio = Audio, "audio/matroska", ["audio/x-matroska"], ["mka"];
    Wma = Audio, "audio/x-ms-wma", [], ["wma"];
    Aiff = Audio, "audio/aiff", ["audio/x-aiff"], ["aiff", "aif"];
    Midi = Audio, "audio/midi", ["audio/x-midi"], ["mid", "midi"];
    VCard = Contact, "text/vcard", ["text/x-vcard", "text/v-card", "text/directory"], ["vcf", "vcard"];
    ICalendar = Calendar, "text/calendar", ["application/ics", "text/x-vcalendar"], ["ics", "ical", "ifb", "icalendar", "vcs"];
    PlainText = Text, "text/plain", [], ["txt", "text", "log"];
    Csv = Text, "text/csv", ["text/comma-separated-values", "application/csv"], ["csv"];
    Html = Text, "text/html", ["application/xhtml+xml"], ["html", "htm", "xhtml"];
    Xml = Text, "application/xml", ["text/xml"], ["xml"];
    Json = Text, "application/json", ["text/json"], ["json"];
    Smil = Text, "application/smil+xml", ["application/smil"], ["smil", "smi"];
    Rtf = Document, "application/rtf", ["text/rtf", "text/richtext"], ["rtf"];
    Pdf = Document, "application/pdf", ["application/x-pdf"], ["pdf"];
    Docx = Document, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", [], ["docx"];
    Xlsx = Document, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", [], ["xlsx"];
    Pptx = Document, "application/vnd.openxmlformats-officedocument.presentationml.presentation", [], ["pptx"];
    OfficeMacro = Document, "application/vnd.ms-office.macroenabled", ["application/vnd.ms-word.document.macroenabled.12", "application/vnd.ms-excel.sheet.macroenabled.12"], ["docm", "xlsm", "pptm"];
    Ole = Document, "application/x-ole-storage", ["application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint", "application/x-cfb"], ["doc", "xls", "ppt"];
    OpenDocument = Document, "application/vnd.oasis.opendocument.text", ["application/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.presentation"], ["odt", "ods", "odp"];
    Epub = Document, "application/epub+zip", [], ["epub"];
    Pkpass = Document, "application/vnd.apple.pkpass", [], ["pkpass"];
    Zip = Archive, "application/zip", ["application/x-zip-compressed", "application/x-zip"], ["zip"];
    Gzip = Archive, "application/gzip", ["application/x-gzip"], ["gz", "gzip", "tgz"];
    Tar = Archive, "application/x-tar", [], ["tar"];
    Rar = Archive, "application/vnd.rar", ["application/x-rar-compressed"], ["rar"];
    SevenZip = Archive, "application/x-7z-compressed", [], ["7z"];
    Bzip2 = Archive, "application/x-bzip2", [], ["bz2"];
    Xz = Archive, "application/x-xz", [], ["xz"];
    Zstd = Archive, "application/zstd", [], ["zst"];
    Executable = Other, "application/x-executable", ["application/vnd.microsoft.portable-executable", "application/x-elf", "application/x-mach-binary", "application/x-msdownload", "text/x-shellscript"], ["exe", "elf", "dll", "so", "sh"];
    Font = Other, "font/sfnt", ["font/ttf", "font/otf", "font/woff", "font/woff2"], ["ttf", "otf", "woff", "woff2"];
    Sqlite = Other, "application/vnd.sqlite3", [], ["sqlite", "db"];
}

impl ContentType {
    /// The type that a declared name means, aliases and parameters included; `None` for generic names
    /// (`application/octet-stream`) and unknown ones.
    ///
    /// # Examples
    ///
    /// ```
    /// use mmsfit::ContentType;
    ///
    /// assert_eq!(ContentType::from_mime("image/jpg"), Some(ContentType::Jpeg));
    /// assert_eq!(ContentType::from_mime("Text/X-vCard; charset=utf-8"), Some(ContentType::VCard));
    /// assert_eq!(ContentType::from_mime("application/octet-stream"), None);
    /// ```
    #[must_use]
    pub fn from_mime(declared: &str) -> Option<Self> {
        let essence = declared.split(';').next().unwrap_or_default().trim();
        Self::ALL.iter().copied().find(|kind| {
            kind.mime().eq_ignore_ascii_case(essence)
                || kind
                    .aliases()
                    .iter()
                    .any(|alias| alias.eq_ignore_ascii_case(essence))
        })
    }

    /// The types that an extension (without its dot) may stand for: more than one for `3gp` and `ogg`, none for an
    /// unknown one.
    pub fn from_extension(extension: &str) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |kind| {
            kind.extensions()
                .iter()
                .any(|known| known.eq_ignore_ascii_case(extension))
        })
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mime())
    }
}

impl Serialize for ContentType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.mime())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_exactly_one_type() {
        for &kind in ContentType::ALL {
            for name in std::iter::once(kind.mime()).chain(kind.aliases().iter().copied()) {
                assert_eq!(ContentType::from_mime(name), Some(kind), "{name}");
                assert_eq!(
                    ContentType::from_mime(&name.to_uppercase()),
                    Some(kind),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn an_extension_shared_by_two_types_names_both() {
        let kinds: Vec<ContentType> = ContentType::from_extension("3GP").collect();
        assert_eq!(kinds, [ContentType::ThreeGp, ContentType::ThreeGpAudio]);
    }
}
