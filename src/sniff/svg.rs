//! SVG: sides, and whether anything in it acts or reaches out. A bounded tag scanner; nothing is resolved.

use super::svg_uses::Uses;
use super::{Corrupt, limits};
use crate::code::Code;
use crate::report::Finding;
use crate::sniff::Sniffed;

/// Bytes of a drawing that is looked at.
pub(super) const MAX_BYTES: usize = 1 << 20;
const MAX_ELEMENTS: u32 = 20_000;
const MAX_ATTRIBUTES: u32 = 200;
const MAX_DEPTH: usize = 100;

/// Elements that run, embed or load something.
const ACTIVE_ELEMENTS: [&str; 14] = [
    "script",
    "foreignobject",
    "iframe",
    "form",
    "object",
    "embed",
    "audio",
    "video",
    "canvas",
    "handler",
    "listener",
    "link",
    "meta",
    "base",
];

/// Refuses a drawing over 1 MiB.
pub(super) fn too_large(len: usize, found: &mut Sniffed) {
    found.findings.push(
        Finding::refused(
            Code::WorkOverLimit,
            format!("a drawing of {len} bytes is not looked through"),
        )
        .observed("bytes", len)
        .allowed("bytes", MAX_BYTES),
    );
}

/// Proves a drawing: one root element, closed; names all that is active in it.
pub(super) fn probe(bytes: &[u8], found: &mut Sniffed) -> Result<(), Corrupt> {
    if bytes.len() > MAX_BYTES {
        too_large(bytes.len(), found);
        return Ok(());
    }
    let text = String::from_utf8_lossy(bytes);
    if text.contains("rdf:RDF") {
        super::exif::read_xmp(bytes, found);
    }
    let mut scan = Scan {
        active: Vec::new(),
        depth: 0,
        elements: 0,
        is_closed: false,
        uses: Uses::new(),
    };
    let outcome = scan.run(&text, found);
    scan.active.sort_unstable();
    scan.active.dedup();
    scan.active.truncate(8);
    if !scan.active.is_empty() {
        found.findings.push(
            Finding::refused(
                Code::ActiveContent,
                format!("the drawing holds {}", scan.active.join(", ")),
            )
            .help("save it as a PNG"),
        );
    }
    if let Some(finding) = scan.uses.too_many() {
        found.findings.push(finding);
    }
    found.frames = Some(1);
    outcome?;
    if scan.is_closed {
        Ok(())
    } else {
        Err("its root element is not closed".into())
    }
}

struct Scan {
    active: Vec<String>,
    depth: usize,
    elements: u32,
    is_closed: bool,
    uses: Uses,
}

impl Scan {
    fn run(&mut self, text: &str, found: &mut Sniffed) -> Result<(), Corrupt> {
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            rest = &rest[at..];
            let end = |close: &str| rest.find(close).map(|at| at + close.len());
            if rest.starts_with("<!--") {
                rest = &rest[end("-->").ok_or("a comment is not closed")?..];
            } else if rest.starts_with("<![CDATA[") {
                let section = end("]]>").ok_or("a CDATA section is not closed")?;
                self.style(&rest[..section]);
                rest = &rest[section..];
            } else if rest.starts_with("<!") {
                // Without an internal subset a DOCTYPE only names the public DTD, which nobody loads.
                let end = end(">").ok_or("a declaration is not closed")?;
                if rest[..end].contains('[') {
                    self.active.push("a document type with entities".to_owned());
                }
                rest = &rest[end..];
            } else if rest.starts_with("<?") {
                let end = end("?>").ok_or("an instruction is not closed")?;
                if rest[..end].contains("xml-stylesheet") {
                    self.active.push("an external style sheet".to_owned());
                }
                rest = &rest[end..];
            } else if rest.starts_with("</") {
                let end = end(">").ok_or("a tag is not closed")?;
                self.depth = self
                    .depth
                    .checked_sub(1)
                    .ok_or("it closes more than it opens")?;
                self.is_closed |= self.depth == 0;
                self.uses.close();
                rest = &rest[end..];
            } else {
                let end = tag_end(rest).ok_or("a tag is not closed")?;
                if self.element(&rest[1..end - 1], found)? {
                    return Ok(());
                }
                rest = &rest[end..];
                let until = rest.find('<').unwrap_or(rest.len());
                self.style(&rest[..until]);
            }
        }
        Ok(())
    }

    /// One opening tag without its brackets; `true` where a limit was hit.
    fn element(&mut self, tag: &str, found: &mut Sniffed) -> Result<bool, Corrupt> {
        self.elements += 1;
        let is_empty = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let name_end = tag.find(char::is_whitespace).unwrap_or(tag.len());
        let name = local(&tag[..name_end]);
        if name.is_empty() {
            return Err("a tag has no name".into());
        }
        if self.is_closed {
            return Err("there is an element behind the root".into());
        }
        if self.elements > MAX_ELEMENTS || self.depth >= MAX_DEPTH {
            found.findings.push(limits::too_many(
                "elements, or levels of them",
                MAX_ELEMENTS,
            ));
            self.is_closed = true;
            return Ok(true);
        }
        if ACTIVE_ELEMENTS.contains(&name.as_str()) {
            self.active.push(format!("<{name}>"));
        }
        self.uses.open();
        let mut rest = &tag[name_end..];
        let mut attributes = 0;
        while let Some((key, value, after)) = attribute(rest) {
            attributes += 1;
            if attributes > MAX_ATTRIBUTES {
                found.findings.push(limits::too_many(
                    "attributes of one element",
                    MAX_ATTRIBUTES,
                ));
                self.is_closed = true;
                return Ok(true);
            }
            let key_name = local(key);
            self.attribute(&name, &key_name, value);
            self.uses.attribute(&name, &key_name, value);
            if self.depth == 0 && name == "svg" {
                sides(key, value, found);
            }
            rest = after;
        }
        if is_empty {
            self.is_closed |= self.depth == 0;
            self.uses.close();
        } else {
            self.depth += 1;
        }
        Ok(false)
    }

    fn attribute(&mut self, element: &str, key: &str, value: &str) {
        // White space and character references hide `javascript:` from a naive reader.
        let plain: String = value
            .chars()
            .filter(|char| !char.is_whitespace() && !char.is_control())
            .collect::<String>()
            .to_ascii_lowercase();
        if key.starts_with("on") && key.len() > 2 {
            let key: String = key.chars().take(40).collect();
            self.active.push(format!("the event handler {key}"));
        }
        if plain.contains("javascript:")
            || (plain.contains("&#") && matches!(key, "href" | "src" | "to" | "values" | "from"))
        {
            self.active.push("a script address".to_owned());
        }
        if matches!(key, "href" | "src") && !is_inside(element, &plain) {
            self.active
                .push("a reference to something outside".to_owned());
        }
        if key == "attributename"
            && (plain.rsplit(':').next() == Some("href") || plain.starts_with("on"))
        {
            self.active.push("an animated address".to_owned());
        }
        self.style(value);
    }

    /// Style text: imports and addresses other than `#fragment` and data of pictures.
    fn style(&mut self, text: &str) {
        let lower = text.to_ascii_lowercase();
        let mut rest = lower.as_str();
        while let Some(at) = rest.find("url(") {
            rest = &rest[at + 4..];
            let target = rest
                .trim_start()
                .trim_start_matches(['"', '\''])
                .trim_start_matches("&quot;");
            if !target.starts_with('#')
                && !target.starts_with("data:image/png")
                && !target.starts_with("data:image/jpeg")
                && !target.starts_with("data:font/")
            {
                self.active
                    .push("a reference to something outside".to_owned());
            }
        }
        if lower.contains("@import") {
            self.active.push("an external style sheet".to_owned());
        }
    }
}

/// References that stay inside the drawing: fragments, and raster pictures as data. A link shows nothing by itself,
/// but a tap on it leaves the message: it counts as outside.
fn is_inside(element: &str, target: &str) -> bool {
    const RASTER: [&str; 4] = [
        "data:image/png",
        "data:image/jpeg",
        "data:image/gif",
        "data:image/webp",
    ];
    target.is_empty()
        || target.starts_with('#')
        || (element != "a" && RASTER.iter().any(|start| target.starts_with(start)))
}

/// A name without its prefix, in lower case.
fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase()
}

/// Where a tag ends: a `>` outside quotes.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// The next `key="value"` and what is behind it.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start_matches(|char: char| char.is_whitespace() || char == '/');
    let (key, rest) = text.split_once('=')?;
    let rest = rest.trim_start();
    let key = key.trim().rsplit(char::is_whitespace).next()?;
    match rest.chars().next()? {
        quote @ ('"' | '\'') => {
            let (value, after) = rest[1..].split_once(quote)?;
            Some((key, value, after))
        }
        _ => {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            Some((key, &rest[..end], &rest[end..]))
        }
    }
}

/// Sides from `width` and `height` in px, or from the `viewBox` (SVG 2 8.2).
fn sides(key: &str, value: &str, found: &mut Sniffed) {
    let px = |text: &str| {
        let text = text.trim().trim_end_matches("px");
        // Fractions of a pixel are rounded up; what is not a plain number gives no side.
        text.parse::<f64>()
            .ok()
            .filter(|side| (0.5..1e6).contains(side))
            .map(|side| side.ceil() as u32)
    };
    match key {
        "width" => found.width_px = px(value).or(found.width_px),
        "height" => found.height_px = px(value).or(found.height_px),
        "viewBox" => {
            let numbers: Vec<&str> = value
                .split([' ', ',', '\t', '\n'])
                .filter(|text| !text.is_empty())
                .collect();
            if let [_, _, width, height] = numbers[..] {
                found.width_px = found.width_px.or(px(width));
                found.height_px = found.height_px.or(px(height));
            }
        }
        _ => {}
    }
}
