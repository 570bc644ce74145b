//! `map`, `select` and their kin, which apply other filters and tests by name.

use minijinja::{Error, Value};

use super::Table;
use crate::template::call::Call;
use crate::template::convert;
use crate::template::functions::item;

pub(super) const TABLE: Table = &[
    ("map", map),
    ("select", select),
    ("reject", reject),
    ("selectattr", selectattr),
    ("rejectattr", rejectattr),
];

/// A value inside a value: `a.b.0`. Undefined on the way stays undefined.
pub(in crate::template) fn path(value: &Value, attribute: &Value) -> Result<Value, Error> {
    let Some(text) = attribute.as_str() else {
        return item(value, attribute);
    };
    let mut found = value.clone();
    for part in text.split('.') {
        if found.is_undefined() {
            break;
        }
        let key = part
            .parse::<i64>()
            .map_or_else(|_| Value::from(part), Value::from);
        let next = item(&found, &key)?;
        found = if next.is_undefined() && key.is_integer() {
            item(&found, &Value::from(part))?
        } else {
            next
        };
    }
    if found.is_undefined() {
        Ok(found)
    } else {
        convert::valid(found)
    }
}

/// Notes what an attribute was not found in.
fn missing(call: &Call<'_, '_, '_>, attribute: &Value, owner: &Value) -> Error {
    if let Ok(run) = call.run() {
        run.miss(crate::template::fault::Miss::key(attribute, owner, (0, 0)));
    }
    Error::from(minijinja::ErrorKind::UndefinedError)
}

/// The keyword arguments as the engine passes them on.
fn passed(call: &Call<'_, '_, '_>, first: &Value, from: usize) -> Vec<Value> {
    let mut args = vec![first.clone()];
    args.extend(call.args.iter().skip(from).cloned());
    if !call.all_named().is_empty() {
        args.push(
            call.all_named()
                .iter()
                .cloned()
                .collect::<minijinja::value::Kwargs>()
                .into(),
        );
    }
    args
}

/// `map('filter', args…)` or `map(attribute='a.b', default=…)`.
fn map(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let items = call.list()?;
    let mut out = Vec::with_capacity(items.len());
    if let Some(attribute) = call.named("attribute") {
        let default = call.named("default");
        for owner in items {
            let value = path(&owner, &attribute)?;
            out.push(match (&default, value.is_undefined()) {
                (Some(default), true) => default.clone(),
                (None, true) => return Err(missing(call, &attribute, &owner)),
                _ => value,
            });
        }
        return Ok(Value::from(out));
    }
    let name = call.need_text(1, "filter")?;
    for owner in items {
        let args = passed(call, &owner, 2);
        out.push(convert::valid(call.state.apply_filter(&name, &args)?)?);
    }
    Ok(Value::from(out))
}

/// Which items are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Matching,
    Others,
}

fn filter(call: &mut Call<'_, '_, '_>, keep: Keep, attribute: bool) -> Result<Value, Error> {
    let items = call.list()?;
    let wanted = attribute.then(|| call.need(1, "attribute")).transpose()?;
    let first = if attribute { 2 } else { 1 };
    let test = call.args.get(first).map(convert::text).transpose()?;
    let mut out = Vec::new();
    for owner in items {
        let subject = match &wanted {
            Some(attribute) => path(&owner, attribute)?,
            None => owner.clone(),
        };
        let tolerant = test
            .as_deref()
            .is_some_and(|test| test.ends_with("defined"));
        if subject.is_undefined() && !tolerant {
            let attribute = wanted.clone().unwrap_or_default();
            return Err(missing(call, &attribute, &owner));
        }
        let holds = match &test {
            Some(test) => {
                let args = passed(call, &subject, first + 1);
                call.state.perform_test(test, &args)?
            }
            None => subject.is_true(),
        };
        if holds == (keep == Keep::Matching) {
            out.push(owner);
        }
    }
    Ok(Value::from(out))
}

fn select(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    filter(call, Keep::Matching, false)
}

fn reject(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    filter(call, Keep::Others, false)
}

fn selectattr(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    filter(call, Keep::Matching, true)
}

fn rejectattr(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    filter(call, Keep::Others, true)
}
