//! Ansible inventories become hosts with merged variables; `nautes` becomes typed settings.

mod build;
mod ini;
mod model;
mod names;
mod yaml;

pub use model::{Group, Host, Inventory, Vars};
