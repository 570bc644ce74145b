//! Python's regular expressions: `regex_replace`, `regex_search`, `regex_findall`, `regex_escape`.

use fancy_regex::{Captures, Regex};
use minijinja::{Error, Value};

use super::Table;
use crate::template::call::Call;
use crate::template::convert;

pub(super) const TABLE: Table = &[
    ("regex_replace", replace),
    ("regex_search", search),
    ("regex_findall", findall),
    ("regex_escape", escape),
];

/// How a pattern matches.
#[derive(Clone, Copy, Default)]
pub(in crate::template) struct Flags {
    pub ignorecase: bool,
    pub multiline: bool,
}

/// Compiles Python's syntax, which differs in `\Z` and in what `$` allows.
pub(in crate::template) fn compile(
    call: &Call<'_, '_, '_>,
    pattern: &str,
    flags: Flags,
) -> Result<Regex, Error> {
    let mut text = String::new();
    if flags.ignorecase {
        text.push_str("(?i)");
    }
    if flags.multiline {
        text.push_str("(?m)");
    }
    text.push_str(&python(pattern, flags.multiline));
    Regex::new(&text)
        .map_err(|error| call.fail(&format!("has a pattern that is not valid: {error}")))
}

/// Python's pattern in the crate's words: `\Z` is `\z`; `$` also matches before a last newline.
fn python(pattern: &str, multiline: bool) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    let mut class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('Z') => out.push_str(r"\z"),
                Some(next) => {
                    out.push('\\');
                    out.push(next);
                }
                None => out.push('\\'),
            },
            '[' if !class => {
                class = true;
                out.push(c);
                // A `]` or `^]` at the start belongs to the class.
                let rest = chars.as_str();
                let skip = usize::from(rest.starts_with('^'));
                if rest[skip..].starts_with(']') {
                    if skip == 1 {
                        out.push('^');
                        chars.next();
                    }
                    out.push_str(r"\]");
                    chars.next();
                }
            }
            '[' => out.push_str(r"\["),
            ']' if class => {
                class = false;
                out.push(c);
            }
            '$' if !class && !multiline => out.push_str(r"(?=\n?\z)"),
            '&' | '~' if class => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

fn flags(call: &Call<'_, '_, '_>) -> Flags {
    Flags {
        ignorecase: call.flag(99, "ignorecase"),
        multiline: call.flag(99, "multiline"),
    }
}

fn broken(call: &Call<'_, '_, '_>, error: &fancy_regex::Error) -> Error {
    call.fail(&format!("gave up matching: {error}"))
}

/// `regex_replace(pattern, replacement, ignorecase, multiline, count, mandatory_count)`.
fn replace(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(
        6,
        &[
            "pattern",
            "replacement",
            "ignorecase",
            "multiline",
            "count",
            "mandatory_count",
        ],
    )?;
    let text = call.text()?;
    let pattern = call.text_or(1, "pattern", "")?;
    let replacement = call.text_or(2, "replacement", "")?;
    let flags = Flags {
        ignorecase: call.flag(3, "ignorecase"),
        multiline: call.flag(4, "multiline"),
    };
    let regex = compile(call, &pattern, flags)?;
    let count = call.int(5, "count")?.unwrap_or(0);
    let mandatory = call.int(6, "mandatory_count")?.unwrap_or(0);
    let mut out = String::new();
    let mut last = 0;
    let mut done = 0;
    for found in regex.captures_iter(&text) {
        let found = found.map_err(|error| broken(call, &error))?;
        if count > 0 && done >= count {
            break;
        }
        let Some(whole) = found.get(0) else { break };
        out.push_str(&text[last..whole.start()]);
        out.push_str(&expand(call, &replacement, &found)?);
        last = whole.end();
        done += 1;
    }
    if mandatory > 0 && done != mandatory {
        return Err(call.fail(&format!(
            "had to replace {mandatory} times, but replaced {done}"
        )));
    }
    out.push_str(&text[last..]);
    Ok(Value::from(out))
}

/// Python's replacement: `\1`, `\g<1>`, `\g<name>`, `\n`, `\\`; a dollar is a dollar.
fn expand(
    call: &Call<'_, '_, '_>,
    replacement: &str,
    found: &Captures<'_>,
) -> Result<String, Error> {
    let mut out = String::new();
    let mut chars = replacement.chars().peekable();
    let unknown = |name: &str| call.fail(&format!("has no group `{name}` in its pattern"));
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('g') if chars.peek() == Some(&'<') => {
                chars.next();
                let name: String = chars.by_ref().take_while(|c| *c != '>').collect();
                out.push_str(group(found, &name).ok_or_else(|| unknown(&name))?);
            }
            Some(digit) if digit.is_ascii_digit() => {
                let mut number = digit.to_string();
                if let Some(second) = chars.next_if(char::is_ascii_digit) {
                    number.push(second);
                }
                out.push_str(group(found, &number).ok_or_else(|| unknown(&number))?);
            }
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\\') => out.push('\\'),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
            None => out.push('\\'),
        }
    }
    Ok(out)
}

/// A group by number or name; a group that took no part is empty.
fn group<'t>(found: &Captures<'t>, name: &str) -> Option<&'t str> {
    match name.parse::<usize>() {
        Ok(number) if number < found.len() => {
            Some(found.get(number).map_or("", |group| group.as_str()))
        }
        Ok(_) => None,
        Err(_) => found.name(name).map(|group| group.as_str()),
    }
}

/// `regex_search(pattern, groups…, ignorecase, multiline)`: the match, or a list of groups.
fn search(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let pattern = call.need_text(1, "regex")?;
    let regex = compile(call, &pattern, flags(call))?;
    let found = regex
        .captures(&text)
        .map_err(|error| broken(call, &error))?;
    let Some(found) = found else {
        return Ok(Value::from(()));
    };
    let mut groups = Vec::new();
    for arg in call.args.iter().skip(2) {
        let arg = convert::text(arg)?;
        let name = arg
            .strip_prefix("\\g<")
            .and_then(|rest| rest.strip_suffix('>'))
            .or_else(|| {
                arg.strip_prefix('\\')
                    .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            })
            .ok_or_else(|| call.fail("takes groups as `\\1` or `\\g<name>`"))?;
        let value = group(&found, name)
            .ok_or_else(|| call.fail(&format!("has no group `{name}` in its pattern")))?;
        groups.push(Value::from(value));
    }
    if groups.is_empty() {
        Ok(Value::from(found.get(0).map_or("", |m| m.as_str())))
    } else {
        Ok(Value::from(groups))
    }
}

/// `regex_findall(pattern, multiline, ignorecase)`: whole matches, the group, or lists of groups.
fn findall(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(3, &["regex", "multiline", "ignorecase"])?;
    let text = call.text()?;
    let pattern = call.need_text(1, "regex")?;
    let flags = Flags {
        ignorecase: call.flag(3, "ignorecase"),
        multiline: call.flag(2, "multiline"),
    };
    let regex = compile(call, &pattern, flags)?;
    let mut all = Vec::new();
    for found in regex.captures_iter(&text) {
        let found = found.map_err(|error| broken(call, &error))?;
        let part = |index: usize| Value::from(found.get(index).map_or("", |m| m.as_str()));
        all.push(match found.len() {
            0 | 1 => part(0),
            2 => part(1),
            count => Value::from((1..count).map(part).collect::<Vec<_>>()),
        });
    }
    Ok(Value::from(all))
}

/// `regex_escape(re_type='python')`: Python's, or POSIX basic.
fn escape(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1, &["re_type"])?;
    let text = call.text()?;
    let kind = call.text_or(1, "re_type", "python")?;
    let special = match kind.as_str() {
        "python" => "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}",
        "posix_basic" => "[].^$*\\",
        _ => return Err(call.fail("knows the types `python` and `posix_basic`")),
    };
    let mut out = String::new();
    for c in text.chars() {
        if special.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    Ok(Value::from(out))
}
