//! Outputs of a component that is done: seen, brought back from what an earlier run kept, or unknown.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::input::{Json, Var};
use crate::inventory::Vars;
use crate::playbook::{Component, Output, Play};

use super::component::{JobState, Run};
use super::failure::Stop;
use super::scope::OutputValues;
use super::world::{Job, Mode, Unseen};

impl Run {
    /// Settles what a component that is done leaves: its outputs, and what is no longer to be kept.
    pub async fn left(&self, job: &Job, state: &JobState) -> Result<(), ()> {
        self.outputs(job, state).await?;
        let (Some(component), Some(keeper)) = (&job.component, &self.shared.kept) else {
            return Ok(());
        };
        if self.options.mode == Mode::Check {
            return Ok(());
        }
        for (of, output) in &component.forget {
            if let Err(diagnostic) = keeper.forget(of, output) {
                self.failed(*diagnostic);
                return Err(());
            }
        }
        Ok(())
    }

    /// Evaluates a component's outputs on the first host of its last play that has one.
    async fn outputs(&self, job: &Job, state: &JobState) -> Result<(), ()> {
        let Some(component) = job
            .component
            .as_ref()
            .filter(|component| !component.outputs.is_empty())
        else {
            return Ok(());
        };
        let mut values = Vars::new();
        let mut result = Ok(());
        let play = self.last_with_hosts(job, state);
        for (name, output) in &component.outputs {
            let seen = match play {
                Some(play) => self.evaluate(&output.value, play, state).await,
                None => Err(Stop::Unknown(job.name.as_str().into())),
            };
            // What is not installed has no outputs, and that is no failure of who only looks.
            let seen = seen.map_err(|stop| match job.unseen {
                Unseen::Unknown | Unseen::Absent => Stop::Unknown(job.name.as_str().into()),
                Unseen::Fails => stop,
            });
            match self.settled((component, name), output, seen) {
                Ok(value) => {
                    values.insert(name.clone(), value);
                }
                Err(diagnostic) => {
                    self.failed(*diagnostic);
                    result = Err(());
                }
            }
        }
        if let Ok(mut outputs) = self.shared.outputs.write() {
            outputs.insert(
                component.name.clone(),
                Var::Scope(Arc::new(OutputValues(values))),
            );
        }
        result
    }

    /// What an output is: as seen, as kept by an earlier run, or unknown yet.
    fn settled(
        &self,
        (component, name): (&Component, &str),
        output: &Output,
        seen: Result<Json, Stop>,
    ) -> Result<Var, Box<Diagnostic>> {
        let keeper = self.shared.kept.as_ref().filter(|_| output.keep);
        let place = output.kept_as.as_ref();
        let place = place.map_or((component.name.as_str(), name), |(component, output)| {
            (component, output)
        });
        let kept = || keeper.and_then(|keeper| keeper.kept(place.0, place.1));
        let until = || Var::Unknown(component.name.as_str().into());
        let checking = self.options.mode == Mode::Check;
        match seen {
            Ok(Json::Null) if output.keep => Ok(Var::Data(kept().unwrap_or_default())),
            Ok(value) => {
                if output.secret {
                    self.world.redactor.add_all(&value);
                }
                if let Some(keeper) = keeper.filter(|_| !checking) {
                    keeper.keep(place.0, place.1, &value)?;
                }
                Ok(Var::Data(value))
            }
            Err(stop) => match kept() {
                Some(value) => Ok(Var::Data(value)),
                // Behind changes that were not made, an output cannot be known.
                None if checking || matches!(stop, Stop::Unknown(_)) => Ok(until()),
                None => Err(Box::new(no_output((component, name), output, stop))),
            },
        }
    }

    /// The play whose first host's registers outputs are read from: the last with a host. Without
    /// any it is the last one, unless it is `--limit` that leaves none: nothing was looked at then.
    fn last_with_hosts<'a>(&self, job: &'a Job, state: &JobState) -> Option<&'a Play> {
        // One whose hosts cannot be told tells why when it is read from.
        let has = |play: &&Play| self.has_hosts(play, state).unwrap_or(true);
        let found = job.plays.iter().rev().find(has);
        found.or_else(|| job.plays.last().filter(|_| self.options.limit.is_none()))
    }
}

/// An output that can be neither seen nor found among what was kept.
fn no_output((component, name): (&Component, &str), output: &Output, stop: Stop) -> Diagnostic {
    let diagnostic = match stop {
        Stop::Wrong(diagnostic) => *diagnostic,
        other => Diagnostic::error("task/failed", other.ended().msg()).at(&output.value.span),
    };
    let component = &component.name;
    let diagnostic = diagnostic.why(format!("in output `{name}` of component `{component}`"));
    if output.keep {
        diagnostic
            .help("it can only be seen once: bring back the state directory of the run that saw it")
    } else {
        diagnostic
    }
}
