//! Where an object is on the API: its path, and the words of queries.

use super::MANAGER;
use super::discovery::Resource;

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Its resource.
    pub resource: Resource,
    /// Its namespace; nothing where there is none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The field manager of changes; nothing is ours.
    pub manager: Option<String>,
}

impl Place {
    /// The place of an object.
    pub fn new(resource: &Resource, namespace: &str, name: &str) -> Self {
        let namespace = if resource.namespaced { namespace } else { "" };
        Self {
            resource: resource.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            manager: None,
        }
    }

    /// With another field manager.
    #[must_use]
    pub fn by(mut self, manager: &str) -> Self {
        self.manager = Some(manager.to_owned());
        self
    }

    /// The field manager, ready for a query.
    pub fn manager(&self) -> String {
        query(self.manager.as_deref().unwrap_or(MANAGER))
    }

    /// The path of the object.
    pub fn path(&self) -> String {
        format!("{}/{}", self.list_path(), query(&self.name))
    }

    /// The path of all such objects of the namespace.
    pub fn list_path(&self) -> String {
        self.resource.list_path(&self.namespace)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            resource,
            namespace,
            name,
            ..
        } = self;
        if namespace.is_empty() {
            write!(f, "{} {name}", resource.kind)
        } else {
            write!(f, "{} {namespace}/{name}", resource.kind)
        }
    }
}

/// Text as part of a path or a query.
pub fn query(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
