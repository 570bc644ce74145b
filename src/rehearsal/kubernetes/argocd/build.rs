//! A stand-in for kustomize: the objects that a folder of a repository yields. Followed are
//! `resources`, `namespace`, `namePrefix`, `commonLabels`, `patches` by kind and label, and `images`;
//! any other field is without an effect, as docs/rehearsal.md says.

use std::collections::BTreeMap;

use serde_json::Value;

use super::merge;
use crate::input::{Rules, Source, parse};

/// Folders inside one another.
const DEEPEST: usize = 16;

/// Files of a repository.
pub type Files = BTreeMap<String, String>;

/// The objects of a folder.
///
/// # Errors
/// What kustomize says.
pub fn objects(files: &Files, folder: &str) -> Result<Vec<Value>, String> {
    if files.contains_key(&join(folder, "kustomization.yaml")) {
        return kustomized(files, folder, DEEPEST).map_err(|why| {
            let said = format!("`kustomize build <path to cached source>/{folder}");
            format!("Manifest generation error (cached): {said} --load-restrictor LoadRestrictionsNone` failed exit status 1: Error: {why}")
        });
    }
    let prefix = format!("{folder}/");
    let inside = files.iter().filter(|(path, _)| {
        path.strip_prefix(&prefix)
            .is_some_and(|name| !name.contains('/') && name.ends_with(".yaml"))
    });
    let mut found = Vec::new();
    let mut any = false;
    for (path, text) in inside {
        any = true;
        found.extend(documents(path, text)?);
    }
    if any {
        Ok(found)
    } else {
        Err(format!("{folder}: app path does not exist"))
    }
}

/// A path from a folder, `..` resolved.
fn join(folder: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn documents(path: &str, text: &str) -> Result<Vec<Value>, String> {
    let source = Source::new(path, text);
    let nodes = parse(&source, Rules::Kubernetes).map_err(|errors| {
        let why = errors.first().map_or("", |error| error.what.as_str());
        format!("{path}: error unmarshaling JSON: {why}")
    })?;
    let all = nodes.iter().map(crate::input::Node::to_json);
    Ok(all.filter(|value| !value.is_null()).collect())
}

fn kustomized(files: &Files, folder: &str, depth: usize) -> Result<Vec<Value>, String> {
    let path = join(folder, "kustomization.yaml");
    let text = files.get(&path).map_or("", String::as_str);
    let read = documents(&path, text)?;
    let Some(about) = read.first().filter(|_| depth > 0) else {
        return Err("kustomization.yaml is empty".to_owned());
    };
    let mut found = Vec::new();
    for resource in list(&about["resources"]) {
        let at = join(folder, resource.as_str().unwrap_or_default());
        if let Some(text) = files.get(&at) {
            found.extend(documents(&at, text)?);
        } else if files.contains_key(&join(&at, "kustomization.yaml")) {
            found.extend(kustomized(files, &at, depth - 1)?);
        } else {
            return Err(format!(
                "accumulating resources: accumulation err='accumulating resources from '{}': open <path to cached source>/{at}: no such file or directory'",
                resource.as_str().unwrap_or_default()
            ));
        }
    }
    for patch in list(&about["patches"]) {
        let at = join(folder, patch["path"].as_str().unwrap_or_default());
        let text = files
            .get(&at)
            .ok_or_else(|| format!("failed to get the patch file from path({at})"))?;
        for body in documents(&at, text)? {
            let wanted = found
                .iter_mut()
                .filter(|object| fits(object, &patch["target"]));
            wanted.for_each(|object| merge::patch(object, &body));
        }
    }
    if let Some(prefix) = about["namePrefix"].as_str() {
        merge::prefix(&mut found, prefix);
    }
    let labels = about["commonLabels"].as_object();
    for object in &mut found {
        for (key, value) in labels.into_iter().flatten() {
            merge::label(object, key, value);
        }
        if let Some(namespace) = about["namespace"].as_str() {
            merge::namespace(object, namespace);
        }
        for image in list(&about["images"]) {
            merge::image(object, image);
        }
    }
    Ok(found)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Whether a patch is about an object: its kind, and one label of it.
fn fits(object: &Value, target: &Value) -> bool {
    let kind = target["kind"].as_str();
    let label = target["labelSelector"]
        .as_str()
        .and_then(|l| l.split_once('='));
    kind.is_none_or(|kind| object["kind"] == kind)
        && label.is_none_or(|(key, value)| object["metadata"]["labels"][key] == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, &str)]) -> Files {
        let owned = all
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        owned.collect()
    }

    #[test]
    fn a_kustomization_is_followed() {
        let files = files(&[
            (
                "a/kustomization.yaml",
                "namespace: here\nresources: [../b, x.yaml]\nimages: [{name: c, newName: d, newTag: '2'}]\n",
            ),
            (
                "a/x.yaml",
                "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n---\n",
            ),
            (
                "b/kustomization.yaml",
                "namePrefix: p-\ncommonLabels: {l: v}\nresources: [d.yaml]\npatches: [{path: p.yaml, target: {kind: Deployment}}]\n",
            ),
            (
                "b/d.yaml",
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: {containers: [{name: m, image: c:1}]}}}\n",
            ),
            (
                "b/p.yaml",
                "spec: {template: {spec: {containers: [{name: m, command: [x]}, {name: other, image: z}]}}}\n",
            ),
        ]);
        let found = objects(&files, "a").unwrap();
        assert_eq!(found.len(), 2);
        let deployment = &found[0];
        assert_eq!(deployment["metadata"]["name"], "p-d");
        assert_eq!(deployment["metadata"]["namespace"], "here");
        assert_eq!(deployment["spec"]["selector"]["matchLabels"]["l"], "v");
        let containers = &deployment["spec"]["template"]["spec"]["containers"];
        assert_eq!(containers[0]["image"], "d:2");
        assert_eq!(containers[0]["command"][0], "x");
        assert_eq!(containers[1]["image"], "z");
        assert_eq!(found[1]["metadata"]["name"], "s");
    }

    #[test]
    fn what_kustomize_refuses_is_told_in_its_words() {
        let empty = files(&[("a/kustomization.yaml", "")]);
        let told = objects(&empty, "a").unwrap_err();
        assert!(
            told.ends_with("Error: kustomization.yaml is empty"),
            "{told}"
        );
        let missing = files(&[("a/kustomization.yaml", "resources: [x.yaml]\n")]);
        let told = objects(&missing, "a").unwrap_err();
        assert!(told.contains("no such file or directory"), "{told}");
        let gone = objects(&missing, "b").unwrap_err();
        assert_eq!(gone, "b: app path does not exist");
    }
}
