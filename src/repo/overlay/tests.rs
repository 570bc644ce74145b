//! Changes are made in the text and nowhere else.

use super::edit::{self, Word, documents};
use super::*;
use crate::input::FieldPath;
use crate::repo::testing::{engine, variables};
use crate::repo::tree::Entry;
use proptest::prelude::*;
use serde_json::json;

fn apply(files: &[(&str, &str)], overlay: &str) -> Result<(Tree, Applied), Vec<String>> {
    let told = |errors: Diagnostics| {
        errors
            .into_iter()
            .map(|error| error.what)
            .collect::<Vec<_>>()
    };
    let overlay = Overlay::parse(&Source::new("o.yaml", overlay)).map_err(told)?;
    let mut tree: Tree = files
        .iter()
        .map(|(path, text)| (*path, Entry::plain(*text)))
        .collect();
    let setting = Setting {
        engine: &engine(),
        variables: &variables(&json!({"tag": "v2", "old": true})),
        images: &|image| image.replace("gcr.io/dead/", "ghcr.io/alive/"),
        targets: Targets::Real,
    };
    let applied = overlay.apply(&mut tree, &setting).map_err(told)?;
    Ok((tree, applied))
}

fn changed(text: &str, change: &str) -> Result<String, String> {
    let overlay = format!("- why: because\n  file: f.yaml\n{change}\n");
    match apply(&[("f.yaml", text)], &overlay) {
        Ok((tree, _)) => Ok(tree.get("f.yaml").unwrap().text().unwrap().to_owned()),
        Err(errors) => Err(errors.join("; ")),
    }
}

const POD: &str = "\
# a comment
kind: Pod
metadata:
  name:   a   # odd blanks
  labels: # why
    up: true
spec:
  containers:
  - name: c
    image: \"gcr.io/dead/c:v1\"  # gone
    args: [\"-x\", \"gcr.io/dead/d:v1\",
      gcr.io/dead/d:v1]
  - name: e
    image: docker.io/e:v1
---
kind: List
items:
";

#[test]
fn fields_are_set_in_their_text() {
    let change = "  object: {kind: Pod, name: a}\n  set: {metadata.labels.up: 'true', 'spec.containers[name=e].image': 'e:{{ tag }}'}";
    let expected = POD
        .replace("up: true", "up: 'true'")
        .replace("docker.io/e:v1", "e:v2");
    assert_eq!(changed(POD, change).unwrap(), expected);
}

#[test]
fn fields_and_items_are_added_and_removed() {
    let change = "  object: {kind: Pod}\n  add: {'spec.containers[name=c].env': [{name: x}], 'spec.containers': [{name: f}], spec.hostNetwork: false, metadata.labels: {b: c}}\n  remove: ['spec.containers[name=e]']";
    let expected = POD
        .replace("    up: true\n", "    up: true\n    b: c\n")
        .replace(
            "  - name: e\n    image: docker.io/e:v1\n",
            "  - name: f\n  hostNetwork: false\n",
        )
        .replace(
            "      gcr.io/dead/d:v1]\n",
            "      gcr.io/dead/d:v1]\n    env:\n      - name: x\n",
        );
    assert_eq!(changed(POD, change).unwrap(), expected);
    let change = "  object: {kind: List}\n  add: {items: [{a: 1}]}";
    let expected = POD.replace("items:\n", "items:\n  - a: 1\n");
    assert_eq!(changed(POD, change).unwrap(), expected);
}

#[test]
fn a_last_line_without_an_end_keeps_none() {
    let change = "  add: {resources: [b.yaml]}";
    assert_eq!(
        changed("resources:\n- a.yaml", change).unwrap(),
        "resources:\n- a.yaml\n- b.yaml"
    );
    let change = "  append: [{kind: B}]";
    assert_eq!(changed("kind: A", change).unwrap(), "kind: A\n---\nkind: B");
    assert_eq!(
        changed("kind: A\n\n", change).unwrap(),
        "kind: A\n---\nkind: B\n\n"
    );
}

#[test]
fn images_move_in_containers_and_arguments() {
    let change = "  object: {kind: Pod}\n  images: ['spec.containers[name=c].image', 'spec.containers[name=c].args', 'spec.containers[name=e].image']";
    assert_eq!(
        changed(POD, change).unwrap(),
        POD.replace("gcr.io/dead/", "ghcr.io/alive/")
    );
}

#[test]
fn lines_of_a_text_go() {
    let text = "data:\n  k: |-\n    a 1\n    b 2\n    a 3\n  l: x\n";
    let change = "  remove_lines: {data.k: ['b ']}";
    assert_eq!(
        changed(text, change).unwrap(),
        text.replace("    b 2\n", "")
    );
    let why = changed(text, "  remove_lines: {data.k: ['c ']}").unwrap_err();
    assert!(why.contains("no line that starts with `c `"), "{why}");
}

#[test]
fn go_templates_and_texts_in_texts() {
    let text = "{{- if .A }}\nkind: App\nspec:\n  values: |-\n    x: {{ .X }}\n    inner: |-\n      ---\n      kind: A\n      v: v1beta1   \n\n      ---\n      kind: B\n  to: {{ .To }}\n{{- end }}";
    let change = "  object: {kind: App}\n  inside: [spec.values, inner]\n  set: {}\n";
    assert!(
        changed(text, change)
            .unwrap_err()
            .contains("changes nothing")
    );
    let overlay = "- why: w\n  file: f.yaml\n  inside: [spec.values, inner]\n  object: {kind: A}\n  set: {v: v1}\n  append: [{kind: C}]\n";
    let (tree, _) = apply(&[("f.yaml", text)], overlay).unwrap();
    let expected = text.replace("v: v1beta1", "v: v1").replace(
        "      kind: B\n",
        "      kind: B\n      ---\n      kind: C\n",
    );
    assert_eq!(tree.get("f.yaml").unwrap().text().unwrap(), expected);
}

#[test]
fn files_come_and_go_with_their_reasons() {
    let overlay = "- why: filler\n  create: e/x.yaml\n  keep: true\n  text: |\n    tag: {{ tag }}\n- why: key\n  delete: k\n- why: not here\n  when: not old\n  delete: none\n";
    let (tree, applied) = apply(&[("e/x.yaml", ""), ("k", "secret")], overlay).unwrap();
    assert_eq!(tree.get("e/x.yaml").unwrap().text(), Some("tag: v2\n"));
    assert_eq!(tree.len(), 1);
    assert_eq!(applied.kept, ["e/x.yaml"]);
    let said: Vec<&str> = applied
        .changes
        .iter()
        .map(|(_, why)| why.as_str())
        .collect();
    assert_eq!(said, ["filler", "key"]);
}

#[test]
fn a_target_that_is_not_there_is_told() {
    let says = |change: &str| changed(POD, change).expect_err("taken");
    assert!(says("  object: {kind: Pod, name: b}\n  remove: [a]").contains("no Pod `b`"));
    assert!(
        says("  object: {kind: Pod}\n  set: {spec.replicas: 2}").contains("no `spec.replicas`")
    );
    assert!(says("  object: {kind: Pod}\n  add: {kind: x}").contains("already"));
    assert!(says("  object: {kind: Pod}\n  add: {metadata.labels: {up: x}}").contains("already"));
    assert!(
        says("  object: {kind: Pod}\n  images: [spec.initContainers]").contains("no `spec.init")
    );
    assert!(says("  remove: [a]").contains("2 objects"));
    assert!(
        says("  object: {kind: Pod}\n  remove: ['spec.containers[name=c].name']").contains("item")
    );
    assert!(says("  object: {kind: Pod}\n  remove: [metadata.labels.up]").contains("last one"));
    for (overlay, said) in [
        ("- why: x\n  delete: gone\n", "no such file"),
        ("- why: x\n  file: gone\n  remove: [a]\n", "no such file"),
        ("- why: x\n  create: f.yaml\n  text: a\n", "already"),
        ("- delete: f.yaml\n", "no `why`"),
        ("- why: x\n  delete: ../f.yaml\n", "path in the repository"),
        (
            "- why: x\n  file: f.yaml\n  ste: {a: b}\n",
            "no field `ste`",
        ),
        ("- why: x\n  file: f.yaml\n  set: {'a[': b}\n", "not a path"),
        ("a: b\n", "list of changes"),
    ] {
        let errors = apply(&[("f.yaml", POD)], overlay).unwrap_err();
        assert!(
            errors.iter().any(|error| error.contains(said)),
            "{overlay}: {errors:?}"
        );
    }
}

/// YAML texts with odd but valid layouts.
fn texts() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec![
        "x",
        "'x'",
        "\"x\"",
        "true",
        "",
        "[a, b]",
        "{a: b}",
        "|\n    l1\n\n    l2",
        "\n    - p\n    - q",
        "\n    n: 1\n    m: # c\n      o: 2",
        "{{ .Go }}",
        "# nothing\n",
    ]);
    let line = (
        "[abc]",
        value,
        prop::sample::select(vec!["", " # c", "\n", "\n  # d"]),
    );
    prop::collection::vec(line, 1..4).prop_map(|lines| {
        let mut text = String::from("kind: K\nspec:\n");
        for (nth, (key, value, after)) in lines.iter().enumerate() {
            text.push_str(&format!("  {key}{nth}: {value}{after}\n"));
        }
        text
    })
}

proptest! {
    /// Whatever is written: a change is made as wanted (the proof inside), or refused; lines that do
    /// not belong to its target are all still there.
    #[test]
    fn a_change_is_right_or_refused(text in texts(), nth in 0usize..3, verb in 0usize..3) {
        let key = text.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .filter_map(|line| line.trim().split_once(':')).map(|(key, _)| key.to_owned())
            .filter(|key| !key.starts_with(['#', '-'])).nth(nth);
        if let (Some(key), Ok(before)) = (key, documents(&text)) {
            let path = FieldPath::parse(&format!("spec.{key}")).unwrap();
            let word = match verb {
                0 => Word::Set(json!("new")),
                1 => Word::Add(json!({"zz": [1]})),
                _ => Word::Remove,
            };
            if let Ok(after) = edit::edit(&text, 0, &path, &word) {
                let others = before[0].get("spec").unwrap().as_map().unwrap().iter()
                    .filter(|(other, _)| other.key_text() != key);
                for (other, _) in others {
                    let line = text[other.span.start..].lines().next().unwrap();
                    prop_assert!(after.contains(line), "{}\n{}", text, after);
                }
            }
        }
    }
}
