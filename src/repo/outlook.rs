//! What a push would do to the repository, for people and for checks.

use std::collections::BTreeSet;

use super::problem;
use super::tree::{Entry, Tree};
use crate::diagnostic::Diagnostics;

/// What would be pushed.
pub struct Outlook {
    /// The commit that the branch is at; `None` for a new one.
    pub at: Option<String>,
    /// What is there.
    pub before: Tree,
    /// What will be there.
    pub after: Tree,
    /// Nothing needs to be pushed.
    pub is_same: bool,
    /// Files with lines that both sides changed, each with what to show: nothing can be pushed.
    pub conflicts: Vec<(String, String)>,
    /// The rendering that was found in the history.
    pub(super) base: Option<String>,
}

impl Outlook {
    /// The conflicts as errors that show them; `branch` is where they are settled.
    pub fn told(&self, branch: &str) -> Diagnostics {
        let told = self.conflicts.iter().map(|(path, shown)| {
            let what =
                format!("`{path}` was changed in the repository and by this run, in the same lines");
            let error = shown
                .lines()
                .fold(problem("repo/conflict", what), crate::diagnostic::Diagnostic::why);
            error.help(format!(
                "write into `{path}` on branch `{branch}` what it shall be and run again; or let one side win everywhere: `conflict: ours` or `conflict: theirs`"
            ))
        });
        told.collect()
    }

    /// The files that differ: path, text before and after; what is no text counts as empty.
    pub fn changes(&self) -> Vec<(&str, &str, &str)> {
        let paths: BTreeSet<&str> = self.before.paths().chain(self.after.paths()).collect();
        let mut found = Vec::new();
        for path in paths {
            let (before, after) = (self.before.get(path), self.after.get(path));
            if before != after {
                found.push((path, text(before), text(after)));
            }
        }
        found
    }
}

fn text(entry: Option<&Entry>) -> &str {
    entry.and_then(Entry::text).unwrap_or_default()
}
