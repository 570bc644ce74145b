//! Filters on lists: order and groups.

use std::cmp::Ordering;

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::Table;
use super::select::path;
use crate::template::call::Call;
use crate::template::convert;

pub(super) const TABLE: Table = &[
    ("unique", unique),
    ("flatten", flatten),
    ("sort", sort),
    ("join", join),
    ("min", min),
    ("max", max),
    ("sum", sum),
    ("groupby", groupby),
    ("batch", batch),
    ("slice", slice),
    ("list", list),
    ("reverse", reverse),
    ("length", length),
    ("count", length),
];

pub(super) const TOLERANT: Table = &[("first", first), ("last", last)];

/// Whether two values are the same for sets: Python's equality.
fn same(a: &Value, b: &Value) -> bool {
    a == b
}

pub(super) fn has(list: &[Value], value: &Value) -> bool {
    list.iter().any(|item| same(item, value))
}

pub(super) fn distinct(values: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for value in values {
        if !has(&out, &value) {
            out.push(value);
        }
    }
    out
}

/// Lower case for comparisons, unless case counts.
fn folded(value: &Value, case_sensitive: bool) -> Value {
    match value.as_str() {
        Some(text) if !case_sensitive => Value::from(text.to_lowercase()),
        _ => value.clone(),
    }
}

fn unique(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["case_sensitive", "attribute"])?;
    let case = call.flag(1, "case_sensitive");
    let attribute = call.arg(2, "attribute").filter(|a| !a.is_none());
    let mut seen: Vec<Value> = Vec::new();
    let mut out = Vec::new();
    for item in call.list()? {
        let key = match &attribute {
            Some(attribute) => path(&item, attribute)?,
            None => item.clone(),
        };
        let key = folded(&key, case);
        if !has(&seen, &key) {
            seen.push(key);
            out.push(item);
        }
    }
    Ok(Value::from(out))
}

/// `flatten(levels=none, skip_nulls=true)`.
fn flatten(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["levels", "skip_nulls"])?;
    let levels = call.int(1, "levels")?.unwrap_or(i64::MAX);
    let keep = call
        .arg(2, "skip_nulls")
        .is_some_and(|skip| !skip.is_true());
    let mut out = Vec::new();
    flat(&call.list()?, levels, keep, &mut out)?;
    Ok(Value::from(out))
}

fn flat(items: &[Value], levels: i64, nulls: bool, out: &mut Vec<Value>) -> Result<(), Error> {
    for item in items {
        match item.kind() {
            ValueKind::None if !nulls => {}
            ValueKind::String if !nulls && matches!(item.as_str(), Some("None" | "null")) => {}
            ValueKind::Seq | ValueKind::Iterable if levels > 0 => {
                flat(&convert::items(item)?, levels - 1, nulls, out)?;
            }
            _ => out.push(item.clone()),
        }
    }
    Ok(())
}

/// Python's order; values that cannot be compared are an error.
fn order(call: &Call<'_, '_, '_>, a: &Value, b: &Value) -> Result<Ordering, Error> {
    let group = |value: &Value| match value.kind() {
        ValueKind::Bool | ValueKind::Number => 0,
        ValueKind::String => 1,
        ValueKind::Seq | ValueKind::Iterable => 2,
        _ => 3,
    };
    match (group(a), group(b)) {
        (3, _) | (_, 3) => Err(call.fail(&format!(
            "cannot put {} in order",
            crate::template::names::type_words(if group(a) == 3 { a } else { b })
        ))),
        (2, 2) => {
            let (a, b) = (convert::items(a)?, convert::items(b)?);
            for (x, y) in a.iter().zip(&b) {
                let found = order(call, x, y)?;
                if found != Ordering::Equal {
                    return Ok(found);
                }
            }
            Ok(a.len().cmp(&b.len()))
        }
        (x, y) if x == y => Ok(a.cmp(b)),
        _ => Err(call.fail(&format!(
            "cannot compare {} with {}",
            crate::template::names::type_words(a),
            crate::template::names::type_words(b)
        ))),
    }
}

/// Sorts by keys, stably; the first failed comparison is the result.
pub(super) fn sort_by_key(
    call: &Call<'_, '_, '_>,
    mut keyed: Vec<(Vec<Value>, Value)>,
    reverse: bool,
) -> Result<Vec<Value>, Error> {
    let mut failed = None;
    keyed.sort_by(|(a, _), (b, _)| {
        for (x, y) in a.iter().zip(b) {
            match order(call, x, y) {
                Ok(Ordering::Equal) => {}
                Ok(found) => return if reverse { found.reverse() } else { found },
                Err(error) => {
                    failed.get_or_insert(error);
                    return Ordering::Equal;
                }
            }
        }
        Ordering::Equal
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(keyed.into_iter().map(|(_, value)| value).collect()),
    }
}

/// `sort(reverse=false, case_sensitive=false, attribute='a,b.c')`.
fn sort(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(3, &["reverse", "case_sensitive", "attribute"])?;
    let case = call.flag(2, "case_sensitive");
    let attribute = call.arg(3, "attribute").filter(|a| !a.is_none());
    let mut keyed = Vec::new();
    for item in call.list()? {
        let key = match &attribute {
            Some(attribute) => match attribute.as_str() {
                Some(names) => names
                    .split(',')
                    .map(|name| {
                        let value = convert::valid(path(&item, &Value::from(name))?)?;
                        Ok(folded(&value, case))
                    })
                    .collect::<Result<Vec<_>, Error>>()?,
                None => vec![folded(&convert::valid(path(&item, attribute)?)?, case)],
            },
            None => vec![folded(&item, case)],
        };
        keyed.push((key, item));
    }
    let reverse = call.flag(1, "reverse");
    sort_by_key(call, keyed, reverse).map(Value::from)
}

fn join(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["d", "attribute"])?;
    let by = call.text_or(1, "d", "")?;
    let attribute = call.arg(2, "attribute").filter(|a| !a.is_none());
    let mut parts = Vec::new();
    for item in call.list()? {
        let item = match &attribute {
            Some(attribute) => convert::valid(path(&item, attribute)?)?,
            None => item,
        };
        parts.push(convert::text(&item)?);
    }
    Ok(Value::from(parts.join(&by)))
}

fn extreme(call: &mut Call<'_, '_, '_>, wanted: Ordering) -> Result<Value, Error> {
    call.only(2, &["case_sensitive", "attribute"])?;
    let case = call.flag(1, "case_sensitive");
    let attribute = call.arg(2, "attribute").filter(|a| !a.is_none());
    let mut best: Option<(Value, Value)> = None;
    for item in call.list()? {
        let key = match &attribute {
            Some(attribute) => convert::valid(path(&item, attribute)?)?,
            None => item.clone(),
        };
        let key = folded(&key, case);
        let better = match &best {
            Some((so_far, _)) => order(call, &key, so_far)? == wanted,
            None => true,
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map_or(Value::UNDEFINED, |(_, item)| item))
}

fn min(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    extreme(call, Ordering::Less)
}

fn max(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    extreme(call, Ordering::Greater)
}

fn sum(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["attribute", "start"])?;
    let attribute = call.arg(1, "attribute").filter(|a| !a.is_none());
    let start = call.arg(2, "start").unwrap_or_else(|| Value::from(0));
    if let (ValueKind::Seq | ValueKind::Iterable, None) = (start.kind(), &attribute) {
        let mut out = convert::items(&start)?;
        for item in call.list()? {
            out.extend(call.list_of(&item)?);
        }
        return Ok(Value::from(out));
    }
    let mut whole: i64 = 0;
    let mut real = 0.0;
    let mut is_real = false;
    for item in std::iter::once(start).chain(call.list()?) {
        let item = match &attribute {
            Some(attribute) if item.kind() == ValueKind::Map => {
                convert::valid(path(&item, attribute)?)?
            }
            _ => item,
        };
        if let Some(number) = integer(&item) {
            whole = whole
                .checked_add(number)
                .ok_or_else(|| call.fail("gives a number that is too large"))?;
        } else if item.kind() == ValueKind::Number {
            is_real = true;
            real += f64::try_from(item)?;
        } else {
            return Err(call.fail(&format!(
                "adds numbers, not {}",
                crate::template::names::type_words(&item)
            )));
        }
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "as Python adds an int to a float"
    )]
    Ok(if is_real {
        Value::from(real + whole as f64)
    } else {
        Value::from(whole)
    })
}

fn integer(value: &Value) -> Option<i64> {
    match value.kind() {
        ValueKind::Bool => Some(i64::from(value.is_true())),
        ValueKind::Number if value.is_integer() => value.as_i64(),
        _ => None,
    }
}

/// `groupby(attribute, default, case_sensitive)`: pairs of value and items, sorted.
fn groupby(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(3, &["attribute", "default", "case_sensitive"])?;
    let attribute = call.need(1, "attribute")?;
    let default = call.arg(2, "default");
    let case = call.flag(3, "case_sensitive");
    let mut keyed = Vec::new();
    for item in call.list()? {
        let found = path(&item, &attribute)?;
        let found = match (&default, found.is_undefined()) {
            (Some(default), true) => default.clone(),
            _ => convert::valid(found)?,
        };
        keyed.push((vec![folded(&found, case)], Value::from(vec![found, item])));
    }
    let mut groups: Vec<(Value, Value, Vec<Value>)> = Vec::new();
    for pair in sort_by_key(call, keyed, false)? {
        let mut pair = convert::items(&pair)?.into_iter();
        let (Some(found), Some(item)) = (pair.next(), pair.next()) else {
            continue;
        };
        let key = folded(&found, case);
        match groups.last_mut() {
            Some((last, _, items)) if *last == key => items.push(item),
            _ => groups.push((key, found, vec![item])),
        }
    }
    Ok(Value::from(
        groups
            .into_iter()
            .map(|(_, found, items)| Value::from(vec![found, Value::from(items)]))
            .collect::<Vec<_>>(),
    ))
}

fn size(call: &Call<'_, '_, '_>, name: &str) -> Result<usize, Error> {
    call.int(1, name)?
        .and_then(|count| usize::try_from(count).ok())
        .filter(|count| *count > 0)
        .ok_or_else(|| call.fail("needs a count above zero"))
}

fn batch(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["linecount", "fill_with"])?;
    let count = size(call, "linecount")?;
    let fill = call.arg(2, "fill_with").filter(|fill| !fill.is_none());
    let rows: Vec<Value> = call
        .list()?
        .chunks(count)
        .map(|row| {
            let mut row = row.to_vec();
            if let Some(fill) = &fill {
                row.resize(count.min(row.len() + count), fill.clone());
            }
            Value::from(row)
        })
        .collect();
    Ok(Value::from(rows))
}

fn slice(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["slices", "fill_with"])?;
    let slices = size(call, "slices")?.min(100_000);
    let fill = call.arg(2, "fill_with").filter(|fill| !fill.is_none());
    let items = call.list()?;
    let (each, extra) = (items.len() / slices, items.len() % slices);
    let mut rest = items.as_slice();
    let mut columns = Vec::new();
    for index in 0..slices {
        let take = each + usize::from(index < extra);
        let (column, tail) = rest.split_at(take.min(rest.len()));
        rest = tail;
        let mut column = column.to_vec();
        if let Some(fill) = &fill
            && extra > 0
            && index >= extra
        {
            column.push(fill.clone());
        }
        columns.push(Value::from(column));
    }
    Ok(Value::from(columns))
}

fn list(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let value = call.value();
    // Items stay as they are: a list may hold what is undefined or not there yet.
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map | ValueKind::String => {
            Ok(Value::from(value.try_iter()?.collect::<Vec<_>>()))
        }
        _ => call.list().map(Value::from),
    }
}

fn reverse(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let value = call.value();
    if let Some(text) = value.as_str() {
        return Ok(Value::from(text.chars().rev().collect::<String>()));
    }
    let mut items = call.list()?;
    items.reverse();
    Ok(Value::from(items))
}

fn first(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    end(call, true)
}

fn last(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    end(call, false)
}

/// The first or last item, which may be undefined itself.
fn end(call: &mut Call<'_, '_, '_>, front: bool) -> Result<Value, Error> {
    let value = call.value();
    if value.is_undefined() {
        return convert::valid(value);
    }
    let mut items = value.try_iter()?;
    let found = if front { items.next() } else { items.last() };
    match found {
        Some(found) if found.is_undefined() => Ok(found),
        Some(found) => convert::valid(found),
        None => {
            if let Ok(run) = call.run() {
                run.miss(crate::template::fault::Miss::said(format!(
                    "`{}` of an empty list is undefined",
                    call.name
                )));
            }
            Ok(Value::UNDEFINED)
        }
    }
}

fn length(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let value = call.value();
    match (value.len(), value.kind()) {
        (Some(length), _) => Ok(Value::from(length)),
        (None, ValueKind::Iterable) => Ok(Value::from(value.try_iter()?.count())),
        _ => Err(call.fail(&format!(
            "does not count {}",
            crate::template::names::type_words(&value)
        ))),
    }
}
