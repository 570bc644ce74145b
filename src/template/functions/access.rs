//! Attribute, item and method access with Python's rules, chaining through undefined values.

use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Error, ErrorKind, State, Value};

use crate::template::convert;
use crate::template::fault::Miss;
use crate::template::scope;

/// `(value, key, start, end)`: the value's attribute or item; undefined if there is none or the
/// value is undefined itself. The last two say where the chain stands.
pub(super) fn get(state: &mut State<'_, '_>, args: Rest<Value>) -> Result<Value, Error> {
    let (Some(value), Some(key)) = (args.first(), args.get(1)) else {
        return Err(Error::from(ErrorKind::MissingArgument));
    };
    if value.is_undefined() {
        return Ok(Value::UNDEFINED);
    }
    if key.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let misses = scope::run(state).map(|run| run.trail().misses.len());
    let found = item(value, key)?;
    if found.kind() == ValueKind::Invalid {
        return convert::valid(found);
    }
    if found.is_undefined()
        && let Some(run) = scope::run(state)
    {
        // A variable's own undefined value said more already.
        let known = Some(run.trail().misses.len()) != misses;
        if !known {
            let at = |index: usize| args.get(index).and_then(Value::as_usize).unwrap_or(0);
            run.miss(Miss::key(key, value, (at(2), at(3))));
        }
    }
    Ok(found)
}

/// An item or attribute; undefined if there is none.
pub(in crate::template) fn item(value: &Value, key: &Value) -> Result<Value, Error> {
    let found = match value.kind() {
        ValueKind::Map => {
            let found = value.get_item(key)?;
            // Plain data has text keys only: `ports[80]` finds what was written `80:`.
            if found.is_undefined() && key.is_integer() {
                value.get_item(&Value::from(key.to_string()))?
            } else {
                found
            }
        }
        ValueKind::Seq | ValueKind::Iterable => match index(key) {
            Some(index) => at(value, index)?,
            None => Value::UNDEFINED,
        },
        ValueKind::String => match (value.as_str(), index(key)) {
            (Some(text), Some(index)) => {
                let count = text.chars().count();
                position(index, count)
                    .and_then(|at| text.chars().nth(at))
                    .map_or(Value::UNDEFINED, |c| Value::from(c.to_string()))
            }
            _ => Value::UNDEFINED,
        },
        _ => value.get_item(key)?,
    };
    Ok(found)
}

fn index(key: &Value) -> Option<i64> {
    if key.kind() == ValueKind::Number {
        key.as_i64()
    } else {
        None
    }
}

/// Python's index from the end.
fn position(index: i64, count: usize) -> Option<usize> {
    let count = i64::try_from(count).ok()?;
    let at = if index < 0 { index + count } else { index };
    usize::try_from(at).ok().filter(|_| at < count)
}

fn at(value: &Value, index: i64) -> Result<Value, Error> {
    let count = match value.len() {
        Some(count) => count,
        None => value.try_iter()?.count(),
    };
    let Some(at) = position(index, count) else {
        return Ok(Value::UNDEFINED);
    };
    let direct = value.get_item(&Value::from(at))?;
    if direct.is_undefined() && value.kind() == ValueKind::Iterable {
        return Ok(value.try_iter()?.nth(at).unwrap_or_default());
    }
    Ok(direct)
}

/// `(value, name, args…)`: a method call.
pub(super) fn call(state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let args = args.into_values();
    let (Some(value), Some(name)) = (args.first(), args.get(1).and_then(Value::as_str)) else {
        return Err(Error::from(ErrorKind::MissingArgument));
    };
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    match super::methods::call(state, value, name, &args[2..]) {
        Some(result) => result,
        None => value.call_method(state, name, &args[2..]),
    }
}
