//! What `get`, `apply` and `delete` take on the command line. The doc comments are what `--help`
//! shows.

use std::path::PathBuf;

use clap::Args;

use crate::commands::cli::{KeptArgs, RunArgs, SourceArgs, ValuesArgs};

/// Which Nautes, and who asks.
#[derive(Args, Clone, Debug, Default)]
pub struct AtArgs {
    /// Inventory whose tenant it is: a file, a folder, an executable. Repeatable.
    #[arg(
        short,
        long = "inventory",
        value_name = "INVENTORY",
        required_unless_present = "server"
    )]
    pub inventory: Vec<String>,
    #[command(flatten)]
    /// What the tenant is given.
    pub values: ValuesArgs,
    /// Address of the Nautes API [default: the inventory's tenant's].
    #[arg(short, long, value_name = "URL")]
    pub server: Option<String>,
    /// File with the authority that its certificate is of, PEM [default: the tenant's, else this
    /// machine's].
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// File with a GitLab token in its first line, `-` for stdin; asked for without one. It needs
    /// the scopes `api`, `read_api`, `read_repository` and `write_repository`.
    #[arg(short, long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Version of Nautes that runs there: 0.3 or 0.4 [default: the release's].
    #[arg(long, value_name = "VERSION")]
    pub nautes_version: Option<String>,
    #[command(flatten)]
    /// Where its state is.
    pub kept: KeptArgs,
}

/// Which manifests.
#[derive(Args, Clone, Debug, Default)]
pub struct FileArgs {
    /// File or folder with manifests (YAML, several documents), `-` for stdin. Repeatable.
    #[arg(short, long = "filename", value_name = "FILE|DIR", required = true)]
    pub filename: Vec<PathBuf>,
    /// Folders with the folders in them.
    #[arg(short = 'R', long)]
    pub recursive: bool,
}

/// `get`.
#[derive(Args, Clone, Debug)]
pub struct GetArgs {
    #[command(flatten)]
    /// Which Nautes.
    pub at: AtArgs,
    /// Kind, as a word or a short name: cluster (cls), product, environment (env), project, coderepo
    /// (cr), coderepobinding (crb), projectpipelineruntime (ppr), deploymentruntime (dr).
    #[arg(value_name = "KIND", required_unless_present = "filename")]
    pub kind: Option<String>,
    /// Only these.
    #[arg(value_name = "NAME")]
    pub name: Vec<String>,
    /// Of this product [default: of every product].
    #[arg(short, long, value_name = "PRODUCT")]
    pub product: Option<String>,
    /// What these manifests name: a file or folder, `-` for stdin. Repeatable.
    #[arg(short, long, value_name = "FILE|DIR", conflicts_with_all = ["kind", "name", "product"])]
    pub filename: Vec<PathBuf>,
    /// As manifests that `apply` takes (without kubeconfigs, which Nautes does not show).
    #[arg(long)]
    pub manifest: bool,
}

/// `apply`.
#[derive(Args, Clone, Debug)]
pub struct ApplyArgs {
    #[command(flatten)]
    /// Which Nautes.
    pub at: AtArgs,
    #[command(flatten)]
    /// Which manifests.
    pub files: FileArgs,
    /// Only show what would change.
    #[arg(short = 'C', long, alias = "check")]
    pub dry_run: bool,
    /// Show what differs.
    #[arg(short = 'D', long)]
    pub diff: bool,
    /// With `--dry-run`: exit with 4 if something would change.
    #[arg(long)]
    pub exit_code: bool,
    /// Save what did not change, too: a kubeconfig cannot be compared. Each save is a commit.
    #[arg(long)]
    pub force: bool,
    /// Nautes does not look whether what an object needs is there (not about TLS).
    #[arg(long)]
    pub insecure_skip_check: bool,
    /// Seconds to wait until what was just saved can be used by what needs it.
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    pub timeout: u64,
}

/// `delete`.
#[derive(Args, Clone, Debug)]
pub struct DeleteArgs {
    #[command(flatten)]
    /// Which Nautes.
    pub at: AtArgs,
    #[command(flatten)]
    /// Which manifests.
    pub files: FileArgs,
    /// Only show what would be deleted.
    #[arg(short = 'C', long, alias = "check")]
    pub dry_run: bool,
    /// Nautes does not look whether something still needs an object (not about TLS).
    #[arg(long)]
    pub insecure_skip_check: bool,
    /// Answer yes to every question.
    #[arg(short, long)]
    pub yes: bool,
}

impl AtArgs {
    /// The same, as verbs that run tasks take it.
    pub fn run(&self) -> RunArgs {
        RunArgs {
            source: SourceArgs {
                inventory: self.inventory.clone(),
                values: self.values.clone(),
                ..SourceArgs::default()
            },
            state: self.kept.state.clone(),
            rehearse: self.kept.rehearse,
            estate: self.kept.estate.clone(),
            forks: 1,
            seed: 1,
            task_timeout: 60,
            ..RunArgs::default()
        }
    }
}
