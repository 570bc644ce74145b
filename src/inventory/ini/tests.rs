//! What sections mean, and where mistakes are.

use proptest::prelude::*;

use super::*;

fn read_text(text: &str) -> Result<Builder, Vec<String>> {
    let mut into = Builder::new();
    match read(&Source::new("hosts", text), &mut into) {
        Ok(()) => Ok(into),
        Err(errors) => Err(errors
            .iter()
            .map(|e| {
                let place = e.place.as_ref().map(Span::to_string).unwrap_or_default();
                format!("{place} {}", e.code)
            })
            .collect()),
    }
}

#[test]
fn children_may_come_before_their_group() {
    let read = read_text("[p:children]\nc\n[c]\na x=1\n[p:vars]\ny=[1]\n").unwrap();
    assert_eq!(read.groups["p"].children.get_index(0).unwrap(), "c");
    assert_eq!(read.hosts["a"].groups.len(), 1);
}

#[test]
fn mistakes_have_a_place() {
    let errors = |text| read_text(text).err().unwrap();
    assert_eq!(errors("[a:childern]\n"), ["hosts:1:1 inventory/section"]);
    assert_eq!(errors("[a b]\n"), ["hosts:1:1 inventory/section"]);
    assert_eq!(
        errors("[a:children]\n  b\n"),
        ["hosts:2:3 inventory/undefined-group"]
    );
    assert_eq!(
        errors("[a:vars]\nx=1\n"),
        ["hosts:1:1 inventory/undefined-group"]
    );
    assert_eq!(errors("a\nb x\n"), ["hosts:2:3 inventory/assignment"]);
    assert_eq!(
        errors("[a]\n[a:vars]\nx\n"),
        ["hosts:3:1 inventory/assignment"]
    );
    assert_eq!(errors("web[1:\n"), ["hosts:1:1 inventory/host-name"]);
    assert_eq!(errors("a 'b\n"), ["hosts:1:1 inventory/host-line"]);
    assert_eq!(errors("all:\n"), ["hosts:1:1 inventory/host-name"]);
    assert_eq!(
        errors("[a:children]\nb\n[b:children]\na\n"),
        ["hosts:4:1 inventory/group-loop"]
    );
    assert_eq!(
        errors("[a]\n[a:vars]\nansible_group_priority=high\n"),
        ["hosts:3:24 inventory/group-priority"]
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\[?[a-c:=#'\"\\\\ ;0-9]{0,12}(:children|:vars)?\\]?[\n\r\u{85}]?){0,8}|\\PC{0,60}") {
        let _ = read_text(&text);
    }
}
