//! Variables as an object: the root of every template, `hostvars`, and each host in it.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object};
use minijinja::{State, Value};

use super::fault::Miss;
use super::run::Run;

/// The name under which filters and functions find the rendering they are part of. No variable
/// can have it.
const RUN: &str = "\u{0}run";

/// The variables of a [`Run`].
#[derive(Debug)]
pub(super) struct Scope {
    run: Arc<Run>,
    /// Whether names that are not there are noted: at the root they are mistakes.
    root: Root,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Yes,
    No,
}

impl Scope {
    /// As a mapping.
    pub fn value(run: Arc<Run>) -> Value {
        Value::from_object(Self {
            run,
            root: Root::No,
        })
    }

    /// As the context of a template.
    pub fn context(run: Arc<Run>) -> Value {
        Value::from_object(Self {
            run,
            root: Root::Yes,
        })
    }
}

/// The rendering a filter or function was called in.
pub(super) fn run(state: &State<'_, '_>) -> Option<Arc<Run>> {
    let value = state.lookup(RUN)?;
    let scope = value.downcast_object::<Scope>()?;
    Some(Arc::clone(&scope.run))
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        if key == RUN {
            return Some(Value::from_dyn_object(Arc::clone(self)));
        }
        let found = self.run.lookup(key);
        if found.is_none() && self.root == Root::Yes && !self.run.inner.is_global(key) {
            if key == "vars" {
                return Some(Self::value(Arc::clone(&self.run)));
            }
            self.run.miss(Miss::variable(key));
        }
        found
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.run.vars.names().into_iter().map(Value::from).collect())
    }
}
