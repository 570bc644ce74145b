//! Broken inputs and what is said about them, to the letter.
//!
//! Each folder of `tests/broken/` is one mistake: the user's files and `expected.txt`. What is
//! read is told by the name of the file: `input.yaml` and `manifest.yaml` (Ansible's and
//! Kubernetes' YAML), `site.yml` (a playbook), `components/*.yaml` with `settings.yaml` (the
//! mapping below `nautes.components`), `template.j2` and `condition.j2` with `vars.yaml`.
//! `UPDATE=1 cargo test --test diagnostics` writes the expectations anew: read the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nautes_install::diagnostic::{Colour, Diagnostic, Renderer, Severity};
use nautes_install::input::{
    self, Files, Kind, MemoryFiles, MemoryProcesses, Node, Rules, Source, Span, SystemClock, Var,
    Variables,
};
use nautes_install::plan;
use nautes_install::playbook::Loader;
use nautes_install::secret::Redactor;
use nautes_install::template::{Engine, Unrendered, World};

use super::slugs;

const ROOT: &str = "tests/broken";

/// Slugs of inputs that no folder can show, each with its reason.
const WITHOUT_A_CASE: [(&str, &str); 1] = [(
    "playbook/unknown-hosts",
    "only seen while a plan runs: see the tests of the engine",
)];

/// Slugs whose messages do not always say what to do yet. Nothing may be added here.
const WITHOUT_HELP: [&str; 5] = [
    "template/empty-condition",
    "template/failed",
    "template/not-found",
    "template/syntax",
    "template/unknown-filter",
];

/// Everything below a folder, as the user's working directory.
fn load(folder: &Path) -> MemoryFiles {
    fn add(files: &MemoryFiles, root: &Path, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(files, root, &path);
            } else if path.file_name().unwrap() != "expected.txt" {
                files.put(
                    path.strip_prefix(root).unwrap(),
                    fs::read(&path).unwrap(),
                    0o644,
                );
            }
        }
    }
    let files = MemoryFiles::default();
    add(&files, folder, folder);
    files
}

fn diagnose(files: MemoryFiles) -> Vec<Diagnostic> {
    let is = |name: &str| files.kind(Path::new(name)).is_some();
    if is("input.yaml") {
        yaml(&files, "input.yaml", Rules::Ansible)
    } else if is("manifest.yaml") {
        yaml(&files, "manifest.yaml", Rules::Kubernetes)
    } else if is("site.yml") {
        let mut loader = Loader::new(&files);
        loader.playbook(Path::new("site.yml"));
        loader.errors
    } else if is("components") {
        components(&files)
    } else if is("template.j2") {
        template(files, "template.j2")
    } else {
        template(files, "condition.j2")
    }
}

fn read(files: &MemoryFiles, name: &str) -> Result<Arc<Source>, Vec<Diagnostic>> {
    let bytes = files.read(Path::new(name)).map_err(|_| Vec::new())?;
    input::decode(name, bytes).map_err(|error| vec![error.into()])
}

fn yaml(files: &MemoryFiles, name: &str, rules: Rules) -> Vec<Diagnostic> {
    let parsed = read(files, name).and_then(|source| {
        let all = |errors: Vec<_>| errors.into_iter().map(Diagnostic::from).collect();
        match rules {
            Rules::Ansible => input::parse_one(&source, rules).map(drop).map_err(all),
            Rules::Kubernetes => input::parse(&source, rules).map(drop).map_err(all),
        }
    });
    parsed.err().unwrap_or_default()
}

fn components(files: &MemoryFiles) -> Vec<Diagnostic> {
    let mut loader = Loader::new(files);
    let mut read = Vec::new();
    for name in files.list(Path::new("components")).unwrap() {
        read.extend(
            loader
                .component(&Path::new("components").join(name))
                .map(Arc::new),
        );
    }
    let mut errors = loader.errors;
    if !errors.is_empty() {
        return errors;
    }
    errors.extend(
        plan::plan(&read, &plan::Choice::default())
            .err()
            .unwrap_or_default(),
    );
    let settings = self::read(files, "settings.yaml").ok();
    let settings = settings.map(|source| input::parse_one(&source, Rules::Ansible).unwrap());
    for component in read {
        let own = settings.as_ref().and_then(|node| node.get(&component.name));
        errors.extend(plan::inputs_of(&component, own).err().unwrap_or_default());
    }
    errors
}

/// The variables of `vars.yaml`.
struct Vars(Option<Node>);

impl Variables for Vars {
    fn get(&self, name: &str) -> Option<Var> {
        Some(self.0.as_ref()?.get(name)?.clone().into())
    }

    fn names(&self) -> Vec<String> {
        let entries = self.0.as_ref().and_then(Node::as_map).unwrap_or_default();
        entries.iter().map(|(key, _)| key.key_text()).collect()
    }
}

fn template(files: MemoryFiles, name: &str) -> Vec<Diagnostic> {
    let source = self::read(&files, name).unwrap();
    let vars = self::read(&files, "vars.yaml").ok();
    let vars = vars.map(|source| input::parse_one(&source, Rules::Ansible).unwrap());
    let text = source.text.trim_end().to_owned();
    let end = text.len();
    let span = Span {
        source,
        start: 0,
        end,
    };
    let node = Arc::new(Node::new(span, Kind::Str(text)));
    let engine = Engine::new(World {
        files: Arc::new(files),
        processes: Arc::new(MemoryProcesses::default()),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(|bytes: &mut [u8]| bytes.fill(7)),
        hosts: Arc::new(|_| Vec::new()),
        search: vec![PathBuf::new()],
    });
    let vars: Arc<dyn Variables> = Arc::new(Vars(vars));
    let result = if name == "condition.j2" {
        engine.condition(&node, &vars).map(drop)
    } else {
        engine.render(&node, &vars).map(drop)
    };
    match result {
        Err(Unrendered::Wrong(diagnostic)) => vec![*diagnostic],
        Err(Unrendered::Unknown(until)) => panic!("unknown until {until}"),
        Ok(()) => Vec::new(),
    }
}

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

#[test]
fn each_broken_input_is_told_to_the_letter() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = String::new();
    for (name, folder) in cases() {
        let said = rendered(&diagnose(load(&folder)));
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
fn each_error_has_a_place_that_exists_a_reason_or_help_and_the_slug_of_its_folder() {
    let mut numbers = BTreeSet::new();
    for (name, folder) in cases() {
        let (number, slug) = name.split_once('-').unwrap();
        assert!(
            number.len() == 3 && numbers.insert(number.to_owned()),
            "{name}: number"
        );
        let diagnostics = diagnose(load(&folder));
        let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error);
        assert!(errors.count() > 0, "{name}: nothing is wrong with it");
        for diagnostic in &diagnostics {
            let place = diagnostic
                .place
                .as_ref()
                .unwrap_or_else(|| panic!("{name}: no place"));
            assert!(
                place.source.text.get(place.start..place.end).is_some(),
                "{name}"
            );
            let help = diagnostic.help.is_some() || WITHOUT_HELP.contains(&diagnostic.code);
            assert!(help, "{name}: no help");
            assert!(
                !diagnostic.what.contains('\n'),
                "{name}: more than one line"
            );
        }
        let code = diagnostics[0].code.replace('/', "-");
        assert!(slug.starts_with(&code), "{name}: its first error is {code}");
    }
}

#[test]
fn each_slug_of_an_input_has_a_case() {
    let mut shown: BTreeSet<&str> = WITHOUT_A_CASE.iter().map(|(slug, _)| *slug).collect();
    for folder in cases().values() {
        shown.extend(
            diagnose(load(folder))
                .iter()
                .map(|diagnostic| diagnostic.code),
        );
    }
    let inputs = ["input/", "playbook/", "settings/", "plan/", "template/"];
    let missing: Vec<String> = slugs::used()
        .into_keys()
        .filter(|slug| inputs.iter().any(|room| slug.starts_with(room)))
        .filter(|slug| !shown.contains(slug.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "write a folder in {ROOT} for {missing:?}"
    );
}
