//! Lookups in variables, and those that turn lists into other lists.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::{Body, lists, terms, words};
use crate::template::call::Call;
use crate::template::convert;
use crate::template::fault::Miss;
use crate::template::filters::cartesian;
use crate::template::filters::regex::{Flags, compile};
use crate::template::functions::item;

pub(super) const TABLE: &[(&str, Body)] = &[
    ("vars", vars),
    ("varnames", varnames),
    ("inventory_hostnames", inventory_hostnames),
    ("dict", dict),
    ("items", items),
    ("list", list),
    ("nested", nested),
    ("cartesian", nested),
    ("together", together),
    ("flattened", flattened),
    ("indexed_items", indexed_items),
    ("subelements", subelements),
];

fn vars(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let run = call.run()?;
    let default = call.named("default");
    let mut out = Vec::new();
    for name in words(call)? {
        match (run.lookup(&name), &default) {
            (Some(value), _) if !value.is_undefined() => out.push(convert::valid(value)?),
            (_, Some(default)) => out.push(default.clone()),
            _ => {
                run.miss(Miss::variable(&name));
                return Err(Error::from(minijinja::ErrorKind::UndefinedError));
            }
        }
    }
    Ok(out)
}

fn varnames(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let run = call.run()?;
    let names = run.vars.names();
    let mut out = Vec::new();
    for pattern in words(call)? {
        let regex = compile(call, &pattern, Flags::default())?;
        out.extend(
            names
                .iter()
                .filter(|name| regex.is_match(name).unwrap_or(false))
                .map(|name| Value::from(name.as_str())),
        );
    }
    Ok(out)
}

fn inventory_hostnames(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let run = call.run()?;
    let pattern = words(call)?.join(",");
    let hosts = (run.inner.world.hosts)(&pattern);
    Ok(hosts.into_iter().map(Value::from).collect())
}

fn dict(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let mut out = Vec::new();
    for term in terms(call)? {
        if term.kind() != ValueKind::Map {
            return Err(call.fail("needs mappings"));
        }
        for (key, value) in convert::entries(&term)? {
            out.push(Value::from_pairs([("key", key), ("value", value)]));
        }
    }
    Ok(out)
}

fn items(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    terms(call)
}

fn list(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    Ok(call.args.iter().skip(1).cloned().collect())
}

fn nested(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    match cartesian(&lists(call)?) {
        Some(rows) => Ok(rows.into_iter().map(Value::from).collect()),
        None => Err(call.fail("would give too many results")),
    }
}

fn together(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let lists = lists(call)?;
    let length = lists.iter().map(Vec::len).max().unwrap_or(0);
    Ok((0..length)
        .map(|index| {
            let row = lists
                .iter()
                .map(|list| list.get(index).cloned().unwrap_or_else(|| Value::from(())));
            Value::from(row.collect::<Vec<_>>())
        })
        .collect())
}

fn flattened(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    fn flat(value: &Value, out: &mut Vec<Value>) -> Result<(), Error> {
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => convert::items(value)?
                .iter()
                .try_for_each(|item| flat(item, out)),
            ValueKind::None => Ok(()),
            _ => {
                out.push(value.clone());
                Ok(())
            }
        }
    }
    let mut out = Vec::new();
    for term in call.args.iter().skip(1) {
        flat(term, &mut out)?;
    }
    Ok(out)
}

fn indexed_items(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    Ok(terms(call)?
        .into_iter()
        .enumerate()
        .map(|(index, value)| Value::from(vec![Value::from(index), value]))
        .collect())
}

/// Pairs of an element without its list, and each item of that list.
fn subelements(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let elements = call.list_of(&call.need(1, "elements")?)?;
    let key = call.need_text(2, "subelement")?;
    let flags = call.args.get(3).cloned().unwrap_or_default();
    let skip = call.flag(999, "skip_missing")
        || (flags.kind() == ValueKind::Map
            && item(&flags, &Value::from("skip_missing"))?.is_true());
    let mut out = Vec::new();
    for element in elements {
        let found = crate::template::filters::path_in(&element, &Value::from(key.as_str()))?;
        if found.is_undefined() {
            if skip {
                continue;
            }
            return Err(call.fail(&format!("did not find `{key}` in an element")));
        }
        let rest: Vec<(Value, Value)> = convert::entries(&element)?
            .into_iter()
            .filter(|(name, _)| name.as_str() != Some(&key))
            .collect();
        let rest = Value::from_pairs(rest);
        for entry in call.list_of(&found)? {
            out.push(Value::from(vec![rest.clone(), entry]));
        }
    }
    Ok(out)
}
