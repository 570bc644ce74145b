//! The kinds of objects that Nautes has, where they are in its API, and in which order they go in.

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A Kubernetes cluster that runs what products need.
    Cluster,
    /// A product: a group in GitLab.
    Product,
    /// A cluster as a place of a product's stage.
    Environment,
    /// A part of a product.
    Project,
    /// A repository of a project.
    CodeRepo,
    /// The right of a product or its projects to use a repository.
    CodeRepoBinding,
    /// What runs the pipelines of a project.
    ProjectPipelineRuntime,
    /// What deploys.
    DeploymentRuntime,
}

/// What a person may write for a kind, besides its own name in any case.
type Words = &'static [&'static str];

impl Kind {
    /// All, in the order in which they are made; they are deleted the other way round.
    pub const ALL: [Self; 8] = [
        Self::Cluster,
        Self::Product,
        Self::Environment,
        Self::Project,
        Self::CodeRepo,
        Self::CodeRepoBinding,
        Self::ProjectPipelineRuntime,
        Self::DeploymentRuntime,
    ];

    /// As manifests name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cluster => "Cluster",
            Self::Product => "Product",
            Self::Environment => "Environment",
            Self::Project => "Project",
            Self::CodeRepo => "CodeRepo",
            Self::CodeRepoBinding => "CodeRepoBinding",
            Self::ProjectPipelineRuntime => "ProjectPipelineRuntime",
            Self::DeploymentRuntime => "DeploymentRuntime",
        }
    }

    /// The last part of its collection's path.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Cluster => "clusters",
            Self::Product => "products",
            Self::Environment => "environments",
            Self::Project => "projects",
            Self::CodeRepo => "coderepos",
            Self::CodeRepoBinding => "coderepobindings",
            Self::ProjectPipelineRuntime => "projectpipelineruntimes",
            Self::DeploymentRuntime => "deploymentruntimes",
        }
    }

    /// Short names, those of Nautes' own command line.
    const fn short(self) -> Words {
        match self {
            Self::Cluster => &["cls"],
            Self::Product => &["prod", "prods"],
            Self::Environment => &["env", "envs"],
            Self::Project => &["pro", "pros", "proj"],
            Self::CodeRepo => &["cr", "crs"],
            Self::CodeRepoBinding => &["crb", "crbs"],
            Self::ProjectPipelineRuntime => &["ppr", "pprs"],
            Self::DeploymentRuntime => &["dr", "drs"],
        }
    }

    /// The kind that a person means on the command line: its name, its plural or a short name.
    pub fn named(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        Self::ALL.into_iter().find(|kind| {
            word == kind.name().to_lowercase()
                || word == kind.plural()
                || kind.short().contains(&word.as_str())
        })
    }

    /// Whether it is in a product.
    pub const fn is_of_product(self) -> bool {
        !matches!(self, Self::Cluster | Self::Product)
    }

    /// Below the API's version: where all of it are.
    pub fn collection(self, product: &str) -> String {
        if self.is_of_product() {
            format!("/products/{}/{}", part(product), self.plural())
        } else {
            format!("/{}", self.plural())
        }
    }
}

/// Which object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// Its kind.
    pub kind: Kind,
    /// The product that it is in; empty for clusters and products.
    pub product: String,
    /// Its name.
    pub name: String,
}

impl Id {
    /// Below the API's version.
    pub fn path(&self) -> String {
        format!(
            "{}/{}",
            self.kind.collection(&self.product),
            part(&self.name)
        )
    }
}

impl std::fmt::Display for Id {
    /// As people name it: `Environment demo/dev`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.kind.is_of_product() {
            write!(f, "{} {}/{}", self.kind.name(), self.product, self.name)
        } else {
            write!(f, "{} {}", self.kind.name(), self.name)
        }
    }
}

fn part(text: &str) -> String {
    crate::service::gitlab::encoded(text)
}
