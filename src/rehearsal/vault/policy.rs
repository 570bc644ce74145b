//! Policies, and whether a token may do what it asks.

use serde_json::json;

use super::state::State;
use super::{Asked, absent, data, keys, refused, web};
use crate::rehearsal::network::Response;

/// What lies below `sys/policies/acl`.
pub fn answer(state: &mut State, asked: &Asked<'_>) -> Option<Response> {
    let name = asked
        .path
        .strip_prefix("sys/policies/acl")?
        .trim_start_matches('/');
    Some(match (asked.verb, name) {
        ("LIST" | "GET", "") => {
            let mut names: Vec<String> = state.policies.keys().cloned().collect();
            names.push("root".to_owned());
            keys(names)
        }
        ("GET", name) => match state.policies.get(name) {
            Some(text) => data(&json!({ "name": name, "policy": text })),
            None => absent(),
        },
        ("POST", "root") => refused(400, "cannot update \"root\" policy"),
        ("POST", name) => {
            let text = asked.body["policy"].as_str().unwrap_or_default();
            if text.is_empty() {
                return Some(refused(400, "'policy' parameter not supplied or empty"));
            }
            if rules(text).is_none() {
                return Some(refused(
                    400,
                    "failed to parse policy: it is not a list of paths",
                ));
            }
            state.policies.insert(name.to_owned(), text.to_owned());
            web::nothing(204)
        }
        ("DELETE", name) => {
            state.policies.remove(name);
            web::nothing(204)
        }
        _ => refused(405, "unsupported operation"),
    })
}

/// The paths of a policy with what may be done there; `None` if it is not one.
fn rules(text: &str) -> Option<Vec<(String, Vec<String>)>> {
    let plain: String = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = Vec::new();
    let mut rest = plain.trim();
    while !rest.is_empty() {
        let after = rest.strip_prefix("path")?.trim_start().strip_prefix('"')?;
        let (path, after) = after.split_once('"')?;
        let after = after.trim_start().strip_prefix('{')?;
        let (inside, after) = after.split_once('}')?;
        let list = inside.split_once('[')?.1.split_once(']')?.0;
        let words = list
            .split(',')
            .map(|word| word.trim().trim_matches('"').to_owned());
        found.push((
            path.to_owned(),
            words.filter(|word| !word.is_empty()).collect(),
        ));
        rest = after.trim_start();
    }
    Some(found)
}

/// Whether a rule's path covers one: `*` at its end is any rest, `+` is one segment.
fn covers(rule: &str, path: &str) -> bool {
    let (rule, open) = rule
        .strip_suffix('*')
        .map_or((rule, false), |rule| (rule, true));
    let wanted: Vec<&str> = rule.split('/').collect();
    let there: Vec<&str> = path.split('/').collect();
    let last = wanted.len().saturating_sub(1);
    if there.len() < wanted.len() || (!open && there.len() != wanted.len()) {
        return false;
    }
    wanted
        .iter()
        .zip(&there)
        .enumerate()
        .all(|(at, (w, t))| *w == "+" || w == t || (open && at == last && t.starts_with(w)))
}

/// Whether the token of a request may make it.
pub fn allows(state: &State, asked: &Asked<'_>) -> bool {
    let Some(token) = state.tokens.get(asked.token) else {
        return false;
    };
    if token.until.is_some_and(|until| until <= state.now) {
        return false;
    }
    if token.policies.iter().any(|name| name == "root") {
        return true;
    }
    let word = match asked.verb {
        "GET" | "HEAD" => "read",
        "LIST" => "list",
        "DELETE" => "delete",
        "PATCH" => "patch",
        _ => "update",
    };
    let names = token.policies.iter().map(String::as_str).chain(["default"]);
    let texts = names.filter_map(|name| state.policies.get(name));
    let rules = texts.filter_map(|text| rules(text)).flatten();
    rules
        .filter(|(path, _)| covers(path, asked.path))
        .any(|(_, words)| {
            words
                .iter()
                .any(|w| w == word || (word == "update" && w == "create"))
        })
}
