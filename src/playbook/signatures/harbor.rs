//! Harbor. Pure data. All of these modules are ours: no collection of Ansible's has them.

use super::Kind::{Bool, Dict, List, Path, Str};
use super::{Argument, Signature, opt};

/// Where Harbor is and who asks: what all of them take.
static ACCESS: &[Argument] = &[
    opt("ca_path", Path),
    opt("connect_to", Str),
    opt("password", Str).required().secret(),
    opt("url", Str).required(),
    opt("username", Str).or("admin"),
    opt("validate_certs", Bool).or("true"),
];

const STATE: Argument = opt("state", Str).or("present").of(&["absent", "present"]);

/// The signatures of this file.
pub static ALL: &[Signature] = &[
    Signature {
        name: "nautes.install.harbor_configuration",
        arguments: &[
            opt("configuration", Dict).required(),
            opt("force", Bool).or("false"),
            opt("write_only", List),
        ],
        shared: ACCESS,
        ..Signature::BASE
    },
    Signature {
        name: "nautes.install.harbor_project",
        arguments: &[
            opt("auto_scan", Bool),
            opt("name", Str).required(),
            opt("public", Bool).or("false"),
            STATE,
        ],
        shared: ACCESS,
        ..Signature::BASE
    },
    Signature {
        name: "nautes.install.harbor_robot",
        arguments: &[
            opt("description", Str),
            opt("name", Str).required(),
            opt("permissions", List),
            opt("secret", Str).secret(),
            STATE,
        ],
        shared: ACCESS,
        ..Signature::BASE
    },
];
