//! What is different between two objects, field by field.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Fields, element};
use crate::rehearsal::kubernetes::types::{Type, Types, View};

/// Fields that one object has and the other has not, or has otherwise.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Only the old one has them.
    pub removed: Fields,
    /// Both have them, otherwise.
    pub modified: Fields,
    /// Only the new one has them.
    pub added: Fields,
}

/// Compares an old and a new value of a type; items without keys count as one another's.
pub fn compare(types: &Types, kind: &Type, values: (Option<&Value>, Option<&Value>)) -> Comparison {
    let mut found = Comparison::default();
    let (old, new) = values;
    if old == new {
        return found;
    }
    let is_object = old.or(new).is_some_and(Value::is_object);
    let view = types.view(kind, is_object);
    if matches!(view, View::Leaf) || !alike(old, new) {
        match (old, new) {
            (None, _) => found.added.own = true,
            (_, None) => found.removed.own = true,
            _ => found.modified.own = true,
        }
        return found;
    }
    for (key, (kind, old, new)) in children(&view, old, new) {
        let below = compare(types, kind, (old, new));
        found.removed.put(&key, below.removed);
        found.modified.put(&key, below.modified);
        found.added.put(&key, below.added);
    }
    found.added.own |= old.is_none();
    found.removed.own |= new.is_none();
    found
}

fn alike(old: Option<&Value>, new: Option<&Value>) -> bool {
    let form = |value: &Value| (value.is_object(), value.is_array());
    let container = |value: Option<&Value>| value.is_none_or(|v| v.is_object() || v.is_array());
    container(old)
        && container(new)
        && match (old, new) {
            (Some(old), Some(new)) => form(old) == form(new),
            _ => true,
        }
}

type Pair<'a> = (&'a Type, Option<&'a Value>, Option<&'a Value>);

fn children<'a>(
    view: &View<'a>,
    old: Option<&'a Value>,
    new: Option<&'a Value>,
) -> BTreeMap<String, Pair<'a>> {
    let mut found = BTreeMap::new();
    match view {
        View::Struct(_) | View::Map(_) => {
            let names =
                |value: Option<&'a Value>| value.and_then(Value::as_object).into_iter().flatten();
            let keys: BTreeSet<&String> = names(old).chain(names(new)).map(|(k, _)| k).collect();
            for key in keys {
                let kind = match view {
                    View::Struct(fields) => fields.field(key).0,
                    View::Map(kind) => kind,
                    _ => continue,
                };
                let at = |value: Option<&'a Value>| value.and_then(|v| v.get(key));
                found.insert(format!("f:{key}"), (kind, at(old), at(new)));
            }
        }
        View::List(kind, by) => {
            let mut put = |value: Option<&'a Value>, is_new: bool| {
                for item in value.and_then(Value::as_array).into_iter().flatten() {
                    let Ok(key) = element(item, by) else { continue };
                    let pair: &mut Pair<'a> = found.entry(key).or_insert((*kind, None, None));
                    *(if is_new { &mut pair.2 } else { &mut pair.1 }) = Some(item);
                }
            };
            put(old, false);
            put(new, true);
        }
        View::Leaf => {}
    }
    found
}
