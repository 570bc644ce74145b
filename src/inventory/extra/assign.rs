//! `k=v k2="v 2"` as Ansible splits it: at blanks outside quotes and outside `{{ … }}`. Values
//! are strings.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::input::{Kind, Node, Source, Span};
use crate::inventory::Vars;

/// The assignments of a text.
pub(super) fn read(source: &Arc<Source>) -> Result<Vars, Diagnostic> {
    let mut vars = Vars::new();
    for (start, end) in split(&source.text).map_err(|why| {
        let span = span(source, 0, source.text.len());
        Diagnostic::error(
            "inventory/extra-vars",
            "`-e` does not split into assignments",
        )
        .at(&span)
        .why(why)
    })? {
        let word = decode(&source.text[start..end]);
        let place = span(source, start, end);
        let Some((key, value)) = split_assignment(&word) else {
            return Err(Diagnostic::error(
                "inventory/extra-vars",
                format!("`{word}` is not `name=value`"),
            )
            .at(&place)
            .help("write `-e name=value`, `-e @FILE` or `-e '{\"name\": …}'`"));
        };
        let value = unquote(value.trim()).to_owned();
        let node = Node::new(place, Kind::Str(value));
        vars.insert(key.trim().to_owned(), node.into());
    }
    Ok(vars)
}

fn span(source: &Arc<Source>, start: usize, end: usize) -> Span {
    Span {
        source: Arc::clone(source),
        start,
        end,
    }
}

/// The byte ranges of the words.
fn split(text: &str) -> Result<Vec<(usize, usize)>, &'static str> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let pair = (before, c);
        let escaped = before == '\\';
        match quote {
            Some(open) if c == open && !escaped => quote = None,
            None if (c == '"' || c == '\'') && !escaped => quote = Some(c),
            None if matches!(pair, ('{', '{' | '%' | '#')) => depth += 1,
            None if matches!(pair, ('}' | '%' | '#', '}')) => depth = depth.saturating_sub(1),
            _ => {}
        }
        let blank = matches!(c, ' ' | '\n') && quote.is_none() && depth == 0;
        match start {
            Some(from) if blank => {
                words.push((from, at));
                start = None;
            }
            None if !blank => start = Some(at),
            _ => {}
        }
        before = c;
    }
    if quote.is_some() {
        return Err("a quote is not closed");
    }
    if depth > 0 {
        return Err("a `{{` is not closed");
    }
    words.extend(start.map(|from| (from, text.len())));
    Ok(words)
}

/// At the first `=` that is neither first nor behind a backslash.
fn split_assignment(word: &str) -> Option<(&str, &str)> {
    let at = word
        .match_indices('=')
        .map(|(at, _)| at)
        .find(|at| *at > 0 && !word[..*at].ends_with('\\'))?;
    Some((&word[..at], &word[at + 1..]))
}

fn unquote(text: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| {
            let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
            (!inner.ends_with('\\')).then_some(inner)
        })
        .unwrap_or(text)
}

/// Python's escapes in a word.
fn decode(word: &str) -> String {
    let mut decoded = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('\\') {
        decoded.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (c, used) = match after.chars().next() {
            Some('n') => ('\n', 1),
            Some('t') => ('\t', 1),
            Some('r') => ('\r', 1),
            Some('a') => ('\x07', 1),
            Some('b') => ('\x08', 1),
            Some('f') => ('\x0c', 1),
            Some('v') => ('\x0b', 1),
            Some(c @ ('\\' | '\'' | '"')) => (c, 1),
            Some('x') => hexadecimal(after, 2),
            Some('u') => hexadecimal(after, 4),
            Some('U') => hexadecimal(after, 8),
            _ => ('\\', 0),
        };
        decoded.push(c);
        rest = &after[used..];
    }
    decoded + rest
}

fn hexadecimal(text: &str, digits: usize) -> (char, usize) {
    text.get(1..=digits)
        .and_then(|code| u32::from_str_radix(code, 16).ok())
        .and_then(char::from_u32)
        .map_or(('\\', 0), |c| (c, digits + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::input::Var;

    fn vars(text: &str) -> Vec<(String, String)> {
        let read = read(&Source::new("-e", text)).unwrap();
        read.into_iter()
            .map(|(name, value)| match value {
                Var::Written(node) => (name, node.as_str().unwrap_or("?").to_owned()),
                _ => (name, "?".to_owned()),
            })
            .collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn splits_as_ansible_does() {
        assert_eq!(vars("a=1 b='x y'"), [pair("a", "1"), pair("b", "x y")]);
        assert_eq!(vars("a={{ b + 1 }}"), [pair("a", "{{ b + 1 }}")]);
        assert_eq!(vars("a=b=c"), [pair("a", "b=c")]);
        assert_eq!(vars(r"a=x\ny"), [pair("a", "x\ny")]);
        assert_eq!(vars("a="), [pair("a", "")]);
    }

    #[test]
    fn says_what_is_wrong() {
        assert!(read(&Source::new("-e", "a='b")).is_err());
        assert!(read(&Source::new("-e", "justaname")).is_err());
        assert!(read(&Source::new("-e", "a={{ b")).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a={}%#'\"\\\\xu0 é]{0,30}") {
            let _ = read(&Source::new("-e", text));
        }
    }
}
