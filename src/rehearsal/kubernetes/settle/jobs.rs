//! Jobs: their pods, and how they end.

use std::time::Duration;

use serde_json::{Value, json};

use super::earlier;
use super::pieces::{owned, put_status};
use crate::rehearsal::kubernetes::state::{State, time_of};
use crate::rehearsal::kubernetes::store::Key;

impl State {
    /// Moves every Job on.
    pub fn settle_jobs(&mut self) -> Option<Duration> {
        let mut due = None;
        for (key, job) in self.objects("batch/jobs") {
            if job["metadata"]["deletionTimestamp"].is_null() {
                due = earlier(due, self.settle_job(&key, job));
            }
        }
        due
    }

    fn settle_job(&mut self, key: &Key, job: Value) -> Option<Duration> {
        if let Some(end) = job["status"]["completionTime"].as_str().and_then(time_of) {
            let kept = Duration::from_secs(job["spec"]["ttlSecondsAfterFinished"].as_u64()?);
            if end + kept > self.now {
                return Some(end + kept);
            }
            super::end(self, key, job);
            return None;
        }
        if job["spec"]["suspend"] == true {
            return None;
        }
        let pods = owned(self, "/pods", &key.namespace, &job);
        let done = pods
            .iter()
            .filter(|(_, pod)| pod["status"]["phase"] == "Succeeded")
            .count() as u64;
        let active = pods.len() as u64 - done;
        let wanted = job["spec"]["completions"].as_u64().unwrap_or(1);
        let side_by_side = job["spec"]["parallelism"].as_u64().unwrap_or(1);
        for _ in active..side_by_side.min(wanted - done.min(wanted)) {
            let name = format!("{}-{}", key.name, self.suffix(&key.name, 5));
            self.new_pod(&job, (&name, &json!({})));
        }
        let time = self.time();
        let start = match &job["status"]["startTime"] {
            Value::Null => json!(time),
            there => there.clone(),
        };
        let mut status = json!({"startTime": start, "ready": active, "terminating": 0, "uncountedTerminatedPods": {}});
        if active > 0 {
            status["active"] = active.into();
        }
        if done > 0 {
            status["succeeded"] = done.into();
        }
        if done >= wanted {
            let condition = |kind: &str| {
                json!({"type": kind, "status": "True", "reason": "CompletionsReached",
                "message": "Reached expected number of succeeded pods", "lastProbeTime": time, "lastTransitionTime": time})
            };
            status["conditions"] = json!([condition("SuccessCriteriaMet"), condition("Complete")]);
            status["completionTime"] = time.clone().into();
            status["ready"] = 0.into();
        }
        put_status(self, key, job, status);
        None
    }
}
