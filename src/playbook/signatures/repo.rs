//! The tenant config repo. Ours: no collection has it.

use super::Kind::{Dict, List, Str};
use super::{Signature, opt};

/// The signatures of this file.
pub static ALL: &[Signature] = &[Signature {
    name: "nautes.install.tenant_repo",
    arguments: &[
        opt("address", Str).required(),
        opt("branch", Str).or("main"),
        opt("conflict", Str)
            .or("stop")
            .of(&["ours", "stop", "theirs"]),
        opt("deploy_key", Str),
        opt("directory", Str),
        opt("host_keys", List),
        opt("images", Dict),
        opt("overlay", Str),
        opt("template", Str).required(),
        opt("variables", Dict),
    ],
    ..Signature::BASE
}];
