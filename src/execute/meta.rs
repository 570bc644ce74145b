//! `meta`: the course of the play.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::event::Status;
use crate::playbook::Task;

use super::course::PlayRun;
use super::host::HostState;
use super::result::Ended;
use super::task::Went;

impl PlayRun<'_> {
    /// Does what the word says, on the hosts for which its condition holds. What is for all hosts is
    /// decided by the first (as Ansible does).
    pub async fn meta(&self, task: &Task, hosts: Vec<Arc<HostState>>, stop: &mut bool) -> Went {
        let word = task
            .args
            .get("free_form")
            .or_else(|| task.args.get("_raw_params"))
            .unwrap_or(&task.args);
        let word = word.as_str().unwrap_or_default().trim().to_owned();
        let each = matches!(word.as_str(), "end_host" | "flush_handlers" | "noop");
        let mut went = Went::default();
        let mut due = Vec::new();
        let mut refused = false;
        for host in hosts {
            if !each && refused {
                went.alive.push(host);
                continue;
            }
            if !each && !due.is_empty() {
                due.push(host);
                continue;
            }
            let scope = self.scope(task, &host);
            match self.holds(&task.keywords.when, &scope).await {
                Ok(true) => due.push(host),
                Ok(false) => {
                    self.tell_skipped(task, (&word, &host)).await;
                    went.alive.push(host);
                    refused = true;
                }
                Err(failed) => self.include_failed(task, (host, failed), &mut went),
            }
        }
        if word == "flush_handlers" {
            let walked = self.flush(due).await;
            went.alive.extend(walked.alive);
            went.failed.extend(walked.failed);
            *stop |= walked.stop;
            return went;
        }
        for host in &due {
            self.turn(&word, host, stop);
        }
        went.alive.extend(due);
        went
    }

    /// What a word of `meta` does for a host; others are refused before the run.
    fn turn(&self, word: &str, host: &Arc<HostState>, stop: &mut bool) {
        match word {
            "end_play" | "end_batch" => {
                *stop = true;
                self.ended.store(true, Ordering::Relaxed);
                if word == "end_play" {
                    self.play_ended.store(true, Ordering::Relaxed);
                }
            }
            "end_host" => {
                if let Ok(mut left) = self.left.lock() {
                    left.insert(host.name.clone());
                }
                if let Ok(mut fallen) = self.play.fallen.write() {
                    fallen.insert(host.name.clone());
                }
            }
            "clear_facts" => {
                if let Ok(mut facts) = host.facts.write() {
                    *facts = None;
                }
            }
            _ => {}
        }
    }

    /// A turn that is not taken, in Ansible's words; it does not count.
    async fn tell_skipped(&self, task: &Task, (word, host): (&str, &Arc<HostState>)) {
        let name = &host.name;
        let said = match word {
            "end_host" => {
                format!("{word} conditional evaluated to false, continuing execution for {name}")
            }
            _ => word.to_owned(),
        };
        let reason = format!("{word} conditional evaluated to False");
        let ended = Ended::new(Status::Skipped, said).because(&reason);
        let scope = self.scope(task, host);
        let told = self.told(task, &scope, &ended, None).await;
        self.tell(told, 0);
    }
}
