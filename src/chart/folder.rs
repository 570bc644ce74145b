//! A chart's folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::about::About;
use super::band::parsed;
use super::sheet::Sheet;
use super::written::{node, source};
use crate::diagnostic::{Diagnostic, Diagnostics, meant};
use crate::input::{FileKind, Files, Node, Source};

/// A chart.
#[derive(Clone)]
pub struct Chart {
    /// What it is.
    pub about: About,
    /// Where it lies.
    pub folder: PathBuf,
    files: Arc<dyn Files>,
}

impl Chart {
    /// Opens the chart in a folder.
    ///
    /// # Errors
    /// There is none, or its `chart.yaml` is wrong.
    pub fn open(files: &Arc<dyn Files>, folder: &Path) -> Result<Self, Diagnostics> {
        Ok(Self {
            about: About::read(files.as_ref(), folder)?,
            folder: folder.to_owned(),
            files: files.clone(),
        })
    }

    /// The charts of a folder, by name.
    pub fn names(files: &dyn Files, folder: &Path) -> Vec<String> {
        let listed = files.list(folder).unwrap_or_default();
        let is_chart = |name: &String| {
            let about = folder.join(name).join("chart.yaml");
            files.kind(&about) == Some(FileKind::File)
        };
        listed.into_iter().filter(is_chart).collect()
    }

    /// The versions it has, oldest first.
    pub fn versions(&self) -> Vec<String> {
        let listed = self.files.list(&self.folder.join("versions"));
        let mut versions: Vec<String> = listed
            .unwrap_or_default()
            .iter()
            .filter_map(|name| name.strip_suffix(".yaml"))
            .map(ToOwned::to_owned)
            .collect();
        versions.sort_by_key(|version| (parsed(version), version.clone()));
        versions
    }

    /// The file of a version.
    pub fn version_path(&self, version: &str) -> PathBuf {
        self.folder.join("versions").join(format!("{version}.yaml"))
    }

    /// The text of a version's file.
    ///
    /// # Errors
    /// It has no such version.
    pub fn version_source(&self, version: &str) -> Result<Arc<Source>, Diagnostic> {
        let known = self.versions();
        if !known.iter().any(|name| name == version) {
            let chart = &self.about.name;
            let otherwise = format!("`nautes-install chart sheet {chart} VERSION` adds one");
            let help = meant(version, known.iter().map(String::as_str), otherwise);
            return Err(Diagnostic::error(
                "chart/unknown-version",
                format!("chart `{chart}` has no version `{version}`"),
            )
            .why(format!("it has {}", known.join(", ")))
            .help(help));
        }
        source(self.files.as_ref(), &self.version_path(version))
    }

    /// What is known of a version.
    ///
    /// # Errors
    /// It has no such version, or its file is wrong.
    pub fn sheet(&self, version: &str) -> Result<Sheet, Diagnostics> {
        let source = self.version_source(version).map_err(|error| vec![error])?;
        let sheet = Sheet::read(&node(&source)?)?;
        if sheet.version == version {
            Ok(sheet)
        } else {
            let path = self.version_path(version);
            Err(vec![Diagnostic::error(
                "chart/bad-file",
                format!("`{}` says it is `{}`", path.display(), sheet.version),
            )])
        }
    }

    /// Its values as they are without the user's.
    ///
    /// # Errors
    /// `values.yaml` is wrong.
    pub fn defaults(&self) -> Result<Node, Diagnostics> {
        let path = self.folder.join("values.yaml");
        node(&source(self.files.as_ref(), &path).map_err(|error| vec![error])?)
    }

    /// The files of one of its folders, by name; none is fine.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn texts(&self, folder: &str) -> Result<Vec<Arc<Source>>, Diagnostics> {
        let folder = self.folder.join(folder);
        let names = self.files.list(&folder).unwrap_or_default();
        let yaml = names.iter().filter(|name| name.ends_with(".yaml"));
        yaml.map(|name| source(self.files.as_ref(), &folder.join(name)))
            .collect::<Result<_, _>>()
            .map_err(|error| vec![error])
    }
}
