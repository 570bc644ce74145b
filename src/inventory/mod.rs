//! Ansible inventories become hosts with merged variables; `nautes` becomes typed settings.

mod build;
mod connection_vars;
mod depth;
mod extra;
mod graph;
mod ini;
mod load;
mod members;
mod merge;
mod model;
mod names;
mod open;
mod output;
mod pattern;
pub mod reference;
mod script;
pub mod settings;
mod source;
mod terraform;
mod vars_files;
mod yaml;

pub use graph::{Shown, graph, graph_with_vars};
pub use load::{Options, Sealed, World, load};
pub use model::{Group, Host, Inventory, Vars};
pub use names::MOST_HOSTS;
pub use output::{host_json, list_json};
pub use pattern::{Pattern, Selection};

#[cfg(test)]
mod tests;
