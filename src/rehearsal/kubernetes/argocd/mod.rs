//! Argo CD's application controller, as far as whoever hands a cluster over to it sees it: an
//! Application's folder is read from the estate's repositories with the credential that is there, its
//! objects are made, and the status tells how far that came, in Argo CD's words.

mod access;
mod build;
mod health;
mod merge;
mod objects;
mod retry;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::{Value, json};

use super::settle::earlier;
use super::state::State;
use super::store::Key;
use crate::rehearsal::git::Offer;

/// Until an Application is first looked at.
const FIRST: Duration = Duration::from_secs(1);
/// How often repositories are asked whether they have something new.
const POLL: Duration = Duration::from_mins(3);
/// Until what failed is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// What an Application with objects of its own is held by.
pub const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";

/// What the controller has in memory of an Application.
#[derive(Clone, Debug, Default)]
pub struct Noticed {
    commit: String,
    source: Value,
    next: Duration,
    again: Duration,
    /// How often its objects were refused at this commit.
    tries: u32,
}

/// An Application under way.
struct Case {
    key: Key,
    app: Value,
    uid: String,
}

impl Case {
    fn source(&self) -> &Value {
        &self.app["spec"]["source"]
    }

    fn word(&self, name: &str) -> &str {
        self.source()[name].as_str().unwrap_or_default()
    }

    fn namespace(&self) -> &str {
        let namespace = &self.app["spec"]["destination"]["namespace"];
        namespace.as_str().unwrap_or_default()
    }
}

impl State {
    /// Brings every Application as far as it gets now.
    pub fn settle_applications(&mut self) -> Option<Duration> {
        let all = self.store.list("argoproj.io/applications", "");
        let cases: Vec<Case> = all
            .map(|(key, app)| Case {
                key: key.clone(),
                app: Value::clone(app),
                uid: app["metadata"]["uid"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            })
            .collect();
        let mut due = None;
        for case in cases {
            if self.has_argo(&case.key.namespace) {
                due = earlier(due, self.reconcile(case));
            }
        }
        due
    }

    /// Whether the parts of Argo CD run that bring Applications forward.
    fn has_argo(&self, namespace: &str) -> bool {
        let controller = self.object(
            "apps/statefulsets",
            namespace,
            "argocd-application-controller",
        );
        let server = self.object("apps/deployments", namespace, "argocd-repo-server");
        controller.is_some_and(|set| set["status"]["readyReplicas"].as_u64() >= Some(1))
            && server.is_some_and(|one| one["status"]["availableReplicas"].as_u64() >= Some(1))
    }

    fn reconcile(&mut self, mut case: Case) -> Option<Duration> {
        if case.app["metadata"]["deletionTimestamp"].is_string() {
            self.take_away(&case);
            return None;
        }
        let first = *self.seen.entry(case.uid.clone()).or_insert(self.now) + FIRST;
        if self.now < first {
            return Some(first);
        }
        let asked = self.is_asked(&mut case) | self.is_ordered(&mut case);
        let address = case.word("repoURL").to_owned();
        let offer = self.offered(&address);
        let Some(offer) = offer else {
            // An estate that was opened knows no repository until somebody asks for it.
            if case.app["status"].is_null() {
                let why = access::told("Unknown", "failed to list refs: repository not found");
                self.report(&case, &Told::cannot("ComparisonError", why));
            }
            return None;
        };
        let noticed = self.notice(&case, (&offer, asked));
        let idle =
            noticed.commit != offer.remote.commit || retry::gave_up(&case.app, noticed.tries);
        if idle || self.now < noticed.again {
            return earlier(
                Some(noticed.next),
                Some(noticed.again).filter(|at| *at > self.now),
            );
        }
        let mut told = match self.target(&case, &offer) {
            Ok(objects) => self.sync(&case, (&objects, &offer.remote.commit)),
            Err(told) => told,
        };
        let (again, tries) = match told.condition {
            _ if told.message.is_empty() => (None, 0),
            // Looked at again when somebody asks, or with the next poll.
            Some("ComparisonError") => (Some(noticed.next), 0),
            Some(_) => (Some(self.now + AGAIN), 0),
            None => retry::later(&case.app, (&mut told, noticed.tries, self.now)),
        };
        self.report(&case, &told);
        if let Some(noticed) = self.argo.get_mut(&case.uid) {
            noticed.again = again.unwrap_or_default();
            noticed.tries = tries;
        }
        again
    }

    fn offered(&self, address: &str) -> Option<Offer> {
        let (host, _, path) = access::place(address)?;
        let mut all = self.repositories.iter();
        all.find(|offer| offer.host == host && offer.path == path)
            .cloned()
    }

    /// What is known of the repository: asked for at first, by a wish, and from time to time.
    fn notice(&mut self, case: &Case, (offer, asked): (&Offer, bool)) -> Noticed {
        let known = self.argo.get(&case.uid).cloned().unwrap_or_default();
        let other = known.source != *case.source();
        if !asked && !other && !known.commit.is_empty() && self.now < known.next {
            return known;
        }
        let same = !other && known.commit == offer.remote.commit;
        let noticed = Noticed {
            commit: offer.remote.commit.clone(),
            source: case.source().clone(),
            next: self.now + POLL,
            again: Duration::ZERO,
            tries: if same { known.tries } else { 0 },
        };
        self.argo.insert(case.uid.clone(), noticed.clone());
        noticed
    }

    /// The objects that the source yields.
    fn target(&self, case: &Case, offer: &Offer) -> Result<Vec<Value>, Told> {
        let project = case.app["spec"]["project"].as_str().unwrap_or("default");
        let namespace = &case.key.namespace;
        if self
            .object("argoproj.io/appprojects", namespace, project)
            .is_none()
        {
            let why = format!("Application referencing project {project} which does not exist");
            return Err(Told::cannot("InvalidSpecError", why));
        }
        let wrong = |why: String| Told::cannot("ComparisonError", why);
        self.reaches(namespace, (case.word("repoURL"), offer))
            .map_err(wrong)?;
        let found = build::objects(&offer.remote.files, case.word("path"))
            .map_err(|why| wrong(access::told("Unknown", &why)))?;
        let bare = |object: &&Value| {
            let labels = object["metadata"]["labels"].as_object();
            labels
                .into_iter()
                .flatten()
                .any(|(_, value)| !value.is_string())
        };
        if let Some(object) = found.iter().find(bare) {
            let kind = object["kind"].as_str().unwrap_or_default();
            return Err(wrong(format!(
                "Failed to compare desired state to live state: failed to calculate diff: {kind} {}: accessor error: contains non-string value in the map under .metadata.labels",
                object["metadata"]["name"].as_str().unwrap_or_default()
            )));
        }
        Ok(found)
    }

    /// Writes the status, if it is another one.
    fn report(&mut self, case: &Case, told: &Told) {
        let mut app = case.app.clone();
        let before = app["status"].clone();
        let status = &mut app["status"];
        status["sync"]["status"] = told.sync.into();
        status["sync"]["comparedTo"]["source"] = case.source().clone();
        status["health"]["status"] = told.health.into();
        if let Some(revision) = &told.revision {
            status["sync"]["revision"] = revision.as_str().into();
            let phase = match (told.sync, told.waits) {
                ("Synced", _) => "Succeeded",
                (_, true) => "Running",
                _ => "Failed",
            };
            let message = match told.sync {
                "Synced" => "successfully synced (all tasks run)",
                _ => &told.message,
            };
            let operation = &mut status["operationState"];
            operation["phase"] = phase.into();
            operation["message"] = message.into();
            operation["syncResult"]["revision"] = revision.as_str().into();
            status["resources"] = json!(told.resources);
        }
        match &told.condition {
            None => drop(status.as_object_mut().map(|all| all.remove("conditions"))),
            Some(kind) => {
                status["conditions"] = json!([{"type": kind, "message": told.message}]);
            }
        }
        if *status == before {
            return;
        }
        if told.condition.is_some() {
            let same = before["conditions"][0]["message"] == told.message;
            let time = if same {
                before["conditions"][0]["lastTransitionTime"].clone()
            } else {
                self.time().into()
            };
            app["status"]["conditions"][0]["lastTransitionTime"] = time;
        }
        if app["status"] != before {
            self.store.put(&case.key, app);
        }
    }
}

/// How far an Application came.
struct Told {
    sync: &'static str,
    health: &'static str,
    revision: Option<String>,
    condition: Option<&'static str>,
    message: String,
    waits: bool,
    resources: Vec<Value>,
}

impl Told {
    fn cannot(condition: &'static str, message: String) -> Self {
        Self {
            sync: "Unknown",
            health: "Unknown",
            revision: None,
            condition: Some(condition),
            message,
            waits: false,
            resources: Vec::new(),
        }
    }
}
