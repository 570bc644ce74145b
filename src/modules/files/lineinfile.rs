//! `lineinfile`: one line is there, or lines are not.

use fancy_regex::Regex;

use super::edit::{Edit, Edited, Editing};
use crate::modules::regex::{Lines, compile, expand, matches};
use crate::modules::{Context, Failure, Given};

/// What the line is compared with.
enum Search {
    Pattern(Regex),
    Text(String),
    Line,
}

/// Where a new line goes.
enum Place {
    Begin,
    End,
    After(Regex),
    Before(Regex),
}

/// The edit.
pub struct LineInFile {
    path: String,
    line: Option<String>,
    search: Search,
    place: Place,
    present: bool,
    backrefs: bool,
    first: bool,
    create: bool,
}

/// Reads the arguments.
pub fn build(given: &Given, context: &Context<'_>) -> Result<Editing<LineInFile>, Failure> {
    let line = given.text("line").map(ToOwned::to_owned);
    let present = given.text("state") != Some("absent");
    let search = match (given.text("regexp"), given.text("search_string")) {
        (Some(pattern), _) => Search::Pattern(compile(pattern, Lines::One)?),
        (None, Some(text)) => Search::Text(text.to_owned()),
        (None, None) => Search::Line,
    };
    let backrefs = given.flag("backrefs");
    if present && backrefs && !matches!(search, Search::Pattern(_)) {
        return Err(Failure::msg("regexp is required with backrefs=true"));
    }
    if present && line.is_none() {
        return Err(Failure::msg("line is required with state=present"));
    }
    if line.is_none() && matches!(search, Search::Line) {
        return Err(Failure::msg(
            "one of line, search_string, or regexp is required with state=absent",
        ));
    }
    let place = match (given.text("insertafter"), given.text("insertbefore")) {
        (Some("BOF"), _) | (None, Some("BOF")) => Place::Begin,
        (Some("EOF") | None, None) => Place::End,
        (Some(pattern), _) => Place::After(compile(pattern, Lines::One)?),
        (None, Some(pattern)) => Place::Before(compile(pattern, Lines::One)?),
    };
    let edit = LineInFile {
        path: given.the_path("path")?,
        line,
        search,
        place,
        present,
        backrefs,
        first: given.flag("firstmatch"),
        create: given.flag("create"),
    };
    Editing::new(edit, given, context)
}

/// A line without its ending.
fn bare(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

/// The first or last position that fits.
fn position(lines: &[String], first: bool, fits: impl Fn(&str) -> bool) -> Option<usize> {
    let mut found = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| fits(bare(line)));
    let found = if first { found.next() } else { found.last() };
    found.map(|(at, _)| at)
}

impl Edit for LineInFile {
    fn edit(&self, text: Option<&str>) -> Result<Edited, Failure> {
        let leave = |msg: &str| Edited {
            msg: msg.to_owned(),
            leave: true,
            ..Edited::default()
        };
        match text {
            None if !self.present => Ok(leave("file not present")),
            None if !self.create => Err(Failure::msg(format!(
                "Destination {} does not exist !",
                self.path
            ))
            .with("rc", 257)),
            text => {
                let lines: Vec<String> = text
                    .unwrap_or_default()
                    .split_inclusive('\n')
                    .map(ToOwned::to_owned)
                    .collect();
                Ok(if self.present {
                    self.put(lines)
                } else {
                    self.drop(&lines)
                })
            }
        }
    }
}

impl LineInFile {
    /// Whether a line (without its ending) is one that is looked for.
    fn fits(&self, line: &str) -> bool {
        match &self.search {
            Search::Pattern(regex) => matches(regex, line),
            Search::Text(text) => line.contains(text.as_str()),
            Search::Line => self.line.as_deref() == Some(line),
        }
    }

    /// Without the lines that fit.
    fn drop(&self, lines: &[String]) -> Edited {
        let kept: Vec<&str> = lines
            .iter()
            .map(String::as_str)
            .filter(|line| !self.fits(bare(line)))
            .collect();
        let found = lines.len() - kept.len();
        Edited {
            text: kept.concat(),
            msg: if found > 0 {
                format!("{found} line(s) removed")
            } else {
                String::new()
            },
            result: vec![("found", i64::try_from(found).unwrap_or(i64::MAX))],
            leave: false,
        }
    }

    /// With the line.
    fn put(&self, mut lines: Vec<String>) -> Edited {
        let line = self.line.as_deref().unwrap_or_default();
        let found = match &self.search {
            Search::Line => None,
            _ => position(&lines, self.first, |l| self.fits(l)),
        };
        let msg = if let Some(at) = found {
            let new = match (&self.search, self.backrefs) {
                (Search::Pattern(regex), true) => regex
                    .captures(bare(&lines[at]))
                    .ok()
                    .flatten()
                    .map_or_else(|| line.to_owned(), |groups| expand(line, &groups)),
                _ => line.to_owned(),
            };
            replace(&mut lines, at, &new)
        } else if let Some(at) = position(&lines, false, |l| l == line) {
            // The line itself is there: at most its missing newline is mended.
            if self.backrefs {
                ""
            } else {
                replace(&mut lines, at, line)
            }
        } else if self.backrefs {
            ""
        } else {
            self.insert(&mut lines, line)
        };
        Edited {
            text: lines.concat(),
            msg: msg.to_owned(),
            ..Edited::default()
        }
    }

    /// Inserts the line where it is wanted; says what was done.
    fn insert(&self, lines: &mut Vec<String>, line: &str) -> &'static str {
        let new = format!("{line}\n");
        let at = match &self.place {
            Place::Begin => Some(0),
            Place::End => None,
            Place::After(regex) => {
                position(lines, self.first, |l| matches(regex, l)).map(|at| at + 1)
            }
            Place::Before(regex) => position(lines, self.first, |l| matches(regex, l)),
        };
        if at.is_none_or(|at| at == lines.len())
            && let Some(last) = lines.last_mut()
            && !last.ends_with(['\n', '\r'])
        {
            last.push('\n');
        }
        lines.insert(at.unwrap_or(lines.len()), new);
        "line added"
    }
}

/// Replaces a line unless it is that line already.
fn replace(lines: &mut [String], at: usize, line: &str) -> &'static str {
    let new = if line.ends_with('\n') {
        line.to_owned()
    } else {
        format!("{line}\n")
    };
    if lines[at] == new {
        return "";
    }
    lines[at] = new;
    "line replaced"
}
