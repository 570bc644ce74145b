//! What controllers visibly do.

use super::Behaviour;

/// None yet.
pub fn behaviours() -> Vec<(&'static str, Behaviour)> {
    Vec::new()
}
