//! The order of components: by what they need, else as `playbooks/tenant.yaml` lists them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::playbook::Component;

/// Which components the user chose.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// `--only`: these and nothing else (what they need is taken as it is). Empty: all.
    pub only: Vec<String>,
    /// `--skip`: not these.
    pub skip: Vec<String>,
    /// Components with `enabled: false`.
    pub disabled: Vec<String>,
}

/// A component in its place.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The component.
    pub component: Arc<Component>,
    /// Indexes of the planned components that must be done before it.
    pub after: Vec<usize>,
}

/// What runs after what. Every component comes behind those it needs.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In an order in which they could run one by one.
    pub steps: Vec<Planned>,
}

impl Plan {
    /// The same components for taking down: the last first, each after those that need it.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let count = self.steps.len();
        let steps = (0..count)
            .rev()
            .map(|index| Planned {
                component: self.steps[index].component.clone(),
                after: (index + 1..count)
                    .filter(|later| self.steps[*later].after.contains(&index))
                    .map(|later| count - 1 - later)
                    .collect(),
            })
            .collect();
        Self { steps }
    }
}

/// Orders the components, or says why they cannot be ordered.
pub fn plan(components: &[Arc<Component>], choice: &Choice) -> Result<Plan, Diagnostics> {
    let mut errors = unknown_names(components, choice);
    errors.extend(unknown_needs(components));
    if !errors.is_empty() {
        return Err(errors);
    }
    let wanted: Vec<&Arc<Component>> = components.iter().filter(|c| chosen(c, choice)).collect();
    let order = sorted(&wanted)?;
    let steps = order
        .iter()
        .map(|component| Planned {
            component: (*component).clone(),
            after: order
                .iter()
                .enumerate()
                .filter(|(_, other)| reaches(components, component, &other.name))
                .map(|(index, _)| index)
                .collect(),
        })
        .collect();
    Ok(Plan { steps })
}

fn chosen(component: &Component, choice: &Choice) -> bool {
    let named = |list: &[String]| list.contains(&component.name);
    (choice.only.is_empty() || named(&choice.only))
        && !named(&choice.skip)
        && !named(&choice.disabled)
}

/// Every component that one needs, directly or through others.
pub fn ancestors(components: &[Arc<Component>], of: &Component) -> Vec<String> {
    components
        .iter()
        .filter(|other| reaches(components, of, &other.name))
        .map(|other| other.name.clone())
        .collect()
}

/// Whether `from` needs `name`, directly or through others (also through ones left out).
fn reaches(components: &[Arc<Component>], from: &Component, name: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = from.needs.iter().map(|(need, _)| need.as_str()).collect();
    while let Some(next) = open.pop() {
        if next == name {
            return true;
        }
        if seen.insert(next)
            && let Some(component) = components.iter().find(|c| c.name == next)
        {
            open.extend(component.needs.iter().map(|(need, _)| need.as_str()));
        }
    }
    false
}

/// Kahn's algorithm; among those that are ready the first listed goes first, so that the order
/// does not depend on names or hashing.
fn sorted<'a>(wanted: &[&'a Arc<Component>]) -> Result<Vec<&'a Arc<Component>>, Diagnostics> {
    let mut left: Vec<&Arc<Component>> = wanted.to_vec();
    let mut order = Vec::new();
    while !left.is_empty() {
        let ready = left.iter().position(|component| {
            component
                .needs
                .iter()
                .all(|(need, _)| !left.iter().any(|other| other.name == *need))
        });
        match ready {
            Some(index) => order.push(left.remove(index)),
            None => return Err(vec![cycle(&left)]),
        }
    }
    Ok(order)
}

/// The cycle among what is left, in words.
fn cycle(left: &[&Arc<Component>]) -> Diagnostic {
    let mut path: Vec<&str> = vec![&left[0].name];
    let mut at = left[0];
    loop {
        let Some((need, span)) = at
            .needs
            .iter()
            .find(|(need, _)| left.iter().any(|c| c.name == *need))
        else {
            return Diagnostic::error("plan/cycle", "components need each other");
        };
        if let Some(start) = path.iter().position(|name| name == need) {
            let mut names: Vec<String> = path[start..]
                .iter()
                .map(|name| format!("`{name}`"))
                .collect();
            names.push(format!("`{need}`"));
            return Diagnostic::error(
                "plan/cycle",
                format!("components need each other: {}", names.join(" → ")),
            )
            .at(span)
            .why("none of them could be first; nothing was touched")
            .help("remove one of these `needs`");
        }
        path.push(need);
        let Some(next) = left.iter().find(|c| c.name == *need) else {
            return Diagnostic::error("plan/cycle", "components need each other");
        };
        at = next;
    }
}

fn unknown_needs(components: &[Arc<Component>]) -> Diagnostics {
    let names: Vec<&str> = components.iter().map(|c| c.name.as_str()).collect();
    let mut errors = Vec::new();
    for component in components {
        for (need, span) in component
            .needs
            .iter()
            .filter(|(need, _)| !names.contains(&need.as_str()))
        {
            let help = match nearest(need, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add a line `{need}` to `tenant.yaml`, or remove the need"),
            };
            errors.push(
                Diagnostic::error(
                    "plan/unknown-component",
                    format!(
                        "`{}` needs `{need}`, which is not a component",
                        component.name
                    ),
                )
                .at(span)
                .why(format!(
                    "components are {}; nothing was touched",
                    names.join(", ")
                ))
                .help(help),
            );
        }
    }
    errors
}

fn unknown_names(components: &[Arc<Component>], choice: &Choice) -> Diagnostics {
    let names: Vec<&str> = components.iter().map(|c| c.name.as_str()).collect();
    choice
        .only
        .iter()
        .map(|name| ("--only", name))
        .chain(choice.skip.iter().map(|name| ("--skip", name)))
        .filter(|(_, name)| !names.contains(&name.as_str()))
        .map(|(option, name)| {
            let help = nearest(name, names.iter().copied()).map_or_else(
                || "choose one of them".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            Diagnostic::error(
                "plan/unknown-component",
                format!("`{option} {name}`: there is no such component"),
            )
            .why(format!(
                "components are {}; nothing was touched",
                names.join(", ")
            ))
            .help(help)
        })
        .collect()
}
