//! A file that the provider does not take, as the only entry of a zip archive that it does.

use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::check::{Checked, Need};
use crate::clip;
use crate::code::Code;
use crate::content_type::ContentType;
use crate::fit::{Fitted, strip};
use crate::report::Finding;
use crate::units::ByteCount;

/// The attachment in a zip archive, deflated. Its bytes depend on those of the attachment and on its name alone.
///
/// # Errors
///
/// A finding: MMS205 where the archive is over the limit.
pub(super) fn wrap(checked: &Checked, limit: ByteCount) -> Result<Fitted, Finding> {
    let cleaned = checked
        .needs
        .contains(&Need::Strip)
        .then(|| without_place(checked))
        .flatten();
    let inner = cleaned.as_deref().unwrap_or(&checked.bytes);
    let bytes = archive(&entry_name(checked), inner).map_err(|refusal| {
        Finding::refused(
            Code::InternalFault,
            format!("the zip archive could not be written: {refusal}"),
        )
        .help("please report it")
    })?;
    if ByteCount::of(&bytes) > limit {
        return Err(Finding::refused(
            Code::CannotBeFitted,
            format!(
                "not under {limit}: the zip archive has {}",
                ByteCount::of(&bytes)
            ),
        )
        .observed("bytes", ByteCount::of(&bytes).get())
        .allowed("bytes", limit.get())
        .help("send a shorter file, or a link to it"));
    }
    let fitted = Fitted::within(bytes.into(), ContentType::Zip, limit)?;
    Ok(Fitted {
        action: Some("wrapped"),
        ..fitted
    })
}

/// The attachment without its place, as the check has promised.
fn without_place(checked: &Checked) -> Option<Vec<u8>> {
    let kind = checked.sniffed.content_type?;
    strip::strip(&checked.bytes, &checked.sniffed).or_else(|| clip::rewrite(&checked.bytes, kind))
}

fn archive(name: &str, bytes: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        // No clock: the same attachment is the same archive tomorrow.
        .last_modified_time(DateTime::default());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(name, options)?;
    archive.write_all(bytes)?;
    Ok(archive.finish()?.into_inner())
}

/// The attachment's own name without its folders, the extension that of its bytes.
fn entry_name(checked: &Checked) -> String {
    let kind = checked.sniffed.content_type;
    let extension = kind.map_or("bin", ContentType::extension);
    let given = checked.name.as_deref().unwrap_or(&checked.input);
    let stem = Path::new(given)
        .file_stem()
        .map(|stem| stem.to_string_lossy())
        .filter(|stem| !stem.contains(['/', '\\', '\0']) && !stem.starts_with('.'))
        .unwrap_or("attachment".into());
    let stem: String = stem.chars().take(64).collect();
    format!("{stem}.{extension}")
}
