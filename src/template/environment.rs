//! minijinja set up as Ansible sets up Jinja.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value};

use super::convert;
use super::scope;
use super::{filters, functions, predicates};

/// Names of functions and constants that are always there.
pub(super) const GLOBALS: &[&str] = &[
    "lookup",
    "query",
    "q",
    "now",
    "omit",
    "undef",
    "range",
    "dict",
    "namespace",
    "debug",
    "joiner",
    "cycler",
    "lipsum",
    "loop",
    "caller",
    "self",
    "super",
    "varargs",
    "kwargs",
    super::rewrite::GET,
    super::rewrite::CALL,
    super::rewrite::FORMAT,
    super::rewrite::EMBED,
    "\u{0}run",
];

/// The environment with all that Ansible brings. Texts in YAML have `trim_blocks`, as in Ansible.
pub(super) fn build() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_debug(false);
    environment.set_formatter(write);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    filters::register(&mut environment);
    predicates::register(&mut environment);
    functions::register(&mut environment);
    environment
}

/// Writes a value into text: null is nothing, everything else is Python's text.
fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.kind() == ValueKind::None {
        return Ok(());
    }
    if value.is_undefined() {
        // An `if` without an `else` writes nothing; everything else undefined is an error. Only
        // the engine can tell the two apart.
        return minijinja::escape_formatter(out, state, value);
    }
    let text = convert::text(value)?;
    if let Some(run) = scope::run(state)
        && let Some(emitted) = run.trail().emitted.last_mut()
        // Only whether there is one matters.
        && emitted.len() < 2
    {
        emitted.push(value.clone());
    }
    out.write_str(&text)?;
    Ok(())
}
