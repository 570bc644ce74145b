//! `--set nautes.components.harbor.storage=40Gi`: one leaf of a mapping, on every host.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::input::{Kind, Node, Rules, Source, Span, Var, parse_one};
use crate::inventory::{Inventory, Options, Vars};

/// The variable whose paths need not exist yet: its schema says later what is allowed.
const TYPED: &str = "nautes";

/// One `--set`.
struct Leaf {
    path: Vec<(String, Span)>,
    value: Node,
}

/// Applies every `--set`; what is wrong with them.
pub(in crate::inventory) fn set(options: &Options, inventory: &mut Inventory) -> Diagnostics {
    let mut errors = Vec::new();
    for written in &options.set {
        if let Err(error) = Leaf::read(written).and_then(|leaf| leaf.apply(inventory)) {
            errors.push(error);
        }
    }
    errors
}

impl Leaf {
    fn read(written: &str) -> Result<Self, Diagnostic> {
        let source = Source::new("--set", written);
        let span = |start, end| Span {
            source: Arc::clone(&source),
            start,
            end,
        };
        let error = |what: &str, start, end| {
            Diagnostic::error("inventory/set", what)
                .at(&span(start, end))
                .help("write `--set nautes.components.NAME.INPUT=VALUE`")
        };
        let Some(equals) = written.find('=') else {
            return Err(error("`--set` needs a path and a value", 0, written.len()));
        };
        let mut path = Vec::new();
        let mut start = 0;
        for part in written[..equals].split('.') {
            let end = start + part.len();
            if part.is_empty() {
                return Err(error("the path has an empty part", start, end));
            }
            path.push((part.to_owned(), span(start, end)));
            start = end + 1;
        }
        // Parsed where it stands, so that its place in `--set` is right.
        let blanks = written[..=equals].chars().map(|_| ' ').collect::<String>();
        let text = blanks + &written[equals + 1..];
        let value = parse_one(&Source::new("--set", text), Rules::Ansible).map_err(|errors| {
            let first = errors.into_iter().next();
            first.map_or_else(
                || error("the value is not YAML", equals + 1, written.len()),
                Diagnostic::from,
            )
        })?;
        let value = Node {
            span: span(equals + 1, written.len()),
            ..value
        };
        Ok(Self { path, value })
    }

    fn root(&self) -> &str {
        self.path.first().map_or("", |(name, _)| name)
    }

    fn apply(&self, inventory: &mut Inventory) -> Result<(), Diagnostic> {
        let root = self.root();
        let typed = root == TYPED;
        let everywhere = inventory.groups.get_mut("all").map(|group| &mut group.vars);
        let hosts = inventory.hosts.values_mut().map(|host| &mut host.vars);
        let targets = std::iter::once(&mut inventory.extra)
            .chain(everywhere)
            .chain(std::iter::once(&mut inventory.localhost.vars))
            .chain(hosts);
        let mut names: Vec<String> = Vec::new();
        let mut found = false;
        for (index, vars) in targets.enumerate() {
            // `nautes` may be new, but not among the extra variables: they replace it whole.
            let new = typed && index > 0;
            if vars.contains_key(root) || new {
                self.within(vars)?;
                found = true;
            } else {
                names.extend(vars.keys().cloned());
            }
        }
        if found {
            return Ok(());
        }
        let known = names.iter().map(String::as_str).chain([TYPED]);
        Err(self.unknown(0, known))
    }

    fn within(&self, vars: &mut Vars) -> Result<(), Diagnostic> {
        let root = self.root().to_owned();
        let now = match vars.get(&root) {
            Some(Var::Written(node)) => (**node).clone(),
            _ => Node::new(self.value.span.clone(), Kind::Map(Vec::new())),
        };
        let changed = self.replaced(now, 1)?;
        vars.insert(root, changed.into());
        Ok(())
    }

    /// The node with the leaf below `depth` set.
    fn replaced(&self, mut node: Node, depth: usize) -> Result<Node, Diagnostic> {
        let Some((key, place)) = self.path.get(depth) else {
            return Ok(self.value.clone());
        };
        let typed = self.root() == TYPED;
        if node.is_null() && typed {
            node.kind = Kind::Map(Vec::new());
        }
        let kind = node.type_name();
        let Kind::Map(entries) = &mut node.kind else {
            let above = self.path.get(depth - 1).map_or("", |(name, _)| name);
            return Err(
                Diagnostic::error("inventory/set", format!("`{above}` has no `{key}`"))
                    .at(place)
                    .related(&node.span, format!("`{above}` is {kind}")),
            );
        };
        if let Some((_, value)) = entries.iter_mut().find(|(k, _)| k.as_str() == Some(key)) {
            *value = self.replaced(value.clone(), depth + 1)?;
            return Ok(node);
        }
        if !typed {
            let names: Vec<String> = entries.iter().map(|(key, _)| key.key_text()).collect();
            return Err(self.unknown(depth, names.iter().map(String::as_str)));
        }
        let name = Node::new(place.clone(), Kind::Str(key.clone()));
        let empty = Node::new(place.clone(), Kind::Map(Vec::new()));
        entries.push((name, self.replaced(empty, depth + 1)?));
        Ok(node)
    }

    fn unknown<'a>(&self, depth: usize, known: impl Iterator<Item = &'a str>) -> Diagnostic {
        let (name, place) = &self.path[depth];
        let error = Diagnostic::error("inventory/set", format!("there is no `{name}` to set"))
            .at(place)
            .why("`--set` changes one leaf of what the inventory has");
        match nearest(name, known) {
            Some(near) => error.help(format!("write `{near}`")),
            None => error.help("`-e name=value` makes a new variable"),
        }
    }
}
