//! The words of a Jinja expression, with their places.

use std::ops::Range;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Name,
    Text,
    Number,
    /// Punctuation; two-character operators count as one.
    Sign,
}

/// A word and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub word: Word,
    pub range: Range<usize>,
}

/// Where an expression in a tag ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Offset of the whitespace control or the closing mark.
    pub content: usize,
    /// Offset after the closing mark.
    pub after: usize,
}

/// Finds the closing mark as the lexer does: not inside strings or brackets.
pub(super) fn end_of_expression(text: &str, from: usize, close: &str) -> Option<End> {
    let bytes = text.as_bytes();
    let mut at = from;
    let mut depth = 0usize;
    while at < bytes.len() {
        if depth == 0 {
            let rest = &bytes[at..];
            if rest.starts_with(close.as_bytes()) {
                return Some(End {
                    content: at,
                    after: at + close.len(),
                });
            }
            if matches!(rest[0], b'-' | b'+') && rest[1..].starts_with(close.as_bytes()) {
                return Some(End {
                    content: at,
                    after: at + 1 + close.len(),
                });
            }
        }
        match bytes[at] {
            b'\'' | b'"' => at = end_of_text(bytes, at)?,
            b'(' | b'[' | b'{' => {
                depth += 1;
                at += 1;
            }
            b')' | b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            _ => at += 1,
        }
    }
    None
}

/// Splits an expression into words; `None` if it holds something no expression has.
pub(super) fn tokens(text: &str, range: Range<usize>) -> Option<Vec<Token>> {
    let bytes = text.as_bytes().get(..range.end)?;
    let mut found: Vec<Token> = Vec::new();
    let mut at = range.start;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let (word, end) = match byte {
            b'\'' | b'"' => (Word::Text, end_of_text(bytes, at)?),
            b'0'..=b'9' => {
                let after_dot = found
                    .last()
                    .is_some_and(|t| t.word == Word::Sign && &text[t.range.clone()] == ".");
                (Word::Number, end_of_number(bytes, at, after_dot))
            }
            _ if byte == b'_' || byte.is_ascii_alphabetic() || byte >= 0x80 => {
                (Word::Name, end_of_name(text, at, bytes.len())?)
            }
            _ => (Word::Sign, at + sign_length(&bytes[at..])?),
        };
        found.push(Token {
            word,
            range: at..end,
        });
        at = end;
    }
    Some(found)
}

fn end_of_text(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes[start];
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            _ if *byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

fn end_of_number(bytes: &[u8], start: usize, after_dot: bool) -> usize {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let mut end = start + bytes[start..].iter().take_while(|b| word(b)).count();
    let digit_after = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    if !after_dot && bytes.get(end) == Some(&b'.') && digit_after {
        end += 1;
        end += bytes[end..].iter().take_while(|b| word(b)).count();
    }
    let exponent = bytes[start..end]
        .iter()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'_'))
        && matches!(bytes.get(end - 1), Some(b'e' | b'E'));
    if exponent && matches!(bytes.get(end), Some(b'+' | b'-')) {
        end += 1;
        end += bytes[end..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
    }
    end
}

fn end_of_name(text: &str, start: usize, limit: usize) -> Option<usize> {
    let rest = text.get(start..limit)?;
    let length = rest
        .find(|c: char| !(c == '_' || c.is_alphanumeric()))
        .unwrap_or(rest.len());
    (length > 0).then_some(start + length)
}

fn sign_length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'/', b'/', ..] | [b'*', b'*', ..] | [b'=' | b'!' | b'>' | b'<', b'=', ..] => Some(2),
        [
            b'+' | b'-' | b'*' | b'/' | b'%' | b'.' | b',' | b':' | b'~' | b'|' | b'=' | b'>'
            | b'<' | b'(' | b')' | b'[' | b']' | b'{' | b'}',
            ..,
        ] => Some(1),
        _ => None,
    }
}
