//! What goes wrong in a template, on its way from minijinja to a diagnostic with a place.

use std::sync::Arc;

use minijinja::{Error, ErrorKind, Value};

use super::door::{Reason, Unrendered};
use super::names;
use super::place;
use super::rewrite::Rewritten;
use super::run::Run;
use crate::diagnostic::{Diagnostic, nearest};
use crate::input::{Node, Span};

/// Why a value is not there.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// Not yet.
    Unknown(Reason),
    /// A variable or a key is not defined; `default` and `is defined` may forgive it.
    Undefined(Box<Diagnostic>),
    /// Anything else.
    Wrong(Box<Diagnostic>),
}

impl From<Fault> for Unrendered {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unknown(reason) => Self::Unknown(reason),
            Fault::Undefined(diagnostic) | Fault::Wrong(diagnostic) => Self::Wrong(diagnostic),
        }
    }
}

/// A fault inside an error of the template engine.
#[derive(Debug)]
pub(super) struct Signal(pub Fault);

impl std::fmt::Display for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value is not there")
    }
}

impl std::error::Error for Signal {}

/// An undefined value that came up.
#[derive(Clone, Debug)]
pub(super) struct Miss {
    /// The variable's name, or the key.
    name: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Variable,
    /// A key of a mapping, with the chain's place in the text and what the mapping has.
    Key {
        range: (usize, usize),
        owner: &'static str,
        has: Vec<String>,
    },
    /// The variable is there, but something in it is not.
    Because(Box<Diagnostic>),
    /// A text of our own.
    Said(String),
}

impl Miss {
    pub fn variable(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            what: What::Variable,
        }
    }

    pub fn because(name: &str, cause: Box<Diagnostic>) -> Self {
        Self {
            name: name.to_owned(),
            what: What::Because(cause),
        }
    }

    pub fn said(text: String) -> Self {
        Self {
            name: String::new(),
            what: What::Said(text),
        }
    }

    /// A key or item that `owner` has not, looked up by the chain at `range`.
    pub fn key(key: &Value, owner: &Value, range: (usize, usize)) -> Self {
        let has = match owner.kind() {
            minijinja::value::ValueKind::Map => owner
                .try_iter()
                .map(|keys| keys.take(1000).map(|key| key.to_string()).collect())
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        Self {
            name: key.to_string(),
            what: What::Key {
                range,
                owner: names::type_words(owner),
                has,
            },
        }
    }
}

/// A text being rendered, for places.
pub(super) struct Context<'a> {
    pub node: &'a Node,
    pub text: &'a str,
    /// Where the rewritten part starts is part of its marks.
    pub rewritten: &'a Rewritten,
}

impl Fault {
    /// The fault behind an error of the template engine.
    pub fn of(run: &Arc<Run>, error: Error, context: Option<&Context<'_>>) -> Self {
        if let Some(Fault::Unknown(reason)) = &run.trail().verdict {
            return Self::Unknown(Arc::clone(reason));
        }
        let span = context.and_then(|context| error_place(&error, context));
        if let Some(fault) = carried(&error) {
            return fault.placed(span.as_ref()).needed_by(context);
        }
        if is_undefined(&error) {
            let miss = run.trail().misses.last().cloned();
            if let Some(miss) = miss {
                return Self::Undefined(Box::new(miss.diagnostic(run, context, span)));
            }
            if error.kind() == ErrorKind::UndefinedError {
                return Self::Undefined(Box::new(
                    Diagnostic::error("template/undefined", "a value is undefined")
                        .at_maybe(span.as_ref()),
                ));
            }
        }
        Self::Wrong(Box::new(other(run, &error, span)))
    }

    /// An undefined value that was the result itself.
    pub fn undefined(run: &Arc<Run>, context: Option<&Context<'_>>) -> Self {
        if let Some(Fault::Unknown(reason)) = &run.trail().verdict {
            return Self::Unknown(Arc::clone(reason));
        }
        let span = context.map(|context| context.node.span.clone());
        let miss = run.trail().misses.last().cloned();
        let diagnostic = match miss {
            Some(miss) => miss.diagnostic(run, context, span),
            None => Diagnostic::error("template/undefined", "the result is undefined")
                .at_maybe(span.as_ref())
                .help("an `if` in an expression needs an `else`"),
        };
        Self::Undefined(Box::new(diagnostic))
    }

    /// Says where, if it does not know.
    fn placed(mut self, span: Option<&Span>) -> Self {
        if let Self::Undefined(diagnostic) | Self::Wrong(diagnostic) = &mut self
            && diagnostic.place.is_none()
        {
            diagnostic.place = span.cloned();
        }
        self
    }

    /// Notes who needed the value that is not there.
    pub fn needed_by(self, context: Option<&Context<'_>>) -> Self {
        let Some(context) = context else { return self };
        let note = |mut diagnostic: Box<Diagnostic>| {
            relate(&mut diagnostic, &context.node.span);
            diagnostic
        };
        match self {
            Self::Undefined(diagnostic) => Self::Undefined(note(diagnostic)),
            Self::Wrong(diagnostic) => Self::Wrong(note(diagnostic)),
            unknown @ Self::Unknown(_) => unknown,
        }
    }
}

/// Adds where a value was needed, unless that is the place itself.
fn relate(diagnostic: &mut Diagnostic, span: &Span) {
    let known = diagnostic
        .place
        .iter()
        .chain(diagnostic.related.iter().map(|(span, _)| span))
        .any(|place| {
            place.source == span.source && place.start >= span.start && place.end <= span.end
        });
    if !known {
        diagnostic
            .related
            .push((span.clone(), "needed here".to_owned()));
    }
}

fn carried(error: &Error) -> Option<Fault> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(signal) = error.downcast_ref::<Signal>() {
            return Some(signal.0.clone());
        }
        next = error.source();
    }
    None
}

/// Whether an undefined value is behind it: the engine's own operators only say so in words.
fn is_undefined(error: &Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = next {
        if let Some(error) = current.downcast_ref::<Error>()
            && (error.kind() == ErrorKind::UndefinedError
                || error
                    .detail()
                    .is_some_and(|detail| detail.contains("undefined")))
        {
            return true;
        }
        next = current.source();
    }
    false
}

/// The place of an error: the failing part of the expression where the engine says it.
fn error_place(error: &Error, context: &Context<'_>) -> Option<Span> {
    let Some(range) = error.range() else {
        return Some(context.node.span.clone());
    };
    let start = context.rewritten.original(range.start);
    let end = context
        .rewritten
        .original(range.end.max(range.start + 1))
        .max(start + 1);
    Some(place::of(context.node, context.text, start..end))
}

impl Miss {
    fn diagnostic(
        &self,
        run: &Arc<Run>,
        context: Option<&Context<'_>>,
        span: Option<Span>,
    ) -> Diagnostic {
        let code = "template/undefined";
        match &self.what {
            What::Because(cause) => {
                let mut diagnostic = (**cause).clone();
                if let Some(context) = context {
                    relate(&mut diagnostic, &context.node.span);
                }
                diagnostic
            }
            What::Said(text) => Diagnostic::error(code, text.clone()).at_maybe(span.as_ref()),
            What::Variable => {
                let span = context
                    .and_then(|context| place::word(context.node, context.text, &self.name))
                    .or(span);
                let known = run.vars.names();
                let near = nearest(&self.name, known.iter().map(String::as_str));
                let diagnostic =
                    Diagnostic::error(code, format!("the variable `{}` is not defined", self.name))
                        .at_maybe(span.as_ref());
                match near {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help(format!(
                        "define `{}`, or give it a value with `| default(…)`",
                        self.name
                    )),
                }
            }
            What::Key { range, owner, has } => {
                let chain = context.and_then(|context| context.text.get(range.0..range.1));
                let span = match (context, chain) {
                    (Some(context), Some(_)) => {
                        Some(place::of(context.node, context.text, range.0..range.1))
                    }
                    _ => span,
                };
                let what = match chain {
                    Some(chain) => {
                        format!(
                            "`{}` is not defined: {owner} has no `{}`",
                            chain.trim(),
                            self.name
                        )
                    }
                    None => format!("{owner} has no `{}`", self.name),
                };
                let diagnostic = Diagnostic::error(code, what).at_maybe(span.as_ref());
                match nearest(&self.name, has.iter().map(String::as_str)) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None if !has.is_empty() && has.len() <= 12 => {
                        diagnostic.help(format!("it has `{}`", has.join("`, `")))
                    }
                    None => diagnostic,
                }
            }
        }
    }
}

/// Everything that is not about an undefined value.
fn other(run: &Arc<Run>, error: &Error, span: Option<Span>) -> Diagnostic {
    let innermost = innermost(error);
    let detail = innermost.detail().unwrap_or_default().to_owned();
    let word = |name: &str| name.to_owned();
    let diagnostic = match innermost.kind() {
        ErrorKind::SyntaxError | ErrorKind::BadEscape => Diagnostic::error(
            "template/syntax",
            format!("the template is not valid: {detail}"),
        ),
        ErrorKind::UnknownFilter => {
            let name = detail
                .trim_start_matches("filter ")
                .trim_end_matches(" is unknown");
            run.inner.unknown_filter(&word(name))
        }
        ErrorKind::UnknownTest => {
            let name = detail
                .trim_start_matches("test ")
                .trim_end_matches(" is unknown");
            run.inner.unknown_test(&word(name))
        }
        ErrorKind::UnknownFunction => {
            let name = detail.trim_end_matches(" is unknown");
            run.inner.unknown_function(&word(name))
        }
        ErrorKind::TemplateNotFound => Diagnostic::error("template/not-found", detail),
        kind => {
            let text = if detail.is_empty() {
                kind.to_string()
            } else {
                detail
            };
            Diagnostic::error("template/failed", text)
        }
    };
    diagnostic.at_maybe(span.as_ref())
}

/// The error that is the cause of the others, as far as the engine's own go.
fn innermost(error: &Error) -> &Error {
    let mut found = error;
    let mut next = std::error::Error::source(error);
    while let Some(current) = next {
        if let Some(inner) = current.downcast_ref::<Error>() {
            found = inner;
        }
        next = current.source();
    }
    found
}
