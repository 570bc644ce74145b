//! Tests on what tasks registered.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::Table;
use crate::template::call::Call;
use crate::template::convert;
use crate::template::functions::item;

pub(super) const TABLE: Table = &[
    ("failed", failed),
    ("failure", failed),
    ("succeeded", succeeded),
    ("success", succeeded),
    ("successful", succeeded),
    ("changed", changed),
    ("change", changed),
    ("skipped", skipped),
    ("skip", skipped),
    ("unreachable", unreachable),
    ("reachable", reachable),
    ("timedout", timedout),
    ("started", started),
    ("finished", finished),
];

/// Whether a result says so.
fn says(call: &Call<'_, '_, '_>, key: &str) -> Result<bool, Error> {
    let value = call.value();
    if value.kind() != ValueKind::Map {
        return Err(call.fail(&format!(
            "needs a registered result, not {}",
            crate::template::names::type_words(&value)
        )));
    }
    truthy(&value, key)
}

fn truthy(value: &Value, key: &str) -> Result<bool, Error> {
    let found = item(value, &Value::from(key))?;
    Ok(!found.is_undefined() && convert::valid(found)?.is_true())
}

fn failed(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    says(call, "failed").map(Value::from)
}

fn succeeded(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(!says(call, "failed")?))
}

/// A loop's result has changed if one of its items has.
fn changed(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    if says(call, "changed")? {
        return Ok(Value::from(true));
    }
    let own = item(&call.value(), &Value::from("changed"))?;
    let results = item(&call.value(), &Value::from("results"))?;
    if own.is_undefined() && results.kind() == ValueKind::Seq {
        for result in convert::items(&results)? {
            if result.kind() == ValueKind::Map && truthy(&result, "changed")? {
                return Ok(Value::from(true));
            }
        }
    }
    Ok(Value::from(false))
}

fn skipped(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    says(call, "skipped").map(Value::from)
}

fn unreachable(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    says(call, "unreachable").map(Value::from)
}

fn reachable(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(!says(call, "unreachable")?))
}

fn timedout(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    says(call, "timedout").map(Value::from)
}

fn started(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    // What is not asynchronous has been started.
    let value = item(&call.value(), &Value::from("started"))?;
    Ok(Value::from(value.is_undefined() || says(call, "started")?))
}

fn finished(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let value = item(&call.value(), &Value::from("finished"))?;
    Ok(Value::from(value.is_undefined() || says(call, "finished")?))
}
