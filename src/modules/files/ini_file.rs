//! `community.general.ini_file`: an option of a section has these values, or is not there.

use super::edit::{Edit, Edited, Editing};
use crate::modules::given::plain;
use crate::modules::{Context, Failure, Given};

/// The edit.
pub struct IniFile {
    path: String,
    /// `None`: before the first section.
    section: Option<String>,
    option: Option<String>,
    values: Vec<String>,
    present: bool,
    /// The values are all that the option may have.
    exclusive: bool,
    /// The option may stand alone.
    bare: bool,
    create: bool,
    assignment: &'static str,
}

/// Reads the arguments.
pub fn build(given: &Given, context: &Context<'_>) -> Result<Editing<IniFile>, Failure> {
    let mut values = given.list("values");
    values.extend(given.get("value").map(plain));
    let present = given.text("state") != Some("absent");
    let bare = given.flag("allow_no_value");
    if present && given.has("option") && values.is_empty() && !bare {
        return Err(Failure::msg(
            "state is present but any of the following are missing: value, values",
        ));
    }
    let mut unique: Vec<String> = Vec::new();
    for value in values {
        if !unique.contains(&value) {
            unique.push(value);
        }
    }
    let edit = IniFile {
        path: given.the_path("path")?,
        section: given.some("section"),
        option: given.some("option"),
        values: unique,
        present,
        exclusive: given.flag("exclusive"),
        bare,
        create: given.flag("create"),
        assignment: if given.flag("no_extra_spaces") {
            "="
        } else {
            " = "
        },
    };
    Editing::new(edit, given, context)
}

/// Option and value of a line, if it is one; `commented` ones count only where asked.
fn option(line: &str, commented: bool) -> Option<(&str, &str)> {
    let mut line = line.trim();
    if commented {
        line = line.strip_prefix(['#', ';']).unwrap_or(line).trim_start();
    } else if line.starts_with(['#', ';']) {
        return None;
    }
    let (name, value) = line.split_once('=').unwrap_or((line, ""));
    Some((name.trim_end(), value.trim_start()))
}

/// The name of the section that a line opens.
fn header(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('[')?;
    rest.split_once(']').map(|(name, _)| name.trim())
}

impl Edit for IniFile {
    fn edit(&self, text: Option<&str>) -> Result<Edited, Failure> {
        if text.is_none() && !self.create {
            return Err(
                Failure::msg(format!("Destination {} does not exist!", self.path)).with("rc", 257),
            );
        }
        let mut lines: Vec<String> = text
            .unwrap_or_default()
            .lines()
            .map(ToOwned::to_owned)
            .collect();
        let before = lines.clone();
        if lines.is_empty() && self.present {
            // As Ansible: a file that was empty begins with an empty line.
            lines.push(String::new());
        }
        let range = self.range(&lines);
        let msg = match (self.present, range) {
            (true, Some(range)) => self.set(&mut lines, range),
            (true, None) => self.append(&mut lines),
            (false, Some(range)) => self.remove(&mut lines, range),
            (false, None) => "OK",
        };
        if before == lines {
            return Ok(Edited {
                msg: "OK".to_owned(),
                leave: true,
                ..Edited::default()
            });
        }
        let mut new = lines.join("\n");
        new.push('\n');
        Ok(Edited {
            text: new,
            msg: msg.to_owned(),
            ..Edited::default()
        })
    }
}

impl IniFile {
    /// The lines of the section, its header included.
    fn range(&self, lines: &[String]) -> Option<std::ops::Range<usize>> {
        let end = |from: usize| {
            lines
                .iter()
                .skip(from)
                .position(|line| line.starts_with('['))
                .map_or(lines.len(), |n| from + n)
        };
        match &self.section {
            None => Some(0..end(0)),
            Some(name) => {
                let start = lines.iter().position(|l| header(l) == Some(name.trim()))?;
                Some(start..end(start + 1))
            }
        }
    }

    /// The line for a value.
    fn line(&self, option: &str, value: &str) -> String {
        if value.is_empty() && self.bare {
            return option.to_owned();
        }
        format!("{option}{}{value}", self.assignment)
    }

    /// Sets the option in a section that is there.
    fn set(&self, lines: &mut Vec<String>, range: std::ops::Range<usize>) -> &'static str {
        let Some(name) = self.option.as_deref() else {
            return "OK";
        };
        let mut part: Vec<String> = lines.get(range.clone()).unwrap_or_default().to_vec();
        let mut wanted = if self.values.is_empty() {
            vec![String::new()]
        } else {
            self.values.clone()
        };
        let mut done = vec![false; part.len()];
        let is_option = |line: &str| {
            header(line).is_none() && option(line, true).is_some_and(|(n, _)| n == name)
        };
        // Lines that have a wanted value already keep their place.
        for (line, done) in part.iter_mut().zip(&mut done) {
            let value = option(line, true)
                .map(|(_, v)| v.to_owned())
                .unwrap_or_default();
            if is_option(line)
                && let Some(at) = wanted.iter().position(|w| *w == value)
            {
                *line = self.line(name, &wanted.remove(at));
                *done = true;
            }
        }
        let mut msg = "option changed";
        if self.exclusive {
            for (line, done) in part.iter_mut().zip(&mut done) {
                if !*done && is_option(line) && !wanted.is_empty() {
                    *line = self.line(name, &wanted.remove(0));
                    *done = true;
                }
            }
            let mut keep = done.iter();
            part.retain(|line| *keep.next().unwrap_or(&false) || !is_option(line));
        }
        if !wanted.is_empty() {
            // After the last line of the section that says something.
            let at = part
                .iter()
                .rposition(|l| !l.trim().is_empty() && !l.trim_start().starts_with(['#', ';']))
                .map_or(0, |at| at + 1);
            let new: Vec<String> = wanted.iter().map(|v| self.line(name, v)).collect();
            part.splice(at..at, new);
            msg = "option added";
        }
        lines.splice(range, part);
        msg
    }

    /// Appends a section that is not there.
    fn append(&self, lines: &mut Vec<String>) -> &'static str {
        let section = self.section.as_deref().unwrap_or_default();
        lines.push(format!("[{section}]"));
        let Some(name) = &self.option else {
            return "only section added";
        };
        if self.values.is_empty() {
            lines.push(name.clone());
        }
        lines.extend(self.values.iter().map(|value| self.line(name, value)));
        "section and option added"
    }

    /// Removes the option, one of its values, or the section.
    fn remove(&self, lines: &mut Vec<String>, range: std::ops::Range<usize>) -> &'static str {
        let Some(name) = self.option.as_deref() else {
            lines.drain(range);
            return "section removed";
        };
        let part: Vec<String> = lines
            .get(range.clone())
            .unwrap_or_default()
            .iter()
            .filter(|line| match option(line, false) {
                Some((found, value)) if found == name && header(line).is_none() => {
                    !self.exclusive && !self.values.iter().any(|v| v == value)
                }
                _ => true,
            })
            .cloned()
            .collect();
        lines.splice(range, part);
        "option changed"
    }
}
