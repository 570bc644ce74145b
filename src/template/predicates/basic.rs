//! Tests for undefined values.

use minijinja::{Error, Value};

use super::Table;
use crate::template::call::Call;

pub(super) const TOLERANT: Table = &[("defined", defined), ("undefined", undefined)];

fn defined(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let missing = call.value().is_undefined();
    if missing && let Ok(run) = call.run() {
        run.forgive();
    }
    Ok(Value::from(!missing))
}

fn undefined(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(!defined(call)?.is_true()))
}
