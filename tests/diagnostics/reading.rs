//! A folder of broken input, read as the program would read it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nautes_install::diagnostic::Diagnostic;
use nautes_install::input::{
    self, Files, Kind, MemoryFiles, MemoryProcesses, Node, Rules, Source, Span, SystemClock, Var,
    Variables,
};
use nautes_install::inventory::{self, Pattern};
use nautes_install::plan;
use nautes_install::playbook::Loader;
use nautes_install::secret::Redactor;
use nautes_install::template::{Engine, Unrendered, World};

/// Everything below a folder, as the user's working directory. `*.sh` may be executed.
pub fn load(folder: &Path) -> MemoryFiles {
    fn add(files: &MemoryFiles, root: &Path, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap();
            if path.is_dir() {
                add(files, root, &path);
            } else if name != Path::new("expected.txt") {
                let program = path.extension().is_some_and(|kind| kind == "sh");
                let mode = if program { 0o755 } else { 0o644 };
                files.put(name, fs::read(&path).unwrap(), mode);
            }
        }
    }
    let files = MemoryFiles::default();
    add(&files, folder, folder);
    files
}

/// What the program says about the folder.
pub fn diagnose(files: MemoryFiles) -> Vec<Diagnostic> {
    let is = |name: &str| files.kind(Path::new(name)).is_some();
    if is("arguments") {
        inventory(&files)
    } else if is("input.yaml") {
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

/// `arguments` has one option with its value on each line.
fn inventory(files: &MemoryFiles) -> Vec<Diagnostic> {
    let arguments = read(files, "arguments").unwrap();
    let values = |option: &str| -> Vec<String> {
        let lines = arguments
            .text
            .lines()
            .filter_map(|line| line.split_once(' '));
        let own = lines.filter(|(name, _)| *name == option);
        own.map(|(_, value)| value.to_owned()).collect()
    };
    let options = inventory::Options {
        directory: PathBuf::from("/"),
        sources: values("-i"),
        extra: values("-e"),
        set: values("--set"),
        ..inventory::Options::default()
    };
    let world = inventory::World {
        files,
        processes: &MemoryProcesses::default(),
        redactor: &Redactor::default(),
    };
    let loaded = match inventory::load(&options, &world) {
        Ok(loaded) => loaded,
        Err(errors) => return errors,
    };
    let mut found = loaded.warnings.clone();
    for (name, text) in values("--limit")
        .iter()
        .map(|t| ("--limit", t))
        .chain(values("--hosts").iter().map(|t| ("hosts", t)))
    {
        let all = Pattern::parse("all", &input::literal("all", "all").span).unwrap();
        let limit = match name {
            "--limit" => Pattern::limit(text, files),
            _ => Pattern::parse(text, &input::literal(name, text).span),
        };
        let selected = limit.and_then(|limit| match name {
            "--limit" => loaded.select(&all, Some(&limit)).map(|s| s.warnings),
            _ => loaded.select(&limit, None).map(|s| s.warnings),
        });
        found.extend(selected.unwrap_or_else(|error| vec![error]));
    }
    found
}

fn components(files: &MemoryFiles) -> Vec<Diagnostic> {
    let mut loader = Loader::new(files);
    let mut read = Vec::new();
    for name in files.list(Path::new("components")).unwrap() {
        let path = Path::new("components").join(name);
        read.extend(loader.component(&path).map(Arc::new));
    }
    let mut errors = loader.errors;
    if !errors.is_empty() {
        return errors;
    }
    let planned = plan::plan(&read, &plan::Choice::default());
    errors.extend(planned.err().unwrap_or_default());
    let settings = self::read(files, "settings.yaml").ok();
    let settings = settings.map(|source| input::parse_one(&source, Rules::Ansible).unwrap());
    let own = |name: &str| settings.as_ref().and_then(|node| node.get(name));
    errors.extend(plan::left_out(&read, &own, &[]).errors);
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
