//! `service` and `systemd_service`: one module with three names.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::connection::{
    Action, ConnectionError, Exec, Executed, Probe, Reply, UnitAction, UnitState,
};
use crate::modules::recipe::program_failed;
use crate::modules::{Change, Failure, Given, Recipe, Seen, Site, Steps};

/// The module.
pub struct Unit {
    /// As the user wrote it.
    name: Option<String>,
    /// With its suffix.
    #[expect(clippy::struct_field_names, reason = "systemd's own word")]
    unit: String,
    state: Option<State>,
    enabled: Option<bool>,
    masked: Option<bool>,
    reload_manager: bool,
    restart_manager: bool,
    /// Do not wait for the job.
    no_block: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Started,
    Stopped,
    Restarted,
    Reloaded,
}

/// The endings that a unit's name may have.
const SUFFIXES: [&str; 11] = [
    ".service",
    ".socket",
    ".device",
    ".mount",
    ".automount",
    ".swap",
    ".target",
    ".path",
    ".timer",
    ".slice",
    ".scope",
];

impl Unit {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let name = given.some("name");
        let state = match given.text("state") {
            Some("started") => Some(State::Started),
            Some("stopped") => Some(State::Stopped),
            Some("restarted") => Some(State::Restarted),
            Some("reloaded") => Some(State::Reloaded),
            _ => None,
        };
        let module = Self {
            unit: name.as_deref().map(with_suffix).unwrap_or_default(),
            enabled: given.choice("enabled"),
            masked: given.choice("masked"),
            reload_manager: given.flag("daemon_reload"),
            restart_manager: given.flag("daemon_reexec"),
            no_block: given.flag("no_block"),
            name,
            state,
        };
        let about_unit =
            module.state.is_some() || module.enabled.is_some() || module.masked.is_some();
        if about_unit && module.name.is_none() {
            return Err(Failure::msg(
                "name is required when state, enabled or masked is given",
            ));
        }
        if module
            .name
            .as_deref()
            .is_some_and(|n| n.contains(['*', '?', '[']))
        {
            return Err(Failure::msg(format!(
                "This module does not currently support using glob patterns, found in service: {}",
                module.unit
            )));
        }
        Ok(module)
    }

    fn question(&self) -> Probe {
        Probe::Unit {
            name: self.unit.clone(),
        }
    }

    fn action(&self, action: UnitAction) -> Action {
        let verb = match action {
            UnitAction::Start => "start",
            UnitAction::Stop => "stop",
            UnitAction::Restart => "restart",
            UnitAction::Reload => "reload",
            _ => {
                return Action::Unit {
                    name: self.unit.clone(),
                    action,
                };
            }
        };
        if self.no_block {
            return Action::Exec(Exec::new(["systemctl", "--no-block", verb, &self.unit]));
        }
        Action::Unit {
            name: self.unit.clone(),
            action,
        }
    }

    fn change(&self, what: &str, before: &str, after: &str) -> Change {
        Change::new(format!("{} {what}", self.unit), before, after)
    }

    /// Adds what the manager itself is asked for. It never counts as a change; a reload for a unit
    /// that is loaded as its files say would do nothing.
    fn manager(&self, steps: &mut Steps, unit: Option<&UnitState>) {
        let fresh = unit.is_some_and(|u| {
            u.load == "loaded"
                && u.properties.get("NeedDaemonReload").map(String::as_str) == Some("no")
        });
        let mut add = |action| {
            let name = self.unit.clone();
            steps.diff.quiet = true;
            steps.actions.push(Action::Unit { name, action });
        };
        if self.reload_manager && !fresh {
            add(UnitAction::DaemonReload);
        }
        if self.restart_manager {
            add(UnitAction::DaemonReexec);
        }
    }

    fn mask(&self, steps: &mut Steps, unit: &UnitState) {
        let masked = unit.load == "masked" || unit.file.starts_with("masked");
        if let Some(wanted) = self.masked
            && wanted != masked
        {
            let word = |masked| if masked { "masked" } else { "not masked" };
            let action = if wanted {
                UnitAction::Mask
            } else {
                UnitAction::Unmask
            };
            steps.step(
                self.change("mask", word(masked), word(wanted)),
                self.action(action),
            );
        }
    }

    fn enable(&self, steps: &mut Steps, unit: &UnitState) {
        let Some(wanted) = self.enabled else { return };
        let enabled = match unit.file.as_str() {
            "enabled" | "enabled-runtime" => true,
            // These have nothing to enable: they are started by others.
            "static" | "generated" | "transient" => wanted,
            _ => false,
        };
        if wanted != enabled {
            let word = if wanted { "enabled" } else { "disabled" };
            let action = if wanted {
                UnitAction::Enable
            } else {
                UnitAction::Disable
            };
            steps.step(
                self.change("at boot", &unit.file, word),
                self.action(action),
            );
        }
    }

    fn run(&self, steps: &mut Steps, unit: &UnitState) {
        let running = matches!(unit.active.as_str(), "active" | "activating" | "reloading");
        let stopping = unit.active == "deactivating";
        let (action, after) = match (self.state, running) {
            (None, _) | (Some(State::Started), true) => return,
            (Some(State::Started | State::Restarted | State::Reloaded), false) => {
                (UnitAction::Start, "active")
            }
            (Some(State::Restarted), true) => (UnitAction::Restart, "restarted"),
            (Some(State::Reloaded), true) => (UnitAction::Reload, "reloaded"),
            (Some(State::Stopped), _) if running || stopping => (UnitAction::Stop, "inactive"),
            (Some(State::Stopped), _) => return,
        };
        steps.step(
            self.change("state", &unit.active, after),
            self.action(action),
        );
    }
}

/// The unit that a name means.
fn with_suffix(name: &str) -> String {
    if SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
        name.to_owned()
    } else {
        format!("{name}.service")
    }
}

#[async_trait]
impl Recipe for Unit {
    fn questions(&self) -> Vec<Probe> {
        if self.name.is_some() {
            vec![self.question()]
        } else {
            Vec::new()
        }
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        let Some(name) = &self.name else {
            steps.set("name", Value::Null);
            self.manager(&mut steps, None);
            return Ok(steps.or_reason("reloading the manager does not count as a change"));
        };
        let unit = seen.unit(&self.unit)?;
        steps.set("name", name.as_str());
        let status: Map<String, Value> = unit
            .properties
            .iter()
            .map(|(k, v)| (k.clone(), json!(v)))
            .collect();
        steps.set("status", status);
        let known = unit.load != "not-found" && !unit.load.is_empty();
        let takes_away = self.state == Some(State::Stopped) || self.enabled == Some(false);
        let wanted = self.state.is_some() || self.enabled.is_some();
        if !known && wanted && unit.file.is_empty() {
            // A unit that is to be started may be made by a task before this one; to stop one that
            // there is not is a mistake.
            if takes_away {
                return Err(missing(&self.unit));
            }
            steps.diff.refused = Some(missing(&self.unit));
        }
        self.manager(&mut steps, Some(unit));
        self.mask(&mut steps, unit);
        self.enable(&mut steps, unit);
        self.run(&mut steps, unit);
        if let Some(enabled) = self.enabled {
            steps.set("enabled", enabled);
        }
        if let Some(state) = self.state {
            steps.set(
                "state",
                if state == State::Stopped {
                    "stopped"
                } else {
                    "started"
                },
            );
        }
        Ok(steps.or_reason("the unit is as wanted already"))
    }

    async fn explain(&self, at: &Site<'_>, action: &Action, answer: &Executed) -> Failure {
        let words = String::from_utf8_lossy(&answer.stderr).trim().to_owned();
        if words.contains("not found") || words.contains("not be found") {
            return missing(&self.unit).with("stderr", words);
        }
        let verb = match action {
            Action::Unit {
                action: UnitAction::Start,
                ..
            } => "start",
            Action::Unit {
                action: UnitAction::Restart,
                ..
            } => "restart",
            Action::Unit {
                action: UnitAction::Reload,
                ..
            } => "reload",
            Action::Unit {
                action: UnitAction::Stop,
                ..
            } => "stop",
            Action::Unit {
                action: UnitAction::Enable,
                ..
            } => "enable",
            Action::Unit {
                action: UnitAction::Disable,
                ..
            } => "disable",
            _ => return program_failed(action, answer),
        };
        let msg = format!("Unable to {verb} service {}: {words}", self.unit);
        Failure::msg(with_journal(at, (&self.unit, msg)).await)
            .with("rc", answer.code)
            .with("stderr", words)
    }

    async fn late(&self, at: &Site<'_>, error: &ConnectionError) -> Option<Failure> {
        let msg = format!("{} is not up: systemctl {error}", self.unit);
        let help = format!(
            "its journal says what it waits for; more of it: journalctl -u {}",
            self.unit
        );
        Some(Failure::msg(with_journal(at, (&self.unit, msg)).await).help(help))
    }
}

/// The failure for a unit that there is not.
fn missing(unit: &str) -> Failure {
    Failure::msg(format!("Could not find the requested service {unit}: host"))
}

/// The message with the last lines that the unit wrote, if there are some.
async fn with_journal(at: &Site<'_>, (unit, mut msg): (&str, String)) -> String {
    let journal = journal(at, unit).await;
    if !journal.is_empty() {
        msg.push_str("\nlast lines of its journal:\n");
        msg.push_str(&journal);
    }
    msg
}

/// The last lines that the unit wrote, or nothing.
async fn journal(at: &Site<'_>, unit: &str) -> String {
    let argv = [
        "journalctl",
        "--no-pager",
        "--lines=10",
        "--output=cat",
        "--unit",
        unit,
    ];
    let probe = Probe::Command(Box::new(Exec::new(argv)));
    match at.reader().ask_now(&probe).await {
        Ok(Reply::Command(answer)) => String::from_utf8_lossy(&answer.stdout).trim().to_owned(),
        _ => String::new(),
    }
}
