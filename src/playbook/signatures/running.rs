//! Programs and scripts. Pure data: names, types and defaults are those of
//! Ansible's own documentation; an argument that is missing here is not supported and refused
//! before anything runs.

use super::Kind::{Bool, Int, List, Path, Str};
use super::{Check, FreeForm, Runs, Signature, opt};

/// The signatures of this file.
pub static ALL: &[Signature] = &[
    Signature {
        name: "ansible.builtin.command",
        arguments: &[
            opt("argv", List),
            opt("chdir", Path),
            opt("cmd", Str),
            opt("creates", Path),
            opt("removes", Path),
            opt("stdin", Str),
            opt("stdin_add_newline", Bool).or("true"),
            opt("strip_empty_ends", Bool).or("true"),
        ],
        free_form: FreeForm::Command,
        exclusive: &[&["cmd", "argv"]],
        check: Check::Guarded,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.shell",
        arguments: &[
            opt("chdir", Path),
            opt("cmd", Str),
            opt("creates", Path),
            opt("executable", Path),
            opt("removes", Path),
            opt("stdin", Str),
            opt("stdin_add_newline", Bool).or("true"),
        ],
        free_form: FreeForm::Command,
        check: Check::Guarded,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.raw",
        arguments: &[opt("cmd", Str), opt("executable", Str)],
        free_form: FreeForm::Raw,
        check: Check::None,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.ping",
        arguments: &[opt("data", Str).or("pong")],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.reboot",
        arguments: &[
            opt("boot_time_command", Str).or("cat /proc/sys/kernel/random/boot_id"),
            opt("connect_timeout", Int),
            opt("msg", Str).or("Reboot initiated by Ansible"),
            opt("post_reboot_delay", Int).or("0"),
            opt("pre_reboot_delay", Int).or("0"),
            opt("reboot_command", Str).or("[determined based on target OS]"),
            opt("reboot_timeout", Int).or("600"),
            opt("test_command", Str).or("whoami"),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.wait_for",
        arguments: &[
            opt("delay", Int).or("0"),
            opt("host", Str).or("127.0.0.1"),
            opt("msg", Str),
            opt("path", Path),
            opt("port", Int),
            opt("search_regex", Str),
            opt("sleep", Int).or("1"),
            opt("state", Str)
                .or("started")
                .of(&["absent", "drained", "present", "started", "stopped"]),
            opt("timeout", Int).or("300"),
        ],
        exclusive: &[&["port", "path"]],
        check: Check::None,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.wait_for_connection",
        arguments: &[
            opt("connect_timeout", Int).or("5"),
            opt("delay", Int).or("0"),
            opt("sleep", Int).or("1"),
            opt("timeout", Int).or("600"),
        ],
        check: Check::None,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.pause",
        arguments: &[
            opt("echo", Bool).or("yes"),
            opt("minutes", Str),
            opt("prompt", Str),
            opt("seconds", Str),
        ],
        runs: Runs::Engine,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.setup",
        arguments: &[opt("filter", List), opt("gather_subset", List).or("all")],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.getent",
        arguments: &[
            opt("database", Str).required(),
            opt("fail_key", Bool).or("yes"),
            opt("key", Str),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.tempfile",
        arguments: &[
            opt("path", Path),
            opt("prefix", Str).or("ansible."),
            opt("state", Str).or("file").of(&["directory", "file"]),
            opt("suffix", Str).or(""),
        ],
        check: Check::None,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.package_facts",
        arguments: &[opt("manager", List).or("auto").of(&[
            "auto",
            "rpm",
            "yum",
            "dnf",
            "dnf5",
            "zypper",
            "apt",
            "portage",
            "pkg",
            "pkg5",
            "pkgng",
            "pacman",
            "apk",
            "pkg_info",
            "openbsd_pkg",
        ])],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.service_facts",
        arguments: &[],
        ..Signature::BASE
    },
];
