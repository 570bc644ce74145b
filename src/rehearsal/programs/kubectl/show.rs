//! What `kubectl get` prints.

use serde_json::{Value, json};

use super::{Line, ask, kind_of, path_of, refused};
use crate::rehearsal::kubernetes::{Answer, Cluster};
use crate::rehearsal::network::Request;
use crate::rehearsal::process::{Ended, Process};

/// Runs `get`.
pub fn get(process: &mut Process<'_>, cluster: &Cluster, line: &Line) -> Ended {
    let Some(kind) = kind_of(cluster, &line.words[0]) else {
        process.complain(format!(
            "error: the server doesn't have a resource type \"{}\"",
            line.words[0]
        ));
        return Ok(1);
    };
    let mut path = path_of(line, &kind, line.words.get(1).map(String::as_str));
    if !line.selector.is_empty() {
        path = format!("{path}?labelSelector={}", line.selector.replace('=', "%3D"));
    }
    let answer = ask(cluster, ("GET", &path), Value::Null);
    if answer.status == 404 && line.missing_is_fine {
        return Ok(0);
    }
    if answer.status >= 400 {
        return refused(process, &answer);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let mut items = body["items"].as_array().cloned().unwrap_or_default();
    for item in &mut items {
        item["apiVersion"] = body["apiVersion"].clone();
        item["kind"] = kind.1["kind"].clone();
    }
    let one = line.words.len() == 2;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match line.output.as_str() {
        "json" if one => process.say(format!("{body:#}")),
        "json" => {
            let list = json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}});
            process.say(format!("{list:#}"));
        }
        "name" => {
            let group = kind
                .0
                .trim_start_matches("/apis/")
                .split('/')
                .next()
                .filter(|_| kind.0 != "/api/v1");
            let dot = group.map(|group| format!(".{group}")).unwrap_or_default();
            let singular = text(&kind.1["singularName"]);
            let all = if one { vec![body] } else { items };
            for item in &all {
                process.say(format!(
                    "{singular}{dot}/{}",
                    text(&item["metadata"]["name"])
                ));
            }
        }
        _ => table(process, cluster, &path),
    }
    Ok(0)
}

/// What `kubectl get` prints without `-o`.
fn table(process: &mut Process<'_>, cluster: &Cluster, path: &str) {
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io".to_owned();
    let request = Request {
        method: "GET".to_owned(),
        url: path.to_owned(),
        headers: vec![("accept".to_owned(), accept)],
        ..Request::default()
    };
    let Answer::Plain(answer) = cluster.ask(&request) else {
        return;
    };
    let table: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let columns = table["columnDefinitions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let shown: Vec<usize> = (0..columns.len())
        .filter(|at| columns[*at]["priority"] == 0)
        .collect();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut rows: Vec<Vec<String>> = vec![
        shown
            .iter()
            .map(|at| text(&columns[*at]["name"]).to_uppercase())
            .collect(),
    ];
    for row in table["rows"].as_array().into_iter().flatten() {
        rows.push(shown.iter().map(|at| text(&row["cells"][*at])).collect());
    }
    if rows.len() == 1 {
        process.complain("No resources found");
        return;
    }
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(at, cell)| {
                let width = rows
                    .iter()
                    .map(|row| row[at].len())
                    .max()
                    .unwrap_or_default()
                    + 3;
                format!("{cell:width$}")
            })
            .collect();
        process.say(cells.concat().trim_end());
    }
}
