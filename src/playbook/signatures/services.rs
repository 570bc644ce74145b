//! Units, kernel and the host itself. Pure data: names, types and defaults are those of
//! Ansible's own documentation; an argument that is missing here is not supported and refused
//! before anything runs.

use super::Kind::{Bool, Path, Str};
use super::{Signature, opt};

/// The signatures of this file.
pub static ALL: &[Signature] = &[
    Signature {
        name: "ansible.builtin.service",
        arguments: &[
            opt("enabled", Bool),
            opt("name", Str).required(),
            opt("state", Str).of(&["reloaded", "restarted", "started", "stopped"]),
            opt("use", Str).or("auto"),
            opt("daemon_reload", Bool)
                .aka(&["daemon-reload"])
                .or("false"),
            opt("daemon_reexec", Bool)
                .aka(&["daemon-reexec"])
                .or("false"),
            opt("masked", Bool),
            opt("no_block", Bool).or("false"),
            opt("scope", Str).or("system").of(&["system"]),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.systemd_service",
        arguments: &[
            opt("daemon_reexec", Bool)
                .aka(&["daemon-reexec"])
                .or("false"),
            opt("daemon_reload", Bool)
                .aka(&["daemon-reload"])
                .or("false"),
            opt("enabled", Bool),
            opt("masked", Bool),
            opt("name", Str).aka(&["service", "unit"]),
            opt("no_block", Bool).or("false"),
            opt("scope", Str).or("system").of(&["system"]),
            opt("state", Str).of(&["reloaded", "restarted", "started", "stopped"]),
        ],
        aka: &["ansible.builtin.systemd"],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.hostname",
        arguments: &[
            opt("name", Str).required(),
            opt("use", Str).of(&[
                "alpine", "debian", "freebsd", "generic", "macos", "macosx", "darwin", "openbsd",
                "openrc", "redhat", "sles", "solaris", "systemd",
            ]),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.posix.sysctl",
        arguments: &[
            opt("ignoreerrors", Bool).or("false"),
            opt("name", Str).aka(&["key"]).required(),
            opt("reload", Bool).or("true"),
            opt("state", Str).or("present").of(&["present", "absent"]),
            opt("sysctl_file", Path).or("/etc/sysctl.conf"),
            opt("sysctl_set", Bool).or("false"),
            opt("value", Str).aka(&["val"]),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "community.general.modprobe",
        arguments: &[
            opt("name", Str).required(),
            opt("params", Str).or(""),
            opt("persistent", Str)
                .or("disabled")
                .of(&["disabled", "absent", "present"]),
            opt("state", Str).or("present").of(&["absent", "present"]),
        ],
        ..Signature::BASE
    },
];
