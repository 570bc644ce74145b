//! Values to YAML for people: block style, quotes only where a reader would mistake the text.
//!
//! What is written here reads back equal by Ansible's rules, and strings stay strings for YAML 1.1
//! and 1.2 readers alike. Two exceptions, both of numbers that YAML 1.1 has no 64-bit name for:
//! integers above the signed 64 bits are written as digits and read back as text.

use std::fmt::Write as _;

use super::{Json, Kind, Rules, resolve};

/// Columns per level.
const STEP: usize = 2;

/// A key longer than this needs `? `: YAML gives up looking for its `:` after 1024 characters.
const LONGEST_KEY: usize = 1000;

/// The value as YAML text, ending in a line break.
pub fn emit(value: &Json) -> String {
    let mut out = String::new();
    match value {
        Json::Object(_) | Json::Array(_) if !is_empty(value) => block(&mut out, value, 0),
        _ => {
            inline(&mut out, value, 0);
            out.push('\n');
        }
    }
    out
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Object(entries) => entries.is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => true,
    }
}

/// A filled collection; the cursor stands at `indent` on its line.
fn block(out: &mut String, value: &Json, indent: usize) {
    match value {
        Json::Object(entries) => {
            for (nth, (key, value)) in entries.iter().enumerate() {
                pad(out, indent, nth);
                let key = quoted_or_plain(key);
                if key.len() > LONGEST_KEY {
                    let _ = write!(out, "? {key}\n{:indent$}:", "");
                } else {
                    let _ = write!(out, "{key}:");
                }
                after_key(out, value, indent);
            }
        }
        Json::Array(items) => {
            for (nth, item) in items.iter().enumerate() {
                pad(out, indent, nth);
                out.push('-');
                if is_empty(item) {
                    out.push(' ');
                    inline(out, item, indent);
                    out.push('\n');
                } else {
                    out.push(' ');
                    block(out, item, indent + STEP);
                }
            }
        }
        _ => {}
    }
}

fn pad(out: &mut String, indent: usize, nth: usize) {
    // The first entry stands behind the `- ` of the list it is in.
    if nth > 0 || out.ends_with('\n') {
        let _ = write!(out, "{:indent$}", "");
    }
}

fn after_key(out: &mut String, value: &Json, indent: usize) {
    if is_empty(value) {
        out.push(' ');
        inline(out, value, indent);
        out.push('\n');
    } else {
        out.push('\n');
        block(out, value, indent + STEP);
    }
}

/// A scalar or an empty collection; `indent` is the column of what holds it.
fn inline(out: &mut String, value: &Json, indent: usize) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(number) => out.push_str(&self::number(number)),
        Json::String(text) => string(out, text, indent),
        Json::Array(_) => out.push_str("[]"),
        Json::Object(_) => out.push_str("{}"),
    }
}

/// YAML 1.1 wants a dot in a float and a sign in its exponent.
fn number(number: &serde_json::Number) -> String {
    let text = number.to_string();
    if number.is_i64() || number.is_u64() {
        return text;
    }
    match text.split_once(['e', 'E']) {
        None => text,
        Some((mantissa, exponent)) => {
            let dot = if mantissa.contains('.') { "" } else { ".0" };
            let sign = if exponent.starts_with(['-', '+']) {
                ""
            } else {
                "+"
            };
            format!("{mantissa}{dot}e{sign}{exponent}")
        }
    }
}

fn string(out: &mut String, text: &str, indent: usize) {
    if !text.contains('\n') || !fits_a_block(text) {
        out.push_str(&quoted_or_plain(text));
        return;
    }
    let body = text.trim_end_matches('\n');
    out.push_str(match text.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    let column = indent + STEP;
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            let _ = write!(out, "{:column$}{line}", "");
        }
    }
    for _ in 1..text.len() - body.len() {
        out.push('\n');
    }
}

/// Whether `|` can hold the text: its first line shows the indentation, and nothing in it is a
/// line break to YAML only, or not allowed.
fn fits_a_block(text: &str) -> bool {
    let first = text.chars().next().unwrap_or('\n');
    let last = text.trim_end_matches('\n').chars().next_back();
    !matches!(first, '\n' | ' ' | '\t')
        && last.is_some_and(|c| c != ' ' && c != '\t')
        && text
            .chars()
            .all(|c| c == '\n' || c == '\t' || is_printable(c))
}

/// Characters that YAML shows as they are and that are no line break.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}'
        | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

fn quoted_or_plain(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else if text.chars().all(is_printable) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        double_quoted(text)
    }
}

/// Whether every YAML reader takes the unquoted text for exactly this string.
fn is_plain(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/' || c == '_');
    let inside = |c: char| c.is_alphanumeric() || " _./@+=()~;,-:{}%".contains(c);
    let is_text = |rules| matches!(resolve(text, rules), Kind::Str(same) if same == text);
    starts
        && text.chars().all(|c| inside(c) && is_printable(c))
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && is_text(Rules::Ansible)
        && is_text(Rules::Kubernetes)
        && text.parse::<f64>().is_err()
        && !looks_like_a_date(text)
}

/// `2001-12-14…` is a date to readers that have dates.
fn looks_like_a_date(text: &str) -> bool {
    text.split('-').next().is_some_and(|year| {
        year.len() == 4 && year.len() < text.len() && year.bytes().all(|b| b.is_ascii_digit())
    })
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_reads_as_people_write() {
        let value = json!({
            "name": "vault", "mode": "0644", "port": 8200, "on": "yes", "ratio": 1e300,
            "empty": "", "none": null, "list": ["a", {"b": 1, "c": [[2], []]}, {}],
            "text": "one\n  two\n", "cut": "a\nb", "keep": "a\n\n", "url": "https://x.y:1/?a=b",
            "when": "2001-12-14", "template": "{{ x }}", "inner": "at {{ x }}", "star": "*",
            "colon": "a: b", "quote": "it's", "bell": "\u{7}", "space": "a ", "hash": "a #b",
        });
        let expected = "\
name: vault
mode: '0644'
port: 8200
'on': 'yes'
ratio: 1.0e+300
empty: ''
none: null
list:
  - a
  - b: 1
    c:
      - - 2
      - []
  - {}
text: |
  one
    two
cut: |-
  a
  b
keep: |+
  a

url: 'https://x.y:1/?a=b'
when: '2001-12-14'
template: '{{ x }}'
inner: at {{ x }}
star: '*'
colon: 'a: b'
quote: 'it''s'
bell: \"\\x07\"
space: 'a '
hash: 'a #b'
";
        assert_eq!(emit(&value), expected);
    }

    #[test]
    fn a_very_long_key_reads_back() {
        let value = json!([{ "k".repeat(2000): {"a": 1}, "x y".repeat(2000): "b\nc" }]);
        let source = crate::input::Source::new("long", emit(&value));
        let back = crate::input::parse_one(&source, Rules::Ansible).unwrap();
        assert_eq!(back.to_json(), value);
    }

    #[test]
    fn scalars_and_empty_collections_stand_alone() {
        for (value, text) in [
            (json!(null), "null\n"),
            (json!([]), "[]\n"),
            (json!({}), "{}\n"),
            (json!("a\nb\n"), "|\n  a\n  b\n"),
            (json!(-0.5), "-0.5\n"),
        ] {
            assert_eq!(emit(&value), text);
        }
    }
}
