//! One rendering: its variables, what it looked up so far, and what went wrong on the way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::{Error, ErrorKind, Value};

use super::door::Reason;
use super::engine::Inner;
use super::fault::{Fault, Miss, Signal};
use super::lazy::{self, Place};
use super::scope::Scope;
use crate::diagnostic::Diagnostic;
use crate::input::{Node, Span, Var, Variables};

/// How deep variables may nest; Ansible's own limit is Python's stack.
const DEPTH: usize = 50;

/// The variables of one place (the task's, or those of one host in `hostvars`) during a rendering.
pub(super) struct Run {
    pub inner: Arc<Inner>,
    pub vars: Arc<dyn Variables>,
    /// How names are called in messages: empty, or `hostvars['x'].`.
    prefix: String,
    memo: Mutex<HashMap<String, Cached>>,
    shared: Arc<Mutex<Trail>>,
}

/// What happened so far, over all places of a rendering.
#[derive(Default)]
pub(super) struct Trail {
    /// Variables being rendered, outermost first.
    stack: Vec<(String, Option<Span>)>,
    /// Undefined values that came up and nothing forgave yet.
    pub misses: Vec<Miss>,
    /// The first thing that makes the outcome void whatever the template does with it.
    pub verdict: Option<Fault>,
    /// Values written by the template being rendered, for native types.
    pub emitted: Vec<Vec<Value>>,
}

/// A value that was rendered before, or why there is none.
#[derive(Clone)]
pub(super) enum Cached {
    Value(Value),
    Undefined(Box<Diagnostic>),
}

impl std::fmt::Debug for Run {
    // Variables hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Run({})", self.prefix)
    }
}

impl Run {
    pub fn new(inner: Arc<Inner>, vars: Arc<dyn Variables>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            vars,
            prefix: String::new(),
            memo: Mutex::default(),
            shared: Arc::default(),
        })
    }

    /// The same rendering, seen from other variables.
    fn inside(&self, vars: Arc<dyn Variables>, label: &str) -> Arc<Self> {
        Arc::new(Self {
            inner: Arc::clone(&self.inner),
            vars,
            prefix: format!("{label}."),
            memo: Mutex::default(),
            shared: Arc::clone(&self.shared),
        })
    }

    /// The same rendering with other variables under the same names: a template file's own.
    pub fn layered(&self, vars: Arc<dyn Variables>) -> Arc<Self> {
        Arc::new(Self {
            inner: Arc::clone(&self.inner),
            vars,
            prefix: self.prefix.clone(),
            memo: Mutex::default(),
            shared: Arc::clone(&self.shared),
        })
    }

    pub fn trail(&self) -> MutexGuard<'_, Trail> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A variable's value; `None` if there is none of that name.
    pub fn lookup(self: &Arc<Self>, name: &str) -> Option<Value> {
        if let Some(cached) = self.memo().get(name).cloned() {
            return Some(self.recall(name, cached));
        }
        let var = self.vars.get(name)?;
        let label = format!("{}{name}", self.prefix);
        let cached = self.var(var, &label);
        self.memo().insert(name.to_owned(), cached.clone());
        Some(self.recall(name, cached))
    }

    fn memo(&self) -> MutexGuard<'_, HashMap<String, Cached>> {
        self.memo.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A cached value; an undefined one is missed anew.
    pub fn recall(&self, name: &str, cached: Cached) -> Value {
        match cached {
            Cached::Value(value) => value,
            Cached::Undefined(cause) => {
                self.trail().misses.push(Miss::because(name, cause));
                Value::UNDEFINED
            }
        }
    }

    fn var(self: &Arc<Self>, var: Var, label: &str) -> Cached {
        match var {
            Var::Data(json) => Cached::Value(super::convert::from_json(&json)),
            Var::Unknown(reason) => Cached::Value(self.unknown(reason)),
            Var::Scope(vars) => Cached::Value(Scope::value(self.inside(vars, label))),
            Var::Written(node) => self.written(&Place::root(node), label),
        }
    }

    /// The value of something a person wrote.
    pub fn written(self: &Arc<Self>, place: &Place, label: &str) -> Cached {
        let node = place.node();
        let span = Some(node.span.clone());
        if let Some(fault) = self.enter(label, span.as_ref()) {
            return Cached::Value(self.failed(fault));
        }
        let result = lazy::value(self, place, label);
        self.trail().stack.pop();
        match result {
            Ok(value) => Cached::Value(value),
            Err(Fault::Undefined(cause)) => Cached::Undefined(cause),
            Err(fault) => Cached::Value(self.failed(fault)),
        }
    }

    /// Notes that a variable is being rendered; a cycle is a fault.
    fn enter(&self, label: &str, span: Option<&Span>) -> Option<Fault> {
        let mut trail = self.trail();
        if let Some(first) = trail.stack.iter().position(|(name, _)| name == label) {
            let mut names: Vec<String> = trail.stack[first..]
                .iter()
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            names.push(format!("`{label}`"));
            let mut diagnostic = Diagnostic::error(
                "template/cycle",
                format!("the variable `{label}` needs itself"),
            )
            .at_maybe(span)
            .why(names.join(" needs "))
            .help("break the circle: give one of them a value of its own");
            for (name, span) in trail.stack.iter().skip(first + 1) {
                if let Some(span) = span {
                    diagnostic = diagnostic.related(span, format!("`{name}` is written here"));
                }
            }
            return Some(Fault::Wrong(Box::new(diagnostic)));
        }
        if trail.stack.len() >= DEPTH {
            return Some(Fault::Wrong(Box::new(
                Diagnostic::error(
                    "template/cycle",
                    format!("variables are nested more than {DEPTH} deep at `{label}`"),
                )
                .at_maybe(span),
            )));
        }
        trail.stack.push((label.to_owned(), span.cloned()));
        None
    }

    /// A value that voids the outcome: not there yet.
    pub fn unknown(&self, reason: Reason) -> Value {
        self.failed(Fault::Unknown(reason))
    }

    /// A value that fails whatever uses it; the outcome is decided even if nothing notices.
    pub fn failed(&self, fault: Fault) -> Value {
        Value::from(self.error(fault))
    }

    /// An error that carries a fault through the template engine.
    pub fn error(&self, fault: Fault) -> Error {
        let mut trail = self.trail();
        // Unknown wins over wrong: what is wrong may be a consequence.
        let keep = matches!(
            (&trail.verdict, &fault),
            (Some(Fault::Unknown(_)), _) | (Some(_), Fault::Wrong(_) | Fault::Undefined(_))
        );
        if !keep {
            trail.verdict = Some(fault.clone());
        }
        drop(trail);
        Error::new(
            ErrorKind::InvalidOperation,
            "needs a value that is not there",
        )
        .with_source(Signal(fault))
    }

    /// Forgets the last undefined value: something took it for granted (`default`, `is defined`).
    pub fn forgive(&self) {
        self.trail().misses.pop();
    }

    /// Notes an undefined value.
    pub fn miss(&self, miss: Miss) {
        self.trail().misses.push(miss);
    }

    /// The value of a node that is not a variable: a task's argument.
    pub fn node(self: &Arc<Self>, node: &Arc<Node>) -> Result<Value, Fault> {
        lazy::value(self, &Place::root(Arc::clone(node)), "")
    }
}
