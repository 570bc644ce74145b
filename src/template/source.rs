//! Whole texts: files of the `template` module, with what they include.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::Error;

use super::door::World;
use super::fault::{Context, Fault};
use super::rewrite::{self, Backslashes, Marks, Rewritten};
use super::run::Run;
use super::scope::Scope;
use super::text_options::TextOptions;
use crate::diagnostic::Diagnostic;
use crate::input::{FileKind, Kind, Node, Source, Span, Var, Variables};

/// Variables with some in front of them.
pub(super) struct Layered {
    pub first: BTreeMap<String, Var>,
    pub rest: Arc<dyn Variables>,
    /// Used only where the others have nothing.
    pub last: BTreeMap<String, Var>,
}

impl Layered {
    /// No variables at all.
    pub fn nothing() -> Self {
        struct Nothing;
        impl Variables for Nothing {
            fn get(&self, _: &str) -> Option<Var> {
                None
            }
            fn names(&self) -> Vec<String> {
                Vec::new()
            }
        }
        Self {
            first: BTreeMap::new(),
            rest: Arc::new(Nothing),
            last: BTreeMap::new(),
        }
    }
}

impl Variables for Layered {
    fn get(&self, name: &str) -> Option<Var> {
        self.first
            .get(name)
            .cloned()
            .or_else(|| self.rest.get(name))
            .or_else(|| self.last.get(name).cloned())
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.rest.names();
        for name in self.first.keys().chain(self.last.keys()) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}

/// A text and how it was rewritten, by the name the engine knows it by.
type Loaded = Arc<Mutex<HashMap<String, (Node, Rewritten)>>>;

/// A file that a lookup names: in the search path of the task that asks, then in the world's.
pub(super) fn find_for(run: &Run, folder: &str, path: &str) -> Option<PathBuf> {
    find(&asked_by(run), folder, path)
}

/// All places where a lookup may mean a file.
pub(super) fn candidates_for(run: &Run, folder: &str, path: &str) -> Vec<PathBuf> {
    candidates(&asked_by(run), folder, path)
}

fn asked_by(run: &Run) -> World {
    let mut world = run.inner.world.clone();
    if let Some(Var::Data(crate::input::Json::Array(folders))) = run.vars.get("ansible_search_path")
    {
        let folders = folders.iter().filter_map(|folder| folder.as_str());
        world.search.splice(0..0, folders.map(PathBuf::from));
    }
    world
}

/// Where a relative path is looked for: the search path's subdirectory first.
pub(super) fn find(world: &World, folder: &str, path: &str) -> Option<PathBuf> {
    let is_file = |path: &Path| {
        matches!(
            world.files.kind(path),
            Some(FileKind::File | FileKind::Executable)
        )
    };
    candidates(world, folder, path)
        .into_iter()
        .find(|path| is_file(path))
}

/// All places where a path may be.
pub(super) fn candidates(world: &World, folder: &str, path: &str) -> Vec<PathBuf> {
    if let Some(rest) = path.strip_prefix("~/")
        && let Some(home) = world.processes.environment("HOME")
    {
        return vec![Path::new(&home).join(rest)];
    }
    if Path::new(path).is_absolute() || world.search.is_empty() {
        return vec![PathBuf::from(path)];
    }
    world
        .search
        .iter()
        .flat_map(|directory| [directory.join(folder).join(path), directory.join(path)])
        .collect()
}

/// A node that is a whole text, from a byte of its source on.
pub(super) fn whole(source: &Arc<Source>, start: usize) -> Node {
    Node::new(
        Span {
            source: Arc::clone(source),
            start,
            end: source.text.len(),
        },
        Kind::Str(source.text.get(start..).unwrap_or_default().to_owned()),
    )
}

/// Renders a text with the variables of a run.
pub(super) fn render(
    run: &Arc<Run>,
    source: &Arc<Source>,
    mut options: TextOptions,
) -> Result<String, Fault> {
    let start = options.take_header(&source.text).map_err(|diagnostic| {
        let end = source.text.find('\n').unwrap_or(source.text.len());
        let line = Span {
            source: Arc::clone(source),
            start: 0,
            end,
        };
        Fault::Wrong(Box::new(diagnostic.at(&line)))
    })?;
    let run = run.layered(layers(run, source, &options));
    let node = whole(source, start);
    let text = node.as_str().unwrap_or_default().to_owned();
    let rewritten = rewrite::template(&text, &options.marks(), Backslashes::Escapes);
    let loaded: Loaded = Arc::default();
    let environment = environment(&run, source, &options, &loaded).map_err(|error| {
        let what = format!("the marks of the template are not valid: {error}");
        Fault::Wrong(Box::new(
            Diagnostic::error("template/header", what).at(&node.span),
        ))
    })?;
    run.trail().emitted.push(Vec::new());
    let output = environment
        .template_from_named_str(&source.name, &rewritten.text)
        .and_then(|template| template.render(Scope::context(Arc::clone(&run))));
    run.trail().emitted.pop();
    let output = output.map_err(|error| {
        let own = Context {
            node: &node,
            text: &text,
            rewritten: &rewritten,
        };
        place_in_included(&run, error, &own, &loaded)
    })?;
    // A block at the end, or what is extended, may take line breaks with it: Ansible gives them back.
    let ends = |text: &str| text.len() - text.trim_end_matches('\n').len();
    let missing = ends(&text).saturating_sub(ends(&output));
    let output = output + &"\n".repeat(missing);
    Ok(if options.newline == "\n" {
        output
    } else {
        output.replace('\n', &options.newline)
    })
}

/// An error of the text, or of one it includes.
fn place_in_included(run: &Arc<Run>, error: Error, own: &Context<'_>, loaded: &Loaded) -> Fault {
    let loaded = loaded.lock().unwrap_or_else(PoisonError::into_inner);
    let mut name = error.name().map(str::to_owned);
    let mut next = std::error::Error::source(&error);
    while let Some(current) = next {
        if let Some(inner) = current.downcast_ref::<Error>().and_then(Error::name) {
            name = Some(inner.to_owned());
        }
        next = current.source();
    }
    match name.and_then(|name| loaded.get(&name)) {
        Some((node, rewritten)) => {
            let context = Context {
                node,
                text: node.as_str().unwrap_or_default(),
                rewritten,
            };
            Fault::of(run, error, Some(&context)).needed_by(Some(own))
        }
        None => Fault::of(run, error, Some(own)),
    }
}

/// What a template file sees besides the variables.
fn layers(run: &Arc<Run>, source: &Arc<Source>, options: &TextOptions) -> Arc<dyn Variables> {
    let data = |text: &str| Var::Data(text.into());
    let first = options
        .variables
        .iter()
        .map(|(name, value)| (name.clone(), Var::Data(value.clone())))
        .collect();
    let world = &run.inner.world;
    let full = world
        .files
        .real_path(Path::new(&source.name))
        .map_or_else(|_| source.name.clone(), |path| path.display().to_string());
    let host = world.processes.environment("HOSTNAME").unwrap_or_default();
    let last = [
        ("ansible_managed", data("Ansible managed")),
        ("template_path", data(&source.name)),
        ("template_fullpath", data(&full)),
        ("template_host", data(&host)),
        ("template_destpath", Var::Data(crate::input::Json::Null)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    Arc::new(Layered {
        first,
        rest: Arc::clone(&run.vars),
        last,
    })
}

/// The environment with the text's own marks, and a loader for what it includes.
fn environment(
    run: &Arc<Run>,
    source: &Arc<Source>,
    options: &TextOptions,
    loaded: &Loaded,
) -> Result<minijinja::Environment<'static>, Error> {
    let mut environment = run.inner.environment.clone();
    let syntax = options.syntax()?;
    environment.set_syntax(syntax);
    let mut world = run.inner.world.clone();
    if let Some(parent) = Path::new(&source.name).parent() {
        world.search.insert(0, parent.to_owned());
    }
    let marks = options.marks();
    let loaded = Arc::clone(loaded);
    environment.set_loader(move |name| load(&world, &marks, &loaded, name));
    Ok(environment)
}

fn load(
    world: &World,
    marks: &Marks,
    loaded: &Loaded,
    name: &str,
) -> Result<Option<String>, Error> {
    let Some(path) = find(world, "templates", name) else {
        return Ok(None);
    };
    let failed = |what: String| Error::new(minijinja::ErrorKind::InvalidOperation, what);
    let bytes = world
        .files
        .read(&path)
        .map_err(|error| failed(format!("cannot read `{}`: {error}", path.display())))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| failed(format!("`{}` is not UTF-8", path.display())))?;
    let node = whole(&Source::new(path.display().to_string(), text), 0);
    let rewritten = rewrite::template(
        node.as_str().unwrap_or_default(),
        marks,
        Backslashes::Escapes,
    );
    let text = rewritten.text.clone();
    loaded
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(name.to_owned(), (node, rewritten));
    Ok(Some(text))
}
