//! Filters that deal with undefined values and simple types.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use super::Table;
use crate::template::call::Call;
use crate::template::convert;
use crate::template::fault::Miss;
use crate::template::names;

pub(super) const TABLE: Table = &[
    ("bool", boolean),
    ("int", int),
    ("float", float),
    ("string", string),
    ("ternary", ternary),
];

pub(super) const TOLERANT: Table = &[
    ("default", default),
    ("d", default),
    ("mandatory", mandatory),
    ("type_debug", type_debug),
];

/// `default(value='', boolean=false)`.
fn default(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["default_value", "boolean"])?;
    let value = call.value();
    let other = || {
        call.arg(1, "default_value")
            .unwrap_or_else(|| Value::from(""))
    };
    if value.is_undefined() {
        if let Ok(run) = call.run() {
            run.forgive();
        }
        return Ok(other());
    }
    if call.flag(2, "boolean") && !value.is_true() {
        return Ok(other());
    }
    Ok(value)
}

/// `mandatory(msg=none)`: an undefined value is an error here and now.
fn mandatory(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1, &["msg"])?;
    let value = call.value();
    if value.is_undefined() {
        if let Some(message) = call.arg(1, "msg").filter(|m| !m.is_none()) {
            let run = call.run()?;
            run.forgive();
            run.miss(Miss::said(convert::text(&message)?));
        }
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    Ok(value)
}

fn type_debug(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let value = call.value();
    if value.is_undefined()
        && let Ok(run) = call.run()
    {
        run.forgive();
    }
    Ok(Value::from(names::type_python(&value)))
}

/// Whether a value means true: `yes`, `on`, `1`, `true`, `t`, `y`; everything else does not.
fn boolean(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let value = call.value();
    Ok(match value.kind() {
        ValueKind::Bool => value,
        ValueKind::None => Value::from(false),
        ValueKind::String => {
            let text = call.text()?.to_lowercase();
            Value::from(matches!(
                text.as_str(),
                "yes" | "on" | "1" | "true" | "t" | "y"
            ))
        }
        ValueKind::Number => Value::from(value == Value::from(1)),
        _ => Value::from(false),
    })
}

/// `int(default=0, base=10)`.
#[expect(clippy::cast_possible_truncation, reason = "Python truncates as well")]
fn int(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["default", "base"])?;
    let value = call.value();
    let base = call.int(2, "base")?.unwrap_or(10);
    let other = || call.arg(1, "default").unwrap_or_else(|| Value::from(0));
    Ok(match value.kind() {
        ValueKind::Bool => Value::from(i64::from(value.is_true())),
        ValueKind::Number if value.is_integer() => value,
        ValueKind::Number => {
            let number = f64::try_from(value).unwrap_or(0.0);
            if number.is_finite() {
                Value::from(number.trunc() as i128 as i64)
            } else {
                other()
            }
        }
        ValueKind::String => {
            let text = call.text()?;
            let text = text.trim().replace('_', "");
            match parse_int(&text, base) {
                Some(number) => Value::from(number),
                // Jinja tries a float last.
                None => match text.parse::<f64>() {
                    Ok(number) if number.is_finite() && base == 10 => {
                        Value::from(number.trunc() as i64)
                    }
                    _ => other(),
                },
            }
        }
        _ => other(),
    })
}

fn parse_int(text: &str, base: i64) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_lowercase();
    let prefixed = |prefix: &str, own: i64| {
        (base == own || base == 0)
            .then(|| lower.strip_prefix(prefix).map(str::to_owned))
            .flatten()
            .map(|rest| (rest, own))
    };
    let (digits, base) = prefixed("0x", 16)
        .or_else(|| prefixed("0b", 2))
        .or_else(|| prefixed("0o", 8))
        .unwrap_or((lower.clone(), if base == 0 { 10 } else { base }));
    let radix = u32::try_from(base).ok().filter(|r| (2..=36).contains(r))?;
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i64::from_str_radix(&digits, radix).ok()?;
    Some(if negative { -number } else { number })
}

/// `float(default=0.0)`.
fn float(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1, &["default"])?;
    let value = call.value();
    let other = || call.arg(1, "default").unwrap_or_else(|| Value::from(0.0));
    Ok(match value.kind() {
        ValueKind::Bool => Value::from(if value.is_true() { 1.0 } else { 0.0 }),
        ValueKind::Number => f64::try_from(value).map_or_else(|_| other(), Value::from),
        ValueKind::String => call
            .text()?
            .trim()
            .parse::<f64>()
            .map_or_else(|_| other(), Value::from),
        _ => other(),
    })
}

fn string(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.text().map(Value::from)
}

/// `ternary(true_val, false_val, none_val=none)`.
fn ternary(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(3, &["true_val", "false_val", "none_val"])?;
    let value = call.value();
    if value.is_none()
        && let Some(none) = call.arg(3, "none_val").filter(|v| !v.is_none())
    {
        return Ok(none);
    }
    if value.is_true() {
        call.need(1, "true_val")
    } else {
        call.need(2, "false_val")
    }
}
