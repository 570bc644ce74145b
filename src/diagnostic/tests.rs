//! What a user sees of a diagnostic, character by character.

use super::{Colour, Diagnostic, Renderer};
use crate::input::{Rules, Source, Span, parse};
use crate::secret::Redactor;
use serde_json::json;

const HARBOR: &str = "component: harbor\ntitle: Images\ndepends_on: [cert-manager]\n";

fn at(text: &str, needle: &str) -> Span {
    let start = text.find(needle).unwrap();
    Span {
        source: Source::new("playbooks/harbor.yaml", text),
        start,
        end: start + needle.len(),
    }
}

fn unknown_field() -> Diagnostic {
    Diagnostic::error(
        "playbook/unknown-field",
        "unknown field `depends_on` in component `harbor`",
    )
    .at(&at(HARBOR, "depends_on"))
    .why("a component takes `needs`, `inputs`, `install`, …; nothing was touched")
    .help("write `needs: [cert-manager]`")
}

fn plain() -> Renderer {
    Renderer::new(Colour::Plain, Redactor::default())
}

#[test]
fn the_shape_is_the_one_of_the_design() {
    let expected = "\
error[playbook/unknown-field]: unknown field `depends_on` in component `harbor`
  --> playbooks/harbor.yaml:3:1
3 | depends_on: [cert-manager]
  | ^^^^^^^^^^
  = why:  a component takes `needs`, `inputs`, `install`, …; nothing was touched
  = help: write `needs: [cert-manager]`";
    assert_eq!(plain().one(&unknown_field()), expected);
}

#[test]
fn colours_add_nothing_but_colour() {
    let coloured = Renderer::new(Colour::Coloured, Redactor::default()).one(&unknown_field());
    assert!(coloured.contains('\u{1b}'));
    let bare: String = coloured
        .lines()
        .map(|l| super::render::without_escapes(l) + "\n")
        .collect();
    assert_eq!(bare.trim_end(), plain().one(&unknown_field()));
}

#[test]
fn other_places_and_several_reasons_have_their_lines() {
    let diagnostic = unknown_field()
        .related(&at(HARBOR, "Images"), "the title")
        .why("two\nlines");
    let expected = "\
error[playbook/unknown-field]: unknown field `depends_on` in component `harbor`
  --> playbooks/harbor.yaml:3:1
3 | depends_on: [cert-manager]
  | ^^^^^^^^^^
  ::: playbooks/harbor.yaml:2:8
2 | title: Images
  |        ------ the title
  = why:  a component takes `needs`, `inputs`, `install`, …; nothing was touched
  = why:  two
          lines
  = help: write `needs: [cert-manager]`";
    assert_eq!(plain().one(&diagnostic), expected);
}

#[test]
fn only_the_first_line_of_a_long_place_is_shown() {
    let text = "a:\n  - one\n  - two\n";
    let shown = plain().one(&Diagnostic::error("x/y", "z").at(&at(text, "- one\n  - two")));
    assert_eq!(
        shown,
        "error[x/y]: z\n  --> playbooks/harbor.yaml:2:3\n2 |   - one\n  |   ^^^^^"
    );
}

#[test]
fn without_a_place_or_a_line_it_still_has_its_shape() {
    let shown = plain().one(&Diagnostic::warning("x/y", "z").why("w").help("h"));
    assert_eq!(shown, "warning[x/y]: z\n  = why:  w\n  = help: h");
    let source = Source::new("empty.yaml", "");
    let span = Span {
        source,
        start: 0,
        end: 0,
    };
    let shown = plain().one(&Diagnostic::error("x/y", "z").at(&span));
    assert_eq!(shown, "error[x/y]: z\n  --> empty.yaml:1:1");
}

#[test]
fn secrets_are_masked_in_words_and_in_the_line() {
    let redactor = Redactor::default();
    redactor.add("hunter2!");
    let renderer = Renderer::new(Colour::Plain, redactor.clone());
    let text = "password: hunter2! # and hunter2!\n";
    let diagnostic = Diagnostic::error("x/y", "`hunter2!` is short")
        .at(&at(text, "hunter2!"))
        .related(&at(text, "ter2! # and"), "hunter2!")
        .why("hunter2!")
        .help("not hunter2!");
    let shown = renderer.one(&diagnostic) + &diagnostic.to_json(&redactor).to_string();
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!shown.contains("ter2"), "{shown}");
    assert!(
        shown.contains("1 | password: ******** # and ********"),
        "{shown}"
    );
    assert!(shown.contains("  |           ^^^^^^^^"), "{shown}");
}

#[test]
fn an_encrypted_value_is_masked() {
    let text =
        "k: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3362653464616264326262653464616264326262\n";
    for needle in ["$ANSIBLE", "33626534"] {
        let shown = plain().one(&Diagnostic::error("x/y", "z").at(&at(text, needle)));
        assert!(shown.contains(" |   ********"), "{shown}");
        assert!(
            !shown.contains("33626") && !shown.contains("AES"),
            "{shown}"
        );
    }
}

#[test]
fn what_was_not_encrypted_after_a_vault_tag_is_masked() {
    let text = "k: !vault hunter2\n";
    let shown = plain().one(&Diagnostic::error("x/y", "z").at(&at(text, "!vault hunter2")));
    assert!(
        shown.contains("1 | k: !vault ********\n  |    ^^^^^^"),
        "{shown}"
    );
}

#[test]
fn text_from_files_cannot_move_the_cursor() {
    let text = "a: \u{1b}[2Jgone\n";
    let shown = plain().one(&Diagnostic::error("x/y", "\u{1b}[2J").at(&at(text, "gone")));
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}

#[test]
fn many_are_cut_errors_first_and_counted() {
    let mut all: Vec<Diagnostic> = (0..5)
        .map(|n| Diagnostic::warning("x/w", format!("warning {n}")))
        .collect();
    all.extend((0..21).map(|n| Diagnostic::error("x/e", format!("number {n}"))));
    let text = plain().all(&all, "nothing was touched");
    assert_eq!(text.matches("error[x/e]").count(), 20);
    assert!(!text.contains("warning[x/w]"), "{text}");
    assert!(
        text.ends_with("\n\nand 6 more\n21 errors, 5 warnings; nothing was touched\n"),
        "{text}"
    );
    let text = plain().all(&all[..1], "");
    assert_eq!(text, "warning[x/w]: warning 0\n\n1 warning\n");
    assert_eq!(plain().all(&[], ""), "");
}

#[test]
fn the_json_form_has_both_ends() {
    let json = unknown_field()
        .related(&at(HARBOR, "title"), "here")
        .to_json(&Redactor::default());
    assert_eq!(
        json,
        json!({
            "severity": "error",
            "code": "playbook/unknown-field",
            "message": "unknown field `depends_on` in component `harbor`",
            "file": "playbooks/harbor.yaml",
            "line": 3, "column": 1, "end_line": 3, "end_column": 11,
            "why": ["a component takes `needs`, `inputs`, `install`, …; nothing was touched"],
            "help": "write `needs: [cert-manager]`",
            "related": [{
                "message": "here", "file": "playbooks/harbor.yaml",
                "line": 2, "column": 1, "end_line": 2, "end_column": 6
            }]
        })
    );
}

#[test]
fn a_syntax_error_becomes_a_diagnostic() {
    let source = Source::new("t.yaml", "\u{feff}a: 1\nb: 2\na: 3\n");
    let error = parse(&source, Rules::Ansible).unwrap_err().remove(0);
    let expected = "\
error[input/duplicate-key]: the key `a` stands twice in this mapping
  --> t.yaml:3:1
3 | a: 3
  | ^
  ::: t.yaml:1:1
1 | a: 1
  | - first written here
  = why:  only the last one would count
  = help: remove one of the two";
    assert_eq!(plain().one(&Diagnostic::from(error)), expected);
}
