//! `register`: the runtime clusters of the inventory become clusters of Nautes. What Nautes is told of
//! each comes from the inventory, its kubeconfig from its first server; the rest is `apply`.

mod manifests;

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use self::manifests::Reached;
use super::args::{ApplyArgs, AtArgs, FileArgs};
use super::door::Known;
use super::{apply, files};
use crate::commands::cli::{Output, RunArgs, SourceArgs};
use crate::commands::kubeconfig::{self, Whose};
use crate::commands::load::{self, Loaded};
use crate::commands::shared::Console;
use crate::commands::{Ended, Failed, reality};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::emit;
use crate::plan::instances::RuntimeCluster;
use crate::service::nautes::{Manifest, manifest};

/// `register`.
#[derive(Args, Clone, Debug)]
pub struct RegisterArgs {
    #[command(flatten)]
    /// Which Nautes, and the inventory with the clusters.
    pub at: AtArgs,
    /// Only the clusters with these hosts: a group `runtime_NAME`, or another pattern.
    #[arg(short, long, value_name = "PATTERN")]
    pub limit: Option<String>,
    /// Only show what would be sent, without the kubeconfigs.
    #[arg(short = 'C', long, alias = "dry-run")]
    pub check: bool,
    /// With `--check`: exit with 4 if something would change.
    #[arg(long)]
    pub exit_code: bool,
    /// Save clusters that did not change, too: a new kubeconfig cannot be seen. Each save is a commit.
    #[arg(long)]
    pub force: bool,
    /// Nautes does not look whether what a cluster needs is there (not about TLS).
    #[arg(long)]
    pub insecure_skip_check: bool,
    /// Seconds to wait until a cluster that was just saved can be used by what needs it.
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    pub timeout: u64,
}

/// Registers the runtime clusters.
pub async fn register(args: &RegisterArgs, console: &Arc<Console>) -> Ended {
    let known = Known::read(&args.at, console)?;
    let loaded = known.loaded();
    let chosen = chosen(args, loaded)?;
    // Every mistake is told before a host is asked for its kubeconfig.
    let wanted: Vec<_> = chosen
        .iter()
        .map(|one| manifests::wanted(one, &loaded.inventory))
        .collect();
    let errors: Diagnostics = wanted
        .iter()
        .filter_map(|one| one.as_ref().err())
        .flatten()
        .cloned()
        .collect();
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let reached = reached(&args.at, (loaded, &chosen), console).await?;
    let mut all: Vec<Manifest> = Vec::new();
    let mut errors = Diagnostics::new();
    for (wanted, reached) in wanted.into_iter().flatten().zip(&reached) {
        files::hide(&reached.kubeconfig, console);
        for document in manifests::documents(&wanted, reached) {
            match manifest(&document, known.form) {
                Ok(manifest) => all.push(manifest),
                Err(found) => errors.extend(found),
            }
        }
    }
    files::settle(&mut all, &mut errors);
    if !errors.is_empty() {
        return Err(errors.into());
    }
    if args.check {
        for one in &all {
            show(one, console);
        }
    }
    apply::made((known, all), &as_apply(args), console).await
}

/// The clusters that the user means.
fn chosen<'a>(args: &RegisterArgs, loaded: &'a Loaded) -> Result<Vec<&'a RuntimeCluster>, Failed> {
    let source = SourceArgs {
        limit: args.limit.clone(),
        ..SourceArgs::default()
    };
    let limit = load::limited(&loaded.inventory, &source).map_err(|error| *error)?;
    let is_meant = |cluster: &&RuntimeCluster| {
        let Some(names) = &limit else { return true };
        let mut hosts = cluster.servers.iter().chain(&cluster.agents);
        hosts.any(|host| names.contains(host))
    };
    let chosen: Vec<_> = loaded.clusters.iter().filter(is_meant).collect();
    if chosen.is_empty() {
        let what = match &args.limit {
            Some(limit) => format!("`--limit {limit}` leaves no runtime cluster"),
            None => "the inventory has no runtime cluster".to_owned(),
        };
        return Err(Diagnostic::error("nautes/no-cluster", what)
            .why("no call was made")
            .help("a group `runtime_NAME` is one; inventories/runtime.yaml shows two")
            .into());
    }
    Ok(chosen)
}

/// Address and kubeconfig of each cluster, from its first server.
async fn reached(
    at: &AtArgs,
    (loaded, chosen): (&Loaded, &[&RuntimeCluster]),
    console: &Arc<Console>,
) -> Result<Vec<Reached>, Failed> {
    let names: Vec<String> = chosen.iter().flat_map(|one| one.servers.clone()).collect();
    let run: RunArgs = reality::of_hosts(&at.run(), &loaded.inventory, &names)?;
    let mut all = Vec::new();
    for cluster in chosen {
        let whose = Whose::Group(&cluster.name);
        let host = kubeconfig::server(whose, loaded)?;
        let paths = kubeconfig::places(whose, &loaded.tenant);
        let (text, address) = kubeconfig::read((&run, loaded), (&host, &paths), console).await?;
        if !text.contains("client-certificate-data") || !text.contains("client-key-data") {
            let what = format!(
                "the kubeconfig of `{}` has no client certificate",
                cluster.name
            );
            return Err(Diagnostic::error("nautes/no-certificate", what)
                .why("Nautes hands a cluster to Argo CD by certificate and key; no call was made")
                .help("give the administrator of that cluster a certificate: a token is not enough")
                .into());
        }
        all.push(Reached {
            kubeconfig: kubeconfig::reached_by(&text, &address),
            address,
        });
    }
    Ok(all)
}

/// What would be sent, without its kubeconfig.
fn show(manifest: &Manifest, console: &Console) {
    let mut body = manifest.body.clone();
    if body["kubeconfig"].is_string() {
        body["kubeconfig"] = "********".into();
    }
    if console.output == Output::Json {
        let (kind, name) = (manifest.id.kind.name(), &manifest.id.name);
        let line = json!({ "event": "manifest", "kind": kind, "name": name, "body": body });
        let line = console.redactor.redact(&line.to_string());
        return console.data(&format!("{line}\n"));
    }
    let shown = BTreeMap::from([(manifest.id.to_string(), body)]);
    let shown = serde_json::to_value(shown).unwrap_or_default();
    console.data(&console.redactor.redact(&emit(&shown)));
}

fn as_apply(args: &RegisterArgs) -> ApplyArgs {
    ApplyArgs {
        at: args.at.clone(),
        files: FileArgs::default(),
        dry_run: args.check,
        diff: false,
        exit_code: args.exit_code,
        force: args.force,
        insecure_skip_check: args.insecure_skip_check,
        timeout: args.timeout,
    }
}
