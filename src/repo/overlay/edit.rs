//! One change of a YAML text by path, made in its text: every other byte stays as it is. After each
//! change the text is read again and must say exactly what was wanted (`proof`).

use super::mask::masked;
use super::proof;
use super::region::{Region, item_of, last_line};
use crate::input::{FieldPath, Json, Node, Rules, Source, Step, emit, parse_tolerant};

/// What to do at a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// Another value for a field that is there.
    Set(Json),
    /// A new field, or items and fields at the end of what is there.
    Add(Json),
    /// A field or item goes.
    Remove,
    /// Another text for each text below the path, as pairs of what is there and what it becomes.
    Replace(Vec<(String, String)>),
    /// Lines of a text that start so go; each start must be there.
    RemoveLines(Vec<String>),
}

/// The documents of a text, Go templates masked.
pub fn documents(text: &str) -> Result<Vec<Node>, String> {
    let source = Source::new("file", masked(text));
    // The template has a file with a key twice; what is not changed is nobody's business here.
    let found = parse_tolerant(&source, Rules::Kubernetes);
    found.map(|parsed| parsed.documents).map_err(|errors| {
        let first = errors.into_iter().next();
        first.map_or_else(String::new, |error| {
            format!("line {}: {}", error.span.line_column().0, error.what)
        })
    })
}

/// The text with the change made in its `nth` document.
///
/// # Errors
/// Why it cannot be made: the target is not there, or is there already.
pub fn edit(text: &str, nth: usize, path: &FieldPath, word: &Word) -> Result<String, String> {
    let before = documents(text)?;
    let root = before.get(nth).ok_or("there is no such document")?;
    let changed = match word {
        Word::Set(value) => set(text, root, (path, value))?,
        Word::Add(value) => add(text, root, (path, value))?,
        Word::Remove => remove(text, root, path)?,
        Word::Replace(pairs) => replace(text, find(root, path)?, pairs)?,
        Word::RemoveLines(starts) => remove_lines(text, find(root, path)?, starts)?,
    };
    proof::check((&before, nth), &documents(&changed)?, (path, word))?;
    Ok(changed)
}

/// What a path leads to.
pub fn find<'a>(root: &'a Node, path: &FieldPath) -> Result<&'a Node, String> {
    let mut at = root;
    for step in &path.steps {
        at = follow(at, step).ok_or_else(|| format!("it has no `{}`", path.text))?;
    }
    Ok(at)
}

fn follow<'a>(at: &'a Node, step: &Step) -> Option<&'a Node> {
    match step {
        Step::Field(name) => at.get(name),
        Step::Nth(nth) => at.as_seq()?.get(*nth),
        Step::Item(key, wanted) => at.as_seq()?.iter().find(|item| item_of(item, key, wanted)),
    }
}

/// What the path without its last step leads to, and the last step.
fn parent<'a, 'p>(root: &'a Node, path: &'p FieldPath) -> Result<(&'a Node, &'p Step), String> {
    let (last, way) = path.steps.split_last().ok_or("the path is empty")?;
    let mut at = root;
    for step in way {
        at = follow(at, step).ok_or_else(|| format!("it has no `{}`", path.text))?;
    }
    Ok((at, last))
}

fn set(text: &str, root: &Node, (path, value): (&FieldPath, &Json)) -> Result<String, String> {
    let node = find(root, path)?;
    let simple = |value: &Json| !matches!(value, Json::Array(_) | Json::Object(_));
    let one_line = !value.as_str().is_some_and(|text| text.contains('\n'));
    let written = &text[node.span.start..node.span.end];
    let is_scalar = node.as_seq().is_none() && node.as_map().is_none();
    if is_scalar && !written.is_empty() && !written.contains('\n') && simple(value) && one_line {
        let new = emit(value);
        return Ok(splice(
            text,
            (node.span.start, node.span.end),
            new.trim_end(),
        ));
    }
    let region = Region::entry(text, parent(root, path)?)?;
    let mut lines = region.written(value)?;
    region.cut_at_end(text, &mut lines);
    Ok(splice(text, region.range, &lines))
}

fn remove(text: &str, root: &Node, path: &FieldPath) -> Result<String, String> {
    find(root, path)?;
    let region = Region::entry(text, parent(root, path)?)?;
    region.may_go()?;
    Ok(splice(text, region.range, ""))
}

fn add(text: &str, root: &Node, (path, value): (&FieldPath, &Json)) -> Result<String, String> {
    let (holder, last) = parent(root, path)?;
    let there = follow(holder, last).filter(|node| !node.is_null());
    let (holder, fragment) = match (there, value) {
        (None, _) => {
            let Step::Field(name) = last else {
                return Err(format!("it has no `{}`", path.text));
            };
            if follow(holder, last).is_some() {
                // `resources:` with nothing behind it: the entry is written anew.
                let region = Region::entry(text, (holder, last))?;
                let mut lines = region.written(value)?;
                region.cut_at_end(text, &mut lines);
                return Ok(splice(text, region.range, &lines));
            }
            (holder, serde_json::json!({name.as_str(): value}))
        }
        (Some(node), Json::Array(_)) if node.as_seq().is_some() => (node, value.clone()),
        (Some(node), Json::Object(more)) if node.as_map().is_some() => {
            if let Some(known) = more.keys().find(|key| node.get(key).is_some()) {
                return Err(format!("it has `{}.{known}` already", path.text));
            }
            (node, value.clone())
        }
        _ => return Err(format!("it has `{}` already", path.text)),
    };
    let column = Region::column(text, holder)?;
    let at = last_line(text, holder);
    Ok(insert(
        text,
        at,
        &Region::indented(&emit(&fragment), column),
    ))
}

/// Adds lines at a place; a text whose last line has no end gets none.
pub fn insert(text: &str, at: usize, lines: &str) -> String {
    let before = &text[..at];
    if before.is_empty() || before.ends_with('\n') {
        return splice(text, (at, at), lines);
    }
    splice(
        text,
        (at, at),
        &format!("\n{}", lines.trim_end_matches('\n')),
    )
}

fn replace(text: &str, node: &Node, pairs: &[(String, String)]) -> Result<String, String> {
    let mut scalars = Vec::new();
    collect(node, &mut scalars);
    // From the end, so that places before stay.
    scalars.sort_by_key(|node| std::cmp::Reverse(node.span.start));
    let mut changed = text.to_owned();
    for (from, _) in pairs {
        if !scalars.iter().any(|node| node.as_str() == Some(from)) {
            return Err(format!("no text is `{from}`"));
        }
    }
    for node in scalars {
        let Some((from, to)) = pairs.iter().find(|(from, _)| node.as_str() == Some(from)) else {
            continue;
        };
        let written = &text[node.span.start..node.span.end];
        let new = written.replacen(from.as_str(), to, 1);
        changed = splice(&changed, (node.span.start, node.span.end), &new);
    }
    Ok(changed)
}

/// Every text of a node.
pub fn collect<'a>(node: &'a Node, found: &mut Vec<&'a Node>) {
    if node.as_str().is_some() {
        found.push(node);
    }
    for item in node.as_seq().into_iter().flatten() {
        collect(item, found);
    }
    for (_, value) in node.as_map().into_iter().flatten() {
        collect(value, found);
    }
}

fn remove_lines(text: &str, node: &Node, starts: &[String]) -> Result<String, String> {
    let written = &text[node.span.start..node.span.end];
    if node.as_str().is_none() || !written.starts_with('|') {
        return Err("it is no text of several lines (`|`)".to_owned());
    }
    let mut met = vec![false; starts.len()];
    let mut kept = String::with_capacity(written.len());
    for line in written.split_inclusive('\n') {
        let hit = starts
            .iter()
            .position(|start| line.trim_start().starts_with(start));
        match hit {
            Some(nth) => met[nth] = true,
            None => kept.push_str(line),
        }
    }
    if let Some(nth) = met.iter().position(|met| !met) {
        return Err(format!("it has no line that starts with `{}`", starts[nth]));
    }
    Ok(splice(text, (node.span.start, node.span.end), &kept))
}

/// The text with a part replaced.
pub fn splice(text: &str, (start, end): (usize, usize), with: &str) -> String {
    format!("{}{with}{}", &text[..start], &text[end..])
}

/// The lines of a block text without its indentation, changed, and indented again.
///
/// # Errors
/// The path leads to no block text, or the change fails.
pub fn inside(
    text: &str,
    nth: usize,
    path: &FieldPath,
    change: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<String, String> {
    let before = documents(text)?;
    let root = before.get(nth).ok_or("there is no such document")?;
    let node = find(root, path)?;
    let (start, end) = (node.span.start, block_end(text, node.span.end));
    let block = &text[start..end];
    let Some((head, body)) = block
        .split_once('\n')
        .filter(|(head, _)| head.starts_with('|'))
    else {
        return Err(format!("`{}` is no text of several lines (`|`)", path.text));
    };
    let lead = body.lines().find(|line| !line.trim().is_empty());
    let lead = lead.map_or(0, |line| line.len() - line.trim_start_matches(' ').len());
    let inner: String = body
        .split_inclusive('\n')
        .map(|line| {
            line.get(lead..)
                .filter(|_| !line.trim().is_empty())
                .unwrap_or(line.trim_start_matches(' '))
        })
        .collect();
    let new = change(&inner)?;
    // A line of blanks only lost them above: it is no content, but bytes that stay.
    let blanks: Vec<&str> = body
        .split_inclusive('\n')
        .filter(|line| line.trim().is_empty())
        .collect();
    let new = reindented(&new, lead, &blanks);
    Ok(splice(text, (start, end), &format!("{head}\n{new}")))
}

/// Behind blanks at the end of the last line, which a reader leaves out.
fn block_end(text: &str, end: usize) -> usize {
    let rest = text[end..].split('\n').next().unwrap_or_default();
    end + if rest.trim().is_empty() {
        rest.len()
    } else {
        0
    }
}

fn reindented(text: &str, lead: usize, blanks: &[&str]) -> String {
    let mut blanks = blanks.iter();
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            out.push_str(blanks.next().copied().unwrap_or(line));
        } else {
            out.push_str(&" ".repeat(lead));
            out.push_str(line);
        }
    }
    out
}
