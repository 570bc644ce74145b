//! Which filters, tests, lookups and outputs of components an expression names, and where: for
//! checks before anything runs.

use std::ops::Range;

use super::token::{Token, Word, tokens};

/// A name that must be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::template) struct Use {
    pub what: What,
    pub name: String,
    pub range: Range<usize>,
}

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::template) enum What {
    Filter,
    Test,
    Lookup,
    /// `outputs.NAME`, `outputs['NAME']`.
    Output,
}

/// The names in `text[range]`.
pub(super) fn of(text: &str, range: Range<usize>) -> Vec<Use> {
    let words = tokens(text, range).unwrap_or_default();
    let reader = Reader {
        text,
        words: &words,
    };
    (0..words.len()).flat_map(|at| reader.at(at)).collect()
}

struct Reader<'a> {
    text: &'a str,
    words: &'a [Token],
}

impl Reader<'_> {
    fn text(&self, index: usize) -> &str {
        self.words
            .get(index)
            .map_or("", |word| &self.text[word.range.clone()])
    }

    /// What the word at an index names.
    fn at(&self, at: usize) -> Vec<Use> {
        let after_dot = at > 0 && self.text(at - 1) == ".";
        let statement = at == 0 || (at == 1 && matches!(self.text(0), "-" | "+"));
        match self.text(at) {
            "|" => self.filter(at + 1),
            "filter" if statement => self.filter(at + 1),
            "is" if !after_dot && !statement => {
                let skip = if self.text(at + 1) == "not" { 2 } else { 1 };
                self.dotted(What::Test, at + skip)
                    .into_iter()
                    .map(|(found, _)| found)
                    .collect()
            }
            "lookup" | "query" | "q" if !after_dot && self.text(at + 1) == "(" => {
                self.constant(What::Lookup, at + 2).into_iter().collect()
            }
            "outputs" if !after_dot => self.output(at).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The component whose outputs are read, if the expression says it.
    fn output(&self, at: usize) -> Option<Use> {
        let what = What::Output;
        match self.text(at + 1) {
            "." => {
                let word = self.words.get(at + 2).filter(|w| w.word == Word::Name)?;
                let (name, range) = (self.text(at + 2).to_owned(), word.range.clone());
                Some(Use { what, name, range })
            }
            "[" => {
                let word = self.words.get(at + 2).filter(|w| w.word == Word::Text)?;
                let range = word.range.start + 1..word.range.end - 1;
                let name = self.text[range.clone()].to_owned();
                (self.text(at + 3) == "]").then_some(Use { what, name, range })
            }
            _ => None,
        }
    }

    /// A filter, and what `map('…')` and `select('…')` name in turn.
    fn filter(&self, at: usize) -> Vec<Use> {
        let Some((found, next)) = self.dotted(What::Filter, at) else {
            return Vec::new();
        };
        let inner = match found.name.rsplit('.').next() {
            Some("map") => self.constant(What::Filter, next + 1),
            Some("select" | "reject") => self.constant(What::Test, next + 1),
            _ => None,
        };
        let called = self.text(next) == "(";
        std::iter::once(found)
            .chain(inner.filter(|_| called))
            .collect()
    }

    /// A name with dots, and the index after it.
    fn dotted(&self, what: What, at: usize) -> Option<(Use, usize)> {
        let first = self.words.get(at).filter(|word| word.word == Word::Name)?;
        let mut end = first.range.end;
        let mut name = self.text(at).to_owned();
        let mut next = at + 1;
        while self.text(next) == "."
            && self
                .words
                .get(next + 1)
                .is_some_and(|word| word.word == Word::Name)
        {
            name.push('.');
            name.push_str(self.text(next + 1));
            end = self.words[next + 1].range.end;
            next += 2;
        }
        let range = first.range.start..end;
        Some((Use { what, name, range }, next))
    }

    /// A name in quotes.
    fn constant(&self, what: What, at: usize) -> Option<Use> {
        let word = self.words.get(at).filter(|word| word.word == Word::Text)?;
        // A longer expression (`lookup('a' ~ b)`) is not a name.
        if !matches!(self.text(at + 1), "," | ")") {
            return None;
        }
        let range = word.range.start + 1..word.range.end - 1;
        Some(Use {
            what,
            name: self.text[range.clone()].to_owned(),
            range,
        })
    }
}
