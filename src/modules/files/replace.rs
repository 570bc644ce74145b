//! `replace`: every match of a pattern becomes a text.

use fancy_regex::Regex;

use super::edit::{Edit, Edited, Editing};
use crate::modules::regex::{Lines, compile, expand};
use crate::modules::{Context, Failure, Given};

/// The edit.
pub struct Replace {
    path: String,
    pattern: Regex,
    replacement: String,
    /// The part of the file to work on, with its source for messages.
    section: Option<(Regex, String)>,
}

/// Reads the arguments.
pub fn build(given: &Given, context: &Context<'_>) -> Result<Editing<Replace>, Failure> {
    let section = match (given.some("after"), given.some("before")) {
        (Some(after), Some(before)) => Some(format!("{after}(?P<subsection>.*?){before}")),
        (Some(after), None) => Some(format!("{after}(?P<subsection>.*)")),
        (None, Some(before)) => Some(format!("(?P<subsection>.*){before}")),
        (None, None) => None,
    };
    let edit = Replace {
        path: given.the_path("path")?,
        pattern: compile(&given.string("regexp"), Lines::Many)?,
        replacement: given.string("replace"),
        section: section
            .map(|pattern| compile(&pattern, Lines::Dot).map(|regex| (regex, pattern)))
            .transpose()?,
    };
    Editing::new(edit, given, context)
}

impl Edit for Replace {
    fn edit(&self, text: Option<&str>) -> Result<Edited, Failure> {
        let text = text.ok_or_else(|| {
            Failure::msg(format!("Path {} does not exist !", self.path)).with("rc", 257)
        })?;
        let range = match &self.section {
            None => 0..text.len(),
            Some((regex, pattern)) => {
                let found = regex.captures(text).ok().flatten();
                let Some(part) = found.as_ref().and_then(|f| f.name("subsection")) else {
                    return Ok(Edited {
                        msg: format!(
                            "Pattern for before/after params did not match the given file: {pattern}"
                        ),
                        leave: true,
                        result: vec![("rc", 0)],
                        ..Edited::default()
                    });
                };
                part.range()
            }
        };
        let (part, count) = self.replaced(text.get(range.clone()).unwrap_or_default())?;
        let before = text.get(..range.start).unwrap_or_default();
        let after = text.get(range.end..).unwrap_or_default();
        let new = [before, &part, after].concat();
        let msg = if new == text {
            String::new()
        } else {
            format!("{count} replacements made")
        };
        Ok(Edited {
            text: new,
            msg,
            result: vec![("rc", 0)],
            ..Edited::default()
        })
    }
}

impl Replace {
    /// The text with every match replaced, and how many there were.
    fn replaced(&self, text: &str) -> Result<(String, usize), Failure> {
        let mut out = String::new();
        let mut from = 0;
        let mut count = 0;
        for groups in self.pattern.captures_iter(text) {
            let groups = groups.map_err(|error| {
                Failure::msg(format!("Unable to process replace due to error: {error}"))
            })?;
            let Some(whole) = groups.get(0) else { continue };
            out.push_str(text.get(from..whole.start()).unwrap_or_default());
            out.push_str(&expand(&self.replacement, &groups));
            from = whole.end();
            count += 1;
        }
        out.push_str(text.get(from..).unwrap_or_default());
        Ok((out, count))
    }
}
