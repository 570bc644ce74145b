//! Packages and where they come from. Pure data: names, types and defaults are those of
//! Ansible's own documentation; an argument that is missing here is not supported and refused
//! before anything runs.

use super::Kind::{Bool, Int, List, Path, Raw, Str};
use super::{Signature, opt};

/// The signatures of this file.
pub static ALL: &[Signature] = &[
    Signature {
        name: "ansible.builtin.apt",
        arguments: &[
            opt("allow_change_held_packages", Bool).or("no"),
            opt("allow_downgrade", Bool).or("no").aka(&[
                "allow-downgrade",
                "allow_downgrades",
                "allow-downgrades",
            ]),
            opt("autoclean", Bool).or("no"),
            opt("autoremove", Bool).or("no"),
            opt("cache_valid_time", Int).or("0"),
            opt("clean", Bool).or("no"),
            opt("deb", Path),
            opt("default_release", Str).aka(&["default-release"]),
            opt("dpkg_options", Str).or("force-confdef,force-confold"),
            opt("install_recommends", Bool).aka(&["install-recommends"]),
            opt("lock_timeout", Int).or("60"),
            opt("name", List).aka(&["package", "pkg"]),
            opt("only_upgrade", Bool).or("no"),
            opt("purge", Bool).or("no"),
            opt("state", Str).or("present").of(&[
                "absent",
                "build-dep",
                "latest",
                "present",
                "fixed",
            ]),
            opt("update_cache", Bool).aka(&["update-cache"]),
            opt("upgrade", Str)
                .or("no")
                .of(&["dist", "full", "no", "safe", "yes"]),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.apt_repository",
        arguments: &[
            opt("filename", Str),
            opt("mode", Raw),
            opt("repo", Str).required(),
            opt("state", Str).or("present").of(&["absent", "present"]),
            opt("update_cache", Bool).aka(&["update-cache"]).or("yes"),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.apt_key",
        arguments: &[
            opt("data", Str),
            opt("file", Path),
            opt("id", Str),
            opt("keyring", Path),
            opt("keyserver", Str),
            opt("state", Str).or("present").of(&["absent", "present"]),
            opt("url", Str),
            opt("validate_certs", Bool).or("yes"),
        ],
        unsupported: Some(
            "put the key into /etc/apt/keyrings with `get_url` or `copy` and name it in the repository line: `deb [signed-by=/etc/apt/keyrings/NAME.asc] …`",
        ),
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.package",
        arguments: &[
            opt("name", List).required(),
            opt("state", Str).required(),
            opt("use", Str).or("auto"),
            opt("update_cache", Bool),
            opt("cache_valid_time", Int).or("0"),
        ],
        ..Signature::BASE
    },
];
