//! Laying what somebody applies over what is there.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::element;
use crate::rehearsal::kubernetes::types::{ListKind, Struct, Type, Types, View};

/// The live value with the applied one over it. Null takes a field away.
///
/// # Errors
/// An item of a list without its key, in one line.
pub fn merge(types: &Types, kind: &Type, live: &Value, applied: &Value) -> Result<Value, String> {
    match (types.view(kind, applied.is_object()), live, applied) {
        (View::Struct(found), Value::Object(live), Value::Object(applied)) => {
            merge_maps(types, Inner::Struct(found), live, applied)
        }
        (View::Map(kind), Value::Object(live), Value::Object(applied)) => {
            merge_maps(types, Inner::All(kind), live, applied)
        }
        (View::List(kind, by), Value::Array(live), Value::Array(applied)) => {
            merge_lists(types, (kind, by), live, applied)
        }
        (View::Struct(_) | View::Map(_), _, Value::Object(_)) if !live.is_object() => {
            merge(types, kind, &Value::Object(Map::new()), applied)
        }
        _ => Ok(applied.clone()),
    }
}

#[derive(Clone, Copy)]
enum Inner<'a> {
    Struct(&'a Struct),
    All(&'a Type),
}

fn merge_maps(
    types: &Types,
    inner: Inner<'_>,
    live: &Map<String, Value>,
    applied: &Map<String, Value>,
) -> Result<Value, String> {
    let mut merged = live.clone();
    for (key, value) in applied {
        if value.is_null() {
            merged.shift_remove(key);
            continue;
        }
        let kind = match inner {
            Inner::Struct(found) => found.field(key).0,
            Inner::All(kind) => kind,
        };
        let over = live.get(key).unwrap_or(&Value::Null);
        merged.insert(key.clone(), merge(types, kind, over, value)?);
    }
    Ok(Value::Object(merged))
}

/// Items keep the applied list's order; what only the live list has keeps its place among them.
fn merge_lists(
    types: &Types,
    (kind, by): (&Type, &ListKind),
    live: &[Value],
    applied: &[Value],
) -> Result<Value, String> {
    let mut ours = BTreeMap::new();
    for item in applied {
        if ours.insert(element(item, by)?, item).is_some() {
            return Err("duplicate entries for key".to_owned());
        }
    }
    let mut theirs = BTreeMap::new();
    for item in live {
        theirs.insert(element(item, by)?, item);
    }
    let mut out = Vec::new();
    let (mut l, mut r) = (0, 0);
    while l < live.len() || r < applied.len() {
        if let Some(item) = live.get(l) {
            let key = element(item, by)?;
            let next = applied.get(r).map(|item| element(item, by)).transpose()?;
            if !ours.contains_key(&key) {
                out.push(item.clone());
                l += 1;
                continue;
            }
            if next.as_ref() != Some(&key) && !is_ahead(&key, &applied[r..], by)? {
                l += 1; // it was put already, with the applied list's order
                continue;
            }
        }
        if let Some(item) = applied.get(r) {
            let key = element(item, by)?;
            let over = theirs.get(&key).copied().unwrap_or(&Value::Null);
            out.push(merge(types, kind, over, item)?);
            r += 1;
            let same = live.get(l).map(|item| element(item, by)).transpose()?;
            if same == Some(key) {
                l += 1;
            }
        }
    }
    Ok(Value::Array(out))
}

fn is_ahead(key: &str, rest: &[Value], by: &ListKind) -> Result<bool, String> {
    for item in rest {
        if element(item, by)? == key {
            return Ok(true);
        }
    }
    Ok(false)
}
