//! Tera, with the filters that manifests need. An undefined value is an error with its place.

use std::sync::Arc;

use serde_json::Value as Json;
use tera::{Context, ErrorKind, Kwargs, State, Tera, TeraResult, Value};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Source, Span, emit};

/// Renders texts, in order; all may include each other by their file names.
///
/// # Errors
/// Every text that cannot be rendered, with its place.
pub fn render(sources: &[Arc<Source>], values: &Json) -> Result<Vec<Arc<Source>>, Diagnostics> {
    let mut tera = engine();
    let mut errors = Diagnostics::new();
    for source in sources {
        // One by one, so that each one's mistake is told.
        if let Err(error) = tera.add_raw_template(&source.name, &source.text) {
            errors.push(told(&error, sources, source));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let context = Context::from_serialize(values).map_err(|error| {
        vec![Diagnostic::error(
            "chart/template",
            format!("the values are no mapping: {error}"),
        )]
    })?;
    let mut rendered = Vec::new();
    for source in sources {
        match tera.render(&source.name, &context) {
            Ok(text) => rendered.push(Source::new(source.name.clone(), text)),
            Err(error) => errors.push(told(&error, sources, source)),
        }
    }
    if errors.is_empty() {
        Ok(rendered)
    } else {
        Err(errors)
    }
}

fn engine() -> Tera {
    let mut tera = Tera::new();
    // Manifests are no HTML.
    tera.autoescape_on(Vec::<&str>::new());
    tera.register_filter("to_yaml", to_yaml);
    tera.register_filter("to_json", to_json);
    tera.register_filter("quote", to_json);
    tera.register_filter("b64encode", b64encode);
    tera
}

fn plain(value: &Value) -> TeraResult<Json> {
    serde_json::to_value(value).map_err(tera::Error::message)
}

/// The value as YAML, without the last line break: `{{ values.x | to_yaml | indent(width=4) }}`.
fn to_yaml(value: Value, _: Kwargs, _: &State) -> TeraResult<String> {
    Ok(emit(&plain(&value)?).trim_end().to_owned())
}

/// The value as JSON, which is YAML too: quotes a text.
fn to_json(value: Value, _: Kwargs, _: &State) -> TeraResult<String> {
    Ok(plain(&value)?.to_string())
}

/// The text in base64, as a Secret's `data` has it.
fn b64encode(value: &str, _: Kwargs, _: &State) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(value)
}

/// Tera's error as ours.
fn told(error: &tera::Error, sources: &[Arc<Source>], of: &Arc<Source>) -> Diagnostic {
    let report = match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => report,
        other => {
            return Diagnostic::error("chart/template", format!("{}: {other}", of.name));
        }
    };
    let source = sources
        .iter()
        .find(|source| source.name == report.filename())
        .unwrap_or(of);
    let range = &report.span().range;
    let span = Span {
        source: source.clone(),
        start: range.start.min(source.text.len()),
        end: range.end.min(source.text.len()),
    };
    let what = report.message().trim().trim_end_matches('.');
    Diagnostic::error("chart/template", what)
        .at(&span)
        .help("values are `values.NAME`, with a default in `values.yaml`; `chart`, `release` and `kubernetes` are given")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rendered(text: &str) -> Result<String, Diagnostic> {
        let values = json!({"values": {"n": "a: b", "l": ["x"], "none": null}});
        let source = Source::new("t.yaml", text);
        let mut all = render(&[source], &values).map_err(|mut found| found.remove(0))?;
        Ok(all.remove(0).text.clone())
    }

    #[test]
    fn mappings_keep_their_order() {
        let names: Vec<String> = (0..20).map(|n| format!("k{}", (n * 7) % 20)).collect();
        let map: serde_json::Map<String, Json> =
            names.iter().map(|n| (n.clone(), json!(1))).collect();
        let text = "{% for k, v in values.m %}{{ k }} {% endfor %}";
        let all = render(
            &[Source::new("t.yaml", text)],
            &json!({"values": {"m": map}}),
        )
        .unwrap();
        assert_eq!(all[0].text.trim_end(), names.join(" "));
    }

    #[test]
    fn values_go_in_as_yaml() {
        assert_eq!(
            rendered("v: {{ values.n | quote }}").unwrap(),
            "v: \"a: b\""
        );
        assert_eq!(
            rendered("v:\n  {{ values.l | to_yaml | indent(width=2) }}\nw: {{ 'x' | b64encode }}")
                .unwrap(),
            "v:\n  - x\nw: eA=="
        );
        assert_eq!(rendered("<b>{{ values.n }}").unwrap(), "<b>a: b");
    }

    #[test]
    fn undefined_values_are_told_with_their_place() {
        let error = rendered("a: 1\nb: {{ values.missing }}").unwrap_err();
        assert_eq!(error.place.unwrap().to_string(), "t.yaml:2:14");
        assert!(rendered("{% if %}").is_err());
        assert!(rendered("{{ 'x' | nofilter }}").is_err());
    }
}
