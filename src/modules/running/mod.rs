//! Modules that run programs, wait, or only look.

mod blind;
mod command;
mod facts;
mod gate;
mod getent;
mod installed;
mod reboot;
mod say;
mod tempfile;
mod wait_connection;
mod wait_for;

pub use blind::{Blind, Unseen};

use super::registry::{Built, boxed};
use super::{Context, Given};

/// The module of this family by its short name.
pub fn build(name: &str, given: &Given, context: &Context<'_>) -> Built {
    match name {
        "command" => boxed(command::Command::new(given, context)?),
        "shell" => boxed(command::Command::shell(given, context)?),
        "raw" => boxed(Unseen(command::Raw::new(given, context)?)),
        "ping" => boxed(say::ping(given)?),
        "debug" => boxed(say::debug(given, context)?),
        "assert" => boxed(say::assert(given, context)?),
        "fail" => boxed(say::fail(given)),
        "gate" => boxed(gate::Gate::new(given)?),
        "setup" => boxed(facts::Setup::new(given)?),
        "getent" => boxed(getent::Getent::new(given)),
        "package_facts" => boxed(installed::PackageFacts),
        "service_facts" => boxed(installed::ServiceFacts),
        "tempfile" => boxed(Unseen(tempfile::TempFile::new(given)?)),
        "wait_for" => boxed(Unseen(wait_for::WaitFor::new(given, context)?)),
        "wait_for_connection" => boxed(Unseen(wait_connection::WaitForConnection::new(
            given, context,
        ))),
        "reboot" => boxed(reboot::Reboot::new(given, context)),
        _ => Ok(None),
    }
}
