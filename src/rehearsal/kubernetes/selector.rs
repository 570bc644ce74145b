//! Label and field selectors.

use serde_json::Value;

use super::refusal::Refusal;

/// One requirement on a text.
#[derive(Clone, Debug, PartialEq)]
enum Need {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
}

/// A selector over labels and fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    labels: Vec<(String, Need)>,
    fields: Vec<(String, Need)>,
}

impl Selector {
    /// From `labelSelector` and `fieldSelector`.
    ///
    /// # Errors
    /// 400: it cannot be parsed.
    pub fn parse(labels: &str, fields: &str) -> Result<Self, Refusal> {
        let mut found = Self::default();
        for part in split(labels) {
            found.labels.push(label(&part)?);
        }
        for part in fields.split(',').filter(|part| !part.is_empty()) {
            found.fields.push(field(part)?);
        }
        Ok(found)
    }

    /// From a `LabelSelector` object; an empty one is everything.
    pub fn of_object(selector: &Value) -> Self {
        let mut labels = Vec::new();
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default().to_owned();
            labels.push((key.clone(), Need::In(vec![value])));
        }
        for one in selector["matchExpressions"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let values = one["values"].as_array().into_iter().flatten();
            let values = values
                .filter_map(Value::as_str)
                .map(ToOwned::to_owned)
                .collect();
            let need = match one["operator"].as_str() {
                Some("In") => Need::In(values),
                Some("NotIn") => Need::NotIn(values),
                Some("Exists") => Need::Exists,
                _ => Need::Absent,
            };
            labels.push((one["key"].as_str().unwrap_or_default().to_owned(), need));
        }
        Self {
            labels,
            fields: Vec::new(),
        }
    }

    /// From plain labels, as a Service selects.
    pub fn of_labels(labels: &Value) -> Self {
        Self::of_object(&serde_json::json!({"matchLabels": labels}))
    }

    /// Whether an object is meant.
    pub fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels
            .iter()
            .all(|(key, need)| holds(labels[key.as_str()].as_str(), need))
            && self.fields.iter().all(|(path, need)| {
                let pointer = format!("/{}", path.replace('.', "/"));
                let value = object.pointer(&pointer).map(|value| match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                });
                holds(Some(value.as_deref().unwrap_or_default()), need)
            })
    }
}

fn holds(value: Option<&str>, need: &Need) -> bool {
    match need {
        Need::In(wanted) => value.is_some_and(|v| wanted.iter().any(|w| w == v)),
        Need::NotIn(unwanted) => !value.is_some_and(|v| unwanted.iter().any(|w| w == v)),
        Need::Exists => value.is_some(),
        Need::Absent => value.is_none(),
    }
}

/// Parts between commas that are not inside parentheses.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn label(part: &str) -> Result<(String, Need), Refusal> {
    let part = part.trim();
    let wrong = || {
        let message =
            format!("unable to parse requirement: found '{part}', expected: identifier or '='");
        Refusal::bad_request(message)
    };
    let one = |value: &str| vec![value.trim().to_owned()];
    let found = if let Some(key) = part.strip_prefix('!') {
        (key, Need::Absent)
    } else if let Some((key, value)) = part.split_once("!=") {
        (key, Need::NotIn(one(value)))
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (key, Need::In(one(value)))
    } else if let Some((head, values)) = part.split_once('(') {
        let values = values.strip_suffix(')').ok_or_else(wrong)?;
        let values = values.split(',').map(|v| v.trim().to_owned()).collect();
        match head.trim().rsplit_once(' ') {
            Some((key, "in")) => (key, Need::In(values)),
            Some((key, "notin")) => (key, Need::NotIn(values)),
            _ => return Err(wrong()),
        }
    } else {
        (part, Need::Exists)
    };
    let key = found.0.trim();
    let fine = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if key.is_empty() || !key.chars().all(fine) {
        return Err(wrong());
    }
    Ok((key.to_owned(), found.1))
}

fn field(part: &str) -> Result<(String, Need), Refusal> {
    let one = |value: &str| vec![value.to_owned()];
    if let Some((key, value)) = part.split_once("!=") {
        return Ok((key.to_owned(), Need::NotIn(one(value))));
    }
    let (key, value) = part
        .split_once("==")
        .or_else(|| part.split_once('='))
        .ok_or_else(|| {
            Refusal::bad_request(format!(
                "invalid selector: '{part}'; can't understand '{part}'"
            ))
        })?;
    Ok((key.to_owned(), Need::In(one(value))))
}
