//! Robot accounts of the whole Harbor.

use serde_json::{Value, json};

use super::state::{Data, Robot, digested};
use super::{Asked, refused};
use crate::rehearsal::host::identifier;
use crate::rehearsal::network::Response;
use crate::rehearsal::web;

/// Fields that are kept as they were given.
const FIELDS: [&str; 5] = ["description", "disable", "duration", "level", "permissions"];

/// What is asked of robot accounts; `None` if it is not about them.
pub fn answer(data: &mut Data, asked: &Asked<'_>) -> Option<Response> {
    Some(match (asked.verb, asked.path.as_slice()) {
        ("GET", ["robots"]) => {
            let all: Vec<Value> = data
                .robots
                .iter()
                .map(|(id, one)| shown(*id, one))
                .collect();
            asked.page(&all)
        }
        ("POST", ["robots"]) => made(data, asked),
        (verb, ["robots", id]) => {
            let id = id.parse().unwrap_or_default();
            let Some(robot) = data.robots.get_mut(&id) else {
                return Some(refused(404, &format!("robot {id} not found")));
            };
            match verb {
                "GET" => web::json(200, &shown(id, robot)),
                "PUT" => changed(robot, asked),
                "PATCH" => renewed(robot, asked),
                "DELETE" => {
                    data.robots.remove(&id);
                    web::nothing(200)
                }
                _ => refused(405, "method not allowed"),
            }
        }
        _ => return None,
    })
}

fn shown(id: u64, robot: &Robot) -> Value {
    let mut all = robot.fields.clone();
    all["id"] = json!(id);
    all["name"] = json!(robot.name);
    all["editable"] = json!(true);
    all["expires_at"] = json!(-1);
    for one in all["permissions"].as_array_mut().into_iter().flatten() {
        for access in one["access"].as_array_mut().into_iter().flatten() {
            access["effect"] = json!("allow");
        }
    }
    all
}

/// Why Harbor does not take what is wanted.
fn wrong(body: &Value) -> Option<Response> {
    let permissions = body["permissions"].as_array();
    if permissions.is_none_or(Vec::is_empty) {
        return Some(refused(400, "bad request empty permission"));
    }
    if body["duration"]
        .as_i64()
        .is_none_or(|days| days == 0 || days < -1)
    {
        return Some(refused(400, "bad request error duration input"));
    }
    (body["level"] != "system").then(|| refused(400, "the rehearsal knows robots of level system"))
}

fn fields(body: &Value) -> Value {
    let all = FIELDS.map(|name| (name.to_owned(), body[name].clone()));
    Value::Object(all.into_iter().collect())
}

fn made(data: &mut Data, asked: &Asked<'_>) -> Response {
    if let Some(refusal) = wrong(&asked.body) {
        return refusal;
    }
    let prefix = &data.settings(asked)["robot_name_prefix"]["value"];
    let given = asked.body["name"].as_str().unwrap_or_default();
    let name = format!("{}{given}", prefix.as_str().unwrap_or_default());
    if data.robots.values().any(|robot| robot.name == name) {
        return refused(409, &format!("robot account {given} already exists"));
    }
    let id = data.number();
    let secret = format!("Rr1{}", identifier(&["harbor", &name, &id.to_string()]));
    let robot = Robot {
        name: name.clone(),
        digest: digested(&secret),
        fields: fields(&asked.body),
    };
    data.robots.insert(id, robot);
    web::json(
        201,
        &json!({ "id": id, "name": name, "secret": secret, "expires_at": -1 }),
    )
}

fn changed(robot: &mut Robot, asked: &Asked<'_>) -> Response {
    if let Some(refusal) = wrong(&asked.body) {
        return refusal;
    }
    if asked.body["name"] != robot.name.as_str() || asked.body["level"] != robot.fields["level"] {
        return refused(400, "cannot update the level or name of robot");
    }
    robot.fields = fields(&asked.body);
    web::nothing(200)
}

fn renewed(robot: &mut Robot, asked: &Asked<'_>) -> Response {
    let secret = asked.body["secret"].as_str().unwrap_or_default();
    let has = |kind: fn(&char) -> bool| secret.chars().any(|c| kind(&c));
    let strong = (8..=128).contains(&secret.len())
        && has(char::is_ascii_uppercase)
        && has(char::is_ascii_lowercase)
        && has(char::is_ascii_digit);
    if !strong {
        return refused(
            400,
            "the secret must be 8-128, inclusively, characters long with at least 1 uppercase letter, 1 lowercase letter and 1 number",
        );
    }
    robot.digest = digested(secret);
    web::json(200, &json!({ "secret": secret }))
}
