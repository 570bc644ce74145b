//! Filters on paths and URLs.

use std::path::PathBuf;

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::Table;
use crate::template::call::Call;
use crate::template::convert;

pub(super) const TABLE: Table = &[
    ("basename", basename),
    ("dirname", dirname),
    ("splitext", splitext),
    ("path_join", path_join),
    ("realpath", realpath),
    ("relpath", relpath),
    ("normpath", normpath),
    ("expanduser", expanduser),
    ("expandvars", expandvars),
    ("commonpath", commonpath),
    ("win_basename", win_basename),
    ("win_dirname", win_dirname),
    ("urlsplit", urlsplit),
    ("urlencode", urlencode),
    ("urldecode", urldecode),
    ("urn", urldecode),
];

fn basename(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    Ok(Value::from(text.rsplit('/').next().unwrap_or_default()))
}

fn dirname(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    Ok(Value::from(parent(&text)))
}

fn parent(path: &str) -> String {
    let Some(at) = path.rfind('/') else {
        return String::new();
    };
    let head = &path[..=at];
    let trimmed = head.trim_end_matches('/');
    if trimmed.is_empty() {
        head.to_owned()
    } else {
        trimmed.to_owned()
    }
}

fn splitext(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let name = text.rfind('/').map_or(0, |at| at + 1);
    let lead = text[name..].len() - text[name..].trim_start_matches('.').len();
    let at = text[name + lead..]
        .rfind('.')
        .map_or(text.len(), |at| name + lead + at);
    let (head, tail) = text.split_at(at);
    Ok(Value::from(vec![Value::from(head), Value::from(tail)]))
}

/// Joins as Python: an absolute part starts anew.
pub(in crate::template) fn joined(parts: &[String]) -> String {
    let mut out = String::new();
    for part in parts {
        if part.starts_with('/') || out.is_empty() {
            out.clone_from(part);
        } else {
            if !out.ends_with('/') {
                out.push('/');
            }
            out.push_str(part);
        }
    }
    out
}

fn path_join(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let value = call.value();
    if value.kind() == ValueKind::String {
        return Ok(value);
    }
    let parts = call
        .list()?
        .iter()
        .map(convert::text)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Value::from(joined(&parts)))
}

/// `a/./b//../c` without its detours.
fn normal(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let body = parts.join("/");
    match (absolute, body.is_empty()) {
        (true, _) => format!("/{body}"),
        (false, true) => ".".to_owned(),
        (false, false) => body,
    }
}

fn normpath(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(normal(&call.text()?)))
}

/// Links of the machine this program runs on are followed, as far as the path exists.
fn realpath(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let run = call.run()?;
    let real = run.inner.world.files.real_path(&PathBuf::from(&text));
    Ok(Value::from(match real {
        Ok(path) => path.display().to_string(),
        Err(_) => normal(&text),
    }))
}

fn relpath(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1, &["start"])?;
    let path = normal(&call.text()?);
    let start = normal(&call.text_or(1, "start", ".")?);
    let split = |path: &str| -> Vec<String> {
        path.split('/')
            .filter(|p| !p.is_empty() && *p != ".")
            .map(str::to_owned)
            .collect()
    };
    let (path, start) = (split(&path), split(&start));
    let common = path.iter().zip(&start).take_while(|(a, b)| a == b).count();
    let mut parts = vec!["..".to_owned(); start.len() - common];
    parts.extend(path[common..].iter().cloned());
    Ok(Value::from(if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    }))
}

fn expanduser(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let run = call.run()?;
    let home = run.inner.world.processes.environment("HOME");
    Ok(Value::from(match (text.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            format!("{}{rest}", home.trim_end_matches('/'))
        }
        _ => text,
    }))
}

fn expandvars(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let run = call.run()?;
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let (name, after) = match tail.strip_prefix('{').and_then(|t| t.split_once('}')) {
            Some(found) => found,
            None => tail.split_at(
                tail.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .unwrap_or(tail.len()),
            ),
        };
        match run.inner.world.processes.environment(name) {
            Some(value) if !name.is_empty() => out.push_str(&value),
            _ => out.push_str(&rest[at..rest.len() - after.len()]),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(Value::from(out))
}

fn commonpath(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let paths = call
        .list()?
        .iter()
        .map(convert::text)
        .collect::<Result<Vec<_>, _>>()?;
    let split: Vec<Vec<&str>> = paths
        .iter()
        .map(|p| p.trim_end_matches('/').split('/').collect())
        .collect();
    let Some(first) = split.first() else {
        return Err(call.fail("needs at least one path"));
    };
    let count = (0..first.len())
        .take_while(|index| {
            split
                .iter()
                .all(|path| path.get(*index) == first.get(*index))
        })
        .count();
    let common = first[..count].join("/");
    Ok(Value::from(if common.is_empty() && count > 0 {
        "/".to_owned()
    } else {
        common
    }))
}

fn win_basename(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    Ok(Value::from(
        text.rsplit(['\\', '/']).next().unwrap_or_default(),
    ))
}

fn win_dirname(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    Ok(Value::from(match text.rfind(['\\', '/']) {
        Some(at) => text[..at].trim_end_matches(['\\', '/']).to_owned(),
        None => String::new(),
    }))
}

/// The parts of a URL, as Python's `urlsplit`.
#[expect(clippy::too_many_lines, reason = "one case of a table per line")]
fn urlsplit(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1, &["query"])?;
    let text = call.text()?;
    let (rest, fragment) = text.split_once('#').unwrap_or((&text, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, tail))
            if scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
        {
            (scheme.to_lowercase(), tail)
        }
        _ => (String::new(), rest),
    };
    let (netloc, path) = match rest.strip_prefix("//") {
        Some(tail) => tail.split_at(tail.find('/').unwrap_or(tail.len())),
        None => ("", rest),
    };
    let (user, host) = netloc
        .rsplit_once('@')
        .map_or((None, netloc), |(u, h)| (Some(u), h));
    let (username, password) = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
        Some((name, pass)) => (
            Value::from(name),
            if user.is_some_and(|u| u.contains(':')) {
                Value::from(pass)
            } else {
                Value::from(())
            },
        ),
        None => (Value::from(()), Value::from(())),
    };
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, tail)) => (name, tail.strip_prefix(':')),
        None => host
            .split_once(':')
            .map_or((host, None), |(n, p)| (n, Some(p))),
    };
    let port = port
        .filter(|port| !port.is_empty())
        .map(str::parse::<u16>)
        .transpose()
        .map_err(|_| call.fail("found a port that is not a number"))?;
    let hostname = if name.is_empty() {
        Value::from(())
    } else {
        Value::from(name.to_lowercase())
    };
    let parts = [
        ("fragment", Value::from(fragment)),
        ("hostname", hostname),
        ("netloc", Value::from(netloc)),
        ("password", password),
        ("path", Value::from(path)),
        ("port", port.map_or(Value::from(()), Value::from)),
        ("query", Value::from(query)),
        ("scheme", Value::from(scheme)),
        ("username", username),
    ];
    match call.arg(1, "query").filter(|q| q.as_str() != Some("")) {
        None => Ok(Value::from_pairs(parts)),
        Some(wanted) => {
            let wanted = convert::text(&wanted)?;
            parts
                .into_iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value)
                .ok_or_else(|| call.fail(&format!("has no part called `{wanted}`")))
        }
    }
}

fn percent_encode(text: &str, safe: &str, plus: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "_.-~".contains(c) || safe.contains(c) {
            out.push(c);
        } else if plus && c == ' ' {
            out.push('+');
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn urlencode(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let value = call.value();
    let pairs = match value.kind() {
        ValueKind::Map => convert::entries(&value)?,
        ValueKind::Seq | ValueKind::Iterable => {
            let mut pairs = Vec::new();
            for pair in convert::items(&value)? {
                if let [key, value] = convert::items(&pair)?.as_slice() {
                    pairs.push((key.clone(), value.clone()));
                }
            }
            pairs
        }
        _ => return Ok(Value::from(percent_encode(&call.text()?, "/", false))),
    };
    let mut out = Vec::new();
    for (key, value) in pairs {
        out.push(format!(
            "{}={}",
            percent_encode(&convert::text(&key)?, "", true),
            percent_encode(&convert::text(&value)?, "", true)
        ));
    }
    Ok(Value::from(out.join("&")))
}

fn urldecode(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?.replace('+', " ");
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = (*byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(decoded) = hex {
            out.push(decoded);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    Ok(Value::from(String::from_utf8_lossy(&out).into_owned()))
}
