//! What else a file holds and is not sent.

use heifer_isobmff::BoxIter;

use super::Heif;
use super::alpha::is_alpha;
use crate::code::Code;
use crate::report::Finding;

impl Heif<'_> {
    /// What else the file holds and is not sent.
    pub(super) fn left_out(&self, id: u32) -> Vec<Finding> {
        let mut what = Vec::new();
        let others = self
            .file
            .top_level_image_ids()
            .iter()
            .filter(|&&other| other != self.file.primary_id && other != id)
            .count();
        if others > 0 {
            let plural = if others > 1 { "s" } else { "" };
            what.push(format!("{others} other picture{plural}"));
        }
        let auxiliaries = self.file.references.iter().filter(|reference| {
            reference.ref_type.0 == *b"auxl"
                && (reference.to.contains(&id) || reference.to.contains(&self.file.primary_id))
        });
        for reference in auxiliaries {
            let kind = self.auxiliary(reference.from).ok().flatten().unwrap_or("");
            what.extend(match kind {
                kind if is_alpha(kind) => None,
                kind if kind.contains("hdrgainmap") => Some("an HDR gain map".to_owned()),
                kind if kind.contains("depth") || kind.contains("auxid:2") => {
                    Some("a depth map".to_owned())
                }
                _ => Some("an auxiliary picture".to_owned()),
            });
        }
        for item in BoxIter::new(self.bytes).map_while(Result::ok).take(100) {
            match &item.header.box_type.0 {
                b"mpvd" => what.push("a video (motion photograph)".to_owned()),
                b"moov" => what.push("a sequence".to_owned()),
                _ => {}
            }
        }
        what.sort();
        what.dedup();
        if what.is_empty() {
            return Vec::new();
        }
        let plural = what.len() > 1 || others > 1;
        vec![Finding::note(
            Code::PartlySent,
            format!(
                "only the main picture is sent: {} {} behind",
                what.join(", "),
                if plural { "stay" } else { "stays" }
            ),
        )]
    }
}
