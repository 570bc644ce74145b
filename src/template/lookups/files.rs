//! Lookups in files and the environment.

use std::path::{Path, PathBuf};

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::{Body, terms, words};
use crate::input::{FileKind, Source};
use crate::template::call::Call;
use crate::template::convert;
use crate::template::source::{self, candidates_for, find_for};
use crate::template::text_options::TextOptions;

pub(super) const TABLE: &[(&str, Body)] = &[
    ("env", env),
    ("file", file),
    ("template", template),
    ("fileglob", fileglob),
    ("first_found", first_found),
    ("ini", ini),
    ("csvfile", csvfile),
];

fn env(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let run = call.run()?;
    let default = call.named("default");
    Ok(words(call)?
        .iter()
        .map(|name| match run.inner.world.processes.environment(name) {
            Some(value) => Value::from(value),
            None => default.clone().unwrap_or_else(|| Value::from("")),
        })
        .collect())
}

/// A file's text.
fn read(call: &Call<'_, '_, '_>, folder: &str, path: &str) -> Result<(PathBuf, String), Error> {
    let run = call.run()?;
    let world = &run.inner.world;
    let Some(found) = find_for(&run, folder, path) else {
        let places: Vec<String> = candidates_for(&run, folder, path)
            .iter()
            .map(|path| format!("`{}`", path.display()))
            .collect();
        return Err(call.fail(&format!("did not find a file at {}", places.join(", "))));
    };
    let bytes = world
        .files
        .read(&found)
        .map_err(|error| call.fail(&format!("cannot read `{}`: {error}", found.display())))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        call.fail(&format!(
            "reads text, and `{}` is not UTF-8",
            found.display()
        ))
    })?;
    Ok((found, text))
}

fn file(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let right = call.named("rstrip").is_none_or(|strip| strip.is_true());
    let left = call.flag(999, "lstrip");
    let mut out = Vec::new();
    for path in words(call)? {
        let (_, text) = read(call, "files", &path)?;
        let text = if right { text.trim_end() } else { &text };
        out.push(Value::from(if left { text.trim_start() } else { text }));
    }
    Ok(out)
}

fn template(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let run = call.run()?;
    let mut options = TextOptions::default();
    if let Some(vars) = call.named("template_vars") {
        for (name, value) in convert::entries(&vars)? {
            let value = convert::to_json(&value)?.unwrap_or_default();
            options.variables.push((convert::text(&name)?, value));
        }
    }
    let mark = |name: &str, slot: &mut String| -> Result<(), Error> {
        if let Some(text) = call.named(name) {
            *slot = convert::text(&text)?;
        }
        Ok(())
    };
    mark("variable_start_string", &mut options.variable_marks.0)?;
    mark("variable_end_string", &mut options.variable_marks.1)?;
    mark("comment_start_string", &mut options.comment_marks.0)?;
    mark("comment_end_string", &mut options.comment_marks.1)?;
    if let Some(trim) = call.named("trim_blocks") {
        options.trim_blocks = trim.is_true();
    }
    if let Some(strip) = call.named("lstrip_blocks") {
        options.lstrip_blocks = strip.is_true();
    }
    let mut out = Vec::new();
    for path in words(call)? {
        let (found, text) = read(call, "templates", &path)?;
        let source = Source::new(found.display().to_string(), text);
        let text =
            source::render(&run, &source, options.clone()).map_err(|fault| run.error(fault))?;
        out.push(Value::from(text));
    }
    Ok(out)
}

/// Files of one directory by a pattern of their names.
fn fileglob(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let run = call.run()?;
    let files = &run.inner.world.files;
    let mut out = Vec::new();
    for pattern in words(call)? {
        for place in candidates_for(&run, "files", &pattern) {
            let (Some(parent), Some(name)) = (place.parent(), place.file_name()) else {
                continue;
            };
            let name = name.to_string_lossy();
            let mut found = Vec::new();
            for entry in files.list(parent).unwrap_or_default() {
                let path = parent.join(&entry);
                let is_file = matches!(
                    files.kind(&path),
                    Some(FileKind::File | FileKind::Executable)
                );
                if is_file && glob(&name, &entry) {
                    found.push(Value::from(path.display().to_string()));
                }
            }
            if !found.is_empty() {
                out.extend(found);
                break;
            }
        }
    }
    Ok(out)
}

/// Shell patterns of one name: `*`, `?`, `[abc]`; a leading dot must be written.
fn glob(pattern: &str, name: &str) -> bool {
    fn fits(pattern: &[char], name: &[char]) -> bool {
        match (pattern.first(), name.first()) {
            (None, None) => true,
            (Some('*'), _) => {
                fits(&pattern[1..], name) || (!name.is_empty() && fits(pattern, &name[1..]))
            }
            (Some('?'), Some(_)) => fits(&pattern[1..], &name[1..]),
            (Some('['), Some(c)) => match pattern.iter().position(|p| *p == ']') {
                Some(end) => {
                    let set = &pattern[1..end];
                    let (negated, set) = match set.first() {
                        Some('!' | '^') => (true, &set[1..]),
                        _ => (false, set),
                    };
                    let range = |w: &[char]| w[1] == '-' && w[0] <= *c && *c <= w[2];
                    let inside = set.contains(c) || set.windows(3).any(range);
                    inside != negated && fits(&pattern[end + 1..], &name[1..])
                }
                None => *c == '[' && fits(&pattern[1..], &name[1..]),
            },
            (Some(p), Some(c)) => p == c && fits(&pattern[1..], &name[1..]),
            _ => false,
        }
    }
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    (name.first() != Some(&'.') || pattern.first() == Some(&'.')) && fits(&pattern, &name)
}

/// A list of paths: a list, or a text with commas, colons or semicolons.
fn path_list(value: Option<&Value>, separators: &[char]) -> Result<Vec<String>, Error> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    match value.kind() {
        ValueKind::String => Ok(convert::text(value)?
            .split(separators)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()),
        ValueKind::None => Ok(Vec::new()),
        _ => convert::items(value)?.iter().map(convert::text).collect(),
    }
}

fn first_found(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let run = call.run()?;
    let mut skip = call.flag(999, "skip");
    let mut tried = Vec::new();
    let mut ask = |files: Vec<String>, paths: Vec<String>| {
        let joined: Vec<String> = if paths.is_empty() {
            files
        } else {
            let join =
                |path: &String, file: &String| Path::new(path).join(file).display().to_string();
            paths
                .iter()
                .flat_map(|path| files.iter().map(move |file| join(path, file)))
                .collect()
        };
        for path in joined {
            for folder in ["files", "templates", "vars"] {
                if let Some(found) = find_for(&run, folder, &path) {
                    return Some(found);
                }
            }
            tried.push(path);
        }
        None
    };
    let named = path_list(call.named("files").as_ref(), &[',', ';'])?;
    let paths = path_list(call.named("paths").as_ref(), &[',', ';', ':'])?;
    let mut found = ask(named, paths.clone());
    for term in terms(call)? {
        if found.is_some() {
            break;
        }
        found = if term.kind() == ValueKind::Map {
            let part = |name: &str| term.get_attr(name).ok().filter(|part| !part.is_undefined());
            skip |= part("skip").is_some_and(|skip| skip.is_true());
            let files = path_list(part("files").as_ref(), &[',', ';'])?;
            ask(files, path_list(part("paths").as_ref(), &[',', ';', ':'])?)
        } else {
            ask(vec![convert::text(&term)?], paths.clone())
        };
    }
    match found {
        Some(path) => Ok(vec![Value::from(path.display().to_string())]),
        None if skip => Ok(Vec::new()),
        None => Err(call.fail(&format!("found none of `{}`", tried.join("`, `")))),
    }
}

/// `lookup('ini', key, file=…, section=…, type='ini', re=false, default=…)`.
fn ini(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let path = call.text_or(999, "file", "ansible.ini")?;
    let properties = call.text_or(999, "type", "ini")? == "properties";
    let section = call.text_or(999, "section", "global")?;
    let (_, text) = read(call, "files", &path)?;
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut here = properties;
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            here = name == section;
        } else if here && let Some((key, value)) = line.split_once(['=', ':']) {
            entries.push((key.trim().to_lowercase(), value.trim().to_owned()));
        }
    }
    let default = call.named("default").unwrap_or_else(|| Value::from(""));
    Ok(words(call)?
        .iter()
        .map(|key| {
            let key = key.to_lowercase();
            let found = entries.iter().rev().find(|(known, _)| *known == key);
            found.map_or_else(|| default.clone(), |(_, value)| Value::from(value.as_str()))
        })
        .collect())
}

/// `lookup('csvfile', key, file=…, delimiter='TAB', col=1, default=…)`.
fn csvfile(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let path = call.text_or(999, "file", "ansible.csv")?;
    let delimiter = match call.text_or(999, "delimiter", "TAB")?.as_str() {
        "TAB" | "t" | "\\t" => "\t".to_owned(),
        other => other.to_owned(),
    };
    let column = usize::try_from(call.int(999, "col")?.unwrap_or(1)).unwrap_or(1);
    let (_, text) = read(call, "files", &path)?;
    let default = call.named("default");
    let mut out = Vec::new();
    for key in words(call)? {
        let row = text
            .lines()
            .map(|line| line.split(delimiter.as_str()).collect::<Vec<_>>())
            .find(|row| row.first() == Some(&key.as_str()));
        match (
            row.and_then(|row| row.get(column).copied().map(str::to_owned)),
            &default,
        ) {
            (Some(cell), _) => out.push(Value::from(cell)),
            (None, Some(default)) => out.push(default.clone()),
            (None, None) => {}
        }
    }
    Ok(out)
}
