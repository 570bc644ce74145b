//! What can be said of the files that plays name before anything runs: variables, tasks, templates.

use std::path::Path;

use super::check::{Called, Checker, templated};
use crate::diagnostic::Diagnostic;
use crate::input::{Node, Source};
use crate::playbook::{Keywords, Play, Task};
use crate::template::TextOptions;

impl Checker<'_> {
    /// Files of variables that are named outright are there, and hold variables.
    pub(super) fn vars_files(&mut self, play: &Play) {
        for node in &play.vars_files {
            let Some(name) = node.as_str().filter(|name| !templated(name)) else {
                continue;
            };
            let places = [
                play.directory.join("vars").join(name),
                play.directory.join(name),
            ];
            let found = places.iter().find(|path| self.files.kind(path).is_some());
            let path = found.unwrap_or(&places[1]).clone();
            let Some(tree) = self.loader.document(&path, Some(&node.span)) else {
                continue;
            };
            match tree.as_map() {
                Some(entries) => {
                    for (_, value) in entries {
                        self.text(value);
                    }
                }
                None if tree.is_null() => {}
                None => self.found.push(
                    Diagnostic::error(
                        "playbook/wrong-type",
                        format!(
                            "a file of variables must be a mapping, this is {}",
                            tree.type_name()
                        ),
                    )
                    .at(&tree.span)
                    .help("write `name: value` lines"),
                ),
            }
        }
    }

    /// A file that is named outright is read and checked too.
    pub(super) fn included(&mut self, task: &Task, called: &Called) {
        if let Some(node) = task.args.get("apply") {
            let applied = self.loader.applied(node);
            self.keywords(&applied);
        }
        let file = task.args.as_str().map_or_else(
            || task.args.get("file").cloned(),
            |_| Some(task.args.clone()),
        );
        let Some(node) = file else { return };
        let Some(name) = node.as_str().filter(|name| !templated(name)) else {
            return;
        };
        let candidates = [
            task.directory.join(name),
            task.directory.join("tasks").join(name),
        ];
        let Some(path) = candidates
            .into_iter()
            .find(|path| self.files.kind(path).is_some())
        else {
            // What is behind a condition may be meant to be absent.
            if task.keywords.when.is_empty() {
                self.found.push(
                    Diagnostic::error("playbook/unreadable", format!("cannot read `{name}`"))
                        .at(&node.span)
                        .why("there is no such file beside the one that names it; nothing was touched")
                        .help("check the name; paths are relative to the file that names them"),
                );
            }
            return;
        };
        if self.visited.insert(path.clone()) {
            let steps = self.loader.included(&path, &Keywords::default());
            // Its handlers are those of whoever includes it.
            self.steps(&steps, called);
        }
    }

    /// A template that no task can have made is missing.
    fn not_there(&mut self, task: &Task, src: &str) {
        let beside = self.ancestors.is_some() || Path::new(src).is_absolute();
        if beside || task.may_fail() || !task.keywords.when.is_empty() || task.repeat.is_some() {
            return;
        }
        let Some(node) = task.args.get("src") else {
            return;
        };
        self.found.push(
            Diagnostic::error("playbook/unreadable", format!("cannot read `{src}`"))
                .at(&node.span)
                .why("there is no such file beside the playbook or in its `templates` folder; nothing was touched")
                .help("check the name; paths are relative to the file that names them"),
        );
    }

    /// The template that a task names outright, if it is there already.
    pub(super) fn template(&mut self, task: &Task) {
        let custom = [
            "variable_start_string",
            "block_start_string",
            "comment_start_string",
        ];
        let args = [Some(&task.args), task.more_args.as_ref()];
        if args
            .into_iter()
            .flatten()
            .any(|args| custom.iter().any(|name| args.get(name).is_some()))
        {
            return;
        }
        let Some(src) = task
            .args
            .get("src")
            .and_then(Node::as_str)
            .filter(|src| !templated(src))
        else {
            return;
        };
        let folders = std::iter::once(&task.directory).chain(&self.search);
        let Some(path) = folders
            .flat_map(|folder| [folder.join("templates").join(src), folder.join(src)])
            .find(|path| self.files.kind(path).is_some())
        else {
            self.not_there(task, src);
            return;
        };
        let Some(text) = self
            .files
            .read(&path)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
        else {
            return;
        };
        if self.visited.insert(path.clone()) && !crate::secret::vault::is_vault(text.as_bytes()) {
            let source = Source::new(path.display().to_string(), text);
            self.found
                .extend(self.engine.check_source(&source, TextOptions::default()));
        }
    }
}
