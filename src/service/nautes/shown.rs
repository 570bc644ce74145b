//! What the API shows, for people: as the columns of a table, or as a manifest again.

use serde_json::{Map, Value, json};

use super::form::{Field, Form, Shape};
use super::{Id, Kind};

/// The fields of an object that fit into a table: names and values.
pub fn columns(id: &Id, form: Form, item: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    cells(id.kind.fields(), form, item, &mut all);
    all
}

fn cells(fields: &[Field], form: Form, item: &Value, all: &mut Vec<(String, String)>) {
    for field in of(fields, form) {
        let value = &item[field.json];
        match field.shape {
            Shape::Object(inner) if field.json != "components_list" => {
                cells(inner, form, value, all);
            }
            Shape::Object(_) | Shape::Map(_) | Shape::Nothing => {}
            Shape::List(Shape::Text) => {
                let texts = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str);
                let texts: Vec<&str> = texts.collect();
                all.push((field.names[0].to_owned(), texts.join(",")));
            }
            Shape::List(_) => {}
            _ if field.json == "kubeconfig" => {}
            _ => {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Null => String::new(),
                    other => other.to_string(),
                };
                all.push((field.names[0].to_owned(), text));
            }
        }
    }
}

/// The fields that a form has.
fn of(fields: &[Field], form: Form) -> impl Iterator<Item = &Field> {
    let mine = move |field: &&Field| field.only.is_none_or(|(only, _)| only == form);
    let known = fields.iter().filter(mine);
    known.filter(|field| !matches!(field.shape, Shape::Nothing))
}

/// An object as a manifest that can be applied.
pub fn written(id: &Id, form: Form, item: &Value) -> Value {
    let mut spec = Map::new();
    spec.insert("name".to_owned(), id.name.clone().into());
    if let Some(key) = id.kind.product_key() {
        spec.insert(key.to_owned(), id.product.clone().into());
    }
    if let Value::Object(rest) = object(id.kind.fields(), form, item) {
        spec.extend(rest);
    }
    // A product's group has its name, which the API does not show again.
    if id.kind == Kind::Product
        && let Some(gitlab) = spec.get_mut("git").and_then(|git| git.get_mut("gitlab"))
        && gitlab.get("name").is_none()
    {
        gitlab["name"] = id.name.clone().into();
    }
    json!({ "apiVersion": super::manifest::API_VERSION, "kind": id.kind.name(), "spec": spec })
}

fn object(fields: &[Field], form: Form, item: &Value) -> Value {
    let mut map = Map::new();
    for field in of(fields, form) {
        let value = value(&field.shape, form, &item[field.json]);
        let is_empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        if !is_empty {
            map.insert(field.names[0].to_owned(), value);
        }
    }
    Value::Object(map)
}

fn value(shape: &Shape, form: Form, item: &Value) -> Value {
    match (shape, item) {
        (Shape::Object(fields), Value::Object(_)) => object(fields, form, item),
        (Shape::List(shape), Value::Array(items)) => {
            items.iter().map(|item| value(shape, form, item)).collect()
        }
        (Shape::Map(shape), Value::Object(map)) => {
            let each = map.iter();
            each.map(|(key, item)| (key.clone(), value(shape, form, item)))
                .collect::<Map<_, _>>()
                .into()
        }
        _ => item.clone(),
    }
}
