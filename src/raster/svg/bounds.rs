//! What drawing an SVG would cost, counted before it is done: first over the elements, then over the painted areas.

use std::collections::HashMap;

use resvg::tiny_skia::PathSegment;
use resvg::usvg::filter::Kind;
use resvg::usvg::roxmltree::{Document, Node, NodeId};
use resvg::usvg::{self, Group, Paint, Rect};

use super::{refused, unsupported};
use crate::code::Code;
use crate::report::Finding;

/// Elements after every reference has been followed.
const MAX_EXPANDED: u64 = 200_000;

/// Elements and references above one another.
const MAX_DEPTH: u32 = 150;

/// Style rules times elements.
const MAX_STYLE_MATCHES: usize = 5_000_000;

/// Units of work: meant to be about a nanosecond each; the weights below are estimates.
const MAX_WORK: f64 = 1.2e9;

/// Layers held above one another: each may be as large as the canvas.
const MAX_LAYERS: u32 = 6;

/// Letters that the built-in font has, beyond ASCII.
const LETTERS: &[(u32, u32)] = &[
    (0xA0, 0x17F),
    (0x218, 0x21B),
    (0x384, 0x3CE),
    (0x400, 0x486),
    (0x488, 0x513),
    (0x1EA0, 0x1EF9),
    (0x2000, 0x200B),
    (0x2013, 0x2015),
    (0x2017, 0x201E),
    (0x2020, 0x2022),
    (0x2026, 0x2026),
    (0x2030, 0x2030),
    (0x2039, 0x203A),
    (0x20AB, 0x20AC),
    (0x2116, 0x2116),
    (0x2122, 0x2122),
    (0x2212, 0x2212),
];

/// What the elements say about the drawing.
pub(super) struct Seen {
    pub(super) has_text: bool,
    pub(super) is_animated: bool,
    /// The first thing that is not drawn here.
    pub(super) lack: Option<Finding>,
}

/// Follows every reference once and counts what it would be expanded to.
pub(super) fn elements(document: &Document<'_>) -> Result<Seen, Finding> {
    let mut seen = Seen {
        has_text: false,
        is_animated: false,
        lack: None,
    };
    let mut graph = Graph::default();
    let (mut style_rules, mut count, mut path_bytes) = (0, 0, 0_u64);
    for node in document.descendants().filter(Node::is_element) {
        count += 1;
        match node.tag_name().name() {
            "image" | "feImage" => {
                let lack = || unsupported("a drawing with a picture inside it");
                seen.lack.get_or_insert_with(lack);
            }
            "style" => {
                let text: String = node.children().filter_map(|child| child.text()).collect();
                style_rules += text.matches('{').count();
                graph.styles.extend(urls(&text).map(str::to_owned));
            }
            "text" => {
                seen.has_text = true;
                seen.lack = seen.lack.or_else(|| letters(node).err());
            }
            "animate" | "animateTransform" | "animateMotion" | "set" => seen.is_animated = true,
            _ => {}
        }
        path_bytes += ["d", "points"]
            .iter()
            .filter_map(|name| node.attribute(*name))
            .map(|data| data.len() as u64)
            .sum::<u64>();
        if let Some(id) = node.attribute("id") {
            graph.ids.entry(id.to_owned()).or_insert(node.id());
        }
    }
    if style_rules * count > MAX_STYLE_MATCHES {
        return Err(too_much(
            "style rules times elements",
            style_rules as u64 * count as u64,
        ));
    }
    // A marker is drawn at each corner of a path: at most one for every two bytes of path data.
    for node in document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "marker")))
    {
        let one = graph.cost(node, 0)?;
        let all = one.saturating_mul(path_bytes / 2);
        if all > MAX_EXPANDED {
            return Err(too_much("elements in markers", all));
        }
    }
    let all = graph.cost(document.root_element(), 0)?;
    if all > MAX_EXPANDED {
        return Err(too_much("elements after references are followed", all));
    }
    Ok(seen)
}

#[derive(Default)]
struct Graph {
    ids: HashMap<String, NodeId>,
    /// Targets of style sheets: any element may refer to them.
    styles: Vec<String>,
    /// `None` while an element is being counted: coming back to it is a loop.
    known: HashMap<NodeId, Option<u64>>,
}

impl Graph {
    /// Elements that this one is expanded to, itself counted.
    fn cost(&mut self, node: Node<'_, '_>, depth: u32) -> Result<u64, Finding> {
        match self.known.get(&node.id()) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => {
                return Err(refused(
                    Code::WorkOverLimit,
                    "its elements refer to each other in a loop",
                ));
            }
            None => {}
        }
        if depth > MAX_DEPTH {
            return Err(too_much(
                "elements and references above one another",
                depth.into(),
            ));
        }
        self.known.insert(node.id(), None);
        let mut inside = 0_u64;
        for child in node.children().filter(Node::is_element) {
            inside = inside.saturating_add(self.cost(child, depth + 1)?);
        }
        let mut cost = inside.saturating_add(1);
        let mut targets: Vec<String> = Vec::new();
        for attribute in node.attributes() {
            let value = attribute.value();
            if attribute.name() == "href" {
                targets.extend(value.trim().strip_prefix('#').map(str::to_owned));
            } else {
                targets.extend(urls(value).map(str::to_owned));
            }
        }
        targets.extend(self.styles.iter().take(64).cloned());
        for target in targets {
            let found = self.ids.get(&target).copied();
            let Some(target) = found.and_then(|id| node.document().get_node(id)) else {
                continue;
            };
            // A style sheet's rule may be about any element: not about the target's own parts, as far as this counts.
            if self.known.get(&target.id()) == Some(&None) && self.is_from_style(node, target) {
                continue;
            }
            // Children inherit paints: each of them may draw the target.
            let one = self.cost(target, depth + 1)?;
            cost = cost.saturating_add(one.saturating_mul(inside.max(1)));
        }
        self.known.insert(node.id(), Some(cost));
        Ok(cost)
    }

    fn is_from_style(&self, node: Node<'_, '_>, target: Node<'_, '_>) -> bool {
        let id = target.attribute("id").unwrap_or("");
        let direct = node.attributes().any(|attribute| {
            attribute.value().trim().strip_prefix('#') == Some(id)
                || urls(attribute.value()).any(|url| url == id)
        });
        !direct && self.styles.iter().any(|style| style == id)
    }
}

/// Targets of `url(#…)` in an attribute or a style.
fn urls(text: &str) -> impl Iterator<Item = &str> {
    text.split("url(").skip(1).filter_map(|rest| {
        let inside = rest.split(')').next()?;
        inside.trim().trim_matches(['"', '\'']).strip_prefix('#')
    })
}

fn letters(text: Node<'_, '_>) -> Result<(), Finding> {
    let missing = text
        .descendants()
        .filter_map(|node| node.text())
        .flat_map(str::chars)
        .find(|&letter| {
            !letter.is_ascii()
                && !LETTERS
                    .iter()
                    .any(|&(from, to)| (from..=to).contains(&u32::from(letter)))
        });
    match missing {
        Some(letter) => Err(unsupported(&format!(
            "a drawing with text in letters that the built-in font lacks (U+{:04X})",
            u32::from(letter)
        ))),
        None => Ok(()),
    }
}

/// Sums up what would be painted at this scale, and refuses what is too much.
pub(super) fn painting(tree: &usvg::Tree, scale: f32, canvas: (u32, u32)) -> Result<(), Finding> {
    let mut painter = Painter {
        scale,
        canvas: (canvas.0 as f32, canvas.1 as f32),
        work: 0.0,
    };
    painter.group(tree.root(), 0, 0)
}

struct Painter {
    scale: f32,
    canvas: (f32, f32),
    work: f64,
}

impl Painter {
    fn charge(&mut self, units: f64) -> Result<(), Finding> {
        self.work += units;
        if self.work > MAX_WORK {
            return Err(too_much("units of painting", MAX_WORK as u64));
        }
        Ok(())
    }

    /// Pixels of a box on the canvas.
    fn area(&self, area: Rect) -> f64 {
        let side = |length: f32, most: f32| f64::from((length * self.scale + 2.0).clamp(0.0, most));
        side(area.width(), self.canvas.0) * side(area.height(), self.canvas.1)
    }

    fn group(&mut self, group: &Group, depth: u32, layers: u32) -> Result<(), Finding> {
        // Each visit has a price of its own, so that references cannot multiply without end.
        self.charge(500.0)?;
        if depth > 2 * MAX_DEPTH {
            return Err(too_much("groups above one another", depth.into()));
        }
        let area = self.area(group.abs_layer_bounding_box().to_rect());
        let layers = layers + u32::from(group.should_isolate());
        if layers > MAX_LAYERS {
            return Err(too_much("layers above one another", layers.into()));
        }
        if group.should_isolate() {
            self.charge(area * 6.0)?;
        }
        let mut clip = group.clip_path();
        while let Some(path) = clip {
            self.charge(area * 6.0)?;
            self.group(path.root(), depth + 1, layers)?;
            clip = path.clip_path();
        }
        let mut mask = group.mask();
        while let Some(one) = mask {
            self.charge(area * 10.0)?;
            self.group(one.root(), depth + 1, layers + 1)?;
            mask = one.mask();
        }
        for filter in group.filters() {
            for primitive in filter.primitives() {
                let weight = weight(primitive.kind(), self.scale);
                self.charge(area * weight + 1_000.0)?;
            }
        }
        for child in group.children() {
            match child {
                usvg::Node::Group(inner) => self.group(inner, depth + 1, layers)?,
                usvg::Node::Path(path) => self.path(path, depth, layers)?,
                usvg::Node::Text(text) => self.group(text.flattened(), depth + 1, layers)?,
                usvg::Node::Image(_) => {}
            }
        }
        Ok(())
    }

    fn path(&mut self, path: &usvg::Path, depth: u32, layers: u32) -> Result<(), Finding> {
        let area = self.area(path.abs_stroke_bounding_box());
        let segments = path.data().len() as f64;
        self.charge(200.0 + segments * 60.0)?;
        if let Some(fill) = path.fill() {
            self.charge(area * 2.0)?;
            self.paint(fill.paint(), area, depth, layers)?;
        }
        if let Some(stroke) = path.stroke() {
            self.charge(area * 2.0 + segments * 400.0)?;
            if let Some(dashes) = stroke.dasharray() {
                let period: f32 = dashes.iter().sum();
                let count = length(path.data()) / f64::from(period.max(f32::MIN_POSITIVE));
                self.charge(count * 2_000.0)?;
            }
            self.paint(stroke.paint(), area, depth, layers)?;
        }
        Ok(())
    }

    fn paint(&mut self, paint: &Paint, area: f64, depth: u32, layers: u32) -> Result<(), Finding> {
        match paint {
            Paint::Color(_) => Ok(()),
            Paint::LinearGradient(_) | Paint::RadialGradient(_) => self.charge(area * 4.0),
            Paint::Pattern(pattern) => {
                // The tile is drawn apart, at its own size, which need not end at the canvas.
                let (across, down) = pattern.transform().get_scale();
                let rect = pattern.rect();
                let most = f64::from(self.canvas.0) * f64::from(self.canvas.1) * 4.0;
                let tile = f64::from(rect.width() * across * self.scale)
                    * f64::from(rect.height() * down * self.scale);
                if tile.is_nan() || tile > most {
                    return Err(too_much("pixels of a pattern's tile", tile as u64));
                }
                self.charge(area * 8.0 + tile * 4.0)?;
                self.group(pattern.root(), depth + 1, layers + 1)
            }
        }
    }
}

/// Units a pixel of one filter primitive.
fn weight(kind: &Kind, scale: f32) -> f64 {
    let scale = f64::from(scale);
    match kind {
        Kind::ConvolveMatrix(matrix) => {
            10.0 + 4.0 * f64::from(matrix.matrix().columns()) * f64::from(matrix.matrix().rows())
        }
        Kind::Morphology(shape) => {
            let side = |radius: f32| 2.0 * f64::from(radius) * scale + 1.0;
            10.0 + 2.0 * side(shape.radius_x().get()) * side(shape.radius_y().get())
        }
        Kind::Turbulence(noise) => 20.0 + 120.0 * f64::from(noise.num_octaves()),
        Kind::DiffuseLighting(_) | Kind::SpecularLighting(_) => 80.0,
        _ => 40.0,
    }
}

/// The length of a path, curves by their control points: never too short.
fn length(path: &resvg::tiny_skia::Path) -> f64 {
    let mut at = resvg::tiny_skia::Point::zero();
    let mut start = at;
    let mut sum = 0.0;
    for segment in path.segments() {
        let points: &[_] = match &segment {
            PathSegment::MoveTo(to) => {
                (at, start) = (*to, *to);
                continue;
            }
            PathSegment::LineTo(to) => &[*to],
            PathSegment::QuadTo(one, to) => &[*one, *to],
            PathSegment::CubicTo(one, two, to) => &[*one, *two, *to],
            PathSegment::Close => &[start],
        };
        for &point in points {
            sum += f64::from(at.distance(point));
            at = point;
        }
    }
    sum
}

fn too_much(what: &str, count: u64) -> Finding {
    refused(
        Code::WorkOverLimit,
        &format!("a drawing of {count} {what} is not drawn"),
    )
    .observed("count", count)
}
