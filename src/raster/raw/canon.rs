//! Previews in CR3, Canon's files of boxes (ISO/IEC 14496-12).

/// Boxes that are read at one level, and samples' places.
const MAX_BOXES: usize = 1_000;

/// Canon's box of one preview: its first bytes, of which the JPEG is behind.
const PREVIEW: &[u8; 4] = b"PRVW";

/// Offsets and lengths of what may be a JPEG: the preview in a box of its own, and the first sample of each track, the
/// first of which is the photograph as a JPEG.
pub(super) fn pictures(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for outer in Boxes::within(bytes, 0, bytes.len()) {
        match &outer.name {
            b"moov" => {
                let tracks = Boxes::within(bytes, outer.start, outer.end);
                let tracks = tracks.filter(|inner| &inner.name == b"trak");
                found.extend(tracks.filter_map(|track| first_sample(bytes, track)));
            }
            b"uuid" => {
                let head = &bytes[outer.start..outer.end.min(outer.start + 64)];
                let named = head.windows(4).position(|four| four == PREVIEW);
                if let Some(at) = named {
                    found.extend(preview(bytes, outer.start + at + 4, outer.end));
                }
            }
            _ => {}
        }
    }
    found
}

/// Behind the name: six bytes, width and height, two bytes, the length of the JPEG, the JPEG.
fn preview(bytes: &[u8], at: usize, end: usize) -> Option<(usize, usize)> {
    let len = be32(bytes, at + 12)?;
    let start = at + 16;
    (start.checked_add(len)? <= end).then_some((start, len))
}

fn first_sample(bytes: &[u8], track: Box) -> Option<(usize, usize)> {
    let mut inside = track;
    for name in [b"mdia", b"minf", b"stbl"] {
        inside = child(bytes, inside, name)?;
    }
    // 8.7.3: a size for all, or a list of them.
    let sizes = child(bytes, inside, b"stsz")?.start;
    let len = match be32(bytes, sizes + 4)? {
        0 => be32(bytes, sizes + 12)?,
        one => one,
    };
    // 8.7.5: places of four or of eight bytes.
    let at = match child(bytes, inside, b"co64") {
        Some(places) if be32(bytes, places.start + 8)? == 0 => be32(bytes, places.start + 12)?,
        Some(_) => return None,
        None => be32(bytes, child(bytes, inside, b"stco")?.start + 8)?,
    };
    Some((at, len))
}

fn child(bytes: &[u8], outer: Box, name: &[u8; 4]) -> Option<Box> {
    Boxes::within(bytes, outer.start, outer.end).find(|inner| &inner.name == name)
}

/// The body of one box.
#[derive(Clone, Copy)]
struct Box {
    name: [u8; 4],
    start: usize,
    end: usize,
}

/// The boxes of one level (4.2), as far as they are whole.
struct Boxes<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
    left: usize,
}

impl<'a> Boxes<'a> {
    const fn within(bytes: &'a [u8], at: usize, end: usize) -> Self {
        Self {
            bytes,
            at,
            end,
            left: MAX_BOXES,
        }
    }
}

impl Iterator for Boxes<'_> {
    type Item = Box;

    fn next(&mut self) -> Option<Box> {
        self.left = self.left.checked_sub(1)?;
        let name = *self.bytes.get(self.at + 4..)?.first_chunk::<4>()?;
        let (head, len) = match be32(self.bytes, self.at)? {
            0 => (8, self.end - self.at),
            // A length of 64 bits: files of 4 GB and more are not read.
            1 if be32(self.bytes, self.at + 8)? == 0 => (16, be32(self.bytes, self.at + 12)?),
            len => (8, len),
        };
        let end = self.at.checked_add(len)?;
        if len < head || end > self.end.min(self.bytes.len()) {
            return None;
        }
        let start = self.at + head;
        self.at = end;
        Some(Box { name, start, end })
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<usize> {
    let four = *bytes.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(four)).ok()
}
