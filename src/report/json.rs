//! `--output json`: one event a line, the recap last.

use super::Out;
use crate::event::{Event, Sink};
use crate::input::Json;
use crate::secret::Redactor;

/// Writes every event as one line of JSON.
pub struct JsonLines {
    /// Where to.
    pub out: Out,
    /// What must not be seen.
    pub redactor: Redactor,
}

impl Sink for JsonLines {
    fn emit(&self, event: &Event) {
        if let Ok(value) = serde_json::to_value(event) {
            self.out.line(&masked(value, &self.redactor).to_string());
        }
    }
}

/// The value with every secret masked in its strings and keys. (Masking the finished line would
/// miss secrets that JSON writes with escapes.)
pub fn masked(value: Json, redactor: &Redactor) -> Json {
    match value {
        Json::String(text) => Json::String(redactor.redact(&text)),
        Json::Array(items) => items
            .into_iter()
            .map(|item| masked(item, redactor))
            .collect(),
        Json::Object(map) => map
            .into_iter()
            .map(|(key, value)| (redactor.redact(&key), masked(value, redactor)))
            .collect(),
        other => other,
    }
}
