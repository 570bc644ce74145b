//! The tenant repository of every template version that lies in the mirror beside the checkout: what
//! is rendered is what Ansible renders, what the overlay changes is what is listed here, and all else
//! is the template's, byte for byte.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets a surprise has failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nautes_install::chart::Rewrites;
use nautes_install::diagnostic::Diagnostics;
use nautes_install::input::{
    MemoryFiles, MemoryProcesses, Node, OsFiles, Rules, Source, SystemClock, Var, Variables,
    parse_one,
};
use nautes_install::repo::{Applied, Overlay, Setting, Targets, Tree, render};
use nautes_install::template::{Engine, World};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

struct Table(Node);

impl Variables for Table {
    fn get(&self, name: &str) -> Option<Var> {
        self.0.get(name).map(|node| Var::Data(node.to_json()))
    }
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

fn yaml(path: &str) -> Node {
    let text = std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
    parse_one(&Source::new(path, text), Rules::Ansible).unwrap()
}

fn variables() -> Arc<dyn Variables> {
    Arc::new(Table(yaml("tests/repo/values.yaml")))
}

fn engine() -> Engine {
    Engine::new(World {
        files: Arc::new(MemoryFiles::default()),
        processes: Arc::new(MemoryProcesses::default()),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(|buffer| buffer.fill(7)),
        hosts: Arc::new(|_| Vec::new()),
        search: Vec::new(),
    })
}

fn told<T>(what: &str, result: Result<T, Diagnostics>) -> T {
    result.unwrap_or_else(|found| {
        let lines = found
            .iter()
            .map(|error| format!("{} {:?}", error.what, error.why));
        panic!("{what}:\n{}", lines.collect::<Vec<_>>().join("\n"))
    })
}

fn rewrites(release: &str) -> Rewrites {
    let release = yaml(&format!("playbooks/releases/{release}.yaml"));
    let rows = release.get("images").and_then(Node::as_map).unwrap();
    Rewrites::new(
        rows.iter()
            .map(|(from, to)| (from.key_text(), to.key_text())),
    )
}

/// The versions of a template in the mirror; none, said aloud, where there is no mirror.
fn versions(of: &str) -> Vec<(String, PathBuf)> {
    let above = Path::new(ROOT).ancestors();
    let mut candidates = above.map(|folder| folder.join("shared/mirror").join(of));
    let Some(folder) = candidates.find(|folder| folder.is_dir()) else {
        // Past the test's own capture: somebody has to see it.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: no mirror beside the checkout: no version of {of} was compared"
        );
        return Vec::new();
    };
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    assert_eq!(found.len(), 2, "{found:?}");
    let name = |path: PathBuf| (path.file_name().unwrap().to_str().unwrap().to_owned(), path);
    found.into_iter().map(name).collect()
}

fn patched(of: &str, tree: &mut Tree) -> Applied {
    let folder = Path::new(ROOT).join("templates").join(of).join("overlay");
    let overlay = told(of, Overlay::read(&OsFiles, &folder));
    assert!(!overlay.is_empty());
    let rewrites = rewrites("reference");
    let setting = Setting {
        engine: &engine(),
        variables: &variables(),
        images: &|image| rewrites.target(image),
        targets: Targets::Real,
    };
    told(of, overlay.apply(tree, &setting))
}

/// How many lines went and came, by file; `None` for a file that is not on both sides.
fn changes(before: &Tree, after: &Tree) -> BTreeMap<String, Option<(usize, usize)>> {
    let paths: BTreeSet<&str> = before.paths().chain(after.paths()).collect();
    let mut found = BTreeMap::new();
    for path in paths {
        let (old, new) = (before.get(path), after.get(path));
        if old == new {
            continue;
        }
        let count = old.zip(new).map(|(old, new)| {
            let diff = similar::TextDiff::from_lines(old.text().unwrap(), new.text().unwrap());
            let of = |tag| {
                diff.iter_all_changes()
                    .filter(|change| change.tag() == tag)
                    .count()
            };
            (
                of(similar::ChangeTag::Delete),
                of(similar::ChangeTag::Insert),
            )
        });
        found.insert(path.to_owned(), count);
    }
    found
}

#[test]
fn twelve_files_are_ansibles_and_the_rest_is_the_templates() {
    let recorded = yaml("tests/repo/rendered.yaml");
    for (version, folder) in versions("tenant-repo-template") {
        let template = Tree::read(&OsFiles, &folder).unwrap();
        let rendered = told(
            &version,
            render((&template, &version), &engine(), &variables()),
        );
        let digests = recorded.get(&version).and_then(Node::as_map).unwrap();
        assert_eq!(digests.len(), 12);
        let mut left: BTreeSet<&str> = template
            .paths()
            .filter(|path| *path != "index.yaml")
            .collect();
        for (path, digest) in digests {
            let path = path.as_str().unwrap();
            let entry = rendered.get(path).unwrap();
            let found = ring::digest::digest(&ring::digest::SHA256, &entry.content);
            let found: String = found
                .as_ref()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(
                Some(found.as_str()),
                digest.as_str(),
                "{version}/{path}:\n{}",
                entry.text().unwrap()
            );
            left.remove(path);
        }
        assert_eq!(rendered.len(), left.len() + 12);
        for path in left {
            assert_eq!(rendered.get(path), template.get(path), "{version}/{path}");
        }
    }
}

/// What the overlay changes of a template: lines taken and put, or none where the file is gone or new.
/// The lab compares with the same list (`tests/differential/overlaid`).
fn listed(of: &str) -> BTreeMap<String, Option<(usize, usize)>> {
    let text = std::fs::read_to_string(Path::new(ROOT).join("tests/repo/overlaid.tsv")).unwrap();
    let rows = text
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[0] == of)
        .map(|row| {
            let counts = row[2].strip_prefix('-').and_then(|rest| {
                let (taken, put) = rest.split_once(" +")?;
                Some((taken.parse().ok()?, put.parse().ok()?))
            });
            assert!(
                counts.is_some() || ["gone", "new"].contains(&row[2]),
                "{row:?}"
            );
            (row[1].to_owned(), counts)
        })
        .collect()
}

#[test]
fn the_overlay_changes_what_is_listed_and_nothing_else() {
    let listed = listed("tenant-repo");
    for (version, folder) in versions("tenant-repo-template") {
        let template = Tree::read(&OsFiles, &folder).unwrap();
        let rendered = told(
            &version,
            render((&template, &version), &engine(), &variables()),
        );
        let mut after = rendered.clone();
        let applied = patched("tenant-repo", &mut after);
        assert_eq!(changes(&rendered, &after), listed, "{version}");
        let said: BTreeSet<&String> = applied.changes.iter().map(|(path, _)| path).collect();
        assert_eq!(said, listed.keys().collect(), "{version}");
        let text = |path: &str| after.get(path).unwrap().text().unwrap().to_owned();
        assert!(text("nautes/base/manager/manager.yaml").contains("    nautes-app: 'true'\n"));
        assert!(
            text("nautes/base/apps/base/manager_auth_proxy_patch.yaml")
                .contains("image: registry.k8s.io/kubebuilder/kube-rbac-proxy:v0.8.0\n")
        );
        for (path, entry) in after.iter() {
            let text = entry.text().unwrap();
            for gone in [
                "bluzin.io",
                "PRIVATE KEY",
                "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS",
                "gcr.io/tekton-releases",
                "gcr.io/kubebuilder",
            ] {
                let comment = |line: &str| line.trim_start().starts_with('#');
                assert!(
                    !text
                        .lines()
                        .any(|line| line.contains(gone) && !comment(line)),
                    "{version}/{path} has {gone}"
                );
            }
        }
    }
}

/// The proxy in each of Nautes' pods was only there; without another place no pod of them gets ready.
#[test]
fn no_release_takes_an_image_from_a_registry_that_is_gone() {
    for release in ["current", "reference"] {
        let rewrites = rewrites(release);
        for gone in ["gcr.io/kubebuilder/", "gcr.io/tekton-releases/"] {
            let image = format!("{gone}a/b:v1");
            let target = rewrites.target(&image);
            assert!(!target.starts_with(gone), "{release}: {target}");
        }
    }
}

#[test]
fn cluster_templates_are_patched_likewise() {
    let listed = listed("cluster-templates");
    for (version, folder) in versions("cluster-templates") {
        let template = Tree::read(&OsFiles, &folder).unwrap();
        let mut after = template.clone();
        patched("cluster-templates", &mut after);
        assert_eq!(changes(&template, &after), listed, "{version}");
        for path in listed.keys() {
            let text = after.get(path).unwrap().text().unwrap();
            assert!(
                !text.contains("rbac.authorization.k8s.io/v1beta1"),
                "{text}"
            );
            assert!(
                text.contains("kubernetes.io/service-account.name: vault-auth"),
                "{text}"
            );
        }
    }
}

#[test]
fn another_template_is_told_what_the_overlay_misses() {
    let folder = Path::new(ROOT).join("templates/tenant-repo/overlay");
    let overlay = told("overlay", Overlay::read(&OsFiles, &folder));
    let setting = Setting {
        engine: &engine(),
        variables: &variables(),
        images: &|image| image.to_owned(),
        targets: Targets::Real,
    };
    let mut tree = Tree::default();
    let errors = overlay.apply(&mut tree, &setting).unwrap_err();
    assert!(errors.len() > 20, "{}", errors.len());
    assert!(
        errors
            .iter()
            .all(|error| error.code == "repo/overlay-without-target" && error.place.is_some())
    );
}
