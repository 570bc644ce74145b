//! A module's arguments in their types, as the signature promises them.

use serde_json::Map;

use super::Failure;
use crate::input::Json;
use crate::playbook::signatures::Signature;

/// Arguments after [`Signature::coerce`]: own names, own types, defaults filled in.
#[derive(Clone, Default)]
pub struct Given(Map<String, Json>);

impl Given {
    /// Converts rendered arguments; every problem is named in one failure.
    pub fn new(signature: &Signature, args: &Map<String, Json>) -> Result<Self, Failure> {
        signature.coerce(args).map(Self).map_err(|problems| {
            let what: Vec<&str> = problems.iter().map(|p| p.what.as_str()).collect();
            let failure = Failure::msg(what.join("; "));
            match problems.into_iter().find_map(|p| p.help) {
                Some(help) => failure.help(help),
                None => failure,
            }
        })
    }

    /// The value, if given or defaulted.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    /// Text, if given and not empty-by-default.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Text or the empty text.
    pub fn string(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    /// Text, if given and not empty.
    pub fn some(&self, name: &str) -> Option<String> {
        self.text(name)
            .filter(|t| !t.is_empty())
            .map(ToOwned::to_owned)
    }

    /// A boolean that is false unless given.
    pub fn flag(&self, name: &str) -> bool {
        self.choice(name) == Some(true)
    }

    /// A boolean, if given.
    pub fn choice(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// A whole number, if given.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// A whole number that is not negative, or 0.
    pub fn count(&self, name: &str) -> u64 {
        self.int(name)
            .and_then(|n| u64::try_from(n).ok())
            .unwrap_or(0)
    }

    /// Whether it was given or has a default.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The items of a list as text; numbers and booleans become text.
    pub fn list(&self, name: &str) -> Vec<String> {
        match self.0.get(name) {
            Some(Json::Array(items)) => items.iter().map(plain).collect(),
            Some(other) => vec![plain(other)],
            None => Vec::new(),
        }
    }

    /// A path on the host: absolute, without a trailing slash (but `/` itself).
    pub fn path(&self, name: &str) -> Result<Option<String>, Failure> {
        self.text(name)
            .filter(|p| !p.is_empty())
            .map(|p| absolute(name, p))
            .transpose()
    }

    /// A path on the host that must be given.
    pub fn the_path(&self, name: &str) -> Result<String, Failure> {
        self.path(name)?
            .ok_or_else(|| Failure::msg(format!("missing required arguments: {name}")))
    }
}

/// A path without a trailing slash, if it is absolute.
pub fn absolute(argument: &str, path: &str) -> Result<String, Failure> {
    if !path.starts_with('/') {
        return Err(
            Failure::msg(format!("`{argument}` must be an absolute path: `{path}`"))
                .help("write the whole path; `~` and relative paths depend on who logs in"),
        );
    }
    let trimmed = path.trim_end_matches('/');
    Ok(if trimmed.is_empty() { "/" } else { trimmed }.to_owned())
}

/// A scalar as text, a collection as JSON.
pub fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// The folder that a path is in.
pub fn parent(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}

/// The last part of a path.
pub fn base_name(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

/// A path below a folder.
pub fn join(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}
