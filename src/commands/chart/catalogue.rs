//! The charts and releases that are at hand.

use std::path::PathBuf;
use std::sync::Arc;

use super::FromArgs;
use crate::chart::{Chart, Rewrites};
use crate::commands::load;
use crate::commands::{Content, Failed};
use crate::diagnostic::{Diagnostic, meant, read_one};
use crate::input::{Files, Node, Rules, decode};

/// Charts and releases.
pub struct Catalogue {
    files: Arc<dyn Files>,
    root: PathBuf,
}

/// A release's file.
pub struct Release {
    name: String,
    node: Node,
}

impl Catalogue {
    /// The built-in ones, or those of `--content`.
    pub fn new(from: &FromArgs) -> Self {
        Self {
            files: Arc::new(Content::new()),
            root: Content::root(from.content.as_deref()),
        }
    }

    /// Every chart, by name.
    pub fn names(&self) -> Vec<String> {
        Chart::names(self.files.as_ref(), &self.root.join("vendor-charts"))
    }

    /// A chart.
    pub fn chart(&self, name: &str) -> Result<Chart, Failed> {
        let names = self.names();
        if !names.iter().any(|known| known == name) {
            let names = names.iter().map(String::as_str);
            let help = meant(name, names, "`nautes-install chart list` shows all");
            let what = format!("there is no chart `{name}`");
            return Err(Diagnostic::error("chart/unknown", what).help(help).into());
        }
        let folder = self.root.join("vendor-charts").join(name);
        Ok(Chart::open(&self.files, &folder)?)
    }

    /// A release.
    pub fn release(&self, name: &str) -> Result<Release, Failed> {
        let path = self.root.join(format!("playbooks/releases/{name}.yaml"));
        let bytes = self.files.read(&path).map_err(|error| {
            Diagnostic::error(
                "settings/unknown-release",
                format!("there is no release `{name}`"),
            )
            .why(error.to_string())
            .help("releases are `current` and `reference`, or those of `--content`")
        })?;
        let source = decode(path.display().to_string(), bytes).map_err(Diagnostic::from)?;
        let node = read_one(&source, Rules::Ansible)?;
        Ok(Release {
            name: name.to_owned(),
            node,
        })
    }

    /// The charts that a release has.
    pub fn of_release(&self, name: &str) -> Result<Vec<String>, Failed> {
        let release = self.release(name)?;
        let charts = release.node.get("charts").and_then(Node::as_map);
        Ok(charts
            .into_iter()
            .flatten()
            .map(|(key, _)| key.key_text())
            .collect())
    }
}

impl Release {
    /// Its version of a chart.
    pub fn version(&self, chart: &str) -> Result<String, Failed> {
        let charts = self.node.get("charts");
        let version = charts.and_then(|charts| charts.get(chart));
        version.map(Node::key_text).ok_or_else(|| {
            let what = format!("release `{}` has no chart `{chart}`", self.name);
            Diagnostic::error("chart/not-in-release", what)
                .help("name a version with `--chart-version`, or another release with `--release`")
                .into()
        })
    }

    /// Its version of Kubernetes.
    pub fn kubernetes(&self) -> String {
        let k3s = self.node.get("k3s");
        let version = k3s.and_then(|k3s| k3s.get("version"));
        version.map(Node::key_text).unwrap_or_default()
    }

    /// Where its images come from.
    pub fn rewrites(&self) -> Rewrites {
        Rewrites::new(load::images_of(&self.node))
    }
}
