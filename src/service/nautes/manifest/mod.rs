//! Manifests in Nautes' own form, read against the forms of its kinds: every mistake with its place,
//! before the first call.

mod rules;
mod values;

use serde_json::Value;

use super::form::Form;
use super::{Id, Kind};
use crate::diagnostic::{Diagnostic, Diagnostics, meant};
use crate::input::{Node, Span};

/// What every manifest says first.
pub(super) const API_VERSION: &str = "nautes.resource.nautes.io/v1alpha1";

/// An object as somebody wants it.
pub struct Manifest {
    /// Which.
    pub id: Id,
    /// What the API is sent. It may hold a kubeconfig: never for showing.
    pub body: Value,
    /// Where its name stands.
    pub place: Span,
    /// Every text in it, with its place: what the server names is looked up here.
    pub texts: Vec<(String, Span)>,
}

impl Manifest {
    /// Where the manifest speaks of what a message of the server names in quotes, else its name.
    pub fn place_of(&self, message: &str) -> &Span {
        let quoted = message.split(['\'', '"', '`']).skip(1).step_by(2);
        let mut known = quoted.filter_map(|word| self.texts.iter().find(|(text, _)| text == word));
        known.next().map_or(&self.place, |(_, span)| span)
    }
}

/// Reads one document.
///
/// # Errors
/// Every mistake in it.
pub fn read(document: &Node, form: Form) -> Result<Manifest, Diagnostics> {
    let mut reading = Reading {
        form,
        errors: Vec::new(),
        texts: Vec::new(),
    };
    let read = reading.document(document);
    match read {
        Some(manifest) if reading.errors.is_empty() => Ok(manifest),
        _ => Err(reading.errors),
    }
}

struct Reading {
    form: Form,
    errors: Diagnostics,
    texts: Vec<(String, Span)>,
}

impl Reading {
    #[expect(
        clippy::too_many_arguments,
        reason = "each is used, and no two belong together"
    )]
    fn wrong(&mut self, slug: &'static str, what: String, at: &Span, help: String) {
        let error = Diagnostic::error(slug, what).at(at).help(help);
        self.errors.push(error.why("no call was made"));
    }

    fn document(&mut self, document: &Node) -> Option<Manifest> {
        let Some(entries) = document.as_map() else {
            let what = format!("a manifest is a mapping, not {}", document.type_name());
            let help = format!("begin it with `apiVersion: {API_VERSION}`");
            self.wrong("manifest/wrong-type", what, &document.span, help);
            return None;
        };
        let kind = self.kind(document);
        for (key, _) in entries {
            let name = key.key_text();
            if !["apiVersion", "kind", "spec"].contains(&name.as_str()) {
                let what = format!("a manifest of Nautes has no field `{name}`");
                let help = if name == "metadata" {
                    "write the name as `spec.name`".to_owned()
                } else {
                    meant(
                        &name,
                        ["apiVersion", "kind", "spec"],
                        "it has apiVersion, kind and spec",
                    )
                };
                self.wrong("manifest/unknown-field", what, &key.span, help);
            }
        }
        let kind = kind?;
        let Some(spec) = document.get("spec").filter(|spec| spec.as_map().is_some()) else {
            let what = format!("the {} has no `spec`", kind.name());
            self.wrong(
                "manifest/missing-field",
                what,
                &document.span,
                "write what it is below `spec:`".to_owned(),
            );
            return None;
        };
        let name = self.name(spec, "name", kind);
        let product = kind
            .product_key()
            .map_or(Some((String::new(), spec.span.clone())), |key| {
                self.name(spec, key, kind)
            });
        let own = ["name", kind.product_key().unwrap_or("name")];
        let body = self.object(spec, kind.fields(), (&own, &format!("{} ", kind.name())));
        if kind == Kind::Cluster {
            self.cluster(spec);
        }
        if kind == Kind::ProjectPipelineRuntime {
            self.triggers(spec);
        }
        let (name, place) = name?;
        Some(Manifest {
            id: Id {
                kind,
                product: product?.0,
                name,
            },
            body,
            place,
            texts: std::mem::take(&mut self.texts),
        })
    }

    fn kind(&mut self, document: &Node) -> Option<Kind> {
        let version = document.get("apiVersion");
        if version.and_then(Node::as_str) != Some(API_VERSION) {
            let at = version.map_or(&document.span, |node| &node.span).clone();
            let what = match version.and_then(Node::as_str) {
                Some(other) => format!("`{other}` is not Nautes' version of objects"),
                None => "the manifest does not say its `apiVersion`".to_owned(),
            };
            self.wrong(
                "manifest/api-version",
                what,
                &at,
                format!("write `apiVersion: {API_VERSION}`"),
            );
        }
        let written = document.get("kind");
        let word = written.and_then(Node::as_str).unwrap_or_default();
        let found = Kind::ALL.into_iter().find(|kind| kind.name() == word);
        if found.is_none() {
            let at = written.map_or(&document.span, |node| &node.span).clone();
            let names = || Kind::ALL.iter().map(|kind| kind.name());
            let what = format!("Nautes has no kind `{word}`");
            let all = format!("kinds are {}", names().collect::<Vec<_>>().join(", "));
            self.wrong(
                "manifest/unknown-kind",
                what,
                &at,
                meant(word, names(), &all),
            );
        }
        found
    }

    /// A name that becomes a part of a path.
    fn name(&mut self, spec: &Node, key: &str, kind: Kind) -> Option<(String, Span)> {
        let Some(node) = spec.get(key).filter(|node| !node.is_null()) else {
            let what = format!("the {} has no `spec.{key}`", kind.name());
            let help = format!("write `{key}: …` below `spec:`");
            self.wrong("manifest/missing-field", what, &spec.span, help);
            return None;
        };
        let text = self.text(node, key)?;
        let bad = |c: char| {
            !(c.is_ascii_alphanumeric()
                || c == '-'
                || (c == '_' || c == '.') && kind != Kind::Cluster)
        };
        if text.is_empty() || text.contains(bad) {
            let what = format!("`{text}` is no name of a {}", kind.name());
            let more = if kind == Kind::Cluster {
                "letters, digits and `-`: the store of secrets takes no other"
            } else {
                "letters, digits, `-`, `_` and `.`"
            };
            self.wrong(
                "manifest/bad-value",
                what,
                &node.span,
                format!("use {more}"),
            );
            return None;
        }
        Some((text, node.span.clone()))
    }
}
