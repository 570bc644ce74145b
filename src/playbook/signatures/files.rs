//! Files and what is in them. Pure data: names, types and defaults are those of
//! Ansible's own documentation; an argument that is missing here is not supported and refused
//! before anything runs.

use super::Kind::{Bool, Int, List, Path, Raw, Str};
use super::{FILE, Signature, opt};

/// The signatures of this file.
pub static ALL: &[Signature] = &[
    Signature {
        name: "ansible.builtin.copy",
        arguments: &[
            opt("backup", Bool).or("false"),
            opt("checksum", Str),
            opt("content", Raw),
            opt("decrypt", Bool).or("true"),
            opt("dest", Path).required(),
            opt("directory_mode", Raw),
            opt("follow", Bool).or("false"),
            opt("force", Bool).or("true"),
            opt("remote_src", Bool).or("false"),
            opt("src", Path),
            opt("validate", Str),
        ],
        shared: FILE,
        exclusive: &[&["src", "content"]],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.template",
        arguments: &[
            opt("backup", Bool).or("false"),
            opt("block_end_string", Str).or("%}"),
            opt("block_start_string", Str).or("{%"),
            opt("comment_end_string", Str),
            opt("comment_start_string", Str),
            opt("dest", Path).required(),
            opt("follow", Bool).or("false"),
            opt("force", Bool).or("true"),
            opt("lstrip_blocks", Bool).or("false"),
            opt("newline_sequence", Str)
                .or("\\n")
                .of(&["\\n", "\\r", "\\r\\n", "\n", "\r", "\r\n"]),
            opt("output_encoding", Str)
                .or("utf-8")
                .of(&["utf-8", "utf8", "UTF-8", "UTF8"]),
            opt("src", Path).required(),
            opt("trim_blocks", Bool).or("true"),
            opt("validate", Str),
            opt("variable_end_string", Str).or("}}"),
            opt("variable_start_string", Str).or("{{"),
        ],
        shared: FILE,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.file",
        arguments: &[
            opt("access_time", Str),
            opt("access_time_format", Str).or("%Y%m%d%H%M.%S"),
            opt("follow", Bool).or("true"),
            opt("force", Bool).or("false"),
            opt("modification_time", Str),
            opt("modification_time_format", Str).or("%Y%m%d%H%M.%S"),
            opt("path", Path).aka(&["dest", "name"]).required(),
            opt("recurse", Bool).or("false"),
            opt("src", Path),
            opt("state", Str).of(&["absent", "directory", "file", "hard", "link", "touch"]),
        ],
        shared: FILE,
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.stat",
        arguments: &[
            opt("checksum_algorithm", Str)
                .aka(&["checksum", "checksum_algo"])
                .or("sha1")
                .of(&["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]),
            opt("follow", Bool).or("false"),
            opt("get_attributes", Bool).aka(&["attr", "attributes"]),
            opt("get_checksum", Bool).or("true"),
            opt("get_mime", Bool).aka(&["mime", "mime_type", "mime-type"]),
            opt("path", Path).aka(&["dest", "name"]).required(),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.lineinfile",
        arguments: &[
            opt("backrefs", Bool).or("false"),
            opt("backup", Bool).or("false"),
            opt("create", Bool).or("false"),
            opt("firstmatch", Bool).or("false"),
            opt("insertafter", Str),
            opt("insertbefore", Str),
            opt("line", Str).aka(&["value"]),
            opt("path", Path)
                .aka(&["dest", "destfile", "name"])
                .required(),
            opt("regexp", Str).aka(&["regex"]),
            opt("search_string", Str),
            opt("state", Str).or("present").of(&["absent", "present"]),
            opt("validate", Str),
        ],
        shared: FILE,
        exclusive: &[
            &["insertbefore", "insertafter"],
            &["regexp", "search_string"],
            &["backrefs", "search_string"],
        ],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.blockinfile",
        arguments: &[
            opt("append_newline", Bool).or("false"),
            opt("backup", Bool).or("false"),
            opt("block", Str).aka(&["content"]).or(""),
            opt("create", Bool).or("false"),
            opt("insertafter", Str),
            opt("insertbefore", Str),
            opt("marker", Str).or("# {mark} ANSIBLE MANAGED BLOCK"),
            opt("marker_begin", Str).or("BEGIN"),
            opt("marker_end", Str).or("END"),
            opt("path", Path)
                .aka(&["dest", "destfile", "name"])
                .required(),
            opt("prepend_newline", Bool).or("false"),
            opt("state", Str).or("present").of(&["absent", "present"]),
            opt("validate", Str),
        ],
        shared: FILE,
        exclusive: &[&["insertbefore", "insertafter"]],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.replace",
        arguments: &[
            opt("after", Str),
            opt("backup", Bool).or("false"),
            opt("before", Str),
            opt("path", Path)
                .aka(&["dest", "destfile", "name"])
                .required(),
            opt("regexp", Str).required(),
            opt("replace", Str).or(""),
            opt("validate", Str),
        ],
        shared: FILE,
        ..Signature::BASE
    },
    Signature {
        name: "community.general.ini_file",
        arguments: &[
            opt("allow_no_value", Bool).or("false"),
            opt("backup", Bool).or("false"),
            opt("create", Bool).or("true"),
            opt("exclusive", Bool).or("true"),
            opt("no_extra_spaces", Bool).or("false"),
            opt("option", Str),
            opt("path", Path).aka(&["dest"]).required(),
            opt("section", Str),
            opt("state", Str).or("present").of(&["absent", "present"]),
            opt("value", Str),
            opt("values", List),
        ],
        shared: FILE,
        exclusive: &[&["value", "values"]],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.slurp",
        arguments: &[opt("src", Path).aka(&["path"]).required()],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.fetch",
        arguments: &[
            opt("dest", Str).required(),
            opt("fail_on_missing", Bool).or("true"),
            opt("flat", Bool).or("false"),
            opt("src", Str).required(),
            opt("validate_checksum", Bool).or("true"),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "ansible.builtin.find",
        arguments: &[
            opt("age", Str),
            opt("age_stamp", Str)
                .or("mtime")
                .of(&["atime", "ctime", "mtime"]),
            opt("checksum_algorithm", Str)
                .aka(&["checksum", "checksum_algo"])
                .or("sha1")
                .of(&["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]),
            opt("contains", Str),
            opt("depth", Int),
            opt("exact_mode", Bool).or("true"),
            opt("excludes", List).aka(&["exclude"]),
            opt("file_type", Str)
                .or("file")
                .of(&["any", "directory", "file", "link"]),
            opt("get_checksum", Bool).or("false"),
            opt("hidden", Bool).or("false"),
            opt("limit", Int),
            opt("mode", Raw),
            opt("paths", List).aka(&["name", "path"]).required(),
            opt("patterns", List).aka(&["pattern"]),
            opt("read_whole_file", Bool).or("false"),
            opt("recurse", Bool).or("false"),
            opt("size", Str),
            opt("use_regex", Bool).or("false"),
        ],
        ..Signature::BASE
    },
];
