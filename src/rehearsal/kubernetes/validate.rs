//! What the API refuses of built-in kinds: names, fields that must be there, fields that may not
//! change. Only what installers run into; the rest is accepted.

use serde_json::Value;

use super::kinds::Kind;
use super::refusal::{Cause, Refusal};
use super::selector::Selector;
use super::state::State;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/// Checks a new object.
///
/// # Errors
/// 422 with every reason.
pub fn new_object(state: &State, kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let mut causes = Vec::new();
    if name.is_empty() {
        let message = "Required value: name or generateName is required".to_owned();
        causes.push(("FieldValueRequired", message, "metadata.name".to_owned()));
    } else {
        causes.extend(name_of(kind, name));
    }
    if kind.custom.is_none() {
        causes.extend(required(kind, object));
        causes.extend(selector_fits(kind, object));
        causes.extend(data_keys(kind, object));
    }
    if kind.kind == "CustomResourceDefinition" {
        definition(object, &mut causes);
    }
    if let Some(custom) = &kind.custom
        && state
            .object(super::crd::RESOURCE, "", &custom.crd)
            .is_some_and(|crd| crd["metadata"]["deletionTimestamp"].is_string())
    {
        return Err(Refusal::new(
            405,
            "MethodNotAllowed",
            "create not allowed while custom resource definition is terminating",
        ));
    }
    finish(kind, name, causes)
}

/// 422, if anything is wrong.
pub(super) fn finish(kind: &Kind, name: &str, causes: Vec<Cause>) -> Result<(), Refusal> {
    if causes.is_empty() {
        return Ok(());
    }
    Err(Refusal::invalid(&kind.about_kind(name), causes))
}

fn name_of(kind: &Kind, name: &str) -> Option<Cause> {
    let fine = |part: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !part.is_empty()
            && part.chars().all(inner)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let free = ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"];
    let invalid = |why: &str| {
        Some((
            "FieldValueInvalid",
            format!("Invalid value: \"{name}\": {why}"),
            "metadata.name".to_owned(),
        ))
    };
    match kind.kind.as_str() {
        kind if free.contains(&kind) => None,
        "Namespace" if !fine(name) => invalid(LABEL),
        "Namespace" if name.len() > 63 => invalid("must be no more than 63 characters"),
        _ if !name.split('.').all(fine) => invalid(SUBDOMAIN),
        _ if name.len() > 253 => invalid("must be no more than 253 characters"),
        _ => None,
    }
}

/// Fields that must be there, by kind.
#[expect(
    clippy::too_many_lines,
    reason = "a table of kinds and the fields they need"
)]
pub(super) fn required(kind: &Kind, object: &Value) -> Vec<Cause> {
    let fields: &[&str] = match kind.kind.as_str() {
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => {
            &["spec.selector", "spec.template.spec.containers"]
        }
        "Job" => &["spec.template.spec.containers"],
        "Pod" => &["spec.containers"],
        "CronJob" => &["spec.schedule"],
        "RoleBinding" | "ClusterRoleBinding" => &["roleRef.name"],
        "StorageClass" => &["provisioner"],
        "PersistentVolumeClaim" => &["spec.accessModes", "spec.resources[storage]"],
        _ => &[],
    };
    let mut causes = Vec::new();
    for field in fields {
        let path = if *field == "spec.resources[storage]" {
            "spec.resources.requests.storage"
        } else {
            field
        };
        let pointer = format!("/{}", path.replace('.', "/"));
        let found = object.pointer(&pointer);
        if found.is_none_or(|value| value.is_null() || value.as_array().is_some_and(Vec::is_empty))
        {
            let message = match *field {
                "spec.accessModes" => "Required value: at least 1 access mode is required",
                _ => "Required value",
            };
            causes.push((
                "FieldValueRequired",
                message.to_owned(),
                (*field).to_owned(),
            ));
        }
    }
    let (containers, at) = match kind.kind.as_str() {
        "Pod" => (&object["spec"]["containers"], "spec"),
        _ => (
            &object["spec"]["template"]["spec"]["containers"],
            "spec.template.spec",
        ),
    };
    for (index, container) in containers.as_array().into_iter().flatten().enumerate() {
        for key in ["name", "image"] {
            if container[key].as_str().is_none_or(str::is_empty)
                && fields.iter().any(|f| f.ends_with("containers"))
            {
                let field = format!("{at}.containers[{index}].{key}");
                causes.push(("FieldValueRequired", "Required value".to_owned(), field));
            }
        }
    }
    if kind.kind == "Job" {
        let policy = object["spec"]["template"]["spec"]["restartPolicy"]
            .as_str()
            .unwrap_or_default();
        if policy == "Always" {
            let message = "Required value: valid values: \"OnFailure\", \"Never\"".to_owned();
            causes.push((
                "FieldValueRequired",
                message,
                "spec.template.spec.restartPolicy".to_owned(),
            ));
        }
    }
    causes
}

/// Keys of `ConfigMaps` and Secrets become file names.
fn data_keys(kind: &Kind, object: &Value) -> Vec<Cause> {
    if !["ConfigMap", "Secret"].contains(&kind.kind.as_str()) {
        return Vec::new();
    }
    let fine = |key: &str| {
        !key.is_empty()
            && key
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let keys = object["data"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key);
    keys.filter(|key| !fine(key))
        .map(|key| {
            let why = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
            ("FieldValueInvalid", format!("Invalid value: \"{key}\": {why}"), format!("data[{key}]"))
        })
        .collect()
}

/// A workload's selector must select its own pods.
pub(super) fn selector_fits(kind: &Kind, object: &Value) -> Option<Cause> {
    if !["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"].contains(&kind.kind.as_str()) {
        return None;
    }
    let template = &object["spec"]["template"];
    let selector = &object["spec"]["selector"];
    if selector.is_null() || Selector::of_object(selector).matches(template) {
        return None;
    }
    let labels = template["metadata"]
        .get("labels")
        .map_or_else(|| "{}".to_owned(), Value::to_string);
    Some((
        "FieldValueInvalid",
        format!("Invalid value: {labels}: `selector` does not match template `labels`"),
        "spec.template.metadata.labels".to_owned(),
    ))
}

/// A CRD's own rules.
pub(super) fn definition(object: &Value, causes: &mut Vec<Cause>) {
    let spec = &object["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let wanted = format!(
        "{}.{}",
        text(&spec["names"]["plural"]),
        text(&spec["group"])
    );
    let name = text(&object["metadata"]["name"]);
    if name != wanted {
        let message =
            format!("Invalid value: \"{name}\": must be spec.names.plural+\".\"+spec.group");
        causes.push(("FieldValueInvalid", message, "metadata.name".to_owned()));
    }
    let versions = spec["versions"].as_array().map_or(&[][..], Vec::as_slice);
    let stored = versions.iter().filter(|v| v["storage"] == true).count();
    if stored != 1 {
        let message = "Invalid value: must have exactly one version marked as storage version";
        causes.push((
            "FieldValueInvalid",
            message.replace("value: ", &format!("value: {}: ", shown(versions))),
            "spec.versions".to_owned(),
        ));
    }
    for (at, version) in versions.iter().enumerate() {
        if version["schema"]["openAPIV3Schema"].is_null() {
            causes.push((
                "FieldValueRequired",
                "Required value: schemas are required".to_owned(),
                format!("spec.versions[{at}].schema.openAPIV3Schema"),
            ));
        }
    }
    let listed: Vec<&str> = versions.iter().filter_map(|v| v["name"].as_str()).collect();
    for (at, old) in object["status"]["storedVersions"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        if old.as_str().is_some_and(|old| !listed.contains(&old)) {
            let message = format!(
                "Invalid value: {old}: missing from spec.versions; {} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {} and removes {} from status.storedVersions",
                text(old),
                text(old),
                text(old)
            );
            causes.push((
                "FieldValueInvalid",
                message,
                format!("status.storedVersions[{at}]"),
            ));
        }
    }
}

fn shown(versions: &[Value]) -> String {
    Value::Array(versions.to_vec()).to_string()
}
