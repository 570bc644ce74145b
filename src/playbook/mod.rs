//! Plays, tasks and component files as written: parsed, checked, nothing rendered yet.

pub mod signatures;
