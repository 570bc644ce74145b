//! The proof of a change: what the changed text says is what the old one said with exactly this
//! change, in every document.

use super::edit::Word;
use super::mask::masked;
use super::region::item_of;
use crate::input::{FieldPath, Json, Node, Step};

/// Compares the documents before and after a change.
///
/// # Errors
/// They say something else: the text is written in a way that this room cannot change.
pub fn check(
    (before, nth): (&[Node], usize),
    after: &[Node],
    (path, word): (&FieldPath, &Word),
) -> Result<(), String> {
    let mut expected: Vec<Json> = before.iter().map(Node::to_json).collect();
    apply((&mut expected[nth], &before[nth]), (&path.steps, word));
    let said: Vec<Json> = after.iter().map(Node::to_json).collect();
    if said == expected {
        return Ok(());
    }
    Err(format!(
        "`{}` is written in a way that cannot be changed in its text",
        path.text
    ))
}

/// Makes a change on data. The node beside it tells which item a step means.
fn apply((value, node): (&mut Json, &Node), (steps, word): (&[Step], &Word)) {
    let Some((step, rest)) = steps.split_first() else {
        return change(value, word);
    };
    let index = match step {
        Step::Nth(nth) => Some(*nth),
        Step::Item(key, wanted) => {
            let items = node.as_seq().unwrap_or_default();
            items.iter().position(|item| item_of(item, key, wanted))
        }
        Step::Field(_) => None,
    };
    let name = match step {
        Step::Field(name) => name.as_str(),
        _ => "",
    };
    if rest.is_empty() && *word == Word::Remove {
        match (value, index) {
            (Json::Object(entries), None) => {
                entries.shift_remove(name);
            }
            (Json::Array(items), Some(nth)) if nth < items.len() => {
                items.remove(nth);
            }
            _ => {}
        }
        return;
    }
    match (value, index) {
        (Json::Array(items), Some(nth)) => {
            let inner = node.as_seq().and_then(|items| items.get(nth));
            if let (Some(item), Some(inner)) = (items.get_mut(nth), inner) {
                apply((item, inner), (rest, word));
            }
        }
        (value, None) => {
            if value.is_null() {
                *value = Json::Object(serde_json::Map::new());
            }
            if let Json::Object(entries) = value {
                let entry = entries.entry(name).or_insert(Json::Null);
                let inner = node.get(name).unwrap_or(node);
                apply((entry, inner), (rest, word));
            }
        }
        _ => {}
    }
}

fn change(value: &mut Json, word: &Word) {
    match word {
        Word::Set(new) => *value = hidden(new),
        Word::Add(new) => match (value, hidden(new)) {
            (Json::Array(items), Json::Array(more)) => items.extend(more),
            (Json::Object(entries), Json::Object(more)) => entries.extend(more),
            (value, new) => *value = new,
        },
        Word::Remove => {}
        Word::Replace(pairs) => texts(value, &mut |text| {
            if let Some((_, to)) = pairs.iter().find(|(from, _)| from == text) {
                *text = masked(to);
            }
        }),
        Word::RemoveLines(starts) => {
            if let Json::String(text) = value {
                let gone = |line: &&str| {
                    starts
                        .iter()
                        .any(|start| line.trim_start().starts_with(start))
                };
                let ends = text.ends_with('\n');
                let kept: Vec<&str> = text.lines().filter(|line| !gone(line)).collect();
                *text = kept.join("\n") + if ends { "\n" } else { "" };
            }
        }
    }
}

/// A value as it is read: with Go templates masked.
fn hidden(value: &Json) -> Json {
    let mut value = value.clone();
    texts(&mut value, &mut |text| *text = masked(text));
    value
}

fn texts(value: &mut Json, each: &mut dyn FnMut(&mut String)) {
    match value {
        Json::String(text) => each(text),
        Json::Array(items) => items.iter_mut().for_each(|item| texts(item, each)),
        Json::Object(entries) => entries.values_mut().for_each(|item| texts(item, each)),
        _ => {}
    }
}
