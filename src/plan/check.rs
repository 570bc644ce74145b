//! What can be said about plays before anything runs: templates that cannot be right, handlers
//! that nobody wrote, files that are not there, outputs of components that are not awaited.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::input::{Files, Node, Span};
use crate::playbook::{Keywords, Loader, LoopKind, Play, Step, Task};
use crate::template::{Engine, Reading};

/// What plays are checked with.
pub struct Checker<'a> {
    pub(super) engine: &'a Engine,
    pub(super) files: &'a dyn Files,
    /// The components whose outputs may be read, and the one that reads; `None`: no component.
    pub(super) ancestors: Option<(&'a str, &'a [String])>,
    /// Folders besides those of the play.
    pub(super) search: Vec<PathBuf>,
    pub(super) visited: BTreeSet<PathBuf>,
    pub(super) found: Diagnostics,
    pub(super) loader: Loader<'a>,
}

impl<'a> Checker<'a> {
    /// A checker; `loader` reads the files that plays include.
    pub fn new(engine: &'a Engine, files: &'a dyn Files, loader: Loader<'a>) -> Self {
        Self {
            engine,
            files,
            ancestors: None,
            search: Vec::new(),
            visited: BTreeSet::new(),
            found: Vec::new(),
            loader,
        }
    }

    /// For the plays of a component: its name, the components it waits for, and the folder in which
    /// `playbooks` and `templates` lie.
    #[must_use]
    pub fn of_component(mut self, name: &'a str, ancestors: &'a [String], folder: &Path) -> Self {
        self.ancestors = Some((name, ancestors));
        self.search = vec![folder.to_owned()];
        self
    }

    /// Checks plays.
    pub fn plays(&mut self, plays: &[Play]) {
        for play in plays {
            self.text(&play.hosts);
            let fields = [
                &play.serial,
                &play.max_fail_percentage,
                &play.force_handlers,
            ];
            for node in fields.into_iter().flatten().chain(&play.vars_files) {
                self.text(node);
            }
            self.vars_files(play);
            self.keywords(&play.keywords);
            let called = called(&play.handlers);
            for (_, steps) in &play.sections {
                self.steps(steps, &called);
            }
            self.steps(&play.handlers, &called);
        }
    }

    /// Checks values that are rendered as text: inputs, outputs.
    pub fn text(&mut self, node: &Node) {
        self.found.extend(self.engine.check(node));
        self.outputs(node, Reading::Text);
    }

    /// What was found, each thing once, in the order of the files.
    pub fn finish(mut self) -> Diagnostics {
        self.found.append(&mut self.loader.errors);
        let mut seen = BTreeSet::new();
        self.found.retain(|one| {
            let place = one.place.as_ref();
            let place = place.map(|span| (span.source.name.clone(), span.start));
            seen.insert((one.code, one.what.clone(), place))
        });
        let mut files: Vec<String> = Vec::new();
        self.found.sort_by_cached_key(|one| {
            let Some(span) = &one.place else {
                return (usize::MAX, 0);
            };
            let name = &span.source.name;
            let file = files.iter().position(|known| known == name);
            let file = file.unwrap_or_else(|| {
                files.push(name.clone());
                files.len() - 1
            });
            (file, span.start)
        });
        self.found.into_iter().map(untouched).collect()
    }

    fn condition(&mut self, node: &Node) {
        use crate::input::Kind;
        if matches!(
            node.kind,
            Kind::Int(_) | Kind::Float(_) | Kind::Map(_) | Kind::Null
        ) {
            self.found.push(
                Diagnostic::error(
                    "template/not-boolean",
                    format!("the condition is {}, not a boolean", node.type_name()),
                )
                .at(&node.span)
                .why("ansible-core 2.19 and later refuse conditions that are not true or false")
                .help("write `true`, `false`, or an expression that is one of them"),
            );
            return;
        }
        self.found.extend(self.engine.check_condition(node));
        self.outputs(node, Reading::Expression);
    }

    pub(super) fn steps(&mut self, steps: &[Step], called: &Called) {
        for step in steps {
            match step {
                Step::Task(task) => self.task(task, called),
                Step::Block(block) => {
                    self.keywords(&block.keywords);
                    for part in [&block.block, &block.rescue, &block.always] {
                        self.steps(part, called);
                    }
                }
            }
        }
    }

    pub(super) fn keywords(&mut self, keywords: &Keywords) {
        keywords.when.iter().for_each(|node| self.condition(node));
        for (_, node) in &keywords.vars {
            self.text(node);
        }
        let fields = [
            &keywords.name,
            &keywords.become_,
            &keywords.become_user,
            &keywords.become_method,
            &keywords.no_log,
            &keywords.check_mode,
            &keywords.diff,
            &keywords.ignore_errors,
            &keywords.ignore_unreachable,
            &keywords.any_errors_fatal,
            &keywords.delegate_to,
            &keywords.run_once,
            &keywords.throttle,
            &keywords.timeout,
            &keywords.connection,
            &keywords.remote_user,
        ];
        for node in fields.into_iter().flatten().chain(&keywords.environment) {
            self.text(node);
        }
    }

    fn task(&mut self, task: &Task, called: &Called) {
        self.keywords(&task.keywords);
        let breaks = &task.loop_control.break_when;
        let conditions = [&task.until, &task.changed_when, &task.failed_when, breaks];
        for node in conditions.into_iter().flatten() {
            self.condition(node);
        }
        let control = &task.loop_control;
        let fields = [&task.retries, &task.delay, &control.label, &control.pause];
        for node in fields.into_iter().flatten() {
            self.text(node);
        }
        if let Some(repeat) = &task.repeat {
            self.text(&repeat.items);
            if let LoopKind::Lookup(name) = &repeat.kind {
                let found = self.engine.check_lookup(name, &repeat.items.span);
                self.found.extend(found);
            }
        }
        self.arguments(task);
        self.notified(task, called);
        match task.module.rsplit('.').next().unwrap_or_default() {
            "include_tasks" => self.included(task, called),
            "template" => self.template(task),
            "meta" => self.meta(task),
            _ => {}
        }
    }

    /// Words of `meta` that do something here; one that is not known would be passed over.
    fn meta(&mut self, task: &Task) {
        const WORDS: [&str; 6] = [
            "flush_handlers",
            "end_play",
            "end_batch",
            "end_host",
            "clear_facts",
            "noop",
        ];
        let word = task
            .args
            .get("free_form")
            .or_else(|| task.args.get("_raw_params"));
        let word = word.unwrap_or(&task.args);
        let text = word.as_str().unwrap_or_default();
        if WORDS.contains(&text) {
            return;
        }
        let help = nearest(text, WORDS).map_or_else(
            || "remove it, or do what it is for with other tasks".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        self.found.push(
            Diagnostic::error(
                "playbook/bad-argument",
                format!("`meta: {text}` is not supported"),
            )
            .at(&word.span)
            .why(format!("it takes {}; nothing was touched", listed(&WORDS)))
            .help(help),
        );
    }

    fn arguments(&mut self, task: &Task) {
        let short = task.module.rsplit('.').next().unwrap_or_default();
        let expression = match short {
            "assert" => Some("that"),
            "debug" => Some("var"),
            _ => None,
        };
        for args in std::iter::once(&task.args).chain(&task.more_args) {
            let Some(entries) = args.as_map() else {
                self.text(args);
                continue;
            };
            for (key, value) in entries {
                if Some(key.key_text().as_str()) == expression {
                    self.condition(value);
                } else {
                    self.text(value);
                }
            }
        }
    }

    /// Names that are written out must be those of a handler.
    fn notified(&mut self, task: &Task, called: &Called) {
        if called.open {
            return;
        }
        let mut names: Vec<&Node> = Vec::new();
        for node in &task.notify {
            match node.as_seq() {
                Some(items) => names.extend(items),
                None => names.push(node),
            }
        }
        for node in names {
            let Some(name) = node.as_str().filter(|name| !templated(name)) else {
                continue;
            };
            if called.names.iter().any(|known| known == name) {
                continue;
            }
            let known: Vec<&str> = called.names.iter().map(String::as_str).collect();
            let help = nearest(name, known.iter().copied()).map_or_else(
                || "add it under `handlers`, or remove the `notify`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let why = if known.is_empty() {
                "the play has no handlers; nothing was touched".to_owned()
            } else {
                format!(
                    "the play's handlers answer to {}; nothing was touched",
                    listed(&known)
                )
            };
            self.found.push(
                Diagnostic::error(
                    "playbook/unknown-handler",
                    format!("there is no handler `{name}`"),
                )
                .at(&node.span)
                .why(why)
                .help(help),
            );
        }
    }

    fn outputs(&mut self, node: &Node, reading: Reading) {
        let Some((name, ancestors)) = self.ancestors else {
            return;
        };
        for (other, span) in self.engine.outputs(node, reading) {
            if !ancestors.contains(&other) {
                self.found.push(not_awaited(name, &other, &span));
            }
        }
    }
}

/// The names that handlers answer to.
pub(super) struct Called {
    names: Vec<String>,
    /// Whether there may be others: names that are templates, handlers in other files.
    open: bool,
}

fn called(handlers: &[Step]) -> Called {
    let mut called = Called {
        names: Vec::new(),
        open: false,
    };
    for step in handlers {
        let task = match step {
            Step::Task(task) => task,
            Step::Block(block) => {
                let inner = self::called(&block.block);
                called.open |= inner.open;
                called.names.extend(inner.names);
                continue;
            }
        };
        called.open |= task.module.ends_with("include_tasks");
        for node in task.keywords.name.iter().chain(&task.listen) {
            match node.as_str() {
                Some(name) if !templated(name) => called.names.push(name.to_owned()),
                _ => called.open = true,
            }
        }
    }
    called
}

pub(super) fn templated(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Says that nothing was touched, and what to do where the finding itself does not.
fn untouched(mut found: Diagnostic) -> Diagnostic {
    if !found.why.iter().any(|why| why.contains("touched")) {
        found = found.why("found before the run; nothing was touched");
    }
    if found.help.is_none() {
        let code = found.code;
        found = found.help(match code {
            "template/unknown-filter" | "template/unknown-test" | "template/unknown-lookup" => {
                "write it another way: docs/ansible.md lists what is supported"
            }
            _ => "correct it and run `nautes-install validate` again",
        });
    }
    found
}

fn not_awaited(name: &str, other: &str, span: &Span) -> Diagnostic {
    let help = if name == other {
        "a component's own values are its registered variables".to_owned()
    } else {
        format!("write `{other}` into the `needs` of `{name}`")
    };
    Diagnostic::error(
        "plan/outputs-not-awaited",
        format!("`{name}` reads `outputs.{other}`, but does not need `{other}`"),
    )
    .at(span)
    .why("outputs are there once the component is done; nothing was touched")
    .help(help)
}
