//! One task on one host, for one item of its loop: condition, arguments, module, retries.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::connection::{Deadline, Identity};
use crate::event::{Difference, Event, Status};
use crate::input::{Json, Kind, Var};
use crate::modules::{self, Context, Diff, Outcome, Runnable, Site};
use crate::playbook::Task;
use crate::secret::Secret;

use super::conditions::{seconds, skipped_by};
use super::course::PlayRun;
use super::failure::Stop;
use super::host::HostState;
use super::result::Ended;
use super::scope::{FACTS_WANTED, Scope};
use super::world::{Mode, Unseen};

/// Rendered arguments.
pub type Args = serde_json::Map<String, Json>;

impl PlayRun<'_> {
    /// Runs the item to its end, whatever that is.
    pub async fn item(&self, task: &Task, scope: &Scope) -> Ended {
        let ended = match self.attempts(task, scope).await {
            Ok(ended) => ended,
            Err(stop) => stop.ended(),
        };
        self.in_plan(scope, ended)
    }

    /// In check mode a failure behind a change that was not made says nothing: it is unknown.
    fn in_plan(&self, scope: &Scope, ended: Ended) -> Ended {
        if self.run.options.mode == Mode::Apply {
            return match scope.play.unseen {
                Unseen::Fails => ended.or_not_installed(|name| {
                    let outputs = self.run.shared.outputs.read();
                    outputs.is_ok_and(|outputs| outputs.contains_key(name))
                }),
                Unseen::Absent if ended.code == Some(modules::NO_FILE) => {
                    Ended::unknown(self.component.as_str().into())
                }
                Unseen::Unknown | Unseen::Absent => ended,
            };
        }
        match (ended.status, scope.host.pending()) {
            (Status::Failed, Some(until)) if ended.may_come_of_waiting() => Ended::unknown(until),
            (Status::Changed, _) => {
                scope.host.expect_change(&self.until(&ended));
                ended
            }
            _ => ended,
        }
    }

    /// What later tasks wait for: the component, or for a plain playbook the play's own change.
    fn until(&self, _ended: &Ended) -> Arc<str> {
        if self.component.is_empty() {
            "an earlier task has run".into()
        } else {
            self.component.as_str().into()
        }
    }

    /// The item, again and again while `until` does not hold.
    async fn attempts(&self, task: &Task, scope: &Scope) -> Result<Ended, Stop> {
        if let Some(condition) = self.first_false(&task.keywords.when, scope).await? {
            return Ok(skipped_by(condition));
        }
        if task.until.is_empty() && task.retries.is_none() {
            let ended = self.once(task, scope).await;
            return self.judge(task, (ended, scope)).await;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates"
        )]
        let retries = self
            .number(task.retries.as_ref(), scope)
            .await?
            .map_or(3, |n| n as u32);
        // The first try is no retry.
        let tries = retries.saturating_add(1);
        let delay = self.number(task.delay.as_ref(), scope).await?;
        let delay = seconds(delay.unwrap_or(5.0));
        let mut attempt = 1;
        loop {
            let ended = self.once(task, scope).await;
            let mut ended = self.judge(task, (ended, scope)).await?;
            ended.result.insert("attempts".to_owned(), attempt.into());
            if matches!(
                ended.status,
                Status::Unknown | Status::Unreachable | Status::Skipped
            ) {
                return Ok(ended);
            }
            if self.is_enough(task, (scope, &ended)).await? {
                return Ok(ended);
            }
            // In a plan nothing will come of waiting: what is waited for was not made.
            if attempt >= tries
                || (self.run.options.mode == Mode::Check && scope.host.pending().is_some())
            {
                // Ansible counts the retries of what never came to be.
                ended.result.insert("attempts".to_owned(), retries.into());
                ended.status = Status::Failed;
                return Ok(ended.marked());
            }
            let left = tries - attempt;
            self.run.world.sink.emit(&Event::Retry {
                task: self.name_of(task, scope),
                host: scope.host.name.clone(),
                left,
            });
            self.run.world.clock.sleep(delay).await;
            let place = self.place(task, scope).await?;
            place.answers.forget(&crate::connection::Touch::Everything);
            attempt += 1;
        }
    }

    /// Whether `until` holds; without it, whether the task did not fail.
    async fn is_enough(&self, task: &Task, (scope, ended): (&Scope, &Ended)) -> Result<bool, Stop> {
        if task.until.is_empty() {
            return Ok(ended.status != Status::Failed);
        }
        let seen = self.with_result(task, scope, ended);
        self.holds(&task.until, &seen).await
    }

    /// The module, once.
    async fn once(&self, task: &Task, scope: &Scope) -> Ended {
        match self.module(task, scope).await {
            Ok(ended) => ended,
            Err(stop) => stop.ended(),
        }
    }

    async fn module(&self, task: &Task, scope: &Scope) -> Result<Ended, Stop> {
        if let Some(ended) = self.builtin(task, scope).await? {
            return Ok(ended);
        }
        let args = self.args(task, scope).await?;
        let place = self.place(task, scope).await?;
        let who = self.identity(task, (scope, &place)).await?;
        let connection = self.connect(&place, scope).await?;
        let deadline = self
            .number(task.keywords.timeout.as_ref(), scope)
            .await?
            .filter(|s| *s > 0.0);
        let environment = self.known_environment(task, scope)?;
        let runnable = self.build(task, (args, &environment), scope)?;
        place.answers.turn(who.user.as_deref(), &runnable.foresee());
        let site = Site {
            connection: &connection,
            who: &who,
            answers: &place.answers,
            deadline: Deadline(deadline.map_or(self.run.options.timeout, seconds)),
            environment: &environment,
        };
        let ended = if self.is_check(task, scope).await? {
            let mut diff = runnable.check(&site).await?;
            if let Some(refusal) = diff.refused.take()
                && scope.host.pending().is_none()
            {
                return Err(refusal.into());
            }
            looked(diff)
        } else {
            let (diff, outcome) = runnable.run(&site).await?;
            done(diff, outcome)
        };
        self.keep_facts(&ended, &place);
        Ok(ended)
    }

    /// Facts in a module's result (`setup`, `package_facts`) join those of the host.
    fn keep_facts(&self, ended: &Ended, place: &HostState) {
        let Some(Json::Object(new)) = ended.result.get("ansible_facts") else {
            return;
        };
        if let Ok(mut facts) = place.facts.write() {
            let mut all = facts.as_deref().cloned().unwrap_or_default();
            all.extend(new.iter().map(|(k, v)| {
                (
                    k.strip_prefix("ansible_").unwrap_or(k).to_owned(),
                    v.clone(),
                )
            }));
            *facts = Some(Arc::new(all));
        }
    }

    /// Whether the task only looks.
    pub async fn is_check(&self, task: &Task, scope: &Scope) -> Result<bool, Stop> {
        let own = self.flag(task.keywords.check_mode.as_ref(), scope).await?;
        Ok(own.unwrap_or(self.run.options.mode == Mode::Check))
    }

    /// The arguments: those of `args`, then the task's own.
    pub async fn args(&self, task: &Task, scope: &Scope) -> Result<Args, Stop> {
        let mut args = Args::new();
        for node in task.more_args.iter().chain(std::iter::once(&task.args)) {
            if let Kind::Null = node.kind {
                continue;
            }
            match self.render(node, scope).await? {
                Json::Object(map) => args.extend(map),
                other => {
                    return Err(Stop::msg(format!(
                        "the arguments of `{}` must be a mapping, they are {other}",
                        task.module
                    )));
                }
            }
        }
        Ok(args)
    }

    /// The arguments, if they are known without asking anything.
    pub fn known_args(&self, task: &Task, scope: &Scope) -> Option<Args> {
        let mut args = Args::new();
        for node in task
            .more_args
            .iter()
            .chain(std::iter::once(&task.args))
            .filter(|node| !node.is_null())
        {
            match self.run.render(node, scope).ok()? {
                Json::Object(map) => args.extend(map),
                _ => return None,
            }
        }
        Some(args)
    }

    /// The module with its arguments.
    pub fn build(
        &self,
        task: &Task,
        (args, environment): (Args, &BTreeMap<String, String>),
        scope: &Scope,
    ) -> Result<Box<dyn Runnable>, Stop> {
        let mut search = vec![task.directory.clone(), self.written.directory.clone()];
        // Components lie in `playbooks/`, their templates beside it.
        if !self.component.is_empty() {
            search.extend(self.written.directory.parent().map(ToOwned::to_owned));
        }
        let rendering = super::render::TaskRendering {
            run: self.run,
            scope,
            at: &task.args,
        };
        let context = Context {
            host: &scope.host.name,
            files: self.run.world.files.clone(),
            clock: self.run.world.clock.clone(),
            rendering: &rendering,
            search: &search,
            vault_passwords: &self.run.options.vault_passwords,
            environment,
            downloads: self.run.world.downloads.clone(),
            git: self.run.world.git.clone(),
        };
        Ok(modules::build(&task.module, &args, &context)?)
    }

    /// Where the task acts: its host, or the one it is delegated to.
    pub async fn place(&self, task: &Task, scope: &Scope) -> Result<Arc<HostState>, Stop> {
        let hosts = &self.run.shared.hosts;
        if let Some(name) = self.text(task.keywords.delegate_to.as_ref(), scope).await? {
            return Ok(hosts.get_or_add(&name));
        }
        if let Some(kind) = self.text(task.keywords.connection.as_ref(), scope).await?
            && kind == "local"
        {
            return Ok(hosts.get_or_add("localhost"));
        }
        Ok(scope.host.clone())
    }

    /// On whose behalf the task acts. Its keywords are read beside its own variables; passwords and
    /// `ansible_become` are those of the host that it acts on.
    pub async fn identity(
        &self,
        task: &Task,
        (scope, place): (&Scope, &Arc<HostState>),
    ) -> Result<Identity, Stop> {
        let user = self.text(task.keywords.become_user.as_ref(), scope).await?;
        let wanted = self.flag(task.keywords.become_.as_ref(), scope).await?;
        let scope = if place.name == scope.host.name {
            scope.clone()
        } else {
            scope.on(place.clone())
        };
        match wanted {
            Some(true) => self.becoming(user, &scope).await,
            Some(false) => Ok(Identity::default()),
            None => self.root_as(user, &scope).await,
        }
    }

    /// Who tasks become where nothing but the inventory says so.
    pub async fn root(&self, scope: &Scope) -> Result<Identity, Stop> {
        self.root_as(None, scope).await
    }

    async fn root_as(&self, user: Option<String>, scope: &Scope) -> Result<Identity, Stop> {
        let wanted = self.variable("ansible_become", scope).await?;
        if wanted.is_some_and(|value| super::conditions::truth(&value).unwrap_or_default()) {
            self.becoming(user, scope).await
        } else {
            Ok(Identity::default())
        }
    }

    /// The user to become, with the password that the inventory or the user gave.
    pub async fn becoming(&self, user: Option<String>, scope: &Scope) -> Result<Identity, Stop> {
        let user = match user {
            Some(user) => user,
            None => self
                .variable("ansible_become_user", scope)
                .await?
                .and_then(text)
                .unwrap_or_else(|| "root".to_owned()),
        };
        Ok(Identity {
            user: Some(user),
            password: self.become_password(scope).await?,
        })
    }

    async fn become_password(&self, scope: &Scope) -> Result<Option<Secret<String>>, Stop> {
        for name in [
            "ansible_become_password",
            "ansible_become_pass",
            "ansible_sudo_pass",
        ] {
            if let Some(password) = self.variable(name, scope).await?.and_then(text) {
                self.run.world.redactor.add(&password);
                return Ok(Some(Secret::new(password)));
            }
        }
        Ok(self.run.options.become_password.clone())
    }

    /// A variable, rendered.
    pub async fn variable(&self, name: &str, scope: &Scope) -> Result<Option<Json>, Stop> {
        use crate::input::Variables;
        match scope.get(name) {
            None | Some(Var::Scope(_)) => Ok(None),
            Some(Var::Data(value)) => Ok(Some(value)),
            Some(Var::Written(node)) => Ok(Some(self.render(&node, scope).await?)),
            Some(Var::Unknown(until)) => Err(Stop::Unknown(until)),
        }
    }

    /// Gathers what a template asked for, or gives the stop back.
    pub fn supply<'a>(&'a self, stop: Stop, scope: &'a Scope) -> BoxFuture<'a, Result<(), Stop>> {
        async move {
            let Stop::Unknown(reason) = &stop else {
                return Err(stop);
            };
            let Some(name) = reason.strip_prefix(FACTS_WANTED) else {
                return Err(stop);
            };
            let host = self
                .run
                .shared
                .hosts
                .get(name)
                .unwrap_or_else(|| scope.host.clone());
            self.gather(&host, scope).await
        }
        .boxed()
    }
}

fn text(value: Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// What check mode says of a diff.
fn looked(diff: Diff) -> Ended {
    let status = match () {
        () if diff.skipped || diff.blind => Status::Skipped,
        () if diff.changes.is_empty() => Status::Ok,
        () => Status::Changed,
    };
    let blind = diff.blind;
    let mut ended = with_diff(status, diff);
    if blind {
        ended.blind = true;
        let msg = "skipped: whether it would change something is only known by running it";
        ended.result.entry("msg").or_insert_with(|| msg.into());
    }
    ended.marked()
}

/// What a run says.
fn done(diff: Diff, outcome: Outcome) -> Ended {
    let changed = outcome.changed.unwrap_or(!diff.changes.is_empty());
    let status = match () {
        () if changed => Status::Changed,
        () if diff.skipped => Status::Skipped,
        () => Status::Ok,
    };
    // A reason is why nothing was done; where something was, the module says what.
    let reason = if diff.is_empty() { diff.reason } else { None };
    let mut ended = with_diff(status, Diff { reason, ..diff });
    ended.result.extend(outcome.result);
    ended.marked()
}

fn with_diff(status: Status, diff: Diff) -> Ended {
    let reason = diff.reason.unwrap_or_default();
    let mut ended = if status == Status::Skipped || diff.blind {
        Ended::new(status, reason)
    } else {
        Ended {
            note: reason,
            ..Ended::new(status, "")
        }
    };
    ended.result.extend(diff.result);
    ended.diff = diff
        .changes
        .into_iter()
        .map(|change| Difference {
            subject: change.subject,
            before: change.before,
            after: change.after,
        })
        .collect();
    ended
}
