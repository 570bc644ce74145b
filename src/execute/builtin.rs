//! What the engine does itself: variables, conditions, messages and the course of the play.

use crate::event::Status;
use crate::input::{Json, Kind, Node, Source, Span, Var};
use crate::playbook::Task;

use super::course::PlayRun;
use super::failure::Stop;
use super::result::Ended;
use super::scope::Scope;

/// A module's short name.
pub fn short(module: &str) -> &str {
    module
        .strip_prefix("ansible.builtin.")
        .or_else(|| module.strip_prefix("ansible.legacy."))
        .unwrap_or(module)
}

impl PlayRun<'_> {
    /// Runs the task if it is one of the engine's own.
    pub async fn builtin(&self, task: &Task, scope: &Scope) -> Result<Option<Ended>, Stop> {
        Ok(Some(match short(&task.module) {
            "set_fact" => self.set_fact(task, scope).await?,
            "debug" => self.debug(task, scope).await?,
            "assert" => self.assert(task, scope).await?,
            "fail" => {
                let args = self.args(task, scope).await?;
                let msg = args
                    .get("msg")
                    .map_or("Failed as requested from task".to_owned(), shown);
                Ended::new(Status::Failed, msg)
            }
            "include_vars" => self.include_vars(task, scope).await?,
            "pause" => self.pause(task, scope).await?,
            _ => return Ok(None),
        }))
    }

    async fn set_fact(&self, task: &Task, scope: &Scope) -> Result<Ended, Stop> {
        let mut facts = serde_json::Map::new();
        let owner = self.facts_owner(task, scope).await?;
        for (key, value) in task.args.as_map().into_iter().flatten() {
            let Json::String(name) = self.render(key, scope).await? else {
                continue;
            };
            if name == "cacheable" {
                continue;
            }
            match self.render(value, scope).await {
                Ok(value) => {
                    facts.insert(name.clone(), value.clone());
                    self.play.registered.set(&owner, &name, Var::Data(value));
                }
                Err(Stop::Unknown(until)) => {
                    self.play
                        .registered
                        .set(&owner, &name, Var::Unknown(until.clone()));
                    return Err(Stop::Unknown(until));
                }
                Err(stop) => return Err(stop),
            }
        }
        let mut ended = Ended::new(Status::Ok, "");
        ended
            .result
            .insert("ansible_facts".to_owned(), Json::Object(facts));
        Ok(ended)
    }

    /// Whose facts a task sets: with `delegate_facts` those of the host it is delegated to.
    async fn facts_owner(&self, task: &Task, scope: &Scope) -> Result<String, Stop> {
        let given = self
            .flag(task.keywords.delegate_facts.as_ref(), scope)
            .await?;
        if given == Some(true)
            && let Some(other) = self.text(task.keywords.delegate_to.as_ref(), scope).await?
        {
            return Ok(other);
        }
        Ok(scope.host.name.clone())
    }

    async fn debug(&self, task: &Task, scope: &Scope) -> Result<Ended, Stop> {
        let mut ended = Ended::new(Status::Ok, "");
        let wanted = self.number(task.args.get("verbosity"), scope).await?;
        let spoken = match self.play.shared.told.get("ansible_verbosity") {
            Some(Var::Data(level)) => level.as_f64().unwrap_or_default(),
            _ => 0.0,
        };
        if wanted.is_some_and(|wanted| wanted > spoken) {
            let said = "Verbosity threshold not met.";
            let skipped = Ended::new(Status::Skipped, "").because(said);
            return Ok(skipped.marked());
        }
        if let Some(var) = task.args.get("var") {
            let Json::String(expression) = self.render(var, scope).await? else {
                return Err(Stop::msg("`var` takes a variable's name or an expression"));
            };
            let value = self.render(&expression_node(var, &expression), scope).await;
            let value = match value {
                Err(Stop::Wrong(_)) => Json::String("VARIABLE IS NOT DEFINED!".to_owned()),
                other => other?,
            };
            ended.result.insert(expression, value);
            return Ok(ended);
        }
        let args = self.args(task, scope).await?;
        let msg = args
            .get("msg")
            .cloned()
            .unwrap_or_else(|| "Hello world!".into());
        ended.result.insert("msg".to_owned(), msg);
        Ok(ended)
    }

    async fn assert(&self, task: &Task, scope: &Scope) -> Result<Ended, Stop> {
        let conditions = match task.args.get("that").map(|node| &node.kind) {
            Some(Kind::Seq(items)) => items.clone(),
            Some(_) => task.args.get("that").cloned().into_iter().collect(),
            None => Vec::new(),
        };
        for condition in &conditions {
            if self.holds(std::slice::from_ref(condition), scope).await? {
                continue;
            }
            let message = task.args.get("fail_msg").or_else(|| task.args.get("msg"));
            let message = match message {
                Some(node) => shown(&self.render(node, scope).await?),
                None => "Assertion failed".to_owned(),
            };
            let mut ended = Ended::new(Status::Failed, message);
            ended
                .result
                .insert("assertion".to_owned(), condition.to_json());
            ended.result.insert("evaluated_to".to_owned(), false.into());
            return Ok(ended);
        }
        let message = match task.args.get("success_msg") {
            Some(node) => shown(&self.render(node, scope).await?),
            None => "All assertions passed".to_owned(),
        };
        Ok(Ended::new(Status::Ok, message))
    }

    /// Waits; a prompt is refused, since nobody may be there to answer.
    async fn pause(&self, task: &Task, scope: &Scope) -> Result<Ended, Stop> {
        let seconds = self.number(task.args.get("seconds"), scope).await?;
        let minutes = self.number(task.args.get("minutes"), scope).await?;
        let Some(wait) = seconds.or_else(|| minutes.map(|m| m * 60.0)) else {
            return Err(Stop::msg(
                "`pause` needs `seconds` or `minutes`: nobody is asked during a run",
            ));
        };
        if self.run.options.mode == super::world::Mode::Apply {
            self.run
                .world
                .clock
                .sleep(super::conditions::seconds(wait))
                .await;
        }
        let mut ended = Ended::new(Status::Ok, "");
        let said = format!("Paused for {:?} seconds", (wait * 100.0).round() / 100.0);
        ended.result.insert("stdout".to_owned(), said.into());
        Ok(ended)
    }
}

/// `{{ expression }}` in the place where the expression was written.
fn expression_node(at: &Node, expression: &str) -> Node {
    let text = format!("{{{{ {expression} }}}}");
    let source = Source::new(at.span.source.name.clone(), text.clone());
    let span = Span {
        source,
        start: 0,
        end: text.len(),
    };
    Node::new(span, Kind::Str(text))
}

/// A message as text.
fn shown(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToOwned::to_owned)
}
