//! Functions: the internal ones that rewritten text calls, and those Ansible gives to templates.

mod access;
mod format;
mod methods;

use minijinja::value::Rest;
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::call::{Body, Call, Undefined, wrap};
use super::convert::Omit;
use super::fault::{Fault, Miss};
use super::lookups;
use super::rewrite::{CALL, EMBED, FORMAT, GET};
use super::scope;

pub(super) use access::item;
pub(super) use format::percent;

/// Adds all functions.
pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function(GET, access::get);
    environment.add_function(CALL, access::call);
    environment.add_function(FORMAT, |format: Value, args: Value| {
        percent(&super::convert::text(&format)?, &args).map(Value::from)
    });
    environment.add_function(EMBED, embed);
    environment.add_global("omit", Value::from_object(Omit));
    let own: [(&'static str, Body); 6] = [
        ("undef", undef),
        ("lookup", lookups::lookup),
        ("query", lookups::query),
        ("q", lookups::query),
        ("now", super::time::now),
        ("dict", dict),
    ];
    for (name, body) in own {
        environment.add_function(name, wrap(name, body, Undefined::Refused));
    }
}

/// A string constant that is a template.
fn embed(state: &mut State<'_, '_>, args: Rest<Value>) -> Result<Value, Error> {
    let text = args
        .first()
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let Some(run) = scope::run(state) else {
        return Ok(Value::from(text));
    };
    let source = crate::input::Source::new("a string in a template", text.clone());
    let node = crate::input::Node::new(
        crate::input::Span {
            start: 0,
            end: text.len(),
            source,
        },
        crate::input::Kind::Str(text.clone()),
    );
    match super::evaluate::text(&run, &text, &node) {
        Ok(value) => Ok(value),
        Err(Fault::Undefined(cause)) => {
            run.miss(Miss::because("", cause));
            Err(Error::from(ErrorKind::UndefinedError))
        }
        Err(fault) => Err(run.error(fault)),
    }
}

/// `undef(hint=…)`: a value that fails with the author's words when used.
fn undef(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let hint = match call.args.first().cloned().or_else(|| call.named("hint")) {
        Some(hint) => super::convert::text(&hint)?,
        None => "mandatory variable has not been overridden".to_owned(),
    };
    call.run()?.miss(Miss::said(hint));
    Ok(Value::UNDEFINED)
}

/// `dict(pairs, a=1)`.
fn dict(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let mut entries = Vec::new();
    if let Some(value) = call.args.first().cloned() {
        if value.kind() == minijinja::value::ValueKind::Map {
            entries = super::convert::entries(&value)?;
        } else {
            for pair in call.list()? {
                match call.list_of(&pair)?.as_slice() {
                    [key, value] => entries.push((key.clone(), value.clone())),
                    _ => return Err(call.fail("needs pairs")),
                }
            }
        }
    }
    entries.extend(
        call.all_named()
            .iter()
            .map(|(key, value)| (Value::from(key.as_str()), value.clone())),
    );
    Ok(Value::from_pairs(entries))
}
