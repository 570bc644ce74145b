//! Broken inputs and what is said about them, to the letter.
//!
//! Each folder of `tests/broken/` is one mistake: the user's files and `expected.txt`. What is
//! read is told by the name of the file: `input.yaml` and `manifest.yaml` (Ansible's and
//! Kubernetes' YAML), `site.yml` (a playbook), `components/*.yaml` with `settings.yaml` (the
//! mapping below `nautes.components`), `arguments` (an inventory: `-i`, `-e`, `--set`, `--limit`
//! and `--hosts`, a pattern, one on each line), `template.j2` and `condition.j2` with `vars.yaml`; `command` is run by the program
//! itself.
//! `UPDATE=1 cargo test --test diagnostics` writes the expectations anew: read the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use nautes_install::diagnostic::{Colour, Diagnostic, Renderer};
use nautes_install::secret::Redactor;

use super::command;
use super::reading::{diagnose, load};
use super::slugs;

const ROOT: &str = "tests/broken";

/// Slugs of inputs that no folder can show, each with its reason.
const WITHOUT_A_CASE: [(&str, &str); 3] = [
    (
        "playbook/unknown-hosts",
        "only seen while a plan runs: see the tests of the engine",
    ),
    (
        "inventory/too-many-hosts",
        "the file would be too large to commit",
    ),
    (
        "template/header",
        "only in files that the module `template` renders",
    ),
];

/// Slugs of what the command line names and nothing in a file is to blame for.
const WITHOUT_PLACE: [&str; 5] = [
    "inventory/cannot-read",
    "inventory/no-source",
    "inventory/program",
    "inventory/shared-name",
    "inventory/vars-directory",
];

/// Slugs whose messages do not always say what to do yet. Nothing may be added here.
const WITHOUT_HELP: [&str; 10] = [
    "inventory/group-name",
    "inventory/host-name",
    "inventory/limit-file",
    "inventory/pattern",
    "inventory/set",
    "template/empty-condition",
    "template/failed",
    "template/not-found",
    "template/syntax",
    "template/unknown-filter",
];

/// Number, slug and folder of every case, in order.
fn cases() -> BTreeMap<String, PathBuf> {
    let folders = fs::read_dir(ROOT)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    folders
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                path,
            )
        })
        .collect()
}

fn rendered(diagnostics: &[Diagnostic]) -> String {
    let renderer = Renderer::new(Colour::Plain, Redactor::default());
    renderer.all(diagnostics, "nothing was touched")
}

/// What is said about a folder, and every slug in it.
fn said(folder: &Path) -> (String, Vec<String>) {
    let text = if folder.join("command").exists() {
        command::said(folder)
    } else {
        rendered(&diagnose(load(folder)))
    };
    let headlines = text
        .lines()
        .filter(|line| line.starts_with("error[") || line.starts_with("warning["));
    let slugs =
        headlines.filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned()));
    let slugs = slugs.collect();
    (text, slugs)
}

#[test]
fn each_broken_input_is_told_to_the_letter() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = String::new();
    for (name, folder) in cases() {
        let (said, slugs) = said(&folder);
        let code = slugs
            .first()
            .map(|code| code.replace('/', "-"))
            .unwrap_or_default();
        let fits = !code.is_empty() && name[4..].starts_with(&code);
        assert!(fits, "{name}: its first error is `{code}`\n{said}");
        let path = folder.join("expected.txt");
        if update {
            fs::write(&path, &said).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if said != expected {
            writeln!(wrong, "{name}: expected\n{expected}\n{name}: said\n{said}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn each_error_has_a_place_that_exists_and_one_thing_to_do() {
    let mut numbers = BTreeSet::new();
    for (name, folder) in cases() {
        let (number, _) = name.split_once('-').unwrap();
        assert!(
            number.len() == 3 && numbers.insert(number.to_owned()),
            "{name}: number"
        );
        if folder.join("command").exists() {
            continue;
        }
        let diagnostics = diagnose(load(&folder));
        assert!(!diagnostics.is_empty(), "{name}: nothing is wrong with it");
        for diagnostic in &diagnostics {
            let placeless = WITHOUT_PLACE.contains(&diagnostic.code);
            let place = diagnostic.place.as_ref();
            let exists = place.map(|p| p.source.text.get(p.start..p.end).is_some());
            assert!(exists.unwrap_or(placeless), "{name}: no place");
            let help = diagnostic.help.is_some() || WITHOUT_HELP.contains(&diagnostic.code);
            assert!(help, "{name}: no help");
            assert!(
                !diagnostic.what.contains('\n'),
                "{name}: more than one line"
            );
        }
    }
}

#[test]
fn each_slug_of_an_input_has_a_case() {
    let mut shown: BTreeSet<String> = WITHOUT_A_CASE
        .iter()
        .map(|(slug, _)| (*slug).to_owned())
        .collect();
    for folder in cases().values() {
        shown.extend(said(folder).1);
    }
    let inputs = [
        "input/",
        "playbook/",
        "settings/",
        "plan/",
        "template/",
        "inventory/",
    ];
    let missing: Vec<String> = slugs::used()
        .into_keys()
        .filter(|slug| inputs.iter().any(|room| slug.starts_with(room)))
        .filter(|slug| !shown.contains(slug))
        .collect();
    assert!(
        missing.is_empty(),
        "write a folder in {ROOT} for {missing:?}"
    );
}
