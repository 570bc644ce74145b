//! `validate`: every mistake in the user's files, with its place; touches nothing.

use std::sync::Arc;

use super::check::Bench;
use super::cli::{RunArgs, ValidateArgs};
use super::load::{self, Phase};
use super::shared::Console;
use super::{Content, Ended};
use crate::diagnostic::ExitCode;
use crate::playbook::{Keys, Loader};

/// Checks everything that can be checked without a host.
pub fn validate(args: &ValidateArgs, console: &Arc<Console>) -> Ended {
    let loaded = load::load(&args.source, console)?;
    let plan = loaded.plan(&RunArgs::default())?;
    loaded.jobs(&plan, Phase::Install)?;
    let files = Content::new();
    let mut loader = Loader::new(&files).with_keys(Keys {
        passwords: loaded.vault_passwords.clone(),
        redactor: console.redactor.clone(),
    });
    let plays: Vec<_> = args
        .playbook
        .iter()
        .flat_map(|path| loader.playbook(path))
        .collect();
    let bench = Bench::new(&loaded, console);
    let mut errors = loader.errors;
    // Hosts for a plain playbook need none of the tenant's groups.
    if loaded.settings.is_some() || args.playbook.is_empty() {
        errors.extend(loaded.without_hosts(&plan));
    }
    errors.extend(super::downloads::check());
    errors.extend(bench.components(&loaded.components));
    errors.extend(bench.plays(&plays));
    errors.extend(super::bands::clashes(&loaded, &plan));
    errors.extend(super::existing::kubeconfigs(&loaded));
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let hosts = loaded.inventory.hosts.len();
    let many = |count: usize| if count == 1 { "" } else { "s" };
    let components = plan.steps.len();
    console.say(&format!(
        "valid: {hosts} host{}, {components} component{}, tenant `{}`",
        many(hosts),
        many(components),
        loaded.tenant
    ));
    Ok(ExitCode::Done)
}
