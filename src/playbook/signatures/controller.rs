//! What the engine itself does, and modules that need no host. Pure data: names, types and defaults are those of
//! Ansible's own documentation; an argument that is missing here is not supported and refused
//! before anything runs.

use super::Kind::{Bool, Dict, Int, List, Path, Raw, Str};
use super::{FreeForm, Runs, Signature, opt};

/// The signatures of this file.
pub static ALL: &[Signature] = &[
    Signature {
        name: "ansible.builtin.debug",
        arguments: &[
            opt("msg", Raw).or("Hello world!"),
            opt("var", Raw),
            opt("verbosity", Int).or("0"),
        ],
        runs: Runs::Controller,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.assert",
        arguments: &[
            opt("fail_msg", Raw).aka(&["msg"]),
            opt("quiet", Bool).or("false"),
            opt("success_msg", Raw),
            opt("that", Raw).required(),
        ],
        runs: Runs::Controller,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.fail",
        arguments: &[opt("msg", Raw).or("Failed as requested from task")],
        runs: Runs::Controller,
        ..Signature::BASE
    },
    Signature {
        name: "nautes.install.gate",
        arguments: &[opt("checks", List).required(), opt("name", Str).required()],
        runs: Runs::Controller,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.set_fact",
        arguments: &[opt("cacheable", Bool).or("false")],
        open: true,
        runs: Runs::Engine,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.meta",
        arguments: &[opt("free_form", Str)],
        free_form: FreeForm::Whole("free_form"),
        runs: Runs::Engine,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.include_vars",
        arguments: &[
            opt("file", Path),
            opt("dir", Path),
            opt("name", Str),
            opt("depth", Int).or("0"),
            opt("files_matching", Str),
            opt("ignore_files", List),
            opt("extensions", List).or("yaml,yml,json"),
            opt("ignore_unknown_extensions", Bool).or("false"),
            opt("hash_behaviour", Str).of(&["replace", "merge"]),
        ],
        free_form: FreeForm::Whole("file"),
        exclusive: &[&["file", "dir"]],
        runs: Runs::Engine,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.include_tasks",
        arguments: &[opt("file", Path), opt("apply", Dict)],
        free_form: FreeForm::Whole("file"),
        runs: Runs::Engine,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.import_tasks",
        arguments: &[opt("file", Path)],
        free_form: FreeForm::Whole("file"),
        runs: Runs::Engine,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.include_role",
        arguments: ROLE,
        runs: Runs::Engine,
        unsupported: Some("write the role's tasks with `import_tasks: roles/NAME/tasks/main.yml`"),
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.import_role",
        arguments: ROLE,
        runs: Runs::Engine,
        unsupported: Some("write the role's tasks with `import_tasks: roles/NAME/tasks/main.yml`"),
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.add_host",
        arguments: &[
            opt("name", Str).aka(&["host", "hostname"]).required(),
            opt("groups", List).aka(&["group", "groupname"]),
        ],
        open: true,
        runs: Runs::Engine,
        unsupported: Some("put the host into the inventory, or into one that a program makes"),
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.group_by",
        arguments: &[opt("key", Str).required(), opt("parents", List).or("all")],
        runs: Runs::Engine,
        unsupported: Some("put the hosts into groups in the inventory, or use `when`"),
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.set_stats",
        arguments: &[
            opt("data", Dict).required(),
            opt("per_host", Bool).or("false"),
            opt("aggregate", Bool).or("true"),
        ],
        runs: Runs::Engine,
        unsupported: Some("show the value with `debug`"),
        ..Signature::BASE
    },
];

/// What both ways of bringing in a role take.
const ROLE: &[super::Argument] = &[
    opt("name", Str).required(),
    opt("apply", Dict),
    opt("tasks_from", Str).or("main"),
    opt("vars_from", Str).or("main"),
    opt("defaults_from", Str).or("main"),
    opt("handlers_from", Str).or("main"),
    opt("allow_duplicates", Bool).or("true"),
    opt("public", Bool).or("false"),
    opt("rolespec_validate", Bool).or("true"),
];
