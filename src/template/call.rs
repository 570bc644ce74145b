//! One call of a filter, test or function: its value, its arguments, and what they must be.

use std::sync::Arc;

use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs, from_args};
use minijinja::{Error, ErrorKind, State, Value};

use super::convert;
use super::run::Run;
use super::scope;

/// A call in progress.
pub(super) struct Call<'a, 'b, 'c> {
    pub state: &'a mut State<'b, 'c>,
    /// What was called, for messages.
    pub name: &'static str,
    /// Positional arguments; for a filter or test the first is the value before the `|`.
    pub args: Vec<Value>,
    named: Vec<(String, Value)>,
}

/// The shape of all our filters and functions.
pub(super) type Body = fn(&mut Call<'_, '_, '_>) -> Result<Value, Error>;

/// What undefined values do to a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Undefined {
    /// They fail it.
    Refused,
    /// The body deals with them.
    Taken,
}

/// Makes the engine's function of a body.
pub(super) fn wrap(
    name: &'static str,
    body: Body,
    undefined: Undefined,
) -> impl Fn(&mut State<'_, '_>, Rest<ValueOrKwargs>) -> Result<Value, Error> + Send + Sync + 'static
{
    move |state, args| {
        let values = args.into_values();
        let (args, kwargs): (&[Value], Kwargs) = from_args(&values)?;
        let mut call = Call::new(state, name, args, &kwargs)?;
        if undefined == Undefined::Refused {
            let all = call.args.iter().chain(call.named.iter().map(|(_, v)| v));
            for value in all {
                if matches!(value.kind(), ValueKind::Undefined | ValueKind::Invalid) {
                    convert::valid(value.clone())?;
                }
            }
        }
        body(&mut call)
    }
}

impl<'a, 'b, 'c> Call<'a, 'b, 'c> {
    fn new(
        state: &'a mut State<'b, 'c>,
        name: &'static str,
        args: &[Value],
        kwargs: &Kwargs,
    ) -> Result<Self, Error> {
        let mut named = Vec::new();
        for key in kwargs.args() {
            named.push((key.to_owned(), kwargs.peek::<Value>(key)?));
        }
        Ok(Self {
            state,
            name,
            args: args.to_vec(),
            named,
        })
    }

    /// The rendering this is part of.
    pub fn run(&self) -> Result<Arc<Run>, Error> {
        scope::run(self.state)
            .ok_or_else(|| self.fail("cannot be used where there are no variables"))
    }

    /// The value before the `|`.
    pub fn value(&self) -> Value {
        self.args.first().cloned().unwrap_or_default()
    }

    /// An argument by position (from 1, after the value) or by name.
    pub fn arg(&self, position: usize, name: &str) -> Option<Value> {
        self.args
            .get(position)
            .cloned()
            .or_else(|| self.named(name))
    }

    /// An argument by name only.
    pub fn named(&self, name: &str) -> Option<Value> {
        self.named
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    }

    /// All arguments given by name.
    pub fn all_named(&self) -> &[(String, Value)] {
        &self.named
    }

    /// Refuses arguments the callee does not know: positions after `most`, names not listed.
    pub fn only(&self, most: usize, names: &[&str]) -> Result<(), Error> {
        if self.args.len() > most + 1 {
            return Err(self.fail(&format!("takes at most {most} arguments")));
        }
        match self
            .named
            .iter()
            .find(|(key, _)| !names.contains(&key.as_str()))
        {
            None => Ok(()),
            Some((key, _)) => Err(self.fail(&format!(
                "has no argument `{key}`; it has {}",
                names
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ))),
        }
    }

    /// An argument that must be there.
    pub fn need(&self, position: usize, name: &str) -> Result<Value, Error> {
        self.arg(position, name)
            .ok_or_else(|| self.fail(&format!("needs the argument `{name}`")))
    }

    /// A text argument that must be there.
    pub fn need_text(&self, position: usize, name: &str) -> Result<String, Error> {
        convert::text(&self.need(position, name)?)
    }

    /// A text argument, or its default.
    pub fn text_or(&self, position: usize, name: &str, default: &str) -> Result<String, Error> {
        match self.arg(position, name) {
            Some(value) if !value.is_none() => convert::text(&value),
            _ => Ok(default.to_owned()),
        }
    }

    /// An integer argument, if given.
    pub fn int(&self, position: usize, name: &str) -> Result<Option<i64>, Error> {
        match self.arg(position, name) {
            None => Ok(None),
            Some(value) if value.is_none() => Ok(None),
            Some(value) => value
                .as_i64()
                .or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
                .map(Some)
                .ok_or_else(|| self.fail(&format!("takes an integer as `{name}`"))),
        }
    }

    /// Whether an argument is truthy; absent is not.
    pub fn flag(&self, position: usize, name: &str) -> bool {
        self.arg(position, name)
            .is_some_and(|value| value.is_true())
    }

    /// The value before the `|` as text.
    pub fn text(&self) -> Result<String, Error> {
        convert::text(&self.value())
    }

    /// The value before the `|` as a list.
    pub fn list(&self) -> Result<Vec<Value>, Error> {
        self.list_of(&self.value())
    }

    /// A value as a list; a mapping gives its keys, a text its characters.
    pub fn list_of(&self, value: &Value) -> Result<Vec<Value>, Error> {
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable | ValueKind::Map | ValueKind::String => {
                convert::items(value)
            }
            _ => Err(self.fail(&format!(
                "needs a list, not {}",
                super::names::type_words(value)
            ))),
        }
    }

    /// An error that says who failed.
    pub fn fail(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("`{}` {what}", self.name),
        )
    }
}
