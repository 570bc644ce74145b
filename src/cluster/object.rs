//! Objects of a manifest, with the place that each came from.

use serde_json::Value;

use super::ClusterError;
use super::discovery::split;

/// What identifies an object across versions of its API.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Group; nothing for core.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace; nothing where there is none.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            kind,
            namespace,
            name,
            ..
        } = self;
        if namespace.is_empty() {
            write!(f, "{kind} {name}")
        } else {
            write!(f, "{kind} {namespace}/{name}")
        }
    }
}

/// An object as somebody wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace as written; nothing if none is.
    pub namespace: String,
    /// Name; nothing for one that the server names (`generateName`).
    pub name: String,
    /// The whole object.
    pub body: Value,
    /// Where it was written: `argocd.yaml:12:1`.
    pub place: String,
}

impl Object {
    /// An object from its body.
    ///
    /// # Errors
    /// It has no `apiVersion`, `kind` or name.
    pub fn new(body: Value, place: &str) -> Result<Self, ClusterError> {
        let wrong = |what: &str, help: &str| ClusterError::Manifest {
            what: format!("{place}: {what}"),
            help: help.to_owned(),
        };
        if !body.is_object() {
            return Err(wrong(
                "an object must be a mapping",
                "write `apiVersion`, `kind` and `metadata`",
            ));
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let object = Self {
            api_version: text(&body["apiVersion"]),
            kind: text(&body["kind"]),
            namespace: text(&body["metadata"]["namespace"]),
            name: text(&body["metadata"]["name"]),
            place: place.to_owned(),
            body,
        };
        for (field, value) in [("apiVersion", &object.api_version), ("kind", &object.kind)] {
            if value.is_empty() {
                return Err(wrong(
                    &format!("the object has no `{field}`"),
                    "every Kubernetes object has `apiVersion` and `kind`",
                ));
            }
        }
        for field in ["name", "namespace"] {
            let value = &object.body["metadata"][field];
            if !value.is_string() && !value.is_null() {
                return Err(wrong(
                    &format!("`metadata.{field}` is `{value}`, not text"),
                    "quote it: YAML takes `n`, `no`, `y` and digits for other things than text",
                ));
            }
        }
        let generated = object.body["metadata"]["generateName"].is_string();
        if object.name.is_empty() && !generated && !object.is_list() {
            return Err(wrong(
                &format!("this `{}` has no `metadata.name`", object.kind),
                "give it a name",
            ));
        }
        Ok(object)
    }

    /// The objects in it, if it is a list of some; else itself.
    pub fn flattened(self) -> Result<Vec<Self>, ClusterError> {
        if !self.is_list() {
            return Ok(vec![self]);
        }
        let mut all = Vec::new();
        let items = self.body["items"].as_array().cloned().unwrap_or_default();
        for item in items {
            all.extend(Self::new(item, &self.place)?.flattened()?);
        }
        Ok(all)
    }

    fn is_list(&self) -> bool {
        self.kind.ends_with("List") && self.body["items"].is_array()
    }

    /// API group; nothing for core.
    pub fn group(&self) -> &str {
        split(&self.api_version).0
    }

    /// What identifies it.
    pub fn key(&self) -> Key {
        Key {
            group: self.group().to_owned(),
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }

    /// Whether it is of this group and kind.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group() == group && self.kind == kind
    }
}

/// The objects of a text of YAML or JSON documents, lists taken apart, empty documents left out.
///
/// # Errors
/// The text is not YAML by Kubernetes' rules, or something in it is no object.
pub fn parse(source: &std::sync::Arc<crate::input::Source>) -> Result<Vec<Object>, ClusterError> {
    let parsed = crate::input::parse(source, crate::input::Rules::Kubernetes);
    let documents = parsed.map_err(|errors| {
        let first = errors.into_iter().next();
        let (what, help) = first.map_or_else(Default::default, |e| {
            (
                format!("{}: {}", e.span, e.what),
                e.help.map(String::from).unwrap_or_default(),
            )
        });
        ClusterError::Manifest { what, help }
    })?;
    let mut objects = Vec::new();
    for document in documents.iter().filter(|d| !d.is_null()) {
        let place = document.span.to_string();
        objects.extend(Object::new(document.to_json(), &place)?.flattened()?);
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Source;

    #[test]
    fn lists_are_taken_apart_and_empty_documents_left_out() {
        let text = "---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: Secret, metadata: {name: b, namespace: ns}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: c}\n";
        let objects = parse(&Source::new("m.yaml", text)).unwrap_or_else(|e| panic!("{e}"));
        let keys: Vec<String> = objects.iter().map(|o| o.key().to_string()).collect();
        assert_eq!(keys, ["ConfigMap a", "Secret ns/b", "Deployment c"]);
        assert_eq!(objects[2].group(), "apps");
        assert!(
            objects[2].place.starts_with("m.yaml:10:"),
            "{}",
            objects[2].place
        );
    }

    #[test]
    fn what_is_no_object_is_named_with_its_place() {
        let says = |text: &str| {
            parse(&Source::new("m.yaml", text))
                .expect_err("taken")
                .to_string()
        };
        assert_eq!(
            says("kind: X\nmetadata: {name: a}"),
            "m.yaml:1:1: the object has no `apiVersion`"
        );
        assert!(says("apiVersion: v1\nkind: Pod").contains("no `metadata.name`"));
        assert!(says("- a").contains("must be a mapping"));
        let no = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: n}";
        assert!(says(no).contains("`metadata.namespace` is `false`"));
    }
}
