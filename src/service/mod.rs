//! Clients of the services that a tenant is made of, one file each.
//!
//! Each speaks to its service through a host's `dial`, over TLS that trusts the authority it is
//! given and no other. A reader can only look: [`ApiReader`] sends GET, HEAD and LIST and nothing
//! else. Whoever has the host's connection may have the [`Api`], which also writes.

mod api;
mod error;
pub mod gitlab;
pub mod harbor;
pub mod nautes;
pub mod vault;

pub use api::{Address, Answer, Api, ApiReader, Credential};
pub use error::ServiceError;
