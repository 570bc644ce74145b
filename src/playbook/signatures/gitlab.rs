//! GitLab. Pure data: names, types and defaults are those of `community.general`'s own
//! documentation; an argument that is missing here is not supported and refused before anything
//! runs. Modules of `nautes.install` are ours: no collection has them.

use super::Kind::{Bool, Dict, Int, List, Path, Str};
use super::{Argument, Signature, opt};

/// Where GitLab is and who asks: what all of them take. The last two are ours: the program on the
/// task's host that prints a token for changing, where `api_token` is only for looking or empty.
static ACCESS: &[Argument] = &[
    opt("api_token", Str).secret(),
    opt("api_token_command", List),
    opt("api_token_stdin", Str).secret(),
    opt("api_url", Str).required(),
    opt("ca_path", Path),
    opt("validate_certs", Bool).or("true"),
];

const STATE: Argument = opt("state", Str).or("present").of(&["absent", "present"]);

/// The signatures of this file.
pub static ALL: &[Signature] = &[
    Signature {
        name: "community.general.gitlab_group",
        arguments: &[
            opt("auto_devops_enabled", Bool),
            opt("description", Str),
            opt("name", Str).required(),
            opt("parent", Str),
            opt("path", Str),
            opt("project_creation_level", Str).of(&["developer", "maintainer", "noone"]),
            opt("require_two_factor_authentication", Bool),
            STATE,
            opt("subgroup_creation_level", Str).of(&["maintainer", "owner"]),
            opt("visibility", Str)
                .or("private")
                .of(&["internal", "private", "public"]),
        ],
        shared: ACCESS,
        ..Signature::BASE
    },
    Signature {
        name: "community.general.gitlab_project",
        arguments: &[
            opt("default_branch", Str),
            opt("description", Str),
            opt("group", Str),
            opt("initialize_with_readme", Bool).or("false"),
            opt("issues_enabled", Bool).or("true"),
            opt("lfs_enabled", Bool).or("false"),
            opt("merge_requests_enabled", Bool).or("true"),
            opt("name", Str).required(),
            opt("packages_enabled", Bool),
            opt("path", Str),
            opt("snippets_enabled", Bool).or("true"),
            STATE,
            opt("visibility", Str)
                .or("private")
                .of(&["internal", "private", "public"])
                .aka(&["visibility_level"]),
            opt("wiki_enabled", Bool).or("true"),
        ],
        shared: ACCESS,
        ..Signature::BASE
    },
    Signature {
        name: "community.general.gitlab_deploy_key",
        arguments: &[
            opt("can_push", Bool).or("false"),
            opt("key", Str).required(),
            opt("project", Str).required(),
            STATE,
            opt("title", Str).required(),
        ],
        shared: ACCESS,
        ..Signature::BASE
    },
    Signature {
        name: "community.general.gitlab_user",
        arguments: &[
            opt("confirm", Bool).or("true"),
            opt("email", Str),
            opt("external", Bool).or("false"),
            opt("isadmin", Bool).or("false"),
            opt("name", Str),
            opt("password", Str).secret(),
            opt("reset_password", Bool).or("false"),
            STATE,
            opt("username", Str).required(),
        ],
        shared: ACCESS,
        ..Signature::BASE
    },
    Signature {
        name: "nautes.install.gitlab_application",
        arguments: &[
            opt("client_id", Str),
            opt("confidential", Bool).or("true"),
            opt("name", Str).required(),
            opt("redirect_uri", List),
            opt("scopes", List),
            STATE,
        ],
        shared: ACCESS,
        secrets: &["application.secret"],
        ..Signature::BASE
    },
    Signature {
        name: "nautes.install.gitlab_personal_access_token",
        arguments: &[
            opt("days", Int).or("365"),
            opt("name", Str).required(),
            opt("renew_before", Int).or("30"),
            opt("scopes", List),
            STATE,
            opt("user", Str).required(),
            opt("value", Str).secret(),
        ],
        shared: ACCESS,
        secrets: &["access_token.token"],
        ..Signature::BASE
    },
    Signature {
        name: "nautes.install.gitlab_settings",
        arguments: &[opt("settings", Dict).required()],
        shared: ACCESS,
        ..Signature::BASE
    },
];
