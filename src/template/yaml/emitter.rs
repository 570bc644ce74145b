//! The layout: indentation, flow collections, and folding of long lines.

use super::scalar::{Analysis, analyze, is_break, is_printable};
use super::{Options, Tree};

/// Keys longer than this many bytes are written after a `?`.
const LONGEST_KEY: usize = 128;

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Root,
    Item,
    Value,
    /// A key on the line of its value.
    Key,
    /// A key after a `?`.
    LongKey,
}

struct Emitter {
    out: String,
    column: usize,
    indent: Option<usize>,
    step: usize,
    width: usize,
    depth: usize,
    whitespace: bool,
    indention: bool,
}

pub(super) fn write(tree: &Tree, options: &Options) -> String {
    let step = if (2..=9).contains(&options.indent) {
        options.indent
    } else {
        2
    };
    let mut emitter = Emitter {
        out: String::new(),
        column: 0,
        indent: None,
        step,
        width: if options.width <= step * 2 {
            80
        } else {
            options.width
        },
        depth: 0,
        whitespace: true,
        indention: true,
    };
    if options.explicit_start {
        emitter.sign("---", true, false, false);
        if !matches!(tree, Tree::Scalar { .. }) {
            emitter.new_line();
        }
    }
    emitter.node(tree, Role::Root);
    emitter.indent = None;
    emitter.new_line();
    emitter.out
}

impl Emitter {
    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn line_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    /// Starts a line at the current indentation, unless one was just started.
    fn new_line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.line_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is used, and no two belong together"
    )]
    fn sign(&mut self, sign: &str, space_before: bool, is_space: bool, is_indention: bool) {
        if space_before && !self.whitespace {
            self.put(' ');
        }
        for c in sign.chars() {
            self.put(c);
        }
        self.whitespace = is_space;
        self.indention = self.indention && is_indention;
    }

    /// Goes a level deeper; gives the level to return to.
    fn deeper(&mut self, flow: bool, indentless: bool) -> Option<usize> {
        let before = self.indent;
        self.indent = match before {
            None => Some(if flow { self.step } else { 0 }),
            Some(indent) if indentless => Some(indent),
            Some(indent) => Some(indent + self.step),
        };
        before
    }

    fn node(&mut self, tree: &Tree, role: Role) {
        match tree {
            Tree::Scalar { text, quoted } => self.scalar(text, *quoted, role),
            Tree::Seq { items, flow } => {
                if self.depth > 0 || *flow || items.is_empty() {
                    self.flow_seq(items);
                } else {
                    self.block_seq(items, role);
                }
            }
            Tree::Map { entries, flow } => {
                if self.depth > 0 || *flow || entries.is_empty() {
                    self.flow_map(entries);
                } else {
                    self.block_map(entries);
                }
            }
        }
    }

    fn flow_seq(&mut self, items: &[Tree]) {
        self.sign("[", true, true, false);
        let before = self.deeper(true, false);
        self.depth += 1;
        for (index, item) in items.iter().enumerate() {
            self.flow_item(index);
            self.node(item, Role::Item);
        }
        self.depth -= 1;
        self.indent = before;
        self.sign("]", false, false, false);
    }

    fn flow_map(&mut self, entries: &[(Tree, Tree)]) {
        self.sign("{", true, true, false);
        let before = self.deeper(true, false);
        self.depth += 1;
        for (index, (key, value)) in entries.iter().enumerate() {
            self.flow_item(index);
            if is_simple(key) {
                self.node(key, Role::Key);
                self.sign(":", false, false, false);
            } else {
                self.sign("?", true, false, false);
                self.node(key, Role::LongKey);
                if self.column > self.width {
                    self.new_line();
                }
                self.sign(":", true, false, false);
            }
            self.node(value, Role::Value);
        }
        self.depth -= 1;
        self.indent = before;
        self.sign("}", false, false, false);
    }

    fn flow_item(&mut self, index: usize) {
        if index > 0 {
            self.sign(",", false, false, false);
        }
        if self.column > self.width {
            self.new_line();
        }
    }

    fn block_seq(&mut self, items: &[Tree], role: Role) {
        let in_map = matches!(role, Role::Value | Role::LongKey | Role::Key);
        let before = self.deeper(false, in_map && !self.indention);
        for item in items {
            self.new_line();
            self.sign("-", true, false, true);
            self.node(item, Role::Item);
        }
        self.indent = before;
    }

    fn block_map(&mut self, entries: &[(Tree, Tree)]) {
        let before = self.deeper(false, false);
        for (key, value) in entries {
            self.new_line();
            if is_simple(key) {
                self.node(key, Role::Key);
                self.sign(":", false, false, false);
            } else {
                self.sign("?", true, false, true);
                self.node(key, Role::LongKey);
                self.new_line();
                self.sign(":", true, false, true);
            }
            self.node(value, Role::Value);
        }
        self.indent = before;
    }

    fn scalar(&mut self, text: &str, quoted: bool, role: Role) {
        let analysis = analyze(text);
        let breaks = role != Role::Key;
        let before = self.deeper(true, false);
        match self.style(text, quoted, &analysis, role) {
            Style::Plain => self.plain(text, breaks),
            Style::Single => self.single(text, breaks),
            Style::Double => self.double(text, breaks),
        }
        self.indent = before;
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is used, and no two belong together"
    )]
    fn style(&self, text: &str, quoted: bool, analysis: &Analysis, role: Role) -> Style {
        if role == Role::Key && analysis.multiline {
            return Style::Double;
        }
        let flow = self.depth > 0;
        let plain = if flow {
            analysis.flow_plain
        } else {
            analysis.block_plain
        };
        if plain && !quoted && !(text.is_empty() && (flow || role == Role::Key)) {
            Style::Plain
        } else if analysis.single_quoted {
            Style::Single
        } else {
            Style::Double
        }
    }

    fn plain(&mut self, text: &str, breaks: bool) {
        if !self.whitespace && (!text.is_empty() || self.depth > 0) {
            self.put(' ');
        }
        let mut chars = text.chars().peekable();
        let mut after_space = false;
        while let Some(c) = chars.next() {
            if c == ' ' {
                let next = chars.peek() == Some(&' ');
                if breaks && !after_space && self.column > self.width && !next {
                    self.new_line();
                } else {
                    self.put(c);
                }
                after_space = true;
            } else {
                self.put(c);
                self.indention = false;
                after_space = false;
            }
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn single(&mut self, text: &str, breaks: bool) {
        self.sign("'", true, false, false);
        let chars: Vec<char> = text.chars().collect();
        let (mut after_space, mut after_break) = (false, false);
        for (index, c) in chars.iter().copied().enumerate() {
            if c == ' ' {
                let inside = index > 0 && index + 1 < chars.len();
                let next = chars.get(index + 1) == Some(&' ');
                if breaks && !after_space && self.column > self.width && inside && !next {
                    self.new_line();
                } else {
                    self.put(c);
                }
                after_space = true;
            } else if is_break(c) {
                if !after_break && c == '\n' {
                    self.line_break();
                }
                if c == '\n' {
                    self.line_break();
                } else {
                    self.out.push(c);
                    self.column = 0;
                }
                self.indention = true;
                after_break = true;
            } else {
                if after_break {
                    self.new_line();
                }
                if c == '\'' {
                    self.put('\'');
                }
                self.put(c);
                self.indention = false;
                (after_space, after_break) = (false, false);
            }
        }
        if after_break {
            self.new_line();
        }
        self.sign("'", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn double(&mut self, text: &str, breaks: bool) {
        self.sign("\"", true, false, false);
        let chars: Vec<char> = text.chars().collect();
        let mut after_space = false;
        for (index, c) in chars.iter().copied().enumerate() {
            if !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                for c in escape(c).chars() {
                    self.put(c);
                }
                after_space = false;
            } else if c == ' ' {
                let inside = index > 0 && index + 1 < chars.len();
                if breaks && !after_space && self.column > self.width && inside {
                    self.new_line();
                    if chars.get(index + 1) == Some(&' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                after_space = true;
            } else {
                self.put(c);
                after_space = false;
            }
        }
        self.sign("\"", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
}

/// Whether a key fits before its `:`.
fn is_simple(key: &Tree) -> bool {
    match key {
        Tree::Scalar { text, .. } => text.len() <= LONGEST_KEY && !analyze(text).multiline,
        Tree::Seq { items, .. } => items.is_empty(),
        Tree::Map { entries, .. } => entries.is_empty(),
    }
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            let code = u32::from(c);
            return if code <= 0xff {
                format!("\\x{code:02X}")
            } else if code <= 0xffff {
                format!("\\u{code:04X}")
            } else {
                format!("\\U{code:08X}")
            };
        }
    };
    format!("\\{short}")
}
