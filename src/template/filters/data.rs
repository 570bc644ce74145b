//! JSON and YAML, in and out.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::Table;
use crate::input::{Rules, Source, parse};
use crate::template::call::Call;
use crate::template::convert;
use crate::template::yaml::{self, Flow};

pub(super) const TABLE: Table = &[
    ("to_json", to_json),
    ("to_nice_json", to_nice_json),
    ("tojson", tojson),
    ("from_json", from_json),
    ("from_yaml", from_yaml),
    ("from_yaml_all", from_yaml_all),
    ("to_yaml", to_yaml),
    ("to_nice_yaml", to_nice_yaml),
];

/// Python's `json.dumps`.
#[derive(Clone)]
struct Layout {
    indent: Option<usize>,
    sort_keys: bool,
    ascii: bool,
    item: String,
    key: String,
}

fn layout(call: &Call<'_, '_, '_>, indent: Option<usize>, sort: bool) -> Result<Layout, Error> {
    call.only(
        1,
        &[
            "indent",
            "sort_keys",
            "ensure_ascii",
            "separators",
            "vault_to_text",
            "preprocess_unsafe",
        ],
    )?;
    let indent = match call.int(1, "indent")? {
        Some(indent) => usize::try_from(indent).ok(),
        None => indent,
    };
    let flag = |name: &str, default| call.named(name).map_or(default, |value| value.is_true());
    let (item, key) = match call.named("separators").filter(|s| !s.is_none()) {
        Some(pair) => match call.list_of(&pair)?.as_slice() {
            [item, key] => (convert::text(item)?, convert::text(key)?),
            _ => return Err(call.fail("needs two separators")),
        },
        None if indent.is_some() => (",".to_owned(), ": ".to_owned()),
        None => (", ".to_owned(), ": ".to_owned()),
    };
    Ok(Layout {
        indent,
        sort_keys: flag("sort_keys", sort),
        ascii: flag("ensure_ascii", true),
        item,
        key,
    })
}

fn to_json(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let layout = layout(call, None, false)?;
    json(&call.value(), &layout)
}

fn to_nice_json(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let layout = layout(call, Some(4), true)?;
    json(&call.value(), &layout)
}

/// Jinja's own: sorted, and safe inside HTML.
fn tojson(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let layout = layout(call, None, true)?;
    let text = convert::text(&json(&call.value(), &layout)?)?
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\'', "\\u0027");
    Ok(Value::from(text))
}

fn json(value: &Value, layout: &Layout) -> Result<Value, Error> {
    let mut out = String::new();
    write(value, layout, 0, &mut out)?;
    Ok(Value::from(out))
}

fn write(value: &Value, layout: &Layout, depth: usize, out: &mut String) -> Result<(), Error> {
    match value.kind() {
        ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => {
            let text = convert::repr(value)?;
            out.push_str(match text.as_str() {
                "nan" => "NaN",
                "inf" => "Infinity",
                "-inf" => "-Infinity",
                text => text,
            });
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let items = convert::items(value)?;
            let parts = items.iter().filter(|item| !convert::is_omit(item));
            container(out, layout, depth, ('[', ']'), parts, |item, out| {
                write(item, layout, depth + 1, out)
            })?;
        }
        ValueKind::Map => {
            let mut entries = Vec::new();
            for (key, entry) in convert::entries(value)? {
                if !convert::is_omit(&entry) {
                    entries.push((convert::key_text(&key)?, entry));
                }
            }
            if layout.sort_keys {
                entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            }
            container(
                out,
                layout,
                depth,
                ('{', '}'),
                entries.iter(),
                |(key, entry), out| {
                    string(key, layout.ascii, out);
                    out.push_str(&layout.key);
                    write(entry, layout, depth + 1, out)
                },
            )?;
        }
        _ => string(&convert::text(value)?, layout.ascii, out),
    }
    Ok(())
}

#[expect(
    clippy::too_many_arguments,
    reason = "each is used, and no two belong together"
)]
fn container<T>(
    out: &mut String,
    layout: &Layout,
    depth: usize,
    (open, close): (char, char),
    parts: impl Iterator<Item = T>,
    mut each: impl FnMut(T, &mut String) -> Result<(), Error>,
) -> Result<(), Error> {
    let line = |out: &mut String, depth: usize| {
        if let Some(indent) = layout.indent {
            out.push('\n');
            out.push_str(&" ".repeat(indent * depth));
        }
    };
    out.push(open);
    let mut some = false;
    for part in parts {
        if some {
            out.push_str(&layout.item);
        }
        some = true;
        line(out, depth + 1);
        each(part, out)?;
    }
    if some {
        line(out, depth);
    }
    out.push(close);
    Ok(())
}

fn string(text: &str, ascii: bool, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' || (ascii && !c.is_ascii()) || (ascii && c == '\u{7f}') => {
                if c == '\u{7f}' {
                    out.push(c);
                    continue;
                }
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn from_json(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let value = call.value();
    if value.kind() != ValueKind::String {
        return Err(call.fail(&format!(
            "needs a string, not {}",
            crate::template::names::type_words(&value)
        )));
    }
    let parsed: crate::input::Json = serde_json::from_str(&call.text()?)
        .map_err(|error| call.fail(&format!("was given text that is not JSON: {error}")))?;
    Ok(convert::from_json(&parsed))
}

fn documents(call: &Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let text = call.text()?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let source = Source::new("from_yaml", text);
    let nodes = parse(&source, Rules::Ansible).map_err(|errors| {
        let what = errors
            .first()
            .map_or_else(String::new, |error| error.what.clone());
        call.fail(&format!("was given text that is not YAML: {what}"))
    })?;
    Ok(nodes.iter().map(convert::from_node).collect())
}

/// What is read is data: templates in it stay text.
fn from_yaml(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let value = call.value();
    if value.kind() != ValueKind::String {
        return Ok(value);
    }
    let documents = documents(call)?;
    match documents.as_slice() {
        [] => Ok(Value::from(())),
        [only] => Ok(only.clone()),
        _ => Err(call.fail("was given several documents: use `from_yaml_all`")),
    }
}

fn from_yaml_all(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    documents(call).map(Value::from)
}

fn yaml_options(call: &Call<'_, '_, '_>, nice: bool) -> Result<yaml::Options, Error> {
    call.only(
        1,
        &[
            "indent",
            "width",
            "default_flow_style",
            "sort_keys",
            "explicit_start",
            "allow_unicode",
            "explicit_end",
            "canonical",
            "default_style",
        ],
    )?;
    let size = |value: Option<i64>, default: usize| {
        value.map_or(default, |value| {
            usize::try_from(value).unwrap_or(usize::MAX)
        })
    };
    let flow = match call.named("default_flow_style") {
        Some(flow) if flow.is_none() => Flow::Leaves,
        Some(flow) if flow.is_true() => Flow::Flow,
        Some(_) => Flow::Block,
        None if nice => Flow::Block,
        None => Flow::Leaves,
    };
    let flag = |name: &str, default| call.named(name).map_or(default, |value| value.is_true());
    Ok(yaml::Options {
        flow,
        indent: size(
            call.int(if nice { 1 } else { 99 }, "indent")?,
            if nice { 4 } else { 2 },
        ),
        width: size(call.int(99, "width")?, 80),
        sort_keys: flag("sort_keys", true),
        explicit_start: flag("explicit_start", false),
    })
}

fn to_yaml(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let options = yaml_options(call, false)?;
    yaml::dump(&call.value(), &options).map(Value::from)
}

fn to_nice_yaml(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let options = yaml_options(call, true)?;
    yaml::dump(&call.value(), &options).map(Value::from)
}
