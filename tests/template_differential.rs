//! Templates answer what ansible-core answers: `tests/templates/*.yaml` holds its answers, written
//! by `tests/templates/generate.py`. Differences we keep are named in [`DIFFERENCES`].

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its cases has failed"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nautes_install::input::{
    Json, Node, OsFiles, Processes, Rules, Source, SystemClock, Var, Variables, parse_one,
};
use nautes_install::template::{Engine, Unrendered, World};

/// Expressions where we differ on purpose: the expression and why.
const DIFFERENCES: &[(&str, &str)] = &[
    (
        "{{ {1: 2, true: 3} | to_nice_yaml }}",
        "in Python `1` and `true` are the same key",
    ),
    (
        "{{ [d, [d]] | to_nice_yaml(indent=2) }}",
        "PyYAML writes a mapping that appears twice as an anchor and an alias; we write it twice",
    ),
    (
        "{{ undefinedvar | mandatory('say so') }}",
        "for us this is an undefined variable too, with the author's words",
    ),
];

struct Table(BTreeMap<String, Var>);

impl Variables for Table {
    fn get(&self, name: &str) -> Option<Var> {
        self.0.get(name).cloned()
    }
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

struct Environment;

impl Processes for Environment {
    fn run(&self, _: &Path, _: &[&str], _: Option<&Path>) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
    fn environment(&self, name: &str) -> Option<String> {
        match name {
            "HOME" => Some("/home/me".to_owned()),
            "LOOKUP_TEST" => Some("from the environment".to_owned()),
            _ => None,
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates")
}

fn engine() -> Engine {
    Engine::new(World {
        files: Arc::new(OsFiles),
        processes: Arc::new(Environment),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(|buffer| buffer.fill(7)),
        hosts: Arc::new(|_| Vec::new()),
        search: Vec::new(),
    })
}

fn read(path: &Path) -> Node {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace("FILES", &folder().join("files").display().to_string());
    let source = Source::new(path.display().to_string(), text);
    parse_one(&source, Rules::Ansible).unwrap()
}

/// What Ansible calls an error, by the slug of ours.
fn kind(error: &Unrendered) -> &'static str {
    match error {
        Unrendered::Unknown(_) => "unknown",
        Unrendered::Wrong(diagnostic) => match diagnostic.code {
            "template/undefined" => "undefined",
            "template/syntax" | "template/delimiters-in-condition" => "syntax",
            "template/unknown-filter" | "template/unknown-test" | "template/unknown-lookup" => {
                "unknown name"
            }
            "template/not-boolean" => "not boolean",
            _ => "failed",
        },
    }
}

fn compare(name: &str) {
    let tree = read(&folder().join(name));
    let variables: Arc<dyn Variables> = Arc::new(Table(
        tree.get("vars")
            .and_then(Node::as_map)
            .unwrap()
            .iter()
            .map(|(key, value)| (key.key_text(), Var::from(value.clone())))
            .collect(),
    ));
    let engine = engine();
    let mut wrong = Vec::new();
    let cases = tree.get("cases").and_then(Node::as_seq).unwrap();
    for case in cases {
        let text = case
            .get("template")
            .or_else(|| case.get("condition"))
            .unwrap();
        let got = if case.get("template").is_some() {
            engine.render(&Arc::new(text.clone()), &variables)
        } else {
            engine.condition(text, &variables).map(Json::from)
        };
        let written = text
            .as_str()
            .map_or_else(|| text.to_json().to_string(), ToOwned::to_owned);
        let same = match (case.get("error"), &got) {
            (Some(expected), Err(error)) => expected.as_str() == Some(kind(error)),
            (None, Ok(value)) => Some(value) == case.get("expected").map(Node::to_json).as_ref(),
            _ => false,
        };
        let known = DIFFERENCES.iter().any(|(text, _)| written == *text);
        if same == known {
            let expected = case.get("error").or_else(|| case.get("expected")).unwrap();
            let got = match &got {
                Ok(value) => value.to_string(),
                Err(Unrendered::Wrong(error)) => format!("{}: {}", error.code, error.what),
                Err(Unrendered::Unknown(reason)) => format!("unknown until {reason}"),
            };
            let note = if known {
                " (no difference any more)"
            } else {
                ""
            };
            wrong.push(format!(
                "{written}{note}\n  ansible: {}\n  ours:    {got}",
                expected.to_json()
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cases of {name} differ:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

macro_rules! files {
    ($($name:ident),*) => {$(
        #[test]
        fn $name() {
            compare(concat!(stringify!($name), ".yaml"));
        }
    )*};
}

files!(core, strings, lists, data, net, tests, lookups);
