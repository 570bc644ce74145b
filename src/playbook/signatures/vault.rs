//! Vault and `OpenBao`. Pure data. `community.hashi_vault` has what writes secrets; what
//! compares first, initialises and unseals is ours.

use super::Kind::{Bool, Dict, Int, List, Path, Str};
use super::{Argument, Signature, opt};

/// Which Vault, and who asks.
static VAULT: &[Argument] = &[
    opt("ca_cert", Path).aka(&["cacert"]),
    opt("token", Str).secret(),
    opt("url", Str).required(),
];

/// Shares of the key: as they are, or sealed to operators.
static SHARES: &[Argument] = &[
    opt("identities", List).secret(),
    opt("keys", List).secret(),
    opt("sealed_keys", List),
];

/// The signatures of this file.
pub static ALL: &[Signature] = &[
    Signature {
        // Ours: no collection has it.
        name: "nautes.install.vault_init",
        arguments: &[
            opt("pending", Path),
            opt("recipients", List),
            opt("shares", Int).or("5"),
            opt("threshold", Int).or("3"),
        ],
        shared: VAULT,
        ..Signature::BASE
    },
    Signature {
        // Ours: no collection has it.
        name: "nautes.install.vault_root",
        arguments: SHARES,
        shared: VAULT,
        ..Signature::BASE
    },
    Signature {
        // Ours: no collection has it.
        name: "nautes.install.vault_unseal",
        arguments: &[
            opt("identities", List).secret(),
            opt("joins", Bool).or("false"),
            opt("keys", List).secret(),
            opt("sealed_keys", List),
            opt("wait_timeout", Int).or("120"),
        ],
        shared: VAULT,
        ..Signature::BASE
    },
    Signature {
        // Ours: the collection's `vault_write` does not look first.
        name: "nautes.install.vault_setting",
        arguments: &[
            opt("data", Dict),
            opt("force", Bool).or("false"),
            opt("path", Str).required(),
            opt("state", Str).or("present").of(&["absent", "present"]),
            opt("write_only", List),
        ],
        shared: VAULT,
        ..Signature::BASE
    },
    Signature {
        name: "community.hashi_vault.vault_kv2_write",
        arguments: &[
            opt("auth_method", Str).or("token").of(&["token"]),
            opt("cas", Int),
            opt("data", Dict).required().secret(),
            opt("engine_mount_point", Str).or("secret"),
            opt("path", Str).required(),
            opt("read_before_write", Bool).or("false"),
            opt("validate_certs", Bool).or("true"),
        ],
        shared: VAULT,
        ..Signature::BASE
    },
    Signature {
        name: "community.hashi_vault.vault_read",
        arguments: &[
            opt("auth_method", Str).or("token").of(&["token"]),
            opt("path", Str).required(),
            opt("validate_certs", Bool).or("true"),
        ],
        shared: VAULT,
        ..Signature::BASE
    },
    Signature {
        name: "community.hashi_vault.vault_write",
        arguments: &[
            opt("auth_method", Str).or("token").of(&["token"]),
            opt("data", Dict).secret(),
            opt("path", Str).required(),
            opt("validate_certs", Bool).or("true"),
        ],
        shared: VAULT,
        ..Signature::BASE
    },
    Signature {
        name: "community.hashi_vault.vault_kv2_get",
        arguments: &[
            opt("auth_method", Str).or("token").of(&["token"]),
            opt("engine_mount_point", Str).or("secret"),
            opt("path", Str).required(),
            opt("validate_certs", Bool).or("true"),
        ],
        shared: VAULT,
        ..Signature::BASE
    },
];
