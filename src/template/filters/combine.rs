//! Filters that put lists together: `zip`, `product`, `combinations`, `subelements`.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::Table;
use super::select::path;
use crate::template::call::Call;
use crate::template::convert;

pub(super) const TABLE: Table = &[
    ("zip", zip),
    ("zip_longest", zip_longest),
    ("product", product),
    ("combinations", combinations),
    ("permutations", permutations),
    ("subelements", subelements),
];

/// The most results a template may ask for.
const LIMIT: usize = 1_000_000;

fn lists(call: &Call<'_, '_, '_>) -> Result<Vec<Vec<Value>>, Error> {
    call.args.iter().map(|value| call.list_of(value)).collect()
}

fn zip(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let lists = lists(call)?;
    let length = lists.iter().map(Vec::len).min().unwrap_or(0);
    Ok(rows((0..length).map(|index| {
        lists.iter().map(|list| list[index].clone()).collect()
    })))
}

fn zip_longest(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let lists = lists(call)?;
    let fill = call.named("fillvalue").unwrap_or_else(|| Value::from(()));
    let length = lists.iter().map(Vec::len).max().unwrap_or(0);
    Ok(rows((0..length).map(|index| {
        lists
            .iter()
            .map(|list| list.get(index).cloned().unwrap_or_else(|| fill.clone()))
            .collect()
    })))
}

fn rows(rows: impl Iterator<Item = Vec<Value>>) -> Value {
    Value::from(rows.map(Value::from).collect::<Vec<_>>())
}

/// Every way to take one item of each list, in order.
pub(in crate::template) fn cartesian(lists: &[Vec<Value>]) -> Option<Vec<Vec<Value>>> {
    let mut out: Vec<Vec<Value>> = vec![Vec::new()];
    for list in lists {
        if out.len().checked_mul(list.len())? > LIMIT {
            return None;
        }
        out = out
            .iter()
            .flat_map(|head| {
                list.iter().map(move |item| {
                    let mut row = head.clone();
                    row.push(item.clone());
                    row
                })
            })
            .collect();
    }
    Some(out)
}

fn product(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let once = lists(call)?;
    let repeat = usize::try_from(call.int(99, "repeat")?.unwrap_or(1)).unwrap_or(1);
    let all: Vec<Vec<Value>> = (0..repeat).flat_map(|_| once.clone()).take(64).collect();
    match cartesian(&all) {
        Some(found) => Ok(rows(found.into_iter())),
        None => Err(call.fail("would give too many results")),
    }
}

/// Whether the order of what is taken matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Kept,
    Any,
}

fn choose(call: &mut Call<'_, '_, '_>, order: Order) -> Result<Value, Error> {
    let items = call.list()?;
    let count = match call.int(1, "r")? {
        Some(count) => usize::try_from(count).map_err(|_| call.fail("needs a count"))?,
        None => items.len(),
    };
    let mut out = Vec::new();
    let mut picked = Vec::new();
    if pick(&items, count, order, &mut picked, &mut out) {
        Ok(rows(out.into_iter()))
    } else {
        Err(call.fail("would give too many results"))
    }
}

/// Adds all choices that start with `picked`; false if there are too many.
#[expect(
    clippy::too_many_arguments,
    reason = "each is used, and no two belong together"
)]
fn pick(
    items: &[Value],
    count: usize,
    order: Order,
    picked: &mut Vec<usize>,
    out: &mut Vec<Vec<Value>>,
) -> bool {
    if picked.len() == count {
        out.push(picked.iter().map(|index| items[*index].clone()).collect());
        return out.len() <= LIMIT;
    }
    let start = match (order, picked.last()) {
        (Order::Kept, Some(last)) => last + 1,
        _ => 0,
    };
    for index in start..items.len() {
        if order == Order::Any && picked.contains(&index) {
            continue;
        }
        picked.push(index);
        let fine = pick(items, count, order, picked, out);
        picked.pop();
        if !fine {
            return false;
        }
    }
    true
}

fn combinations(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    choose(call, Order::Kept)
}

fn permutations(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    choose(call, Order::Any)
}

/// `subelements(key, skip_missing=false)`: pairs of an element and each item of its list.
fn subelements(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["subelements", "skip_missing"])?;
    let value = call.value();
    let elements = if value.kind() == ValueKind::Map {
        convert::entries(&value)?
            .into_iter()
            .map(|(_, element)| element)
            .collect()
    } else {
        call.list()?
    };
    let wanted = call.need(1, "subelements")?;
    let key = match wanted.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            let mut parts = Vec::new();
            for part in convert::items(&wanted)? {
                parts.push(convert::text(&part)?);
            }
            Value::from(parts.join("."))
        }
        _ => wanted,
    };
    let skip = call.flag(2, "skip_missing");
    let mut out = Vec::new();
    for element in elements {
        if element.kind() != ValueKind::Map {
            return Err(call.fail("needs a list of mappings"));
        }
        let found = path(&element, &key)?;
        if found.is_undefined() {
            if skip {
                continue;
            }
            return Err(call.fail(&format!("did not find `{key}` in an element")));
        }
        match found.kind() {
            ValueKind::Seq | ValueKind::Iterable => {}
            _ => return Err(call.fail(&format!("needs a list at `{key}`"))),
        }
        for item in convert::items(&found)? {
            out.push(Value::from(vec![element.clone(), item]));
        }
    }
    Ok(Value::from(out))
}
