//! A host reached outside of a play: for `preflight`, which asks hosts before any task runs.

use std::sync::Arc;

use crate::connection::{Connection, Identity};
use crate::input::{Json, Kind, Node, Source, Span};
use crate::playbook::{Keywords, Play};

use super::component::{JobState, Run};
use super::course::PlayRun;
use super::failure::Stop;
use super::scope::{PlayScope, Scope, Shared};
use super::world::{Options, World};

/// The hosts of an inventory, each reached as its tasks would reach it.
pub struct Access {
    run: Run,
}

/// A host that was reached.
pub struct Reached {
    /// Its connection.
    pub connection: Arc<dyn Connection>,
    /// Who its tasks become: root where the inventory says `ansible_become`, else the login user.
    pub root: Identity,
    /// Its address as the inventory has it.
    pub address: String,
}

impl Access {
    /// Access to these hosts.
    pub fn new(world: World, options: Options, shared: Arc<Shared>) -> Self {
        Self {
            run: Run::new(world, options, (shared, Arc::default())),
        }
    }

    /// The hosts that the user's limit leaves.
    pub fn hosts(&self) -> Vec<String> {
        let names = self.run.shared.hosts.inventory().hosts.keys();
        let limit = &self.run.options.limit;
        names
            .filter(|name| limit.as_ref().is_none_or(|limit| limit.contains(name)))
            .cloned()
            .collect()
    }

    /// Connects to a host.
    pub async fn reach(&self, name: &str) -> Result<Reached, Stop> {
        self.run.reach(name, None).await
    }

    /// The same, becoming this user whatever the inventory says of becoming.
    ///
    /// # Errors
    /// As `reach`.
    pub async fn reach_as(&self, name: &str, user: &str) -> Result<Reached, Stop> {
        self.run.reach(name, Some(user)).await
    }

    /// Ends every connection.
    pub async fn close(&self) {
        self.run.shared.hosts.close().await;
    }
}

impl Run {
    /// Connects to a host outside of a play. With `user` that is who its tasks become, whatever the
    /// inventory says of becoming.
    pub async fn reach(&self, name: &str, user: Option<&str>) -> Result<Reached, Stop> {
        let play = empty_play();
        let job = JobState::new("", None);
        let scope = PlayScope::bare(self.shared.clone(), &job, &play);
        let runner = PlayRun::new(self, (scope, String::new(), &play));
        let host = self.shared.hosts.get_or_add(name);
        let scope = Scope::bare(runner.play.clone(), host.clone(), &Keywords::default());
        let connection = runner.connect(&host, &scope).await?;
        let root = match user {
            Some(user) => runner.becoming(Some(user.to_owned()), &scope).await?,
            None => runner.root(&scope).await?,
        };
        let address = runner.variable("ansible_host", &scope).await?;
        let address = address
            .as_ref()
            .and_then(Json::as_str)
            .unwrap_or(name)
            .to_owned();
        Ok(Reached {
            connection,
            root,
            address,
        })
    }
}

/// A play without tasks, for what only needs a host's variables.
fn empty_play() -> Play {
    let source = Source::new("(none)", "");
    let span = Span {
        source,
        start: 0,
        end: 0,
    };
    Play {
        hosts: Node::new(span.clone(), Kind::Null),
        span,
        name: None,
        keywords: Keywords::default(),
        gather_facts: None,
        serial: None,
        max_fail_percentage: None,
        force_handlers: None,
        vars_files: Vec::new(),
        sections: Vec::new(),
        handlers: Vec::new(),
        directory: std::path::PathBuf::new(),
    }
}
