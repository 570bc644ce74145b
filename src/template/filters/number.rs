//! Filters on numbers and sizes.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::Table;
use crate::template::call::Call;

pub(super) const TABLE: Table = &[
    ("round", round),
    ("abs", abs),
    ("log", log),
    ("pow", pow),
    ("root", root),
    ("human_readable", human_readable),
    ("human_to_bytes", human_to_bytes),
    ("filesizeformat", filesizeformat),
];

fn real(call: &Call<'_, '_, '_>, value: &Value) -> Result<f64, Error> {
    match value.kind() {
        ValueKind::Number => Ok(f64::try_from(value.clone())?),
        ValueKind::Bool => Ok(if value.is_true() { 1.0 } else { 0.0 }),
        _ => Err(call.fail(&format!(
            "needs a number, not {}",
            crate::template::names::type_words(value)
        ))),
    }
}

fn argument(call: &Call<'_, '_, '_>, name: &str, default: f64) -> Result<f64, Error> {
    match call.arg(1, name) {
        Some(value) => real(call, &value),
        None => Ok(default),
    }
}

/// `round(precision=0, method='common')`.
fn round(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["precision", "method"])?;
    let value = call.value();
    let method = call.text_or(2, "method", "common")?;
    let precision = i32::try_from(call.int(1, "precision")?.unwrap_or(0)).unwrap_or(0);
    if value.is_integer() && method == "common" && precision >= 0 {
        return Ok(value);
    }
    let number = real(call, &value)?;
    let scale = 10f64.powi(precision);
    let rounded = match method.as_str() {
        // Python rounds the decimal text correctly, halves to even.
        "common" if precision >= 0 => {
            let places = usize::try_from(precision).unwrap_or(0);
            format!("{number:.places$}").parse().unwrap_or(number)
        }
        "common" => (number * scale).round_ties_even() / scale,
        "ceil" => (number * scale).ceil() / scale,
        "floor" => (number * scale).floor() / scale,
        _ => return Err(call.fail("rounds by `common`, `ceil` or `floor`")),
    };
    Ok(Value::from(rounded))
}

fn abs(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let value = call.value();
    match value.as_i64() {
        Some(number) if value.is_integer() => Ok(Value::from(number.abs())),
        _ => Ok(Value::from(real(call, &value)?.abs())),
    }
}

fn log(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1, &["base"])?;
    let number = real(call, &call.value())?;
    let base = argument(call, "base", std::f64::consts::E)?;
    if number <= 0.0 {
        return Err(call.fail("needs a number above zero"));
    }
    #[expect(clippy::float_cmp, reason = "exact bases have exact functions")]
    Ok(Value::from(if base == 10.0 {
        number.log10()
    } else if base == 2.0 {
        number.log2()
    } else {
        number.ln() / base.ln()
    }))
}

fn pow(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1, &["y"])?;
    let number = real(call, &call.value())?;
    let exponent = argument(call, "y", 1.0)?;
    Ok(Value::from(number.powf(exponent)))
}

fn root(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1, &["base"])?;
    let number = real(call, &call.value())?;
    let base = argument(call, "base", 2.0)?;
    #[expect(clippy::float_cmp, reason = "exact bases have exact functions")]
    Ok(Value::from(if base == 2.0 {
        number.sqrt()
    } else {
        number.powf(1.0 / base)
    }))
}

/// Units by their letter, smallest last; each is 1024 of the next.
const UNITS: &[(char, u32)] = &[
    ('Y', 8),
    ('Z', 7),
    ('E', 6),
    ('P', 5),
    ('T', 4),
    ('G', 3),
    ('M', 2),
    ('K', 1),
    ('B', 0),
];

/// `human_readable(isbits=false, unit=none)`.
fn human_readable(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["isbits", "unit"])?;
    let size = match call.value().as_str() {
        Some(text) => text
            .trim()
            .parse()
            .map_err(|_| call.fail("needs a number"))?,
        None => real(call, &call.value())?,
    };
    let base = if call.flag(1, "isbits") {
        "bits"
    } else {
        "Bytes"
    };
    let wanted = call
        .arg(2, "unit")
        .and_then(|unit| unit.as_str().and_then(|text| text.chars().next()));
    let (letter, power) = UNITS
        .iter()
        .copied()
        .find(|(letter, power)| match wanted {
            Some(wanted) => wanted.to_ascii_uppercase() == *letter,
            None => size >= 1024f64.powi(i32::try_from(*power).unwrap_or(0)),
        })
        .unwrap_or(('B', 0));
    let scaled = size / 1024f64.powi(i32::try_from(power).unwrap_or(0));
    let suffix = if power == 0 {
        base.to_owned()
    } else {
        format!("{letter}{}", &base[..1])
    };
    Ok(Value::from(format!("{scaled:.2} {suffix}")))
}

/// `human_to_bytes(default_unit=none, isbits=false)`.
fn human_to_bytes(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["default_unit", "isbits"])?;
    let text = call.text()?;
    let text = text.trim();
    let split = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number
        .parse()
        .map_err(|_| call.fail(&format!("cannot read a size from `{text}`")))?;
    let unit = match unit.trim() {
        "" => call.text_or(1, "default_unit", "B")?,
        unit => unit.to_owned(),
    };
    let mut chars = unit.chars();
    let letter = chars.next().unwrap_or('B').to_ascii_uppercase();
    let power = UNITS
        .iter()
        .find(|(known, _)| *known == letter)
        .map(|(_, power)| *power)
        .ok_or_else(|| call.fail(&format!("does not know the unit `{unit}`")))?;
    let rest = chars.as_str();
    let bits = call.flag(2, "isbits");
    let fits = if letter == 'B' {
        let word = unit.to_lowercase();
        rest.is_empty()
            || word == if bits { "bits" } else { "bytes" }
            || word == if bits { "bit" } else { "byte" }
    } else {
        match rest {
            "" => true,
            "B" => !bits,
            "b" => bits,
            other => other.to_lowercase() == if bits { "bits" } else { "bytes" },
        }
    };
    if !fits {
        return Err(call.fail(&format!("does not know the unit `{unit}`")));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "sizes are far below the limit"
    )]
    let bytes = (number * 1024f64.powi(i32::try_from(power).unwrap_or(0))).round_ties_even() as i64;
    Ok(Value::from(bytes))
}

fn filesizeformat(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let size = real(call, &call.value())?;
    let binary = call.flag(1, "binary");
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if size < base {
        return Ok(Value::from(format!("{size} Bytes")));
    }
    let names = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
    let mut scaled = size / base;
    let mut index = 0;
    while scaled >= base && index + 1 < names.len() {
        scaled /= base;
        index += 1;
    }
    let name = if binary {
        format!("{}iB", names[index].to_uppercase())
    } else {
        format!("{}B", names[index])
    };
    Ok(Value::from(format!("{scaled:.1} {name}")))
}
