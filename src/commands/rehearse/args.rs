//! The command line of `rehearse`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::commands::cli::{RunArgs, SourceArgs};

/// `rehearse`.
#[derive(Args, Clone, Debug)]
pub struct RehearseArgs {
    #[command(subcommand)]
    /// What to do.
    pub what: RehearseVerb,
}

/// What to do with the simulated estate.
#[derive(Clone, Debug, Subcommand)]
pub enum RehearseVerb {
    /// Kill the job at every task boundary, run it again from there, compare how it ends.
    ///
    /// The estate begins bare, or as `--estate DIR` has it; nothing is kept. Exit code 1 if a
    /// boundary did not converge.
    Sweep(Box<RunArgs>),
    /// Print what is on the estate: hosts, packages, units, users, files.
    Show(EstateArgs),
    /// Serve the simulated Kubernetes API of a host on 127.0.0.1, for kubectl, until Ctrl-C.
    Serve {
        /// A host that runs k3s server [default: the first one].
        host: Option<String>,
        #[command(flatten)]
        /// Which estate.
        estate: EstateArgs,
    },
    /// Push to a repository of a rehearsed product, and follow it to the end of its pipeline.
    ///
    /// Exit code 1 if the chain breaks: its last line says where and the way out.
    Push {
        /// The repository, as Nautes knows it.
        #[arg(value_name = "PRODUCT/CODEREPO")]
        repository: String,
        /// What is pushed.
        #[arg(long = "ref", value_name = "REF", default_value = "refs/heads/main")]
        reference: String,
        #[command(flatten)]
        /// Which estate.
        estate: EstateArgs,
    },
    /// Run commands on a simulated host, from the terminal or from stdin; what they do is kept.
    Shell {
        /// The host's name.
        host: String,
        #[command(flatten)]
        /// Which estate.
        estate: EstateArgs,
    },
}

/// Which estate.
#[derive(Args, Clone, Debug)]
pub struct EstateArgs {
    #[command(flatten)]
    /// Where hosts come from.
    pub source: SourceArgs,
    /// Where the simulated estate is kept [default: ./.nautes-install/rehearsal/TENANT].
    #[arg(long, value_name = "DIR")]
    pub estate: Option<PathBuf>,
}

impl EstateArgs {
    /// As the options of a run.
    pub fn run(&self) -> RunArgs {
        RunArgs {
            source: self.source.clone(),
            estate: self.estate.clone(),
            rehearse: true,
            seed: 1,
            ..RunArgs::default()
        }
    }
}
