//! What is asked again together with a change, and which of those answers are kept.

use super::super::{Footprint, Probe, Reply, Touch};
use super::Answers;

fn there(path: &str) -> Probe {
    Probe::Read {
        path: path.to_owned(),
        limit: 100,
    }
}

fn says(text: &str) -> Reply {
    Reply::Content(Some(text.as_bytes().to_vec()))
}

fn touch(path: &str) -> Touch {
    Touch::Only(vec![Footprint::Path(path.to_owned())])
}

/// Two coming tasks want `/a/x`, one wants `/b`; nobody wants `/c` any more.
fn filled() -> Answers {
    let answers = Answers::default();
    for path in ["/a/x", "/b", "/c"] {
        answers.put(None, (there(path), says("old")), answers.changes());
    }
    let wanted = ["/a/x", "/a/x", "/b"].map(|path| (None, there(path)));
    answers.expect(wanted);
    answers
}

#[test]
fn only_what_is_touched_and_expected_is_asked_again() {
    let answers = filled();
    let asked = |t: &Touch| {
        let mut probes = answers.stale(None, t).probes;
        probes.retain(|p| !matches!(p, Probe::RealPath { .. }));
        probes.sort_by_key(|p| format!("{p:?}"));
        probes
    };
    assert_eq!(asked(&touch("/a")), [there("/a/x")]);
    assert_eq!(asked(&touch("/c")), []);
    assert_eq!(asked(&Touch::Everything), [there("/a/x"), there("/b")]);
    answers.turn(None, &[there("/b")]);
    assert_eq!(asked(&Touch::Everything), [there("/a/x")]);
    // One of the two that wanted it had its turn; the other still waits.
    answers.turn(None, &[there("/a/x")]);
    assert_eq!(asked(&Touch::Everything), [there("/a/x")]);
    answers.turn(None, &[there("/a/x")]);
    assert_eq!(asked(&Touch::Everything), []);
}

#[test]
fn another_users_questions_stay_where_they_are() {
    let answers = filled();
    assert!(answers.stale(Some("root"), &touch("/a")).probes.is_empty());
}

#[test]
fn what_came_with_the_change_replaces_what_it_made_stale() {
    let answers = filled();
    let expected = answers.stale(None, &touch("/a/x"));
    let replies = expected.probes.iter().map(|p| match p {
        Probe::Read { .. } => Some(says("new")),
        _ => None,
    });
    let replies = replies.collect();
    answers.acted(None, &touch("/a/x"), (expected, replies));
    assert_eq!(answers.get(None, &there("/a/x")), Some(says("new")));
    assert_eq!(answers.get(None, &there("/b")), Some(says("old")));
}

#[test]
fn an_answer_is_not_kept_if_something_else_changed_meanwhile() {
    let answers = filled();
    let expected = answers.stale(None, &touch("/a/x"));
    answers.forget(&touch("/b"));
    let replies = vec![Some(says("new")); expected.probes.len()];
    answers.acted(None, &touch("/a/x"), (expected, replies));
    assert_eq!(answers.get(None, &there("/a/x")), None);
}

#[test]
fn a_change_without_answers_forgets_all_the_same() {
    let answers = filled();
    let expected = answers.stale(None, &Touch::Everything);
    answers.acted(None, &Touch::Everything, (expected, Vec::new()));
    for path in ["/a/x", "/b", "/c"] {
        assert_eq!(answers.get(None, &there(path)), None);
    }
}
