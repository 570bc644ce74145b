//! Where a chart lies that a task names.

use std::path::{Path, PathBuf};

use crate::input::FileKind;
use crate::modules::{Context, Failure};

/// Where the chart of this name lies: beside the playbooks.
pub fn folder(name: &str, context: &Context<'_>) -> Result<PathBuf, Failure> {
    let inside = Path::new("vendor-charts").join(name);
    let mut tried = Vec::new();
    for dir in context.search {
        for folder in [dir.join(&inside), dir.join("..").join(&inside)] {
            if context.files.kind(&folder.join("chart.yaml")) == Some(FileKind::File) {
                return Ok(folder);
            }
            tried.push(folder.display().to_string());
        }
    }
    Err(Failure::msg(format!(
        "there is no chart `{name}`; searched in: {}",
        tried.join(", ")
    ))
    .help("`nautes-install chart list` shows the charts"))
}
