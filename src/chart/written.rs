//! Reading the fields of a chart's own files, with the place of what is wrong.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, meant, read_one};
use crate::input::{self, Files, Node, Rules, Source};

/// The text of a file.
pub fn source(files: &dyn Files, path: &Path) -> Result<Arc<Source>, Diagnostic> {
    let name = path.display().to_string();
    let bytes = files.read(path).map_err(|error| {
        Diagnostic::error("chart/unreadable", format!("cannot read `{name}`"))
            .why(error.to_string())
            .help("a chart has `chart.yaml`, `values.yaml` and `versions/`: docs/components.md")
    })?;
    input::decode(name, bytes).map_err(Diagnostic::from)
}

/// The one document of a text.
pub fn node(source: &Arc<Source>) -> Result<Node, Diagnostics> {
    read_one(source, Rules::Kubernetes)
}

/// A mapping that is read field by field; what nobody asked for is an error.
pub struct Fields<'a> {
    node: &'a Node,
    what: &'a str,
    known: Vec<&'static str>,
    /// What was wrong so far.
    pub errors: Diagnostics,
}

impl<'a> Fields<'a> {
    /// The fields of `what` (for messages).
    pub fn new(node: &'a Node, what: &'a str) -> Self {
        let mut errors = Diagnostics::new();
        if node.as_map().is_none() {
            errors.push(bad(
                node,
                format!("{what} must be a mapping, not {}", node.type_name()),
            ));
        }
        Self {
            node,
            what,
            known: Vec::new(),
            errors,
        }
    }

    /// A field, if it is there.
    pub fn get(&mut self, name: &'static str) -> Option<&'a Node> {
        self.known.push(name);
        self.node.get(name).filter(|node| !node.is_null())
    }

    /// A text that must be there.
    pub fn text(&mut self, name: &'static str) -> String {
        match self.get(name).map(|node| (node, node.as_str())) {
            Some((_, Some(text))) => text.to_owned(),
            Some((node, None)) => {
                let message = format!("`{name}` must be text, not {}", node.type_name());
                self.errors.push(bad(node, message));
                String::new()
            }
            None => {
                let message = format!("{} has no `{name}`", self.what);
                self.errors.push(bad(self.node, message));
                String::new()
            }
        }
    }

    /// A text that may be there.
    pub fn maybe_text(&mut self, name: &'static str) -> Option<String> {
        self.node.get(name).filter(|node| !node.is_null())?;
        Some(self.text(name))
    }

    /// A list that may be there.
    pub fn list(&mut self, name: &'static str) -> &'a [Node] {
        let Some(node) = self.get(name) else {
            return &[];
        };
        node.as_seq().unwrap_or_else(|| {
            let message = format!("`{name}` must be a list, not {}", node.type_name());
            self.errors.push(bad(node, message));
            &[]
        })
    }

    /// A mapping that may be there.
    pub fn map(&mut self, name: &'static str) -> &'a [(Node, Node)] {
        let Some(node) = self.get(name) else {
            return &[];
        };
        node.as_map().unwrap_or_else(|| {
            let message = format!("`{name}` must be a mapping, not {}", node.type_name());
            self.errors.push(bad(node, message));
            &[]
        })
    }

    /// A mapping of texts that may be there.
    pub fn texts(&mut self, name: &'static str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (key, value) in self.map(name) {
            match value.as_str() {
                Some(text) => found.push((key.key_text(), text.to_owned())),
                None => self.errors.push(bad(
                    value,
                    format!("`{name}.{}` must be text", key.key_text()),
                )),
            }
        }
        found
    }

    /// What was wrong, with what nobody asked for.
    pub fn end(mut self) -> Diagnostics {
        for (key, _) in self.node.as_map().unwrap_or_default() {
            let name = key.key_text();
            if !self.known.contains(&name.as_str()) {
                let takes = format!("it takes `{}`", self.known.join("`, `"));
                let help = meant(&name, self.known.iter().copied(), takes);
                self.errors
                    .push(bad(key, format!("{} has no field `{name}`", self.what)).help(help));
            }
        }
        self.errors
    }
}

/// Something in a chart's file is wrong.
pub fn bad(node: &Node, what: impl Into<String>) -> Diagnostic {
    Diagnostic::error("chart/bad-file", what).at(&node.span)
}
