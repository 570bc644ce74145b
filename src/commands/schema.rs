//! `schema`: JSON Schemas for editors.

use std::sync::Arc;

use super::cli::SchemaArgs;
use super::shared::Console;
use super::{Content, Ended, load};
use crate::diagnostic::ExitCode;
use crate::input::Json;
use crate::playbook::{Component, Input, InputType};

/// Prints the schema of the inventory, with the inputs of every component.
pub fn schema(args: &SchemaArgs, console: &Arc<Console>) -> Ended {
    let mut errors = Vec::new();
    let components = load::components(
        &Content::new(),
        &Content::root(args.content.as_deref()),
        &mut errors,
    );
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let parts: serde_json::Map<String, Json> = components
        .iter()
        .map(|c| (c.name.clone(), component_schema(c)))
        .collect();
    let each = components.iter().filter(|component| component.per_runtime);
    let instances: serde_json::Map<String, Json> = each
        .map(|c| {
            (
                format!("^{}@runtime_[A-Za-z0-9_]+$", c.name),
                component_schema(c),
            )
        })
        .collect();
    let components = serde_json::json!({ "type": "object", "properties": parts,
        "patternProperties": instances, "additionalProperties": false });
    let schema = crate::inventory::settings::schema(&components);
    console.data(&format!("{schema:#}\n"));
    Ok(ExitCode::Done)
}

fn component_schema(component: &Component) -> Json {
    let properties: serde_json::Map<String, Json> = component
        .inputs
        .iter()
        .map(|(name, input)| (name.clone(), input_schema(input)))
        .collect();
    serde_json::json!({
        "type": "object",
        "title": component.title,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn input_schema(input: &Input) -> Json {
    let mut schema = serde_json::json!({ "description": input.help });
    // A template stands for a value of any type.
    if input.kind == InputType::String {
        schema["type"] = "string".into();
    } else {
        schema["anyOf"] = serde_json::json!([{ "type": input.kind.name() }, { "type": "string", "pattern": "\\{\\{" }]);
    }
    if let Some(default) = &input.default {
        schema["default"] = default.to_json();
    }
    if !input.choices.is_empty() {
        schema["enum"] = input.choices.iter().cloned().collect();
    }
    schema
}
