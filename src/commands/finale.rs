//! The end of an `up` that went well: what the tenant is reached by, and where to look next.

use super::cli::RunArgs;
use super::load::Loaded;
use super::shared::Console;
use crate::execute::Report;
use crate::input::{Json, Var};

/// A value longer than this is not worth a line.
const LONGEST: usize = 100;

/// Tells the outputs of the components and the next steps.
pub fn tell(args: &RunArgs, (loaded, report): (&Loaded, &Report), console: &Console) {
    let where_it_is = if args.rehearse { " (simulated)" } else { "" };
    let mut lines = vec![
        String::new(),
        format!("TENANT {}{where_it_is}", loaded.tenant),
    ];
    if args.rehearse {
        lines.push(
            "  its hosts exist only inside this program: nothing real was touched".to_owned(),
        );
    }
    if args.rehearse && report.outputs.contains_key("tenant-repo") {
        lines.push(
            "  the tenant's repositories are filled from stand-ins of their templates, made of facts about them"
                .to_owned(),
        );
    }
    lines.extend(outputs(loaded, report));
    lines.push(String::new());
    lines.push("NEXT".to_owned());
    let program = program();
    let inventory: Vec<String> = args
        .source
        .inventory
        .iter()
        .map(|name| format!("-i {name}"))
        .collect();
    let inventory = inventory.join(" ");
    let steps = if args.rehearse {
        rehearsed(args, loaded, &inventory)
    } else {
        vec![
            (
                format!("up {inventory}"),
                "again, whenever you like; it changes only what differs",
            ),
            (format!("status {inventory}"), "how every component is"),
        ]
    };
    for (step, why) in steps {
        lines.push(format!("  {why}:"));
        lines.push(format!("      {program} {step}"));
    }
    let text = console.redactor.redact(&lines.join("\n"));
    console.data(&format!("{text}\n"));
}

/// What to try after a rehearsal.
fn rehearsed(args: &RunArgs, loaded: &Loaded, inventory: &str) -> Vec<(String, &'static str)> {
    let host = loaded.inventory.hosts.keys().next();
    let host = host.map_or("HOST", String::as_str);
    let said = (args.estate.as_ref())
        .map(|directory| format!(" --estate {}", directory.display()))
        .unwrap_or_default();
    vec![
        (
            format!("up {inventory}{said}"),
            "the same again: nothing changes",
        ),
        (
            format!("up {inventory} --estate ./broken --fault {host}:disk-full"),
            "a failure on another estate (docs/rehearsal.md lists the faults)",
        ),
        (
            format!("rehearse show {inventory}{said}"),
            "what is on the simulated hosts now",
        ),
        (
            "init".to_owned(),
            "an inventory for hosts of your own; `--rehearse` rehearses it",
        ),
    ]
}

/// One line for each output that a person can use: addresses, versions, folders.
fn outputs(loaded: &Loaded, report: &Report) -> Vec<String> {
    let mut found = Vec::new();
    for component in &loaded.components {
        let Some(Var::Scope(values)) = report.outputs.get(&component.name) else {
            continue;
        };
        for (name, output) in &component.outputs {
            let shown = match values.get(name) {
                _ if output.secret => continue,
                Some(Var::Data(Json::String(text))) => text,
                Some(Var::Data(value @ (Json::Bool(_) | Json::Number(_)))) => value.to_string(),
                _ => continue,
            };
            if !shown.trim().contains('\n') && shown.len() <= LONGEST {
                found.push((format!("{}.{name}", component.name), shown));
            }
        }
    }
    let width = found.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    found
        .into_iter()
        .map(|(name, value)| format!("  {name:<width$}  {}", value.trim()))
        .collect()
}

/// How the user started this program, so that the next steps can be copied.
fn program() -> &'static str {
    let path = std::env::args_os().next().unwrap_or_default();
    let path = path.to_string_lossy();
    match () {
        () if path.starts_with("target/release/") => "cargo run --release --",
        () if path.starts_with("target/debug/") => "cargo run --",
        () => "nautes-install",
    }
}
