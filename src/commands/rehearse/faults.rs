//! The faults of a rehearsal: `--fault TEXT`, and scenario files with a list of such texts.

use std::path::Path;

use crate::commands::cli::RunArgs;
use crate::diagnostic::{Diagnostic, Diagnostics, nearest, read_one};
use crate::input::{Files, Node, Rules, Source};
use crate::rehearsal::Fault;

const WRITE: &str = "docs/rehearsal.md lists the faults and how to write them";

/// What a scenario file may say.
const KEYS: [&str; 2] = ["title", "faults"];

/// The faults that the user asks for; everything that is wrong with them.
pub fn of(args: &RunArgs, files: &dyn Files) -> Result<Vec<Fault>, Diagnostics> {
    let mut errors = Vec::new();
    let mut faults = Vec::new();
    for text in &args.fault {
        match text.parse() {
            Ok(fault) => faults.push(fault),
            Err(why) => errors.push(bad(&format!("`--fault {text}`: {why}"))),
        }
    }
    for path in &args.scenario {
        match scenario(path, files) {
            Ok(found) => faults.extend(found),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() {
        Ok(faults)
    } else {
        Err(errors)
    }
}

fn bad(what: &str) -> Diagnostic {
    Diagnostic::error("rehearsal/bad-fault", what)
        .why("nothing was touched")
        .help(WRITE)
}

fn wrong(what: impl Into<String>) -> Diagnostic {
    Diagnostic::error("rehearsal/bad-scenario", what)
        .why("a scenario is `faults: [TEXT, …]`, with a `title` if you like; nothing was touched")
        .help(WRITE)
}

/// Reads `faults: [TEXT, …]`.
fn scenario(path: &Path, files: &dyn Files) -> Result<Vec<Fault>, Diagnostics> {
    let shown = path.display().to_string();
    let bytes = files.read(path).map_err(|error| {
        let what = format!("cannot read the scenario `{shown}`");
        vec![
            Diagnostic::error("rehearsal/bad-scenario", what)
                .why(error.to_string())
                .help("name a file with `faults: [TEXT, …]`"),
        ]
    })?;
    let source = Source::new(shown, String::from_utf8_lossy(&bytes));
    let tree = read_one(&source, Rules::Ansible)?;
    let Some(entries) = tree.as_map() else {
        return Err(vec![wrong("a scenario is a mapping").at(&tree.span)]);
    };
    let mut errors: Diagnostics = entries
        .iter()
        .filter(|(key, _)| !KEYS.contains(&key.key_text().as_str()))
        .map(|(key, _)| unknown(key))
        .collect();
    let mut faults = Vec::new();
    match tree.get("faults").map(|node| (node, node.as_seq())) {
        None => errors.push(wrong("the scenario has no `faults`").at(&tree.span)),
        Some((node, None)) => errors.push(wrong("`faults` is a list of texts").at(&node.span)),
        Some((_, Some(texts))) => {
            for node in texts {
                match node.as_str().map(str::parse::<Fault>) {
                    Some(Ok(fault)) => faults.push(fault),
                    Some(Err(why)) => errors.push(bad(&why).at(&node.span)),
                    None => errors.push(wrong("a fault is a text").at(&node.span)),
                }
            }
        }
    }
    if errors.is_empty() {
        Ok(faults)
    } else {
        Err(errors)
    }
}

fn unknown(key: &Node) -> Diagnostic {
    let name = key.key_text();
    let error = wrong(format!("unknown field `{name}` in a scenario")).at(&key.span);
    match nearest(&name, KEYS) {
        Some(meant) => error.help(format!("did you mean `{meant}`?")),
        None => error,
    }
}
