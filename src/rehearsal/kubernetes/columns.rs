//! Which columns `kubectl get` shows for a kind.

use serde_json::Value;

use super::kinds::Kind;

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its head.
    pub name: String,
    /// `string`, `integer`, `date`, …
    pub kind: String,
    /// Above 0 it is shown with `-o wide` only.
    pub priority: u64,
    /// The path of its value, of custom kinds.
    pub path: Option<String>,
}

/// Columns beside `Name` and `Age` by kind; one in parentheses is for `-o wide`.
const KNOWN: &[(&str, &[&str])] = &[
    (
        "Pod",
        &["Ready", "Status", "Restarts", "Age", "(IP)", "(Node)"],
    ),
    (
        "Deployment",
        &[
            "Ready",
            "Up-to-date",
            "Available",
            "Age",
            "(Containers)",
            "(Images)",
            "(Selector)",
        ],
    ),
    ("ReplicaSet", &["Desired", "Current", "Ready", "Age"]),
    ("StatefulSet", &["Ready", "Age"]),
    (
        "DaemonSet",
        &[
            "Desired",
            "Current",
            "Ready",
            "Up-to-date",
            "Available",
            "Node Selector",
            "Age",
        ],
    ),
    ("Job", &["Status", "Completions", "Duration", "Age"]),
    (
        "Service",
        &[
            "Type",
            "Cluster-IP",
            "External-IP",
            "Port(s)",
            "Age",
            "(Selector)",
        ],
    ),
    ("Namespace", &["Status", "Age"]),
    (
        "Node",
        &["Status", "Roles", "Age", "Version", "(Internal-IP)"],
    ),
    ("ConfigMap", &["Data", "Age"]),
    ("Secret", &["Type", "Data", "Age"]),
    (
        "PersistentVolumeClaim",
        &[
            "Status",
            "Volume",
            "Capacity",
            "Access Modes",
            "StorageClass",
            "Age",
        ],
    ),
    (
        "PersistentVolume",
        &[
            "Capacity",
            "Access Modes",
            "Reclaim Policy",
            "Status",
            "Claim",
            "StorageClass",
            "Age",
        ],
    ),
    (
        "StorageClass",
        &["Provisioner", "ReclaimPolicy", "VolumeBindingMode", "Age"],
    ),
    (
        "Event",
        &["Last Seen", "Type", "Reason", "Object", "Message"],
    ),
    ("Ingress", &["Class", "Hosts", "Address", "Age"]),
    ("CustomResourceDefinition", &["Created At"]),
    ("ClusterRole", &["Created At"]),
    ("Role", &["Created At"]),
    ("RoleBinding", &["Role", "Age"]),
    ("ClusterRoleBinding", &["Role", "Age"]),
    ("Endpoints", &["Endpoints", "Age"]),
    ("APIService", &["Service", "Available", "Age"]),
];

/// The columns of a kind.
pub fn of(kind: &Kind) -> Vec<Column> {
    let plain = |name: &str| Column {
        name: name.trim_matches(['(', ')']).to_owned(),
        kind: if name == "Created At" {
            "date".to_owned()
        } else {
            "string".to_owned()
        },
        priority: u64::from(name.starts_with('(') && name.ends_with(')')),
        path: None,
    };
    let mut columns = vec![plain("Name")];
    if let Some(custom) = &kind.custom {
        columns.extend(custom.columns.iter().map(|column| {
            let text = |key: &str| column[key].as_str().unwrap_or_default().to_owned();
            Column {
                name: text("name"),
                kind: text("type"),
                priority: column["priority"].as_u64().unwrap_or_default(),
                path: column["jsonPath"].as_str().map(ToOwned::to_owned),
            }
        }));
        if custom.columns.is_empty() {
            columns.push(plain("Age"));
        }
    } else {
        let known = KNOWN
            .iter()
            .find(|(name, _)| *name == kind.kind)
            .map_or(&["Age"][..], |(_, columns)| columns);
        if kind.kind == "Event" {
            columns.clear();
        }
        columns.extend(known.iter().map(|name| match *name {
            "Port(s)" => Column {
                name: "Port(s)".to_owned(),
                ..plain("")
            },
            name => plain(name),
        }));
    }
    columns
}

/// The value at a `jsonPath` as CRDs write them: `.spec.a`, `.status.conditions[?(@.type=="Ready")].status`.
pub fn at_path<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    let mut value = object;
    let mut rest = path.trim_start_matches('.').replace("\\.", "\u{1}");
    while !rest.is_empty() {
        if let Some(filter) = rest.strip_prefix("[?(@.") {
            let (condition, after) = filter.split_once(")]")?;
            let (key, wanted) = condition.split_once("==")?;
            let wanted = wanted.trim().trim_matches(['"', '\'']);
            value = value
                .as_array()?
                .iter()
                .find(|item| item[key.trim()] == wanted)?;
            rest = after.trim_start_matches('.').to_owned();
            continue;
        }
        if let Some(index) = rest.strip_prefix('[') {
            let (index, after) = index.split_once(']')?;
            value = match index.parse::<usize>() {
                Ok(at) => value.get(at)?,
                Err(_) => value.get(index.trim_matches(['"', '\'']))?,
            };
            rest = after.trim_start_matches('.').to_owned();
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        value = value.get(rest[..end].replace('\u{1}', "."))?;
        rest = rest[end..].trim_start_matches('.').to_owned();
    }
    Some(value)
}
