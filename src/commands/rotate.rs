//! `secrets rotate`: secrets made anew and taken to all who use them. Each component says which of
//! its secrets can be (`rotate:`); the work is a run of `up` over those that it names.

use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::cli::{Output, RunArgs, UpArgs};
use super::load::{self, Loaded};
use super::shared::Console;
use super::{Ended, Failed, up};
use crate::diagnostic::{Diagnostic, Diagnostics, ExitCode, meant};
use crate::playbook::Rotation;

/// The name under which components read what is to be made anew.
pub const NAME: &str = "rotated";

/// `secrets rotate`.
#[derive(Args, Clone, Debug)]
pub struct RotateArgs {
    /// Their names, as `list` shows them.
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// Do it now; without it only says which components would run.
    #[arg(long)]
    pub apply: bool,
    #[command(flatten)]
    /// What every run takes.
    pub run: RunArgs,
}

/// One secret and the components that run for it.
struct Chosen<'a> {
    name: &'a str,
    then: Vec<String>,
}

/// Says what is to be done, or does it.
pub async fn rotate(args: &RotateArgs, console: &Arc<Console>) -> Ended {
    let loaded = load::load(&args.run.source, console)?;
    let chosen = chosen(&args.names, &loaded)?;
    // In the order of the story, each once.
    let named = |name: &String| chosen.iter().any(|one| one.then.contains(name));
    let components = loaded.components.iter().map(|one| one.name.clone());
    let only: Vec<String> = components.filter(named).collect();
    if !args.apply {
        console.data(&told(&chosen, &only, console.output));
        return Ok(ExitCode::Done);
    }
    let mut run = args.run.clone();
    run.only = only;
    run.rotated.clone_from(&args.names);
    let args = UpArgs { run, check: false };
    up::up(&args, console).await
}

/// What each name means; all that cannot be done is told together.
fn chosen<'a>(names: &'a [String], loaded: &Loaded) -> Result<Vec<Chosen<'a>>, Failed> {
    let without = loaded.disabled();
    let there = loaded
        .components
        .iter()
        .filter(|one| !without.contains(&one.name));
    let rules: Vec<&Rotation> = there.flat_map(|one| one.rotate.iter()).collect();
    let mut errors: Diagnostics = Vec::new();
    let mut all = Vec::new();
    for name in names {
        match rules.iter().find(|rule| rule.is_of(name)) {
            None => errors.push(unknown(name, &rules)),
            Some(Rotation {
                refuse: Some(why), ..
            }) => errors.push(refused(name, why)),
            Some(rule) => {
                let then = rule.then.iter().filter(|one| !without.contains(*one));
                all.push(Chosen {
                    name,
                    then: then.cloned().collect(),
                });
            }
        }
    }
    if errors.is_empty() {
        Ok(all)
    } else {
        Err(errors.into())
    }
}

fn told(chosen: &[Chosen<'_>], only: &[String], output: Output) -> String {
    if output == Output::Json {
        let secrets = chosen.iter();
        let secrets: Vec<_> = secrets
            .map(|one| json!({ "name": one.name, "components": one.then }))
            .collect();
        return format!("{}\n", json!({ "secrets": secrets, "only": only }));
    }
    let lines = chosen
        .iter()
        .map(|one| format!("{}: made anew, then {}\n", one.name, one.then.join(", ")));
    let lines: String = lines.collect();
    format!(
        "{lines}nothing was changed; the same with `--apply` does it, as `up --only {}` would\n",
        only.join(",")
    )
}

fn refused(name: &str, why: &str) -> Diagnostic {
    Diagnostic::error(
        "commands/not-rotated",
        format!("`{name}` is not made anew by nautes-install"),
    )
    .why(format!("{why}; nothing was touched"))
    .help("leave it away; the reason says what can be done by hand")
}

fn unknown(name: &str, rules: &[&Rotation]) -> Diagnostic {
    let names = rules.iter().map(|rule| rule.secret.as_str());
    Diagnostic::error("state/no-secret", format!("there is no secret `{name}`"))
        .why("no component of this tenant says how it is made anew; nothing was touched")
        .help(meant(
            name,
            names,
            "`nautes-install secrets list` shows their names",
        ))
}
