//! Loops: what the items are, and what the whole is when each of them has ended.

use crate::event::Status;
use crate::input::Json;

use super::result::Ended;

/// The items with lists among them opened by one level (`with_items`).
pub fn flattened(items: Vec<Json>) -> Vec<Json> {
    items
        .into_iter()
        .flat_map(|item| match item {
            Json::Array(inner) => inner,
            other => vec![other],
        })
        .collect()
}

/// `ansible_loop` of an item.
pub fn extended_loop(items: &[Json], index: usize, all: AllItems) -> Json {
    let count = items.len();
    let mut told = serde_json::json!({
        "index": index + 1,
        "index0": index,
        "revindex": count - index,
        "revindex0": count - index - 1,
        "first": index == 0,
        "last": index + 1 == count,
        "length": count,
    });
    // The first has none before it, the last none behind it: they are undefined there.
    if let Some(item) = index.checked_sub(1).and_then(|i| items.get(i)) {
        told["previtem"] = item.clone();
    }
    if let Some(item) = items.get(index + 1) {
        told["nextitem"] = item.clone();
    }
    if all == AllItems::Told {
        told["allitems"] = items.into();
    }
    told
}

/// Whether each item is told of all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AllItems {
    /// It is.
    Told,
    /// `extended_allitems: false`.
    Kept,
}

/// What to call a value's type in a message.
pub fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "a mapping",
    }
}

/// The result of a loop: its items' results, and what the worst of them is.
pub fn whole(ends: Vec<Ended>) -> Ended {
    let any = |status: Status| ends.iter().any(|ended| ended.status == status);
    let status = match () {
        () if any(Status::Unreachable) => Status::Unreachable,
        () if any(Status::Failed) => Status::Failed,
        () if any(Status::Unknown) => Status::Unknown,
        () if any(Status::Changed) => Status::Changed,
        () if ends.iter().all(|ended| ended.status == Status::Skipped) => Status::Skipped,
        () => Status::Ok,
    };
    let worst = ends.iter().position(|ended| ended.status == status);
    let msg = match status {
        Status::Failed => "One or more items failed",
        Status::Unreachable => "the host was lost",
        Status::Skipped => "All items skipped",
        _ => "All items completed",
    };
    let mut whole = Ended::new(status, msg);
    whole.blind = ends.iter().any(|ended| ended.blind);
    if let Some(worst) = worst.and_then(|index| ends.get(index)) {
        whole.until.clone_from(&worst.until);
        whole.help.clone_from(&worst.help);
        whole.error.clone_from(&worst.error);
        whole.code = worst.code;
        whole.lost = worst.lost;
        if whole.is_failure() {
            for name in ["rc", "stderr", "stdout"] {
                if let Some(value) = worst.result.get(name) {
                    whole.result.insert(name.to_owned(), value.clone());
                }
            }
        }
    }
    whole.result.insert(
        "changed".to_owned(),
        ends.iter().any(|ended| ended.flag("changed")).into(),
    );
    whole.result.insert(
        "results".to_owned(),
        ends.into_iter()
            .map(|ended| Json::Object(ended.result))
            .collect(),
    );
    whole.marked()
}
