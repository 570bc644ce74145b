//! Variables from the command line: `-e` sets whole variables, `--set` one leaf.

mod assign;
mod leaf;

pub(super) use leaf::set;

use super::Vars;
use super::open::{Opened, Opener, Secrecy};
use super::vars_files::mapping;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Kind, Source};

/// Every `-e`, later ones over earlier ones.
pub(super) fn read(opener: Opener<'_>) -> Result<Vars, Diagnostics> {
    let mut vars = Vars::new();
    let mut errors = Vec::new();
    for written in opener.options.extra.iter().filter(|e| !e.is_empty()) {
        match one(opener, written) {
            Ok(found) => vars.extend(found),
            Err(more) => errors.extend(more),
        }
    }
    if errors.is_empty() {
        Ok(vars)
    } else {
        Err(errors)
    }
}

fn one(opener: Opener<'_>, written: &str) -> Result<Vars, Diagnostics> {
    let error = |what: String| Diagnostic::error("inventory/extra-vars", what);
    if let Some(path) = written.strip_prefix('@') {
        let tree = opener.yaml(&opener.absolute(path))?;
        return mapping(&tree.node).map_err(|error| vec![error]);
    }
    let source = Source::new("-e", written);
    if written.starts_with(['/', '.']) {
        return Err(vec![
            error(format!("`-e {written}` looks like a file"))
                .help(format!("write `-e @{written}`")),
        ]);
    }
    if written.starts_with(['{', '[']) {
        let content = Opened {
            source,
            secrecy: Secrecy::Open,
        };
        let tree = opener.tree(&content)?;
        if !matches!(tree.node.kind, Kind::Map(_)) {
            let what = format!("`-e` holds {}, not variables", tree.node.type_name());
            return Err(vec![error(what).at(&tree.node.span)]);
        }
        return mapping(&tree.node).map_err(|error| vec![error]);
    }
    assign::read(&source).map_err(|error| vec![error])
}
