//! Groups, projects and their deploy keys.

use serde_json::{Value, json};

use super::state::State;
use super::{Asked, error, message, page, taken, web};
use crate::rehearsal::network::Response;

/// What lies below `groups`, `projects`, `namespaces` and `deploy_keys`.
pub fn answer(state: &mut State, asked: &Asked<'_>) -> Option<Response> {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    Some(match (asked.verb, path.as_slice()) {
        ("GET", ["groups"]) => page(&state.groups.values().cloned().collect::<Vec<_>>(), asked),
        ("POST", ["groups"]) => group(state, asked),
        ("POST", ["projects"]) => project(state, asked),
        ("GET", ["projects"]) => page(&state.projects.values().cloned().collect::<Vec<_>>(), asked),
        (verb, ["groups", id]) => match found(&state.groups, ("full_path", id)) {
            Some(id) => one(state, asked, (verb, "groups", id)),
            None => message(404, "404 Group Not Found"),
        },
        (verb, ["projects", id]) => match found(&state.projects, ("path_with_namespace", id)) {
            Some(id) => one(state, asked, (verb, "projects", id)),
            None => message(404, "404 Project Not Found"),
        },
        (_, ["projects", id, "deploy_keys", rest @ ..]) => {
            match found(&state.projects, ("path_with_namespace", id)) {
                Some(id) => keys(state, asked, (id, rest)),
                None => message(404, "404 Project Not Found"),
            }
        }
        ("GET", ["projects", id, "repository", "branches"]) => {
            match found(&state.projects, ("path_with_namespace", id)) {
                Some(id) => branches(state, asked, id),
                None => message(404, "404 Project Not Found"),
            }
        }
        _ => return None,
    })
}

type Things = std::collections::BTreeMap<u64, Value>;

/// A thing by number or by its whole path.
pub(super) fn found(things: &Things, (field, id): (&str, &str)) -> Option<u64> {
    if let Ok(number) = id.parse() {
        return things.contains_key(&number).then_some(number);
    }
    let mut all = things.iter();
    let found = all.find(|(_, thing)| {
        let path = thing[field].as_str().unwrap_or_default();
        path.eq_ignore_ascii_case(id)
    });
    found.map(|(number, _)| *number)
}

fn one(state: &mut State, asked: &Asked<'_>, (verb, kind, id): (&str, &str, u64)) -> Response {
    let things = if kind == "groups" {
        &mut state.groups
    } else {
        &mut state.projects
    };
    match verb {
        "GET" => web::json(200, &things[&id]),
        "PUT" => {
            let given = asked.body.as_object().cloned().unwrap_or_default();
            if let Some(Value::Object(thing)) = things.get_mut(&id) {
                thing.extend(
                    given
                        .into_iter()
                        .filter(|(key, _)| CHANGED.contains(&key.as_str())),
                );
            }
            web::json(200, &things[&id])
        }
        "DELETE" => {
            let path = things[&id]["full_path"]
                .as_str()
                .map(|path| format!("{path}/"));
            things.remove(&id);
            if let Some(path) = path {
                state.projects.retain(|_, project| {
                    let theirs = project["path_with_namespace"].as_str().unwrap_or_default();
                    !theirs.starts_with(&path)
                });
            }
            web::json(202, &json!({ "message": "202 Accepted" }))
        }
        _ => error(405, "405 Not Allowed"),
    }
}

/// What may be changed of a group or a project.
const CHANGED: &[&str] = &[
    "auto_devops_enabled",
    "default_branch",
    "description",
    "issues_enabled",
    "lfs_enabled",
    "merge_requests_enabled",
    "name",
    "packages_enabled",
    "project_creation_level",
    "require_two_factor_authentication",
    "snippets_enabled",
    "subgroup_creation_level",
    "visibility",
    "wiki_enabled",
];

fn group(state: &mut State, asked: &Asked<'_>) -> Response {
    let (name, path) = (asked.text("name"), asked.text("path"));
    if name.is_empty() || path.is_empty() {
        return error(400, "name is missing, path is missing");
    }
    let parent = asked.body["parent_id"].as_u64();
    let above = parent.and_then(|id| state.groups.get(&id));
    let above = above.and_then(|group| group["full_path"].as_str());
    let full = above.map_or_else(|| path.to_owned(), |above| format!("{above}/{path}"));
    let root = state.users.values().any(|user| user["username"] == path);
    if found(&state.groups, ("full_path", &full)).is_some() || (root && parent.is_none()) {
        return web::json(
            400,
            &json!({ "message": "Failed to save group {:path=>[\"has already been taken\"]}" }),
        );
    }
    let id = state.number();
    let or = |field: &str, default: Value| match &asked.body[field] {
        Value::Null => default,
        given => given.clone(),
    };
    let group = json!({ "id": id, "name": name, "path": path, "full_path": full, "full_name": name,
        "parent_id": parent, "web_url": format!("{}/groups/{full}", state.url),
        "visibility": or("visibility", json!("private")),
        "description": or("description", json!("")),
        "auto_devops_enabled": or("auto_devops_enabled", Value::Null),
        "project_creation_level": or("project_creation_level", json!("developer")),
        "subgroup_creation_level": or("subgroup_creation_level", json!("maintainer")),
        "require_two_factor_authentication": or("require_two_factor_authentication", json!(false)) });
    state.groups.insert(id, group.clone());
    web::json(201, &group)
}

fn project(state: &mut State, asked: &Asked<'_>) -> Response {
    let name = asked.text("name");
    let path = match asked.text("path") {
        "" => name.to_lowercase().replace(' ', "-"),
        path => path.to_owned(),
    };
    if path.is_empty() {
        return error(
            400,
            "name, path are missing, at least one parameter must be provided",
        );
    }
    let namespace = if let Some(id) = asked.body["namespace_id"].as_u64() {
        match state.groups.get(&id) {
            Some(group) => group["full_path"].as_str().unwrap_or_default().to_owned(),
            None => return taken(400, "namespace", "is not valid"),
        }
    } else {
        let user = &state.users[&asked.who.user];
        user["username"].as_str().unwrap_or_default().to_owned()
    };
    let full = format!("{namespace}/{path}");
    if found(&state.projects, ("path_with_namespace", &full)).is_some() {
        return web::json(
            400,
            &json!({ "message": { "project_namespace.name": ["has already been taken"],
                "name": ["has already been taken"], "path": ["has already been taken"] } }),
        );
    }
    // Numbers of its own, as in the real one: they do not tell what else was made before.
    let id = state.projects.keys().max().map_or(1, |last| last + 1);
    let or = |field: &str, default: Value| match &asked.body[field] {
        Value::Null => default,
        given => given.clone(),
    };
    let readme = asked.body["initialize_with_readme"] == true;
    let project = json!({ "id": id, "name": if name.is_empty() { &path } else { name }, "path": path,
        "path_with_namespace": full, "namespace": { "full_path": namespace },
        "visibility": or("visibility", json!("private")),
        "description": or("description", Value::Null),
        "default_branch": if readme { or("default_branch", json!("main")) } else { Value::Null },
        "empty_repo": !readme,
        "issues_enabled": or("issues_enabled", json!(true)),
        "merge_requests_enabled": or("merge_requests_enabled", json!(true)),
        "wiki_enabled": or("wiki_enabled", json!(true)),
        "snippets_enabled": or("snippets_enabled", json!(true)),
        "lfs_enabled": or("lfs_enabled", json!(true)),
        "packages_enabled": or("packages_enabled", json!(true)),
        "web_url": format!("{}/{full}", state.url),
        "http_url_to_repo": format!("{}/{full}.git", state.url),
        "ssh_url_to_repo": ssh(state, &full) });
    state.projects.insert(id, project.clone());
    web::json(201, &project)
}

/// How a repository is reached by SSH: a port of its own makes it a whole address.
fn ssh(state: &State, path: &str) -> String {
    let host = state.ssh_host.clone();
    let host = host.unwrap_or_else(|| super::host_of(&state.url));
    match state.ssh_port {
        0 | 22 => format!("git@{host}:{path}.git"),
        port => format!("ssh://git@{host}:{port}/{path}.git"),
    }
}

fn branches(state: &State, asked: &Asked<'_>, id: u64) -> Response {
    let branch = state.projects[&id]["default_branch"].as_str();
    let all: Vec<Value> = branch
        .map(|name| json!({ "name": name, "default": true }))
        .into_iter()
        .collect();
    page(&all, asked)
}

fn keys(state: &mut State, asked: &Asked<'_>, (project, rest): (u64, &[&str])) -> Response {
    let number = rest.first().and_then(|id| id.parse::<u64>().ok());
    let theirs = state.enabled.entry(project).or_default();
    let shown = |id: u64, push: bool, keys: &Things| {
        let mut key = keys.get(&id).cloned().unwrap_or_default();
        key["can_push"] = push.into();
        key
    };
    match (asked.verb, number.filter(|id| theirs.contains_key(id))) {
        ("GET", _) if rest.is_empty() => {
            let all = theirs
                .iter()
                .map(|(id, push)| shown(*id, *push, &state.keys));
            page(&all.collect::<Vec<_>>(), asked)
        }
        ("POST", _) if rest.is_empty() => key(state, asked, project),
        (_, None) => message(404, "404 Deploy Key Not Found"),
        ("GET", Some(id)) => web::json(200, &shown(id, theirs[&id], &state.keys)),
        ("PUT", Some(id)) => {
            if let Some(push) = asked.body["can_push"].as_bool() {
                theirs.insert(id, push);
            }
            if let (Some(title), Some(key)) =
                (asked.body["title"].as_str(), state.keys.get_mut(&id))
            {
                key["title"] = title.into();
            }
            web::json(200, &shown(id, state.enabled[&project][&id], &state.keys))
        }
        ("DELETE", Some(id)) => {
            theirs.remove(&id);
            let used = state.enabled.values().any(|keys| keys.contains_key(&id));
            if !used {
                state.keys.remove(&id);
            }
            web::nothing(204)
        }
        _ => error(405, "405 Not Allowed"),
    }
}

fn key(state: &mut State, asked: &Asked<'_>, project: u64) -> Response {
    let (title, text) = (asked.text("title"), asked.text("key"));
    if title.is_empty() || text.is_empty() {
        return error(400, "key is missing, title is missing");
    }
    // Kind and key count; the comment does not.
    let bare: Vec<&str> = text.split_whitespace().take(2).collect();
    let known = ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"];
    if bare.len() < 2 || !known.contains(&bare[0]) {
        return taken(
            400,
            "key",
            "type is forbidden. Must be RSA, ECDSA, or ED25519",
        );
    }
    let bare = bare.join(" ");
    let mut all = state.keys.iter();
    let known = all.find(|(_, key)| key["key"].as_str().unwrap_or_default().starts_with(&bare));
    let known = known.map(|(id, _)| *id);
    let push = asked.body["can_push"] == true;
    let theirs = state.enabled.entry(project).or_default();
    let id = match known {
        Some(id) if theirs.contains_key(&id) => {
            return taken(
                400,
                "deploy_key.fingerprint_sha256",
                "has already been taken",
            );
        }
        Some(id) => id,
        None => {
            let id = state.number();
            state
                .keys
                .insert(id, json!({ "id": id, "title": title, "key": text }));
            id
        }
    };
    state.enabled.entry(project).or_default().insert(id, push);
    let mut told = state.keys[&id].clone();
    told["can_push"] = push.into();
    web::json(201, &told)
}
