//! What the old installer's variables mean here, where one of ours does not simply have its value.

use serde_json::json;

use super::read::{self, wrong};
use super::take::{Found, Taking, place};
use super::text::Item;

impl<'a> Taking<'a> {
    pub fn tenant(&mut self) {
        let release = "the versions of the Nautes documentation; `current` has the newest that work together, and no virtual cluster";
        let Some(found) = self.find("tenant_name") else {
            self.assume("tenant", (json!("nautes"), "the old installer's default"));
            return self.assume("release", (json!("reference"), release));
        };
        if let Some(name) = self.caught(read::text(found.name, found.node)) {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if name.len() > 63
                || !name.chars().all(fits)
                || name.starts_with('-')
                || name.ends_with('-')
            {
                self.errors.push(*wrong(
                    format!("`{name}` cannot be a tenant's name"),
                    &found.node.span,
                    "write lower-case letters, digits and dashes, 63 at most: it is a DNS label",
                ));
            }
            self.set(found, "tenant", json!(name));
        }
        self.assume("release", (json!("reference"), release));
    }

    pub fn domain(&mut self) {
        let Some(found) = self.find("kube_entrypoint_ip") else {
            return;
        };
        if self.find("kube_entrypoint_domain").is_some() {
            return self.drop(found, "`kube_entrypoint_domain` says it");
        }
        if let Some(address) = self.caught(read::text(found.name, found.node)) {
            self.set(found, "domain", json!(format!("{address}.nip.io")));
        }
    }

    pub fn kubernetes(&mut self) {
        if let Some(found) = self.find("kubernetes_type")
            && let Some(kind) = self.caught(read::text(found.name, found.node))
        {
            match kind.as_str() {
                "k3s" => self.set(found, "components.cluster.flavour", json!("k3s")),
                "k8s" => self.set(found, "components.cluster.flavour", json!("kubernetes")),
                _ => self.errors.push(*wrong(
                    format!("`kubernetes_type` is `{kind}`"),
                    &found.node.span,
                    "the old installer knows `k3s` and `k8s`",
                )),
            }
        }
        self.to_do.push(
            "choose where the tenant's services live: here it is the cluster itself; the old installer made a virtual one in it, as `nautes.components.vcluster.virtual: true` does (release `reference`; not rehearsed yet)"
                .to_owned(),
        );
        let Some(found) = self.find("kube_apiserver_kubeconfig") else {
            return;
        };
        if let Some(file) = self.file(found, "kubeconfig") {
            self.assume(
                "components.cluster.flavour",
                (json!("existing"), "because of kube_apiserver_kubeconfig"),
            );
            self.set(found, "components.cluster.kubeconfig", json!(file));
            if self.find("kube_entrypoint_domain").is_none()
                && self.find("kube_entrypoint_ip").is_none()
            {
                self.to_do.push(
                    "say `nautes.domain`: the old installer took the host in the kubeconfig's `server`, with `.nip.io` if it was an address".to_owned(),
                );
            }
        }
    }

    /// The path of a file; one that stood in the variables has to be put into a file.
    pub fn file(&mut self, found: Found<'_>, name: &str) -> Option<String> {
        let text = if read::is_sealed(found.node) {
            None
        } else {
            let text = self.caught(read::text(found.name, found.node))?;
            (!read::is_content(&text)).then_some(text)
        };
        if let Some(path) = text {
            return Some(read::absolute(&path, self.given.directory));
        }
        let path = read::absolute(&format!("secrets/{name}"), self.given.directory);
        self.to_do.push(format!(
            "put what `{}` ({}) holds into the file `{path}`, for yourself alone (mode 0600)",
            found.name,
            place(&found.node.span)
        ));
        Some(path)
    }

    pub fn images(&mut self) {
        let Some(found) = self.find("docker_repository") else {
            return;
        };
        let Some(text) = self.caught(read::text(found.name, found.node)) else {
            return;
        };
        let registry = text.trim_end_matches('/');
        if registry == "ghcr.io/nautes-labs" {
            return self.drop(found, "it is the default");
        }
        let path = ["all", "vars", "nautes", "images", "ghcr.io/nautes-labs"];
        let remark = format!("{}, {}", found.name, place(&found.node.span));
        self.tree.set(&path, Item::Plain(json!(registry)), &remark);
        self.note(found, "nautes.images".to_owned());
    }

    pub fn templates(&mut self) {
        let version = self.find("repos_tenant_template_version");
        let rows = [
            (
                "repos_tenant_template_url",
                version,
                "components.tenant-repo.template",
            ),
            (
                "repos_cluster_template_url",
                None,
                "components.tenant-repo.cluster_templates",
            ),
            (
                "runtime_template_source",
                None,
                "components.tenant-repo.cluster_templates",
            ),
        ];
        for (name, version, setting) in rows {
            self.template(name, (version, setting));
        }
        if let Some(found) = version.filter(|_| self.find("repos_tenant_template_url").is_none()) {
            self.drop(found, "the release pins the template by its commit");
        }
    }

    fn template(&mut self, name: &'static str, (version, setting): (Option<Found<'a>>, &str)) {
        let Some(found) = self.find(name) else {
            return;
        };
        let Some(address) = self.caught(read::text(name, found.node)) else {
            return;
        };
        let at = version.and_then(|found| self.caught(read::text(found.name, found.node)));
        let is_commit =
            |text: &String| text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit());
        if let Some(commit) = at.filter(is_commit) {
            self.set(found, setting, json!(format!("{address}@{commit}")));
            if let Some(version) = version {
                self.note(version, format!("nautes.{setting}"));
            }
            return;
        }
        let upstream = "https://github.com/nautes-labs/";
        let why = "a branch moves: the release pins upstream's template by its commit";
        for found in [Some(found), version].into_iter().flatten() {
            self.drop(found, why);
        }
        if !address.starts_with(upstream) {
            self.to_do.push(format!(
                "say which commit of {address} is meant: `nautes.{setting}: {address}@COMMIT`"
            ));
        }
    }
}
