//! Who owns which field of an object: `metadata.managedFields`, conflicts, and server-side apply.

use serde_json::{Map, Value, json};

use super::fields::{self, Fields};
use super::refusal::Refusal;
use super::types::{Type, Types};

/// One manager's fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Who.
    pub manager: String,
    /// Whether by apply.
    pub applies: bool,
    /// The version the fields are named in.
    pub version: String,
    /// `status`, `scale`, or nothing.
    pub subresource: String,
    /// When they last changed.
    pub time: String,
    /// The fields.
    pub fields: Fields,
}

/// A write, as far as ownership is concerned.
pub struct Author<'a> {
    /// Who writes.
    pub manager: &'a str,
    /// The subresource that is written, or nothing.
    pub subresource: &'a str,
    /// The time now, RFC 3339.
    pub time: &'a str,
    /// Whether others' fields are taken over.
    pub force: Force,
}

/// What happens to fields that others own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// They are a conflict.
    No,
    /// They are taken over.
    Yes,
}

/// The entries of an object.
pub fn entries(object: &Value) -> Vec<Entry> {
    let list = object["metadata"]["managedFields"].as_array();
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    list.into_iter()
        .flatten()
        .filter(|entry| entry["fieldsV1"].is_object())
        .map(|entry| Entry {
            manager: text(entry, "manager"),
            applies: entry["operation"] == "Apply",
            version: text(entry, "apiVersion"),
            subresource: text(entry, "subresource"),
            time: text(entry, "time"),
            fields: Fields::from_json(&entry["fieldsV1"]),
        })
        .collect()
}

/// Writes entries into an object: appliers first, then by time and name.
pub fn keep(object: &mut Value, mut entries: Vec<Entry>) {
    entries.retain(|entry| !entry.fields.is_empty());
    entries.sort_by(|a, b| {
        let key = |e: &Entry| (!e.applies, e.time.clone(), e.manager.clone());
        key(a).cmp(&key(b))
    });
    let list: Vec<Value> = entries
        .into_iter()
        .map(|entry| {
            let operation = if entry.applies { "Apply" } else { "Update" };
            let mut json = json!({"apiVersion": entry.version, "fieldsType": "FieldsV1",
                "fieldsV1": entry.fields.to_json(), "manager": entry.manager, "operation": operation});
            if !entry.subresource.is_empty() {
                json["subresource"] = entry.subresource.into();
            }
            json["time"] = entry.time.into();
            json
        })
        .collect();
    let Some(metadata) = object["metadata"].as_object_mut() else {
        return;
    };
    if list.is_empty() {
        metadata.shift_remove("managedFields");
    } else {
        metadata.insert("managedFields".to_owned(), Value::Array(list));
    }
}

/// Fields that nobody owns.
fn strip(set: &mut Fields, author: &Author<'_>) {
    set.own = false;
    for field in ["f:apiVersion", "f:kind"] {
        set.cut(&[field]);
    }
    if let Some(metadata) = set.below.get_mut("f:metadata") {
        metadata.own = false;
        for field in [
            "name",
            "namespace",
            "uid",
            "resourceVersion",
            "generation",
            "selfLink",
            "managedFields",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "clusterName",
        ] {
            metadata.cut(&[&format!("f:{field}")]);
        }
        if metadata.is_empty() {
            set.cut(&["f:metadata"]);
        }
    }
    if author.subresource == "status" {
        set.below.retain(|key, _| key == "f:status");
    }
}

fn without_entries(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.shift_remove("managedFields");
    }
    object
}

fn version_of(object: &Value) -> String {
    object["apiVersion"].as_str().unwrap_or_default().to_owned()
}

/// Ownership after a create, update or patch that is no apply. `live` is null on a create.
pub fn after_update(
    (types, kind): (&Types, &Type),
    (live, new): (&Value, &mut Value),
    before: Vec<Entry>,
    author: &Author<'_>,
) {
    let live = if live.is_null() {
        beginning(kind)
    } else {
        without_entries(live)
    };
    let mut found = fields::compare(types, kind, (Some(&live), Some(&without_entries(new))));
    for set in [&mut found.removed, &mut found.modified, &mut found.added] {
        strip(set, author);
    }
    let changed = found.modified.union(&found.added);
    let mut entries = others_give_way(before, &changed, &found.removed);
    let version = version_of(new);
    let same = |e: &Entry| {
        !e.applies
            && e.manager == author.manager
            && e.subresource == author.subresource
            && e.version == version
    };
    match entries.iter_mut().find(|e| same(e)) {
        Some(entry) => {
            let fields = entry.fields.minus(&found.removed).union(&changed);
            if fields != entry.fields {
                author.time.clone_into(&mut entry.time);
            }
            entry.fields = fields;
        }
        None => entries.push(Entry {
            manager: author.manager.to_owned(),
            applies: false,
            version,
            subresource: author.subresource.to_owned(),
            time: author.time.to_owned(),
            fields: changed,
        }),
    }
    keep(new, entries);
}

/// Everybody loses what somebody else changed or removed.
fn others_give_way(entries: Vec<Entry>, changed: &Fields, removed: &Fields) -> Vec<Entry> {
    let lost = changed.union(removed);
    entries
        .into_iter()
        .map(|mut entry| {
            entry.fields = entry.fields.minus(&lost);
            entry
        })
        .collect()
}

/// The object after somebody applied a configuration, its ownership included.
///
/// # Errors
/// Others own fields that would change, or the configuration is not of its type.
pub fn apply(
    (types, kind): (&Types, &Type),
    (live, applied): (&Value, &Value),
    author: &Author<'_>,
) -> Result<Value, Refusal> {
    let bad =
        |why: String| Refusal::internal(format!("failed to create typed patch object: {why}"));
    let mut before = entries(live);
    if before.is_empty() && !live.is_null() {
        before.push(before_first_apply((types, kind), live, author));
    }
    let base = if live.is_null() {
        Value::Object(Map::new())
    } else {
        without_entries(live)
    };
    let mut merged = fields::merge(types, kind, &base, applied).map_err(bad)?;
    let mut set = fields::of(types, kind, applied).map_err(bad)?;
    strip(&mut set, author);
    let version = version_of(applied);
    let ours =
        |e: &Entry| e.applies && e.manager == author.manager && e.subresource == author.subresource;
    let last = before.iter().find(|e| ours(e)).cloned();
    let mut others: Vec<Entry> = before.into_iter().filter(|e| !ours(e)).collect();
    if let Some(last) = &last {
        let owned = others
            .iter()
            .fold(set.clone(), |all, e| all.union(&e.fields));
        merged = prune((types, kind), merged, &last.fields, &owned);
    }
    let found = fields::compare(types, kind, (Some(&base), Some(&merged)));
    let mut changed = found.modified.union(&found.added);
    strip(&mut changed, author);
    let mut removed = found.removed;
    strip(&mut removed, author);
    let conflicts: Vec<(Entry, Vec<String>)> = others
        .iter()
        .map(|e| (e.clone(), e.fields.intersection(&changed).paths()))
        .filter(|(_, paths)| !paths.is_empty())
        .collect();
    if author.force == Force::No && !conflicts.is_empty() {
        return Err(Refusal::apply_conflict(&conflicts));
    }
    others = others_give_way(others, &changed, &removed);
    let time = match &last {
        Some(last) if last.fields == set => last.time.clone(),
        _ => author.time.to_owned(),
    };
    others.push(Entry {
        manager: author.manager.to_owned(),
        applies: true,
        version,
        subresource: author.subresource.to_owned(),
        time,
        fields: set,
    });
    keep(&mut merged, others);
    Ok(merged)
}

/// An object that nobody owns yet is its past's when it is first applied.
fn before_first_apply((types, kind): (&Types, &Type), live: &Value, author: &Author<'_>) -> Entry {
    let begin = beginning(kind);
    let found = fields::compare(types, kind, (Some(&begin), Some(&without_entries(live))));
    let mut fields = found.added.union(&found.modified);
    strip(&mut fields, author);
    Entry {
        manager: "before-first-apply".to_owned(),
        applies: false,
        version: version_of(live),
        subresource: String::new(),
        time: author.time.to_owned(),
        fields,
    }
}

/// Objects that just begin have their top-level structs already.
fn beginning(kind: &Type) -> Value {
    match kind {
        Type::Named(_) => {
            json!({"metadata": {}, "spec": {"template": {"metadata": {}, "spec": {}}}, "status": {}})
        }
        _ => json!({"metadata": {}}),
    }
}

/// Takes out what the applier had applied before, does not apply now, and nobody else owns.
fn prune((types, kind): (&Types, &Type), merged: Value, last: &Fields, owned: &Fields) -> Value {
    let all = |set: &Fields| fields::with_structs(types, kind, set);
    let last = all(last);
    let pruned = fields::remove(types, kind, &merged, &last).unwrap_or_default();
    let set_of = |value: &Value| fields::of(types, kind, value).unwrap_or_default();
    let left = all(&set_of(&pruned)).union(&all(owned));
    let mut gone = all(&set_of(&merged)).intersection(&last).minus(&left);
    for field in ["f:apiVersion", "f:kind"] {
        gone.cut(&[field]);
    }
    if let Some(metadata) = gone.below.get_mut("f:metadata") {
        metadata.own = false;
    }
    fields::remove(types, kind, &merged, &gone).unwrap_or(merged)
}
