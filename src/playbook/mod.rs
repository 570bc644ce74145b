//! Plays, tasks and component files as written: parsed, checked, nothing rendered yet.
//!
//! A task's module and arguments are checked against the module's signature here, so that an
//! unknown keyword, module or argument is an error before any host is touched.

mod access;
mod action;
mod ast;
mod check;
mod component;
mod fields;
mod keywords;
mod literal;
mod load;
mod only_with;
mod rotation;
mod sealed;
pub mod signatures;
mod task;

pub use access::{Access, OutputName};
pub use ast::{Block, Keywords, Loop, LoopControl, LoopKind, Play, Section, Step, Task};
pub use component::{Component, Input, InputType, Instance, Output, Where};
pub use load::Loader;
pub use only_with::With;
pub use rotation::Rotation;
pub use sealed::Keys;
