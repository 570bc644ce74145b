//! Selections as `ansible --list-hosts` 2.19.14 gives them, and what is said about mistakes.

use proptest::prelude::*;

use super::*;
use crate::input::{MemoryFiles, MemoryProcesses, Source};
use crate::inventory::{Inventory, Options, World, load};
use crate::secret::Redactor;

const HOSTS: &str = "\
lone
[web]
web[1:4]
[db]
db1.example
db2.example
[prod]
web1
web3
db1.example
[site:children]
db
web
";

fn inventory() -> Inventory {
    let files = MemoryFiles::new([("/i/hosts", HOSTS), ("/i/limit", "web1\n\n db2.example \n")]);
    let options = Options {
        directory: "/i".into(),
        sources: vec!["hosts".to_owned()],
        ..Options::default()
    };
    let processes = MemoryProcesses::default();
    let world = World {
        files: &files,
        processes: &processes,
        redactor: &Redactor::default(),
    };
    load(&options, &world).unwrap()
}

fn pattern(text: &str) -> Result<Pattern, crate::diagnostic::Diagnostic> {
    let source = Source::new("hosts", text);
    let end = text.len();
    Pattern::parse(
        text,
        &Span {
            source,
            start: 0,
            end,
        },
    )
}

fn chosen(text: &str) -> String {
    let inventory = inventory();
    let selection = inventory.select(&pattern(text).unwrap(), None).unwrap();
    let names: Vec<&str> = selection
        .hosts
        .iter()
        .map(|host| host.name.as_str())
        .collect();
    names.join(" ")
}

#[test]
fn selects_as_ansible_does() {
    for (text, hosts) in EXPECTED {
        assert_eq!(chosen(text), *hosts, "{text}");
    }
}

/// Pattern, and the hosts of `ansible -i hosts PATTERN --list-hosts`.
const EXPECTED: &[(&str, &str)] = &include!("expected.in");

#[test]
fn limits_cut_and_must_exist() {
    let inventory = inventory();
    let files = MemoryFiles::new([("/i/limit", "web1\n\n db2.example \n")]);
    let all = pattern("all").unwrap();
    let names = |limit: &str| {
        let limit = Pattern::limit(limit, &files)?;
        let selection = inventory.select(&all, Some(&limit))?;
        Ok(selection
            .hosts
            .iter()
            .map(|h| h.name.clone())
            .collect::<Vec<_>>())
    };
    assert_eq!(names("@/i/limit").unwrap(), ["web1", "db2.example"]);
    assert_eq!(names("prod:!db").unwrap(), ["web1", "web3"]);
    let error: crate::diagnostic::Diagnostic = names("prdo").unwrap_err();
    assert_eq!(error.code, "inventory/unknown-limit");
    assert_eq!(error.help.as_deref(), Some("write `prod`"));
    assert_eq!(error.place.unwrap().to_string(), "--limit:1:1");
    let missing: crate::diagnostic::Diagnostic = names("@/i/none").unwrap_err();
    assert_eq!(missing.code, "inventory/limit-file");
}

#[test]
fn unknown_names_are_warned_about() {
    let inventory = inventory();
    let selection = inventory
        .select(&pattern("web1,wbe").unwrap(), None)
        .unwrap();
    assert_eq!(selection.hosts.len(), 1);
    assert_eq!(selection.warnings[0].help.as_deref(), Some("write `web`"));
    assert_eq!(
        selection.warnings[0].place.as_ref().unwrap().to_string(),
        "hosts:1:6"
    );
}

#[test]
fn mistakes_are_errors() {
    assert!(pattern("~(").is_err());
    assert!(pattern("a,!").is_err());
    // Ansible passes over the bracket, and all hosts are meant.
    for open in ["~[", "a:~[", "a]", "web[0", "a b["] {
        assert!(pattern(open).is_err(), "{open}");
        assert!(
            Pattern::limit(open, &MemoryFiles::new([])).is_err(),
            "{open}"
        );
    }
    let inventory = inventory();
    assert!(inventory.select(&pattern("web[9]").unwrap(), None).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-ew0-2!&~*?.:,@\\[\\]() -]{0,20}|\\PC{0,20}") {
        if let Ok(pattern) = pattern(&text) {
            let _ = inventory().select(&pattern, Some(&pattern));
        }
        let _ = Pattern::limit(&text, &MemoryFiles::new([]));
    }
}
