//! The door's one type: renders, decides conditions, checks, and says what a template needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use minijinja::Environment;
use minijinja::value::ValueKind;

use super::convert;
use super::door::{Unrendered, World};
use super::environment;
use super::evaluate;
use super::fault::Fault;
use super::rewrite::{self, Backslashes, Embedding, Marks, Shape};
use super::run::Run;
use super::source;
pub(super) use super::source::whole as whole_text;
use super::text_options::TextOptions;
use crate::diagnostic::{Diagnostic, nearest};
use crate::input::{Json, Kind, Node, Source, Variables};

/// Ansible's template engine. Cheap to clone and to share between threads.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// What all renderings share.
pub(super) struct Inner {
    pub environment: Environment<'static>,
    pub world: World,
}

impl Inner {
    /// Whether a name is a function of the engine.
    #[expect(
        clippy::unused_self,
        reason = "asked of the engine, whatever it is made of"
    )]
    pub fn is_global(&self, name: &str) -> bool {
        environment::GLOBALS.contains(&name)
    }

    /// Whether there is a filter of this name, short or fully qualified.
    pub fn has_filter(&self, name: &str) -> bool {
        let mut state = self.environment.empty_state();
        let found = state.apply_filter(name, &[minijinja::Value::UNDEFINED]);
        found
            .err()
            .is_none_or(|error| error.kind() != minijinja::ErrorKind::UnknownFilter)
    }

    /// Whether there is a test of this name, short or fully qualified.
    pub fn has_test(&self, name: &str) -> bool {
        let mut state = self.environment.empty_state();
        let found = state.perform_test(name, &[minijinja::Value::UNDEFINED]);
        found
            .err()
            .is_none_or(|error| error.kind() != minijinja::ErrorKind::UnknownTest)
    }

    /// The message for a filter that does not exist.
    #[expect(
        clippy::unused_self,
        reason = "asked of the engine, whatever it is made of"
    )]
    pub fn unknown_filter(&self, name: &str) -> Diagnostic {
        let known = super::filters::names();
        unknown("template/unknown-filter", "filter", name, &known)
    }

    /// The message for a test that does not exist.
    #[expect(
        clippy::unused_self,
        reason = "asked of the engine, whatever it is made of"
    )]
    pub fn unknown_test(&self, name: &str) -> Diagnostic {
        let known = super::predicates::names();
        unknown("template/unknown-test", "test", name, &known)
    }

    /// The message for a function that does not exist.
    #[expect(
        clippy::unused_self,
        reason = "asked of the engine, whatever it is made of"
    )]
    pub fn unknown_function(&self, name: &str) -> Diagnostic {
        unknown(
            "template/unknown-function",
            "function",
            name,
            environment::GLOBALS,
        )
    }
}

fn unknown(code: &'static str, what: &str, name: &str, known: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::error(code, format!("there is no {what} `{name}`"));
    let short = name.rsplit('.').next().unwrap_or(name);
    match nearest(short, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}

impl Engine {
    /// An engine for a world.
    pub fn new(world: World) -> Self {
        Self {
            inner: Arc::new(Inner {
                environment: environment::build(),
                world,
            }),
        }
    }

    /// The same engine that looks for files elsewhere: a task's role and playbook.
    #[must_use]
    pub fn searching(&self, search: Vec<std::path::PathBuf>) -> Self {
        Self {
            inner: Arc::new(Inner {
                environment: self.inner.environment.clone(),
                world: World {
                    search,
                    ..self.inner.world.clone()
                },
            }),
        }
    }

    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    fn run(&self, vars: &Arc<dyn Variables>) -> Arc<Run> {
        Run::new(Arc::clone(&self.inner), Arc::clone(vars))
    }

    /// Renders everything in a node to plain data, with native types: text that is one expression
    /// gives that expression's value. Entries that are `omit` are left out; that the node itself
    /// is `omit` is an error (see [`Engine::render_optional`]).
    pub fn render(&self, node: &Arc<Node>, vars: &Arc<dyn Variables>) -> Result<Json, Unrendered> {
        self.render_optional(node, vars)?.ok_or_else(|| {
            Diagnostic::error("template/omitted", "`omit` is the whole value here")
                .at(&node.span)
                .help("`omit` leaves out an entry of a mapping or a list")
                .into()
        })
    }

    /// Like [`Engine::render`]; `None` if the node's value is `omit`.
    pub fn render_optional(
        &self,
        node: &Arc<Node>,
        vars: &Arc<dyn Variables>,
    ) -> Result<Option<Json>, Unrendered> {
        let run = self.run(vars);
        let result = run
            .node(node)
            .and_then(|value| convert::to_json(&value).map_err(|error| finish(&run, error, node)));
        settle(&run, result)
    }

    /// Renders a whole text: a file of the `template` module. Includes and imports are looked for
    /// beside it and in the search path.
    pub fn render_source(
        &self,
        source: &Arc<Source>,
        vars: &Arc<dyn Variables>,
        options: TextOptions,
    ) -> Result<String, Unrendered> {
        let run = self.run(vars);
        let result = source::render(&run, source, options);
        settle(&run, result)
    }

    /// Decides `when`, `until`, `failed_when` or `changed_when`: a boolean, an expression without
    /// `{{ }}`, or a list of them that must all hold.
    pub fn condition(&self, node: &Node, vars: &Arc<dyn Variables>) -> Result<bool, Unrendered> {
        match &node.kind {
            Kind::Bool(value) => Ok(*value),
            Kind::Seq(items) => {
                for item in items {
                    if !self.condition(item, vars)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Kind::Str(text) => {
                if let Some(diagnostic) = delimited(text, node) {
                    return Err(diagnostic.into());
                }
                let run = self.run(vars);
                let result = evaluate::condition(&run, text, node).and_then(|value| {
                    if value.kind() == ValueKind::Bool {
                        Ok(value.is_true())
                    } else {
                        Err(Fault::Wrong(Box::new(not_boolean(
                            super::names::type_words(&value),
                            node,
                        ))))
                    }
                });
                settle(&run, result)
            }
            _ => Err(not_boolean(node.type_name(), node).into()),
        }
    }

    /// The variables that a node's templates name, so far as names alone tell: what the variables
    /// themselves need is not followed.
    pub fn needs(&self, node: &Node) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.collect_needs(node, &mut found);
        found
    }

    fn collect_needs(&self, node: &Node, found: &mut BTreeSet<String>) {
        match &node.kind {
            Kind::Str(text) if node.tag.as_deref() != Some("!unsafe") => {
                if rewrite::shape(text) != Shape::Plain {
                    let text = rewrite::template(text, &Marks::default(), Backslashes::Plain).text;
                    if let Ok(template) = self.inner.environment.template_from_str(&text) {
                        found.extend(self.own(template.undeclared_variables(false)));
                    }
                }
            }
            Kind::Seq(items) => items
                .iter()
                .for_each(|item| self.collect_needs(item, found)),
            Kind::Map(entries) => {
                for (key, value) in entries {
                    self.collect_needs(key, found);
                    self.collect_needs(value, found);
                }
            }
            _ => {}
        }
    }

    /// The variables that a condition names.
    pub fn condition_needs(&self, node: &Node) -> BTreeSet<String> {
        match &node.kind {
            Kind::Str(text) => {
                let text = rewrite::expression(text, 0..text.len(), Embedding::Everywhere).text;
                self.inner
                    .environment
                    .compile_expression(&text)
                    .map(|expression| self.own(expression.undeclared_variables(false)).collect())
                    .unwrap_or_default()
            }
            Kind::Seq(items) => items
                .iter()
                .flat_map(|item| self.condition_needs(item))
                .collect(),
            _ => BTreeSet::new(),
        }
    }

    fn own(
        &self,
        names: std::collections::HashSet<String>,
    ) -> impl Iterator<Item = String> + use<'_> {
        names
            .into_iter()
            .filter(|name| !name.starts_with("__") && !self.inner.is_global(name))
    }
}

/// The outcome of a rendering: what came up on the way decides over what the template made of it.
fn settle<T>(run: &Arc<Run>, result: Result<T, Fault>) -> Result<T, Unrendered> {
    match run.trail().verdict.take() {
        Some(Fault::Unknown(reason)) => Err(Unrendered::Unknown(reason)),
        Some(fault) if result.is_ok() => Err(fault.into()),
        _ => result.map_err(Unrendered::from),
    }
}

/// An error while the result became plain data.
fn finish(run: &Arc<Run>, error: minijinja::Error, node: &Node) -> Fault {
    let rewritten = rewrite::Rewritten::default();
    let text = node.as_str().unwrap_or_default();
    Fault::of(
        run,
        error,
        Some(&super::fault::Context {
            node,
            text,
            rewritten: &rewritten,
        }),
    )
}

/// A condition that has `{{ }}` or `{% %}` outside of strings.
pub(super) fn delimited(text: &str, node: &Node) -> Option<Diagnostic> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Some(
            Diagnostic::error("template/empty-condition", "the condition is empty").at(&node.span),
        );
    }
    let bare = trimmed
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .filter(|rest| !rest.contains("{{"));
    let statement = trimmed.starts_with("{%");
    let outside = rewrite::has_delimiter(text);
    if bare.is_none() && !statement && !outside {
        return None;
    }
    let diagnostic = Diagnostic::error(
        "template/delimiters-in-condition",
        "a condition is an expression already: `{{ }}` is not allowed in it",
    )
    .at(&node.span);
    Some(match bare {
        Some(bare) => diagnostic.help(format!("write `{}`", bare.trim())),
        None => diagnostic.help("write variables without `{{ }}`"),
    })
}

fn not_boolean(what: &str, node: &Node) -> Diagnostic {
    let help = match what {
        "a list" | "a mapping" => "say what is meant: `… | length > 0`",
        "null" => "say what is meant: `… is not none`",
        "a string" => "say what is meant: `… | length > 0`, or `… | bool` for a text like \"yes\"",
        _ => "say what is meant: `… | bool`, a comparison, or `… is defined`",
    };
    Diagnostic::error(
        "template/not-boolean",
        format!("the condition gives {what}, not a boolean"),
    )
    .at(&node.span)
    .why("ansible-core 2.19 and later refuse conditions that are not true or false")
    .help(help)
}
