//! Walks the plan: components side by side where their needs allow, Ansible's linear strategy
//! within a play, observations sent ahead in batches.
//!
//! Top to bottom: [`run`] walks the components, `play` a play's batches and handlers, `steps` the
//! blocks, `task` one task on its hosts, `item` one task on one host. Everything that happens is
//! an [`Event`](crate::event::Event); nothing here prints.

mod access;
mod autopsy;
mod builtin;
mod component;
mod conditions;
mod course;
mod failure;
mod fence;
mod foresee;
mod handlers;
mod host;
mod include;
mod include_vars;
mod item;
mod loops;
mod meta;
mod outputs;
mod own;
mod path;
mod play;
mod reach;
mod render;
mod result;
mod scope;
mod steps;
mod tags;
mod task;
mod telling;
mod world;

pub use access::{Access, Reached};
pub use component::{Report, run};
pub use host::Hosts;
pub use scope::Shared;
pub use world::{Ahead, Job, Keeper, Mode, Options, Unseen, View, World};
