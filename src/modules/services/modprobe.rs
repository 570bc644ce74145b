//! `community.general.modprobe`: a kernel module is loaded, now and after a restart.

use crate::connection::{Action, Attributes, Exec, Probe};
use crate::modules::given::join;
use crate::modules::seen::read;
use crate::modules::{Change, Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct Modprobe {
    name: String,
    params: String,
    present: bool,
    persistent: Persistent,
}

/// What happens after a restart.
#[derive(Clone, Copy, PartialEq)]
enum Persistent {
    Asis,
    Loaded,
    NotLoaded,
}

/// Modules in memory.
const LOADED: &str = "/proc/modules";
/// Modules to load at boot.
const LOAD: &str = "/etc/modules-load.d";
/// Their parameters.
const OPTIONS: &str = "/etc/modprobe.d";
/// Prints the modules that are part of the kernel.
const BUILTIN: &str = "cat \"/lib/modules/$(uname -r)/modules.builtin\"";

impl Modprobe {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Self {
        Self {
            name: given.string("name"),
            params: given.string("params"),
            present: given.text("state") != Some("absent"),
            persistent: match given.text("persistent") {
                Some("present") => Persistent::Loaded,
                Some("absent") => Persistent::NotLoaded,
                _ => Persistent::Asis,
            },
        }
    }

    /// Whether it is in memory or part of the kernel.
    fn loaded(&self, seen: &Seen) -> Result<bool, Failure> {
        let wanted = self.name.replace('-', "_");
        let modules = seen.text(LOADED)?.unwrap_or_default();
        let in_memory = modules
            .lines()
            .any(|line| line.split_whitespace().next() == Some(&wanted));
        let builtin = seen.executed(&builtin())?;
        let part_of_kernel = String::from_utf8_lossy(&builtin.stdout)
            .lines()
            .any(|line| {
                let file = line.rsplit('/').next().unwrap_or_default();
                file.strip_suffix(".ko").map(|name| name.replace('-', "_")) == Some(wanted.clone())
            });
        Ok(in_memory || part_of_kernel)
    }

    /// The `.conf` files of a folder with their texts.
    fn files(seen: &Seen, folder: &str) -> Result<Vec<(String, String)>, Failure> {
        let mut files = Vec::new();
        for entry in seen.listing(folder, Some(1))?.into_iter().flatten() {
            let path = join(folder, &entry.path);
            if path.ends_with(".conf") && seen.knows(&read(&path)) {
                files.push((path.clone(), seen.text(&path)?.unwrap_or_default()));
            }
        }
        Ok(files)
    }

    /// Whether a line of a folder is the one that makes it persistent.
    fn is_ours(&self, folder: &str, line: &str) -> bool {
        let line = line.trim();
        if folder == LOAD {
            return line == self.name;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        matches!(words[..], ["options", name, ..] if name == self.name)
    }

    /// Adds what a folder needs so that the line is there.
    fn keep(
        &self,
        steps: &mut Steps,
        seen: &Seen,
        (folder, line): (&str, String),
    ) -> Result<(), Failure> {
        let files = Self::files(seen, folder)?;
        let there = files.iter().any(|(_, text)| {
            text.lines()
                .any(|l| l.split_whitespace().eq(line.split_whitespace()))
        });
        if there {
            return Ok(());
        }
        self.drop(steps, seen, folder)?;
        let path = join(folder, &format!("{}.conf", self.name));
        steps.step(
            Change::new(&path, "", format!("{line}\n")),
            write(path.clone(), format!("{line}\n")),
        );
        Ok(())
    }

    /// Adds what comments the lines of a folder out.
    fn drop(&self, steps: &mut Steps, seen: &Seen, folder: &str) -> Result<(), Failure> {
        for (path, text) in Self::files(seen, folder)? {
            let new: String = text
                .lines()
                .map(|l| {
                    if self.is_ours(folder, l) {
                        format!("#{l}\n")
                    } else {
                        format!("{l}\n")
                    }
                })
                .collect();
            if text.lines().any(|l| self.is_ours(folder, l)) {
                steps.step(Change::new(&path, text, &new), write(path.clone(), new));
            }
        }
        Ok(())
    }
}

/// The action that writes a small root-owned file.
fn write(path: String, text: String) -> Action {
    Action::WriteFile {
        path,
        content: text.into_bytes().into(),
        attributes: Attributes {
            mode: Some(0o644),
            ..Attributes::default()
        },
        validate: None,
        backup: None,
    }
}

fn builtin() -> Probe {
    Probe::Command(Box::new(Exec::shell(BUILTIN)))
}

fn listing(folder: &str) -> Probe {
    Probe::List {
        path: folder.to_owned(),
        depth: Some(1),
    }
}

impl Recipe for Modprobe {
    fn questions(&self) -> Vec<Probe> {
        let mut probes = vec![read(LOADED), builtin()];
        if self.persistent != Persistent::Asis {
            probes.extend([listing(LOAD), listing(OPTIONS)]);
        }
        probes
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        let mut probes = Vec::new();
        if self.persistent != Persistent::Asis {
            for folder in [LOAD, OPTIONS] {
                let entries = seen.listing(folder, Some(1))?.into_iter().flatten();
                let files = entries.filter(|e| e.path.ends_with(".conf"));
                probes.extend(files.map(|e| read(&join(folder, &e.path))));
            }
        }
        Ok(probes)
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        let loaded = self.loaded(seen)?;
        let subject = format!("kernel module {}", self.name);
        match (self.present, loaded) {
            (true, false) => {
                let params = self.params.split_whitespace();
                let argv = ["modprobe", &self.name].into_iter().chain(params);
                steps.step(
                    Change::new(subject, "", "loaded"),
                    Action::Exec(Exec::new(argv)),
                );
            }
            (false, true) => steps.step(
                Change::new(subject, "loaded", ""),
                Action::Exec(Exec::new(["modprobe", "-r", &self.name])),
            ),
            _ => {}
        }
        match self.persistent {
            Persistent::Asis => {}
            Persistent::Loaded => {
                self.keep(&mut steps, seen, (LOAD, self.name.clone()))?;
                if !self.params.is_empty() {
                    let line = format!("options {} {}", self.name, self.params);
                    self.keep(&mut steps, seen, (OPTIONS, line))?;
                }
            }
            Persistent::NotLoaded => {
                self.drop(&mut steps, seen, LOAD)?;
                self.drop(&mut steps, seen, OPTIONS)?;
            }
        }
        for (field, value) in [("name", &self.name), ("params", &self.params)] {
            steps.set(field, value.as_str());
        }
        steps.set("state", if self.present { "present" } else { "absent" });
        Ok(steps.or_reason("the kernel module is as wanted already"))
    }
}
