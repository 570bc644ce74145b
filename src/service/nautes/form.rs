//! The forms of manifests as data: which fields a kind has, how the API calls them, what may stand
//! in them.
//!
//! From the interface files of the api-server (v0.3.8 and v0.4.2) and the fields that Nautes' own
//! command line reads. Up to v0.3.8 a destination is the name of an environment and a cluster has
//! addresses of its own for Argo CD, Tekton and Traefik; from v0.4 on they are components of it. It is long because it is one table.

use super::Kind;

/// Which of the two forms of bodies a server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Up to v0.3.8.
    V03,
    /// v0.4.
    V04,
}

impl Form {
    /// The form of a version of Nautes: `v0.3.8`, `0.4`.
    pub fn of(version: &str) -> Option<Self> {
        let mut parts = version.trim_start_matches('v').split(['.', '-']);
        let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok());
        match (number()?, number()) {
            (0, Some(minor)) if minor <= 3 => Some(Self::V03),
            (0, Some(4)) => Some(Self::V04),
            _ => None,
        }
    }

    /// As people name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V03 => "0.3",
            Self::V04 => "0.4",
        }
    }
}

/// What may stand in a field.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Text; a number is taken as text, too.
    Text,
    /// Text that must begin so.
    Starts(&'static str),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Whole,
    /// Keys of any name, each with this.
    Map(&'static Shape),
    /// Any number of these; the order says nothing where they are texts.
    List(&'static Shape),
    /// These fields and no other.
    Object(&'static [Field]),
    /// Read and left out: the API has no such field.
    Nothing,
}

/// Whether a field may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must be there and not be empty.
    Must,
    /// Left out it is empty.
    May,
    /// Left out the server fills it in.
    Filled,
    /// May be left out; the server never shows it.
    Unshown,
}

/// A field of a manifest.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in manifests; then names that are read as well.
    pub names: &'static [&'static str],
    /// Its name in bodies.
    pub json: &'static str,
    /// What may stand in it.
    pub shape: Shape,
    /// Whether it may be left out.
    pub need: Need,
    /// The only form that has it, and what the other has instead.
    pub only: Option<(Form, &'static str)>,
}

const fn field(
    names: &'static [&'static str],
    json: &'static str,
    shape: Shape,
    need: Need,
) -> Field {
    Field {
        names,
        json,
        shape,
        need,
        only: None,
    }
}

impl Field {
    const fn only(self, form: Form, instead: &'static str) -> Self {
        Self {
            only: Some((form, instead)),
            ..self
        }
    }
}

use Need::{Filled, May, Must, Unshown};
use Shape::{Bool, Choice, List, Map, Nothing, Object, Starts, Text, Whole};

const TEXTS: Shape = List(&Text);
const VISIBILITY: Shape = Choice(&["public", "private"]);

const COMPONENT: Shape = Object(&[
    field(&["name"], "name", Text, Must),
    field(&["namespace"], "namespace", Text, Filled),
    field(&["additions"], "additions", Map(&Text), Filled),
]);

const CLUSTER: &[Field] = &[
    field(&["apiServer"], "api_server", Starts("https://"), Must),
    field(
        &["clusterKind"],
        "cluster_kind",
        Choice(&["kubernetes"]),
        Must,
    ),
    field(
        &["clusterType"],
        "cluster_type",
        Choice(&["physical", "virtual"]),
        Must,
    ),
    field(&["usage"], "usage", Choice(&["host", "worker"]), Must),
    field(
        &["workerType"],
        "worker_type",
        Choice(&["pipeline", "deployment"]),
        Filled,
    ),
    field(&["hostCluster"], "host_cluster", Text, Filled),
    field(&["primaryDomain"], "primary_domain", Text, Filled),
    field(&["kubeconfig"], "kubeconfig", Text, Unshown),
    field(
        &["vcluster"],
        "vcluster",
        Object(&[field(&["httpsNodePort"], "https_node_port", Text, May)]),
        Unshown,
    ),
    field(
        &["componentsList"],
        "components_list",
        Object(&[
            field(&["multiTenant"], "multi_tenant", COMPONENT, Filled),
            field(&["certManagement"], "cert_management", COMPONENT, Filled),
            field(&["secretSync"], "secret_sync", COMPONENT, Filled),
            field(&["gateway"], "gateway", COMPONENT, Filled),
            field(&["deployment"], "deployment", COMPONENT, Filled),
            field(
                &["progressiveDelivery"],
                "progressive_delivery",
                COMPONENT,
                Filled,
            ),
            field(&["pipeline"], "pipeline", COMPONENT, Filled),
            field(&["eventListener"], "event_listener", COMPONENT, Filled),
        ]),
        Filled,
    )
    .only(Form::V04, "`argocdHost`, `tektonHost` and `traefik`"),
    field(
        &["reservedNamespacesAllowedProducts"],
        "reserved_namespaces_allowed_products",
        Map(&TEXTS),
        Filled,
    ),
    field(
        &["productAllowedClusterResources"],
        "product_allowed_cluster_resources",
        Map(&List(&Object(&[
            field(&["kind"], "kind", Text, Must),
            field(&["group"], "group", Text, May),
        ]))),
        Filled,
    ),
    field(&["argocdHost"], "argocd_host", Text, Filled)
        .only(Form::V03, "`componentsList.deployment.additions.host`"),
    field(&["tektonHost"], "tekton_host", Text, Filled)
        .only(Form::V03, "`componentsList.pipeline.additions.host`"),
    field(
        &["traefik"],
        "traefik",
        Object(&[
            field(&["httpNodePort"], "http_node_port", Text, Must),
            field(&["httpsNodePort"], "https_node_port", Text, Must),
        ]),
        Filled,
    )
    .only(
        Form::V03,
        "`componentsList.gateway.additions.httpNodePort` and `.httpsNodePort`",
    ),
];

const PRODUCT: &[Field] = &[field(
    &["git"],
    "git",
    Object(&[field(
        &["gitlab"],
        "gitlab",
        Object(&[
            field(&["name"], "name", Text, Unshown),
            field(&["path"], "path", Text, Must),
            field(&["visibility"], "visibility", VISIBILITY, Must),
            field(&["description"], "description", Text, Filled),
            field(&["parentID", "parentId"], "parent_id", Whole, Unshown),
        ]),
        Must,
    )]),
    Must,
)];

const ENVIRONMENT: &[Field] = &[
    field(&["cluster"], "cluster", Text, Must),
    field(&["envType"], "env_type", Text, Must),
];

const PROJECT: &[Field] = &[field(&["language"], "language", Text, Must)];

const CODE_REPO: &[Field] = &[
    field(&["project"], "project", Text, May),
    field(&["deploymentRuntime"], "deployment_runtime", Bool, May),
    field(
        &["pipelineRuntime", "projectPipelineRuntime"],
        "pipeline_runtime",
        Bool,
        May,
    ),
    field(
        &["webhook"],
        "webhook",
        Object(&[
            field(&["events"], "events", TEXTS, May),
            field(&["isolation"], "", Nothing, May),
        ]),
        May,
    ),
    field(
        &["git"],
        "git",
        Object(&[field(
            &["gitlab"],
            "gitlab",
            Object(&[
                field(&["name"], "name", Text, Filled),
                field(&["path"], "path", Text, Filled),
                field(&["visibility"], "visibility", VISIBILITY, Must),
                field(&["description"], "description", Text, Filled),
            ]),
            Must,
        )]),
        Must,
    ),
    field(&["codeRepoProvider"], "", Nothing, May),
];

const CODE_REPO_BINDING: &[Field] = &[
    field(&["coderepo", "codeRepo"], "coderepo", Text, Must),
    field(&["product"], "product", Text, Must),
    field(&["projects"], "projects", TEXTS, May),
    field(
        &["permissions"],
        "permissions",
        Choice(&["readonly", "readwrite"]),
        Must,
    ),
];

const HOOK: Shape = List(&Object(&[
    field(&["name"], "name", Text, Must),
    field(&["alias"], "alias", Text, May),
    field(&["vars"], "vars", Map(&Text), May),
]));

const PIPELINE_RUNTIME: &[Field] = &[
    field(&["project"], "project", Text, Must),
    field(&["pipelineSource"], "pipeline_source", Text, Must),
    field(
        &["pipelines"],
        "pipelines",
        List(&Object(&[
            field(&["name"], "name", Text, Must),
            field(&["label"], "label", Text, Filled),
            field(&["path"], "path", Text, Must),
        ])),
        Must,
    ),
    field(
        &["eventSources"],
        "event_sources",
        List(&Object(&[
            field(&["name"], "name", Text, Must),
            field(
                &["gitlab"],
                "gitlab",
                Object(&[
                    field(&["repoName"], "repo_name", Text, Must),
                    field(&["revision"], "revision", Text, May),
                    field(&["events"], "events", TEXTS, May),
                ]),
                Filled,
            ),
            field(
                &["calendar"],
                "calendar",
                Object(&[
                    field(&["schedule"], "schedule", Text, May),
                    field(&["interval"], "interval", Text, May),
                    field(&["exclusionDates"], "exclusion_dates", TEXTS, May),
                    field(&["timezone"], "timezone", Text, May),
                ]),
                Filled,
            ),
        ])),
        Must,
    ),
    field(
        &["pipelineTriggers"],
        "pipeline_triggers",
        List(&Object(&[
            field(&["eventSource"], "event_source", Text, Must),
            field(&["pipeline"], "pipeline", Text, Must),
            field(&["revision"], "revision", Text, May),
            field(&["inputs"], "inputs", List(&INPUT), May),
        ])),
        Must,
    ),
    field(
        &["destination"],
        "destination",
        Object(&[
            field(&["environment"], "environment", Text, Must),
            field(&["namespace"], "namespace", Text, Filled),
        ]),
        Must,
    )
    .only(Form::V04, "`destination: ENVIRONMENT`"),
    field(&["destination"], "destination", Text, Must)
        .only(Form::V03, "`destination: {environment: …, namespace: …}`"),
    field(
        &["isolation"],
        "isolation",
        Choice(&["shared", "exclusive"]),
        Must,
    ),
    field(&["account"], "account", Text, Filled),
    field(
        &["additionalResources"],
        "additional_resources",
        Object(&[field(
            &["git"],
            "git",
            Object(&[
                field(&["codeRepo", "coderepo"], "coderepo", Text, May),
                field(&["url"], "url", Text, May),
                field(&["revision"], "revision", Text, May),
                field(&["path"], "path", Text, May),
            ]),
            May,
        )]),
        Filled,
    ),
    field(
        &["hooks"],
        "hooks",
        Object(&[
            field(&["preHooks"], "pre_hooks", HOOK, May),
            field(&["postHooks"], "post_hooks", HOOK, May),
        ]),
        Filled,
    ),
];

const INPUT: Shape = Object(&[
    field(
        &["source"],
        "source",
        Object(&[
            field(&["builtInVar"], "built_in_var", Text, May),
            field(&["fromEvent"], "from_event", Text, May),
        ]),
        Must,
    ),
    field(
        &["transmissionMethod"],
        "transmission_method",
        Object(&[field(
            &["kustomization"],
            "kustomization",
            Object(&[field(&["path"], "path", Text, Must)]),
            Must,
        )]),
        Must,
    ),
]);

const DEPLOYMENT_RUNTIME: &[Field] = &[
    field(&["projectsRef"], "projects_ref", TEXTS, May),
    field(
        &["manifestSource", "manifestsource"],
        "manifest_source",
        Object(&[
            field(&["codeRepo"], "code_repo", Text, Must),
            field(&["targetRevision"], "target_revision", Text, Must),
            field(&["path"], "path", Text, Must),
        ]),
        Must,
    ),
    field(
        &["destination"],
        "destination",
        Object(&[
            field(&["environment"], "environment", Text, Must),
            field(&["namespaces"], "namespaces", TEXTS, Filled),
        ]),
        Must,
    )
    .only(Form::V04, "`destination: ENVIRONMENT`"),
    field(&["destination"], "destination", Text, Must).only(
        Form::V03,
        "`destination: {environment: …, namespaces: […]}`",
    ),
    field(&["account"], "account", Text, Filled),
];

impl Kind {
    /// The fields of its `spec`, but for its name and the product that it is in.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Cluster => CLUSTER,
            Self::Product => PRODUCT,
            Self::Environment => ENVIRONMENT,
            Self::Project => PROJECT,
            Self::CodeRepo => CODE_REPO,
            Self::CodeRepoBinding => CODE_REPO_BINDING,
            Self::ProjectPipelineRuntime => PIPELINE_RUNTIME,
            Self::DeploymentRuntime => DEPLOYMENT_RUNTIME,
        }
    }

    /// The key of `spec` with the product that it is in.
    pub const fn product_key(self) -> Option<&'static str> {
        match self {
            Self::Cluster | Self::Product => None,
            // Its `product` is the one that may use the repository.
            Self::CodeRepoBinding => Some("productName"),
            _ => Some("product"),
        }
    }
}
