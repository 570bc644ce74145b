//! Rewrites one expression or statement, word by word.

use std::ops::Range;

use super::token::{Token, Word, tokens};
use super::{Backslashes, CALL, EMBED, Embedding, FORMAT, GET, Rewritten};

/// What is special about the place of an expression.
pub(super) struct Setting {
    pub embedding: Embedding,
    pub backslashes: Backslashes,
    /// It is a statement (`{% … %}`), not an expression.
    pub statement: bool,
}

/// Rewrites `text[range]` onto `out`. Text that is not an expression is copied as it is: the
/// parser reports it at its place.
pub(super) fn rewrite(out: &mut Rewritten, text: &str, range: Range<usize>, setting: &Setting) {
    let words = tokens(text, range.clone()).filter(|words| balanced(text, words));
    let Some(words) = words else {
        out.copy(range.start, &text[range]);
        return;
    };
    let mut writer = Writer {
        out,
        text,
        words: &words,
        at: 0,
        from: range.start,
        embed: setting.embedding == Embedding::Everywhere,
        backslashes: setting.backslashes,
    };
    if setting.statement {
        writer.statement();
    } else {
        let end = words.len();
        let tuple = writer.comma_in(0, end);
        writer.parenthesised(end, tuple);
    }
    let from = writer.from;
    out.copy(from, &text[from..range.end]);
}

fn balanced(text: &str, words: &[Token]) -> bool {
    let mut open = Vec::new();
    for word in words.iter().filter(|w| w.word == Word::Sign) {
        match &text[word.range.clone()] {
            "(" => open.push(")"),
            "[" => open.push("]"),
            "{" => open.push("}"),
            close @ (")" | "]" | "}") if open.pop() != Some(close) => return false,
            _ => {}
        }
    }
    open.is_empty()
}

struct Writer<'a> {
    out: &'a mut Rewritten,
    text: &'a str,
    words: &'a [Token],
    /// The next word.
    at: usize,
    /// The offset of the first byte not written yet.
    from: usize,
    /// Whether string constants may be templates here.
    embed: bool,
    backslashes: Backslashes,
}

/// Where an operand starts: in the result and in the original.
#[derive(Clone, Copy)]
struct Start {
    out: usize,
    from: usize,
}

/// Whether a comma makes a tuple.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tuple {
    Yes,
    No,
}

impl Writer<'_> {
    fn is(&self, index: usize, sign: &str) -> bool {
        self.words
            .get(index)
            .is_some_and(|w| w.word != Word::Text && &self.text[w.range.clone()] == sign)
    }

    fn word(&self, index: usize) -> Option<Word> {
        self.words.get(index).map(|w| w.word)
    }

    fn name(&self, index: usize) -> &str {
        self.words
            .get(index)
            .map_or("", |w| &self.text[w.range.clone()])
    }

    /// Copies the next word and the space before it.
    fn copy(&mut self) {
        let Some(word) = self.words.get(self.at) else {
            return;
        };
        let range = word.range.clone();
        if word.word == Word::Text
            && self.backslashes == Backslashes::Plain
            && self.text[range.clone()].contains('\\')
        {
            self.space();
            let written = &self.text[range.clone()];
            let (quote, inner) = (&written[..1], &written[1..written.len() - 1]);
            let inner = inner
                .replace('\\', "\\\\")
                .replace(quote, &format!("\\{quote}"));
            self.out.copy(range.start, quote);
            self.out.add(&inner);
            self.out.add(quote);
        } else {
            self.out.copy(self.from, &self.text[self.from..range.end]);
        }
        self.from = range.end;
        self.at += 1;
    }

    /// Leaves the next word out.
    fn skip(&mut self) {
        if let Some(word) = self.words.get(self.at) {
            self.from = word.range.end;
            self.at += 1;
        }
    }

    /// Copies the space before the next word only, so that what is inserted hugs the word.
    fn space(&mut self) {
        if let Some(word) = self.words.get(self.at)
            && word.range.start > self.from
        {
            self.out
                .copy(self.from, &self.text[self.from..word.range.start]);
            self.from = word.range.start;
        }
    }

    /// Whether a comma stands between two words outside brackets.
    fn comma_in(&self, start: usize, end: usize) -> Tuple {
        let mut depth = 0usize;
        for index in start..end {
            if self.is(index, "(") || self.is(index, "[") || self.is(index, "{") {
                depth += 1;
            } else if self.is(index, ")") || self.is(index, "]") || self.is(index, "}") {
                depth = depth.saturating_sub(1);
            } else if depth == 0 && self.is(index, ",") {
                return Tuple::Yes;
            }
        }
        Tuple::No
    }

    /// The index of a word outside brackets, or `end`.
    fn find(&self, wanted: &str, start: usize, end: usize) -> usize {
        let mut depth = 0usize;
        for index in start..end {
            if depth == 0 && self.is(index, wanted) {
                return index;
            }
            if self.is(index, "(") || self.is(index, "[") || self.is(index, "{") {
                depth += 1;
            } else if self.is(index, ")") || self.is(index, "]") || self.is(index, "}") {
                depth = depth.saturating_sub(1);
            }
        }
        end
    }

    fn statement(&mut self) {
        let end = self.words.len();
        // Whitespace control at the start is a sign of its own.
        if self.is(0, "-") || self.is(0, "+") {
            self.copy();
        }
        match self.name(self.at) {
            "for" => {
                let into = self.find("in", self.at, end);
                self.copy_until(into + 1);
                let stop = self
                    .find("recursive", self.at, end)
                    .min(self.find("if", self.at, end));
                let tuple = self.comma_in(self.at, stop);
                self.parenthesised(stop, tuple);
            }
            "set" => {
                let assign = self.find("=", self.at, end);
                self.copy_until(assign + 1);
                let tuple = self.comma_in(self.at, end);
                self.parenthesised(end, tuple);
            }
            _ => {}
        }
        self.run(end);
    }

    fn copy_until(&mut self, end: usize) {
        while self.at < end.min(self.words.len()) {
            self.copy();
        }
    }

    fn parenthesised(&mut self, end: usize, tuple: Tuple) {
        if tuple == Tuple::Yes {
            self.space();
            self.out.add("(");
            self.run(end);
            self.out.add(")");
        } else {
            self.run(end);
        }
    }

    /// Rewrites words up to (not including) `end`.
    fn run(&mut self, end: usize) {
        while self.at < end {
            let before = self.at;
            if self.is(self.at, "|") || self.is(self.at, "is") {
                self.filter_or_test();
            } else if self.starts_operand() {
                self.operand();
            } else if self.is(self.at, "+") && self.starts_expression() {
                self.space();
                self.skip();
            } else {
                self.copy();
            }
            if self.at == before {
                self.copy();
            }
        }
    }

    /// Whether the next word stands where an operand may: a `+` there is a sign, which Jinja takes
    /// and the engine does not.
    fn starts_expression(&self) -> bool {
        let Some(before) = self.at.checked_sub(1) else {
            return true;
        };
        match self.word(before) {
            Some(Word::Sign) => ![")", "]", "}"].contains(&self.name(before)),
            Some(Word::Name) => matches!(
                self.name(before),
                "and" | "or" | "not" | "in" | "if" | "else"
            ),
            _ => false,
        }
    }

    fn starts_operand(&self) -> bool {
        match self.word(self.at) {
            Some(Word::Name) => !matches!(
                self.name(self.at),
                "and" | "or" | "not" | "in" | "is" | "if" | "else"
            ),
            Some(Word::Text | Word::Number) => true,
            Some(Word::Sign) => {
                self.is(self.at, "(") || self.is(self.at, "[") || self.is(self.at, "{")
            }
            None => false,
        }
    }

    /// `| name.of.filter` or `is [not] name.of.test`; arguments follow as an operand.
    fn filter_or_test(&mut self) {
        self.copy();
        if self.is(self.at, "not") {
            self.copy();
        }
        if self.word(self.at) == Some(Word::Name) {
            self.copy();
            while self.is(self.at, ".") && self.word(self.at + 1) == Some(Word::Name) {
                self.copy();
                self.copy();
            }
        }
        if self.is(self.at, "(") {
            self.bracket();
        }
    }

    /// An operand with everything that hangs on it: attributes, items, calls, `%`.
    fn operand(&mut self) {
        self.space();
        let start = Start {
            out: self.out.text.len(),
            from: self.from,
        };
        let lookup =
            matches!(self.name(self.at), "lookup" | "query" | "q") && self.is(self.at + 1, "(");
        let text = self.word(self.at) == Some(Word::Text);
        if self.word(self.at) == Some(Word::Sign) {
            self.bracket();
        } else if text && self.embed && self.name(self.at).contains("{{") {
            self.out.add(&format!("{EMBED}("));
            self.copy();
            self.out.add(")");
        } else {
            self.copy();
        }
        let before = self.embed;
        self.embed |= lookup;
        self.postfix(start);
        self.embed = before;
        if text {
            while self.is(self.at, "%") {
                self.format_sign(start);
            }
        }
    }

    fn postfix(&mut self, start: Start) {
        loop {
            if self.is(self.at, ".") {
                match self.word(self.at + 1) {
                    Some(Word::Name) if self.is(self.at + 2, "(") => self.method(start),
                    Some(Word::Name) => self.attribute(start, "'"),
                    Some(Word::Number) => self.attribute(start, ""),
                    _ => return,
                }
            } else if self.is(self.at, "[") {
                self.item(start);
            } else if self.is(self.at, "(") {
                self.bracket();
            } else {
                return;
            }
        }
    }

    fn attribute(&mut self, start: Start, quote: &str) {
        self.out.insert(start.out, &format!("{GET}("));
        self.skip();
        self.out.add(",");
        self.out.add(quote);
        self.copy();
        self.out.add(quote);
        self.end_of_get(start);
    }

    /// Closes a `GET`, saying where the chain stood, for messages.
    fn end_of_get(&mut self, start: Start) {
        self.out.add(&format!(",{},{})", start.from, self.from));
    }

    fn method(&mut self, start: Start) {
        self.out.insert(start.out, &format!("{CALL}("));
        self.skip();
        self.out.add(",'");
        self.copy();
        self.out.add("'");
        let empty = self.is(self.at + 1, ")");
        self.skip();
        if !empty {
            self.out.add(",");
        }
        let close = self.closing();
        self.run(close);
        self.copy();
    }

    fn item(&mut self, start: Start) {
        let open = self.at;
        self.at += 1;
        let close = self.closing();
        let slice = self.find(":", open + 1, close) != close;
        let empty = close == open + 1;
        self.at = open;
        if slice || empty {
            self.bracket();
            return;
        }
        self.out.insert(start.out, &format!("{GET}("));
        self.skip();
        self.out.add(",");
        let tuple = self.comma_in(self.at, close);
        self.parenthesised(close, tuple);
        self.skip();
        self.end_of_get(start);
    }

    /// The index of the bracket that closes the one before the next word.
    fn closing(&self) -> usize {
        let mut depth = 0usize;
        for index in self.at..self.words.len() {
            if self.is(index, "(") || self.is(index, "[") || self.is(index, "{") {
                depth += 1;
            } else if self.is(index, ")") || self.is(index, "]") || self.is(index, "}") {
                if depth == 0 {
                    return index;
                }
                depth -= 1;
            }
        }
        self.words.len()
    }

    /// A bracket and what is in it.
    fn bracket(&mut self) {
        self.copy();
        let close = self.closing();
        self.run(close);
        self.copy();
    }

    /// `'…' % operand`.
    fn format_sign(&mut self, start: Start) {
        self.out.insert(start.out, &format!("{FORMAT}("));
        self.skip();
        self.out.add(",");
        while self.is(self.at, "-") || self.is(self.at, "+") {
            self.copy();
        }
        if self.starts_operand() {
            self.operand();
        }
        while self.is(self.at, "|") {
            self.filter_or_test();
        }
        self.out.add(")");
    }
}
