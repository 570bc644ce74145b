//! Where the time of a run went: which components, each waiting for the one before it, made it as
//! long as it was. Pure.

use std::time::Duration;

use super::world::Job;
use crate::event::Spent;

/// When a job began and ended, since the start of the run; nothing for one that did not run.
pub type Times = Option<(Duration, Duration)>;

/// The time of each component that ran, in the order of their starts; those that the end of the run
/// waited for are marked.
pub fn spent(jobs: &[Job], times: &[Times]) -> Vec<Spent> {
    let last = |among: &mut dyn Iterator<Item = usize>| {
        among
            .filter_map(|index| Some((times[index]?.1, index)))
            .max_by_key(|(end, index)| (*end, std::cmp::Reverse(*index)))
            .map(|(_, index)| index)
    };
    let mut critical = vec![false; jobs.len()];
    let mut at = last(&mut (0..jobs.len()));
    while let Some(index) = at {
        critical[index] = true;
        at = last(&mut jobs[index].after.iter().copied());
    }
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|index| times[*index]);
    order
        .into_iter()
        .filter(|index| !jobs[*index].name.is_empty())
        .filter_map(|index| {
            let (begun, ended) = times[index]?;
            let took = ended.saturating_sub(begun);
            Some(Spent {
                component: jobs[index].name.clone(),
                duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                critical: critical[index],
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::execute::Unseen;

    fn job(name: &str, after: &[usize]) -> Job {
        Job {
            name: name.to_owned(),
            title: String::new(),
            plays: Arc::new(Vec::new()),
            inputs: None,
            view: None,
            component: None,
            unseen: Unseen::Fails,
            after: after.to_vec(),
        }
    }

    fn at(begun: u64, ended: u64) -> Times {
        Some((Duration::from_secs(begun), Duration::from_secs(ended)))
    }

    #[test]
    fn the_end_of_a_run_waited_for_one_after_the_other() {
        let jobs = [
            job("hosts", &[]),
            job("gitlab", &[0]),
            job("k3s", &[0]),
            job("dex", &[1, 2]),
            job("harbor", &[2]),
            job("never", &[3]),
        ];
        let times = [
            at(0, 2),
            at(2, 300),
            at(2, 20),
            at(300, 304),
            at(20, 50),
            None,
        ];
        let spent = spent(&jobs, &times);
        let told: Vec<(&str, u64, bool)> = spent
            .iter()
            .map(|one| (one.component.as_str(), one.duration_ms, one.critical))
            .collect();
        let expected = [
            ("hosts", 2_000, true),
            ("k3s", 18_000, false),
            ("gitlab", 298_000, true),
            ("harbor", 30_000, false),
            ("dex", 4_000, true),
        ];
        assert_eq!(told, expected);
        assert!(super::spent(&[], &[]).is_empty());
    }
}
