//! `when`, `changed_when`, `failed_when`, `until`, and the keywords that are values.

use crate::input::{Json, Kind, Node, Var};
use crate::playbook::Task;

use super::course::PlayRun;
use super::failure::Stop;
use super::result::Ended;
use super::scope::Scope;
use crate::event::Status;

impl PlayRun<'_> {
    /// Renders a value; facts are gathered when it asks for them.
    pub async fn render(&self, node: &Node, scope: &Scope) -> Result<Json, Stop> {
        loop {
            match self.run.render(node, scope) {
                Ok(value) => return Ok(value),
                Err(unrendered) => self.supply(unrendered.into(), scope).await?,
            }
        }
    }

    /// Whether all conditions hold.
    pub async fn holds(&self, conditions: &[Node], scope: &Scope) -> Result<bool, Stop> {
        Ok(self.first_false(conditions, scope).await?.is_none())
    }

    /// The first condition that does not hold.
    pub async fn first_false<'n>(
        &self,
        conditions: &'n [Node],
        scope: &Scope,
    ) -> Result<Option<&'n Node>, Stop> {
        for condition in conditions {
            if !self.condition(condition, scope).await? {
                return Ok(Some(condition));
            }
        }
        Ok(None)
    }

    async fn condition(&self, node: &Node, scope: &Scope) -> Result<bool, Stop> {
        loop {
            match self.run.condition(node, scope) {
                Ok(value) => return Ok(value),
                Err(unrendered) => self.supply(unrendered.into(), scope).await?,
            }
        }
    }

    /// A keyword that is a boolean, rendered; `default` if it is not there.
    pub async fn flag(&self, node: Option<&Node>, scope: &Scope) -> Result<Option<bool>, Stop> {
        let Some(node) = node else { return Ok(None) };
        if let Kind::Bool(value) = node.kind {
            return Ok(Some(value));
        }
        let value = self.render(node, scope).await?;
        match truth(&value) {
            Some(value) => Ok(Some(value)),
            None => Err(crate::diagnostic::Diagnostic::error(
                "playbook/wrong-type",
                format!("this must be true or false, it is {value}"),
            )
            .at(&node.span)
            .help("write `true` or `false`")
            .into()),
        }
    }

    /// A keyword that is text, rendered.
    pub async fn text(&self, node: Option<&Node>, scope: &Scope) -> Result<Option<String>, Stop> {
        let Some(node) = node else { return Ok(None) };
        Ok(match self.render(node, scope).await? {
            Json::Null => None,
            Json::String(text) => Some(text),
            other => Some(other.to_string()),
        })
    }

    /// A keyword that is a number, rendered.
    pub async fn number(&self, node: Option<&Node>, scope: &Scope) -> Result<Option<f64>, Stop> {
        let Some(node) = node else { return Ok(None) };
        let value = self.render(node, scope).await?;
        let number = match &value {
            Json::Number(number) => number.as_f64(),
            Json::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if number >= 0.0 => Ok(Some(number)),
            _ => Err(crate::diagnostic::Diagnostic::error(
                "playbook/wrong-type",
                format!("this must be a number, it is {value}"),
            )
            .at(&node.span)
            .help("write a number that is not negative")
            .into()),
        }
    }

    /// Applies `changed_when` and `failed_when` to what the module said.
    pub async fn judge(
        &self,
        task: &Task,
        (mut ended, scope): (Ended, &Scope),
    ) -> Result<Ended, Stop> {
        if matches!(
            ended.status,
            Status::Skipped | Status::Unknown | Status::Unreachable
        ) {
            return Ok(ended);
        }
        let scope = self.with_result(task, scope, &ended);
        if !task.changed_when.is_empty() {
            let changed = self.holds(&task.changed_when, &scope).await?;
            ended.result.insert("changed".to_owned(), changed.into());
            if ended.status != Status::Failed {
                ended.status = if changed { Status::Changed } else { Status::Ok };
            }
        }
        if !task.failed_when.is_empty() {
            let scope = self.with_result(task, &scope, &ended);
            let failed = self.holds(&task.failed_when, &scope).await?;
            ended
                .result
                .insert("failed_when_result".to_owned(), failed.into());
            ended.status = match (failed, ended.flag("changed")) {
                (true, _) => Status::Failed,
                (false, true) => Status::Changed,
                (false, false) => Status::Ok,
            };
        }
        Ok(ended.marked())
    }

    /// The scope in which the task's own result has its registered name.
    pub fn with_result(&self, task: &Task, scope: &Scope, ended: &Ended) -> Scope {
        let value = Var::Data(Json::Object(ended.result.clone()));
        match task.register.as_ref().and_then(Node::as_str) {
            Some(name) => scope.with(name, value),
            None => scope.clone(),
        }
    }
}

/// What a task is whose condition is false, as Ansible registers it.
pub fn skipped_by(condition: &Node) -> Ended {
    let mut ended = Ended::new(Status::Skipped, "").because("Conditional result was False");
    ended
        .result
        .insert("false_condition".to_owned(), condition.to_json());
    ended.marked()
}

/// A time that was given in seconds; what is longer than the clock goes is as long as a century.
pub fn seconds(number: f64) -> std::time::Duration {
    const CENTURY: f64 = 100.0 * 366.0 * 86_400.0;
    std::time::Duration::try_from_secs_f64(number.clamp(0.0, CENTURY)).unwrap_or_default()
}

/// Ansible's words for true and false.
pub fn truth(value: &Json) -> Option<bool> {
    match value {
        Json::Bool(value) => Some(*value),
        Json::Number(number) => match number.as_i64() {
            Some(1) => Some(true),
            Some(0) => Some(false),
            _ => None,
        },
        Json::String(text) => match text.to_lowercase().as_str() {
            "y" | "yes" | "on" | "1" | "true" | "t" | "1.0" => Some(true),
            "n" | "no" | "off" | "0" | "false" | "f" | "0.0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}
