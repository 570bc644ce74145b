//! Values of the INI format are Python literals, and plain strings where they are none.
//!
//! So `1,2` is a list, `True` a boolean, `true` a string, `0644` a string (no Python literal), and
//! in a `[g:vars]` section `5 # five` is the number 5 while `five # 5` is a string with a hash in
//! it. That is what `ast.literal_eval` makes of them, hence what people's inventories rely on.

use super::python::{number, string};
use crate::input::{Kind, Node, Span};

/// Nesting that Python's own parser refuses, roughly; deeper text is a string.
const DEEPEST: usize = 90;

/// The value written at `span`: a literal or the text itself.
pub(super) fn value(text: &str, span: &Span) -> Node {
    let kind = literal(text, span).unwrap_or_else(|| Kind::Str(text.to_owned()));
    Node::new(span.clone(), kind)
}

fn literal(text: &str, span: &Span) -> Option<Kind> {
    let mut reader = Reader {
        rest: text.trim_start_matches([' ', '\t']),
        span,
        depth: 0,
    };
    let value = reader.items(None)?;
    reader.space();
    reader.rest.is_empty().then_some(value)
}

/// What is left of a text, and where its values are said to stand.
struct Reader<'a> {
    rest: &'a str,
    span: &'a Span,
    depth: usize,
}

impl Reader<'_> {
    /// Skips blanks; a comment ends the text.
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\x0c']);
        if self.rest.starts_with('#') {
            self.rest = "";
        }
    }

    fn take(&mut self, token: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn at(&self, close: Option<char>) -> bool {
        match close {
            Some(close) => self.rest.starts_with(close),
            None => self.rest.is_empty(),
        }
    }

    /// One value, or several with commas between them, which are a list.
    fn items(&mut self, close: Option<char>) -> Option<Kind> {
        let first = self.item()?;
        self.space();
        if !self.rest.starts_with(',') {
            return Some(first);
        }
        let mut all = vec![self.node(first)];
        while self.take(",") {
            self.space();
            if self.at(close) {
                break;
            }
            let next = self.item()?;
            all.push(self.node(next));
        }
        Some(Kind::Seq(all))
    }

    fn node(&self, kind: Kind) -> Node {
        Node::new(self.span.clone(), kind)
    }

    fn item(&mut self) -> Option<Kind> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        self.space();
        let found = match self.rest.chars().next()? {
            '[' => self.list(),
            '(' => self.tuple(),
            '{' => self.braces(),
            '0'..='9' | '.' | '-' | '+' => self.number(),
            _ => self.word(),
        };
        self.depth -= 1;
        found
    }

    fn list(&mut self) -> Option<Kind> {
        self.take("[");
        let mut all = Vec::new();
        loop {
            if self.take("]") {
                return Some(Kind::Seq(all));
            }
            let next = self.item()?;
            all.push(self.node(next));
            self.space();
            if !self.take(",") && !self.rest.starts_with(']') {
                return None;
            }
        }
    }

    fn tuple(&mut self) -> Option<Kind> {
        self.take("(");
        if self.take(")") {
            return Some(Kind::Seq(Vec::new()));
        }
        let inner = self.items(Some(')'))?;
        self.take(")").then_some(inner)
    }

    /// A dictionary, or a set (which becomes a list, as in Ansible).
    fn braces(&mut self) -> Option<Kind> {
        self.take("{");
        let mut pairs: Vec<(Node, Node)> = Vec::new();
        let mut members: Vec<Node> = Vec::new();
        loop {
            if self.take("}") {
                break;
            }
            let key = self.item()?;
            let key = self.node(key);
            if self.take(":") {
                let value = self.item()?;
                let value = self.node(value);
                if matches!(key.kind, Kind::Seq(_) | Kind::Map(_)) {
                    return None;
                }
                match pairs.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, old)) => *old = value,
                    None => pairs.push((key, value)),
                }
            } else if !members.contains(&key) {
                members.push(key);
            }
            self.space();
            if !self.take(",") && !self.rest.starts_with('}') {
                return None;
            }
        }
        match (pairs.is_empty(), members.is_empty()) {
            (_, true) => Some(Kind::Map(pairs)),
            (true, false) => Some(Kind::Seq(members)),
            (false, false) => None,
        }
    }

    fn number(&mut self) -> Option<Kind> {
        if let Some(rest) = self.rest.strip_prefix("...") {
            self.rest = rest;
            return Some(Kind::Str("...".to_owned()));
        }
        let (found, rest) = number(self.rest)?;
        self.rest = rest;
        Some(found)
    }

    /// String literals (several in a row are joined) or one of the words that are values.
    fn word(&mut self) -> Option<Kind> {
        let mut joined: Option<String> = None;
        while let Some((text, rest)) = string(self.rest) {
            joined.get_or_insert_default().push_str(&text);
            self.rest = rest;
            self.space();
        }
        if let Some(text) = joined {
            return Some(Kind::Str(text));
        }
        let length = self
            .rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        match word {
            "True" => Some(Kind::Bool(true)),
            "False" => Some(Kind::Bool(false)),
            "None" => Some(Kind::Null),
            "set" if self.take("(") && self.take(")") => Some(Kind::Seq(Vec::new())),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "literal_tests.rs"]
mod tests;
