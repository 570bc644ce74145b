//! Python's regular expressions on this program's engine: what people write for Ansible must mean
//! the same here.

use fancy_regex::{Captures, Regex};

use super::Failure;

/// How a pattern sees lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// `^` and `$` are the ends of the text.
    One,
    /// `^` and `$` are the ends of every line (`re.MULTILINE`).
    Many,
    /// `.` matches newlines (`re.DOTALL`).
    Dot,
}

/// Compiles a Python pattern.
pub fn compile(pattern: &str, lines: Lines) -> Result<Regex, Failure> {
    let flags = match lines {
        Lines::One => "",
        Lines::Many => "(?m)",
        Lines::Dot => "(?s)",
    };
    Regex::new(&format!("{flags}{}", translate(pattern)))
        .map_err(|error| Failure::msg(format!("bad regular expression `{pattern}`: {error}")))
}

/// Whether it matches anywhere; a pattern that gives up has not matched.
pub fn matches(regex: &Regex, text: &str) -> bool {
    regex.is_match(text).unwrap_or(false)
}

/// The pattern in this engine's words: `\Z`, a brace that is no quantifier, a bracket inside a class.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut class = false;
    // A `]` right after the opening of a class is a member of it.
    let mut opening = false;
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = tail;
        let was_opening = std::mem::take(&mut opening);
        match c {
            '\\' => {
                let next = tail.chars().next().unwrap_or('\\');
                rest = tail.get(next.len_utf8()..).unwrap_or_default();
                match next {
                    'Z' => out.push_str("\\z"),
                    '<' | '>' | '"' | '\'' | ' ' | '_' | '!' | '%' | ',' | ':' | ';' | '='
                    | '@' | '`' => {
                        out.push(next);
                    }
                    next => out.extend(['\\', next]),
                }
            }
            '[' if class => out.push_str("\\["),
            '[' => {
                class = true;
                opening = true;
                out.push('[');
                if let Some(after) = tail.strip_prefix('^') {
                    out.push('^');
                    rest = after;
                }
            }
            ']' if class && was_opening => out.push_str("\\]"),
            ']' if class => {
                class = false;
                out.push(']');
            }
            '&' | '~' if class => out.extend(['\\', c]),
            '{' if !class && !is_quantifier(tail) => out.push_str("\\{"),
            '}' if !class && !out_ends_quantifier(&out) => out.push_str("\\}"),
            c => out.push(c),
        }
    }
    out
}

/// Whether what follows a `{` makes it a quantifier.
fn is_quantifier(tail: &str) -> bool {
    tail.split_once('}').is_some_and(|(inner, _)| {
        let (low, high) = inner.split_once(',').unwrap_or((inner, ""));
        let digits = |t: &str| t.chars().all(|c| c.is_ascii_digit());
        !inner.is_empty() && inner != "," && digits(low) && digits(high) && !low.is_empty()
    })
}

/// Whether a `}` now closes a quantifier that is open.
fn out_ends_quantifier(out: &str) -> bool {
    out.rfind('{').is_some_and(|open| {
        let before = out.get(..open).unwrap_or_default();
        let inner = out.get(open + 1..).unwrap_or_default();
        !before.ends_with('\\') && !inner.contains('}')
    })
}

/// A Python replacement template (`\1`, `\g<name>`, `\n`) with the groups of a match.
pub fn expand(template: &str, groups: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut chars = template.chars().peekable();
    let group = |n: usize| groups.get(n).map_or("", |m| m.as_str());
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('g') if chars.peek() == Some(&'<') => {
                chars.next();
                let name: String = chars.by_ref().take_while(|c| *c != '>').collect();
                match name.parse::<usize>() {
                    Ok(number) => out.push_str(group(number)),
                    Err(_) => out.push_str(groups.name(&name).map_or("", |m| m.as_str())),
                }
            }
            Some(digit @ '1'..='9') => {
                let mut number = digit.to_digit(10).unwrap_or(0) as usize;
                if let Some(next) = chars.peek().and_then(|c| c.to_digit(10)) {
                    number = number * 10 + next as usize;
                    chars.next();
                }
                out.push_str(group(number));
            }
            Some('0') => out.push('\0'),
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\\') | None => out.push('\\'),
            Some(other) => out.extend(['\\', other]),
        }
    }
    out
}

/// Whether a shell pattern of `*` and `?` matches.
pub fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            wildcard(rest, text)
                || text
                    .split_first()
                    .is_some_and(|(_, tail)| wildcard(pattern, tail))
        }
        (Some((b'?', rest)), Some((_, tail))) => wildcard(rest, tail),
        (Some((a, rest)), Some((b, tail))) => a == b && wildcard(rest, tail),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_patterns_mean_the_same() {
        for (pattern, yes, no) in [
            (r"^\s*{$", "  {", "x{"),
            (r"a{2}b", "aab", "ab"),
            (r"${VAR}|x{y}", "x{y}", "xy"),
            (r"[]a]+\Z", "a]", "b"),
            (r"^[[a]$", "[", "b"),
            (r"(?P<k>\w+)\/(?P=k)", "ab/ab", "ab/cd"),
            (r"^(?!#).*=", "a=1", "#a=1"),
        ] {
            let regex = compile(pattern, Lines::One).unwrap();
            assert!(matches(&regex, yes), "{pattern} on {yes}");
            assert!(!matches(&regex, no), "{pattern} on {no}");
        }
    }

    #[test]
    fn replacements_expand_as_in_python() {
        let regex = compile(r"(?P<key>\w+)=(\w+)", Lines::One).unwrap();
        let groups = regex.captures("a=b").unwrap().unwrap();
        assert_eq!(expand(r"\2=\g<key>\n\g<1>\\1", &groups), "b=a\na\\1");
    }
}
