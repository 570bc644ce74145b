//! How answers are shown: whole objects, their metadata only, or a `Table` for `kubectl get`.

use serde_json::{Value, json};

use super::asked::Asked;
use super::kinds::Kind;
use super::refusal::Refusal;
use super::state::State;
use super::{cells, columns};

/// What the client accepts first of what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Whole objects.
    Plain,
    /// A table.
    Table,
    /// Metadata only.
    Metadata,
}

/// The form a request wants.
///
/// # Errors
/// 406: nothing of what it accepts is there.
pub fn form(asked: &Asked<'_>) -> Result<Form, Refusal> {
    let accept = asked.header("accept");
    if accept.is_empty() {
        return Ok(Form::Plain);
    }
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let has = |name: &str| {
            range
                .split(';')
                .filter_map(|part| part.trim().split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        let json = ["application/json", "*/*", "application/*"].contains(&media);
        match (json, has("as")) {
            (true, None) => return Ok(Form::Plain),
            (true, Some("Table")) if has("v") == Some("v1") => return Ok(Form::Table),
            (true, Some("PartialObjectMetadata" | "PartialObjectMetadataList")) => {
                return Ok(Form::Metadata);
            }
            _ if media == "text/plain" && asked.path.ends_with("/log") => return Ok(Form::Plain),
            _ => {}
        }
    }
    let message = "only the following media types are accepted: application/json, application/json;as=Table;v=v1;g=meta.k8s.io, application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
    Err(Refusal::new(406, "NotAcceptable", message))
}

/// An answer in a form.
pub fn shown(state: &State, kind: &Kind, (form, body): (Form, Value)) -> Value {
    let is_list = body["kind"] == format!("{}List", kind.kind);
    let ours = is_list || body["kind"] == kind.kind.as_str();
    match form {
        _ if !ours => body,
        Form::Plain => body,
        Form::Table => table(state, kind, (&body, is_list)),
        Form::Metadata if is_list => {
            let items: Vec<Value> = items(&body, true).map(metadata).collect();
            json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": body["metadata"], "items": items})
        }
        Form::Metadata => metadata(&body),
    }
}

fn metadata(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

fn items(body: &Value, is_list: bool) -> impl Iterator<Item = &Value> {
    let list = body["items"].as_array().into_iter().flatten();
    let one = (!is_list).then_some(body);
    list.filter(move |_| is_list).chain(one)
}

fn table(state: &State, kind: &Kind, (body, is_list): (&Value, bool)) -> Value {
    let columns = columns::of(kind);
    let definitions: Vec<Value> = columns
        .iter()
        .map(|column| {
            let format = if column.name == "Name" { "name" } else { "" };
            json!({"name": column.name, "type": column.kind, "format": format, "description": column.name, "priority": column.priority})
        })
        .collect();
    let rows: Vec<Value> = items(body, is_list)
        .map(|object| {
            let cells: Vec<Value> = columns
                .iter()
                .map(|column| cells::cell(state, kind, (column, object)))
                .collect();
            json!({"cells": cells, "object": metadata(object)})
        })
        .collect();
    let mut meta = body["metadata"].clone();
    if !is_list {
        meta = json!({"resourceVersion": body["metadata"]["resourceVersion"]});
    }
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": definitions, "rows": rows})
}
