//! Python's answers, and that nothing panics.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::input::Source;

fn json(text: &str) -> serde_json::Value {
    let span = Span {
        source: Source::new("hosts", text),
        start: 0,
        end: text.len(),
    };
    value(text, &span).to_json()
}

/// Each pair checked against `ast.literal_eval` of Python 3.11.
#[test]
fn python_literals() {
    for (text, value) in [
        ("1", json!(1)),
        ("-1", json!(-1)),
        ("+1", json!(1)),
        ("1_000", json!(1000)),
        ("0xFF", json!(255)),
        ("0o17", json!(15)),
        ("0b11", json!(3)),
        ("00", json!(0)),
        ("1.5", json!(1.5)),
        ("-1.5", json!(-1.5)),
        ("1e3", json!(1000.0)),
        ("1e-3", json!(0.001)),
        (".5", json!(0.5)),
        ("5.", json!(5.0)),
        ("True", json!(true)),
        ("None", json!(null)),
        ("'a'", json!("a")),
        ("'a' \"b\"", json!("ab")),
        (r"'a\n\x41\u00e9\101'", json!("a\nA\u{e9}A")),
        (r"r'a\n'", json!("a\\n")),
        ("b'x'", json!("x")),
        ("'''a'b'''", json!("a'b")),
        ("[1, 'a', True]", json!([1, "a", true])),
        ("[]", json!([])),
        ("[1,]", json!([1])),
        ("(1)", json!(1)),
        ("(1,)", json!([1])),
        ("()", json!([])),
        ("1,2", json!([1, 2])),
        ("1,", json!([1])),
        ("{'a': 1, 'b': [2]}", json!({"a": 1, "b": [2]})),
        ("{}", json!({})),
        ("{1, 1}", json!([1])),
        ("set()", json!([])),
        ("5 # five", json!(5)),
        ("'a' # b", json!("a")),
        ("...", json!("...")),
    ] {
        assert_eq!(json(text), value, "{text}");
    }
}

#[test]
fn everything_else_is_the_text() {
    for text in [
        "",
        "a",
        "true",
        "yes",
        "0644",
        "08",
        "1.2.3.4",
        "a,b",
        "a # b",
        "1 + 2",
        "--1",
        "[1",
        "[,]",
        "{'a'}: 1",
        "{1: 2, 3}",
        "'a",
        "f'x'",
        "1 2",
        "()()",
        "[1 2]",
        "{[1]: 2}",
        "#",
        "None x",
        "1__0",
        "1_",
        "0x",
        "not True",
        "http://x",
        "-'a'",
        ",",
        "1,,2",
        "~1",
        "*a",
        "10.0.0.0/8",
        "1a",
        "{,}",
        "(,)",
        "-",
        ".",
    ] {
        assert_eq!(json(text), json!(text), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[-+(){}'\"\\\\,:#0-9a-exrubTN._ \\[\\]]{0,40}|\\PC{0,40}") {
        json(&text);
    }
}

#[test]
fn depth_is_bounded() {
    let text = "[".repeat(100_000);
    assert_eq!(json(&text), json!(text));
}
