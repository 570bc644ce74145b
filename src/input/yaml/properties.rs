//! What holds for every text: no panic, places that exist, values that survive a round trip.

use proptest::prelude::*;

use super::super::{Json, Kind, Node, Rules, Source, Style, decode, emit};
use super::{parse, parse_tolerant};

/// Pieces that YAML gives a meaning to, in any order.
const PIECES: [&str; 62] = [
    "a",
    "b",
    "key",
    ": ",
    ":",
    "- ",
    "-",
    "\n",
    "\n  ",
    "\n    ",
    "  ",
    " ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "'",
    "\"",
    "|",
    ">",
    "|+\n",
    ">-\n",
    "&x ",
    "&y ",
    "*x",
    "*y",
    "!t ",
    "!t,",
    "!",
    "!vault ",
    "!unsafe ",
    "!!str ",
    "!!int ",
    "!!binary ",
    "!<x> ",
    "<<",
    "<<: ",
    "#",
    " # c",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "%",
    "\t",
    "é",
    "日",
    "\u{feff}",
    "\r\n",
    "\r",
    "\\",
    "0644",
    "yes",
    "1.5",
    "{{ x }}",
    "? ",
    "\u{85}",
    "\u{2028}",
    "~",
    "@",
    "`",
    "😀",
];

fn yamlish() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40).prop_map(|p| p.concat())
}

fn rules() -> impl Strategy<Value = Rules> {
    prop_oneof![Just(Rules::Ansible), Just(Rules::Kubernetes)]
}

fn json() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        yamlish(),
        "[a-z0-9:. #_-]{0,12}",
        "[ \\t\\na-z|>-]{0,12}",
        any::<String>(),
        prop::sample::select(&["yes", "0644", "1:30", "null", "1e3", "y", "<<", "=", ".inf"][..])
            .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>()
            .prop_filter("JSON has no infinity", |f| f.is_finite())
            .prop_map(Json::from),
        text.clone().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((text.clone(), inner), 0..6)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

/// Every node of a tree, keys included.
fn walk<'a>(node: &'a Node, visit: &mut impl FnMut(&'a Node)) {
    visit(node);
    match &node.kind {
        Kind::Seq(items) => items.iter().for_each(|item| walk(item, visit)),
        Kind::Map(entries) => entries.iter().for_each(|(key, value)| {
            walk(key, visit);
            walk(value, visit);
        }),
        _ => {}
    }
}

fn check_places(text: &str, rules: Rules) {
    let source = Source::new("p.yaml", text);
    match parse_tolerant(&source, rules) {
        Ok(parsed) => {
            for document in &parsed.documents {
                walk(document, &mut |node| check_place(text, node, rules));
            }
            for warning in &parsed.warnings {
                assert!(text.get(warning.span.start..warning.span.end).is_some());
            }
        }
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(
                    text.get(error.span.start..error.span.end).is_some(),
                    "{error:?}"
                );
            }
        }
    }
}

fn check_place(text: &str, node: &Node, rules: Rules) {
    let shown = text.get(node.span.start..node.span.end);
    let shown = shown.unwrap_or_else(|| panic!("{text:?}: {:?}", node.span));
    // Over several lines the text alone means something else (its indentation was the parent's);
    // so does a text whose last character begins something when a line break follows it.
    let one_line = !shown.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
        && !shown.ends_with([':', '-', '?']);
    if node.style == Style::Plain && node.tag.is_none() && one_line {
        // In a list, since `---` or a byte order mark at the beginning of a text is none.
        let alone = parse(&Source::new("alone", format!("- {shown}")), rules);
        let alone = alone.unwrap_or_else(|e| panic!("{text:?}: {shown:?}: {e:?}"));
        let alone = &alone[0].as_seq().unwrap()[0];
        let same = match (&alone.kind, &node.kind) {
            (Kind::Float(a), Kind::Float(b)) => a.to_bits() == b.to_bits(),
            (a, b) => a == b,
        };
        assert!(
            same,
            "{text:?}: {shown:?} is {:?}, was {:?}",
            alone.kind, node.kind
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), rules in rules()) {
        if let Ok(source) = decode("p.yaml", bytes) {
            check_places(&source.text, rules);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), rules in rules()) {
        check_places(&text, rules);
    }

    #[test]
    fn anything_like_yaml_is_read_or_refused(text in yamlish(), rules in rules()) {
        check_places(&text, rules);
    }

    #[test]
    fn what_is_emitted_reads_back_equal(value in json()) {
        let text = emit(&value);
        let back = parse(&Source::new("p.yaml", text.clone()), Rules::Ansible);
        let back = back.unwrap_or_else(|errors| panic!("{text}\n{errors:?}"));
        prop_assert_eq!(back.len(), 1);
        prop_assert_eq!(back[0].to_json(), value, "{}", text);
    }

    #[test]
    fn strings_stay_strings_for_kubernetes_too(text in yamlish()) {
        let emitted = emit(&Json::from(text.clone()));
        let back = parse(&Source::new("p.yaml", emitted), Rules::Kubernetes).unwrap();
        prop_assert_eq!(back[0].as_str(), Some(text.as_str()));
    }
}
