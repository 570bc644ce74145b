//! Links as `ln` and `mv` make them over what is there.

use super::act::{Failed, at};
use super::process::Process;
use super::tree::Follow;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A symbolic link.
    Symbolic,
    /// Another name of a file.
    Hard,
}

/// Makes a link under a temporary name and renames it over what is there.
pub fn link(process: &mut Process<'_>, path: &str, target: &str, kind: Kind) -> Result<(), Failed> {
    if kind == Kind::Hard {
        let tree = &process.host.tree;
        let there = tree.find(&process.caller, path, Follow::No);
        let target = tree.find(&process.caller, target, Follow::Link);
        if matches!((there, target), (Ok((a, _)), Ok((b, _))) if a == b) {
            return Ok(());
        }
    }
    let temporary = format!("{path}.nautes-new");
    let made = match kind {
        Kind::Symbolic => process.files().symlink(target, &temporary).map(|_| ()),
        Kind::Hard => process.files().hard_link(target, &temporary),
    };
    made.map_err(at(path))?;
    if super::programs::are_same(process, &temporary, path) {
        let _ = process.files().remove_one(&temporary);
        return Err(Failed::Refused(format!(
            "mv: '{temporary}' and '{path}' are the same file"
        )));
    }
    let renamed = process.files().rename(&temporary, path);
    if renamed.is_err() {
        let _ = process.files().remove_one(&temporary);
    }
    renamed.map_err(at(path))
}
