//! Starting and stopping, with what a unit needs, in order, over simulated time.

use std::time::Duration;

use super::super::host::Host;
use super::super::tree::Time;
use super::{Found, Loaded, Phase, UnitFile, full_name};

/// How long a unit without a description takes to start.
const START_TIME: Duration = Duration::from_millis(300);

/// What a description, a program or a fault says of a unit's start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Behaviour {
    /// From the start until it is up.
    pub start: Option<Duration>,
    /// TCP ports it listens on once it is up.
    pub ports: Vec<u16>,
    /// Why it does not start: the journal's line.
    pub fails: Option<String>,
    /// Lines for the journal.
    pub log: Vec<String>,
}

/// Why a job failed: systemctl's words on stderr, and its exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobError {
    /// The text.
    pub text: String,
    /// The exit code.
    pub code: i32,
}

impl JobError {
    fn new(code: i32, text: String) -> Self {
        Self { text, code }
    }
}

impl Host {
    /// The units to start for this one, what it requires or wants first.
    pub fn start_order(&self, name: &str) -> Result<Vec<UnitFile>, JobError> {
        let mut order = Vec::new();
        self.collect(&full_name(name), &mut order, 0)?;
        Ok(order)
    }

    fn collect(&self, name: &str, order: &mut Vec<UnitFile>, depth: u32) -> Result<(), JobError> {
        if depth > 20 || order.iter().any(|unit| unit.name == name) {
            return Ok(());
        }
        let file = match self.find_unit(name) {
            Found::Nothing => {
                return Err(JobError::new(
                    5,
                    format!("Failed to start {name}: Unit {name} not found."),
                ));
            }
            Found::Masked(_) => {
                return Err(JobError::new(
                    1,
                    format!("Failed to start {name}: Unit {name} is masked."),
                ));
            }
            Found::File(file) => file,
        };
        if self.units.get(&file.name).is_some_and(Loaded::is_up) && depth > 0 {
            return Ok(());
        }
        for needed in ["Requires", "BindsTo"] {
            for other in file.words("Unit", needed) {
                if !other.ends_with(".target") {
                    self.collect(&other, order, depth + 1)?;
                }
            }
        }
        for other in file.words("Unit", "Wants") {
            if !other.ends_with(".target") {
                // What is only wanted may be missing.
                let _ = self.collect(&other, order, depth + 1);
            }
        }
        if !order.iter().any(|unit| unit.name == file.name) {
            order.push(file);
        }
        Ok(())
    }

    /// Puts a unit into memory as started now; gives how long the caller has to wait for it.
    pub fn start_unit(
        &mut self,
        file: &UnitFile,
        behaviour: Behaviour,
        now: Time,
    ) -> Result<Duration, JobError> {
        let before = self.units.get(&file.name);
        if before.is_some_and(Loaded::is_up) {
            return Ok(Duration::ZERO);
        }
        let kind = file.get("Service", "Type").unwrap_or_default();
        let wait = behaviour.start.unwrap_or(START_TIME);
        let oneshot = kind == "oneshot";
        let remains = file
            .get("Service", "RemainAfterExit")
            .is_some_and(|v| v == "yes" || v == "true");
        let missing = self.missing_program(file);
        let failure = behaviour.fails.clone().or(missing);
        let mut log = vec![format!(
            "systemd[1]: Starting {}...",
            file.get("Unit", "Description")
                .unwrap_or_else(|| file.name.clone())
        )];
        log.extend(behaviour.log);
        log.extend(failure.clone());
        let phase = match (&failure, oneshot) {
            (Some(_), _) => Phase::Failed("exit-code".to_owned()),
            (None, true) => Phase::Exited,
            (None, false) => Phase::Running,
        };
        if oneshot && !remains && failure.is_none() {
            self.units.forget(&file.name);
            return Ok(wait);
        }
        let pid = self.units.new_pid();
        self.units.put(
            &file.name,
            Loaded {
                text: file.text.clone(),
                phase,
                since: now,
                ready: Time(now.0 + Time::from(wait).0),
                pid,
                ports: behaviour.ports,
                log,
            },
        );
        if failure.is_some() && (kind != "simple" && !kind.is_empty()) {
            return Err(failed_job(&file.name));
        }
        // `simple` is started as soon as the process is forked.
        Ok(if kind.is_empty() || kind == "simple" {
            Duration::from_millis(20)
        } else {
            wait
        })
    }

    /// Stops a unit; gives whether it was up.
    pub fn stop_unit(&mut self, name: &str) -> bool {
        let name = match self.find_unit(name) {
            Found::File(file) => file.name,
            _ => full_name(name),
        };
        let was_up = self.units.get(&name).is_some_and(Loaded::is_up);
        self.units.forget(&name);
        was_up
    }

    /// The unit file to act on: as loaded, unless it is not in memory.
    pub fn unit_in_memory(&self, file: UnitFile) -> UnitFile {
        match self.units.get(&file.name) {
            Some(loaded) if loaded.is_up() => UnitFile {
                text: loaded.text.clone(),
                ..file
            },
            _ => file,
        }
    }

    /// `systemctl daemon-reload`: units in memory get their files' text.
    pub fn reload_unit_files(&mut self) {
        let names: Vec<String> = self.units.all().map(|(name, _)| name.clone()).collect();
        for name in names {
            if let Found::File(file) = self.find_unit(&name)
                && let Some(loaded) = self.units.get_mut(&name)
            {
                loaded.text = file.text;
            }
        }
    }

    /// Starts what is wanted at boot; failures stay visible in the units.
    pub fn start_wanted(&mut self, now: Time) {
        let standing = [
            "systemd-journald.service",
            "systemd-logind.service",
            "dbus.service",
        ];
        let wanted = self.wanted_at_boot();
        for name in standing.iter().map(|n| (*n).to_owned()).chain(wanted) {
            for file in self.start_order(&name).unwrap_or_default() {
                let _ = self.start_unit(&file, self.behaviour(&file), now);
            }
        }
    }

    /// What the host itself remembers of a unit's behaviour, from its last start.
    pub fn behaviour(&self, file: &UnitFile) -> Behaviour {
        let remembered = self
            .memory
            .get("units")
            .and_then(|units| units.get(&file.name))
            .cloned()
            .unwrap_or_default();
        let ports = remembered["ports"].as_array().cloned().unwrap_or_default();
        let mut ports: Vec<u16> = ports
            .iter()
            .filter_map(|port| u16::try_from(port.as_u64()?).ok())
            .collect();
        if file.name == "ssh.service" {
            ports.push(22);
        }
        Behaviour {
            start: remembered["seconds"].as_f64().map(Duration::from_secs_f64),
            ports,
            ..Behaviour::default()
        }
    }

    /// A line for the journal if the unit's program is not there.
    fn missing_program(&self, file: &UnitFile) -> Option<String> {
        let command = file.get("Service", "ExecStart")?;
        let program = command.trim_start_matches(['-', '@', ':', '+', '!']);
        let program = program.split_whitespace().next()?;
        if !program.starts_with('/') || self.tree.exists(program) {
            return None;
        }
        Some(format!(
            "systemd[1]: {}: Failed to locate executable {program}: No such file or directory",
            file.name
        ))
    }
}

/// systemctl's words for a unit that did not come up.
pub fn failed_job(name: &str) -> JobError {
    JobError::new(
        1,
        format!(
            "Job for {name} failed because the control process exited with error code.\n\
             See \"systemctl status {name}\" and \"journalctl -xeu {name}\" for details."
        ),
    )
}
