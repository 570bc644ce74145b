//! `play`: a plain Ansible playbook.

use std::sync::Arc;

use super::check::Bench;
use super::cli::PlayArgs;
use super::load::{self, Loaded};
use super::run::{Launch, exit_code};
use super::shared::Console;
use super::{Content, Ended};
use crate::execute::{Job, Mode};
use crate::playbook::{Keys, Loader};

/// Runs playbooks, one after the other.
pub async fn play(args: &PlayArgs, console: &Arc<Console>) -> Ended {
    let folder = args
        .playbook
        .first()
        .and_then(|path| path.parent())
        .map(super::world::absolute);
    let (inventory, vault_passwords) = load::inventory_for(
        &args.run.source,
        console,
        (folder, crate::inventory::Sealed::Refuse),
    )?;
    let files = Content::new();
    let mut loader = Loader::new(&files).with_keys(Keys {
        passwords: vault_passwords.clone(),
        redactor: console.redactor.clone(),
    });
    let plays: Vec<_> = args
        .playbook
        .iter()
        .flat_map(|path| loader.playbook(path))
        .collect();
    let mut errors = loader.errors;
    let limit = load::limited(&inventory, &args.run.source).unwrap_or_else(|error| {
        errors.push(*error);
        None
    });
    let loaded = Loaded::of_hosts(inventory, limit, vault_passwords);
    errors.extend(Bench::new(&loaded, console).plays(&plays));
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let job = Job {
        view: None,
        unseen: crate::execute::Unseen::Fails,
        name: String::new(),
        title: String::new(),
        plays: Arc::new(plays),
        inputs: None,
        component: None,
        after: Vec::new(),
    };
    let mode = if args.check { Mode::Check } else { Mode::Apply };
    let jobs = vec![job];
    let run = super::reality::of_jobs(&args.run, &loaded, &jobs)?;
    let launch = Launch {
        verb: "play",
        args: &run,
        mode,
        diff: run.diff,
        loaded: &loaded,
        jobs,
    };
    exit_code(&launch.go(console).await?)
}
