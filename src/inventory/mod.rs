//! Ansible inventories become hosts with merged variables; `nautes` becomes typed settings.

mod model;

pub use model::{Group, Host, Inventory, Vars};
