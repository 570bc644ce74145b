//! `kubernetes.core.k8s`: objects are made, changed, applied or removed through the API that the
//! task's host reaches.

use std::time::Duration;

use async_trait::async_trait;
use futures::stream;
use futures::{FutureExt as _, StreamExt as _};
use serde_json::{Map, Value, json};

use super::failure::together;
use super::manner::{Manner, State, delete_options, hide, manner};
use super::reach::Reach;
use super::step::{Method, Step, judge};
use super::wanted::{Wait, objects};
use crate::cluster::apply::{self, Company, Phase, Way};
use crate::cluster::wait::{Until, wait};
use crate::cluster::{Cluster, ClusterReader, Object, Patch, Place};
use crate::connection::{Probe, Reader};
use crate::modules::{Context, Diff, Failure, Given, Module, Outcome, Site};

/// How many objects are asked about at once.
const AT_ONCE: usize = 16;
/// How long a deletion is waited for unless the task says so, and what holds up an apply.
const PATIENCE: Duration = Duration::from_secs(120);

/// The module.
pub struct K8s {
    reach: Reach,
    objects: Vec<Object>,
    manner: Manner,
    wait: Option<Wait>,
    delete_options: Value,
    go_on: bool,
    hidden: Vec<String>,
}

/// What was seen.
pub struct Seen {
    reader: ClusterReader,
    steps: Vec<Result<Step, Failure>>,
}

impl K8s {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        Ok(Self {
            reach: Reach::new(given, context),
            objects: objects(given, context)?,
            manner: manner(given)?,
            wait: Wait::new(given)?,
            delete_options: delete_options(given)?,
            go_on: given.flag("continue_on_error"),
            hidden: given.list("hidden_fields"),
        })
    }

    /// Does one step; the object comes back as it is then.
    async fn act(&self, cluster: &Cluster, (step, way): (&Step, &Way)) -> Result<Value, Failure> {
        // Nothing to do needs no place: of a kind that nobody defined there is none.
        if step.method == Method::None {
            return Ok(step.live.clone());
        }
        let until = self.reach.clock().elapsed() + self.wait.as_ref().map_or(PATIENCE, |w| w.limit);
        let body = &step.object.body;
        let place = match &step.place {
            Some(place) => place.clone(),
            None => self.place(cluster.reader(), &step.object).await?,
        };
        let object = match &step.method {
            Method::None => Value::Null,
            Method::Create => cluster.create(&place, body).await?,
            Method::Patch(patch) => cluster.patch(&place, *patch, body).await?.0,
            Method::Replace => {
                let mut whole = body.clone();
                whole["metadata"]["resourceVersion"] =
                    step.live["metadata"]["resourceVersion"].clone();
                cluster.replace(&place, &whole).await?
            }
            Method::Apply(planned) => {
                let manner = apply::Manner {
                    manager: &self.manner.manager,
                    patch: if self.manner.force_conflicts {
                        Patch::Force
                    } else {
                        Patch::Apply
                    },
                };
                apply::apply(cluster, planned, (manner, until, way)).await?
            }
            Method::Delete => {
                if self.wait.is_some() {
                    let manner = (&self.delete_options, until);
                    apply::delete_and_wait(cluster, &place, manner).await?;
                } else {
                    cluster.delete(&place, &self.delete_options).await?;
                }
                return Ok(json!({}));
            }
        };
        Ok(object)
    }

    async fn place(&self, reader: &ClusterReader, object: &Object) -> Result<Place, Failure> {
        let found = apply::place(reader, object, &Company::default()).await?;
        let place = found.ok_or_else(|| Failure::msg(format!("{} has no kind", object.key())))?;
        Ok(place.by(&self.manner.manager))
    }

    /// Waits for an object as the task says.
    async fn waited(
        &self,
        cluster: &Cluster,
        (step, object): (&Step, Value),
        until: Duration,
    ) -> Result<Value, Failure> {
        let Some(wanted) = self
            .wait
            .as_ref()
            .filter(|_| self.manner.state != State::Absent)
        else {
            return Ok(object);
        };
        let Some(name) = object["metadata"]["name"].as_str() else {
            return Ok(object);
        };
        let mut place = match &step.place {
            Some(place) => place.clone(),
            None => self.place(cluster.reader(), &step.object).await?,
        };
        name.clone_into(&mut place.name);
        Ok(wait(cluster.reader(), &place, (&wanted.until, until)).await?)
    }

    /// The steps of a phase, side by side; definitions are established when this ends.
    async fn phase(
        &self,
        cluster: &Cluster,
        (phase, steps): (Phase, &[(usize, &Step)]),
        way: &Way,
    ) -> Vec<(usize, Result<Value, Failure>)> {
        let acts: Vec<_> = steps
            .iter()
            .map(|(nth, step)| async move { (*nth, self.act(cluster, (step, way)).await) }.boxed())
            .collect();
        let mut acted: Vec<_> = stream::iter(acts).buffered(AT_ONCE).collect().await;
        if phase != Phase::Definitions || self.manner.state == State::Absent {
            return acted;
        }
        let until = self.reach.clock().elapsed() + PATIENCE;
        for ((_, step), (_, ended)) in steps.iter().zip(&mut acted) {
            let Some(place) = step
                .place
                .as_ref()
                .filter(|_| step.changes() && ended.is_ok())
            else {
                continue;
            };
            let established = wait(cluster.reader(), place, (&Until::Ready, until)).await;
            *ended = established.map_err(Failure::from);
        }
        cluster.reader().forget_kinds();
        acted
    }

    /// Every step in the order of the phases, then the waits. What became of each, by its number.
    async fn all(
        &self,
        cluster: &Cluster,
        (steps, way): (&[Result<Step, Failure>], &Way),
    ) -> Vec<Result<Value, Failure>> {
        let mut ended: Vec<Result<Value, Failure>> = steps
            .iter()
            .map(|step| step.as_ref().map(|s| s.live.clone()).map_err(Clone::clone))
            .collect();
        let mut phases = Phase::ALL.to_vec();
        if self.manner.state == State::Absent {
            phases.reverse();
        }
        for phase in phases {
            let all = steps.iter().enumerate();
            let known = all.filter_map(|(nth, step)| Some((nth, step.as_ref().ok()?)));
            let of_phase = known.filter(|(_, step)| Phase::of_object(&step.object) == phase);
            let work: Vec<(usize, &Step)> = of_phase.collect();
            for (nth, outcome) in self.phase(cluster, (phase, &work), way).await {
                ended[nth] = outcome;
            }
            if !self.go_on && ended.iter().any(Result::is_err) {
                return ended;
            }
        }
        let limit = self.wait.as_ref().map_or(PATIENCE, |wait| wait.limit);
        let until = self.reach.clock().elapsed() + limit;
        let waits = steps.iter().zip(ended).map(|(step, object)| async move {
            match (step, object) {
                (Ok(step), Ok(object)) => self.waited(cluster, (step, object), until).await,
                (_, object) => object,
            }
        });
        futures::future::join_all(waits).await
    }

    /// The result of one object.
    fn told(&self, step: &Step, object: &Value) -> Value {
        let mut object = object.clone();
        for path in &self.hidden {
            hide(&mut object, path);
        }
        let mut result =
            json!({"changed": step.changes(), "method": step.word(), "result": object});
        if !step.warnings.is_empty() {
            result["warnings"] = json!(step.warnings);
        }
        result
    }

    fn result(&self, mut results: Vec<Value>) -> Map<String, Value> {
        let mut fields = Map::new();
        let warnings: Vec<Value> = results
            .iter()
            .filter_map(|r| r["warnings"].as_array().cloned())
            .flatten()
            .collect();
        if self.objects.len() == 1 && results.len() == 1 {
            if let Value::Object(one) = results.remove(0) {
                fields.extend(one);
            }
        } else {
            fields.insert("result".to_owned(), json!({"results": results}));
        }
        if !warnings.is_empty() {
            fields.insert("warnings".to_owned(), warnings.into());
        }
        fields.shift_remove("changed");
        fields
    }
}

#[async_trait]
impl Module for K8s {
    type Seen = Seen;

    fn foresee(&self) -> Vec<Probe> {
        self.reach.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Seen, Failure> {
        let reader = self.reach.open(at).await?;
        let company = Company::of(&self.objects);
        let asks: Vec<_> = self
            .objects
            .iter()
            .map(|object| judge(&reader, object, (&self.manner, &company)).boxed())
            .collect();
        let steps = stream::iter(asks).buffered(AT_ONCE).collect().await;
        Ok(Seen { reader, steps })
    }

    fn diff(&self, seen: &Seen) -> Result<Diff, Failure> {
        let mut diff = Diff::default();
        let refused: Vec<_> = seen.steps.iter().filter_map(|s| s.as_ref().err()).collect();
        if !self.go_on && !refused.is_empty() {
            return Err(together(refused.into_iter().cloned()));
        }
        let mut results = Vec::new();
        for step in seen.steps.iter().flatten() {
            diff.changes.extend(step.change());
            let made = !step.after.is_null();
            results.push(self.told(step, if made { &step.after } else { &step.live }));
        }
        diff.result = self.result(results);
        let adopts = |step: &Step| !matches!(step.method, Method::None);
        let steps = || seen.steps.iter().flatten();
        diff.quiet =
            self.wait.is_some() || steps().any(adopts) || steps().count() < seen.steps.len();
        diff.reason = Some("every object is as wanted".to_owned());
        Ok(diff)
    }

    async fn apply(&self, at: &Site<'_>, seen: Seen, _: &Diff) -> Result<Outcome, Failure> {
        let cluster = seen.reader.writer(at.connection);
        let way = Way::default();
        let ended = self.all(&cluster, (&seen.steps, &way)).await;
        // Also after a failure: what made way comes back.
        let back = way.restore(&cluster).await;
        let mut results = Vec::new();
        let mut failures = Vec::new();
        for (step, ended) in seen.steps.iter().zip(ended) {
            match (step, ended) {
                (Ok(step), Ok(object)) => results.push(self.told(step, &object)),
                (_, Err(failure)) => failures.push(failure),
                (Err(failure), Ok(_)) => failures.push(failure.clone()),
            }
        }
        if let Some(failure) = failures.into_iter().next() {
            return Err(failure.with("result", json!({"results": results})));
        }
        back?;
        Ok(Outcome {
            result: self.result(results),
            changed: None,
        })
    }
}
