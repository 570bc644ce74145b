//! Templates against what Ansible makes of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::input::{FileKind, Files, Json, Kind, Node, Processes, Source, Span, SystemClock, Var};

pub(super) struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        Err(std::io::Error::new(
            std::io::ErrorKind::NotFound,
            path.display().to_string(),
        ))
    }
    fn list(&self, _: &Path) -> std::io::Result<Vec<String>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
    fn kind(&self, _: &Path) -> Option<FileKind> {
        None
    }
    fn write(&self, _: &Path, _: &[u8], _: u32) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
    fn make_directory(&self, _: &Path) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
    fn remove(&self, _: &Path) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
    fn real_path(&self, path: &Path) -> std::io::Result<PathBuf> {
        Ok(path.to_owned())
    }
}

pub(super) struct NoProcesses;

impl Processes for NoProcesses {
    fn run(&self, _: &Path, _: &[&str], _: Option<&Path>) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
    fn environment(&self, name: &str) -> Option<String> {
        (name == "HOME").then(|| "/home/me".to_owned())
    }
}

pub(super) fn engine() -> Engine {
    Engine::new(World {
        files: Arc::new(NoFiles),
        processes: Arc::new(NoProcesses),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(|buffer| buffer.fill(7)),
        hosts: Arc::new(|_| Vec::new()),
        search: Vec::new(),
    })
}

struct Table(BTreeMap<String, Var>);

impl Variables for Table {
    fn get(&self, name: &str) -> Option<Var> {
        self.0.get(name).cloned()
    }
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// A node of a JSON value, as if written on a line of its own.
pub(super) fn node(json: &Json) -> Node {
    let kind = match json {
        Json::Null => Kind::Null,
        Json::Bool(value) => Kind::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Kind::Int(number),
            None => Kind::Float(number.as_f64().unwrap()),
        },
        Json::String(text) => Kind::Str(text.clone()),
        Json::Array(items) => Kind::Seq(items.iter().map(node).collect()),
        Json::Object(map) => Kind::Map(
            map.iter()
                .map(|(key, value)| (node(&Json::from(key.as_str())), node(value)))
                .collect(),
        ),
    };
    let text = match json {
        Json::String(text) => format!("key: \"{text}\"\n"),
        _ => json.to_string(),
    };
    let start = usize::from(json.is_string()) * 5;
    let end = text.len() - usize::from(json.is_string());
    Node::new(
        Span {
            source: Source::new("test.yaml", text),
            start,
            end,
        },
        kind,
    )
}

fn vars(json: Json) -> Arc<dyn Variables> {
    let Json::Object(map) = json else { panic!() };
    let mut table: BTreeMap<String, Var> = map
        .iter()
        .map(|(key, value)| (key.clone(), Var::from(node(value))))
        .collect();
    table.insert("later".to_owned(), Var::Unknown("k3s".into()));
    table.insert(
        "data".to_owned(),
        Var::Data(serde_json::json!({"t": "{{ x }}"})),
    );
    Arc::new(Table(table))
}

fn render(text: &str) -> Result<Json, Unrendered> {
    let vars = vars(serde_json::json!({
        "a": 1, "lst": [1, 2], "d": {"x": 1, "y": "{{ lst }}", "bad": "{{ nope }}"},
        "und": "{{ nope }}", "r1": "{{ r2 }}", "r2": "{{ r1 }}", "nn": null,
        "wait": {"now": 1, "then": "{{ later }}"},
        "self_map": {"p": "{{ self_map.q }}", "q": 5},
    }));
    engine().render(&Arc::new(node(&Json::from(text))), &vars)
}

fn ok(text: &str) -> Json {
    match render(text) {
        Ok(json) => json,
        Err(Unrendered::Unknown(reason)) => Json::from(format!("unknown until {reason}")),
        Err(Unrendered::Wrong(diagnostic)) => panic!("{text}: {diagnostic:?}"),
    }
}

fn wrong(text: &str) -> crate::diagnostic::Diagnostic {
    match render(text) {
        Err(Unrendered::Wrong(diagnostic)) => *diagnostic,
        other => panic!("{text}: {other:?}"),
    }
}

fn unknown(text: &str) -> bool {
    matches!(render(text), Err(Unrendered::Unknown(reason)) if &*reason == "k3s")
}

#[test]
fn native_types() {
    assert_eq!(ok("{{ a }}"), 1);
    assert_eq!(ok("{{ a }}\n"), 1);
    assert_eq!(ok("{{ d.y }}"), serde_json::json!([1, 2]));
    assert_eq!(ok("{{ d.y }} x"), "[1, 2] x");
    assert_eq!(ok("x{{ nn }}y"), "xy");
    assert_eq!(
        ok("{% if true %}{{ lst }}{% endif %}"),
        serde_json::json!([1, 2])
    );
    assert_eq!(ok("{% if false %}x{% endif %}"), Json::Null);
    assert_eq!(ok("{{ [1, omit] }}"), serde_json::json!([1]));
    assert_eq!(ok("{{ self_map.p }}"), 5);
    assert_eq!(ok("{{ data.t }}"), "{{ x }}");
}

#[test]
fn undefined_chains_are_forgiven_by_default_only() {
    assert_eq!(ok("{{ zz.b.c | default(3) }}"), 3);
    assert_eq!(ok("{{ und | default('z') }}"), "z");
    assert_eq!(ok("{{ d.bad is defined }}"), false);
    assert_eq!(ok("{{ d.x }}"), 1);
    assert_eq!(
        wrong("{{ zz.b == 1 }}").what,
        "the variable `zz` is not defined"
    );
    assert_eq!(
        wrong("{{ zz + 1 }}").what,
        "the variable `zz` is not defined"
    );
    assert_eq!(wrong("{{ not zz }}").code, "template/undefined");
    assert_eq!(wrong("{{ zz }} x").code, "template/undefined");
    assert_eq!(wrong("{{ zz | upper }}").code, "template/undefined");
    assert_eq!(
        wrong("{% for x in zz %}{% endfor %}").code,
        "template/undefined"
    );
    let key = wrong("{{ d.xx.y }}");
    assert_eq!(key.what, "`d.xx` is not defined: a mapping has no `xx`");
    assert_eq!(key.help.as_deref(), Some("did you mean `x`?"));
}

#[test]
fn an_undefined_value_in_a_variable_is_placed_there() {
    let diagnostic = wrong("{{ und }}");
    assert_eq!(diagnostic.what, "the variable `nope` is not defined");
    assert_eq!(
        diagnostic.place.as_ref().unwrap().source.text,
        "key: \"{{ nope }}\"\n"
    );
    assert_eq!(diagnostic.place.unwrap().line_column(), (1, 10));
    assert_eq!(diagnostic.related.len(), 1);
}

#[test]
fn unknown_is_never_guessed() {
    assert!(unknown("{{ later }}"));
    assert!(unknown("{{ later is defined }}"));
    assert!(unknown("{{ later | default(1) }}"));
    assert!(unknown("{{ later.x.y | default(1) }}"));
    assert!(unknown("{{ wait.then == 1 }}"));
    assert!(unknown("{{ wait }}"));
    assert!(unknown("{{ wait == {'now': 1, 'then': 2} }}"));
    assert!(unknown("{{ zz if later else zz }}"));
    assert_eq!(ok("{{ true or later }}"), true);
    assert_eq!(ok("{{ wait.now }}"), 1);
}

#[test]
fn a_cycle_is_named() {
    let diagnostic = wrong("{{ r1 }}");
    assert_eq!(diagnostic.code, "template/cycle");
    assert_eq!(diagnostic.why, ["`r1` needs `r2` needs `r1`"]);
}

#[test]
fn conditions_are_booleans() {
    let vars = vars(serde_json::json!({"a": 1, "lst": [1]}));
    let decide = |json: Json| engine().condition(&node(&json), &vars);
    assert!(decide(Json::from("a == 1")).unwrap());
    assert!(!decide(serde_json::json!(["a == 1", "a == 2"])).unwrap());
    assert!(decide(Json::from(true)).unwrap());
    let code = |json: Json| match decide(json) {
        Err(Unrendered::Wrong(diagnostic)) => {
            (diagnostic.code, diagnostic.help.unwrap_or_default())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(code(Json::from("lst")).0, "template/not-boolean");
    assert!(code(Json::from("lst")).1.contains("| length > 0"));
    assert_eq!(
        code(Json::from("{{ a == 1 }}")),
        (
            "template/delimiters-in-condition",
            "write `a == 1`".to_owned()
        )
    );
    assert!(decide(Json::from("'{{ a }}' == 1")).unwrap());
    assert!(matches!(
        decide(Json::from("later")),
        Err(Unrendered::Unknown(_))
    ));
}

#[test]
fn needs_are_the_names() {
    let needs = engine().needs(&node(&serde_json::json!({
        "x": "{{ a.b + c['d'] }} {% for i in e %}{{ i.f }}{% endfor %}", "y": ["{{ lookup('env', 'HOME') }}"]
    })));
    assert_eq!(needs.into_iter().collect::<Vec<_>>(), ["a", "c", "e"]);
}

#[test]
fn checks_find_names_and_syntax_without_variables() {
    let check = |json: Json| engine().check(&node(&json));
    let found = check(Json::from(
        "{{ x | uper }} {{ x is defned }} {{ lookup('fil', 'x') }}",
    ));
    let seen: Vec<_> = found
        .iter()
        .map(|d| (d.code, d.help.as_deref().unwrap_or("")))
        .collect();
    assert_eq!(
        seen,
        [
            ("template/unknown-filter", "did you mean `upper`?"),
            ("template/unknown-test", "did you mean `defined`?"),
            ("template/unknown-lookup", "did you mean `file`?"),
        ]
    );
    assert_eq!(found[0].place.as_ref().unwrap().line_column(), (1, 14));
    assert_eq!(
        check(Json::from("{{ x | map('uper') }}"))[0].code,
        "template/unknown-filter"
    );
    assert_eq!(check(Json::from("{{ x + }}"))[0].code, "template/syntax");
    assert!(
        check(Json::from(
            "{{ x | ansible.builtin.default(1) is ansible.builtin.defined }}"
        ))
        .is_empty()
    );
    let condition = engine().check_condition(&node(&Json::from("x | foo")));
    assert_eq!(condition[0].code, "template/unknown-filter");
    let url = check(Json::from("{{ lookup('url', 'x') }}"));
    assert!(url[0].help.as_deref().unwrap().contains("`uri`"));
}

#[test]
fn whole_texts_include_and_have_their_own_marks() {
    let files = crate::input::MemoryFiles::new([
        ("/p/templates/part.j2", "part {{ a }}\n{{ nope }}\n"),
        ("/p/templates/fine.j2", "fine {{ a.b.c | default('x') }}"),
    ]);
    let engine = Engine::new(World {
        files: Arc::new(files),
        processes: Arc::new(NoProcesses),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(|buffer| buffer.fill(7)),
        hosts: Arc::new(|_| Vec::new()),
        search: vec!["/p".into()],
    });
    let vars = vars(serde_json::json!({"a": 1}));
    let render = |text: &str| {
        let source = Source::new("/p/templates/main.j2", text);
        engine.render_source(&source, &vars, TextOptions::default())
    };
    assert_eq!(
        render("# {{ ansible_managed }}\n{% if a %}\n{{ a }}\n{% endif %}\n").unwrap(),
        "# Ansible managed\n1\n"
    );
    assert_eq!(render("{% include 'fine.j2' %}!\n").unwrap(), "fine x!\n");
    assert_eq!(
        render("#jinja2: variable_start_string:'[[', variable_end_string:']]'\n[[ a ]] {{ a }}\n")
            .unwrap(),
        "1 {{ a }}\n"
    );
    assert_eq!(render("{{ 'a\\n' }}b").unwrap(), "a\nb");
    let place = |result: Result<String, Unrendered>| match result {
        Err(Unrendered::Wrong(diagnostic)) => diagnostic.place.unwrap().to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        place(render("line\n  {{ zz.b }}\n")),
        "/p/templates/main.j2:2:6"
    );
    assert_eq!(
        place(render("{% include 'part.j2' %}")),
        "/p/templates/part.j2:2:4"
    );
    assert!(matches!(render("{{ later }}"), Err(Unrendered::Unknown(_))));
}

#[test]
fn a_block_scalar_has_the_line_of_the_mistake() {
    let text = "msg: |\n  first\n  {{ nope }}\n  last\n";
    let source = Source::new("t.yaml", text);
    let tree = crate::input::parse_one(&source, crate::input::Rules::Ansible).unwrap();
    let message = Arc::new(tree.get("msg").unwrap().clone());
    match engine().render(&message, &vars(serde_json::json!({}))) {
        Err(Unrendered::Wrong(diagnostic)) => {
            assert_eq!(diagnostic.place.unwrap().to_string(), "t.yaml:3:6");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_scope_sees_its_own_variables() {
    let host: Arc<dyn Variables> = Arc::new(Table(BTreeMap::from([
        (
            "own".to_owned(),
            Var::from(node(&Json::from("{{ base }}!"))),
        ),
        ("base".to_owned(), Var::from(node(&Json::from("host")))),
    ])));
    let all: Arc<dyn Variables> =
        Arc::new(Table(BTreeMap::from([("h1".to_owned(), Var::Scope(host))])));
    let vars: Arc<dyn Variables> = Arc::new(Table(BTreeMap::from([
        ("hostvars".to_owned(), Var::Scope(all)),
        ("base".to_owned(), Var::from(node(&Json::from("mine")))),
    ])));
    let render = |text: &str| engine().render(&Arc::new(node(&Json::from(text))), &vars);
    assert_eq!(
        render("{{ hostvars['h1'].own }} {{ base }}").unwrap(),
        "host! mine"
    );
    assert_eq!(
        render("{{ hostvars.h1.nope | default('d') }} {{ 'h2' in hostvars }}").unwrap(),
        "d False"
    );
    assert_eq!(
        render("{{ hostvars.h1 }}").unwrap(),
        serde_json::json!({"base": "host", "own": "host!"})
    );
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(256))]

    #[test]
    fn rendering_never_panics(text in "(\\{\\{|\\}\\}|\\{%|%\\}|[a-z]|lst|d\\.x|\\||\\(|\\)|\\[|\\]|'|,| |\\+|-|\\*|%|is|if|for|in|end|first|default|[0-9]|é|\n){0,24}") {
        let _ = render(&text);
        let _ = engine().check(&node(&Json::from(text.as_str())));
    }

    #[test]
    fn text_without_marks_is_itself(text in "[^{]{0,60}") {
        proptest::prop_assert_eq!(ok(&text), Json::from(text.as_str()));
    }
}

#[test]
fn an_argument_may_be_called_as_the_variable_in_it() {
    let vars: Arc<dyn Variables> = vars(serde_json::json!({"name": "me"}));
    let arguments = Arc::new(node(
        &serde_json::json!({"name": "{{ name }}", "of": {"name": "{{ name }}"}}),
    ));
    let rendered = engine().render(&arguments, &vars).unwrap();
    assert_eq!(rendered["name"], "me");
    assert_eq!(rendered["of"]["name"], "me");
}
