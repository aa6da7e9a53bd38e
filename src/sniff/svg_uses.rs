//! How large a drawing becomes when everything that it refers to is drawn: references that double, or that go round.

use std::collections::HashMap;

use crate::code::Code;
use crate::report::Finding;

/// Elements drawn, each counted as often as it is referred to; renderers that count stop at about as many.
const MAX_DRAWN: u64 = 500_000;

/// References within references.
const MAX_NESTING: u32 = 100;

/// The elements that can be referred to, what stands in each, and what each refers to.
#[derive(Debug)]
pub(super) struct Uses {
    nodes: Vec<Node>,
    by_id: HashMap<String, usize>,
    /// The node of each open element: its own if it has an id, else that of what it stands in.
    open: Vec<usize>,
    /// Where the references of the element opened last start in its node.
    mark: usize,
}

#[derive(Debug, Default)]
struct Node {
    /// Elements in it that belong to no node within it.
    elements: u64,
    within: Vec<usize>,
    refers_to: Vec<String>,
}

/// What drawing a node takes, once known.
#[derive(Clone, Copy, PartialEq)]
enum Drawn {
    Unknown,
    UnderWay,
    Elements(u64),
}

/// Why a drawing has no number of elements.
enum Endless {
    Round,
    Deep,
}

impl Uses {
    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            by_id: HashMap::new(),
            open: Vec::new(),
            mark: 0,
        }
    }

    pub(super) fn open(&mut self) {
        let node = self.current();
        self.open.push(node);
        if let Some(node) = self.nodes.get_mut(node) {
            node.elements += 1;
            self.mark = node.refers_to.len();
        }
    }

    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    /// An attribute of the element opened last.
    pub(super) fn attribute(&mut self, element: &str, key: &str, value: &str) {
        if key == "id" {
            self.name(value.trim());
            return;
        }
        // A link, and what an animation moves, is not drawn again.
        let draws = !matches!(element, "a" | "mpath" | "set" | "discard")
            && !element.starts_with("animate");
        if key == "href" && draws {
            if let Some(id) = value.trim().strip_prefix('#') {
                self.refer(id);
            }
            return;
        }
        let mut rest = value;
        while let Some((_, after)) = rest.split_once("url(") {
            let target = after.split(')').next().unwrap_or_default();
            let target = target.trim().trim_matches(['"', '\'']).trim();
            if let Some(id) = target.strip_prefix('#') {
                self.refer(id);
            }
            rest = after;
        }
    }

    /// The refusal of a drawing that grows without measure, or without end.
    pub(super) fn too_many(&self) -> Option<Finding> {
        let mut drawn = vec![Drawn::Unknown; self.nodes.len()];
        let message = match self.draw(0, &mut drawn, 0) {
            Ok(elements) if elements <= MAX_DRAWN => return None,
            Ok(_) => format!("its references draw more than {MAX_DRAWN} elements"),
            Err(Endless::Round) => "it refers to itself, and would be drawn without end".to_owned(),
            Err(Endless::Deep) => {
                format!("its references are more than {MAX_NESTING} levels deep")
            }
        };
        Some(
            Finding::refused(Code::WorkOverLimit, message)
                .allowed("elements", MAX_DRAWN)
                .help("save it as a PNG"),
        )
    }

    fn current(&self) -> usize {
        self.open.last().copied().unwrap_or(0)
    }

    /// Gives the element opened last a node of its own.
    fn name(&mut self, id: &str) {
        if id.is_empty() || self.by_id.contains_key(id) {
            return;
        }
        let parent = self.current();
        let made = self.nodes.len();
        self.by_id.insert(id.to_owned(), made);
        // What was counted before the id was read goes with it.
        let mut node = Node {
            elements: 1,
            ..Node::default()
        };
        if let Some(parent) = self.nodes.get_mut(parent) {
            parent.elements = parent.elements.saturating_sub(1);
            node.refers_to = parent.refers_to.split_off(self.mark);
            parent.within.push(made);
        }
        self.nodes.push(node);
        if let Some(open) = self.open.last_mut() {
            *open = made;
        }
    }

    fn refer(&mut self, id: &str) {
        let node = self.current();
        if let Some(node) = self.nodes.get_mut(node) {
            node.refers_to.push(id.to_owned());
        }
    }

    fn draw(&self, at: usize, drawn: &mut [Drawn], depth: u32) -> Result<u64, Endless> {
        if depth > MAX_NESTING {
            return Err(Endless::Deep);
        }
        match drawn.get(at) {
            Some(Drawn::Elements(elements)) => return Ok(*elements),
            Some(Drawn::UnderWay) => return Err(Endless::Round),
            _ => {}
        }
        let Some(node) = self.nodes.get(at) else {
            return Ok(0);
        };
        drawn[at] = Drawn::UnderWay;
        let referred = node.refers_to.iter().filter_map(|id| self.by_id.get(id));
        let mut elements = node.elements;
        for &next in node.within.iter().chain(referred) {
            elements = elements.saturating_add(self.draw(next, drawn, depth + 1)?);
        }
        drawn[at] = Drawn::Elements(elements);
        Ok(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sniff::sniff;

    fn refusal(drawing: &str) -> Option<String> {
        let sniffed = sniff(drawing.as_bytes());
        let mut found = sniffed.findings.into_iter();
        found
            .find(|finding| finding.code == Code::WorkOverLimit)
            .map(|finding| finding.message)
    }

    fn doubling(levels: u32) -> String {
        let groups: String = (1..=levels)
            .map(|n| {
                let used = format!("<use href=\"#g{}\"/>", n - 1);
                format!("<g id=\"g{n}\">{used}{used}</g>")
            })
            .collect();
        format!("<svg><defs><path id=\"g0\"/></defs>{groups}</svg>")
    }

    #[test]
    fn references_that_double_are_counted_and_not_drawn() {
        assert_eq!(refusal(&doubling(10)), None);
        for levels in [30, 64, 200] {
            let said = refusal(&doubling(levels)).expect("it is refused");
            assert!(said.contains("more than 500000 elements"), "{said}");
        }
        let chain = |levels: u32| -> String {
            let groups: String = (1..levels)
                .map(|n| format!("<g id='g{n}'><use href='#g{}'/></g>", n + 1))
                .collect();
            format!("<svg>{groups}</svg>")
        };
        assert_eq!(refusal(&chain(90)), None);
        let said = refusal(&chain(5_000)).expect("it is refused");
        assert!(said.contains("levels deep"), "{said}");
    }

    #[test]
    fn references_that_go_round_are_refused_whichever_way_they_are_written() {
        for drawing in [
            "<svg><g id='a'><use href='#a'/></g></svg>",
            "<svg><g id='a'><use xlink:href=\"#b\"/></g><g id='b'><use href='#a'/></g></svg>",
            "<svg id='s'><use href='#s'/></svg>",
            "<svg><pattern id='p'><rect fill='url(#p)'/></pattern></svg>",
            "<svg><mask id='m'><rect style='mask: url( \"#m\" )'/></mask></svg>",
            "<svg><use href='#u' id='u'/></svg>",
            "<svg><g><use href='#later'/></g><g id='later'><g><use href='#later'/></g></g></svg>",
        ] {
            let said = refusal(drawing).unwrap_or_else(|| panic!("passes: {drawing}"));
            assert!(said.contains("refers to itself"), "{drawing}: {said}");
        }
    }

    #[test]
    fn ordinary_references_pass() {
        for drawing in [
            "<svg><linearGradient id='a'/><linearGradient id='b' href='#a'/><rect fill='url(#b)'/></svg>",
            "<svg><g id='a'><path/></g><use href='#a'/><use href='#a'/></svg>",
            "<svg><g id='a'><animate href='#a' attributeName='x'/><a href='#a'/></g></svg>",
            "<svg><use href='#missing'/></svg>",
        ] {
            assert_eq!(refusal(drawing), None, "{drawing}");
        }
    }
}
