//! The functions that are fed with noise: shared by the coverage-guided fuzzer (`fuzz_targets/`)
//! and by `tests/fuzz_smoke.rs`, which runs them on every `cargo test`.
//!
//! A target may refuse its input in any way but one: it must not panic. Each is a thin call of
//! what reads foreign text: files of users, answers of hosts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nautes_install::diagnostic::{Colour, Diagnostic, Renderer};
use nautes_install::input::{
    self, Json, Kind, MemoryFiles, MemoryProcesses, Node, Rules, Source, Span, SystemClock, Var,
    Variables,
};
use nautes_install::inventory::{self, Pattern};
use nautes_install::playbook::Loader;
use nautes_install::secret::{self, Redactor};
use nautes_install::template::{Engine, World};

/// A function that is fed with noise.
pub struct Target {
    /// Its name: the folder of its seeds, and the binary of the fuzzer.
    pub name: &'static str,
    /// The function.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 8] = [
    Target {
        name: "yaml",
        run: yaml,
    },
    Target {
        name: "playbook",
        run: playbook,
    },
    Target {
        name: "template",
        run: template,
    },
    Target {
        name: "vault",
        run: vault,
    },
    Target {
        name: "inventory",
        run: inventory,
    },
    Target {
        name: "pattern",
        run: pattern,
    },
    Target {
        name: "frames",
        run: frames,
    },
    Target {
        name: "known_hosts",
        run: known_hosts,
    },
];

/// Bytes of a file, through the reader and the renderer of its errors, and what was read through
/// the emitter and the reader again.
pub fn yaml(data: &[u8]) {
    let source = match input::decode("fuzz.yaml", data.to_vec()) {
        Ok(source) => source,
        Err(error) => return show(&[error.into()]),
    };
    for rules in [Rules::Ansible, Rules::Kubernetes] {
        match input::parse_tolerant(&source, rules) {
            Err(errors) => show(&errors.into_iter().map(Diagnostic::from).collect::<Vec<_>>()),
            Ok(parsed) => {
                for document in parsed.documents {
                    let text = input::emit(&document.to_json());
                    let back = input::parse_one(&Source::new("back.yaml", text), Rules::Ansible);
                    assert!(back.is_ok() || is_deep(&document), "{back:?}");
                }
            }
        }
    }
}

/// Twice the depth may be one level more in block style, at the limit.
fn is_deep(node: &Node) -> bool {
    fn depth(node: &Node) -> usize {
        match &node.kind {
            Kind::Seq(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
            Kind::Map(entries) => 1 + entries.iter().map(|(_, v)| depth(v)).max().unwrap_or(0),
            _ => 0,
        }
    }
    depth(node) > 100
}

/// A playbook, and the same bytes as a component file.
pub fn playbook(data: &[u8]) {
    let files = MemoryFiles::default();
    files.put("site.yml", data, 0o644);
    let mut loader = Loader::new(&files);
    let _ = loader.playbook(Path::new("site.yml"));
    let _ = loader.component(Path::new("site.yml"));
    show(&loader.errors);
}

/// A template and a condition, with a few variables.
pub fn template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // Long inputs find long loops, not new paths.
    let text: String = text.chars().take(300).collect();
    let engine = Engine::new(World {
        files: Arc::new(MemoryFiles::new([("files/motd", "hello {{ x }}")])),
        processes: Arc::new(MemoryProcesses::default()),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(|bytes: &mut [u8]| bytes.fill(7)),
        hosts: Arc::new(|_| vec!["node1".to_owned()]),
        search: vec![PathBuf::new()],
    });
    let source = Source::new("fuzz.j2", text.clone());
    let end = text.len();
    let span = Span {
        source,
        start: 0,
        end,
    };
    let node = Node::new(span, Kind::Str(text));
    let vars: Arc<dyn Variables> = Arc::new(Few);
    let _ = engine.needs(&node);
    let _ = engine.condition_needs(&node);
    let _ = engine.condition(&node, &vars);
    let _ = engine.render(&Arc::new(node), &vars);
}

/// The variables a template of the fuzzer finds.
struct Few;

impl Variables for Few {
    fn get(&self, name: &str) -> Option<Var> {
        let value: Json = match name {
            "x" => 3.into(),
            "name" => "vault".into(),
            "list" => vec![1, 2, 3].into(),
            "map" => serde_json::json!({"a": {"b": "c"}, "d": null}),
            "later" => return Some(Var::Unknown("k3s".into())),
            _ => return None,
        };
        Some(Var::Data(value))
    }

    fn names(&self) -> Vec<String> {
        ["x", "name", "list", "map", "later"]
            .map(str::to_owned)
            .to_vec()
    }
}

/// An inventory (INI or YAML, whichever it is), a file of variables, and a line of `-e`.
pub fn inventory(data: &[u8]) {
    let files = MemoryFiles::default();
    files.put("hosts", data, 0o644);
    files.put("group_vars/all.yaml", data, 0o644);
    let extra = std::str::from_utf8(data).ok().map(str::to_owned);
    for extra in [Vec::new(), extra.into_iter().collect()] {
        let options = inventory::Options {
            directory: PathBuf::from("/"),
            sources: vec!["hosts".to_owned()],
            set: extra.clone(),
            extra,
            ..inventory::Options::default()
        };
        let world = inventory::World {
            files: &files,
            processes: &MemoryProcesses::default(),
            redactor: &Redactor::default(),
        };
        match inventory::load(&options, &world) {
            Ok(inventory) => show(&inventory.warnings),
            Err(errors) => show(&errors),
        }
    }
}

/// A host pattern over a few hosts, and the same text as a `--limit`.
pub fn pattern(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let files = MemoryFiles::new([("hosts", "[web]\nweb[1:3]\n[prod]\nweb1\ndb-[a:c]\n")]);
    let options = inventory::Options {
        directory: PathBuf::from("/"),
        sources: vec!["hosts".to_owned()],
        ..inventory::Options::default()
    };
    let world = inventory::World {
        files: &files,
        processes: &MemoryProcesses::default(),
        redactor: &Redactor::default(),
    };
    let inventory = inventory::load(&options, &world).expect("the text above is an inventory");
    let source = Source::new("hosts", text);
    let end = text.len();
    let pattern = Pattern::parse(
        text,
        &Span {
            source,
            start: 0,
            end,
        },
    );
    let limit = Pattern::limit(text, &files);
    match (pattern, limit) {
        (Ok(pattern), Ok(limit)) => match inventory.select(&pattern, Some(&limit)) {
            Ok(selected) => show(&selected.warnings),
            Err(error) => show(&[error]),
        },
        (Err(error), _) | (_, Err(error)) => show(&[error]),
    }
}

/// An encrypted value.
pub fn vault(data: &[u8]) {
    let _ = secret::vault::is_vault(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = secret::vault::decrypt(text, &[secret::vault::VaultPassword::new("secret")]);
    }
}

/// Draws the diagnostics in every form.
fn show(diagnostics: &[Diagnostic]) {
    let redactor = Redactor::default();
    redactor.add("secret");
    for colour in [Colour::Plain, Colour::Coloured] {
        let _ = Renderer::new(colour, redactor.clone()).all(diagnostics, "");
    }
    for diagnostic in diagnostics.iter().take(20) {
        let _ = diagnostic.to_json(&redactor);
    }
}

/// What a host answers: forged, chopped or endless frames.
pub fn frames(data: &[u8]) {
    nautes_install::connection::posix::parse_frames(data);
}

/// A `known_hosts` file: whatever is in it, a key that it does not list is not known.
pub fn known_hosts(data: &[u8]) {
    use nautes_install::connection::ssh::KnownHosts;
    let mut known = KnownHosts::default();
    known.read("known_hosts", data);
    let _ = known.algorithms("host.example.org", 22);
    assert!(known.authorities("host.example.org", 2222).len() <= data.len());
}
