//! A component's inputs: what the inventory says under `nautes.components.<name>`, else the default.

use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::input::{Kind, Node};
use crate::playbook::{Component, Input, With};

/// The inputs of a component as written (defaults filled in), checked against their types.
/// `settings` is the mapping under `nautes.components.<name>`, if there is one.
pub fn inputs_of(component: &Component, settings: Option<&Node>) -> Result<Node, Diagnostics> {
    let mut errors = Vec::new();
    let written = match settings.map(|node| &node.kind) {
        None | Some(Kind::Null) => &[][..],
        Some(Kind::Map(entries)) => entries.as_slice(),
        Some(_) => {
            errors.extend(settings.map(|node| wrong(component, node)));
            &[][..]
        }
    };
    for (key, value) in written {
        let name = key.key_text();
        match component.inputs.get(&name) {
            None => errors.push(unknown(component, &name, key)),
            Some(input) => errors.extend(mismatch(component, &name, (input, value))),
        }
    }
    let mut entries = Vec::new();
    for (name, input) in &component.inputs {
        let given = written
            .iter()
            .find(|(key, _)| key.key_text() == *name)
            .map(|(_, value)| value.clone());
        match given.or_else(|| input.default.clone()) {
            Some(value) => entries.push((
                Node::new(input.span.clone(), Kind::Str(name.clone())),
                value,
            )),
            None => errors.push(
                Diagnostic::error(
                    "plan/missing-input",
                    format!("component `{}` needs `{name}`", component.name),
                )
                .at_maybe(settings.map(|node| &node.span))
                .why(format!(
                    "{}; it has no default; nothing was touched",
                    input.help
                ))
                .help(format!(
                    "set `nautes.components.{}.{name}` in the inventory",
                    component.name
                )),
            ),
        }
    }
    errors.extend(absent(component, &entries, settings));
    errors.extend(meaningless(component, &entries, written));
    if errors.is_empty() {
        Ok(Node::new(component.span.clone(), Kind::Map(entries)))
    } else {
        Err(errors)
    }
}

/// Inputs that are empty though another input's value asks for them.
fn absent(
    component: &Component,
    entries: &[(Node, Node)],
    settings: Option<&Node>,
) -> Vec<Diagnostic> {
    let value = |name: &str| {
        let mut found = entries.iter().filter(|(key, _)| key.key_text() == name);
        found.next().map(|(_, value)| value)
    };
    let mut errors = Vec::new();
    for (name, input) in &component.inputs {
        let is_empty = value(name).is_none_or(|node| match &node.kind {
            Kind::Null => true,
            Kind::Str(text) => text.is_empty(),
            _ => false,
        });
        let asked = |with: &&With| value(&with.input).is_some_and(|v| v.to_json() == with.value);
        let Some(with) = input.required_with.iter().find(asked).filter(|_| is_empty) else {
            continue;
        };
        let (of, wanted) = (&component.name, with.value.as_str().unwrap_or_default());
        let place = settings.and_then(|node| node.get(name).or_else(|| node.get(&with.input)));
        errors.push(
            Diagnostic::error(
                "plan/missing-input",
                format!(
                    "component `{of}` needs `{name}` with `{}: {wanted}`",
                    with.input
                ),
            )
            .at_maybe(place.or(settings).map(|node| &node.span))
            .why(format!("{}; nothing was touched", input.help))
            .help(format!(
                "set `nautes.components.{of}.{name}` in the inventory"
            )),
        );
    }
    errors
}

/// Inputs that are given though another input's value leaves them without a meaning.
fn meaningless(
    component: &Component,
    entries: &[(Node, Node)],
    written: &[(Node, Node)],
) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    for (key, value) in written {
        let name = key.key_text();
        let Some(input) = component.inputs.get(&name) else {
            continue;
        };
        let other = input.only_with.iter().find_map(|with| {
            let mut found = entries
                .iter()
                .filter(|(key, _)| key.key_text() == with.input);
            let has = found.next().map(|(_, value)| value)?;
            let open = has.as_str().is_some_and(|text| text.contains("{{"));
            (!open && has.to_json() != with.value).then_some((with, has))
        });
        let Some((with, has)) = other.filter(|_| value.kind != Kind::Null) else {
            continue;
        };
        let (of, wanted) = (&component.name, with.value.as_str().unwrap_or_default());
        errors.push(
            Diagnostic::error(
                "settings/not-with",
                format!(
                    "`nautes.components.{of}.{name}` has no meaning with `{}: {}`",
                    with.input,
                    has.key_text()
                ),
            )
            .at(&key.span)
            .why(format!("{}; nothing was touched", input.help))
            .help(format!(
                "remove it, or set `nautes.components.{of}.{}: {wanted}`",
                with.input
            )),
        );
    }
    errors
}

/// Texts that have not the form that the component asks for.
fn ill_formed(path: &str, input: &Input, value: &Node) -> Option<Diagnostic> {
    let pattern = fancy_regex::Regex::new(input.pattern.as_ref()?).ok()?;
    let items = match &value.kind {
        Kind::Seq(items) => items.as_slice(),
        _ => std::slice::from_ref(value),
    };
    let open = |text: &str| text.is_empty() || text.contains("{{");
    let wrong = items.iter().find(|item| {
        let text = item.key_text();
        !open(&text) && !pattern.is_match(&text).unwrap_or_default()
    })?;
    Some(
        Diagnostic::error(
            "settings/bad-form",
            format!("`{path}` cannot be `{}`", wrong.key_text()),
        )
        .at(&wrong.span)
        .why(format!("{}; nothing was touched", input.help))
        .help(format!("write it in the form `{pattern}`")),
    )
}

fn wrong(component: &Component, node: &Node) -> Diagnostic {
    Diagnostic::error(
        "settings/wrong-type",
        format!(
            "`nautes.components.{}` must be a mapping, this is {}",
            component.name,
            node.type_name()
        ),
    )
    .at(&node.span)
    .why("nothing was touched")
    .help("write its settings as `name: value` lines")
}

fn unknown(component: &Component, name: &str, key: &Node) -> Diagnostic {
    let names: Vec<&str> = component.inputs.keys().map(String::as_str).collect();
    let help = nearest(name, names.iter().copied()).map_or_else(
        || "remove it".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Diagnostic::error(
        "settings/unknown-field",
        format!("component `{}` has no input `{name}`", component.name),
    )
    .at(&key.span)
    .why(format!(
        "its inputs are {}; nothing was touched",
        names.join(", ")
    ))
    .help(help)
}

/// A value of another type, or none of the choices. Templates are checked when they are rendered.
fn mismatch(
    component: &Component,
    name: &str,
    (input, value): (&Input, &Node),
) -> Option<Diagnostic> {
    if value.as_str().is_some_and(|text| text.contains("{{")) {
        return None;
    }
    let json = value.to_json();
    let path = format!("nautes.components.{}.{name}", component.name);
    if !input.kind.accepts(&json) {
        return Some(
            Diagnostic::error(
                "settings/wrong-type",
                format!(
                    "`{path}` must be of type {}, this is {}",
                    input.kind.name(),
                    value.type_name()
                ),
            )
            .at(&value.span)
            .why(format!("{}; nothing was touched", input.help))
            .help(match &input.default {
                Some(default) => format!("write a value like the default, `{}`", default.to_json()),
                None => format!("write a value of type {}", input.kind.name()),
            }),
        );
    }
    if !input.choices.is_empty() && !input.choices.contains(&json) {
        let choices: Vec<String> = input
            .choices
            .iter()
            .map(|choice| format!("`{choice}`"))
            .collect();
        return Some(
            Diagnostic::error("settings/bad-choice", format!("`{path}` cannot be {json}"))
                .at(&value.span)
                .why(format!("{}; nothing was touched", input.help))
                .help(format!("write one of {}", choices.join(", "))),
        );
    }
    ill_formed(&path, input, value).filter(|_| !input.secret)
}
