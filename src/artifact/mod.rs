//! What is downloaded: fetched once, verified, kept by its digest, and locked.
//!
//! Hosts download for themselves where they can (`get_url` asks them to). Where they cannot, the
//! file is fetched on this machine through an [`ArtifactSource`], verified, and sent to the host
//! over its connection. Digests that were verified once are written to `nautes-install.lock`, so
//! that the same installation is the same bytes tomorrow. [`Downloads`] is the door for modules.

mod digest;
mod downloads;
mod folder;
mod http;
mod lock;
mod source;

pub use digest::Digest;
pub use downloads::{Downloads, Frozen, Sending};
pub use folder::FolderSource;
pub use http::{HttpSource, Proxies};
pub use lock::{LOCK_FILE, LockFile};
pub use source::{ArtifactError, ArtifactSource, Fetched, Nowhere, Wanted, shown};
