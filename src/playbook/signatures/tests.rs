//! The data is sound, and texts and values become what Ansible makes of them.

use serde_json::json;

use super::{Runs, all, find, nearest, shell_words};

fn coerce(module: &str, args: serde_json::Value) -> Result<serde_json::Value, Vec<String>> {
    let args = args.as_object().cloned().unwrap();
    find(module)
        .unwrap()
        .coerce(&args)
        .map(serde_json::Value::Object)
        .map_err(|problems| problems.into_iter().map(|p| p.what).collect())
}

#[test]
fn every_default_is_a_legal_value_and_no_name_is_used_twice() {
    let mut names = Vec::new();
    for signature in all() {
        names.extend(
            [signature.name]
                .into_iter()
                .chain(signature.aka.iter().copied()),
        );
        let mut arguments = Vec::new();
        for argument in signature.all_arguments() {
            arguments.push(argument.name);
            arguments.extend(argument.aliases);
            if let Some(default) = argument.default {
                assert_eq!(
                    argument.coerce(&json!(default)).err(),
                    None,
                    "{}",
                    signature.name
                );
            }
        }
        let count = arguments.len();
        arguments.sort_unstable();
        arguments.dedup();
        assert_eq!(arguments.len(), count, "{}", signature.name);
        for group in signature.exclusive {
            assert!(
                group.iter().all(|name| arguments.contains(name)),
                "{}",
                signature.name
            );
        }
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn short_and_full_names_find_the_same() {
    for name in ["systemd", "systemd_service", "ansible.builtin.systemd"] {
        assert_eq!(find(name).unwrap().name, "ansible.builtin.systemd_service");
    }
    assert_eq!(
        find("authorized_key").unwrap().name,
        "ansible.posix.authorized_key"
    );
    assert_eq!(
        find("ansible.legacy.copy").unwrap().name,
        "ansible.builtin.copy"
    );
    assert!(find("coppy").is_none());
    assert_eq!(nearest("coppy"), Some("copy"));
    assert_eq!(find("set_fact").unwrap().runs, Runs::Engine);
}

#[test]
fn values_become_their_types() {
    let args = coerce(
        "apt",
        json!({"pkg": "curl, git", "update_cache": "yes", "upgrade": true}),
    )
    .unwrap();
    assert_eq!(args["name"], json!(["curl", "git"]));
    assert_eq!(args["update_cache"], json!(true));
    assert_eq!(args["upgrade"], json!("yes"));
    assert_eq!(args["lock_timeout"], json!(60));
    let args = coerce("sysctl", json!({"name": "a.b", "value": 1, "reload": null})).unwrap();
    assert_eq!(args["value"], json!("1"));
    assert_eq!(args["reload"], json!(true));
    assert_eq!(
        coerce("user", json!({"name": "x", "uid": "12"})).unwrap()["uid"],
        json!(12)
    );
}

#[test]
fn wrong_arguments_are_named() {
    assert_eq!(
        coerce("copy", json!({"dest": "/x", "sorce": "y"})).unwrap_err(),
        ["`ansible.builtin.copy` takes no argument `sorce`"]
    );
    assert_eq!(
        coerce("copy", json!({"src": "a"})).unwrap_err(),
        ["missing required arguments: dest"]
    );
    assert_eq!(
        coerce("copy", json!({"dest": "/x", "src": "a", "content": "b"})).unwrap_err(),
        ["parameters are mutually exclusive: src|content"]
    );
    assert_eq!(
        coerce("file", json!({"path": "/x", "dest": "/y"})).unwrap_err(),
        ["`path` is given twice, under two names"]
    );
    assert_eq!(
        coerce("file", json!({"path": "/x", "recurse": "perhaps"})).unwrap_err(),
        ["`recurse` must be a boolean"]
    );
    let wrong = coerce("file", json!({"path": "/x", "state": "directry"})).unwrap_err();
    assert!(
        wrong[0].ends_with("got: directry (did you mean `directory`?)"),
        "{wrong:?}"
    );
}

fn free(module: &str, text: &str) -> Vec<(String, String)> {
    find(module).unwrap().free_form(text).unwrap()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[test]
fn command_lines_give_up_their_options_only() {
    assert_eq!(
        free("command", "echo a=b 'x y' creates=/x chdir=\"/a b\""),
        pairs(&[
            ("creates", "/x"),
            ("chdir", "/a b"),
            ("cmd", "echo a=b 'x y'")
        ])
    );
    assert_eq!(
        free("shell", "cat <<E\n  a  b\nE\n"),
        pairs(&[("cmd", "cat <<E\n  a  b\nE")])
    );
    assert_eq!(
        free(
            "command",
            "test {{ a | default('x y') }} creates={{ b + 'c d' }}"
        ),
        pairs(&[
            ("creates", "{{ b + 'c d' }}"),
            ("cmd", "test {{ a | default('x y') }}")
        ])
    );
    assert_eq!(free("shell", "echo don't"), pairs(&[("cmd", "echo don't")]));
    assert_eq!(
        free("apt", "name=curl state=present update_cache=yes"),
        pairs(&[
            ("name", "curl"),
            ("state", "present"),
            ("update_cache", "yes")
        ])
    );
    assert!(find("apt").unwrap().free_form("curl").is_err());
    assert_eq!(
        free("meta", "flush_handlers"),
        pairs(&[("free_form", "flush_handlers")])
    );
}

#[test]
fn words_split_as_a_shell_does() {
    assert_eq!(
        shell_words(r#"a "b c" 'd "e' f\ g "h\"i" "" "#).unwrap(),
        ["a", "b c", "d \"e", "f g", "h\"i", ""]
    );
    assert_eq!(shell_words("a 'b"), Err("No closing quotation"));
}

proptest::proptest! {
    #[test]
    fn splitting_never_loses_a_command_line(text in ".{0,60}") {
        let args = free("raw", &text);
        let cmd = args.iter().find(|(k, _)| k == "cmd").map_or("", |(_, v)| v.as_str());
        if !text.contains("executable=") {
            proptest::prop_assert_eq!(cmd, text.trim());
        }
    }
}
