//! Where `nautes` is written: once for the whole tenant.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::input::{Node, Var};
use crate::inventory::Inventory;

/// The variable `nautes`, the same on every host; `None` if nobody wrote it. Extra variables win.
/// Render its templates before [`super::read`].
pub fn find(inventory: &Inventory) -> Result<Option<Arc<Node>>, Diagnostic> {
    let written = |value: Option<&Var>| match value {
        Some(Var::Written(node)) => Some(Arc::clone(node)),
        _ => None,
    };
    if let Some(node) = written(inventory.extra.get("nautes")) {
        return Ok(Some(node));
    }
    let all = inventory.groups.get("all");
    let mut found = written(all.and_then(|group| group.vars.get("nautes")));
    for host in inventory.hosts.values() {
        let Some(here) = written(host.vars.get("nautes")) else {
            continue;
        };
        match &found {
            None => found = Some(here),
            Some(first) if **first == *here => {}
            Some(first) => {
                let what = format!("host `{}` has another `nautes` than the tenant", host.name);
                return Err(Diagnostic::error("inventory/settings-differ", what)
                    .at(&here.span)
                    .related(&first.span, "the tenant's")
                    .why("`nautes` describes the tenant as a whole, so it is written once")
                    .help("keep it under `all: vars:` and delete the other"));
            }
        }
    }
    Ok(found)
}
