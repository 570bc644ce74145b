//! The kv engine, version 2 (and what little there is of version 1).

use serde_json::{Value, json};

use super::state::{State, Version};
use super::{Asked, absent, data, keys, refused, web};
use crate::rehearsal::network::Response;

/// What lies below a mounted engine.
pub fn answer(state: &mut State, asked: &Asked<'_>) -> Option<Response> {
    let mounts = state.engines.iter().filter(|(path, mount)| {
        mount.kind.starts_with("kv") && asked.path.starts_with(&format!("{path}/"))
    });
    let (mount, about) = mounts.max_by_key(|(path, _)| path.len())?;
    if about.kind == "kv" && about.options["version"] != "2" && about.options["version"] != 2 {
        return Some(refused(501, "the rehearsal has no kv engine of version 1"));
    }
    let mount = mount.clone();
    let rest = asked.path[mount.len() + 1..].to_owned();
    let (kind, path) = rest.split_once('/').unwrap_or((&rest, ""));
    let now = state.now;
    let all = state.secrets.entry(mount).or_default();
    Some(match (asked.verb, kind) {
        ("GET", "data") => newest(all.get(path)),
        ("POST", "data") => written(all.entry(path.to_owned()).or_default(), asked, now),
        ("DELETE", "data") => {
            if let Some(last) = all.get_mut(path).and_then(|versions| versions.last_mut()) {
                last.data = Value::Null;
            }
            web::nothing(204)
        }
        ("LIST", "metadata") => {
            let below = if path.is_empty() {
                String::new()
            } else {
                format!("{path}/")
            };
            let names = all.keys().filter_map(|name| name.strip_prefix(&below));
            keys(names.map(|rest| match rest.split_once('/') {
                Some((folder, _)) => format!("{folder}/"),
                None => rest.to_owned(),
            }))
        }
        ("GET", "metadata") => match all.get(path) {
            Some(versions) => data(
                &json!({ "current_version": versions.len(), "max_versions": 0,
                "versions": {}, "custom_metadata": null, "cas_required": false }),
            ),
            None => absent(),
        },
        ("DELETE", "metadata") => {
            all.remove(path);
            web::nothing(204)
        }
        _ => refused(405, "unsupported operation"),
    })
}

/// The newest version.
fn newest(versions: Option<&Vec<Version>>) -> Response {
    match versions.and_then(|versions| Some((versions.len(), versions.last()?))) {
        Some((number, version)) if !version.data.is_null() => {
            data(&json!({ "data": version.data, "metadata": told(number, version) }))
        }
        Some((number, version)) => web::json(
            404,
            &json!({ "data": { "data": null, "metadata": told(number, version) } }),
        ),
        None => absent(),
    }
}

/// One more version.
fn written(versions: &mut Vec<Version>, asked: &Asked<'_>, now: u64) -> Response {
    let Some(body) = asked.body["data"].as_object() else {
        return refused(400, "no data provided");
    };
    let cas = asked.body["options"]["cas"].as_u64();
    if cas.is_some_and(|cas| cas != versions.len() as u64) {
        return refused(
            400,
            "check-and-set parameter did not match the current version",
        );
    }
    versions.push(Version {
        data: Value::Object(body.clone()),
        created: now,
    });
    let (number, version) = (versions.len(), versions.last());
    data(&version.map_or(Value::Null, |version| told(number, version)))
}

fn told(number: usize, version: &Version) -> Value {
    json!({ "version": number, "created_time": version.created.to_string(),
        "deletion_time": if version.data.is_null() { "deleted" } else { "" },
        "destroyed": false, "custom_metadata": null })
}
