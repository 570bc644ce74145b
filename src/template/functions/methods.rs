//! Python's methods of text, lists and mappings that the engine's own set lacks.

use minijinja::value::{Kwargs, ValueKind, from_args};
use minijinja::{Error, ErrorKind, State, Value};

use crate::template::convert;

/// A method of ours; `None` if the engine has to know it.
pub(super) fn call(
    state: &mut State<'_, '_>,
    value: &Value,
    name: &str,
    args: &[Value],
) -> Option<Result<Value, Error>> {
    match value.kind() {
        ValueKind::String => text(value.as_str()?, name, args),
        ValueKind::Seq | ValueKind::Iterable => list(value, name, args),
        ValueKind::Map => mapping(state, value, name, args),
        _ => None,
    }
}

fn wrong(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, what.into())
}

fn list_value<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Value {
    Value::from(items.into_iter().map(Into::into).collect::<Vec<Value>>())
}

fn text(text: &str, name: &str, args: &[Value]) -> Option<Result<Value, Error>> {
    let first = args.first().and_then(Value::as_str).unwrap_or_default();
    let number = |index: usize| args.get(index).and_then(Value::as_i64);
    let every = |test: fn(char) -> bool| Value::from(!text.is_empty() && text.chars().all(test));
    Some(Ok(match name {
        "removeprefix" => Value::from(text.strip_prefix(first).unwrap_or(text)),
        "removesuffix" => Value::from(text.strip_suffix(first).unwrap_or(text)),
        "split" | "rsplit" => return Some(split(text, args, name == "rsplit")),
        "partition" => match text.split_once(first) {
            Some((head, tail)) if !first.is_empty() => list_value([head, first, tail]),
            _ => list_value([text, "", ""]),
        },
        "rpartition" => match text.rsplit_once(first) {
            Some((head, tail)) if !first.is_empty() => list_value([head, first, tail]),
            _ => list_value(["", "", text]),
        },
        "zfill" => {
            let width = usize::try_from(number(0).unwrap_or(0))
                .unwrap_or(0)
                .min(10_000);
            let (sign, digits) = match text.strip_prefix(['-', '+']) {
                Some(rest) => (&text[..1], rest),
                None => ("", text),
            };
            let missing = width.saturating_sub(text.chars().count());
            Value::from(format!("{sign}{}{digits}", "0".repeat(missing)))
        }
        "ljust" | "rjust" | "center" => justify(text, name, args),
        "index" => match text.find(first) {
            Some(at) => Value::from(text[..at].chars().count()),
            None => return Some(Err(wrong("substring not found"))),
        },
        "rfind" => Value::from(text.rfind(first).map_or(-1, |at| {
            i64::try_from(text[..at].chars().count()).unwrap_or(-1)
        })),
        "swapcase" => Value::from(text.chars().map(swap).collect::<String>()),
        "casefold" => Value::from(text.to_lowercase()),
        "expandtabs" => Value::from(text.replace('\t', "        ")),
        "isdigit" | "isdecimal" | "isnumeric" => every(char::is_numeric),
        "isalpha" => every(char::is_alphabetic),
        "isalnum" => every(char::is_alphanumeric),
        "isspace" => every(char::is_whitespace),
        "encode" | "decode" => Value::from(text),
        _ => return None,
    }))
}

fn swap(c: char) -> char {
    let swapped = if c.is_uppercase() {
        c.to_lowercase().next()
    } else {
        c.to_uppercase().next()
    };
    swapped.unwrap_or(c)
}

fn justify(text: &str, name: &str, args: &[Value]) -> Value {
    let width = args
        .first()
        .and_then(Value::as_usize)
        .unwrap_or(0)
        .min(10_000);
    let fill = args.get(1).and_then(Value::as_str).unwrap_or(" ");
    let missing = width.saturating_sub(text.chars().count());
    let left = match name {
        "ljust" => 0,
        "rjust" => missing,
        _ => missing / 2 + (missing & width & 1),
    };
    Value::from(format!(
        "{}{text}{}",
        fill.repeat(left),
        fill.repeat(missing - left)
    ))
}

fn split(text: &str, args: &[Value], right: bool) -> Result<Value, Error> {
    let (args, kwargs): (&[Value], Kwargs) = from_args(args)?;
    let named = |name: &str| kwargs.get::<Option<Value>>(name).ok().flatten();
    let sep = args
        .first()
        .cloned()
        .or_else(|| named("sep"))
        .filter(|sep| !sep.is_none());
    let most = args.get(1).cloned().or_else(|| named("maxsplit"));
    let most = most
        .and_then(|most| most.as_i64())
        .filter(|most| *most >= 0);
    let limit = most.map_or(usize::MAX, |most| {
        usize::try_from(most).unwrap_or(0).saturating_add(1)
    });
    let parts: Vec<&str> = match &sep {
        Some(sep) => {
            let sep = sep.as_str().filter(|sep| !sep.is_empty());
            let sep = sep.ok_or_else(|| wrong("split needs a text that is not empty"))?;
            if right {
                let mut parts: Vec<&str> = text.rsplitn(limit, sep).collect();
                parts.reverse();
                parts
            } else {
                text.splitn(limit, sep).collect()
            }
        }
        None => words(text, limit, right),
    };
    Ok(list_value(parts))
}

/// Splits at runs of whitespace, at most `limit` parts.
fn words(text: &str, limit: usize, right: bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let cut = if right {
            rest.rfind(char::is_whitespace)
        } else {
            rest.find(char::is_whitespace)
        };
        match cut {
            Some(at) if parts.len() + 1 < limit => {
                let (head, tail) = rest.split_at(at);
                if right {
                    parts.push(tail.trim());
                    rest = head.trim_end();
                } else {
                    parts.push(head);
                    rest = tail.trim_start();
                }
            }
            _ => {
                parts.push(rest);
                break;
            }
        }
    }
    if right {
        parts.reverse();
    }
    parts
}

fn list(value: &Value, name: &str, args: &[Value]) -> Option<Result<Value, Error>> {
    match name {
        "index" => {
            let wanted = args.first()?;
            Some(convert::items(value).and_then(|items| {
                items
                    .iter()
                    .position(|item| item == wanted)
                    .map(Value::from)
                    .ok_or_else(|| wrong(format!("`{wanted}` is not in the list")))
            }))
        }
        "copy" => Some(Ok(value.clone())),
        "append" | "extend" | "insert" | "remove" | "pop" | "sort" | "reverse" | "clear" => {
            Some(Err(unchangeable(name)))
        }
        _ => None,
    }
}

fn mapping(
    state: &mut State<'_, '_>,
    value: &Value,
    name: &str,
    args: &[Value],
) -> Option<Result<Value, Error>> {
    let _ = state;
    match name {
        "copy" => Some(Ok(value.clone())),
        "items" if args.is_empty() => Some(convert::entries(value).map(|entries| {
            list_value(
                entries
                    .into_iter()
                    .map(|(key, entry)| Value::from(vec![key, entry])),
            )
        })),
        "get" => {
            let found = super::item(value, args.first()?);
            Some(found.and_then(|found| {
                if found.is_undefined() {
                    Ok(args.get(1).cloned().unwrap_or_else(|| Value::from(())))
                } else {
                    convert::valid(found)
                }
            }))
        }
        "update" | "pop" | "setdefault" | "clear" | "popitem" | "__setitem__" => {
            Some(Err(unchangeable(name)))
        }
        _ => None,
    }
}

fn unchangeable(name: &str) -> Error {
    wrong(format!(
        "`.{name}()` would change a value in place, which is not supported: \
         make a new one (`list + [item]`, `mapping | combine({{…}})`)"
    ))
}
