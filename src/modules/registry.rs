//! From a module's name and rendered arguments to something that runs.

use super::{Failure, Runnable};
use crate::input::Json;

/// What a module needs besides its arguments: files of the controller, rendered templates.
pub type Args = serde_json::Map<String, Json>;

/// The module `name` (short or fully qualified) with these arguments.
pub fn build(name: &str, args: &Args) -> Result<Box<dyn Runnable>, Failure> {
    let _ = args;
    Err(Failure::msg(format!("unsupported module `{name}`")))
}
