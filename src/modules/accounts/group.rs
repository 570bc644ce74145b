//! `group`: a group is there, with this number, or is not.

use crate::connection::{Action, Exec, Probe};
use crate::modules::{Change, Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct Group {
    name: String,
    number: Option<u32>,
    present: bool,
    system: bool,
    /// The number may be another group's too.
    shared: bool,
    force: bool,
}

impl Group {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Self {
        Self {
            name: given.string("name"),
            number: given.int("gid").and_then(|n| u32::try_from(n).ok()),
            present: given.text("state") != Some("absent"),
            system: given.flag("system"),
            shared: given.flag("non_unique"),
            force: given.flag("force"),
        }
    }

    /// A program with the options for the number, then the name.
    fn exec(&self, program: &str) -> Action {
        let mut argv = vec![program.to_owned()];
        if let Some(number) = self.number {
            argv.extend(["-g".to_owned(), number.to_string()]);
            if self.shared {
                argv.push("-o".to_owned());
            }
        }
        if program == "groupadd" && self.system {
            argv.push("-r".to_owned());
        }
        argv.push(self.name.clone());
        Action::Exec(Exec::new(argv))
    }
}

impl Recipe for Group {
    fn questions(&self) -> Vec<Probe> {
        vec![Probe::Group {
            name: self.name.clone(),
        }]
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        let there = seen.group(&self.name)?.map(|(number, _)| *number);
        let subject = format!("group {}", self.name);
        match (self.present, there) {
            (true, None) => {
                let after = self
                    .number
                    .map_or_else(|| "present".to_owned(), |n| n.to_string());
                steps.step(Change::new(subject, "", after), self.exec("groupadd"));
            }
            (true, Some(now)) => {
                if let Some(number) = self.number.filter(|n| *n != now) {
                    let change = Change::new(subject, now.to_string(), number.to_string());
                    steps.step(change, self.exec("groupmod"));
                }
            }
            (false, Some(now)) => {
                let force = self.force.then_some("-f");
                let argv = ["groupdel"]
                    .into_iter()
                    .chain(force)
                    .chain([self.name.as_str()]);
                steps.step(
                    Change::new(subject, now.to_string(), ""),
                    Action::Exec(Exec::new(argv)),
                );
            }
            (false, None) => {}
        }
        steps.set("name", self.name.as_str());
        steps.set("state", if self.present { "present" } else { "absent" });
        steps.set("system", self.system);
        if let Some(number) = self.number.or(there).filter(|_| self.present) {
            steps.set("gid", number);
        }
        Ok(steps.or_reason("the group is as wanted already"))
    }
}
