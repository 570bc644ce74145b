//! What the API says when it does not do something: a `Status` with code, reason and message.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::managed::Entry;

/// A refused request.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// The machine-readable reason.
    pub reason: &'static str,
    /// The sentence.
    pub message: String,
    /// `details`, or null.
    pub details: Value,
}

/// What a refusal is about: group, plural, name.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// API group; nothing for core.
    pub group: String,
    /// The resource, or a kind where the API names kinds.
    pub resource: String,
    /// The object.
    pub name: String,
}

impl About {
    /// `deployments.apps`.
    fn full(&self) -> String {
        match self.group.as_str() {
            "" => self.resource.clone(),
            group => format!("{}.{group}", self.resource),
        }
    }

    fn details(&self) -> Value {
        let mut details = json!({});
        if !self.name.is_empty() {
            details["name"] = self.name.clone().into();
        }
        if !self.group.is_empty() {
            details["group"] = self.group.clone().into();
        }
        details["kind"] = self.resource.clone().into();
        details
    }
}

/// Why one field is wrong: reason, message, path.
pub type Cause = (&'static str, String, String);

impl Refusal {
    /// Any refusal without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: Value::Null,
        }
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 500.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "InternalError", message)
    }

    /// 501 with the sentence that says the rehearsal does not do it.
    pub fn not_simulated(what: &str) -> Self {
        let message =
            format!("the rehearsal does not simulate {what}; docs/rehearsal.md lists what it does");
        Self::new(501, "NotImplemented", message)
    }

    /// 404 of a path that is nothing.
    pub fn no_resource() -> Self {
        Self {
            details: json!({}),
            ..Self::new(
                404,
                "NotFound",
                "the server could not find the requested resource",
            )
        }
    }

    /// 405.
    pub fn method() -> Self {
        Self {
            details: json!({}),
            ..Self::new(
                405,
                "MethodNotAllowed",
                "the server does not allow this method on the requested resource",
            )
        }
    }

    /// 404 of an object.
    pub fn not_found(about: &About) -> Self {
        Self {
            details: about.details(),
            ..Self::new(
                404,
                "NotFound",
                format!("{} \"{}\" not found", about.full(), about.name),
            )
        }
    }

    /// 409 of a create.
    pub fn already_exists(about: &About) -> Self {
        Self {
            details: about.details(),
            ..Self::new(
                409,
                "AlreadyExists",
                format!("{} \"{}\" already exists", about.full(), about.name),
            )
        }
    }

    /// 409 of an update that is not based on the newest state.
    pub fn conflict(about: &About, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{}\": {why}",
            about.full(),
            about.name
        );
        Self {
            details: about.details(),
            ..Self::new(409, "Conflict", message)
        }
    }

    /// 409 of an update whose `resourceVersion` is old.
    pub fn modified(about: &About) -> Self {
        Self::conflict(
            about,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// 403 of a write into something that ends.
    pub fn forbidden(about: &About, why: &str) -> Self {
        let message = format!("{} \"{}\" is forbidden: {why}", about.full(), about.name);
        Self {
            details: about.details(),
            ..Self::new(403, "Forbidden", message)
        }
    }

    /// 422; `about` names the kind here.
    pub fn invalid(about: &About, causes: Vec<Cause>) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for (_, message, field) in &causes {
            let line = format!("{field}: {message}");
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let text = match lines.as_slice() {
            [one] => one.clone(),
            all => format!("[{}]", all.join(", ")),
        };
        let full = match about.group.as_str() {
            "" => about.resource.clone(),
            group => format!("{}.{group}", about.resource),
        };
        let mut details = about.details();
        details["causes"] = causes
            .into_iter()
            .map(|(reason, message, field)| json!({"reason": reason, "message": message, "field": field}))
            .collect();
        Self {
            details,
            ..Self::new(
                422,
                "Invalid",
                format!("{full} \"{}\" is invalid: {text}", about.name),
            )
        }
    }

    /// 410: what a watch or a list begins at is gone.
    pub fn expired(asked: u64, oldest: u64) -> Self {
        Self::new(
            410,
            "Expired",
            format!("too old resource version: {asked} ({oldest})"),
        )
    }

    /// 409 of an apply: others own what would change.
    pub fn apply_conflict(conflicts: &[(Entry, Vec<String>)]) -> Self {
        let who = |entry: &Entry| {
            let part = match entry.subresource.as_str() {
                "" => String::new(),
                name => format!(" with subresource \"{name}\""),
            };
            // How an applier named the field says nothing; an updater's version does.
            let using = if entry.applies {
                String::new()
            } else {
                format!(" using {}", entry.version)
            };
            format!("\"{}\"{part}{using}", entry.manager)
        };
        let mut by: BTreeMap<String, Vec<&String>> = BTreeMap::new();
        for (entry, paths) in conflicts {
            by.entry(who(entry)).or_default().extend(paths);
        }
        let count: usize = by.values().map(Vec::len).sum();
        let message = if count == 1 {
            let one = by
                .iter()
                .map(|(who, paths)| format!("conflict with {who}: {}", paths[0]));
            format!("Apply failed with 1 conflict: {}", one.collect::<String>())
        } else {
            let mut lines = Vec::new();
            for (who, paths) in &by {
                lines.push(format!("conflicts with {who}:"));
                lines.extend(paths.iter().map(|path| format!("- {path}")));
            }
            format!("Apply failed with {count} conflicts: {}", lines.join("\n"))
        };
        let causes: Vec<Value> = conflicts
            .iter()
            .flat_map(|(entry, paths)| {
                let message = format!("conflict with {}", who(entry));
                paths.iter().map(move |path| {
                    json!({"reason": "FieldManagerConflict", "message": message.clone(), "field": path})
                })
            })
            .collect();
        Self {
            details: json!({"causes": causes}),
            ..Self::new(409, "Conflict", message)
        }
    }

    /// As a `Status`.
    pub fn status(&self) -> Value {
        let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason});
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status["code"] = self.code.into();
        status
    }
}
