//! What can be wrong in a cluster, each with its slug and the one thing to do about it.

use std::fmt;

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ailment {
    /// An image cannot be pulled.
    Image,
    /// What a container reads or mounts is not there.
    Settings,
    /// A container ends again and again.
    Crash,
    /// No node takes the pod.
    NoNode,
    /// A claim has no volume.
    Claim,
    /// The namespace's quota is used up.
    Quota,
    /// The namespace's Pod Security refuses the pods.
    PodSecurity,
    /// A webhook cannot be called.
    Webhook,
    /// It runs and does not answer its probe.
    Probe,
    /// The pod gets no network.
    Network,
    /// Something is being removed and does not go.
    Ending,
    /// Argo CD does not get at a repository.
    Repository,
    /// Argo CD cannot make objects of what is in a repository.
    Content,
    /// Argo CD's objects are not all taken.
    Sync,
    /// Nothing worse than that it is not there yet.
    Unready,
}

impl Ailment {
    /// The slug of errors for its sake.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Image => "cluster/image",
            Self::Settings => "cluster/pod-settings",
            Self::Crash => "cluster/crash",
            Self::NoNode => "cluster/no-node",
            Self::Claim => "cluster/volume",
            Self::Quota => "cluster/quota",
            Self::PodSecurity => "cluster/pod-security",
            Self::Webhook => "cluster/webhook",
            Self::Probe => "cluster/probe",
            Self::Network => "cluster/pod-network",
            Self::Ending => "cluster/ending",
            Self::Repository => "cluster/repository",
            Self::Content => "cluster/argo-content",
            Self::Sync => "cluster/argo-sync",
            Self::Unready => "cluster/not-ready",
        }
    }

    /// One thing to do, which destroys nothing; `whose` is what it is about, as kubectl takes it
    /// (`-n NAMESPACE pod/NAME`).
    pub fn help(self, whose: &str) -> String {
        let namespace = whose
            .rsplit_once(' ')
            .map_or("", |(namespace, _)| namespace);
        match self {
            Self::Image => "put the image where it is looked for, or say where it is now: `nautes.images` for charts, the object's own `image` for others".to_owned(),
            Self::Settings => "make the Secret, ConfigMap or volume that is named, in the pod's own namespace".to_owned(),
            Self::Crash => format!("`kubectl logs {whose} --previous` shows all that it said"),
            Self::NoNode => format!("`kubectl describe {whose}` shows what it asks for: add a node that has it, or ask for less"),
            Self::Claim => "`kubectl get storageclass` shows which there are: name one of them, or install what provides volumes".to_owned(),
            Self::Quota => format!("`kubectl describe quota {namespace}` shows what is used: raise the quota, or ask for less"),
            Self::PodSecurity => format!("`kubectl get namespace {} --show-labels` shows its level: the label `pod-security.kubernetes.io/enforce` sets it", namespace.trim_start_matches("-n ")),
            Self::Webhook => "bring up the pods behind the webhook's service; what was done stays done, and the same command goes on from there".to_owned(),
            Self::Probe => format!("`kubectl logs {whose}` shows what it is doing"),
            Self::Network => "look at the CNI plugin on the pod's node: `kubectl get pods -A -o wide` shows which node".to_owned(),
            Self::Ending => "see to what holds it: whoever sets its finalizers must run, and webhooks that are asked must answer".to_owned(),
            Self::Repository => format!("`kubectl describe {whose}` shows the whole message; look at the credential, the host keys and the way from the cluster to the repository's server"),
            Self::Content => format!("`kubectl describe {whose}` shows the whole message; a commit that mends it is taken up within minutes"),
            Self::Sync => format!("`kubectl describe {whose}` shows each object; Argo CD tries a few times by itself, and again with `up`"),
            Self::Unready => format!("`kubectl describe {whose}` shows more; a longer `wait_timeout` gives it more time"),
        }
    }
}

/// A trouble that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Which.
    pub ailment: Ailment,
    /// In one line.
    pub text: String,
    /// One thing to do.
    pub help: String,
}

impl Diagnosis {
    /// A trouble of something, as kubectl takes its name.
    pub fn new(ailment: Ailment, text: String, whose: &str) -> Self {
        Self {
            ailment,
            text,
            help: ailment.help(whose),
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
