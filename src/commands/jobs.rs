//! From a plan to what the engine runs: one job a component, those that are only looked at first.

use std::sync::Arc;

use super::Failed;
use super::load::{Loaded, Phase};
use crate::diagnostic::Diagnostics;
use crate::execute::Job;
use crate::plan::{self, Plan};
use crate::playbook::{Component, Play};

impl Loaded {
    /// The jobs of a plan: what the engine runs.
    pub fn jobs(&self, plan: &Plan, phase: Phase) -> Result<Vec<Job>, Failed> {
        let plan = if phase == Phase::Remove {
            plan.reversed()
        } else {
            plan.clone()
        };
        let mut errors = Vec::new();
        let mut jobs = Vec::new();
        let looked_at = match phase {
            Phase::Install => observed(&self.components, &plan, &self.disabled()),
            Phase::Health | Phase::Remove => Vec::new(),
        };
        for component in &looked_at {
            let after = (0..jobs.len()).collect();
            let job = self.job(component, (component.observe.clone(), after));
            job.map_or_else(|found| errors.extend(found), |job| jobs.push(job));
        }
        if phase == Phase::Install {
            // What only looks runs before anything is touched, and holds up everything.
            for step in &plan.steps {
                let component = &step.component;
                if component.before.is_empty() {
                    continue;
                }
                let job = self.job(component, (component.before.clone(), Vec::new()));
                match job {
                    Ok(job) => jobs.push(Job {
                        title: format!("before anything is touched: {}", job.title),
                        component: None,
                        ..job
                    }),
                    Err(found) => errors.extend(found),
                }
            }
        }
        let before = jobs.len();
        for step in &plan.steps {
            let after = step.after.iter().map(|index| index + before);
            let after = (0..before).chain(after).collect();
            let job = self.job(&step.component, (plays(&step.component, phase), after));
            match job {
                Ok(mut job) => {
                    if phase != Phase::Install {
                        job.component = None;
                    }
                    jobs.push(job);
                }
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() {
            Ok(jobs)
        } else {
            Err(errors.into())
        }
    }

    fn job(
        &self,
        component: &Arc<Component>,
        (plays, after): (Vec<Play>, Vec<usize>),
    ) -> Result<Job, Diagnostics> {
        let inputs = plan::inputs_of(component, self.component_settings(&component.name))?;
        Ok(Job {
            name: component.name.clone(),
            title: component.title.clone(),
            plays: Arc::new(plays),
            inputs: Some(Arc::new(inputs)),
            component: Some(component.clone()),
            after,
        })
    }
}

/// Components that are not to run, but whose outputs others read: they are looked at first.
fn observed(all: &[Arc<Component>], plan: &Plan, without: &[String]) -> Vec<Arc<Component>> {
    let runs = |name: &String| plan.steps.iter().any(|step| step.component.name == *name);
    let needed: Vec<String> = plan
        .steps
        .iter()
        .flat_map(|step| plan::ancestors(all, &step.component))
        .collect();
    all.iter()
        .filter(|one| needed.contains(&one.name) && !runs(&one.name))
        .filter(|one| !without.contains(&one.name) && !one.observe.is_empty())
        .cloned()
        .collect()
}

fn plays(component: &Component, phase: Phase) -> Vec<Play> {
    match phase {
        Phase::Install => component
            .install
            .iter()
            .chain(&component.health)
            .cloned()
            .collect(),
        Phase::Health => component.health.clone(),
        Phase::Remove => component.remove.clone(),
    }
}
