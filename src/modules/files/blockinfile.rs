//! `blockinfile`: a block of lines between two markers is there, or is not.

use fancy_regex::Regex;

use super::edit::{Edit, Edited, Editing};
use crate::modules::regex::{Lines, compile, matches};
use crate::modules::{Context, Failure, Given};

/// Where a new block goes.
enum Place {
    Begin,
    End,
    After(Regex),
    Before(Regex),
}

/// The edit.
pub struct BlockInFile {
    path: String,
    begin: String,
    end: String,
    block: String,
    place: Place,
    present: bool,
    create: bool,
    /// A blank line is wanted before the block.
    blank_before: bool,
    /// A blank line is wanted after the block.
    blank_after: bool,
}

/// Reads the arguments.
pub fn build(given: &Given, context: &Context<'_>) -> Result<Editing<BlockInFile>, Failure> {
    let marker = given.string("marker");
    let place = match (given.text("insertafter"), given.text("insertbefore")) {
        (None, Some("BOF")) => Place::Begin,
        (Some("EOF") | None, None) => Place::End,
        (Some(pattern), _) => Place::After(compile(pattern, Lines::One)?),
        (None, Some(pattern)) => Place::Before(compile(pattern, Lines::One)?),
    };
    let edit = BlockInFile {
        path: given.the_path("path")?,
        begin: marker.replace("{mark}", &given.string("marker_begin")) + "\n",
        end: marker.replace("{mark}", &given.string("marker_end")) + "\n",
        block: given.string("block"),
        place,
        present: given.text("state") != Some("absent"),
        create: given.flag("create"),
        blank_before: given.flag("prepend_newline"),
        blank_after: given.flag("append_newline"),
    };
    Editing::new(edit, given, context)
}

impl Edit for BlockInFile {
    fn edit(&self, text: Option<&str>) -> Result<Edited, Failure> {
        if text.is_none() && !self.create {
            return Err(
                Failure::msg(format!("Path {} does not exist !", self.path)).with("rc", 257)
            );
        }
        if text.is_none() && !self.present {
            return Ok(Edited {
                msg: format!("File {} not present", self.path),
                leave: true,
                ..Edited::default()
            });
        }
        let mut lines: Vec<String> = text
            .unwrap_or_default()
            .split_inclusive('\n')
            .map(ToOwned::to_owned)
            .collect();
        let at = self.take_out(&mut lines);
        let block = self.lines();
        self.put(&mut lines, at, &block);
        let new = lines.concat();
        let msg = match text {
            Some(old) if old == new => "",
            None => "File created",
            Some(_) if block.is_empty() => "Block removed",
            Some(_) => "Block inserted",
        };
        Ok(Edited {
            text: new,
            msg: msg.to_owned(),
            ..Edited::default()
        })
    }
}

impl BlockInFile {
    /// Markers and block, or nothing if it is to go away.
    fn lines(&self) -> Vec<String> {
        if !self.present || self.block.is_empty() {
            return Vec::new();
        }
        let mut block = self.block.clone();
        if !block.ends_with('\n') {
            block.push('\n');
        }
        let mut lines = vec![self.begin.clone()];
        lines.extend(block.split_inclusive('\n').map(ToOwned::to_owned));
        lines.push(self.end.clone());
        lines
    }

    /// Removes the block that is there; says where the new one goes.
    fn take_out(&self, lines: &mut Vec<String>) -> usize {
        let begin = lines.iter().rposition(|line| *line == self.begin);
        let end = lines.iter().rposition(|line| *line == self.end);
        if let (Some(begin), Some(end)) = (begin, end) {
            // Markers in the wrong order still enclose the block.
            let (from, to) = (begin.min(end), begin.max(end));
            lines.drain(from..=to);
            return from;
        }
        let last = |regex: &Regex| {
            lines
                .iter()
                .rposition(|line| matches(regex, line.trim_end_matches('\n')))
        };
        match &self.place {
            Place::Begin => 0,
            Place::End => lines.len(),
            Place::After(regex) => last(regex).map_or(lines.len(), |at| at + 1),
            Place::Before(regex) => last(regex).unwrap_or(lines.len()),
        }
    }

    /// Puts the block at its place, with the blank lines that are wanted around it.
    fn put(&self, lines: &mut Vec<String>, mut at: usize, block: &[String]) {
        if let Some(previous) = at.checked_sub(1).and_then(|i| lines.get_mut(i)) {
            if !previous.ends_with('\n') {
                previous.push('\n');
            }
            if self.blank_before && self.present && previous != "\n" {
                lines.insert(at, "\n".to_owned());
                at += 1;
            }
        }
        lines.splice(at..at, block.iter().cloned());
        let after = at + block.len();
        if self.blank_after && self.present && lines.get(after).is_some_and(|l| l != "\n") {
            lines.insert(after, "\n".to_owned());
        }
    }
}
