//! The JSON Schema of an inventory file, for editors.

use schemars::generate::SchemaSettings;
use serde_json::json;

use super::{Artifacts, Release, Tenant, Trust};
use crate::input::Json;

/// The schema of a YAML inventory. `components` is the schema of the mapping below
/// `nautes.components`, which the component files define.
pub fn schema(components: &Json) -> Json {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let tenant = generator.subschema_for::<Tenant>().to_value();
    let release = generator.subschema_for::<Release>().to_value();
    let trust = generator.subschema_for::<Trust>().to_value();
    let artifacts = generator.subschema_for::<Artifacts>().to_value();
    let mut definitions = generator.take_definitions(true);
    let nautes = json!({
        "description": "The tenant's settings.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "tenant": {
                "description": "Name of the tenant, or a mapping with its name and more.",
                "anyOf": [{ "type": "string", "pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" }, tenant],
                "default": super::DEFAULT_TENANT,
            },
            "release": release,
            "domain": {
                "description": "The DNS domain below which the tenant's services have their names.",
                "type": "string",
            },
            "components": components,
            "trust": trust,
            "artifacts": artifacts,
            "images": {
                "description": "Image references by prefix: what they are replaced with.",
                "type": "object",
                "additionalProperties": { "type": "string" },
            },
        },
    });
    let vars = json!({
        "type": ["object", "null"],
        "properties": { "nautes": { "$ref": "#/$defs/Nautes" } },
    });
    let children = json!({
        "type": ["object", "null"],
        "additionalProperties": { "$ref": "#/$defs/Group" },
    });
    let hosts = json!({
        "type": ["object", "null"],
        "additionalProperties": { "$ref": "#/$defs/Vars" },
    });
    let group = json!({
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": { "hosts": hosts, "children": children, "vars": { "$ref": "#/$defs/Vars" } },
    });
    definitions.insert("Nautes".to_owned(), nautes);
    definitions.insert("Vars".to_owned(), vars);
    definitions.insert("Group".to_owned(), group);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Inventory of a Nautes tenant",
        "description": "An Ansible inventory in YAML whose variable `nautes` is typed.",
        "type": "object",
        "additionalProperties": { "$ref": "#/$defs/Group" },
        "$defs": definitions,
    })
}
