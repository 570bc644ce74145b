//! What a run leaves on the controller: the journal, the lock, outputs.
//!
//! Nothing here decides what is done: the world is looked at again on every run. Losing the state
//! directory costs the history, not the tenant.

mod journal;
mod lock;
mod sealed;

pub use journal::Journal;
pub use lock::{Claim, Held, Lock};
pub use sealed::Sealed;
