//! nautes-install turns an inventory of bare Linux hosts into a working Nautes tenant.
//!
//! Data flows one way through the rooms of this crate:
//!
//! ```text
//! files ─► input ─► inventory ┐
//!                   playbook  ├─► plan ─► execute ─► modules ─► connection ─► hosts, cluster, services
//!                   chart     │              │ Event
//!                   template  ┘              ├─► state   (journal, lock, outputs, sealed store)
//!                                            └─► report  (terminal, JSON lines, HTML)
//! ```
//!
//! Start reading at `commands/up.rs` (the story of *how*) and `playbooks/tenant.yaml` (the story
//! of *what*). Which room may import which is checked by `tests/architecture.rs`.

pub mod artifact;
pub mod chart;
pub mod cluster;
pub mod commands;
pub mod connection;
pub mod diagnostic;
pub mod event;
pub mod execute;
pub mod input;
pub mod inventory;
pub mod modules;
pub mod plan;
pub mod playbook;
pub mod rehearsal;
pub mod repo;
pub mod report;
pub mod secret;
pub mod service;
pub mod state;
pub mod template;
