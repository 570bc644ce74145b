//! What is told of a task's end, and what is hidden of it.

use crate::event::{self, Event};
use crate::input::Json;
use crate::playbook::{Task, signatures};

use super::course::PlayRun;
use super::result::Ended;
use super::scope::Scope;

impl PlayRun<'_> {
    /// The event of a task's end, censored where the task says so.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is used, and no two belong together"
    )]
    pub async fn told(
        &self,
        task: &Task,
        scope: &Scope,
        ended: &Ended,
        item: Option<String>,
    ) -> event::TaskResult {
        let hidden = self
            .flag(task.keywords.no_log.as_ref(), scope)
            .await
            .ok()
            .flatten()
            .unwrap_or_default();
        let delegated = self
            .text(task.keywords.delegate_to.as_ref(), scope)
            .await
            .ok()
            .flatten();
        let censored = "the output has been hidden due to the fact that 'no_log: true' was specified for this result";
        let (msg, result, diff) = if hidden {
            self.hide(&ended.result);
            (
                String::new(),
                serde_json::json!({ "censored": censored, "changed": ended.flag("changed") }),
                Vec::new(),
            )
        } else {
            self.hide_keys(ended);
            self.hide_fields(&task.module, ended);
            (
                if ended.msg().is_empty() {
                    ended.note.clone()
                } else {
                    ended.msg()
                },
                Json::Object(ended.result.clone()),
                ended.diff.clone(),
            )
        };
        event::TaskResult {
            component: self.component.clone(),
            task: self.name_of(task, scope),
            module: task.module.clone(),
            host: scope.host.name.clone(),
            delegated,
            status: ended.status,
            item: item.map(|label| {
                if hidden {
                    "(item hidden by no_log)".to_owned()
                } else {
                    label
                }
            }),
            msg,
            diff,
            result,
            place: task.span.to_string(),
            duration_ms: 0,
        }
    }

    /// What a `no_log` task printed or kept is a secret wherever else it turns up.
    fn hide(&self, result: &serde_json::Map<String, Json>) {
        for name in ["stdout", "stderr", "content", "json", "ansible_facts"] {
            if let Some(value) = result.get(name) {
                each_text(value, &mut |text| {
                    if text.len() >= 8 {
                        self.run.world.redactor.add(text);
                    }
                });
            }
        }
    }

    /// Private keys are secret whether the task says so or not.
    fn hide_keys(&self, ended: &Ended) {
        let mut learn = |text: &str| self.run.world.redactor.add_private_keys(text);
        for value in ended.result.values() {
            each_text(value, &mut learn);
        }
        for change in &ended.diff {
            learn(&change.before);
            learn(&change.after);
        }
    }

    /// Fields of a result that the module itself says are secret.
    fn hide_fields(&self, module: &str, ended: &Ended) {
        let fields = signatures::find(module).map_or(&[][..], |signature| signature.secrets);
        for field in fields {
            let (first, rest) = field.split_once('.').unwrap_or((field, ""));
            let rest = rest.split('.').filter(|name| !name.is_empty());
            let found = rest.fold(ended.result.get(first), |value, name| value?.get(name));
            if let Some(Json::String(text)) = found {
                self.run.world.redactor.add(text);
            }
        }
    }

    pub fn tell(&self, mut result: event::TaskResult, duration_ms: u64) {
        result.duration_ms = duration_ms;
        self.run
            .world
            .sink
            .emit(&Event::TaskResult(Box::new(result)));
    }
}

/// Every text in a value.
fn each_text(value: &Json, see: &mut impl FnMut(&str)) {
    match value {
        Json::String(text) => see(text),
        Json::Array(items) => items.iter().for_each(|item| each_text(item, see)),
        Json::Object(map) => map.values().for_each(|value| each_text(value, see)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}
