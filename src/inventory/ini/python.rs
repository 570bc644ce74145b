//! Python's number and string literals, as far as inventories meet them.

use crate::input::Kind;

/// A number with its sign at the start of a text, and what follows it. An integer beyond 64 bits
/// becomes a string: its digits stay right that way.
pub(super) fn number(text: &str) -> Option<(Kind, &str)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest.trim_start()),
        None => ("", text.strip_prefix('+').map_or(text, str::trim_start)),
    };
    let (token, rest) = digits.split_at(extent(digits));
    // A letter right behind is a syntax error, and `1.2.3` is no number.
    if rest.starts_with(char::is_alphanumeric) {
        return None;
    }
    let kind = integer(token, sign).or_else(|| float(token, sign))?;
    Some((kind, rest))
}

/// How many bytes of the text could be one number.
fn extent(text: &str) -> usize {
    let bytes = text.as_bytes();
    let exponents = !text.to_ascii_lowercase().starts_with("0x");
    let belongs = |at: usize| {
        let byte = bytes[at];
        let after_e = at > 0 && matches!(bytes[at - 1], b'e' | b'E');
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'.')
            || (matches!(byte, b'+' | b'-') && exponents && after_e)
    };
    (0..bytes.len())
        .find(|at| !belongs(*at))
        .unwrap_or(bytes.len())
}

fn integer(token: &str, sign: &str) -> Option<Kind> {
    let lower = token.to_ascii_lowercase();
    let prefixed = |prefix| {
        let digits = lower.strip_prefix(prefix)?;
        Some(digits.strip_prefix('_').unwrap_or(digits))
    };
    let (radix, digits) = if let Some(digits) = prefixed("0x") {
        (16, digits)
    } else if let Some(digits) = prefixed("0o") {
        (8, digits)
    } else if let Some(digits) = prefixed("0b") {
        (2, digits)
    } else {
        (10, lower.as_str())
    };
    let digits = without_underscores(digits)?;
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    // `0644` was octal once; now it is an error, unless it is all zeros.
    if radix == 10 && digits.starts_with('0') && digits.bytes().any(|b| b != b'0') {
        return None;
    }
    let value = i64::from_str_radix(&format!("{sign}{digits}"), radix);
    Some(value.map_or_else(|_| Kind::Str(format!("{sign}{token}")), Kind::Int))
}

fn float(token: &str, sign: &str) -> Option<Kind> {
    let digits = without_underscores(token)?;
    let shaped = digits.contains(['.', 'e', 'E'])
        && digits.contains(|c: char| c.is_ascii_digit())
        && digits
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    if !shaped {
        return None;
    }
    let value: f64 = format!("{sign}{digits}").parse().ok()?;
    Some(Kind::Float(value))
}

/// Underscores may stand between digits only.
fn without_underscores(digits: &str) -> Option<String> {
    let bytes = digits.as_bytes();
    let digit = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
    let fine = bytes.iter().enumerate().all(|(at, byte)| {
        *byte != b'_' || (at > 0 && digit(bytes.get(at - 1)) && digit(bytes.get(at + 1)))
    });
    fine.then(|| digits.replace('_', ""))
}

/// A string literal at the start of a text, and what follows it.
pub(super) fn string(text: &str) -> Option<(String, &str)> {
    let start = text.find(['\'', '"'])?;
    let (prefix, body) = text.split_at(start);
    let raw = match prefix.to_ascii_lowercase().as_str() {
        "" | "u" | "b" => false,
        "r" | "br" | "rb" => true,
        _ => return None,
    };
    let quote = &body[..1];
    let triple = quote.repeat(3);
    let quote = if body.starts_with(&triple) {
        triple.as_str()
    } else {
        quote
    };
    let mut rest = &body[quote.len()..];
    let mut value = String::new();
    loop {
        if let Some(after) = rest.strip_prefix(quote) {
            return Some((value, after));
        }
        let first = rest.chars().next()?;
        if first != '\\' {
            value.push(first);
            rest = &rest[first.len_utf8()..];
        } else if raw {
            let next = rest[1..].chars().next()?;
            value.extend(['\\', next]);
            rest = &rest[1 + next.len_utf8()..];
        } else {
            rest = escape(&rest[1..], &mut value)?;
        }
    }
}

/// What stands behind a backslash; unknown escapes keep it, as Python does (with a warning).
fn escape<'a>(text: &'a str, value: &mut String) -> Option<&'a str> {
    let first = text.chars().next()?;
    let rest = &text[first.len_utf8()..];
    let simple = match first {
        '\\' | '\'' | '"' => first,
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'x' => return hexadecimal(rest, 2, value),
        'u' => return hexadecimal(rest, 4, value),
        'U' => return hexadecimal(rest, 8, value),
        // A character by its name: nobody writes that in an inventory.
        'N' => return None,
        '0'..='7' => return octal(text, value),
        other => {
            value.push('\\');
            other
        }
    };
    value.push(simple);
    Some(rest)
}

fn hexadecimal<'a>(text: &'a str, digits: usize, value: &mut String) -> Option<&'a str> {
    let token = text.get(..digits)?;
    let known = token.bytes().all(|b| b.is_ascii_hexdigit());
    let code = u32::from_str_radix(token, 16).ok().filter(|_| known)?;
    value.push(char::from_u32(code)?);
    text.get(digits..)
}

fn octal<'a>(text: &'a str, value: &mut String) -> Option<&'a str> {
    let length = text
        .bytes()
        .take(3)
        .take_while(|b| (b'0'..=b'7').contains(b))
        .count();
    let code = u32::from_str_radix(text.get(..length)?, 8).ok()?;
    value.push(char::from_u32(code)?);
    text.get(length..)
}
