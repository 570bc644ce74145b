//! Text to pattern: where it separates, and what each part is.

use std::path::Path;
use std::sync::Arc;

use fancy_regex::{Regex, RegexBuilder};

use super::glob::Glob;
use super::{Names, Part, Pattern, Sign, Subscript};
use crate::diagnostic::Diagnostic;
use crate::input::{Files, Kind, Node, Source, Span};
use crate::inventory::names;

/// Steps a user's regular expression may take on one name.
const BACKTRACKS: usize = 100_000;

impl Pattern {
    /// Reads a pattern written at `place`.
    pub fn parse(text: &str, place: &Span) -> Result<Self, Diagnostic> {
        let parts = separate(text, place)?
            .into_iter()
            .map(|(start, end)| part(&text[start..end], &within(place, text, start..end)));
        let mut parts: Vec<Part> = parts.collect::<Result<_, _>>()?;
        // First what adds, then what keeps, then what drops, whatever the order written.
        parts.sort_by_key(|part| part.sign);
        Ok(Self { parts })
    }

    /// Reads what a play has under `hosts`: a pattern or a list of them.
    pub fn read(node: &Node) -> Result<Self, Diagnostic> {
        let wrong = |node: &Node| {
            let what = format!("`hosts` is {}, not a host pattern", node.type_name());
            Diagnostic::error("inventory/pattern", what)
                .at(&node.span)
                .help("write a name, a group, or a list of them")
        };
        let mut all = Vec::new();
        match &node.kind {
            Kind::Str(text) => all.extend(Self::parse(text, &node.span)?.parts),
            Kind::Seq(items) => {
                for item in items {
                    let text = item.as_str().ok_or_else(|| wrong(item))?;
                    all.extend(Self::parse(text, &item.span)?.parts);
                }
            }
            _ => return Err(wrong(node)),
        }
        all.sort_by_key(|part| part.sign);
        Ok(Self { parts: all })
    }

    /// Reads a `--limit`, in which `@FILE` stands for the lines of a file.
    pub fn limit(text: &str, files: &dyn Files) -> Result<Self, Diagnostic> {
        let source = Source::new("--limit", text);
        let whole = whole(&source);
        let mut all = Vec::new();
        for (start, end) in separate(text, &whole)? {
            let place = within(&whole, text, start..end);
            let Some(path) = text[start..end].strip_prefix('@') else {
                all.push(part(&text[start..end], &place)?);
                continue;
            };
            let bytes = files.read(Path::new(path)).map_err(|error| {
                Diagnostic::error("inventory/limit-file", format!("cannot read `{path}`"))
                    .at(&place)
                    .why(error.to_string())
            })?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let source = Source::new(path, text);
            let mut at = 0;
            for line in source.text.split_inclusive('\n') {
                let name = line.trim();
                let start = at + line.len() - line.trim_start().len();
                at += line.len();
                if !name.is_empty() {
                    let span = Span {
                        source: Arc::clone(&source),
                        start,
                        end: start + name.len(),
                    };
                    all.push(part(name, &span)?);
                }
            }
        }
        all.sort_by_key(|part| part.sign);
        Ok(Self { parts: all })
    }
}

fn whole(source: &Arc<Source>) -> Span {
    Span {
        source: Arc::clone(source),
        start: 0,
        end: source.text.len(),
    }
}

/// The place of some bytes of a text written at `place`; all of it where quotes or a block moved
/// them.
fn within(place: &Span, text: &str, part: std::ops::Range<usize>) -> Span {
    let written = place.source.text.get(place.start..place.end).unwrap_or("");
    let Some(shift) = written.find(text) else {
        return place.clone();
    };
    Span {
        source: Arc::clone(&place.source),
        start: place.start + shift + part.start,
        end: place.start + shift + part.end,
    }
}

/// The byte ranges of the parts. A comma anywhere means that only commas separate; else an
/// address (with its colons) is one part; else colons outside brackets and blanks separate.
///
/// # Errors
/// A bracket without its other half. Ansible passes over it, so that `~[` means every host.
fn separate(text: &str, place: &Span) -> Result<Vec<(usize, usize)>, Diagnostic> {
    let mut found = Vec::new();
    if text.contains(',') || names::is_address(text) {
        let mut at = 0;
        for piece in text.split(',') {
            let start = at + piece.len() - piece.trim_start().len();
            found.push((start, start + piece.trim().len()));
            at += piece.len() + 1;
        }
    } else {
        let mut start = None;
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let bracketed = text[at..].strip_prefix('[').and_then(|rest| rest.find(']'));
            let separates = c == ':' || c.is_whitespace();
            if let Some(length) = bracketed {
                start.get_or_insert(at);
                at += length + 2;
            } else if matches!(c, '[' | ']') {
                let what = format!("a `{c}` in the host pattern has no other half");
                return Err(Diagnostic::error("inventory/pattern", what)
                    .at(&within(place, text, at..at + 1))
                    .why("it would leave a pattern that means more hosts than it says")
                    .help("close it: `web[0:3]`, `~web[0-9]`"));
            } else if separates {
                found.extend(start.take().map(|from| (from, at)));
                at += c.len_utf8();
            } else {
                start.get_or_insert(at);
                at += c.len_utf8();
            }
        }
        found.extend(start.map(|from| (from, text.len())));
    }
    found.retain(|(start, end)| start < end);
    Ok(found)
}

fn part(text: &str, place: &Span) -> Result<Part, Diagnostic> {
    let (sign, text) = match text.as_bytes().first() {
        Some(b'!') => (Sign::Drop, &text[1..]),
        Some(b'&') => (Sign::Keep, &text[1..]),
        _ => (Sign::Add, text),
    };
    let error = |what: String| Diagnostic::error("inventory/pattern", what).at(place);
    if text.is_empty() {
        return Err(error("a host pattern is only a sign".to_owned())
            .help("write a name right behind the `!` or `&`"));
    }
    let (names, subscript) = if let Some(expression) = text.strip_prefix('~') {
        let regex = regex(expression).map_err(|why| {
            error(format!("`{expression}` is no regular expression")).why(why.to_string())
        })?;
        (Names::Regex(regex), None)
    } else {
        let (name, subscript) = subscript(text);
        (Names::Glob(Glob::new(name)), subscript)
    };
    Ok(Part {
        sign,
        names,
        subscript,
        text: text.to_owned(),
        place: place.clone(),
    })
}

/// Anchored at the start, as Python's `re.match` is.
fn regex(expression: &str) -> Result<Regex, Box<fancy_regex::Error>> {
    // By itself first: what is open here could swallow what stands around it.
    Regex::new(expression).map_err(Box::new)?;
    RegexBuilder::new(&format!("^(?:{expression})"))
        .backtrack_limit(BACKTRACKS)
        .build()
        .map_err(Box::new)
}

/// A pattern and the subscript at its end, if it has one.
fn subscript(text: &str) -> (&str, Option<Subscript>) {
    let found = text.strip_suffix(']').and_then(|inner| {
        let (name, inside) = inner.rsplit_once('[')?;
        Some((name, read_subscript(inside)?)).filter(|_| !name.is_empty())
    });
    found.map_or((text, None), |(name, subscript)| (name, Some(subscript)))
}

fn read_subscript(inside: &str) -> Option<Subscript> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits(inside.strip_prefix('-').unwrap_or(inside)) {
        return inside.parse().ok().map(Subscript::One);
    }
    let (from, to) = inside.split_once([':', '-'])?;
    if !digits(from) || !(to.is_empty() || digits(to)) {
        return None;
    }
    let from: usize = from.parse().ok()?;
    if to.is_empty() {
        return Some(Subscript::Some(from, None));
    }
    match to.parse().ok()? {
        // Ansible takes an end of 0 for none: `[0:0]` is the first host.
        0 => i64::try_from(from).ok().map(Subscript::One),
        to => Some(Subscript::Some(from, Some(to))),
    }
}
