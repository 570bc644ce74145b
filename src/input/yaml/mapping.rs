//! Entries to a mapping: merge keys, duplicate keys, keys that cannot be keys.
//!
//! As `PyYAML` does it: what `<<` brings comes first, in the order of the source; the mapping's own
//! keys win over it, and an earlier mapping of a merge list wins over a later one.

use std::collections::HashMap;

use super::super::{Kind, Node, Span, Style};
use super::SyntaxError;
use super::build::Built;

/// The mapping of these entries; what is wrong with them goes to `built`.
pub(super) fn assemble(entries: Vec<(Node, Node)>, span: &Span, built: &mut Built) -> Kind {
    let mut merged: Vec<(Node, Node)> = Vec::new();
    let mut own: Vec<(Node, Node)> = Vec::with_capacity(entries.len());
    let whole = is_template(&entries, span);
    for (key, value) in entries {
        if is_merge(&key) {
            bring(value, &mut merged, built);
        } else if matches!(key.kind, Kind::Seq(_) | Kind::Map(_)) {
            built.errors.push(bad_key(&key, whole.as_ref()));
        } else {
            own.push((key, value));
        }
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut result: Vec<(Node, Node)> = Vec::with_capacity(merged.len() + own.len());
    for (key, value) in merged {
        // Earlier sources win among the merged ones.
        places.entry(identity(&key)).or_insert_with(|| {
            result.push((key, value));
            result.len() - 1
        });
    }
    let mut seen: HashMap<String, Span> = HashMap::new();
    for (key, value) in own {
        let name = identity(&key);
        if let Some(first) = seen.get(&name) {
            built.warnings.push(duplicate(&key, first));
        } else {
            seen.insert(name.clone(), key.span.clone());
        }
        if let Some(at) = places.get(&name) {
            result[*at] = (key, value);
        } else {
            places.insert(name, result.len());
            result.push((key, value));
        }
    }
    Kind::Map(result)
}

fn is_merge(key: &Node) -> bool {
    key.style == Style::Plain && key.tag.is_none() && key.as_str() == Some("<<")
}

/// Two keys are the same when type and text are: `1` and `"1"` are different keys.
fn identity(key: &Node) -> String {
    format!("{}:{}", key.type_name(), key.key_text())
}

fn bring(value: Node, merged: &mut Vec<(Node, Node)>, built: &mut Built) {
    match value.kind {
        Kind::Map(entries) => merged.extend(entries),
        Kind::Seq(items) if items.iter().all(|item| item.as_map().is_some()) => {
            for item in items {
                if let Kind::Map(entries) = item.kind {
                    merged.extend(entries);
                }
            }
        }
        _ => built.errors.push(
            SyntaxError::new(
                "input/merge",
                &value.span,
                format!(
                    "`<<` merges a mapping or a list of mappings, this is {}",
                    value.type_name()
                ),
            )
            .help("give it an alias of a mapping: `<<: *defaults`"),
        ),
    }
}

fn duplicate(key: &Node, first: &Span) -> SyntaxError {
    SyntaxError::new(
        "input/duplicate-key",
        &key.span,
        format!("the key `{}` stands twice in this mapping", key.key_text()),
    )
    .related(first, "first written here")
    .why("only the last one would count")
    .help("remove one of the two")
}

/// The place of `{{ x }}` if that is what was meant: unquoted, it is a mapping in a mapping.
fn is_template(entries: &[(Node, Node)], span: &Span) -> Option<Span> {
    let text = span.source.text.get(span.start..span.end)?;
    let [(key, value)] = entries else { return None };
    let braces = text.starts_with("{{") && text.ends_with("}}");
    (braces && value.is_null() && key.as_map().is_some()).then(|| span.clone())
}

fn bad_key(key: &Node, template: Option<&Span>) -> SyntaxError {
    if let Some(span) = template {
        let text = whole_value(span);
        let quote = if text.contains('"') { '\'' } else { '"' };
        return SyntaxError::new(
            "input/unquoted-template",
            span,
            "a template must be in quotes",
        )
        .why("without quotes `{{` begins a YAML mapping")
        .help(format!("write {quote}{text}{quote}"));
    }
    SyntaxError::new(
        "input/bad-key",
        &key.span,
        format!("{} cannot be the key of a mapping", key.type_name()),
    )
    .help("use a string as the key; put text with brackets in quotes")
}

/// The template and what follows it on its line, up to a comment or the end of a flow item.
fn whole_value(span: &Span) -> &str {
    let rest = span.source.text.get(span.start..).unwrap_or("");
    let line = rest.lines().next().unwrap_or("");
    let (template, after) = line
        .split_at_checked(span.end - span.start)
        .unwrap_or((line, ""));
    if after.trim_start().starts_with([',', ']', '}']) {
        return template;
    }
    let comment = line.find(" #").unwrap_or(line.len());
    line.get(..comment.max(template.len()))
        .unwrap_or(template)
        .trim_end()
}
