//! The objects that a task's arguments mean: `definition`, `src`, `template`, or a name alone.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::cluster::wait::Until;
use crate::cluster::{Object, parse};
use crate::input::Source;
use crate::modules::{Context, Failure, Given, TemplateOptions};

/// The objects of the arguments, in order.
pub fn objects(given: &Given, context: &Context<'_>) -> Result<Vec<Object>, Failure> {
    let mut found = Vec::new();
    if let Some(definition) = given.get("resource_definition").filter(|d| !d.is_null()) {
        found.extend(defined(definition)?);
    } else if let Some(src) = given.some("src") {
        found.extend(file(&src, context)?);
    } else if let Some(template) = given.get("template").filter(|t| !t.is_null()) {
        found.extend(templates(template, context)?);
    } else {
        let mut body = json!({"apiVersion": given.string("api_version"), "kind": given.string("kind"),
            "metadata": {"name": given.string("name")}});
        if let Some(namespace) = given.some("namespace") {
            body["metadata"]["namespace"] = namespace.into();
        }
        for needed in ["kind", "name"] {
            if given.some(needed).is_none() {
                return Err(Failure::msg(format!(
                    "`{needed}` is needed where there is no `definition`, `src` or `template`"
                )));
            }
        }
        found.push(Object::new(body, "the arguments")?);
    }
    Ok(found
        .into_iter()
        .map(|object| completed(object, given))
        .collect())
}

/// Name and namespace of the arguments where the definition has none.
fn completed(mut object: Object, given: &Given) -> Object {
    if object.namespace.is_empty()
        && let Some(namespace) = given.some("namespace")
    {
        object.body["metadata"]["namespace"] = namespace.clone().into();
        object.namespace = namespace;
    }
    object
}

fn defined(definition: &Value) -> Result<Vec<Object>, Failure> {
    match definition {
        Value::String(text) => Ok(parse(&Source::new("definition", text.clone()))?),
        Value::Array(items) => {
            let mut all = Vec::new();
            for (nth, item) in items.iter().enumerate() {
                if let Value::String(text) = item {
                    let name = format!("definition[{nth}]");
                    all.extend(parse(&Source::new(name, text.clone()))?);
                } else if !item.is_null() {
                    let place = format!("definition[{nth}]");
                    all.extend(Object::new(item.clone(), &place)?.flattened()?);
                }
            }
            Ok(all)
        }
        other => Ok(Object::new(other.clone(), "definition")?.flattened()?),
    }
}

fn file(src: &str, context: &Context<'_>) -> Result<Vec<Object>, Failure> {
    if src.contains("://") {
        return Err(Failure::msg(format!(
            "`src: {src}` is an address, and those are not downloaded"
        ))
        .help("download it with `get_url` and its checksum first, or commit it"));
    }
    let path = context.find("files", src)?;
    let text = text(context.read(&path)?, src)?;
    Ok(parse(&Source::new(path.display().to_string(), text))?)
}

fn text(bytes: Vec<u8>, name: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| Failure::msg(format!("`{name}` is not UTF-8 text")))
}

fn templates(template: &Value, context: &Context<'_>) -> Result<Vec<Object>, Failure> {
    let list = match template {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    };
    let mut all = Vec::new();
    for item in list {
        let path = match &item {
            Value::String(path) => path.clone(),
            other => other["path"].as_str().unwrap_or_default().to_owned(),
        };
        if path.is_empty() {
            return Err(Failure::msg(
                "`template` must be a path, or a mapping with a `path`",
            ));
        }
        let found = context.find("templates", &path)?;
        let source = Source::new(
            found.display().to_string(),
            text(context.read(&found)?, &path)?,
        );
        let rendered = context.rendering.template(&source, &options(&item)?)?;
        let name = found.display().to_string();
        all.extend(parse(&Source::new(name, rendered))?);
    }
    Ok(all)
}

/// The template's own syntax, where it is a mapping.
fn options(item: &Value) -> Result<TemplateOptions, Failure> {
    let mut options = TemplateOptions::default();
    for (key, value) in item.as_object().into_iter().flatten() {
        let text = || value.as_str().unwrap_or_default().to_owned();
        match key.as_str() {
            "path" | "newline_sequence" => {}
            "block_start_string" => options.block.0 = text(),
            "block_end_string" => options.block.1 = text(),
            "variable_start_string" => options.variable.0 = text(),
            "variable_end_string" => options.variable.1 = text(),
            "trim_blocks" => options.trim_blocks = *value == true,
            "lstrip_blocks" => options.lstrip_blocks = *value == true,
            other => {
                return Err(Failure::msg(format!("`template` has no option `{other}`")));
            }
        }
    }
    Ok(options)
}

/// What a task waits for, and how long.
#[derive(Clone)]
pub struct Wait {
    /// What.
    pub until: Until,
    /// How long.
    pub limit: Duration,
}

impl Wait {
    /// From `wait`, `wait_timeout`, `wait_condition`; `None` without `wait`.
    pub fn new(given: &Given) -> Result<Option<Self>, Failure> {
        if !given.flag("wait") {
            return Ok(None);
        }
        let until = match given.get("wait_condition").and_then(Value::as_object) {
            Some(wanted) => condition(wanted)?,
            None => Until::Ready,
        };
        let limit = Duration::from_secs(given.count("wait_timeout"));
        Ok(Some(Self { until, limit }))
    }
}

fn condition(wanted: &Map<String, Value>) -> Result<Until, Failure> {
    if let Some(strange) = wanted
        .keys()
        .find(|k| !["type", "status", "reason"].contains(&k.as_str()))
    {
        return Err(Failure::msg(format!("`wait_condition` has no `{strange}`"))
            .help("it takes `type`, `status` and `reason`"));
    }
    let text = |key: &str| match wanted.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Bool(true)) => Some("True".to_owned()),
        Some(Value::Bool(false)) => Some("False".to_owned()),
        _ => None,
    };
    Ok(Until::Condition {
        kind: text("type").ok_or_else(|| Failure::msg("`wait_condition` needs `type`"))?,
        status: text("status").unwrap_or_else(|| "True".to_owned()),
        reason: text("reason"),
    })
}
