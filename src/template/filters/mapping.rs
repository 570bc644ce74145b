//! Filters on mappings.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::Table;
use super::list::sort_by_key;
use crate::template::call::Call;
use crate::template::convert;
use crate::template::functions::item;

pub(super) const TABLE: Table = &[
    ("combine", combine),
    ("dict2items", dict2items),
    ("items2dict", items2dict),
    ("dictsort", dictsort),
    ("items", items),
    ("rekey_on_member", rekey_on_member),
    ("extract", extract),
    ("json_query", json_query),
    ("dict", dict),
    ("counter", counter),
    ("to_paths", to_paths),
    ("get_path", get_path),
    ("index_of", index_of),
];

type Entries = Vec<(Value, Value)>;

/// What happens to lists at the same key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Merge {
    Replace,
    Keep,
    Append,
    Prepend,
    AppendRp,
    PrependRp,
}

/// `combine(…, recursive=false, list_merge='replace')`.
fn combine(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1000, &["recursive", "list_merge"])?;
    let recursive = call.flag(9999, "recursive");
    let merge = match call.text_or(9999, "list_merge", "replace")?.as_str() {
        "replace" => Merge::Replace,
        "keep" => Merge::Keep,
        "append" => Merge::Append,
        "prepend" => Merge::Prepend,
        "append_rp" => Merge::AppendRp,
        "prepend_rp" => Merge::PrependRp,
        other => return Err(call.fail(&format!("has no `list_merge` called `{other}`"))),
    };
    let mut maps = Vec::new();
    for arg in &call.args {
        match arg.kind() {
            ValueKind::Map => maps.push(convert::entries(arg)?),
            ValueKind::Seq | ValueKind::Iterable => {
                for map in convert::items(arg)? {
                    if map.kind() != ValueKind::Map {
                        return Err(call.fail("combines mappings only"));
                    }
                    maps.push(convert::entries(&map)?);
                }
            }
            _ => {
                return Err(call.fail(&format!(
                    "combines mappings, not {}",
                    crate::template::names::type_words(arg)
                )));
            }
        }
    }
    let mut maps = maps.into_iter();
    let mut out = maps.next().unwrap_or_default();
    for map in maps {
        out = merge_maps(out, map, recursive, merge)?;
    }
    Ok(Value::from_pairs(out))
}

fn merge_maps(
    mut low: Entries,
    high: Entries,
    recursive: bool,
    merge: Merge,
) -> Result<Entries, Error> {
    for (key, value) in high {
        let Some(slot) = low.iter_mut().find(|(known, _)| *known == key) else {
            low.push((key, value));
            continue;
        };
        let list = |value: &Value| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
        slot.1 = if recursive && slot.1.kind() == ValueKind::Map && value.kind() == ValueKind::Map {
            let merged = merge_maps(
                convert::entries(&slot.1)?,
                convert::entries(&value)?,
                recursive,
                merge,
            )?;
            Value::from_pairs(merged)
        } else if list(&slot.1) && list(&value) {
            merge_lists(&slot.1, &value, merge)?
        } else {
            value
        };
    }
    Ok(low)
}

fn merge_lists(low: &Value, high: &Value, merge: Merge) -> Result<Value, Error> {
    let (x, y) = (convert::items(low)?, convert::items(high)?);
    let without = |list: &[Value], other: &[Value]| -> Vec<Value> {
        list.iter()
            .filter(|item| !other.contains(item))
            .cloned()
            .collect()
    };
    Ok(Value::from(match merge {
        Merge::Replace => y,
        Merge::Keep => x,
        Merge::Append => [x, y].concat(),
        Merge::Prepend => [y, x].concat(),
        Merge::AppendRp => [without(&x, &y), y].concat(),
        Merge::PrependRp => {
            let rest = without(&x, &y);
            [y, rest].concat()
        }
    }))
}

fn mapping(call: &Call<'_, '_, '_>) -> Result<Entries, Error> {
    let value = call.value();
    if value.kind() == ValueKind::Map {
        convert::entries(&value)
    } else {
        Err(call.fail(&format!(
            "needs a mapping, not {}",
            crate::template::names::type_words(&value)
        )))
    }
}

fn dict2items(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["key_name", "value_name"])?;
    let key_name = call.text_or(1, "key_name", "key")?;
    let value_name = call.text_or(2, "value_name", "value")?;
    let out: Vec<Value> = mapping(call)?
        .into_iter()
        .map(|(key, value)| {
            Value::from_pairs([(key_name.clone(), key), (value_name.clone(), value)])
        })
        .collect();
    Ok(Value::from(out))
}

fn items2dict(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["key_name", "value_name"])?;
    let key_name = call.text_or(1, "key_name", "key")?;
    let value_name = call.text_or(2, "value_name", "value")?;
    let mut out = Vec::new();
    for entry in call.list()? {
        let part = |name: &str| -> Result<Value, Error> {
            let found = item(&entry, &Value::from(name))?;
            if found.is_undefined() {
                return Err(call.fail(&format!("needs `{name}` in every item")));
            }
            convert::valid(found)
        };
        out.push((part(&key_name)?, part(&value_name)?));
    }
    Ok(Value::from_pairs(out))
}

/// `dictsort(case_sensitive=false, by='key', reverse=false)`.
fn dictsort(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(3, &["case_sensitive", "by", "reverse"])?;
    let case = call.flag(1, "case_sensitive");
    let by_value = match call.text_or(2, "by", "key")?.as_str() {
        "key" => false,
        "value" => true,
        _ => return Err(call.fail("sorts by `key` or by `value`")),
    };
    let keyed = mapping(call)?
        .into_iter()
        .map(|(key, value)| {
            let by = if by_value { value.clone() } else { key.clone() };
            let by = match by.as_str() {
                Some(text) if !case => Value::from(text.to_lowercase()),
                _ => by,
            };
            (vec![by], Value::from(vec![key, value]))
        })
        .collect();
    let reverse = call.flag(3, "reverse");
    sort_by_key(call, keyed, reverse).map(Value::from)
}

fn items(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(
        mapping(call)?
            .into_iter()
            .map(|(key, value)| Value::from(vec![key, value]))
            .collect::<Vec<_>>(),
    ))
}

/// `rekey_on_member(key, duplicates='error')`.
fn rekey_on_member(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["key", "duplicates"])?;
    let key = call.need(1, "key")?;
    let overwrite = call.text_or(2, "duplicates", "error")? == "overwrite";
    let value = call.value();
    let members = if value.kind() == ValueKind::Map {
        mapping(call)?
            .into_iter()
            .map(|(_, member)| member)
            .collect()
    } else {
        call.list()?
    };
    let mut out: Entries = Vec::new();
    for member in members {
        let found = item(&member, &key)?;
        if found.is_undefined() {
            return Err(call.fail(&format!("did not find `{key}` in a member")));
        }
        let found = convert::valid(found)?;
        match out.iter_mut().find(|(known, _)| *known == found) {
            Some(slot) if overwrite => slot.1 = member,
            Some(_) => return Err(call.fail(&format!("found `{found}` twice"))),
            None => out.push((found, member)),
        }
    }
    Ok(Value::from_pairs(out))
}

/// `key | extract(container, more_keys)`.
fn extract(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let mut keys = vec![call.value()];
    let container = call.need(1, "container")?;
    if let Some(more) = call.arg(2, "morekeys").filter(|more| !more.is_none()) {
        match more.kind() {
            ValueKind::Seq | ValueKind::Iterable => keys.extend(convert::items(&more)?),
            _ => keys.push(more),
        }
    }
    let mut found = container;
    for key in keys {
        let next = item(&found, &key)?;
        if next.is_undefined() {
            if let Ok(run) = call.run() {
                run.miss(crate::template::fault::Miss::key(&key, &found, (0, 0)));
            }
            return Ok(next);
        }
        found = convert::valid(next)?;
    }
    Ok(found)
}

/// A `JMESPath` query.
fn json_query(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1, &["expr"])?;
    let query = call.need_text(1, "expr")?;
    let wrong = |error: jmespath::JmespathError| {
        call.fail(&format!("has a query that failed: {}", error.reason))
    };
    let expression = jmespath::compile(&query).map_err(wrong)?;
    let data = convert::to_json(&call.value())?.unwrap_or_default();
    let data = jmespath::Variable::try_from(data).map_err(wrong)?;
    let found = expression.search(data).map_err(wrong)?;
    let json = serde_json::to_value(&*found)
        .map_err(|error| call.fail(&format!("gave a result that is not data: {error}")))?;
    Ok(convert::from_json(&json))
}

fn dict(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let mut out = Vec::new();
    for pair in call.list()? {
        let pair = call.list_of(&pair)?;
        match pair.as_slice() {
            [key, value] => out.push((key.clone(), value.clone())),
            _ => return Err(call.fail("needs pairs")),
        }
    }
    Ok(Value::from_pairs(out))
}

fn counter(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let mut out: Vec<(Value, i64)> = Vec::new();
    for item in call.list()? {
        match out.iter_mut().find(|(known, _)| *known == item) {
            Some((_, count)) => *count += 1,
            None => out.push((item, 1)),
        }
    }
    Ok(Value::from_pairs(out))
}

/// `to_paths(prepend)`: every leaf by its path.
fn to_paths(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let mut out = Vec::new();
    let prefix = call.text_or(1, "prepend", "")?;
    leaves(&call.value(), &prefix, &mut out)?;
    Ok(Value::from_pairs(out))
}

fn leaves(value: &Value, path: &str, out: &mut Vec<(String, Value)>) -> Result<(), Error> {
    let plain = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    match value.kind() {
        ValueKind::Map => {
            for (key, entry) in convert::entries(value)? {
                let key = convert::text(&key)?;
                let path = match (plain(&key), path.is_empty()) {
                    (true, true) => key,
                    (true, false) => format!("{path}.{key}"),
                    (false, _) => format!("{path}['{key}']"),
                };
                leaves(&entry, &path, out)?;
            }
        }
        ValueKind::Seq | ValueKind::Iterable => {
            for (index, entry) in convert::items(value)?.iter().enumerate() {
                leaves(entry, &format!("{path}[{index}]"), out)?;
            }
        }
        _ => out.push((path.to_owned(), value.clone())),
    }
    Ok(())
}

fn get_path(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let path = call.need_text(1, "path")?;
    let dotted = path
        .replace("['", ".")
        .replace("']", "")
        .replace('[', ".")
        .replace(']', "");
    super::select::path(&call.value(), &Value::from(dotted.trim_start_matches('.')))
}

/// `index_of(test, value, key)`: the index of what passes a test; a list if several do.
fn index_of(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let test = call.need_text(1, "test")?;
    let value = call.arg(2, "value");
    let key = call.arg(3, "key").filter(|key| !key.is_none());
    let mut found = Vec::new();
    for (index, entry) in call.list()?.into_iter().enumerate() {
        let subject = match &key {
            Some(key) => super::select::path(&entry, key)?,
            None => entry,
        };
        let args: Vec<Value> = std::iter::once(subject).chain(value.clone()).collect();
        if call.state.perform_test(&test, &args)? {
            found.push(Value::from(index));
        }
    }
    let wantlist = call.flag(9, "wantlist");
    Ok(match found.as_slice() {
        [only] if !wantlist => only.clone(),
        _ => Value::from(found),
    })
}
