//! A simulated Kubernetes: an API over plain requests and answers, and what its controllers and
//! nodes would visibly do, in the estate's time.
//!
//! `cluster.rs` is the door; a request goes through `asked`, `serve` and one of the verbs to the
//! `store`; `settle` lets the controllers catch up with the clock before and after it. The TLS and
//! HTTP around it are in `listen`.

mod apply;
mod argocd;
mod asked;
mod birth;
mod cells;
mod cluster;
mod columns;
mod crd;
mod defaults;
mod delete;
mod discovery;
mod fields;
mod immutable;
mod kinds;
mod listen;
mod managed;
mod meta;
mod openapi;
mod patch;
mod read;
mod refusal;
mod schema;
mod schema_check;
mod selector;
mod serve;
mod settle;
mod state;
mod store;
mod table;
mod typed;
mod types;
mod validate;
mod watch;
mod write;
mod yaml;

pub use birth::born;
pub use cluster::{Answer, Cluster};
pub use listen::{Authority, Server};
pub use selector::Selector;
pub use state::{NodeFact, State};
#[cfg(test)]
pub use store::Key;
pub use watch::Watch;
