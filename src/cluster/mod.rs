//! Kubernetes: apply, wait, prune, diagnose.
//!
//! A cluster is reached through a host ([`open`]): its kubeconfig is read there, its API dialled
//! from there. Whoever looks has a [`ClusterReader`], which cannot change anything by type; whoever
//! acts has a [`Cluster`].

pub mod apply;
mod client;
mod discovery;
pub mod doctor;
mod error;
mod kubeconfig;
mod link;
mod object;
mod open;
mod ownership;
mod path;
mod removed;
mod request;
pub mod shown;
mod slug;
pub mod wait;
mod watch;

pub use client::{Cluster, ClusterReader};
pub use discovery::Resource;
pub use error::{ClusterError, Refusal, Removed};
pub use kubeconfig::{Access, Kubeconfig};
pub use object::{Key, Object, parse};
pub use open::{Clusters, Which, open, question};
pub use path::Place;
pub use removed::removal;
pub use request::Patch;
pub use watch::{Among, Listed, Seen, Watch};

/// The field manager of everything we set.
pub const MANAGER: &str = "nautes-install";
