//! Components become a plan: what runs after what, with which inputs. Pure: no host is asked.

mod check;
mod check_files;
mod graph;
pub mod instances;
mod left_out;
mod settings;

pub use check::Checker;
pub use graph::{Choice, Plan, Planned, ancestors, plan};
pub use left_out::{LeftOut, left_out};
pub use settings::inputs_of;
