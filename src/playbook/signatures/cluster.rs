//! Kubernetes. Pure data: names, types and defaults are those of the collection's own
//! documentation; an argument that is missing here is not supported and refused before anything
//! runs.

use super::Kind::{Bool, Dict, Int, List, Path, Raw, Str};
use super::{Argument, Signature, opt};

/// Which cluster: what both modules take.
static CLUSTER: &[Argument] = &[
    opt("api_version", Str).aka(&["api", "version"]).or("v1"),
    opt("context", Str),
    opt("hidden_fields", List).or("metadata.managedFields"),
    opt("kind", Str),
    opt("kubeconfig", Str),
    opt("name", Str),
    opt("namespace", Str),
    opt("wait", Bool).or("false"),
    opt("wait_condition", Dict),
    opt("wait_sleep", Int).or("5"),
    opt("wait_timeout", Int).or("120"),
];

/// The signatures of this file.
pub static ALL: &[Signature] = &[
    Signature {
        // Ours: no collection has it.
        name: "nautes.install.chart",
        arguments: &[
            opt("context", Str),
            opt("definitions", Str).of(&["keep", "remove"]),
            opt("images", Dict),
            opt("kubeconfig", Str),
            opt("name", Str).required(),
            opt("state", Str)
                .or("present")
                .of(&["absent", "present", "ready"]),
            opt("values", Dict),
            opt("version", Str).required(),
            opt("wait", Bool).or("true"),
            opt("wait_timeout", Int).or("600"),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "kubernetes.core.k8s",
        aka: &["community.kubernetes.k8s", "community.okd.k8s"],
        arguments: &[
            opt("apply", Bool).or("false"),
            opt("continue_on_error", Bool).or("false"),
            opt("delete_options", Dict),
            opt("force", Bool).or("false"),
            opt("merge_type", List),
            opt("resource_definition", Raw).aka(&["definition", "inline"]),
            opt("server_side_apply", Dict),
            opt("src", Str),
            opt("state", Str)
                .or("present")
                .of(&["absent", "present", "patched"]),
            opt("template", Raw),
        ],
        shared: CLUSTER,
        exclusive: &[
            &["resource_definition", "src", "template"],
            &["merge_type", "apply"],
        ],
        ..Signature::BASE
    },
    Signature {
        name: "kubernetes.core.k8s_info",
        aka: &["community.kubernetes.k8s_info", "kubernetes.core.k8s_facts"],
        arguments: &[opt("field_selectors", List), opt("label_selectors", List)],
        shared: CLUSTER,
        ..Signature::BASE
    },
    Signature {
        name: "kubernetes.core.helm",
        aka: &["community.kubernetes.helm"],
        arguments: &[
            opt("atomic", Bool).or("false"),
            opt("binary_path", Path),
            opt("chart_ref", Str),
            opt("chart_repo_url", Str),
            opt("chart_version", Str),
            opt("context", Str).aka(&["kube_context"]),
            opt("create_namespace", Bool).or("false"),
            opt("dependency_update", Bool).or("false").aka(&["dep_up"]),
            opt("disable_hook", Bool).or("false"),
            opt("force", Bool).or("false"),
            opt("history_max", Int),
            opt("kubeconfig", Path).aka(&["kubeconfig_path"]),
            opt("purge", Bool).or("true"),
            opt("release_name", Str).aka(&["name"]).required(),
            opt("release_namespace", Str).aka(&["namespace"]).required(),
            opt("release_state", Str)
                .or("present")
                .of(&["absent", "present"])
                .aka(&["state"]),
            opt("release_values", Dict).aka(&["values"]),
            opt("reset_values", Bool).or("true"),
            opt("skip_crds", Bool).or("false"),
            opt("timeout", Str),
            opt("values_files", List),
            opt("wait", Bool).or("false"),
        ],
        ..Signature::BASE
    },
    Signature {
        name: "kubernetes.core.k8s_cluster_info",
        aka: &["community.kubernetes.k8s_cluster_info"],
        arguments: &[
            opt("context", Str),
            opt("invalidate_cache", Bool).or("true"),
            opt("kubeconfig", Str),
        ],
        ..Signature::BASE
    },
];
