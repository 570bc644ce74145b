//! `lookup`, `query` and `q`: data from the machine this program runs on, and from variables.

mod files;
mod generate;
mod password;
mod tables;

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::call::Call;
use super::convert;
use super::fault::Fault;
use crate::diagnostic::{Diagnostic, nearest};

/// A lookup: all its results. The call's arguments after the first are its terms.
type Body = fn(&mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error>;

const TABLES: &[&[(&str, Body)]] = &[
    files::TABLE,
    generate::TABLE,
    tables::TABLE,
    password::TABLE,
];

/// Lookups that Ansible has and we refuse, with what to do instead.
const REFUSED: &[(&str, &str)] = &[
    ("url", "use the `uri` module and its registered result"),
    (
        "pipe",
        "use the `command` module with `delegate_to: localhost` and its registered result",
    ),
    (
        "lines",
        "use the `command` module with `delegate_to: localhost` and its registered result",
    ),
    ("config", "Ansible's own configuration does not exist here"),
    (
        "unvault",
        "use `lookup('file', …)`: vaulted files are read as they are",
    ),
];

/// The names of all lookups.
fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().copied().flatten().map(|(name, _)| *name)
}

/// What is wrong with a lookup's name, if anything.
pub(super) fn judge(name: &str) -> Option<Diagnostic> {
    let short = short(name);
    if names().any(|known| known == short) {
        return None;
    }
    if let Some((_, instead)) = REFUSED.iter().find(|(known, _)| *known == short) {
        let what = format!("the lookup `{name}` is not supported here");
        return Some(Diagnostic::error("template/unknown-lookup", what).help(*instead));
    }
    let diagnostic = Diagnostic::error(
        "template/unknown-lookup",
        format!("there is no lookup `{name}`"),
    );
    Some(match nearest(short, names()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    })
}

fn short(name: &str) -> &str {
    [
        "ansible.builtin.",
        "ansible.legacy.",
        "community.general.",
        "ansible.utils.",
    ]
    .iter()
    .find_map(|collection| name.strip_prefix(collection))
    .unwrap_or(name)
}

/// `query(name, terms…)`: always a list.
pub(super) fn query(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(match results(call)? {
        Some(found) => Value::from(found),
        None => Value::from(Vec::<Value>::new()),
    })
}

/// `lookup(name, terms…)`: one result as it is, several texts joined by commas, else a list.
pub(super) fn lookup(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let Some(mut found) = results(call)? else {
        return Ok(Value::from(()));
    };
    if call.flag(999, "wantlist") {
        return Ok(Value::from(found));
    }
    if found.len() == 1 {
        return Ok(found.pop().unwrap_or_default());
    }
    let text = |value: &Value| value.kind() == ValueKind::String;
    if found.is_empty() || !found.iter().all(text) {
        return Ok(Value::from(found));
    }
    let parts = found
        .iter()
        .map(convert::text)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Value::from(parts.join(",")))
}

/// The results; `None` if it failed and `errors` says not to mind.
fn results(call: &mut Call<'_, '_, '_>) -> Result<Option<Vec<Value>>, Error> {
    let name = call.need_text(0, "plugin_name")?;
    if let Some(diagnostic) = judge(&name) {
        return Err(call.run()?.error(Fault::Wrong(Box::new(diagnostic))));
    }
    let short = short(&name);
    let Some((known, body)) = TABLES
        .iter()
        .copied()
        .flatten()
        .find(|(known, _)| *known == short)
    else {
        return Ok(None);
    };
    call.name = known;
    let patient = match call.named("errors") {
        Some(errors) => matches!(errors.as_str(), Some("ignore" | "warn")),
        None => false,
    };
    match body(call) {
        Ok(found) => Ok(Some(found)),
        // What was refused on purpose stays refused.
        Err(error)
            if patient
                && error.kind() == minijinja::ErrorKind::InvalidOperation
                && std::error::Error::source(&error).is_none() =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The terms: all that follows the lookup's name, lists in place of their items.
fn terms(call: &Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let mut out = Vec::new();
    for term in call.args.iter().skip(1) {
        match term.kind() {
            ValueKind::Seq | ValueKind::Iterable => out.extend(convert::items(term)?),
            _ => out.push(term.clone()),
        }
    }
    Ok(out)
}

/// The terms as text.
fn words(call: &Call<'_, '_, '_>) -> Result<Vec<String>, Error> {
    terms(call)?.iter().map(convert::text).collect()
}

/// The terms as lists.
fn lists(call: &Call<'_, '_, '_>) -> Result<Vec<Vec<Value>>, Error> {
    call.args
        .iter()
        .skip(1)
        .map(|term| call.list_of(term))
        .collect()
}
