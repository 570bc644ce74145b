//! Which lines of a text a field or item of its YAML takes, and at which column new ones stand.

use crate::input::{Json, Node, Step, emit};

/// The lines of one entry.
pub struct Region {
    /// From its first byte to behind its last line's end.
    pub range: (usize, usize),
    /// Its column.
    column: usize,
    /// What it is an entry of.
    holds: Entry,
    /// How many entries there are beside it.
    beside: usize,
    /// It stands behind the `- ` of an item.
    in_item: bool,
}

enum Entry {
    Field(String),
    Item,
}

impl Region {
    /// The lines of what a step leads to.
    pub fn entry(text: &str, (holder, step): (&Node, &Step)) -> Result<Self, String> {
        if is_flow(text, holder) {
            return Err("it is written in one line (`{…}` or `[…]`): set the whole".to_owned());
        }
        match step {
            Step::Field(name) => {
                let (key, value) = holder
                    .entry(name)
                    .ok_or_else(|| format!("it has no `{name}`"))?;
                let start = key.span.start;
                let end = last_line(text, value).max(line_end(text, key.span.end));
                Ok(Self {
                    range: (start_of_line(text, start), end),
                    column: column(text, start),
                    holds: Entry::Field(name.clone()),
                    beside: holder.as_map().map_or(0, <[_]>::len).saturating_sub(1),
                    in_item: !before(text, start).trim().is_empty(),
                })
            }
            Step::Nth(_) | Step::Item(..) => {
                let items = holder.as_seq().unwrap_or_default();
                let item = match step {
                    Step::Nth(nth) => items.get(*nth),
                    Step::Item(key, wanted) => items.iter().find(|item| item_of(item, key, wanted)),
                    Step::Field(_) => None,
                };
                let item = item.ok_or("it has no such item")?;
                let first = first_byte(item);
                let dash = text[..first].rfind('-').ok_or("it is no block list")?;
                Ok(Self {
                    range: (start_of_line(text, dash), last_line(text, item)),
                    column: column(text, dash),
                    holds: Entry::Item,
                    beside: items.len().saturating_sub(1),
                    in_item: !before(text, dash).trim().is_empty(),
                })
            }
        }
    }

    /// Whether the lines can go without leaving something else behind.
    pub fn may_go(&self) -> Result<(), String> {
        if self.in_item {
            return Err("it stands behind the `- ` of an item: remove the item".to_owned());
        }
        if self.beside == 0 {
            return Err("it is the last one: nothing would be left; use `set`".to_owned());
        }
        Ok(())
    }

    /// The lines of the entry with another value.
    pub fn written(&self, value: &Json) -> Result<String, String> {
        if self.in_item {
            return Err("it stands behind the `- ` of an item: set the item".to_owned());
        }
        let whole = match &self.holds {
            Entry::Field(name) => serde_json::json!({name.as_str(): value}),
            Entry::Item => serde_json::json!([value]),
        };
        Ok(Self::indented(&emit(&whole), self.column))
    }

    /// A last line without an end stays one.
    pub fn cut_at_end(&self, text: &str, lines: &mut String) {
        if self.range.1 == text.len() && !text.ends_with('\n') {
            lines.truncate(lines.trim_end_matches('\n').len());
        }
    }

    /// Lines at a column.
    pub fn indented(text: &str, column: usize) -> String {
        let lead = " ".repeat(column);
        let line = |line: &str| {
            if line.trim().is_empty() {
                line.to_owned()
            } else {
                format!("{lead}{line}")
            }
        };
        text.split_inclusive('\n').map(line).collect()
    }

    /// The column at which entries of a collection stand.
    pub fn column(text: &str, holder: &Node) -> Result<usize, String> {
        if is_flow(text, holder) {
            return Err("it is written in one line (`{…}` or `[…]`): set the whole".to_owned());
        }
        if let Some((key, _)) = holder.as_map().and_then(<[_]>::first) {
            return Ok(column(text, key.span.start));
        }
        if let Some(item) = holder.as_seq().and_then(<[_]>::first) {
            let dash = text[..first_byte(item)].rfind('-');
            return dash
                .map(|dash| column(text, dash))
                .ok_or_else(|| "it is no block list".to_owned());
        }
        if holder.is_null() && text[..holder.span.start.min(text.len())].trim().is_empty() {
            return Ok(0); // a file with nothing in it
        }
        Err("it holds nothing that could be added to".to_owned())
    }
}

/// Whether an item's field has a text; `[.=x]` means the item that is the text itself.
pub fn item_of(item: &Node, key: &str, wanted: &str) -> bool {
    if key == "." {
        return item.as_str() == Some(wanted);
    }
    item.get(key).and_then(Node::as_str) == Some(wanted)
}

/// Behind the last line that a node takes.
pub fn last_line(text: &str, node: &Node) -> usize {
    let end = last_byte(text, node);
    // A block text ends with its last line's end, or behind blank lines that are not its own.
    if end > 0 && text[..end].ends_with('\n') && end > node.span.start {
        let kept = text[..end].trim_end_matches([' ', '\n']).len();
        return line_end(text, kept);
    }
    line_end(text, end)
}

fn last_byte(text: &str, node: &Node) -> usize {
    if is_flow(text, node) {
        return node.span.end;
    }
    let items = node.as_seq().and_then(<[_]>::last);
    let entries = node.as_map().and_then(<[_]>::last);
    match (items, entries) {
        (Some(item), _) => last_byte(text, item).max(node.span.start),
        (_, Some((key, value))) => last_byte(text, value).max(key.span.end),
        _ if node.is_null() => node.span.start,
        _ => node.span.end,
    }
}

/// Where an item's first byte is: of a mapping its first key.
fn first_byte(node: &Node) -> usize {
    node.span.start
}

fn is_flow(text: &str, node: &Node) -> bool {
    let collection = node.as_seq().is_some() || node.as_map().is_some();
    collection && text[node.span.start..].starts_with(['{', '['])
}

fn start_of_line(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |found| found + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |found| at + found + 1)
}

fn before(text: &str, at: usize) -> &str {
    &text[start_of_line(text, at)..at]
}

fn column(text: &str, at: usize) -> usize {
    before(text, at).chars().count()
}
