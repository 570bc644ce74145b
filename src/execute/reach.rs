//! What a task needs of its host before it runs: scope, connection, facts, environment.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::connection::{Connection, Identity, Probe, Reply};
use crate::input::Json;
use crate::inventory::Vars;
use crate::playbook::{Keywords, Step, Task};

use super::course::PlayRun;
use super::failure::Stop;
use super::host::HostState;
use super::scope::Scope;

impl PlayRun<'_> {
    /// The scope of a task on a host.
    pub fn scope(&self, task: &Task, host: &Arc<HostState>) -> Scope {
        Scope {
            play: self.play.clone(),
            host: host.clone(),
            task: Arc::new(task.keywords.vars.clone()),
            include: self.include.clone(),
            local: Vars::new(),
            folder: task.directory.clone(),
        }
    }

    /// The connection to a host, made at its first use.
    pub async fn connect(
        &self,
        host: &Arc<HostState>,
        scope: &Scope,
    ) -> Result<Arc<dyn Connection>, Stop> {
        if let Some(connection) = host.connected() {
            return Ok(connection);
        }
        let scope = if host.name == scope.host.name {
            scope.clone()
        } else {
            scope.on(host.clone())
        };
        let vars = self.connection_vars(&scope).await?;
        let connector = &self.run.world.connector;
        Ok(host
            .connection(|| connector.connect(&host.name, &vars))
            .await?)
    }

    /// Every `ansible_*` variable of a host that says how to reach it, rendered.
    pub(super) async fn connection_vars(
        &self,
        scope: &Scope,
    ) -> Result<serde_json::Map<String, Json>, Stop> {
        use crate::input::Variables;
        let mut vars = serde_json::Map::new();
        for name in scope.names() {
            let is_fact = name
                .strip_prefix("ansible_")
                .is_none_or(super::result::is_fact);
            if is_fact || name.starts_with("ansible_become") {
                continue;
            }
            if let Some(value) = self.variable(&name, scope).await? {
                if name.contains("pass")
                    && let Json::String(text) = &value
                {
                    self.run.world.redactor.add(text);
                }
                vars.insert(name, value);
            }
        }
        Ok(vars)
    }

    /// Gathers the facts of a host.
    pub async fn gather(&self, host: &Arc<HostState>, scope: &Scope) -> Result<(), Stop> {
        let connection = self.connect(host, scope).await?;
        let mut replies = connection
            .probe(&Identity::default(), &[Probe::Facts])
            .await?;
        match replies.pop() {
            Some(Reply::Facts(facts)) => {
                if let Ok(mut known) = host.facts.write() {
                    *known = Some(Arc::new(facts));
                }
                Ok(())
            }
            _ => Err(Stop::msg(format!("`{}` did not tell its facts", host.name))),
        }
    }

    /// The environment of a task, if it is known: all levels, the innermost wins.
    pub fn known_environment(
        &self,
        task: &Task,
        scope: &Scope,
    ) -> Result<BTreeMap<String, String>, Stop> {
        let mut environment = BTreeMap::new();
        for node in &task.keywords.environment {
            let Json::Object(map) = self.run.render(node, scope)? else {
                continue;
            };
            environment.extend(map.into_iter().map(|(name, value)| {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), ToOwned::to_owned);
                (name, text)
            }));
        }
        Ok(environment)
    }

    /// Steps of a file that `include_tasks` names.
    pub fn read_steps(&self, path: &Path, outer: &Keywords) -> Result<Vec<Step>, Stop> {
        let mut loader = self.run.loader();
        let steps = loader.included(path, outer);
        match loader.errors.into_iter().next() {
            Some(error) => Err(error.into()),
            None => Ok(steps),
        }
    }
}
