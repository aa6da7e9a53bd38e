//! Pictures that no phone shows and files that nobody accepts: recognised so that a refusal can name them.

use super::Corrupt;
use super::bmff::Boxes;
use super::bytes::{array, be16, be32, find, from, head, le32, slice, u8_at};
use crate::code::Code;
use crate::content_type::ContentType as Type;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Types that are named by their magic and not looked into.
pub(super) fn named(_: &[u8], _: &mut Sniffed) -> Result<(), Corrupt> {
    Ok(())
}

/// A type of our table that `infer` sees and no probe of ours could prove.
pub(super) fn unproved(_: &[u8], _: &mut Sniffed) -> Result<(), Corrupt> {
    Err("it starts like one, and nothing behind its first bytes is of that type".into())
}

/// A program.
pub(super) fn program(_: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    found
        .findings
        .push(Finding::refused(Code::ActiveContent, "it is a program"));
    Ok(())
}

/// Archives that are not looked through.
pub(super) fn closed_archive(_: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    found.findings.push(
        Finding::refused(
            Code::HostileArchive,
            "an archive of this type is not looked through",
        )
        .help("send the files in it one by one"),
    );
    Ok(())
}

/// Office files before 2007 (MS-CFB): macros stand in a storage with a name of their own, in UTF-16.
pub(super) fn probe_ole(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    // MS-CFB 2.2: byte order and sector shift.
    if slice(bytes, 28, 2) != Some(&[0xFE, 0xFF])
        || !matches!(u8_at(bytes, 30), Some(9 | 12))
        || bytes.len() < 1_024
    {
        return Err("its header is not whole".into());
    }
    if find(bytes, b"V\0B\0A\0").is_some() {
        found
            .findings
            .push(Finding::refused(Code::ActiveContent, "it holds macros"));
    }
    Ok(())
}

/// Adobe Photoshop File Formats: file header section.
pub(super) fn probe_psd(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    if !matches!(be16(bytes, 4), Some(1 | 2)) {
        return Err("its version does not exist".into());
    }
    let side = |at| {
        be32(bytes, at)
            .filter(|side| (1..=300_000).contains(side))
            .ok_or("its header is cut")
    };
    found.height_px = Some(side(14)?);
    found.width_px = Some(side(18)?);
    found.frames = Some(1);
    Ok(())
}

/// JPEG 2000: the image header box of a JP2 (ISO/IEC 15444-1 I.5.3.1), or SIZ of a bare codestream (A.5.1).
pub(super) fn probe_jp2(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    if bytes.starts_with(&[0xFF, 0x4F]) {
        let field = |at| be32(bytes, at).ok_or("its header is cut");
        found.width_px = Some(field(8)?.saturating_sub(field(16)?));
        found.height_px = Some(field(12)?.saturating_sub(field(20)?));
    } else {
        let header = Boxes::path(bytes, &[b"jp2h", b"ihdr"]).ok_or("it has no image header")?;
        found.height_px = be32(header, 0);
        found.width_px = be32(header, 4);
        Boxes::first(bytes, b"jp2c").ok_or("it has no picture")?;
    }
    if found.width_px.is_none_or(|side| side == 0) || found.height_px.is_none_or(|side| side == 0) {
        return Err("a side is 0 px".into());
    }
    found.frames = Some(1);
    Ok(())
}

/// JPEG XL (ISO/IEC 18181-1 D.2): the size header of the codestream, bare or in its boxes (18181-2).
pub(super) fn probe_jxl(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    let stream = if bytes.starts_with(&[0xFF, 0x0A]) {
        bytes
    } else {
        for item in Boxes::of(bytes).take(1_000) {
            match &item.name {
                b"Exif" => super::exif::read(from(item.body, 4), found, false),
                b"xml " => super::exif::read_xmp(item.body, found),
                b"jumb" => found.has_content_credentials |= find(item.body, b"c2pa").is_some(),
                _ => {}
            }
        }
        Boxes::first(bytes, b"jxlc")
            .or_else(|| Boxes::first(bytes, b"jxlp").map(|part| from(part, 4)))
            .ok_or("it has no codestream")?
    };
    let mut bits = Bits {
        value: u128::from_le_bytes(padded(from(stream, 2))),
        left: 128,
    };
    let is_small = bits.take(1) == 1;
    let height = if is_small {
        (bits.take(5) + 1) * 8
    } else {
        bits.side()
    };
    let ratio = bits.take(3);
    let width = match ratio {
        0 if is_small => (bits.take(5) + 1) * 8,
        0 => bits.side(),
        ratio => {
            // Table D.1: fixed ratios of width to height.
            const RATIOS: [(u64, u64); 7] =
                [(1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1)];
            let (over, under) = RATIOS[ratio as usize - 1];
            height * over / under
        }
    };
    if stream.len() < 12 {
        return Err("its codestream is cut".into());
    }
    found.width_px = u32::try_from(width).ok();
    found.height_px = u32::try_from(height).ok();
    // How many frames an animation has stands in no header: each says whether it is the last.
    found.frames = (!bits.is_animation()).then_some(1);
    Ok(())
}

fn padded(bytes: &[u8]) -> [u8; 16] {
    let mut all = [0; 16];
    for (to, from) in all.iter_mut().zip(head(bytes, 16)) {
        *to = *from;
    }
    all
}

struct Bits {
    value: u128,
    left: u32,
}

impl Bits {
    fn take(&mut self, count: u32) -> u64 {
        let count = count.min(self.left);
        let value = self.value & ((1 << count) - 1);
        self.value >>= count;
        self.left -= count;
        u64::try_from(value).unwrap_or(0)
    }

    /// Whether the image metadata (ISO/IEC 18181-1 D.3.1) behind the sizes has an animation header.
    fn is_animation(&mut self) -> bool {
        let all_default = self.take(1) == 1;
        if all_default || self.take(1) == 0 {
            return false;
        }
        // Orientation, then sides of their own, then a preview of sides of its own (D.3.2).
        self.take(3);
        if self.take(1) == 1 {
            self.sides();
        }
        if self.take(1) == 1 {
            self.preview();
        }
        self.take(1) == 1
    }

    /// `SizeHeader` (D.2), passed over.
    fn sides(&mut self) {
        let is_small = self.take(1) == 1;
        let one = |bits: &mut Self| if is_small { bits.take(5) } else { bits.side() };
        one(self);
        if self.take(3) == 0 {
            one(self);
        }
    }

    /// `PreviewHeader` (D.3.4), passed over.
    fn preview(&mut self) {
        let is_eighths = self.take(1) == 1;
        let one = |bits: &mut Self| {
            let choice = bits.take(2) as usize;
            let width = if is_eighths {
                [0, 0, 5, 9][choice]
            } else {
                [6, 8, 10, 12][choice]
            };
            bits.take(width)
        };
        one(self);
        if self.take(3) == 0 {
            one(self);
        }
    }

    /// U32(1 + u(9), 1 + u(13), 1 + u(18), 1 + u(30)).
    fn side(&mut self) -> u64 {
        let width = [9, 13, 18, 30][self.take(2) as usize];
        self.take(width) + 1
    }
}

/// A DOS or Windows program: `MZ` with a `PE`, `NE` or `LE` header where it says (PE format, MS-DOS stub).
pub(super) fn is_windows_program(bytes: &[u8]) -> bool {
    bytes.starts_with(b"MZ")
        && (le32(bytes, 60)
            .and_then(|at| slice(bytes, at as usize, 2))
            .is_some_and(|name| matches!(name, b"PE" | b"NE" | b"LE" | b"LX"))
            || head(bytes, 64).contains(&0))
}

/// What `infer` calls a file that no matcher of ours knows.
pub(super) fn inferred(bytes: &[u8]) -> Option<(Type, super::Probe)> {
    use crate::content_type::Family;
    let kind = infer::get(bytes)?;
    let kind = match kind.mime_type() {
        "application/x-executable"
        | "application/x-mach-binary"
        | "application/vnd.microsoft.portable-executable"
        | "application/wasm"
        | "application/java-vm" => Type::Executable,
        "application/font-woff" | "application/font-sfnt" | "application/vnd.ms-fontobject" => {
            Type::Font
        }
        "application/vnd.sqlite3" => Type::Sqlite,
        mime => Type::from_mime(mime)?,
    };
    let probe: super::Probe = match (kind, kind.family()) {
        (Type::Executable, _) => program,
        (_, Family::Other) => named,
        (_, Family::Archive) => closed_archive,
        _ => unproved,
    };
    Some((kind, probe))
}

/// Whether a number of bytes at the start is a signature of `ftyp`-less JPEG XL or JPEG 2000 boxes.
pub(super) fn signature_box(bytes: &[u8]) -> Option<[u8; 4]> {
    // Length 12, name, then CR LF 0x87 LF.
    let is_signature =
        be32(bytes, 0) == Some(12) && slice(bytes, 8, 4) == Some(&[0x0D, 0x0A, 0x87, 0x0A]);
    is_signature.then(|| array(bytes, 4)).flatten()
}
