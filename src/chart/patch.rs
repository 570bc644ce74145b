//! `patches/*.yaml`: what we change of upstream's objects, by object and field, each with its
//! reason. A change whose target is not there is an error: upstream has moved, and a person must look.

use serde_json::Value;

use super::path::{Path, make, step};
use super::skeleton::name;
use super::written::{Fields, bad};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Json, Kind, Node, Span};

/// What the objects are that patches meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objects {
    /// Upstream's own: every target must be there.
    Upstream,
    /// Stand-ins, which have only what their sheet keeps: what is missing is made.
    StandIns,
}

/// The changes of one object, or of every one that fits.
#[derive(Clone, Debug)]
pub struct Patch {
    kind: String,
    name: Option<String>,
    namespace: Option<String>,
    /// Why, for people.
    pub why: String,
    changes: Vec<Change>,
    drop: bool,
    span: Span,
}

#[derive(Clone, Debug)]
struct Change {
    word: Word,
    path: Path,
    value: Json,
    span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// Another value for a field that is there.
    Set,
    /// A new field, or items at the end of a list.
    Add,
    /// A field or item goes.
    Remove,
}

impl Patch {
    /// The patches of a file: a list.
    pub fn all(root: &Node) -> Result<Vec<Self>, Diagnostics> {
        if root.is_null() {
            return Ok(Vec::new());
        }
        let Some(items) = root.as_seq() else {
            return Err(vec![bad(root, "a file of patches must be a list")]);
        };
        let mut patches = Vec::new();
        let mut errors = Diagnostics::new();
        for item in items {
            match Self::read(item) {
                Ok(patch) => patches.push(patch),
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() {
            Ok(patches)
        } else {
            Err(errors)
        }
    }

    fn read(node: &Node) -> Result<Self, Diagnostics> {
        let mut fields = Fields::new(node, "a patch");
        let mut errors = Diagnostics::new();
        let why = fields.text("why");
        let mut patch = Self {
            kind: String::new(),
            name: None,
            namespace: None,
            why,
            changes: Vec::new(),
            drop: fields
                .get("drop")
                .is_some_and(|node| node.kind == Kind::Bool(true)),
            span: node.span.clone(),
        };
        if let Some(object) = fields.get("object") {
            let mut object = Fields::new(object, "`object`");
            patch.kind = object.text("kind");
            patch.name = object.maybe_text("name");
            patch.namespace = object.maybe_text("namespace");
            errors.extend(object.end());
        } else {
            errors.push(bad(node, "a patch has no `object`"));
        }
        for (word, field) in [(Word::Set, "set"), (Word::Add, "add")] {
            for (key, value) in fields.map(field) {
                match Path::parse(&key.key_text()) {
                    Ok(path) => patch.changes.push(Change {
                        word,
                        path,
                        value: value.to_json(),
                        span: key.span.clone(),
                    }),
                    Err(why) => errors.push(bad(key, format!("not a path: {why}"))),
                }
            }
        }
        for item in fields.list("remove") {
            match Path::parse(&item.key_text()) {
                Ok(path) => patch.changes.push(Change {
                    word: Word::Remove,
                    path,
                    value: Json::Null,
                    span: item.span.clone(),
                }),
                Err(why) => errors.push(bad(item, format!("not a path: {why}"))),
            }
        }
        if patch.changes.is_empty() && !patch.drop {
            errors.push(bad(
                node,
                "a patch changes nothing: give `set`, `add`, `remove` or `drop`",
            ));
        }
        errors.extend(fields.end());
        if errors.is_empty() {
            Ok(patch)
        } else {
            Err(errors)
        }
    }

    fn fits(&self, object: &Json) -> bool {
        let is = |field: &Value, wanted: &Option<String>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| field.as_str() == Some(wanted))
        };
        object["kind"].as_str() == Some(&self.kind)
            && is(&object["metadata"]["name"], &self.name)
            && is(&object["metadata"]["namespace"], &self.namespace)
    }

    /// Changes the objects.
    ///
    /// # Errors
    /// The object or a field is not there.
    pub fn apply(&self, objects: &mut Vec<Json>, what: Objects) -> Result<(), Diagnostic> {
        let before = objects.len();
        if self.drop {
            objects.retain(|object| !self.fits(object));
            return if objects.len() < before {
                Ok(())
            } else {
                Err(self.nothing())
            };
        }
        let mut met = false;
        for object in objects.iter_mut().filter(|object| self.fits(object)) {
            met = true;
            for change in &self.changes {
                change.apply(object, what)?;
            }
        }
        if met { Ok(()) } else { Err(self.nothing()) }
    }

    fn nothing(&self) -> Diagnostic {
        let name = self.name.as_deref().unwrap_or("…");
        Diagnostic::error(
            "chart/patch-without-target",
            format!("there is no {} `{name}` to change", self.kind),
        )
        .at(&self.span)
        .why(format!("the change is for: {}", self.why))
        .help("upstream has it no longer: see what became of it, then change the patch")
    }
}

impl Change {
    fn apply(&self, object: &mut Json, what: Objects) -> Result<(), Diagnostic> {
        let called = name(object);
        let Some((last, way)) = self.path.steps.split_last() else {
            return Ok(());
        };
        let mut at = &mut *object;
        for part in way {
            let next = if what == Objects::StandIns || self.word == Word::Add {
                make(at, part)
            } else {
                step(at, part)
            };
            at = match next {
                Some(next) => next,
                None if what == Objects::StandIns => return Ok(()),
                None => return Err(self.missing(&called)),
            };
        }
        let there = step(at, last).is_some_and(|value| !value.is_null());
        match self.word {
            Word::Remove if there => take(at, last),
            Word::Remove | Word::Set if !there && what == Objects::Upstream => {
                return Err(self.missing(&called));
            }
            Word::Remove => {}
            Word::Set => {
                if let Some(place) = make(at, last) {
                    *place = self.value.clone();
                }
            }
            Word::Add => {
                if let Some(place) = make(at, last) {
                    self.add(place, &called)?;
                }
            }
        }
        Ok(())
    }

    fn add(&self, place: &mut Json, called: &str) -> Result<(), Diagnostic> {
        match (place, &self.value) {
            (place @ Value::Null, value) => *place = value.clone(),
            (Value::Array(items), Value::Array(more)) => items.extend(more.iter().cloned()),
            (Value::Object(entries), Value::Object(more)) => {
                for (key, value) in more {
                    if entries.insert(key.clone(), value.clone()).is_some() {
                        return Err(self.there(called, key));
                    }
                }
            }
            _ => return Err(self.there(called, &self.path.text)),
        }
        Ok(())
    }

    fn missing(&self, called: &str) -> Diagnostic {
        Diagnostic::error(
            "chart/patch-without-target",
            format!("{called} has no `{}`", self.path.text),
        )
        .at(&self.span)
        .help("upstream has it no longer: see what became of it; a new field is written with `add`")
    }

    fn there(&self, called: &str, field: &str) -> Diagnostic {
        Diagnostic::error(
            "chart/patch-without-target",
            format!("{called} has `{field}` already"),
        )
        .at(&self.span)
        .help("`set` changes what is there")
    }
}

/// Removes what a step leads to.
fn take(at: &mut Json, last: &super::path::Step) {
    use super::path::Step;
    match (at, last) {
        (Value::Object(entries), Step::Field(field)) => {
            entries.shift_remove(field);
        }
        (Value::Array(items), Step::Nth(nth)) => {
            items.remove(*nth);
        }
        (Value::Array(items), Step::Item(key, wanted)) => {
            items.retain(|item| item[key].as_str() != Some(wanted));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Rules, Source, parse_one};
    use serde_json::json;

    fn patched(patch: &str, what: Objects) -> Result<Json, String> {
        let root = parse_one(&Source::new("p.yaml", patch), Rules::Kubernetes).unwrap();
        let patches = Patch::all(&root).map_err(|found| found[0].what.clone())?;
        let mut objects = vec![
            json!({"kind": "Deployment", "metadata": {"name": "a"}, "spec": {
            "containers": [{"name": "c", "args": ["--one"], "image": "i"}]}}),
        ];
        for patch in patches {
            patch
                .apply(&mut objects, what)
                .map_err(|error| error.what)?;
        }
        Ok(objects.pop().unwrap_or_default())
    }

    const OF: &str = "object: {kind: Deployment, name: a}\n  why: because\n";

    #[test]
    fn fields_are_set_added_and_removed() {
        let text = format!(
            "- {OF}  set: {{'spec.containers[name=c].args[0]': --two}}\n  add: {{'spec.containers[name=c].args': [--three], 'spec.replicas': 2}}\n  remove: ['spec.containers[name=c].image']\n"
        );
        assert_eq!(
            patched(&text, Objects::Upstream).unwrap()["spec"],
            json!({"containers": [{"name": "c", "args": ["--two", "--three"]}], "replicas": 2})
        );
        let gone = patched(&format!("- {OF}  drop: true\n"), Objects::Upstream).unwrap();
        assert_eq!(gone, json!(null));
    }

    #[test]
    fn what_is_not_there_is_told() {
        let says = |text: &str| patched(text, Objects::Upstream).expect_err("taken");
        let text = format!("- {OF}  set: {{spec.replicas: 2}}\n");
        assert_eq!(says(&text), "Deployment a has no `spec.replicas`");
        let text = format!("- {OF}  remove: [spec.paused]\n");
        assert_eq!(says(&text), "Deployment a has no `spec.paused`");
        let text = "- object: {kind: Deployment, name: b}\n  why: x\n  drop: true\n";
        assert_eq!(says(text), "there is no Deployment `b` to change");
        let text = format!("- {OF}  add: {{'spec.containers[name=c].image': x}}\n");
        assert!(says(&text).contains("already"));
        assert!(says("- object: {kind: A}\n  set: {a: b}\n").contains("no `why`"));
        assert!(says(&format!("- {OF}  put: {{a: b}}\n")).contains("changes nothing"));
    }

    #[test]
    fn a_stand_in_gets_what_it_has_not() {
        let text = format!("- {OF}  set: {{'spec.containers[name=d].env[name=X].value': z}}\n");
        let object = patched(&text, Objects::StandIns).unwrap();
        assert_eq!(
            object["spec"]["containers"][1]["env"][0],
            json!({"name": "X", "value": "z"})
        );
    }
}
