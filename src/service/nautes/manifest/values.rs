//! The fields of a manifest, each by the shape that it has.

use serde_json::{Map, Value};

use super::Reading;
use crate::diagnostic::meant;
use crate::input::{Kind as Is, Node};
use crate::service::nautes::form::{Field, Form, Need, Shape};

impl Reading {
    pub(super) fn object(
        &mut self,
        node: &Node,
        fields: &[Field],
        (own, of): (&[&str], &str),
    ) -> Value {
        let mut body = Map::new();
        for (key, value) in node.as_map().unwrap_or_default() {
            let name = key.key_text();
            if own.contains(&name.as_str()) {
                continue;
            }
            let named: Vec<&Field> = fields
                .iter()
                .filter(|f| f.names.contains(&name.as_str()))
                .collect();
            let mine = named
                .iter()
                .find(|f| f.only.is_none_or(|(form, _)| form == self.form));
            match (mine, named.first()) {
                (Some(field), _) => {
                    if body.contains_key(field.json) {
                        let what = format!("`{name}` and `{}` are the same field", field.names[0]);
                        self.wrong(
                            "manifest/bad-value",
                            what,
                            &key.span,
                            format!("write `{}` alone", field.names[0]),
                        );
                    }
                    self.put(&mut body, (field, &name), value, of);
                }
                (None, Some(other)) => self.other_form(other, key),
                (None, None) => {
                    let known = fields
                        .iter()
                        .filter(|f| f.only.is_none_or(|(form, _)| form == self.form));
                    let known: Vec<&str> = own
                        .iter()
                        .copied()
                        .chain(known.map(|f| f.names[0]))
                        .collect();
                    let what = format!("unknown field `{name}` in {}", of.trim_end());
                    let all = format!("fields are {}", known.join(", "));
                    self.wrong(
                        "manifest/unknown-field",
                        what,
                        &key.span,
                        meant(&name, known.iter().copied(), &all),
                    );
                }
            }
        }
        self.missing(node, fields, of);
        Value::Object(body)
    }

    /// Fields that must be there and are not.
    fn missing(&mut self, node: &Node, fields: &[Field], of: &str) {
        for field in fields {
            let mine = field.only.is_none_or(|(form, _)| form == self.form);
            let there = field.names.iter().any(|name| node.get(name).is_some());
            if mine && field.need == Need::Must && !there {
                let what = format!("{} has no `{}`", of.trim_end(), field.names[0]);
                self.wrong(
                    "manifest/missing-field",
                    what,
                    &node.span,
                    format!("write `{}: …`", field.names[0]),
                );
            }
        }
    }

    /// A field that only the other form has.
    fn other_form(&mut self, field: &Field, key: &Node) {
        let Some((form, instead)) = field.only else {
            return;
        };
        let what = format!(
            "`{}` is a field of Nautes {} and the tenant has {}",
            field.names[0],
            form.name(),
            self.form.name()
        );
        let help = format!(
            "write {instead}; or say `--nautes-version {}` if that is what runs",
            form.name()
        );
        self.wrong("manifest/other-version", what, &key.span, help);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is used, and no two belong together"
    )]
    fn put(
        &mut self,
        body: &mut Map<String, Value>,
        (field, name): (&Field, &str),
        node: &Node,
        of: &str,
    ) {
        if matches!(field.shape, Shape::Nothing) {
            return;
        }
        if node.is_null() {
            if field.need == Need::Must {
                self.wrong(
                    "manifest/missing-field",
                    format!("`{name}` is empty"),
                    &node.span,
                    format!("write a value for `{name}`"),
                );
            }
            return;
        }
        // `destination` of the other form is a mapping here and a text there.
        if let Some((form, _)) = field.only {
            let fits = matches!(field.shape, Shape::Object(_)) == node.as_map().is_some();
            if !fits && name == "destination" {
                let help = if form == Form::V04 {
                    "write `destination: {environment: …}`"
                } else {
                    "write `destination: ENVIRONMENT`"
                };
                let what = format!(
                    "`destination` is {} and Nautes {} takes {}",
                    node.type_name(),
                    form.name(),
                    if form == Form::V04 {
                        "a mapping"
                    } else {
                        "a text"
                    }
                );
                self.wrong(
                    "manifest/other-version",
                    what,
                    &node.span,
                    format!("{help}; or choose with `--nautes-version` what runs"),
                );
                return;
            }
        }
        let path = format!("{of}`{name}`");
        let before = self.errors.len();
        let value = self.value(node, &field.shape, &path);
        let empty = value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
        if field.need == Need::Must && empty && self.errors.len() == before {
            self.wrong(
                "manifest/missing-field",
                format!("`{name}` is empty"),
                &node.span,
                format!("write a value for `{name}`"),
            );
        }
        body.insert(field.json.to_owned(), value);
    }

    fn value(&mut self, node: &Node, shape: &Shape, path: &str) -> Value {
        match shape {
            Shape::Text => self.text(node, path).unwrap_or_default().into(),
            Shape::Starts(with) => {
                let text = self.text(node, path).unwrap_or_default();
                if !text.starts_with(with) {
                    self.wrong(
                        "manifest/bad-value",
                        format!("{path} must begin with `{with}`"),
                        &node.span,
                        format!("write `{with}HOST:PORT`"),
                    );
                }
                text.into()
            }
            Shape::Choice(words) => self.choice(node, words, path),
            Shape::Bool => match node.kind {
                Is::Bool(value) => value.into(),
                _ => self.not("true or false", node, path),
            },
            Shape::Whole => match node.kind {
                Is::Int(value) => value.into(),
                _ => self.not("a whole number", node, path),
            },
            Shape::Map(shape) => match node.as_map() {
                Some(entries) => {
                    let mut map = Map::new();
                    for (key, value) in entries {
                        let name = key.key_text();
                        let value = self.value(value, shape, &format!("{path} `{name}`"));
                        map.insert(name, value);
                    }
                    Value::Object(map)
                }
                None => self.not("a mapping", node, path),
            },
            Shape::List(shape) => match node.as_seq() {
                Some(items) => items
                    .iter()
                    .map(|item| self.value(item, shape, path))
                    .collect(),
                None => self.not("a list", node, path),
            },
            Shape::Object(fields) => match node.as_map() {
                Some(_) => self.object(node, fields, (&[], &format!("{path} "))),
                None => self.not("a mapping", node, path),
            },
            Shape::Nothing => Value::Null,
        }
    }

    fn choice(&mut self, node: &Node, words: &[&str], path: &str) -> Value {
        let text = self.text(node, path).unwrap_or_default();
        if !words.contains(&text.as_str()) {
            let what = format!("{path} cannot be `{text}`");
            let all = format!("choose {}", words.join(" or "));
            self.wrong(
                "manifest/bad-value",
                what,
                &node.span,
                meant(&text, words.iter().copied(), &all),
            );
        }
        text.into()
    }

    fn not(&mut self, wanted: &str, node: &Node, path: &str) -> Value {
        let what = format!("{path} must be {wanted}, not {}", node.type_name());
        self.wrong(
            "manifest/wrong-type",
            what,
            &node.span,
            format!("write {wanted}"),
        );
        Value::Null
    }

    pub(super) fn text(&mut self, node: &Node, path: &str) -> Option<String> {
        let text = match &node.kind {
            Is::Str(text) => text.clone(),
            // Ports and revisions are written as numbers, and mean their text.
            Is::Int(_) | Is::Float(_) => written(node),
            _ => {
                self.not("a text", node, path);
                return None;
            }
        };
        self.texts.push((text.clone(), node.span.clone()));
        Some(text)
    }
}

/// A number as it was written: `1.10` is not `1.1`.
fn written(node: &Node) -> String {
    let text = node.span.source.text.get(node.span.start..node.span.end);
    text.map_or_else(|| node.key_text(), |text| text.trim().to_owned())
}
