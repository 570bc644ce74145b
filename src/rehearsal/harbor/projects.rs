//! Projects.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::state::{Data, Project};
use super::{Asked, refused};
use crate::rehearsal::network::Response;
use crate::rehearsal::web;

/// What is asked of projects; `None` if it is not about them.
pub fn answer(data: &mut Data, asked: &Asked<'_>) -> Option<Response> {
    Some(match (asked.verb, asked.path.as_slice()) {
        ("GET", ["projects"]) => {
            // By a part of the name, as Harbor looks for it.
            let name = asked.word("name").unwrap_or_default();
            let found = data
                .projects
                .iter()
                .filter(|(_, one)| one.name.contains(&name));
            let found: Vec<Value> = found.map(|(id, one)| shown(*id, one)).collect();
            asked.page(&found)
        }
        ("POST", ["projects"]) => made(data, asked),
        (verb, ["projects", which]) => {
            let Some(id) = numbered(data, which) else {
                return Some(refused(404, &format!("project {which} not found")));
            };
            match verb {
                "GET" => web::json(200, &shown(id, &data.projects[&id])),
                "PUT" => {
                    if let Some(project) = data.projects.get_mut(&id) {
                        project.metadata.extend(metadata(&asked.body));
                    }
                    web::nothing(200)
                }
                "DELETE" => {
                    data.projects.remove(&id);
                    web::nothing(200)
                }
                _ => refused(405, "method not allowed"),
            }
        }
        _ => return None,
    })
}

/// By number, else by name.
fn numbered(data: &Data, which: &str) -> Option<u64> {
    if let Ok(id) = which.parse() {
        return data.projects.contains_key(&id).then_some(id);
    }
    let mut all = data.projects.iter();
    all.find(|(_, one)| one.name == which).map(|(id, _)| *id)
}

fn shown(id: u64, project: &Project) -> Value {
    json!({ "project_id": id, "name": project.name, "metadata": project.metadata, "repo_count": 0 })
}

fn metadata(body: &Value) -> BTreeMap<String, String> {
    let all = body["metadata"].as_object().into_iter().flatten();
    let text = all.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    text.collect()
}

fn made(data: &mut Data, asked: &Asked<'_>) -> Response {
    let name = asked.body["project_name"].as_str().unwrap_or_default();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if name.is_empty() || name.len() > 255 || !name.chars().all(allowed) {
        return refused(
            400,
            &format!("project name {name} is not in lower case or contains illegal characters"),
        );
    }
    if data.projects.values().any(|one| one.name == name) {
        return refused(409, &format!("The project named {name} already exists"));
    }
    let mut all = metadata(&asked.body);
    all.entry("public".to_owned())
        .or_insert_with(|| "false".to_owned());
    let project = Project {
        name: name.to_owned(),
        metadata: all,
    };
    let id = data.number();
    data.projects.insert(id, project);
    let mut response = web::nothing(201);
    let at = format!("/api/v2.0/projects/{id}");
    response.headers.push(("location".to_owned(), at));
    response
}
