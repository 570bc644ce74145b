//! The sheet of a version as text: one object a line, so that a review sees what came and went.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::images::found;
use super::skeleton::skeleton;

/// What `versions/*.yaml` says of upstream's objects: the keys `objects` and `images`.
pub fn listing(objects: &[Value]) -> String {
    let images: BTreeSet<String> = objects.iter().flat_map(found).collect();
    let none = if objects.is_empty() { " []" } else { "" };
    let mut text = format!("objects:{none}\n");
    for object in objects {
        let _ = writeln!(text, "  - {}", flow(&skeleton(object)));
    }
    if images.is_empty() {
        text.push_str("images: []\n");
    } else {
        text.push_str("images:\n");
        for image in images {
            let _ = writeln!(text, "  - {}", scalar(&image));
        }
    }
    text
}

/// YAML's flow style; JSON with fewer quotes.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let inner: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", scalar(key), flow(value)))
                .collect();
            if inner.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", inner.join(", "))
            }
        }
        Value::Array(items) => {
            let inner: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", inner.join(", "))
        }
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A text, quoted where a reader could take it for something else.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let starts = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if starts && text.chars().all(plain) && !word.contains(&text.to_lowercase().as_str()) {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Sheet;
    use crate::input::{Rules, Source, parse_one};
    use proptest::prelude::*;
    use serde_json::json;

    proptest! {
        #[test]
        fn what_is_listed_reads_back(name in "\\PC{0,12}", key in "[a-z./-]{1,9}", port in any::<i32>()) {
            let object = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
                "spec": {"selector": {key: name.clone()}, "ports": [{"port": port}], "clusterIP": "None"}});
            let text = format!("version: v1\n{}", listing(std::slice::from_ref(&object)));
            let root = parse_one(&Source::new("v.yaml", text), Rules::Kubernetes).unwrap();
            let sheet = Sheet::read(&root).unwrap();
            prop_assert_eq!(&sheet.objects[0], &skeleton(&object));
            prop_assert!(sheet.agrees(&[object]).is_ok());
        }
    }
}
