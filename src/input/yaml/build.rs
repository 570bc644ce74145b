//! Events to nodes: nesting, anchors and aliases, with limits on both.

use std::collections::HashMap;

use libyaml_safer::ScalarStyle;
use libyaml_safer::{Encoding, Event, EventData, MappingStyle, Mark, Parser, SequenceStyle};

use super::super::{Kind, Node, Span, Style};
use super::SyntaxError;
use super::alias::Anchor;
use super::guard::Fed;
use super::{explain, mapping, scalar, tag};

/// Deeper nesting than this is refused: real files stay below 50 (the deepest are the schemas of
/// Kubernetes definitions), and everything after the reader may recurse safely.
pub(super) const DEEPEST: usize = 128;

/// What came out of a text.
#[derive(Default)]
pub(super) struct Built {
    pub(super) documents: Vec<Node>,
    pub(super) errors: Vec<SyntaxError>,
    pub(super) warnings: Vec<SyntaxError>,
}

/// The reader cannot go on; the reason is among the errors.
pub(super) struct Stop;

/// A node, and the byte (of the fed text) where its text ends.
pub(super) struct Read {
    pub(super) node: Node,
    pub(super) end: u64,
}

pub(super) struct Builder<'a> {
    parser: Parser<&'a [u8]>,
    pub(super) fed: &'a Fed,
    pub(super) anchors: HashMap<String, Anchor>,
    /// Anchors whose node is still being read.
    pub(super) open: Vec<String>,
    /// Nodes made so far.
    pub(super) made: usize,
    /// Nodes among them that are copies.
    pub(super) copies: usize,
    pub(super) built: Built,
}

/// Reads the whole text; errors that do not stop the reader are collected.
pub(super) fn build(fed: &Fed) -> Built {
    let mut parser = Parser::new();
    parser.set_encoding(Encoding::Utf8);
    parser.set_input(fed.text.as_bytes());
    let mut builder = Builder {
        parser,
        fed,
        anchors: HashMap::new(),
        open: Vec::new(),
        made: 0,
        copies: 0,
        built: Built::default(),
    };
    // A stop has said why; what was collected before it is still worth telling.
    let _ = builder.stream();
    builder.built
}

impl Builder<'_> {
    fn stream(&mut self) -> Result<(), Stop> {
        loop {
            let event = self.next()?;
            match event.data {
                EventData::StreamEnd => return Ok(()),
                EventData::DocumentStart { .. } => {
                    self.anchors.clear();
                    let first = self.next()?;
                    let document = self.node(first, 0)?;
                    self.built.documents.push(document.node);
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<Event, Stop> {
        self.parser.parse().map_err(|error| {
            let at = error.problem_mark().map_or(0, |mark| mark.index);
            let context = error.context_mark().map(|mark| mark.index);
            self.built
                .errors
                .push(explain::explain(self.fed, &error, (at, context)));
            Stop
        })
    }

    pub(super) fn span(&self, start: Mark, end: u64) -> Span {
        self.fed.span(start.index, end)
    }

    fn node(&mut self, event: Event, depth: usize) -> Result<Read, Stop> {
        let (start, end) = (event.start_mark, event.end_mark);
        if depth > DEEPEST {
            let span = self.span(start, end.index);
            self.built.errors.push(
                SyntaxError::new(
                    "input/too-deep",
                    &span,
                    format!("nested deeper than {DEEPEST} levels"),
                )
                .help("check for brackets that are never closed"),
            );
            return Err(Stop);
        }
        let before = self.made;
        self.made += 1;
        match event.data {
            EventData::Alias { anchor } => self.alias(&anchor, (start, end)),
            EventData::Scalar {
                anchor,
                tag,
                value,
                style,
                ..
            } => {
                let read = self.scalar((value, style), tag, (start, end));
                self.remember(anchor, before, &read.node);
                Ok(read)
            }
            EventData::SequenceStart {
                anchor, tag, style, ..
            } => {
                self.open.extend(anchor.clone());
                let read = self.sequence(style, (start, end), depth)?;
                Ok(self.finish(read, (anchor, tag), before))
            }
            EventData::MappingStart {
                anchor, tag, style, ..
            } => {
                self.open.extend(anchor.clone());
                let read = self.mapping(style, (start, end), depth)?;
                Ok(self.finish(read, (anchor, tag), before))
            }
            // libyaml closes what it opens: nothing else can stand where a node is expected.
            _ => Ok(Read {
                node: Node::new(self.span(start, end.index), Kind::Null),
                end: end.index,
            }),
        }
    }

    fn finish(
        &mut self,
        read: Read,
        (anchor, tag): (Option<String>, Option<String>),
        before: usize,
    ) -> Read {
        if anchor.is_some() {
            self.open.pop();
        }
        let node = self.tagged(read.node, tag);
        self.remember(anchor, before, &node);
        Read {
            node,
            end: read.end,
        }
    }

    fn tagged(&mut self, node: Node, tag: Option<String>) -> Node {
        let span = node.span.clone();
        tag::apply(node, tag, self.fed.rules).unwrap_or_else(|error| {
            self.built.errors.push(error);
            Node::new(span, Kind::Null)
        })
    }

    fn scalar(
        &mut self,
        (mut value, style): (String, ScalarStyle),
        tag: Option<String>,
        (start, end): (Mark, Mark),
    ) -> Read {
        let mut stop = end.index;
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            let own = self.fed.own as u64;
            if end.index > own && value.ends_with('\n') {
                // The line break that was added at the end of the text is not the user's.
                value.pop();
            }
            stop = self.without_trailing_space(start, end.index.min(own));
        }
        let plain = style == ScalarStyle::Plain;
        let kind = if plain && tag.is_none() {
            scalar::resolve(&value, self.fed.rules)
        } else {
            Kind::Str(value)
        };
        let mut node = Node::new(self.span(start, stop), kind);
        node.style = if plain { Style::Plain } else { Style::Quoted };
        let node = self.tagged(node, tag);
        Read { node, end: stop }
    }

    fn without_trailing_space(&self, start: Mark, end: u64) -> u64 {
        let range = usize::try_from(start.index)
            .ok()
            .zip(usize::try_from(end).ok());
        range
            .and_then(|(from, to)| self.fed.text.get(from..to))
            .map_or(end, |text| start.index + text.trim_end().len() as u64)
    }

    fn sequence(
        &mut self,
        style: SequenceStyle,
        (start, opened): (Mark, Mark),
        depth: usize,
    ) -> Result<Read, Stop> {
        let mut items = Vec::new();
        let mut end = opened.index;
        loop {
            let event = self.next()?;
            if matches!(event.data, EventData::SequenceEnd) {
                if style == SequenceStyle::Flow {
                    end = event.end_mark.index;
                }
                break;
            }
            let item = self.node(event, depth + 1)?;
            end = item.end;
            items.push(item.node);
        }
        let node = Node::new(self.span(start, end), Kind::Seq(items));
        Ok(Read { node, end })
    }

    fn mapping(
        &mut self,
        style: MappingStyle,
        (start, opened): (Mark, Mark),
        depth: usize,
    ) -> Result<Read, Stop> {
        let mut entries = Vec::new();
        let mut end = opened.index;
        loop {
            let event = self.next()?;
            if matches!(event.data, EventData::MappingEnd) {
                if style == MappingStyle::Flow {
                    end = event.end_mark.index;
                }
                break;
            }
            let key = self.node(event, depth + 1)?;
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            end = value.end.max(key.end);
            entries.push((key.node, value.node));
        }
        let span = self.span(start, end);
        let kind = mapping::assemble(entries, &span, &mut self.built);
        Ok(Read {
            node: Node::new(span, kind),
            end,
        })
    }
}
