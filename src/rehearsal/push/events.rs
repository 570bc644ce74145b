//! What the pod of an event source does with a delivery, and the sensors behind it: a filter, and an
//! object that is made. Kinds and fields are those of Argo Events 1.7 and 1.9.

use serde_json::{Value, json};

use crate::rehearsal::kubernetes::State;
use crate::rehearsal::network::{Request, Response};

use super::text;
use crate::rehearsal::ingress::text as page;

/// The answer of an event source's pod to a webhook.
pub fn delivered(
    state: &mut State,
    (namespace, pod): (&str, &Value),
    request: &Request,
) -> Response {
    let name = text(&pod["metadata"]["labels"]["eventsource-name"]).to_owned();
    let path = request.url.split('?').next().unwrap_or_default();
    let source = state.object("argoproj.io/eventsources", namespace, &name);
    let events = source.and_then(|one| one["spec"]["gitlab"].as_object());
    let event = events.and_then(|all| {
        all.iter()
            .find(|(_, one)| one["webhook"]["endpoint"] == path)
            .map(|(event, one)| (event.clone(), one.clone()))
    });
    let Some((event, source)) = event else {
        return page(404, "404 page not found\n");
    };
    if let Some(refused) = refused(state, namespace, (&source, request)) {
        return refused;
    }
    let kind = header(request, "x-gitlab-event");
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let mut data =
        json!({"headers": {"X-Gitlab-Event": [kind]}, "body": body, "default": {"ref": ""}});
    if ["Push Hook", "Tag Push Hook"].contains(&kind.as_str()) {
        data["default"]["ref"] = data["body"]["ref"].clone();
    }
    let sensors = state.objects("argoproj.io/sensors");
    let pods = state.objects("/pods");
    for (key, sensor) in sensors.iter().filter(|(key, _)| key.namespace == namespace) {
        let runs = format!("{}-sensor-", key.name);
        let ready = pods.iter().any(|(pod, object)| {
            pod.name.starts_with(&runs) && object["status"]["phase"] == "Running"
        });
        if ready {
            triggered(state, sensor, ((&name, &event), &data));
        }
    }
    page(200, "success\n")
}

/// A wrong secret token, or a method that nobody takes.
fn refused(
    state: &State,
    namespace: &str,
    (source, request): (&Value, &Request),
) -> Option<Response> {
    if request.method != "POST" {
        return Some(page(405, "Method Not Allowed\n"));
    }
    let wanted = &source["secretToken"];
    let secret = state.object("/secrets", namespace, text(&wanted["name"]));
    let token = secret.map(|one| one["data"][text(&wanted["key"])].clone());
    let given = super::base64(header(request, "x-gitlab-token").as_bytes());
    (token != Some(json!(given))).then(|| page(400, "token mismatch\n"))
}

/// Makes what the triggers of a sensor say, if the event is one of its and passes its filter.
fn triggered(state: &mut State, sensor: &Value, ((source, event), data): ((&str, &str), &Value)) {
    for dependency in list(&sensor["spec"]["dependencies"]) {
        let mine = dependency["eventSourceName"] == source && dependency["eventName"] == event;
        if !mine || !passes(text(&dependency["filters"]["script"]), data) {
            continue;
        }
        for trigger in list(&sensor["spec"]["triggers"]) {
            let made = &trigger["template"]["k8s"];
            let mut object = made["source"]["resource"].clone();
            for parameter in list(&made["parameters"]) {
                let from = text(&parameter["src"]["dataKey"]).replace('.', "/");
                let to = text(&parameter["dest"]).replace('.', "/");
                let value = data.pointer(&format!("/{from}")).cloned();
                if let (Some(value), Some(at)) = (value, object.pointer_mut(&format!("/{to}"))) {
                    *at = value;
                }
            }
            let api = text(&object["apiVersion"]).to_owned();
            let namespace = text(&object["metadata"]["namespace"]).to_owned();
            let collection = format!("/apis/{api}/namespaces/{namespace}/pipelineruns");
            state.create(&collection, &object);
        }
    }
}

/// Whether a filter of the form that Nautes writes lets an event through: lines of
/// `if not string.match(FIELD, "PATTERN") then return false end`.
fn passes(script: &str, data: &Value) -> bool {
    let conditions = script.lines().filter_map(|line| {
        let inside = line.strip_prefix("if not string.match(")?;
        let (field, rest) = inside.split_once(", \"")?;
        let pattern = rest.strip_suffix("\") then return false end")?;
        Some((field.strip_prefix("event.")?.replace('.', "/"), pattern))
    });
    conditions.into_iter().all(|(field, pattern)| {
        let value = data
            .pointer(&format!("/{field}"))
            .map_or("", |value| text(value));
        matches(pattern, value)
    })
}

/// Whether a Lua pattern is in a text. Lua escapes with `%` where others use a backslash.
pub fn matches(pattern: &str, value: &str) -> bool {
    let regex = fancy_regex::Regex::new(&pattern.replace('%', "\\"));
    regex.is_ok_and(|regex| regex.is_match(value).unwrap_or_default())
}

fn header(request: &Request, name: &str) -> String {
    let mut all = request.headers.iter();
    let found = all.find(|(key, _)| key == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_lua_pattern_on_a_field() {
        let data = json!({"default": {"ref": "refs/heads/release-1.2"}});
        let script = |pattern: &str| {
            format!(
                "if not string.match(event.default.ref, \"{pattern}\") then return false end\nreturn true"
            )
        };
        for (pattern, lets) in [
            ("release", true),
            ("release%-%d+%.%d+$", true),
            ("^main", false),
            ("heads/main", false),
        ] {
            assert_eq!(passes(&script(pattern), &data), lets, "{pattern}");
        }
        assert!(passes("return true", &data));
    }
}
