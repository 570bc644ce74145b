//! What fields of one manifest need of each other.

use super::Reading;
use crate::diagnostic::meant;
use crate::input::Node;

impl Reading {
    /// What fields of a cluster need each other.
    pub(super) fn cluster(&mut self, spec: &Node) {
        let word = |key: &str| spec.get(key).and_then(Node::as_str);
        let missing = |key: &str| spec.get(key).is_none_or(Node::is_null);
        let mut wanted = Vec::new();
        if word("usage") == Some("worker") && missing("workerType") {
            wanted.push(("workerType", "a worker runs pipelines or deployments"));
        }
        if word("clusterType") == Some("virtual") && missing("hostCluster") {
            wanted.push(("hostCluster", "a virtual cluster runs in a host cluster"));
        }
        if word("clusterType") == Some("physical") && missing("kubeconfig") {
            wanted.push(("kubeconfig", "Nautes manages a physical cluster with it"));
        }
        for (key, why) in wanted {
            self.wrong(
                "manifest/missing-field",
                format!("the Cluster has no `{key}`: {why}"),
                &spec.span,
                format!("write `{key}: …`"),
            );
        }
        if word("usage") == Some("host") && word("clusterType") == Some("virtual") {
            let at = spec
                .get("usage")
                .map_or(&spec.span, |node| &node.span)
                .clone();
            self.wrong(
                "manifest/bad-value",
                "a virtual cluster cannot be a host".to_owned(),
                &at,
                "write `usage: worker`".to_owned(),
            );
        }
    }

    /// Triggers name an event source and a pipeline of the same runtime.
    pub(super) fn triggers(&mut self, spec: &Node) {
        let names = |key: &str| -> Vec<String> {
            let items = spec.get(key).and_then(Node::as_seq).unwrap_or_default();
            let names = items.iter().filter_map(|item| item.get("name")?.as_str());
            names.map(ToOwned::to_owned).collect()
        };
        let (sources, pipelines) = (names("eventSources"), names("pipelines"));
        let triggers = spec.get("pipelineTriggers").and_then(Node::as_seq);
        for trigger in triggers.unwrap_or_default() {
            for (key, known, word) in [
                ("eventSource", &sources, "event source"),
                ("pipeline", &pipelines, "pipeline"),
            ] {
                let Some(node) = trigger.get(key) else {
                    continue;
                };
                let Some(name) = node.as_str() else { continue };
                if !known.iter().any(|one| one == name) {
                    let what = format!("the runtime has no {word} `{name}`");
                    let all = format!("it has {}", known.join(", "));
                    self.wrong(
                        "manifest/unknown-name",
                        what,
                        &node.span,
                        meant(name, known.iter().map(String::as_str), &all),
                    );
                }
            }
        }
    }
}
