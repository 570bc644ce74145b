//! `ansible.posix.sysctl`: a kernel parameter in a file, and now.

use crate::connection::{Action, Attributes, Exec, Probe, Reply};
use crate::modules::seen::read;
use crate::modules::{Change, Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct Sysctl {
    name: String,
    /// `None`: it is to go out of the file.
    value: Option<String>,
    file: String,
    reload: bool,
    /// Compare and set the kernel's own value too.
    set: bool,
    lenient: bool,
}

impl Sysctl {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let present = given.text("state") != Some("absent");
        let value = given.text("value").map(|value| match value.trim() {
            "True" | "true" | "yes" | "on" => "1".to_owned(),
            "False" | "false" | "no" | "off" => "0".to_owned(),
            other => fold(other),
        });
        if present && value.is_none() {
            return Err(Failure::msg("value cannot be None"));
        }
        Ok(Self {
            name: given.string("name"),
            value: value.filter(|_| present),
            file: given.the_path("sysctl_file")?,
            reload: given.flag("reload"),
            set: given.flag("sysctl_set") && present,
            lenient: given.flag("ignoreerrors"),
        })
    }

    fn question(&self) -> Probe {
        Probe::Sysctl {
            name: self.name.clone(),
        }
    }

    /// Whether the kernel's own value is looked at: to set it, or to see that a reload is due.
    fn compares(&self) -> bool {
        self.set || (self.reload && self.value.is_some())
    }

    /// Adds what gives the kernel the value, first of all: an unknown parameter is not written down.
    fn now(&self, steps: &mut Steps, seen: &Seen) -> Result<(), Failure> {
        let (true, Some(value)) = (self.compares(), &self.value) else {
            return Ok(());
        };
        let Reply::Sysctl(now) = seen.get(&self.question())? else {
            return Err(Failure::msg("the host did not tell the parameter"));
        };
        let now = now.as_deref().map(fold);
        if now.as_ref() == Some(value) || (now.is_none() && self.lenient) {
            return Ok(());
        }
        let change = Change::new(&self.name, now.unwrap_or_default(), value);
        if self.set {
            let action = Action::Sysctl {
                name: self.name.clone(),
                value: value.clone(),
            };
            steps.step(change, action);
        } else {
            steps.diff.changes.push(change);
        }
        Ok(())
    }

    /// The file with the parameter as wanted.
    fn edited(&self, text: &str) -> String {
        let mut out = String::new();
        let mut done = false;
        for line in text.lines() {
            if assignment(line).is_none_or(|(name, _)| name != self.name) {
                out.push_str(line);
                out.push('\n');
                continue;
            }
            // A second line for the same parameter would win over the first.
            if let (Some(value), false) = (&self.value, done) {
                let same = assignment(line).is_some_and(|(_, old)| fold(old) == *value);
                let new = format!("{}={value}", self.name);
                out.push_str(if same { line } else { &new });
                out.push('\n');
                done = true;
            }
        }
        if let (Some(value), false) = (&self.value, done) {
            out.push_str(&format!("{}={value}\n", self.name));
        }
        out
    }
}

/// White space folded, as the kernel's own values are compared.
fn fold(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Name and value of a line.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.starts_with(['#', ';']) {
        return None;
    }
    let (name, value) = line.split_once('=')?;
    Some((name.trim().trim_start_matches('-'), value.trim()))
}

impl Recipe for Sysctl {
    fn questions(&self) -> Vec<Probe> {
        let mut probes = vec![read(&self.file)];
        if self.compares() {
            probes.push(self.question());
        }
        probes
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        self.now(&mut steps, seen)?;
        let before = seen.text(&self.file)?.unwrap_or_default();
        let after = self.edited(&before);
        if before != after && !(before.is_empty() && self.value.is_none()) {
            steps.step(
                Change::new(&self.file, before, &after),
                Action::WriteFile {
                    path: self.file.clone(),
                    content: after.into_bytes().into(),
                    attributes: Attributes::default(),
                    validate: None,
                    backup: None,
                },
            );
        }
        if self.reload && !steps.diff.changes.is_empty() {
            let lenient = self.lenient.then_some("-e");
            let argv = ["sysctl"]
                .into_iter()
                .chain(lenient)
                .chain(["-p", &self.file]);
            steps.actions.push(Action::Exec(Exec::new(argv)));
        }
        Ok(steps.or_reason("the parameter is set already"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_set_once_and_removed_everywhere() {
        let mut sysctl = Sysctl {
            name: "a.b".to_owned(),
            value: Some("2 3".to_owned()),
            file: "/x".to_owned(),
            reload: false,
            set: false,
            lenient: false,
        };
        assert_eq!(
            sysctl.edited("# a.b = 1\na.b = 1\nc=1\na.b=5\n"),
            "# a.b = 1\na.b=2 3\nc=1\n"
        );
        assert_eq!(sysctl.edited("a.b =  2\t3\n"), "a.b =  2\t3\n");
        assert_eq!(sysctl.edited("c=1"), "c=1\na.b=2 3\n");
        sysctl.value = None;
        assert_eq!(sysctl.edited("a.b=1\nc=1\na.b=2\n"), "c=1\n");
    }
}
