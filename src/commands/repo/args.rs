//! What `repo` takes on the command line. The doc comments are what `--help` shows.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::commands::cli::{SourceArgs, ValuesArgs};

/// `repo`.
#[derive(Args, Clone, Debug)]
pub struct RepoArgs {
    #[command(subcommand)]
    /// What to do.
    pub what: RepoVerb,
}

/// What to do with the tenant config repo.
#[derive(Clone, Debug, Subcommand)]
pub enum RepoVerb {
    /// Write what would be pushed into a folder; no host is asked.
    Render(RenderArgs),
    /// Show what would change in the repository, merged with what others wrote; nothing is pushed.
    Diff(DiffArgs),
}

/// Which of the repositories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// The tenant config repo.
    #[default]
    TenantRepo,
    /// The templates of the clusters that Nautes registers.
    ClusterTemplates,
}

/// Template, values, changes.
#[derive(Args, Clone, Debug, Default)]
pub struct FromArgs {
    /// Inventory whose tenant it is: a file, a folder, an executable. Repeatable.
    #[arg(short, long = "inventory", value_name = "INVENTORY")]
    pub inventory: Vec<String>,
    #[command(flatten)]
    /// What the tenant is given.
    pub values: ValuesArgs,
    /// The release that says which versions [default: the inventory's, or current].
    #[arg(long, value_name = "RELEASE")]
    pub release: Option<String>,
    /// Which repository.
    #[arg(long, value_enum, default_value_t)]
    pub of: Which,
    /// Template: ADDRESS@COMMIT, a folder or an archive [default: the inventory's, or the release's].
    #[arg(long, value_name = "TEMPLATE")]
    pub template: Option<String>,
    /// File with values of the template's variables (YAML); they win over the inventory's. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub variables: Vec<PathBuf>,
    /// The template alone, without our changes: what Ansible would make of it.
    #[arg(long)]
    pub no_overlay: bool,
}

/// `repo render`.
#[derive(Args, Clone, Debug)]
pub struct RenderArgs {
    #[command(flatten)]
    /// Where from.
    pub from: FromArgs,
    /// Where to; what is there already is not removed.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

/// `repo diff`.
#[derive(Args, Clone, Debug)]
pub struct DiffArgs {
    #[command(flatten)]
    /// Where from.
    pub from: FromArgs,
    /// Address of the repository [default: the inventory's].
    #[arg(long, value_name = "ADDRESS")]
    pub remote: Option<String>,
    /// Its branch.
    #[arg(long, default_value = "main", value_name = "BRANCH")]
    pub branch: String,
    /// File with the private key that may read it, for an address over SSH.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// File with the server's public host keys, one a line (its `/etc/ssh/ssh_host_*_key.pub`).
    #[arg(long, value_name = "FILE")]
    pub host_keys: Option<PathBuf>,
    /// Exit with 4 if something would change.
    #[arg(long)]
    pub exit_code: bool,
}

impl FromArgs {
    /// The same, as other verbs take it.
    pub fn source(&self) -> SourceArgs {
        SourceArgs {
            inventory: self.inventory.clone(),
            values: self.values.clone(),
            ..SourceArgs::default()
        }
    }
}
