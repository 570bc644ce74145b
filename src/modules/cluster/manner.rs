//! How a `k8s` task puts its objects, as its arguments say.

use serde_json::{Map, Value, json};

use crate::cluster::{MANAGER, Patch};
use crate::modules::{Failure, Given};

/// What is to become of the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// They are there.
    Present,
    /// They are not.
    Absent,
    /// Those that are there are changed.
    Patched,
}

/// How objects are put.
pub struct Manner {
    /// What is to become of them.
    pub state: State,
    /// Server-side apply.
    pub apply: bool,
    /// Another takes a live one's place.
    pub force: bool,
    /// The field manager.
    pub manager: String,
    /// Fields of others are taken.
    pub force_conflicts: bool,
    /// Kinds of patches, the first that the server takes.
    pub patches: Vec<Patch>,
}

/// Reads the arguments that say how.
pub fn manner(given: &Given) -> Result<Manner, Failure> {
    let empty = Map::new();
    let side = given
        .get("server_side_apply")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    if let Some(strange) = side
        .keys()
        .find(|k| !["field_manager", "force_conflicts"].contains(&k.as_str()))
    {
        return Err(
            Failure::msg(format!("`server_side_apply` has no `{strange}`"))
                .help("it takes `field_manager` and `force_conflicts`"),
        );
    }
    if !side.is_empty() && !given.flag("apply") {
        return Err(Failure::msg("`server_side_apply` needs `apply: true`"));
    }
    let mut patches = Vec::new();
    for name in given.list("merge_type") {
        patches.push(match name.as_str() {
            "strategic-merge" => Patch::Strategic,
            "merge" => Patch::Merge,
            other => {
                return Err(
                    Failure::msg(format!("`merge_type: {other}` is not supported"))
                        .help("use `merge` or `strategic-merge`"),
                );
            }
        });
    }
    if patches.is_empty() {
        patches = vec![Patch::Strategic, Patch::Merge];
    }
    let manager = side
        .get("field_manager")
        .and_then(Value::as_str)
        .unwrap_or(MANAGER);
    Ok(Manner {
        state: match given.text("state") {
            Some("absent") => State::Absent,
            Some("patched") => State::Patched,
            _ => State::Present,
        },
        apply: given.flag("apply"),
        force: given.flag("force"),
        manager: manager.to_owned(),
        force_conflicts: side.get("force_conflicts").is_some_and(|v| *v == true),
        patches,
    })
}

/// `DeleteOptions` from the argument; in the foreground where a wait follows.
pub fn delete_options(given: &Given) -> Result<Value, Failure> {
    let mut options = json!({"propagationPolicy": "Foreground"});
    for (key, value) in given
        .get("delete_options")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        match key.as_str() {
            "propagationPolicy" | "gracePeriodSeconds" | "preconditions" => {
                options[key] = value.clone();
            }
            other => return Err(Failure::msg(format!("`delete_options` has no `{other}`"))),
        }
    }
    Ok(options)
}

/// Removes what a dotted path names.
pub fn hide(object: &mut Value, path: &str) {
    let (folder, name) = path.rsplit_once('.').unwrap_or(("", path));
    let parts = folder.split('.').filter(|part| !part.is_empty());
    let mut at = Some(object);
    for part in parts {
        at = at.and_then(|value| value.get_mut(part));
    }
    if let Some(Value::Object(fields)) = at {
        fields.shift_remove(name);
    }
}
