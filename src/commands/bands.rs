//! What cannot work together, before anything is touched: the version of each planned chart beside
//! the version of Kubernetes that it will meet.

use std::path::PathBuf;
use std::sync::Arc;

use super::Content;
use super::load::Loaded;
use crate::chart::Chart;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{FileKind, Files, Node};
use crate::plan::Plan;
use crate::playbook::Component;

/// What was chosen, and where that is written.
type Chosen<'a> = (String, Option<&'a Node>);

/// Every chart of the plan that does not work with its cluster.
pub fn clashes(loaded: &Loaded, plan: &Plan) -> Diagnostics {
    let files: Arc<dyn Files> = Arc::new(Content::new());
    let mut errors = Diagnostics::new();
    for step in &plan.steps {
        let component = &step.component;
        let folder = folder(component);
        if files.kind(&folder.join("chart.yaml")) != Some(FileKind::File) {
            continue;
        }
        let kubernetes = kubernetes(loaded, component);
        let found = clash(loaded, component, (&files, folder, &kubernetes));
        errors.extend(found.err().into_iter().flatten());
    }
    errors
}

/// A component's chart has its name and lies beside the playbooks.
fn folder(component: &Component) -> PathBuf {
    let playbooks = component.directory.parent().map(ToOwned::to_owned);
    let root = playbooks.unwrap_or_default();
    root.join("vendor-charts").join(component.base())
}

fn clash(
    loaded: &Loaded,
    component: &Component,
    (files, folder, kubernetes): (&Arc<dyn Files>, PathBuf, &Option<Chosen<'_>>),
) -> Result<(), Diagnostics> {
    let chart = Chart::open(files, &folder)?;
    let Some((version, at)) = version(loaded, component) else {
        return Ok(());
    };
    if version.is_empty() {
        let lacks = (!may_lack(component)).then(|| vec![absent(loaded, component, &chart)]);
        return lacks.map_or(Ok(()), Err);
    }
    let place = |error: Diagnostic| match at {
        Some(node) if error.place.is_none() => error.at(&node.span),
        _ => error,
    };
    let sheet = chart.sheet(&version);
    let sheet = sheet.map_err(|found| found.into_iter().map(place).collect::<Diagnostics>())?;
    let Some((kubernetes, of)) = kubernetes else {
        return Ok(());
    };
    chart
        .fits(&sheet, kubernetes.trim_start_matches('v'))
        .map_err(|error| {
            let at = at.or(*of).map(|node| &node.span);
            vec![error.at_maybe(at).why("nothing was touched")]
        })
}

/// The version of a component's chart: the inventory's, else the release's; nothing if neither
/// has one, `None` if it is only known later.
fn version<'a>(loaded: &'a Loaded, component: &Component) -> Option<Chosen<'a>> {
    if let Some(node) = given(loaded, &component.name) {
        return written(node);
    }
    let charts = loaded
        .release
        .as_ref()
        .and_then(|release| release.get("charts"));
    let version = charts.and_then(|charts| charts.get(component.base()));
    Some((version.map(Node::key_text).unwrap_or_default(), None))
}

/// The version that the inventory names for a component.
fn given<'a>(loaded: &'a Loaded, component: &str) -> Option<&'a Node> {
    loaded.component_settings(component)?.get("version")
}

/// A version as it is written; `None` if a template makes it.
fn written(node: &Node) -> Option<Chosen<'_>> {
    let text = node.key_text();
    (!text.contains("{{")).then_some((text, Some(node)))
}

/// Whether the component does without its chart where the release has none.
fn may_lack(component: &Component) -> bool {
    let default = component
        .inputs
        .get("version")
        .and_then(|input| input.default.as_ref());
    let text = default.map(Node::key_text).unwrap_or_default();
    text.contains("default(")
}

fn absent(loaded: &Loaded, component: &Component, chart: &Chart) -> Diagnostic {
    let name = &component.name;
    let release = loaded
        .release
        .as_ref()
        .and_then(|release| release.get("name"));
    let release = release.map(Node::key_text).unwrap_or_default();
    let error = Diagnostic::error(
        "chart/not-in-release",
        format!("release `{release}` has no `{name}`"),
    )
    .why(format!(
        "its chart has {}; nothing was touched",
        chart.versions().join(", ")
    ));
    let at = loaded.component_settings(name).map(|node| &node.span);
    error.at_maybe(at).help(format!(
        "name a version with `nautes.components.{name}.version`, or leave it out with `nautes.components.{name}.enabled: false`"
    ))
}

/// The version of Kubernetes of the chosen flavour; `None` where only the cluster knows.
fn kubernetes<'a>(loaded: &'a Loaded, component: &Component) -> Option<Chosen<'a>> {
    let named = |name: &str| match &component.instance {
        Some(instance) => format!("{name}@{}", instance.cluster),
        None => name.to_owned(),
    };
    let cluster = loaded.component_settings(&named("cluster"));
    let flavour = cluster.and_then(|settings| settings.get("flavour"));
    let flavour = flavour.map_or_else(|| "k3s".to_owned(), Node::key_text);
    if let Some(node) = given(loaded, &named(&flavour)) {
        return written(node);
    }
    let release = loaded.release.as_ref()?;
    let version = release.get(&flavour)?.get("version")?;
    Some((version.key_text(), None))
}
