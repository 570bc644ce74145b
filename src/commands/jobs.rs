//! From a plan to what the engine runs: one job a component, those that are only looked at first.

use std::sync::Arc;

use super::Failed;
use super::load::{Loaded, Phase};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::execute::{Job, Unseen, View};
use crate::plan::{self, Plan, instances};
use crate::playbook::{Component, Play};

impl Loaded {
    /// The jobs of a plan: what the engine runs.
    pub fn jobs(&self, plan: &Plan, phase: Phase) -> Result<Vec<Job>, Failed> {
        // What others read is looked at from the ground up, also where they go in reverse.
        let looked_at = self.looked_at(plan, phase);
        let plan = if phase == Phase::Remove {
            plan.reversed()
        } else {
            plan.clone()
        };
        let mut errors = Vec::new();
        let mut jobs = Vec::new();
        for component in &looked_at {
            let after = (0..jobs.len()).collect();
            let job = self.job(component, (component.observe.clone(), after));
            match job {
                Ok(mut job) => {
                    // Whoever reads what is not there says so; others are not concerned.
                    job.unseen = Unseen::Absent;
                    jobs.push(job);
                }
                Err(found) => errors.extend(found),
            }
        }
        if phase == Phase::Install {
            let ahead = self.ahead(&plan);
            ahead.map_or_else(|found| errors.extend(found), |ahead| jobs.extend(ahead));
        }
        let before = jobs.len();
        for step in &plan.steps {
            let after = step.after.iter().map(|index| index + before);
            let needed = plan::ancestors(&self.components, &step.component);
            let awaited =
                |nth: &usize| phase == Phase::Install || needed.contains(&looked_at[*nth].name);
            let after = (0..before).filter(awaited).chain(after).collect();
            let job = self.job(&step.component, (plays(&step.component, phase), after));
            match job {
                Ok(mut job) => {
                    if phase != Phase::Install {
                        job.component = None;
                        job.unseen = Unseen::Unknown;
                    }
                    jobs.push(job);
                }
                Err(found) => errors.extend(found),
            }
        }
        // What runs twice (before, install) has its inputs read twice.
        let mut told: Vec<Diagnostic> = Vec::new();
        errors.retain(|error: &Diagnostic| {
            let known = told.contains(error);
            told.push(error.clone());
            !known
        });
        if errors.is_empty() {
            Ok(jobs)
        } else {
            Err(errors.into())
        }
    }

    /// Components that are looked at before the others run, because those read their outputs.
    fn looked_at(&self, plan: &Plan, phase: Phase) -> Vec<Arc<Component>> {
        let mut found = observed(&self.components, plan, &self.disabled());
        if phase == Phase::Install {
            return found;
        }
        // Neither health nor removal makes outputs, so those that are in the plan count as well.
        found.extend(plan.steps.iter().map(|step| step.component.clone()));
        found.retain(|one| !one.observe.is_empty());
        let part: &[&str] = match phase {
            Phase::Remove => &["remove"],
            _ => &["health"],
        };
        let steps = plan.steps.iter().map(|step| &step.component);
        let mut texts: Vec<(Arc<Component>, String)> = steps
            .map(|component| (component.clone(), parts(component, part)))
            .collect();
        let mut wanted: Vec<String> = Vec::new();
        // What is looked at reads others in turn.
        while let Some((reader, text)) = texts.pop() {
            let above = plan::ancestors(&self.components, &reader);
            for one in &found {
                // An instance is read under its component's name, by its own cluster's alone.
                let is_meant = above.contains(&one.name) && reads(&text, one.base());
                if is_meant && !wanted.contains(&one.name) {
                    wanted.push(one.name.clone());
                    texts.push((one.clone(), parts(one, &["observe", "outputs"])));
                }
            }
        }
        found.retain(|one| wanted.contains(&one.name));
        found
    }

    /// What only looks runs before anything is touched, and holds up everything.
    fn ahead(&self, plan: &Plan) -> Result<Vec<Job>, Diagnostics> {
        let components = plan.steps.iter().map(|step| &step.component);
        let asked = components.filter(|component| !component.before.is_empty());
        asked
            .map(|component| {
                let job = self.job(component, (component.before.clone(), Vec::new()))?;
                Ok(Job {
                    title: format!("before anything is touched: {}", job.title),
                    component: None,
                    ..job
                })
            })
            .collect()
    }

    /// What an instance sees in place of the tenant's own cluster.
    fn view(&self, component: &Component) -> Option<Arc<View>> {
        let name = &component.instance.as_ref()?.cluster;
        let cluster = self.clusters.iter().find(|one| one.name == *name)?;
        Some(Arc::new(View {
            cluster: name.clone(),
            inventory: Arc::new(cluster.view(&self.inventory)),
            outputs: instances::aliases(&self.components, name),
        }))
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
            view: self.view(component),
            component: Some(component.clone()),
            unseen: Unseen::Fails,
            after,
        })
    }
}

/// The text of these parts of a component's file; all of it where a part stands for another one's
/// words (`*name`).
fn parts(component: &Component, keys: &[&str]) -> String {
    let whole = &component.span.source.text;
    let mut inside = false;
    let lines = whole.lines().filter(|line| {
        if let Some((key, _)) = line.split_once(':')
            && line.starts_with(|c: char| c.is_ascii_lowercase())
        {
            inside = keys.contains(&key);
        }
        inside
    });
    let text: Vec<&str> = lines.collect();
    let text = text.join("\n");
    let stands_for = |line: &str| {
        let starts = [": *", "[*", "- *", ", *"];
        let mut found = starts.iter().flat_map(|start| line.split(start).skip(1));
        found.any(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    };
    if text.lines().any(stands_for) {
        whole.clone()
    } else {
        text
    }
}

/// Whether a text reads a component's outputs.
fn reads(text: &str, name: &str) -> bool {
    let forms = [
        format!("outputs.{name}"),
        format!("outputs['{name}']"),
        format!("outputs[\"{name}\"]"),
    ];
    forms.iter().any(|form| {
        let mut found = text.match_indices(form.as_str());
        let ends = |at: usize| {
            let next = text[at..].chars().next();
            form.ends_with(']') || next.is_none_or(|c| !(c.is_alphanumeric() || "_-".contains(c)))
        };
        found.any(|(at, _)| ends(at + form.len()))
    })
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

#[cfg(test)]
mod tests {
    use super::reads;

    #[test]
    fn outputs_are_read_by_whole_names() {
        assert!(reads("{{ outputs.vault.url }}", "vault"));
        assert!(!reads("{{ outputs.vaults.url }}", "vault"));
        assert!(reads("{{ outputs['vault-init'].shares }}", "vault-init"));
        assert!(!reads("{{ outputs['vault-init'].shares }}", "vault"));
    }
}
