//! A gate's result for CI: `JUnit`'s XML, one test case for each check.

use std::fmt::Write as _;

use serde_json::Value;

/// The text of the file; `gate` is `{name, checks: [{name, passed, seen, why}]}`.
pub fn junit(gate: &Value, tenant: &str) -> String {
    let checks: Vec<&Value> = gate["checks"].as_array().into_iter().flatten().collect();
    let failures = checks.iter().filter(|one| one["passed"] != true).count();
    let name = escaped(word(&gate["name"]));
    let counts = format!("tests=\"{}\" failures=\"{failures}\"", checks.len());
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{name}\" {counts}>\n  <testsuite name=\"{name}\" {counts}>\n"
    );
    for check in checks {
        let head = format!(
            "    <testcase name=\"{}\" classname=\"{name}.{}\">\n",
            escaped(word(&check["name"])),
            escaped(tenant)
        );
        text.push_str(&head);
        if check["passed"] != true {
            let _ = writeln!(
                text,
                "      <failure message=\"{}\"/>",
                escaped(word(&check["why"]))
            );
        }
        let seen = escaped(word(&check["seen"]));
        let _ = writeln!(
            text,
            "      <system-out>{seen}</system-out>\n    </testcase>"
        );
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Text for XML: its own signs named, characters left out that XML 1.0 cannot hold.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_check_is_a_test_case() {
        let gate = json!({"name": "hand-off", "checks": [
            {"name": "a", "passed": true, "seen": "1 < 2"},
            {"name": "b", "passed": false, "seen": "none", "why": "\"x\" & y\u{7}"}]});
        let text = junit(&gate, "demo");
        assert!(
            text.contains("<testsuite name=\"hand-off\" tests=\"2\" failures=\"1\">"),
            "{text}"
        );
        assert!(text.contains("<testcase name=\"a\" classname=\"hand-off.demo\">\n      <system-out>1 &lt; 2</system-out>"), "{text}");
        assert!(
            text.contains("<failure message=\"&quot;x&quot; &amp; y\"/>"),
            "{text}"
        );
        assert_eq!(text.matches("</testcase>").count(), 2);
    }
}
