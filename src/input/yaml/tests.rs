//! The YAML reader is held to libyaml's rules, to places and to never losing a byte.

use super::super::{Json, Kind, Node, Rules, Source, Style};
use super::{SyntaxError, parse, parse_one, parse_tolerant};
use serde_json::json;

pub(super) fn ansible(text: &str) -> Json {
    parse_one(&Source::new("t.yaml", text), Rules::Ansible)
        .unwrap_or_else(|errors| panic!("{text:?}: {errors:?}"))
        .to_json()
}

fn errors(text: &str) -> Vec<SyntaxError> {
    parse(&Source::new("t.yaml", text), Rules::Ansible).expect_err("should be refused")
}

fn first(text: &str) -> (String, String) {
    let error = errors(text).remove(0);
    (format!("{} {}", error.code, error.span), error.what)
}

#[test]
fn own_keys_win_over_merged_ones_and_earlier_sources_over_later() {
    let text = "
a: &a {x: 1, y: 1}
b: &b {x: 2, z: 2}
one: {<<: *a, y: 9}
two: {<<: [*a, *b], w: 0}
";
    let value = ansible(text);
    assert_eq!(value["one"], json!({"x": 1, "y": 9}));
    assert_eq!(value["two"], json!({"x": 1, "y": 1, "z": 2, "w": 0}));
    assert_eq!(ansible("'<<': 1"), json!({"<<": 1}));
    assert_eq!(first("a: {<<: 3}").0, "input/merge t.yaml:1:9");
}

#[test]
fn a_duplicate_key_is_told_with_both_places_and_the_last_counts() {
    let source = Source::new("t.yaml", "a: 1\nb: 2\na: 3\n");
    let parsed = parse_tolerant(&source, Rules::Ansible).unwrap();
    assert_eq!(parsed.documents[0].to_json(), json!({"a": 3, "b": 2}));
    assert_eq!(parsed.warnings[0].span.to_string(), "t.yaml:3:1");
    assert_eq!(parsed.warnings[0].related[0].0.to_string(), "t.yaml:1:1");
    assert_eq!(first("a: 1\na: 2\n").0, "input/duplicate-key t.yaml:2:1");
}

#[test]
fn blocks_at_the_end_of_a_file_without_a_line_break() {
    assert_eq!(ansible("k: |\n  text"), json!({"k": "text"}));
    assert_eq!(ansible("k: |+\n  text"), json!({"k": "text"}));
    assert_eq!(ansible("k: |\n  text\n  "), json!({"k": "text\n"}));
    assert_eq!(ansible("k: |\n  text\n"), json!({"k": "text\n"}));
    assert_eq!(ansible("k: |-\n  text"), json!({"k": "text"}));
    assert_eq!(ansible("k: >\n  a\n  b"), json!({"k": "a b"}));
    assert_eq!(first("k: \"abc\\").0, "input/syntax t.yaml:1:4");
}

#[test]
fn an_empty_text_is_one_null_document() {
    for text in ["", "\u{feff}", "# nothing\n", "\n\n", "   "] {
        assert_eq!(ansible(text), Json::Null, "{text:?}");
    }
    let source = Source::new("t.yaml", "---\na: 1\n---\n---\nb: 2\n...\n");
    let documents = parse(&source, Rules::Kubernetes).unwrap();
    let values: Vec<Json> = documents.iter().map(Node::to_json).collect();
    assert_eq!(values, [json!({"a": 1}), Json::Null, json!({"b": 2})]);
    let error = parse_one(&source, Rules::Kubernetes).unwrap_err().remove(0);
    assert_eq!(error.code, "input/several-documents");
}

#[test]
fn spans_are_bytes_of_the_users_own_text() {
    for before in ["", "\u{feff}", "\u{feff}# é…\r\n", "é: ü\n"] {
        let text = format!("{before}ключ: 'значение'\nlist:\n  - 0644\n  - {{a: b}}\nend: x\n");
        let source = Source::new("t.yaml", text.clone());
        let node = parse_one(&source, Rules::Ansible).unwrap();
        let shown = |node: &Node| text[node.span.start..node.span.end].to_owned();
        assert_eq!(shown(&node.entry("ключ").unwrap().0), "ключ");
        assert_eq!(shown(node.get("ключ").unwrap()), "'значение'");
        let list = node.get("list").unwrap();
        assert_eq!(shown(list), "- 0644\n  - {a: b}");
        assert_eq!(shown(&list.as_seq().unwrap()[0]), "0644");
        assert_eq!(shown(&list.as_seq().unwrap()[1]), "{a: b}");
    }
}

#[test]
fn tags_are_applied_kept_or_refused() {
    assert_eq!(
        ansible(
            "[!!str 12, !!int '12', !!float 1, !!bool 'yes', !!binary aGk=, !!set {a, b}, ! 12]"
        ),
        json!(["12", 12, 1.0, true, "hi", ["a", "b"], "12"])
    );
    let source = Source::new(
        "t.yaml",
        "a: !unsafe '{{ x }}'\nb: !unsafe [c]\nv: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  00\n",
    );
    let node = parse_one(&source, Rules::Ansible).unwrap();
    assert_eq!(node.get("a").unwrap().tag.as_deref(), Some("!unsafe"));
    let inner = &node.get("b").unwrap().as_seq().unwrap()[0];
    assert_eq!(inner.tag.as_deref(), Some("!unsafe"));
    assert_eq!(node.get("v").unwrap().tag.as_deref(), Some("!vault"));
    assert_eq!(first("a: !vualt x").1, "unknown tag `!vualt`");
    assert_eq!(
        errors("a: !vualt x")[0].help.as_deref(),
        Some("write `!vault`")
    );
    assert_eq!(first("a: !vault x").0, "input/vault t.yaml:1:4");
    assert_eq!(first("a: !!int x").0, "input/tag-value t.yaml:1:4");
}

#[test]
fn a_tag_before_a_comma_is_an_error_and_text_like_it_is_not() {
    assert_eq!(first("a: [!x, b]").0, "input/syntax t.yaml:1:5");
    assert_eq!(
        ansible("a: ['hey!x, b', c!d, e] # oh!, no\nb: wow!, yes"),
        json!({"a": ["hey!x, b", "c!d", "e"], "b": "wow!, yes"})
    );
    assert_eq!(
        first("a: [b!c, 'd!, e']\nf: \"x!, \\q\"").0,
        "input/syntax t.yaml:2:9"
    );
}

#[test]
fn aliases_are_copies_with_limits() {
    assert_eq!(
        ansible("a: &x [1, 2]\nb: *x"),
        json!({"a": [1, 2], "b": [1, 2]})
    );
    assert_eq!(first("a: &x [*x]").0, "input/alias t.yaml:1:8");
    assert_eq!(first("a: *nobody").0, "input/alias t.yaml:1:4");
    let mut laughs = "l0: &l0 [lol]\n".to_owned();
    for level in 1..12 {
        let below = format!("*l{}, ", level - 1).repeat(10);
        laughs += &[
            "l",
            &level.to_string(),
            ": &l",
            &level.to_string(),
            " [",
            &below,
            "]\n",
        ]
        .concat();
    }
    assert_eq!(errors(&laughs)[0].code, "input/too-large");
}

#[test]
fn deep_nesting_is_refused_wherever_it_comes_from() {
    for text in [
        "[".repeat(50_000),
        "{a: ".repeat(50_000),
        "- ".repeat(50_000),
    ] {
        assert_eq!(errors(&text)[0].code, "input/too-deep");
    }
    let fine = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert!(ansible(&fine).is_array());
}

#[test]
fn an_unquoted_template_is_told_as_such() {
    let error = errors("a: {{ name }}").remove(0);
    assert_eq!(error.code, "input/unquoted-template");
    assert_eq!(error.span.to_string(), "t.yaml:1:4");
    assert_eq!(error.help.as_deref(), Some("write \"{{ name }}\""));
    let found = errors("a: {{ name }} and more # why\nb: 1");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        found[0].help.as_deref(),
        Some("write \"{{ name }} and more\"")
    );
}

#[test]
fn what_no_text_file_holds_is_refused_with_its_place() {
    assert_eq!(
        first("a: b\nc: \u{0}").0,
        "input/control-character t.yaml:2:4"
    );
    assert_eq!(
        first("a: \u{1b}[0m").0,
        "input/control-character t.yaml:1:4"
    );
    assert_eq!(first("a:\n\tb: c").1, "a tab is used for indentation");
}

#[test]
fn several_mistakes_come_together_in_the_order_of_the_file() {
    let found: Vec<&str> = errors("a: !x 1\nb: *y\na: 2\nc: [1\n")
        .iter()
        .map(|e| e.code)
        .collect();
    assert_eq!(found, ["input/unknown-tag", "input/alias", "input/syntax"]);
}

#[test]
fn a_command_line_value_is_a_scalar() {
    let node = super::literal("--set a.b", "0644");
    assert_eq!((node.kind, node.style), (Kind::Int(420), Style::Plain));
    let node = super::literal("-e x", "{{ y }}");
    assert_eq!(node.kind, Kind::Str("{{ y }}".to_owned()));
}
