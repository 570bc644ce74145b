//! Nautes' own API. Ours: no collection has it.

use super::Kind::{Bool, Path, Str};
use super::{Signature, opt};

/// The signatures of this file.
pub static ALL: &[Signature] = &[Signature {
    name: "nautes.install.nautes_clusters",
    arguments: &[
        opt("ca_path", Path),
        opt("connect_to", Str),
        opt("token", Str).required().secret(),
        opt("url", Str).required(),
        opt("validate_certs", Bool).or("true"),
    ],
    ..Signature::BASE
}];
