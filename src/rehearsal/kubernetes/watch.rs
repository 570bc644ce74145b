//! Watches: what happens to a resource, line by line.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch::Receiver;

use super::cluster::Cluster;
use super::kinds::Kind;
use super::read;
use super::refusal::Refusal;
use super::selector::Selector;
use super::serve::Target;
use super::state::State;
use super::table::{self, Form};
use crate::input::Clock;

/// How long a watch lasts whose client does not say.
const USUAL: Duration = Duration::from_mins(30);

/// A watch as it was asked for.
pub struct Begin {
    kind: Arc<Kind>,
    namespace: String,
    selector: Selector,
    form: Form,
    revision: String,
    initial: bool,
    bookmarks: bool,
    limit: Duration,
}

/// What a request for a watch asks for.
///
/// # Errors
/// 400 for a selector or a version that is no number.
pub fn begin(target: &Target<'_>, form: Form) -> Result<Begin, Refusal> {
    let asked = target.asked;
    let mut fields = asked.option("fieldSelector").to_owned();
    if !target.path.name.is_empty() {
        fields = format!("metadata.name={}", target.path.name);
    }
    let revision = asked.option("resourceVersion");
    if !revision.is_empty() && revision.parse::<u64>().is_err() {
        let why = format!("strconv.ParseUint: parsing \"{revision}\": invalid syntax");
        return Err(Refusal::internal(why));
    }
    Ok(Begin {
        kind: target.kind.clone(),
        namespace: target.path.namespace.clone(),
        selector: Selector::parse(asked.option("labelSelector"), &fields)?,
        form,
        revision: revision.to_owned(),
        initial: asked.says("sendInitialEvents"),
        bookmarks: asked.says("allowWatchBookmarks"),
        limit: asked
            .option("timeoutSeconds")
            .parse()
            .map_or(USUAL, Duration::from_secs),
    })
}

/// A running watch.
pub struct Watch {
    cluster: Cluster,
    begin: Begin,
    changes: Receiver<u64>,
    /// What was sent.
    seen: u64,
    started: bool,
    ended: bool,
    /// When it ends, by the clock that paces it.
    until: Option<Duration>,
}

impl Watch {
    /// A watch on a cluster.
    pub fn new(cluster: Cluster, begin: Begin) -> Self {
        let changes = cluster.changes();
        Self {
            cluster,
            begin,
            changes,
            seen: 0,
            started: false,
            ended: false,
            until: None,
        }
    }

    /// The next events, a JSON object per line; `None` at the end of the watch. Waits by the
    /// estate's clock for what the controllers do, and `idle` paces the wait when nothing is due.
    pub async fn next(&mut self, idle: &dyn Clock) -> Option<Vec<u8>> {
        loop {
            if self.ended {
                return None;
            }
            let (lines, due) = self.collect();
            if !lines.is_empty() {
                self.cluster.clock().advance(Duration::ZERO);
                return Some(lines);
            }
            let now = idle.elapsed();
            let until = *self.until.get_or_insert(now + self.begin.limit);
            let left = until.saturating_sub(now);
            if left.is_zero() {
                self.ended = true;
                return self.begin.bookmarks.then(|| self.bookmark(false));
            }
            let clock = self.cluster.clock().clone();
            let wait = async {
                match due {
                    Some(due) if due < left => clock.sleep(due).await,
                    _ => idle.sleep(left).await,
                }
            };
            tokio::select! {
                _ = self.changes.changed() => {}
                () = wait => {}
            }
        }
    }

    /// What there is to send now, and in how long the controllers have something to do.
    fn collect(&mut self) -> (Vec<u8>, Option<Duration>) {
        let cluster = self.cluster.clone();
        let state = cluster.settled();
        self.changes.mark_unchanged();
        let mut lines = Vec::new();
        if !self.started {
            self.start(&state, &mut lines);
        }
        match state.store.since(self.seen, &self.begin.kind.resource()) {
            Ok(changes) => {
                for change in changes {
                    if !self.begin.namespace.is_empty()
                        && change.key.namespace != self.begin.namespace
                    {
                        continue;
                    }
                    let was = change
                        .before
                        .as_ref()
                        .is_some_and(|o| self.begin.selector.matches(o));
                    let is = !change.gone && self.begin.selector.matches(&change.object);
                    let what = match (was, is) {
                        (false, true) => "ADDED",
                        (true, true) => "MODIFIED",
                        (true, false) => "DELETED",
                        (false, false) => continue,
                    };
                    self.line(&state, (what, &change.object), &mut lines);
                }
                self.seen = state.store.revision;
            }
            Err(oldest) => {
                let status = Refusal::expired(self.seen, oldest).status();
                push(&mut lines, &json!({"type": "ERROR", "object": status}));
                self.ended = true;
            }
        }
        let due = state.due.map(|due| due.saturating_sub(state.now));
        (lines, due)
    }

    fn start(&mut self, state: &State, lines: &mut Vec<u8>) {
        self.started = true;
        let from: u64 = self.begin.revision.parse().unwrap_or_default();
        if from > 0 && !self.begin.initial {
            self.seen = from;
            return;
        }
        let resource = self.begin.kind.resource();
        for (_, object) in state.store.list(&resource, &self.begin.namespace) {
            if self.begin.selector.matches(object) {
                self.line(state, ("ADDED", object), lines);
            }
        }
        self.seen = state.store.revision;
        if self.begin.initial && self.begin.bookmarks {
            lines.extend(self.bookmark(true));
        }
    }

    fn line(&self, state: &State, (what, object): (&str, &Value), lines: &mut Vec<u8>) {
        let object = read::at_version(&self.begin.kind, object);
        let object = table::shown(state, &self.begin.kind, (self.begin.form, object));
        push(lines, &json!({"type": what, "object": object}));
    }

    fn bookmark(&self, initial: bool) -> Vec<u8> {
        let kind = &self.begin.kind;
        let mut object = json!({"kind": kind.kind, "apiVersion": kind.api_version(),
            "metadata": {"resourceVersion": self.seen.to_string(), "creationTimestamp": null}});
        if initial {
            object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let mut lines = Vec::new();
        push(&mut lines, &json!({"type": "BOOKMARK", "object": object}));
        lines
    }
}

fn push(lines: &mut Vec<u8>, event: &Value) {
    lines.extend(event.to_string().into_bytes());
    lines.push(b'\n');
}
