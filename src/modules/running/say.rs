//! `debug`, `assert`, `fail` and `ping`: what they say is known without looking at a host.

use async_trait::async_trait;
use serde_json::{Map, json};

use crate::connection::{Probe, Reader};
use crate::input::Json;
use crate::modules::given::plain;
use crate::modules::seen::stat;
use crate::modules::{Context, Diff, Failure, Given, Module, Outcome, Site};
use crate::template::Unrendered;

/// A module that only says something.
pub struct Say {
    result: Result<Map<String, Json>, Failure>,
    /// Ask the host anything, so that one that is gone is noticed.
    knock: bool,
}

impl Say {
    fn fields<const N: usize>(fields: [(&str, Json); N]) -> Self {
        let result = fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        Self {
            result: Ok(result),
            knock: false,
        }
    }

    fn failure(failure: Failure) -> Self {
        Self {
            result: Err(failure),
            knock: false,
        }
    }
}

/// `ping`: answers if the host does.
pub fn ping(given: &Given) -> Result<Say, Failure> {
    let data = given.string("data");
    if data == "crash" {
        return Err(Failure::msg("boom"));
    }
    Ok(Say {
        knock: true,
        ..Say::fields([("ping", json!(data))])
    })
}

/// `debug`: a message, or the value of an expression.
pub fn debug(given: &Given, context: &Context<'_>) -> Result<Say, Failure> {
    let Some(var) = given.get("var") else {
        let msg = given.get("msg").cloned().unwrap_or_default();
        return Ok(Say::fields([("msg", msg)]));
    };
    let Json::String(name) = var else {
        return Ok(Say::fields([(plain(var).as_str(), var.clone())]));
    };
    match context.rendering.expression(name) {
        Ok(value) => Ok(Say::fields([(name, value)])),
        Err(Unrendered::Wrong(diagnostic)) if diagnostic.code.contains("undefined") => {
            Ok(Say::fields([(name, json!("VARIABLE IS NOT DEFINED!"))]))
        }
        Err(other) => Err(other.into()),
    }
}

/// `assert`: conditions that must all hold.
pub fn assert(given: &Given, context: &Context<'_>) -> Result<Say, Failure> {
    let that = given.get("that").cloned().unwrap_or_default();
    let conditions = match that {
        Json::Array(conditions) => conditions,
        one => vec![one],
    };
    for condition in conditions {
        if !context.rendering.condition(&condition)? {
            let msg = given
                .get("fail_msg")
                .map_or_else(|| "Assertion failed".to_owned(), text);
            return Ok(Say::failure(
                Failure::msg(msg)
                    .with("assertion", condition)
                    .with("evaluated_to", false),
            ));
        }
    }
    let msg = given
        .get("success_msg")
        .map_or_else(|| "All assertions passed".to_owned(), text);
    Ok(Say::fields([("msg", json!(msg))]))
}

/// A message: several lines may be a list.
fn text(message: &Json) -> String {
    match message {
        Json::Array(lines) => lines.iter().map(plain).collect::<Vec<_>>().join("\n"),
        other => plain(other),
    }
}

/// `fail`: fails.
pub fn fail(given: &Given) -> Say {
    Say::failure(Failure::msg(given.get("msg").map(text).unwrap_or_default()))
}

#[async_trait]
impl Module for Say {
    type Seen = ();

    fn foresee(&self) -> Vec<Probe> {
        if self.knock {
            vec![stat("/")]
        } else {
            Vec::new()
        }
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<(), Failure> {
        if self.knock {
            at.ask_now(&stat("/")).await?;
        }
        Ok(())
    }

    fn diff(&self, (): &()) -> Result<Diff, Failure> {
        Ok(Diff {
            result: self.result.clone()?,
            reason: Some("only says something".to_owned()),
            ..Diff::default()
        })
    }

    async fn apply(&self, _: &Site<'_>, (): (), _: &Diff) -> Result<Outcome, Failure> {
        Ok(Outcome::default())
    }
}
