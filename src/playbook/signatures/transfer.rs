//! Things that come over the network or out of archives. Pure data: names, types and defaults are those of
//! Ansible's own documentation; an argument that is missing here is not supported and refused
//! before anything runs.

use super::Kind::{Bool, Dict, Int, List, Path, Raw, Str};
use super::{Check, FILE, Signature, opt};

/// The signatures of this file.
pub static ALL: &[Signature] = &[
    Signature {
        name: "ansible.builtin.get_url",
        arguments: &[
            opt("backup", Bool).or("false"),
            opt("checksum", Str).or(""),
            opt("dest", Path).required(),
            opt("force", Bool).or("false"),
            opt("force_basic_auth", Bool).or("false"),
            opt("headers", Dict),
            opt("http_agent", Str).or("ansible-httpget"),
            opt("timeout", Int).or("10"),
            opt("url", Str).required(),
            opt("url_password", Str).aka(&["password"]).secret(),
            opt("url_username", Str).aka(&["username"]),
            opt("validate_certs", Bool).or("true"),
        ],
        shared: FILE,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.unarchive",
        arguments: &[
            opt("copy", Bool).or("true"),
            opt("creates", Path),
            opt("dest", Path).required(),
            opt("exclude", List),
            opt("extra_opts", List),
            opt("keep_newer", Bool).or("false"),
            opt("list_files", Bool).or("false"),
            opt("remote_src", Bool).or("false"),
            opt("src", Path).required(),
            opt("validate_certs", Bool).or("true"),
        ],
        shared: FILE,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.uri",
        arguments: &[
            opt("body", Raw),
            opt("body_format", Str).or("raw").of(&[
                "form-urlencoded",
                "json",
                "raw",
                "form-multipart",
            ]),
            opt("ca_path", Path),
            opt("client_cert", Path),
            opt("client_key", Path),
            opt("creates", Path),
            opt("dest", Path),
            opt("follow_redirects", Str)
                .or("safe")
                .of(&["all", "none", "safe", "urllib2", "no", "yes"]),
            opt("force_basic_auth", Bool).or("false"),
            opt("headers", Dict),
            opt("http_agent", Str).or("ansible-httpget"),
            opt("method", Str).or("GET"),
            opt("remote_src", Bool).or("false"),
            opt("removes", Path),
            opt("return_content", Bool).or("false"),
            opt("src", Path),
            opt("status_code", List).or("200"),
            opt("timeout", Int).or("30"),
            opt("unix_socket", Path),
            opt("url", Str).required(),
            opt("url_password", Str).aka(&["password"]).secret(),
            opt("url_username", Str).aka(&["user"]),
            opt("validate_certs", Bool).or("true"),
        ],
        shared: FILE,
        check: Check::None,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.git",
        arguments: &[
            opt("accept_hostkey", Bool).or("no"),
            opt("accept_newhostkey", Bool).or("no"),
            opt("bare", Bool).or("no"),
            opt("clone", Bool).or("yes"),
            opt("depth", Int),
            opt("dest", Path).required(),
            opt("force", Bool).or("no"),
            opt("key_file", Path),
            opt("recursive", Bool).or("yes"),
            opt("refspec", Str),
            opt("remote", Str).or("origin"),
            opt("repo", Str).aka(&["name"]).required(),
            opt("single_branch", Bool).or("no"),
            opt("ssh_opts", Str),
            opt("update", Bool).or("yes"),
            opt("version", Str).or("HEAD"),
        ],
        ..Signature::BASE
    },
];
