//! Accounts and their keys. Pure data: names, types and defaults are those of
//! Ansible's own documentation; an argument that is missing here is not supported and refused
//! before anything runs.

use super::Kind::{Bool, Float, Int, List, Path, Str};
use super::{Signature, opt};

/// The signatures of this file.
pub static ALL: &[Signature] = &[
    Signature {
        name: "ansible.builtin.user",
        arguments: &[
            opt("append", Bool).or("false"),
            opt("comment", Str),
            opt("create_home", Bool).aka(&["createhome"]).or("true"),
            opt("expires", Float),
            opt("force", Bool).or("false"),
            opt("generate_ssh_key", Bool).or("false"),
            opt("group", Str),
            opt("groups", List),
            opt("home", Path),
            opt("move_home", Bool).or("false"),
            opt("name", Str).aka(&["user"]).required(),
            opt("non_unique", Bool).or("false"),
            opt("password", Str).secret(),
            opt("password_expire_max", Int),
            opt("password_expire_min", Int),
            opt("password_expire_warn", Int),
            opt("password_lock", Bool),
            opt("remove", Bool).or("false"),
            opt("shell", Path),
            opt("skeleton", Str),
            opt("ssh_key_bits", Int),
            opt("ssh_key_comment", Str).or("ansible-generated on $HOSTNAME"),
            opt("ssh_key_file", Path),
            opt("ssh_key_type", Str).or("rsa"),
            opt("state", Str).or("present").of(&["absent", "present"]),
            opt("system", Bool).or("false"),
            opt("uid", Int),
            opt("uid_max", Int),
            opt("uid_min", Int),
            opt("umask", Str),
            opt("update_password", Str)
                .or("always")
                .of(&["always", "on_create"]),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.group",
        arguments: &[
            opt("force", Bool).or("false"),
            opt("gid", Int),
            opt("name", Str).required(),
            opt("non_unique", Bool).or("false"),
            opt("state", Str).or("present").of(&["absent", "present"]),
            opt("system", Bool).or("false"),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.posix.authorized_key",
        arguments: &[
            opt("comment", Str),
            opt("exclusive", Bool).or("false"),
            opt("key", Str).required(),
            opt("key_options", Str),
            opt("manage_dir", Bool).or("true"),
            opt("path", Path),
            opt("state", Str).or("present").of(&["absent", "present"]),
            opt("user", Str).required(),
            opt("validate_certs", Bool).or("true"),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.known_hosts",
        arguments: &[
            opt("hash_host", Bool).or("no"),
            opt("key", Str),
            opt("name", Str).aka(&["host"]).required(),
            opt("path", Path).or("~/.ssh/known_hosts"),
            opt("state", Str).or("present").of(&["absent", "present"]),
        ],
        ..Signature::BASE
    },
];
