//! One entry of a list of tasks becomes a task, a block, or what an import brings.

use std::path::Path;

use super::ast::{Block, Keywords, Loop, LoopControl, LoopKind, Step, Task};
use super::fields::Fields;
use super::keywords::SHARED;
use super::load::Loader;
use super::signatures;
use crate::diagnostic::Diagnostic;
use crate::input::{Kind, Node};

/// Keywords that only tasks take; for messages.
const TASK_ONLY: &[&str] = &[
    "register",
    "loop",
    "loop_control",
    "until",
    "retries",
    "delay",
    "changed_when",
    "failed_when",
    "notify",
    "listen",
    "args",
    "action",
    "local_action",
];

/// How deep imports may nest: a file that imports itself is found before the stack is.
const DEEPEST_IMPORT: usize = 40;

impl Loader<'_> {
    /// The steps of a list.
    pub(super) fn steps(&mut self, list: &Node, outer: &Keywords, directory: &Path) -> Vec<Step> {
        let items = match &list.kind {
            Kind::Null => return Vec::new(),
            Kind::Seq(items) => items,
            _ => {
                self.errors.push(
                    Diagnostic::error(
                        "playbook/wrong-type",
                        format!("a list of tasks is expected, this is {}", list.type_name()),
                    )
                    .at(&list.span)
                    .why("nothing was touched")
                    .help("start each task with `- name: …`"),
                );
                return Vec::new();
            }
        };
        items
            .iter()
            .flat_map(|item| self.step(item, outer, directory))
            .collect()
    }

    /// One entry; an import gives several steps.
    fn step(&mut self, item: &Node, outer: &Keywords, directory: &Path) -> Vec<Step> {
        let Some(mut fields) = Fields::open(item, "a task", &mut self.errors) else {
            return Vec::new();
        };
        let mut own = Keywords::take(&mut fields, &mut self.errors);
        if let Some((key, call)) = fields.take_entry("local_action") {
            own.delegate_to = Some(Node::new(
                key.span.clone(),
                Kind::Str("localhost".to_owned()),
            ));
            fields.put((key, call));
        }
        let block = fields.take("block");
        if block.is_some() {
            own.notify = fields.take_list("notify");
        }
        let keywords = own.inside(outer);
        if let Some(block) = block {
            return vec![Step::Block(Box::new(self.block(
                block,
                fields,
                (keywords, directory),
            )))];
        }
        for name in ["ansible.builtin.import_tasks", "import_tasks"] {
            if let Some(node) = fields.take(name) {
                fields.finish("an import", SHARED, &mut self.errors);
                return self.import_tasks(&node, &keywords, directory);
            }
        }
        self.task(fields, keywords, directory)
            .map(|task| Step::Task(Box::new(task)))
            .into_iter()
            .collect()
    }

    /// A block; its steps inherit its keywords.
    fn block(
        &mut self,
        block: Node,
        mut fields: Fields,
        (keywords, directory): (Keywords, &Path),
    ) -> Block {
        let list = |loader: &mut Self, node: Option<Node>| {
            node.map(|node| loader.steps(&node, &keywords, directory))
                .unwrap_or_default()
        };
        let (rescue, always) = (fields.take("rescue"), fields.take("always"));
        let rescues = usize::from(rescue.is_some());
        self.rescues += rescues;
        let block = list(self, Some(block));
        self.rescues -= rescues;
        let parsed = Block {
            span: fields.span.clone(),
            block,
            rescue: list(self, rescue),
            always: list(self, always),
            keywords: keywords.clone(),
        };
        fields.finish(
            "a block",
            &[
                "block", "rescue", "always", "name", "when", "become", "vars", "tags", "notify",
            ],
            &mut self.errors,
        );
        parsed
    }

    /// A task: everything that is not a keyword is its module.
    fn task(&mut self, mut fields: Fields, keywords: Keywords, directory: &Path) -> Option<Task> {
        self.refuse_async(&mut fields);
        let span = fields.span.clone();
        let repeat = self.repeat(&mut fields);
        let loop_control = self.loop_control(&mut fields);
        let partial = Task {
            register: fields.take("register"),
            until: fields.take_list("until"),
            retries: fields.take("retries"),
            delay: fields.take("delay"),
            changed_when: fields.take_list("changed_when"),
            failed_when: fields.take_list("failed_when"),
            notify: match fields.take_list("notify") {
                own if own.is_empty() => keywords.notify.clone(),
                own => own,
            },
            listen: fields.take_list("listen"),
            more_args: fields.take("args"),
            module: String::new(),
            module_span: span.clone(),
            args: Node::new(span.clone(), Kind::Null),
            keywords,
            span,
            repeat,
            loop_control,
            directory: directory.to_owned(),
            rescued: self.rescues > 0,
        };
        self.module(fields, partial)
    }

    /// Finds the module among what is left of the task's keys.
    fn module(&mut self, mut fields: Fields, task: Task) -> Option<Task> {
        if let Some(called) = super::action::take(&mut fields, &mut self.errors) {
            fields.put(called);
        }
        let names: Vec<String> = fields.names().map(ToOwned::to_owned).collect();
        let known = names.iter().find(|name| signatures::find(name).is_some());
        let name = match (known, names.as_slice()) {
            (Some(name), _) => name.clone(),
            (None, [name]) => name.clone(),
            (None, []) => {
                self.errors.push(
                    Diagnostic::error("playbook/no-module", "this task names no module")
                        .at(&task.span)
                        .why("a task is keywords and one module; nothing was touched")
                        .help("add the module, e.g. `ansible.builtin.command: …`"),
                );
                return None;
            }
            (None, _) => {
                let known: Vec<&str> = SHARED.iter().chain(TASK_ONLY).copied().collect();
                fields.finish("a task", &known, &mut self.errors);
                return None;
            }
        };
        let (key, args) = fields.take_entry(&name)?;
        let known: Vec<&str> = SHARED.iter().chain(TASK_ONLY).copied().collect();
        fields.finish("a task", &known, &mut self.errors);
        let mut task = Task {
            module: name,
            module_span: key.span,
            args,
            ..task
        };
        super::check::check(&mut task, &mut self.errors);
        Some(task)
    }

    /// `async` and `poll` would change what a task means: refused rather than dropped.
    fn refuse_async(&mut self, fields: &mut Fields) {
        for name in ["async", "poll"] {
            if let Some((key, _)) = fields.take_entry(name) {
                self.errors.push(
                    Diagnostic::error(
                        "playbook/unsupported-keyword",
                        format!("`{name}` is not supported"),
                    )
                    .at(&key.span)
                    .why(
                        "every task here has a deadline and waits for its end; nothing was touched",
                    )
                    .help("remove it; `timeout: SECONDS` sets the task's deadline"),
                );
            }
        }
    }

    /// `loop` or one `with_…`.
    fn repeat(&mut self, fields: &mut Fields) -> Option<Loop> {
        if let Some(items) = fields.take("loop") {
            return Some(Loop {
                kind: LoopKind::Plain,
                items,
            });
        }
        let name = fields
            .names()
            .find(|name| name.starts_with("with_"))?
            .to_owned();
        let items = fields.take(&name)?;
        let kind = match name.as_str() {
            "with_items" => LoopKind::Items,
            other => LoopKind::Lookup(other.trim_start_matches("with_").to_owned()),
        };
        Some(Loop { kind, items })
    }

    /// `loop_control`.
    fn loop_control(&mut self, fields: &mut Fields) -> LoopControl {
        let Some(node) = fields.take("loop_control") else {
            return LoopControl::default();
        };
        let Some(mut fields) = Fields::open(&node, "`loop_control`", &mut self.errors) else {
            return LoopControl::default();
        };
        let control = LoopControl {
            loop_var: fields.take("loop_var"),
            index_var: fields.take("index_var"),
            label: fields.take("label"),
            pause: fields.take("pause"),
            extended: fields.take("extended"),
            extended_allitems: fields.take("extended_allitems"),
            break_when: fields.take_list("break_when"),
        };
        fields.finish(
            "`loop_control`",
            &[
                "loop_var",
                "index_var",
                "label",
                "pause",
                "extended",
                "extended_allitems",
                "break_when",
            ],
            &mut self.errors,
        );
        control
    }

    /// `import_tasks`: the file's steps stand here, with the import's keywords around them.
    fn import_tasks(&mut self, node: &Node, keywords: &Keywords, directory: &Path) -> Vec<Step> {
        let named = node
            .as_str()
            .or_else(|| node.get("file").and_then(Node::as_str));
        let Some(name) = named else {
            self.errors.push(
                Diagnostic::error("playbook/wrong-type", "`import_tasks` takes a file name")
                    .at(&node.span)
                    .why("nothing was touched")
                    .help("write `import_tasks: tasks/file.yaml`"),
            );
            return Vec::new();
        };
        if name.contains("{{") {
            self.errors.push(
                Diagnostic::error(
                    "playbook/dynamic-import",
                    format!("the name of an import cannot be a template: `{name}`"),
                )
                .at(&node.span)
                .why("imports are read before anything runs; nothing was touched")
                .help("write `include_tasks`, which is read when its turn comes"),
            );
            return Vec::new();
        }
        if self.depth >= DEEPEST_IMPORT {
            self.errors.push(
                Diagnostic::error(
                    "playbook/import-cycle",
                    format!("imports nest deeper than {DEEPEST_IMPORT} files at `{name}`"),
                )
                .at(&node.span)
                .why("a file that imports itself never ends; nothing was touched")
                .help("remove the import that leads back"),
            );
            return Vec::new();
        }
        let Some((list, folder)) = self.read_relative(name, &node.span, directory) else {
            return Vec::new();
        };
        self.depth += 1;
        let steps = self.steps(
            &list,
            &Keywords {
                name: None,
                ..keywords.clone()
            },
            &folder,
        );
        self.depth -= 1;
        steps
    }
}
