//! A terminal: what runs now in live lines at the bottom, finished tasks above them.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::lines::{Detail, lines_of};
use crate::event::{Event, Sink};
use crate::secret::Redactor;

/// How often a live line's spinner moves.
const TICK: Duration = Duration::from_millis(120);

/// Live lines on a terminal, one per component that runs.
pub struct Live {
    bars: MultiProgress,
    running: Mutex<HashMap<String, ProgressBar>>,
    redactor: Redactor,
    detail: Detail,
}

impl Live {
    /// Draws on stderr's terminal.
    pub fn new(redactor: Redactor, detail: Detail) -> Self {
        Self {
            bars: MultiProgress::new(),
            running: Mutex::default(),
            redactor,
            detail,
        }
    }

    /// Ends all live lines.
    pub fn finish(&self) {
        let _ = self.bars.clear();
    }

    fn bar(&self, component: &str, message: String) {
        let Ok(mut running) = self.running.lock() else {
            return;
        };
        let bar = running.entry(component.to_owned()).or_insert_with(|| {
            let bar = self.bars.add(ProgressBar::new_spinner());
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} {prefix:12} {wide_msg} {elapsed}")
            {
                bar.set_style(style);
            }
            bar.set_prefix(component.to_owned());
            bar.enable_steady_tick(TICK);
            bar
        });
        bar.set_message(self.redactor.redact(&message));
    }
}

impl Sink for Live {
    fn emit(&self, event: &Event) {
        for line in lines_of(event, self.detail) {
            let _ = self.bars.println(self.redactor.redact(&line));
        }
        match event {
            Event::TaskStart {
                component,
                task,
                hosts,
                ..
            } => {
                let on = if hosts.len() > 3 {
                    format!("{} hosts", hosts.len())
                } else {
                    hosts.join(", ")
                };
                self.bar(component, format!("{task} [{on}]"));
            }
            Event::Retry { task, host, left } => {
                let _ = (task, host, left);
            }
            Event::ComponentEnd { component, .. } => {
                if let Ok(mut running) = self.running.lock()
                    && let Some(bar) = running.remove(component)
                {
                    bar.finish_and_clear();
                }
            }
            Event::Recap { .. } => self.finish(),
            _ => {}
        }
    }
}
