//! A change is made: its file, the objects in it, each step in the text.

use std::sync::Arc;

use super::change::{Change, Edit, Object, Verb, What};
use super::edit::{self, Word, collect, documents};
use super::{Applied, Setting};
use crate::diagnostic::Diagnostic;
use crate::input::{FieldPath, Json, Node, Step, emit};
use crate::repo::problem;
use crate::repo::tree::{Entry, Tree};
use crate::template::Unrendered;

/// A change has nothing to change.
pub const WITHOUT_TARGET: &str = "repo/overlay-without-target";

/// What comes of it.
pub type Outcome<T> = Result<T, Box<Diagnostic>>;

impl Change {
    pub fn apply(
        &self,
        tree: &mut Tree,
        (setting, applied): (&Setting<'_>, &mut Applied),
    ) -> Outcome<()> {
        if let Some(when) = &self.when {
            let holds = setting.engine.condition(when, setting.variables);
            if !holds.map_err(|why| unrendered(when, why))? {
                return Ok(());
            }
        }
        let path = match &self.what {
            What::Create { path, text, keep } => {
                let text = rendered(text, setting)?;
                let text = text.as_str().map_or_else(|| emit(&text), ToOwned::to_owned);
                // A file of nothing (`kustomization.yaml` of 0 bytes) is filled, any other is somebody's.
                if tree
                    .get(path)
                    .is_some_and(|there| !there.content.is_empty())
                {
                    return Err(self.missing(path, "the template has this file already"));
                }
                tree.insert(path.clone(), Entry::plain(text));
                if *keep {
                    applied.kept.push(path.clone());
                }
                path
            }
            What::Delete(path) => {
                if tree.remove(path).is_none() {
                    return Err(self.missing(path, "the template has no such file"));
                }
                path
            }
            What::Edit(edit) => {
                let Some(entry) = tree.get(&edit.path) else {
                    return Err(self.missing(&edit.path, "the template has no such file"));
                };
                let Some(text) = entry.text() else {
                    return Err(self.missing(&edit.path, "it is no text"));
                };
                let kind = entry.kind;
                let new = self.edited(edit, (text, &edit.inside), setting)?;
                if new == text {
                    return Ok(()); // images that come from where they came
                }
                tree.insert(
                    edit.path.clone(),
                    Entry {
                        content: new.into_bytes(),
                        kind,
                    },
                );
                &edit.path
            }
        };
        applied.changes.push((path.clone(), self.why.clone()));
        Ok(())
    }

    /// The text with the changes, made in the text that stands at `inside`.
    fn edited(
        &self,
        edit: &Edit,
        (text, inside): (&str, &[FieldPath]),
        setting: &Setting<'_>,
    ) -> Outcome<String> {
        let told = |why: String| self.missing(&edit.path, &why);
        if let Some((first, rest)) = inside.split_first() {
            let mut failure = None;
            let changed = edit::inside(text, 0, first, &mut |inner| {
                self.edited(edit, (inner, rest), setting).map_err(|error| {
                    failure = Some(error);
                    String::new()
                })
            });
            return changed.map_err(|why| failure.unwrap_or_else(|| told(why)));
        }
        let mut text = text.to_owned();
        for nth in targets(&text, edit.object.as_ref()).map_err(told)? {
            for (verb, path, value) in &edit.steps {
                if let Some(word) = word((verb, path, value), (&text, nth), setting)? {
                    text = edit::edit(&text, nth, path, &word).map_err(told)?;
                }
            }
        }
        for object in &edit.append {
            let object = rendered(object, setting)?;
            let lines = format!("---\n{}", emit(&object));
            let end = text.trim_end().len();
            let end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
            text = edit::insert(&text, end, &lines);
            documents(&text).map_err(told)?;
        }
        Ok(text)
    }

    fn missing(&self, path: &str, why: &str) -> Box<Diagnostic> {
        let what = format!("`{path}` cannot be changed: {why}");
        let error = problem(WITHOUT_TARGET, what).at(&self.span);
        let error = error.why(format!("the change is for: {}", self.why));
        Box::new(
            error.help("the template has moved: see what became of it, then change the overlay"),
        )
    }
}

/// What a step does in the text; `None` if there is nothing to do.
fn word(
    (verb, path, value): (&Verb, &FieldPath, &Node),
    (text, nth): (&str, usize),
    setting: &Setting<'_>,
) -> Outcome<Option<Word>> {
    Ok(Some(match verb {
        Verb::Set => Word::Set(rendered(value, setting)?),
        Verb::Add => Word::Add(rendered(value, setting)?),
        Verb::Remove => Word::Remove,
        Verb::RemoveLines => {
            let starts = value.as_seq().unwrap_or_default();
            Word::RemoveLines(starts.iter().map(Node::key_text).collect())
        }
        Verb::Images => {
            let pairs = moved(text, nth, path, setting);
            match pairs {
                Some(pairs) if pairs.is_empty() => return Ok(None),
                Some(pairs) => Word::Replace(pairs),
                // The edit says what is missing.
                None => Word::Replace(Vec::new()),
            }
        }
    }))
}

/// Images below a path that come from elsewhere; `None` if the path leads nowhere.
fn moved(
    text: &str,
    nth: usize,
    path: &FieldPath,
    setting: &Setting<'_>,
) -> Option<Vec<(String, String)>> {
    let all = documents(text).ok()?;
    let node = edit::find(all.get(nth)?, path).ok()?;
    let mut texts = Vec::new();
    collect(node, &mut texts);
    let named = path.steps.last() == Some(&Step::Field("image".to_owned()));
    let image = |text: &&str| {
        let host = text.split_once('/').map_or("", |(host, _)| host);
        named || (host.contains('.') && !host.contains(':'))
    };
    let texts = texts.into_iter().filter_map(Node::as_str).filter(image);
    let pairs = texts.map(|from| (from.to_owned(), (setting.images)(from)));
    let mut pairs: Vec<_> = pairs.filter(|(from, to)| from != to).collect();
    pairs.dedup();
    Some(pairs)
}

/// Which documents of a text are meant.
fn targets(text: &str, object: Option<&Object>) -> Result<Vec<usize>, String> {
    let all = documents(text)?;
    let Some(object) = object else {
        return match all.len() {
            1 => Ok(vec![0]),
            count => Err(format!("it has {count} objects: the change must say which")),
        };
    };
    let fits = |node: &Node| {
        let name = node
            .get("metadata")
            .and_then(|metadata| metadata.get("name"));
        let written = name.map(|name| &text[name.span.start..name.span.end]);
        let wanted = object.name.as_deref();
        let named = wanted.is_none_or(|wanted| {
            name.and_then(Node::as_str) == Some(wanted) || written == Some(wanted)
        });
        node.get("kind").and_then(Node::as_str) == Some(&object.kind) && named
    };
    let found: Vec<usize> = (0..all.len()).filter(|nth| fits(&all[*nth])).collect();
    if found.is_empty() {
        let name = object.name.as_deref().unwrap_or("…");
        return Err(format!("it has no {} `{name}`", object.kind));
    }
    Ok(found)
}

fn rendered(node: &Node, setting: &Setting<'_>) -> Outcome<Json> {
    let value = setting
        .engine
        .render(&Arc::new(node.clone()), setting.variables);
    value.map_err(|why| unrendered(node, why))
}

fn unrendered(node: &Node, why: Unrendered) -> Box<Diagnostic> {
    match why {
        Unrendered::Wrong(error) => error,
        Unrendered::Unknown(until) => {
            let what = format!("a change needs what is unknown until {until}");
            let error = problem("repo/unknown-value", what).at(&node.span);
            Box::new(error.help("run `up`, or give the value"))
        }
    }
}
