//! Host patterns, for `hosts:` and `--limit`: `web:&prod:!web3`, `db*`, `~db\d`, `web[0]`, `@FILE`.

mod glob;
mod parse;
mod select;

use fancy_regex::Regex;

use crate::input::Span;
use glob::Glob;

pub use select::Selection;

/// A pattern taken apart.
#[derive(Clone, Debug)]
pub struct Pattern {
    parts: Vec<Part>,
}

/// One of the patterns between the separators.
#[derive(Clone, Debug)]
struct Part {
    sign: Sign,
    names: Names,
    subscript: Option<Subscript>,
    /// As written, without the sign.
    text: String,
    place: Span,
}

/// What a part does with the hosts so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    /// Adds its hosts.
    Add,
    /// `&`: keeps only its hosts.
    Keep,
    /// `!`: takes its hosts away.
    Drop,
}

/// Which names of groups and hosts a part means.
#[derive(Clone, Debug)]
enum Names {
    Glob(Glob),
    Regex(Regex),
}

/// `[0]`, `[-1]`, `[1:3]`, `[1:]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subscript {
    One(i64),
    /// Both ends count; no end means the last.
    Some(usize, Option<usize>),
}

#[cfg(test)]
mod tests;
