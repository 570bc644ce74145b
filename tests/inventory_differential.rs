//! Our `inventory list` and `graph` against ansible-inventory's, on inventories with precedence
//! traps: always against the committed answers, and live where `ansible-inventory` is on PATH
//! (`tests/differential/setup` installs the pinned one).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test's own helpers, which clippy takes for production code; the count is printed"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use nautes_install::input::{Json, OsFiles, OsProcesses, Source, Span};
use nautes_install::inventory::{self, Inventory, Options, Pattern, Sealed, World};
use nautes_install::secret::Redactor;
use nautes_install::secret::vault::VaultPassword;

/// The least number of cases that makes this comparison worth its name.
const FEWEST: usize = 25;

struct Case {
    name: String,
    directory: PathBuf,
    args: Vec<String>,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inventories");
    let mut directories: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("args").is_file())
        .collect();
    directories.sort();
    directories
        .into_iter()
        .map(|directory| Case {
            name: directory
                .file_name()
                .unwrap()
                .to_string_lossy()
                .into_owned(),
            args: std::fs::read_to_string(directory.join("args"))
                .unwrap()
                .lines()
                .map(str::to_owned)
                .collect(),
            directory,
        })
        .collect()
}

/// The arguments of ansible-inventory as our options. Without `--playbook-dir` it reads the
/// `group_vars/` of the directory it was started in, and so do we.
fn options(case: &Case) -> Options {
    let mut options = Options {
        directory: case.directory.clone(),
        playbook: Some(case.directory.clone()),
        sealed: Sealed::Keep,
        ..Options::default()
    };
    let password = |file: &str| {
        let text = std::fs::read_to_string(case.directory.join(file)).unwrap();
        VaultPassword::new(text.trim_end())
    };
    for pair in case.args.chunks(2) {
        let [flag, value] = pair else {
            panic!("{}: arguments come in pairs", case.name)
        };
        match flag.as_str() {
            "-i" => options.sources.push(value.clone()),
            "-e" => options.extra.push(value.clone()),
            "-l" => {} // `limited` reads it.
            "--playbook-dir" => options.playbook = Some(case.directory.join(value)),
            "--vault-password-file" => options.vault.push(password(value)),
            "--vault-id" => {
                let (id, file) = value.split_once('@').unwrap();
                options.vault.push(password(file).for_id(id));
            }
            other => panic!("{}: unknown argument {other}", case.name),
        }
    }
    options
}

fn load(case: &Case) -> Inventory {
    let redactor = Redactor::default();
    let processes = OsProcesses::default();
    let world = World {
        files: &OsFiles,
        processes: &processes,
        redactor: &redactor,
    };
    inventory::load(&options(case), &world)
        .unwrap_or_else(|errors| panic!("{}: {errors:#?}", case.name))
}

/// What `-l` leaves of an inventory.
fn limited(case: &Case, whole: Inventory) -> Inventory {
    let Some(at) = case.args.iter().position(|arg| arg == "-l") else {
        return whole;
    };
    let limit = Pattern::limit(&case.args[at + 1], &OsFiles).unwrap();
    let text = "all";
    let place = Span {
        source: Source::new("all", text),
        start: 0,
        end: text.len(),
    };
    let all = Pattern::parse(text, &place).unwrap();
    let selection = whole.select(&all, Some(&limit)).unwrap();
    let names: Vec<String> = selection.hosts.iter().map(|h| h.name.clone()).collect();
    whole.limited_to(&names)
}

fn compare_vars(ours: &Inventory, theirs: &str) -> Option<String> {
    let shown = inventory::graph_with_vars(ours, "all", &nautes_install::template::python_text);
    difference(&shown.unwrap(), theirs.trim_end())
}

fn without_profile(mut listing: Json) -> Json {
    if let Some(meta) = listing.get_mut("_meta").and_then(Json::as_object_mut) {
        meta.remove("profile");
    }
    listing.sort_all_objects();
    listing
}

/// The first difference between two texts, with the lines before it.
fn difference(ours: &str, theirs: &str) -> Option<String> {
    let at = ours
        .lines()
        .zip(theirs.lines())
        .position(|(ours, theirs)| ours != theirs)
        .or_else(|| (ours.lines().count() != theirs.lines().count()).then_some(0))?;
    let part = |text: &str| {
        let lines: Vec<&str> = text.lines().skip(at.saturating_sub(3)).take(8).collect();
        lines.join("\n")
    };
    Some(format!("ours:\n{}\ntheirs:\n{}", part(ours), part(theirs)))
}

fn compare_list(ours: &Inventory, theirs: &str) -> Option<String> {
    let theirs: Json = serde_json::from_str(theirs).unwrap();
    let pretty = |json| serde_json::to_string_pretty(&without_profile(json)).unwrap();
    difference(&pretty(inventory::list_json(ours)), &pretty(theirs))
}

fn compare_graph(ours: &Inventory, theirs: &str) -> Option<String> {
    difference(&inventory::graph(ours, "all").unwrap(), theirs.trim_end())
}

fn ansible(case: &Case, action: &str) -> Option<String> {
    let output = Command::new("ansible-inventory")
        .args(&case.args)
        .arg(action)
        .current_dir(&case.directory)
        .env(
            "ANSIBLE_CONFIG",
            concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/differential/ansible.cfg"
            ),
        )
        .env("ANSIBLE_NOCOLOR", "1")
        .env("HOME", "/nonexistent")
        .output()
        .ok()?;
    assert!(
        output.status.success(),
        "{}: {}",
        case.name,
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

fn report(what: &str, differences: &[String]) {
    assert!(
        differences.is_empty(),
        "{what}: {} differ\n{}",
        differences.len(),
        differences.join("\n\n")
    );
}

#[test]
fn equals_the_committed_answers() {
    let cases = cases();
    assert!(cases.len() >= FEWEST, "only {} cases", cases.len());
    let mut differences = Vec::new();
    for case in &cases {
        let ours = load(case);
        let read = |name| std::fs::read_to_string(case.directory.join(name)).unwrap();
        let vars = std::fs::read_to_string(case.directory.join("expected.vars")).ok();
        let found = compare_graph(&ours, &read("expected.graph"))
            .or_else(|| compare_vars(&ours, &vars?))
            .or_else(|| compare_list(&limited(case, ours), &read("expected.json")));
        differences.extend(found.map(|found| format!("== {}\n{found}", case.name)));
    }
    report("committed answers", &differences);
}

#[test]
fn equals_ansible_inventory_live() {
    let there = Command::new("ansible-inventory").arg("--version").output();
    if there.is_err() {
        let in_ci = std::env::var_os("CI").is_some();
        assert!(
            !in_ci,
            "in CI, ansible-inventory must be on PATH: tests/differential/setup"
        );
        println!("0 inventories compared live: ansible-inventory is not on PATH");
        return;
    }
    let mut differences = Vec::new();
    let mut compared = 0;
    for case in &cases() {
        let ours = limited(case, load(case));
        let list = ansible(case, "--list").unwrap();
        let found = compare_list(&ours, &list);
        differences.extend(found.map(|found| format!("== {}\n{found}", case.name)));
        compared += 1;
    }
    println!("{compared} inventories compared live with ansible-inventory");
    report("live comparison", &differences);
}
