//! `chart.yaml`: what a chart is called, where it goes, which values it takes.

use std::collections::BTreeMap;
use std::path::Path;

use super::written::{Fields, bad, node, source};
use crate::diagnostic::Diagnostics;
use crate::input::{Files, Json, Kind, Node};

/// What `chart.yaml` says.
#[derive(Clone, Debug)]
pub struct About {
    /// The name, which is that of the folder.
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// Where objects go that name no namespace.
    pub namespace: String,
    /// Whether the namespace is one of the chart's objects.
    pub creates_namespace: bool,
    /// Upstream's namespaces that are called otherwise here.
    pub renamed: BTreeMap<String, String>,
    /// The JSON Schema of its values.
    pub schema: Json,
}

impl About {
    /// Reads the file.
    pub fn read(files: &dyn Files, folder: &Path) -> Result<Self, Diagnostics> {
        let source = source(files, &folder.join("chart.yaml")).map_err(|error| vec![error])?;
        let root = node(&source)?;
        let mut fields = Fields::new(&root, "chart.yaml");
        let about = Self {
            name: fields.text("chart"),
            title: fields.text("title"),
            namespace: fields.text("namespace"),
            creates_namespace: fields
                .get("create_namespace")
                .is_none_or(|node| node.kind != Kind::Bool(false)),
            renamed: fields.texts("rename_namespaces").into_iter().collect(),
            schema: fields
                .get("schema")
                .map_or_else(|| serde_json::json!({"maxProperties": 0}), Node::to_json),
        };
        let expected = folder.file_name().map(|name| name.display().to_string());
        if expected.as_deref() != Some(about.name.as_str())
            && let Some(node) = fields.get("chart")
        {
            let folder = folder.display();
            fields.errors.push(bad(
                node,
                format!(
                    "the chart is called `{}`, its folder `{folder}`",
                    about.name
                ),
            ));
        }
        let errors = fields.end();
        if errors.is_empty() {
            Ok(about)
        } else {
            Err(errors)
        }
    }
}
