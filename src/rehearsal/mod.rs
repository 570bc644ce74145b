//! The simulated estate: hosts and services that answer the host protocol from a model.
//!
//! `--rehearse` runs the same job, the same modules and the same clients against it, with no
//! root, no network and no program but git. What it claims to know of real hosts is pinned by the
//! contract tests, which run against both; `docs/rehearsal.md` says what is not simulated.

mod accounts;
mod act;
mod arrive;
mod artifacts;
mod clock;
mod date;
mod describe;
mod dex;
mod estate;
mod exec;
mod fault;
mod git;
mod gitlab;
mod harbor;
mod host;
mod ingress;
mod kubernetes;
mod linking;
mod models;
mod nautes;
mod network;
mod packages;
mod process;
mod programs;
mod push;
mod seed;
mod serving;
mod shell;
mod started;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tree;
mod units;
mod vault;
mod vault_proxy;
mod web;
mod world;

pub use artifacts::{Artifact, Artifacts, NoArtifacts};
pub use clock::EstateClock;
pub use estate::{Estate, EstateConnector, ModelConnection, Snapshot};
pub use fault::Fault;
pub use git::{Offer, RehearsedGit, Remote};
pub use kubernetes::{Answer as KubernetesAnswer, Authority, Cluster, NodeFact, Server, Watch};
pub use models::Models;
pub use network::{Request, Response, Service};
pub use push::{Link, Push};
pub use serving::{Birth, Born, NoServices, Services};
