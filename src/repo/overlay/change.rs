//! A change as it is written: which file and object, what at which paths, and why.

use super::super::problem;
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::input::{FieldPath, Kind, Node, Span};
use crate::repo::tree::inside;

/// One change.
#[derive(Clone, Debug)]
pub struct Change {
    /// Why, for people.
    pub why: String,
    /// It is made only where this condition holds.
    pub when: Option<Node>,
    /// What it is made of.
    pub what: What,
    /// Where it is written.
    pub span: Span,
}

/// What a change is made of.
#[derive(Clone, Debug)]
pub enum What {
    /// A new file. With `keep`, it is another's once it is there.
    Create {
        /// Its path.
        path: String,
        /// Its text, a template.
        text: Node,
        /// Whether later versions of the file in the repository stay as they are.
        keep: bool,
    },
    /// A file goes.
    Delete(String),
    /// Fields of objects in a file.
    Edit(Edit),
}

/// Changes of fields.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The file.
    pub path: String,
    /// Which objects in it; without one the only one.
    pub object: Option<Object>,
    /// The objects stand in the text at these paths, one inside the other.
    pub inside: Vec<FieldPath>,
    /// What to do, in this order.
    pub steps: Vec<(Verb, FieldPath, Node)>,
    /// Objects that are added at the end.
    pub append: Vec<Node>,
}

/// Which objects are meant.
#[derive(Clone, Debug)]
pub struct Object {
    /// Their kind.
    pub kind: String,
    /// Their name, as written in the file.
    pub name: Option<String>,
}

/// What to do at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Another value for a field that is there.
    Set,
    /// A new field, or items and fields at the end of what is there.
    Add,
    /// It goes.
    Remove,
    /// Images below it come from where the release says.
    Images,
    /// Lines of a text go that start so.
    RemoveLines,
}

const FIELDS: [&str; 14] = [
    "why",
    "when",
    "file",
    "object",
    "inside",
    "set",
    "add",
    "remove",
    "images",
    "remove_lines",
    "append",
    "create",
    "delete",
    "text",
];

/// The changes of a file: a list.
///
/// # Errors
/// All mistakes in it.
pub fn all(root: &Node) -> Result<Vec<Change>, Diagnostics> {
    let Some(items) = root.as_seq() else {
        return Err(vec![bad(
            root,
            "a file of an overlay must be a list of changes",
        )]);
    };
    let mut changes = Vec::new();
    let mut errors = Diagnostics::new();
    for item in items {
        let mut reader = Reader {
            node: item,
            errors: Vec::new(),
        };
        let change = reader.change();
        errors.append(&mut reader.errors);
        changes.extend(change);
    }
    if errors.is_empty() {
        Ok(changes)
    } else {
        Err(errors)
    }
}

struct Reader<'a> {
    node: &'a Node,
    errors: Diagnostics,
}

impl<'a> Reader<'a> {
    fn change(&mut self) -> Option<Change> {
        for (key, _) in self.node.as_map().unwrap_or_default() {
            let name = key.key_text();
            if !FIELDS.contains(&name.as_str()) && name != "keep" {
                let error = bad(key, format!("a change has no field `{name}`"));
                let near = nearest(&name, FIELDS);
                self.errors.push(match near {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error,
                });
            }
        }
        let why = self.text("why");
        if why.as_deref().is_none_or(str::is_empty) {
            self.errors.push(bad(self.node, "a change has no `why`"));
        }
        let what = self.what()?;
        Some(Change {
            why: why?,
            when: self.node.get("when").cloned(),
            what,
            span: self.node.span.clone(),
        })
    }

    fn what(&mut self) -> Option<What> {
        if self.node.get("create").is_some() {
            let path = self.path("create")?;
            let keep = self.node.get("keep").map(|node| &node.kind) == Some(&Kind::Bool(true));
            let Some(text) = self.node.get("text").cloned() else {
                self.errors.push(bad(self.node, "`create` has no `text`"));
                return None;
            };
            return Some(What::Create { path, text, keep });
        }
        if self.node.get("delete").is_some() {
            return self.path("delete").map(What::Delete);
        }
        let path = self.path("file")?;
        let steps = self.steps();
        let append = self.list("append").to_vec();
        if steps.is_empty() && append.is_empty() {
            self.errors.push(bad(self.node, "a change changes nothing"));
        }
        let inside = self.list("inside");
        Some(What::Edit(Edit {
            path,
            object: self.object(),
            inside: inside
                .iter()
                .filter_map(|node| self.field_path(node))
                .collect(),
            steps,
            append,
        }))
    }

    fn object(&mut self) -> Option<Object> {
        let object = self.node.get("object")?;
        let text = |name: &str| object.get(name).map(Node::key_text);
        let Some(kind) = text("kind") else {
            self.errors.push(bad(object, "`object` has no `kind`"));
            return None;
        };
        Some(Object {
            kind,
            name: text("name"),
        })
    }

    fn steps(&mut self) -> Vec<(Verb, FieldPath, Node)> {
        let mut steps = Vec::new();
        for (verb, field) in [
            (Verb::Set, "set"),
            (Verb::Add, "add"),
            (Verb::RemoveLines, "remove_lines"),
        ] {
            let Some(node) = self.node.get(field) else {
                continue;
            };
            let Some(entries) = node.as_map() else {
                self.errors
                    .push(bad(node, format!("`{field}` is a mapping of paths")));
                continue;
            };
            for (key, value) in entries {
                steps.extend(self.field_path(key).map(|path| (verb, path, value.clone())));
            }
        }
        for (verb, field) in [(Verb::Remove, "remove"), (Verb::Images, "images")] {
            for item in self.list(field) {
                steps.extend(self.field_path(item).map(|path| (verb, path, item.clone())));
            }
        }
        steps
    }

    fn list(&mut self, field: &str) -> &'a [Node] {
        let Some(node) = self.node.get(field) else {
            return &[];
        };
        node.as_seq().unwrap_or_else(|| {
            self.errors.push(bad(node, format!("`{field}` is a list")));
            &[]
        })
    }

    fn field_path(&mut self, node: &Node) -> Option<FieldPath> {
        let found = FieldPath::parse(&node.key_text());
        found
            .map_err(|why| self.errors.push(bad(node, format!("not a path: {why}"))))
            .ok()
    }

    fn text(&mut self, field: &str) -> Option<String> {
        self.node
            .get(field)
            .and_then(Node::as_str)
            .map(ToOwned::to_owned)
    }

    fn path(&mut self, field: &str) -> Option<String> {
        let path = self.text(field).as_deref().and_then(inside);
        if path.is_none() {
            let at = self.node.get(field).unwrap_or(self.node);
            let what = format!("`{field}` must be a path in the repository");
            self.errors.push(bad(at, what));
        }
        path
    }
}

/// Something in an overlay's file is wrong.
pub fn bad(node: &Node, what: impl Into<String>) -> Diagnostic {
    problem("repo/bad-overlay", what)
        .at(&node.span)
        .help("docs/tenant-repo.md shows what a change is made of")
}
