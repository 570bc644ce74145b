//! `chart`: a vendor-chart is applied, looked at, or taken away again.

use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use serde_json::{Map, Value, json};

use super::failure::together;
use super::place::folder;
use super::reach::Reach;
use super::telling::untouched;
use crate::chart::{Chart, Composed, Rewrites, Setting};
use crate::cluster::apply::{self, Bundle, Definitions, Item, Pace, Plan, Webhooks};
use crate::cluster::wait::{self, State, Until};
use crate::cluster::{ClusterReader, Object, Place};
use crate::connection::{Probe, Reader};
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Site};

/// How long upstream's manifests may take to arrive.
const DOWNLOAD: Duration = Duration::from_mins(5);

/// Kinds that become ready some time after they were applied.
const WORKLOADS: [&str; 6] = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "APIService",
    "CustomResourceDefinition",
];

/// What is wanted of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Present,
    Ready,
    Absent,
}

/// The module.
pub struct ChartModule {
    reach: Reach,
    chart: Chart,
    version: String,
    setting: Setting,
    wanted: Wanted,
    waits: bool,
    limit: Duration,
    definitions: Definitions,
    downloads: std::sync::Arc<crate::artifact::Downloads>,
}

/// What was seen.
pub struct Seen {
    reader: ClusterReader,
    found: Found,
}

enum Found {
    /// What applying would do, and the images.
    Plan(Box<Plan>, Composed),
    /// What was applied before.
    Items(Vec<Item>),
}

impl ChartModule {
    /// Reads the arguments and the chart.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let name = given.string("name");
        let folder = folder(&name, context)?;
        let chart = Chart::open(&context.files, &folder).map_err(Failure::from)?;
        let images = given.get("images").and_then(Value::as_object);
        let rows = images.into_iter().flatten();
        let rewrites = Rewrites::new(rows.map(|(from, to)| {
            let to = to.as_str().unwrap_or_default();
            (from.clone(), to.to_owned())
        }));
        Ok(Self {
            reach: Reach::new(given, context),
            chart,
            version: given.string("version"),
            setting: Setting {
                values: given.get("values").cloned().unwrap_or_else(|| json!({})),
                kubernetes: String::new(),
                rewrites,
            },
            wanted: match given.text("state") {
                Some("absent") => Wanted::Absent,
                Some("ready") => Wanted::Ready,
                _ => Wanted::Present,
            },
            waits: given.flag("wait"),
            limit: Duration::from_secs(given.count("wait_timeout")),
            definitions: match (given.text("definitions"), given.text("state")) {
                (Some("remove"), _) | (None, Some("absent")) => Definitions::Remove,
                _ => Definitions::Keep,
            },
            downloads: context.downloads.clone(),
        })
    }

    /// The chart's objects for this cluster.
    async fn composed(&self, reader: &ClusterReader) -> Result<Composed, Failure> {
        let sheet = self.chart.sheet(&self.version).map_err(Failure::from)?;
        let version = reader.raw("/version").await?;
        let kubernetes = version["gitVersion"].as_str().unwrap_or_default();
        let setting = Setting {
            kubernetes: kubernetes.trim_start_matches('v').to_owned(),
            ..self.setting.clone()
        };
        let real = sheet
            .upstream
            .iter()
            .all(|one| self.downloads.is_real(&one.url));
        let manifests = if real {
            let fetched = crate::chart::upstream(&sheet, &self.downloads, DOWNLOAD).await;
            Some(fetched.map_err(|error| Failure::from(vec![error]))?)
        } else {
            None
        };
        let composed = self.chart.compose(&sheet, manifests.as_deref(), &setting);
        composed.map_err(Failure::from)
    }

    async fn plan(&self, reader: &ClusterReader) -> Result<(Plan, Composed), Failure> {
        let composed = self.composed(reader).await?;
        let objects = composed.objects.iter();
        let objects: Result<Vec<Object>, _> = objects
            .map(|made| Object::new(made.body.clone(), &made.place))
            .collect();
        let bundle = Bundle {
            component: self.chart.about.name.clone(),
            objects: objects?,
            definitions: self.definitions,
        };
        match apply::plan(reader, &bundle).await {
            Ok(plan) => Ok((plan, composed)),
            Err(errors) => Err(untouched(together(errors))),
        }
    }

    /// Waits until every workload is ready; the cause if one does not become it.
    async fn wait(&self, reader: &ClusterReader, places: Vec<Place>) -> Result<(), Failure> {
        let until = self.reach.clock().elapsed() + self.limit;
        let goal = (&Until::Ready, until);
        let waits = places.iter().map(|place| wait::wait(reader, place, goal));
        let ended = join_all(waits).await;
        let errors: Vec<_> = ended.into_iter().filter_map(Result::err).collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(together(errors))
        }
    }

    fn result(&self, plan: &Plan, composed: &Composed) -> Map<String, Value> {
        let images: Vec<&str> = composed
            .images
            .iter()
            .map(|one| one.image.as_str())
            .collect();
        let warnings: Vec<&String> = plan.objects.iter().flat_map(|o| &o.warnings).collect();
        let kept: Vec<String> = plan.kept.iter().map(|item| item.key.to_string()).collect();
        let mut result = Map::new();
        result.insert("name".to_owned(), self.chart.about.name.clone().into());
        result.insert("version".to_owned(), self.version.clone().into());
        result.insert("objects".to_owned(), plan.objects.len().into());
        result.insert("images".to_owned(), json!(images));
        if !kept.is_empty() {
            result.insert("kept_definitions".to_owned(), json!(kept));
        }
        if !warnings.is_empty() {
            result.insert("warnings".to_owned(), json!(warnings));
        }
        result
    }
}

/// The workloads among what was applied.
async fn workloads(reader: &ClusterReader, items: &[Item]) -> Result<Vec<Place>, Failure> {
    let mut places = Vec::new();
    for item in items
        .iter()
        .filter(|item| WORKLOADS.contains(&item.key.kind.as_str()))
    {
        let resource = reader.resource(&item.api_version(), &item.key.kind).await?;
        places.push(Place::new(&resource, &item.key.namespace, &item.key.name));
    }
    Ok(places)
}

/// Whether a workload is as it should be already.
fn is_ready(kind: &str, live: &Value) -> bool {
    !WORKLOADS.contains(&kind) || wait::state(live, &Until::Ready) == State::Met
}

#[async_trait]
impl Module for ChartModule {
    type Seen = Seen;

    fn foresee(&self) -> Vec<Probe> {
        self.reach.questions()
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Seen, Failure> {
        let reader = self.reach.open(at).await?;
        let found = if self.wanted == Wanted::Present {
            let (plan, composed) = self.plan(&reader).await?;
            Found::Plan(Box::new(plan), composed)
        } else {
            Found::Items(apply::remembered(&reader, &self.chart.about.name).await?)
        };
        if let (Found::Items(items), Wanted::Ready) = (&found, self.wanted) {
            if items.is_empty() {
                let name = &self.chart.about.name;
                return Err(Failure::msg(format!(
                    "chart `{name}` is not installed in this cluster"
                ))
                .help("`nautes-install up` installs it"));
            }
            let places = workloads(&reader, items).await?;
            self.wait(&reader, places).await?;
        }
        Ok(Seen { reader, found })
    }

    fn diff(&self, seen: &Seen) -> Result<Diff, Failure> {
        let mut diff = Diff::default();
        match &seen.found {
            Found::Plan(plan, composed) => {
                diff.changes = changes(plan);
                diff.result = self.result(plan, composed);
                let ready = plan
                    .objects
                    .iter()
                    .all(|o| is_ready(&o.object.kind, &o.live));
                diff.quiet = !plan.is_idle() || (self.waits && !ready);
                diff.reason = Some("every object is as wanted".to_owned());
            }
            Found::Items(items) if self.wanted == Wanted::Absent => {
                let goes = items.iter().map(|item| {
                    let name = item.key.to_string();
                    Change::new(name.clone(), name, String::new())
                });
                diff.changes = goes.collect();
                diff.reason = Some("it is not installed".to_owned());
            }
            Found::Items(_) => diff.reason = Some("everything is ready".to_owned()),
        }
        Ok(diff)
    }

    async fn apply(&self, at: &Site<'_>, seen: Seen, _: &Diff) -> Result<Outcome, Failure> {
        let cluster = seen.reader.writer(at.connection);
        let mut outcome = Outcome::default();
        match seen.found {
            Found::Plan(plan, composed) => {
                outcome.result = self.result(&plan, &composed);
                let pace = Pace {
                    limit: self.limit,
                    webhooks: if self.waits {
                        Webhooks::Answered
                    } else {
                        Webhooks::AtOnce
                    },
                };
                let done = apply::carry_out(&cluster, &plan, pace).await?;
                outcome
                    .result
                    .insert("applied".to_owned(), json!(done.applied));
                outcome
                    .result
                    .insert("removed".to_owned(), json!(done.removed));
                if self.waits {
                    let items = apply::remembered(&seen.reader, &self.chart.about.name).await?;
                    let places = workloads(&seen.reader, &items).await?;
                    self.wait(&seen.reader, places).await?;
                }
            }
            Found::Items(_) if self.wanted == Wanted::Absent => {
                let name = &self.chart.about.name;
                let manner = (self.definitions, self.limit);
                let removed = apply::destroy(&cluster, name, manner).await?;
                outcome.result.insert("removed".to_owned(), json!(removed));
            }
            Found::Items(_) => {}
        }
        Ok(outcome)
    }
}

/// What applying would change, and what goes.
fn changes(plan: &Plan) -> Vec<Change> {
    let changed = plan.objects.iter().filter(|planned| planned.changes());
    let changed = changed.map(|planned| {
        let (before, after) = planned.before_and_after();
        Change::new(planned.name(), before, after)
    });
    let gone = plan.prune.iter().map(|item| {
        let name = item.key.to_string();
        Change::new(name.clone(), name, String::new())
    });
    changed.chain(gone).collect()
}
