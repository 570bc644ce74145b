//! Components become a plan: what runs after what, with which inputs. Pure: no host is asked.

mod graph;
mod settings;

pub use graph::{Choice, Plan, Planned, plan};
pub use settings::inputs_of;
