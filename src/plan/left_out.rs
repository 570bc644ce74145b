//! Components that are not for this tenant: switched off, or for another value of an input
//! (`only_with`), and what contradicts that.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, meant};
use crate::input::{Kind, Node};
use crate::playbook::{Component, With};

/// What is left out.
#[derive(Debug, Default)]
pub struct LeftOut {
    /// The names of the components.
    pub names: Vec<String>,
    /// What the inventory or a component says that cannot be.
    pub errors: Diagnostics,
}

/// What there is to decide by.
struct Deciding<'a> {
    components: &'a [Arc<Component>],
    settings: &'a dyn Fn(&str) -> Option<&'a Node>,
    only: &'a [String],
}

/// The components to leave out. `settings` gives the mapping under `nautes.components.<name>`;
/// `only` are the components that the command line names.
pub fn left_out<'a>(
    components: &'a [Arc<Component>],
    settings: &'a dyn Fn(&str) -> Option<&'a Node>,
    only: &'a [String],
) -> LeftOut {
    let deciding = Deciding {
        components,
        settings,
        only,
    };
    let mut out = LeftOut::default();
    for component in components {
        let enabled = deciding.value(component, "enabled");
        let mut is_out = enabled.is_some_and(|node| node.kind == Kind::Bool(false));
        for with in &component.only_with {
            match deciding.holds(component, with) {
                Ok(None) => {}
                Ok(Some(value)) => {
                    is_out = true;
                    out.errors
                        .extend(deciding.contradiction(component, with, value));
                }
                Err(error) => out.errors.push(*error),
            }
        }
        if is_out {
            out.names.push(component.name.clone());
        }
    }
    out
}

impl<'a> Deciding<'a> {
    /// An input as written: what the inventory says, else its default.
    fn value(&self, component: &'a Component, input: &str) -> Option<&'a Node> {
        let given = (self.settings)(&component.name).and_then(|node| node.get(input));
        let input = component.inputs.get(input);
        given.or_else(|| input.and_then(|input| input.default.as_ref()))
    }

    /// The value that stands against it; `None` if it is as wanted.
    fn holds(&self, of: &Component, with: &With) -> Result<Option<&'a Node>, Box<Diagnostic>> {
        let name = with.component.as_ref().unwrap_or(&of.name);
        let other = self.components.iter().find(|other| other.name == *name);
        let input = other.and_then(|other| other.inputs.get(&with.input));
        let (Some(other), Some(_)) = (other, input) else {
            return Err(Box::new(self.unknown(of, with, other)));
        };
        let Some(value) = self.value(other, &with.input) else {
            return Ok(None);
        };
        if value.as_str().is_some_and(|text| text.contains("{{")) {
            let path = format!("nautes.components.{name}.{}", with.input);
            return Err(Box::new(
                Diagnostic::error(
                    "plan/undecided",
                    format!(
                        "`{path}` decides whether there is a component `{}`, and is a template",
                        of.name
                    ),
                )
                .at(&value.span)
                .why("components are chosen before anything is rendered; nothing was touched")
                .help(format!(
                    "write the value itself, or give it with `--set {path}=…`"
                )),
            ));
        }
        Ok(Some(value).filter(|value| value.to_json() != with.value))
    }

    /// An `only_with` of an input that there is not.
    fn unknown(&self, of: &Component, with: &With, other: Option<&Arc<Component>>) -> Diagnostic {
        let path = |component: &str, input: &str| format!("{component}.{input}");
        let written = path(with.component.as_ref().unwrap_or(&of.name), &with.input);
        let all = self
            .components
            .iter()
            .filter(|c| other.is_none_or(|o| o.name == c.name));
        let known: Vec<String> = all
            .flat_map(|c| c.inputs.keys().map(|input| path(&c.name, input)))
            .collect();
        let known = known.iter().map(String::as_str);
        let help = meant(
            &written,
            known,
            "name an input of a component, or remove it",
        );
        Diagnostic::error(
            "plan/unknown-input",
            format!("`only_with` of `{}` names `{written}`, which is not an input", of.name),
        )
        .at(&with.span)
        .why("a component is there only with the value of another component's input; nothing was touched")
        .help(help)
    }

    /// The inventory or the command line wants what is left out.
    fn contradiction(&self, of: &Component, with: &With, value: &Node) -> Option<Diagnostic> {
        let (name, other) = (&of.name, with.component.as_ref().unwrap_or(&of.name));
        let enabled = (self.settings)(name).and_then(|node| node.get("enabled"));
        let wanted = enabled.filter(|node| node.kind == Kind::Bool(true));
        let what = match wanted {
            Some(_) => format!("`nautes.components.{name}.enabled` is true"),
            None if self.only.contains(name) => format!("`--only {name}` names it"),
            None => return None,
        };
        let path = format!("nautes.components.{other}.{}", with.input);
        let word = |json: &serde_json::Value| {
            json.as_str()
                .map_or_else(|| json.to_string(), ToOwned::to_owned)
        };
        let (has, needs) = (word(&value.to_json()), word(&with.value));
        let remedy = match wanted {
            Some(_) => "remove the line",
            None => "leave it away",
        };
        Some(
            Diagnostic::error(
                "plan/left-out",
                format!("component `{name}` is not there with `{path}: {has}`"),
            )
            .at_maybe(wanted.map(|node| &node.span))
            .why(format!(
                "{what}, but it is only there with `{needs}`; nothing was touched"
            ))
            .help(format!("{remedy}, or set `{path}: {needs}`")),
        )
    }
}
