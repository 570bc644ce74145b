//! Between written nodes, plain data and the engine's values; and values as Python's text.

use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Serde, ValueKind};
use minijinja::{Error, ErrorKind, Value};

use crate::input::{Json, Kind, Node};

/// The value that means "leave this out".
#[derive(Debug)]
pub(super) struct Omit;

impl Object for Omit {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

/// Whether a value means "leave this out".
pub(super) fn is_omit(value: &Value) -> bool {
    value.downcast_object_ref::<Omit>().is_some()
}

/// Plain data as a value.
pub(super) fn from_json(json: &Json) -> Value {
    Value::from(Serde(json))
}

/// A node without templates as a value.
pub(super) fn from_node(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::from(()),
        Kind::Bool(value) => Value::from(*value),
        Kind::Int(value) => Value::from(*value),
        Kind::Float(value) => Value::from(*value),
        Kind::Str(text) => Value::from(text.as_str()),
        Kind::Seq(items) => Value::from(items.iter().map(from_node).collect::<Vec<_>>()),
        Kind::Map(entries) => Value::from_pairs(
            entries
                .iter()
                .map(|(key, value)| (from_node(key), from_node(value))),
        ),
    }
}

/// Gives a value, or the error in it.
pub(super) fn valid(value: Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::Invalid => {
            // The engine hands errors out only while iterating.
            let carrier = Value::from(vec![value]);
            match carrier.try_iter()?.checked().next() {
                Some(Err(error)) => Err(error),
                _ => Err(Error::new(ErrorKind::InvalidOperation, "invalid value")),
            }
        }
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        _ => Ok(value),
    }
}

/// A list's items, each valid and defined.
pub(super) fn items(value: &Value) -> Result<Vec<Value>, Error> {
    value.try_iter()?.map(valid).collect::<Result<Vec<_>, _>>()
}

/// A mapping's entries, each valid and defined.
pub(super) fn entries(value: &Value) -> Result<Vec<(Value, Value)>, Error> {
    let mut found = Vec::new();
    for key in value.try_iter()? {
        let entry = value.get_item(&key)?;
        found.push((key, valid(entry)?));
    }
    Ok(found)
}

/// A value as plain data; `None` if it is to be left out. Entries to be left out are.
pub(super) fn to_json(value: &Value) -> Result<Option<Json>, Error> {
    if is_omit(value) {
        return Ok(None);
    }
    Ok(Some(match value.kind() {
        ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => number(value),
        ValueKind::String => Json::from(value.as_str().unwrap_or_default()),
        ValueKind::Bytes => Json::from(String::from_utf8_lossy(
            value.as_bytes().unwrap_or_default(),
        )),
        ValueKind::Seq | ValueKind::Iterable => {
            let mut list = Vec::new();
            for item in items(value)? {
                list.extend(to_json(&item)?);
            }
            Json::Array(list)
        }
        ValueKind::Map => {
            let mut map = serde_json::Map::new();
            for (key, entry) in entries(value)? {
                if let Some(entry) = to_json(&entry)? {
                    map.insert(key_text(&key)?, entry);
                }
            }
            Json::Object(map)
        }
        ValueKind::Undefined | ValueKind::Invalid => {
            valid(value.clone())?;
            Json::Null
        }
        _ if super::time::text_of(value).is_some() => {
            Json::from(super::time::text_of(value).unwrap_or_default())
        }
        _ => {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                "the result is a function, not a value",
            ));
        }
    }))
}

/// A number as JSON; what JSON has no number for is text.
fn number(value: &Value) -> Json {
    if value.is_integer() {
        if let Ok(number) = i64::try_from(value.clone()) {
            return Json::from(number);
        }
        if let Ok(number) = u64::try_from(value.clone()) {
            return Json::from(number);
        }
        return Json::from(value.to_string());
    }
    f64::try_from(value.clone())
        .ok()
        .and_then(serde_json::Number::from_f64)
        .map_or_else(|| Json::from(value.to_string()), Json::Number)
}

/// A mapping's key as JSON has it.
pub(super) fn key_text(key: &Value) -> Result<String, Error> {
    match key.kind() {
        ValueKind::None => Ok("null".to_owned()),
        ValueKind::Bool => Ok(if key.is_true() { "true" } else { "false" }.to_owned()),
        _ => text(key),
    }
}

/// Data as Python's `str` gives it: `None`, `['a', 1]`, `1e+16`.
#[must_use]
pub fn python_text(value: &crate::input::Json) -> String {
    if value.is_null() {
        return "None".to_owned();
    }
    text(&from_json(value)).unwrap_or_default()
}

/// A value as Python's `str` gives it.
pub(super) fn text(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::String => Ok(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Bytes => {
            Ok(String::from_utf8_lossy(value.as_bytes().unwrap_or_default()).into_owned())
        }
        _ if is_omit(value) => Ok(String::new()),
        ValueKind::Plain => Ok(value.to_string()),
        _ => repr(value),
    }
}

/// A value as Python's `repr` gives it.
pub(super) fn repr(value: &Value) -> Result<String, Error> {
    Ok(match value.kind() {
        ValueKind::Undefined | ValueKind::Invalid => {
            valid(value.clone())?;
            String::new()
        }
        ValueKind::Number if !value.is_integer() => {
            float(f64::try_from(value.clone()).unwrap_or(f64::NAN))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let mut parts = Vec::new();
            for item in items(value)?.iter().filter(|item| !is_omit(item)) {
                parts.push(repr(item)?);
            }
            match (value.is_tuple(), parts.len()) {
                (true, 1) => format!("({},)", parts[0]),
                (true, _) => format!("({})", parts.join(", ")),
                (false, _) => format!("[{}]", parts.join(", ")),
            }
        }
        ValueKind::Map => {
            let mut parts = Vec::new();
            for (key, entry) in entries(value)? {
                if !is_omit(&entry) {
                    parts.push(format!("{}: {}", repr(&key)?, repr(&entry)?));
                }
            }
            format!("{{{}}}", parts.join(", "))
        }
        // Strings are quoted by the engine as Python quotes them.
        _ => format!("{value:?}"),
    })
}

/// A floating-point number as Python writes it: `1e+20`, `1.0`, `0.0001`, `1e-05`.
pub(super) fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&power) || number == 0.0 {
        let plain = format!("{number}");
        if plain.contains('.') {
            plain
        } else {
            format!("{plain}.0")
        }
    } else {
        let sign = if power < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", power.abs())
    }
}
