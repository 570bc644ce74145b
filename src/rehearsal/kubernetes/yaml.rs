//! Bodies in YAML, as `kubectl apply --server-side` may send them.

use serde_json::Value;

use crate::input::{Rules, Source, parse_one};

/// One document by Kubernetes' rules.
///
/// # Errors
/// It is no YAML, in one line.
pub fn value(text: &str) -> Result<Value, String> {
    let source = Source::new("(request)", text);
    match parse_one(&source, Rules::Kubernetes) {
        Ok(node) => Ok(node.to_json()),
        Err(errors) => Err(errors
            .first()
            .map_or_else(String::new, |error| error.what.clone())),
    }
}
