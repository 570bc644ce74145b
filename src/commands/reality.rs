//! Whether a run is on real hosts or on the simulated estate: `--rehearse` says so, or the
//! inventory does with `ansible_connection: rehearsal`. Never both in one run.

use super::Failed;
use super::cli::RunArgs;
use super::load::Loaded;
use super::world::names_of;
use crate::diagnostic::Diagnostic;
use crate::execute::Job;
use crate::input::{Node, Span, Var};
use crate::inventory::Inventory;

/// The name of the connection that is simulated.
const REHEARSAL: &str = "rehearsal";

/// The options with `rehearse` set if the hosts of these jobs are simulated ones.
pub fn of_jobs(args: &RunArgs, loaded: &Loaded, jobs: &[Job]) -> Result<RunArgs, Failed> {
    let plays = jobs.iter().flat_map(|job| job.plays.iter());
    let mut names: Vec<String> = Vec::new();
    for play in plays {
        for name in touched(&play.hosts, &loaded.inventory) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    if let Some(limit) = &loaded.limit {
        names.retain(|name| limit.contains(name));
    }
    of_hosts(args, &loaded.inventory, &names)
}

/// As [`of_jobs`], for hosts by name.
pub fn of_hosts(
    args: &RunArgs,
    inventory: &Inventory,
    names: &[String],
) -> Result<RunArgs, Failed> {
    let mut decided = args.clone();
    if args.rehearse {
        return Ok(decided);
    }
    // Plays on the controller alone may delegate to any host.
    let every: Vec<String>;
    let names = if names.iter().all(|name| is_controller(name)) {
        every = inventory.hosts.keys().cloned().collect();
        &every
    } else {
        names
    };
    // The controller goes with the hosts: in a rehearsal it is simulated too.
    let hosts = names.iter().filter(|name| !is_controller(name));
    let (rehearsed, real): (Vec<&String>, Vec<&String>) =
        hosts.partition(|name| connection(inventory, name).is_some());
    match (rehearsed.first(), real.first()) {
        (Some(one), Some(other)) => {
            let mixed = Diagnostic::error(
                "rehearsal/mixed",
                format!("`{one}` is simulated and `{other}` is a real host: one run cannot have both"),
            )
            .why(format!(
                "{} of {} hosts have `ansible_connection: rehearsal`; nothing was touched",
                rehearsed.len(),
                rehearsed.len() + real.len()
            ))
            .help("choose hosts of one kind with `--limit`, or simulate all of them with `--rehearse`");
            Err(match connection(inventory, one).flatten() {
                Some(place) => mixed.at(&place),
                None => mixed,
            }
            .into())
        }
        (Some(_), None) => {
            decided.rehearse = true;
            Ok(decided)
        }
        _ => Ok(decided),
    }
}

fn is_controller(name: &str) -> bool {
    ["localhost", "127.0.0.1", "::1"].contains(&name)
}

/// The hosts that a play may run on; a pattern that is not known yet may name any of them.
fn touched(pattern: &Node, inventory: &Inventory) -> Vec<String> {
    let parts: Vec<&str> = match pattern.as_seq() {
        Some(parts) => parts.iter().filter_map(Node::as_str).collect(),
        None => pattern.as_str().into_iter().collect(),
    };
    let text = parts.join(",");
    let known = (!text.contains("{{")).then(|| names_of(inventory, &text, None).ok());
    known
        .flatten()
        .unwrap_or_else(|| inventory.hosts.keys().cloned().collect())
}

/// Whether a host is simulated, and where that is written if it is in a file.
#[expect(
    clippy::option_option,
    reason = "simulated or not, with a place or without"
)]
fn connection(inventory: &Inventory, name: &str) -> Option<Option<Span>> {
    let host = inventory.hosts.get(name)?;
    let key = "ansible_connection";
    match inventory.extra.get(key).or_else(|| host.vars.get(key))? {
        Var::Written(node) => (node.as_str() == Some(REHEARSAL)).then(|| Some(node.span.clone())),
        Var::Data(value) => (value.as_str() == Some(REHEARSAL)).then_some(None),
        _ => None,
    }
}
