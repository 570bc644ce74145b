//! The command line. The doc comments are what `--help` shows.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

/// Install a Nautes tenant on bare Linux hosts: declarative, over SSH, safe to run again.
///
/// Exit codes: 0 done · 1 a task failed · 2 bad input, nothing touched · 3 a host is unreachable
/// or preflight failed, nothing changed · 4 `plan --exit-code` found changes · 70 a defect ·
/// 130 interrupted.
#[derive(Debug, Parser)]
#[command(
    name = "nautes-install",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Cli {
    /// The form of what is printed.
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// The verb.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write a starter inventory, with comments.
    Init(InitArgs),
    /// Report every mistake in the inventory and the components; touches nothing.
    Validate(ValidateArgs),
    /// Look whether the hosts are ready: RAM, disk, ports, names, clock, sudo, apt lock.
    Preflight(RunArgs),
    /// Show what would change, with differences; changes nothing.
    Plan(PlanArgs),
    /// Bring the hosts to what the inventory says.
    Up(UpArgs),
    /// Take down what `up` installed, in reverse order.
    Destroy(DestroyArgs),
    /// Look at every component's health.
    Status(RunArgs),
    /// Run a plain Ansible playbook.
    Play(PlayArgs),
    /// Look at the simulated estate of rehearsals, or kill a rehearsal at every task boundary.
    Rehearse(super::rehearse::RehearseArgs),
    /// Show the inventory as it was understood.
    Inventory(InventoryArgs),
    /// What the tenant's state keeps and nobody can look up again.
    Secrets(super::secrets::SecretsArgs),
    /// Print the administrator's kubeconfig of the tenant's cluster.
    Kubeconfig(super::kubeconfig::KubeconfigArgs),
    /// Show where the tenant's services are, and how one signs in there.
    Urls(super::urls::UrlsArgs),
    /// Write what the old installer left in `out/`, for tools that read it: secrets in clear.
    Export(super::export::ExportArgs),
    /// Register the inventory's runtime clusters with the tenant's Nautes.
    Register(super::nautes::RegisterArgs),
    /// Show clusters, products and what is in them, from the tenant's Nautes.
    Get(super::nautes::GetArgs),
    /// Make the clusters, products and so on that manifests describe, in the right order.
    Apply(super::nautes::ApplyArgs),
    /// Delete what manifests describe, in reverse order.
    Delete(super::nautes::DeleteArgs),
    /// Look at vendor-charts: objects, images, sheets.
    Chart(super::chart::ChartArgs),
    /// Look at the tenant config repo: what would be pushed, and how it differs from what is there.
    Repo(super::repo::RepoArgs),
    /// Print a JSON Schema for editors.
    Schema(SchemaArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
}

/// Where the hosts and their variables come from.
#[derive(Args, Clone, Debug, Default)]
pub struct SourceArgs {
    /// Inventory: a file, a folder, an executable, or host names with a comma (`a,b,`). Repeatable.
    #[arg(short, long = "inventory", value_name = "INVENTORY", required = true)]
    pub inventory: Vec<String>,
    #[command(flatten)]
    /// What they and the tenant are given.
    pub values: ValuesArgs,
    /// Only these hosts (a pattern, or `@file`).
    #[arg(short, long, value_name = "PATTERN")]
    pub limit: Option<String>,
    /// Ask for the ansible-vault password.
    #[arg(short = 'J', long, alias = "ask-vault-pass")]
    pub ask_vault_password: bool,
}

/// What a tenant is given beside its inventory.
#[derive(Args, Clone, Debug, Default)]
pub struct ValuesArgs {
    /// Extra variable: `name=value`, YAML, JSON, or `@file`. Repeatable; wins over everything.
    #[arg(short = 'e', long = "extra-vars", value_name = "VARS")]
    pub extra_vars: Vec<String>,
    /// Set one leaf of the settings: `--set nautes.components.k3s.version=v1.34.4+k3s1`. Repeatable.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// File with the ansible-vault password (`ID@FILE` for a vault id). Repeatable.
    #[arg(long, alias = "vault-id", value_name = "FILE")]
    pub vault_password_file: Vec<String>,
    /// Playbooks, templates and charts from this folder instead of the built-in ones.
    #[arg(long, value_name = "DIR")]
    pub content: Option<PathBuf>,
}

/// Where a tenant's state is, for verbs that run no tasks.
#[derive(Args, Clone, Debug, Default)]
pub struct KeptArgs {
    /// Where journal, lock and keys are kept [default: ./.nautes-install/TENANT].
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Do it on the simulated estate.
    #[arg(long)]
    pub rehearse: bool,
    /// Where the simulated estate is kept [default: ./.nautes-install/rehearsal/TENANT].
    #[arg(long, value_name = "DIR")]
    pub estate: Option<PathBuf>,
}

/// What every verb that talks to hosts takes.
#[derive(Args, Clone, Debug, Default)]
pub struct RunArgs {
    #[command(flatten)]
    /// Where hosts come from.
    pub source: SourceArgs,
    /// Only these components. Repeatable, or with commas.
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Not these components.
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Only tasks with one of these tags.
    #[arg(short, long, value_delimiter = ',')]
    pub tags: Vec<String>,
    /// Not tasks with one of these tags.
    #[arg(long, value_delimiter = ',')]
    pub skip_tags: Vec<String>,
    /// Show what differs.
    #[arg(short = 'D', long)]
    pub diff: bool,
    /// How many hosts are worked on at once.
    #[arg(short, long, default_value_t = 32, value_name = "N")]
    pub forks: usize,
    /// Where journal, lock and keys are kept [default: ./.nautes-install/TENANT].
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Where the digests of downloads are locked [default: ./nautes-install.lock].
    #[arg(long, value_name = "FILE")]
    pub lock: Option<PathBuf>,
    /// Upstream's files by their address from this folder (with an INDEX.yaml), before the network.
    #[arg(long, value_name = "DIR")]
    pub artifacts: Option<PathBuf>,
    /// Download only what is locked already: for CI, and for machines that must all be alike.
    #[arg(long)]
    pub locked: bool,
    /// File with the password for sudo.
    #[arg(long, alias = "become-pass-file", value_name = "FILE")]
    pub become_password_file: Option<PathBuf>,
    /// Ask for the password for sudo.
    #[arg(short = 'K', long, alias = "ask-become-pass")]
    pub ask_become_password: bool,
    /// age identity of a holder of Vault's shares, where they are sealed to operators. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    /// Secrets that are to be made anew (`secrets rotate`).
    #[arg(skip)]
    pub rotated: Vec<String>,
    /// Seconds a task may take if it states no `timeout`.
    #[arg(long, default_value_t = 1800, value_name = "SECONDS")]
    pub task_timeout: u64,
    /// Do it on a simulated estate inside the program: no host is touched.
    #[arg(long)]
    pub rehearse: bool,
    /// Where the simulated estate is kept [default: ./.nautes-install/rehearsal/TENANT].
    #[arg(long, value_name = "DIR")]
    pub estate: Option<PathBuf>,
    /// A fault to rehearse, e.g. `host1:disk-full`. Repeatable.
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<String>,
    /// File with faults to rehearse: `faults: [FAULT, …]`. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub scenario: Vec<PathBuf>,
    /// Seed of everything random in a rehearsal.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Answer yes to every question.
    #[arg(short, long)]
    pub yes: bool,
    /// Show more; twice: results too.
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
}

/// `up`.
#[derive(Args, Clone, Debug)]
pub struct UpArgs {
    #[command(flatten)]
    /// What every run takes.
    pub run: RunArgs,
    /// Only find out what would change.
    #[arg(short = 'C', long)]
    pub check: bool,
}

/// `plan`.
#[derive(Args, Clone, Debug)]
pub struct PlanArgs {
    #[command(flatten)]
    /// What every run takes.
    pub run: RunArgs,
    /// Exit with 4 if something would change.
    #[arg(long)]
    pub exit_code: bool,
}

/// `destroy`.
#[derive(Args, Clone, Debug)]
pub struct DestroyArgs {
    #[command(flatten)]
    /// What every run takes.
    pub run: RunArgs,
    /// Only find out what would change.
    #[arg(short = 'C', long)]
    pub check: bool,
}

/// `play`.
#[derive(Args, Clone, Debug)]
pub struct PlayArgs {
    #[command(flatten)]
    /// What every run takes.
    pub run: RunArgs,
    /// Only find out what would change.
    #[arg(short = 'C', long)]
    pub check: bool,
    /// The playbook.
    #[arg(value_name = "PLAYBOOK", required = true)]
    pub playbook: Vec<PathBuf>,
}

/// `init`.
#[derive(Args, Clone, Debug)]
pub struct InitArgs {
    /// Where to write it.
    #[arg(default_value = "inventory.yaml")]
    pub path: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// `validate`.
#[derive(Args, Clone, Debug)]
pub struct ValidateArgs {
    #[command(flatten)]
    /// Where hosts come from.
    pub source: SourceArgs,
    /// Plain playbooks to check as well.
    #[arg(value_name = "PLAYBOOK")]
    pub playbook: Vec<PathBuf>,
}

/// `inventory`.
#[derive(Args, Clone, Debug)]
pub struct InventoryArgs {
    #[command(subcommand)]
    /// What to show.
    pub what: InventoryVerb,
}

/// What of the inventory to show, or to make.
#[derive(Clone, Debug, Subcommand)]
pub enum InventoryVerb {
    /// Everything, as `ansible-inventory --list` prints it.
    List(SourceArgs),
    /// The groups as a tree.
    Graph {
        /// Only the tree below this group.
        #[arg(default_value = "all", hide_default_value = true)]
        group: String,
        #[command(flatten)]
        /// Where hosts come from.
        source: SourceArgs,
        /// Show the variables of groups and hosts too.
        #[arg(long)]
        vars: bool,
    },
    /// Turn the variables and hosts of the old installer (Nautes' Ansible playbooks) into an inventory.
    Import(super::import::ImportArgs),
    /// The variables of one host.
    Host {
        /// Its name.
        name: String,
        #[command(flatten)]
        /// Where hosts come from.
        source: SourceArgs,
    },
}

/// `schema`.
#[derive(Args, Clone, Debug)]
pub struct SchemaArgs {
    /// Of what.
    #[arg(value_enum, default_value_t = SchemaOf::Inventory)]
    pub of: SchemaOf,
    /// Playbooks, templates and charts from this folder instead of the built-in ones.
    #[arg(long, value_name = "DIR")]
    pub content: Option<PathBuf>,
}

/// Which schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The inventory with its `nautes` settings.
    Inventory,
}

/// `completions`.
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
