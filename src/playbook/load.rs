//! Reads playbooks: from a file to plays, every mistake collected.

use std::path::{Path, PathBuf};

use super::ast::{Keywords, Play, Section, Step};
use super::fields::Fields;
use super::keywords::SHARED;
use super::literal;
use super::sealed::Keys;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{self, Files, Kind, Node, Rules, Source, Span};
use crate::secret::vault;

/// Keywords that only plays take; for messages.
const PLAY_ONLY: &[&str] = &[
    "hosts",
    "gather_facts",
    "serial",
    "max_fail_percentage",
    "force_handlers",
    "vars_files",
    "pre_tasks",
    "tasks",
    "post_tasks",
    "handlers",
    "import_playbook",
];

/// Reads playbooks and task files and collects what is wrong with them.
pub struct Loader<'a> {
    /// The controller's files.
    pub files: &'a dyn Files,
    /// What was found so far.
    pub errors: Diagnostics,
    pub(super) depth: usize,
    /// How many blocks with a `rescue` stand around what is read.
    pub(super) rescues: usize,
    pub(super) keys: Keys,
}

impl<'a> Loader<'a> {
    /// A loader over these files.
    pub fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            errors: Vec::new(),
            depth: 0,
            rescues: 0,
            keys: Keys::default(),
        }
    }

    /// The same loader that can open what ansible-vault sealed.
    #[must_use]
    pub fn with_keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// The plays of a playbook file, imported ones in their place.
    pub fn playbook(&mut self, path: &Path) -> Vec<Play> {
        let Some(list) = self.read(path, None) else {
            return Vec::new();
        };
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        if list.is_null() || list.as_seq().is_some_and(<[Node]>::is_empty) {
            self.errors.push(
                Diagnostic::error(
                    "playbook/wrong-type",
                    format!("`{}` holds no plays", path.display()),
                )
                .at(&list.span)
                .why("nothing was touched")
                .help("start each play with `- hosts: …`"),
            );
        }
        self.plays(&list, &Keywords::default(), &directory)
    }

    /// The plays of a list.
    pub(super) fn plays(&mut self, list: &Node, outer: &Keywords, directory: &Path) -> Vec<Play> {
        match &list.kind {
            Kind::Null => Vec::new(),
            Kind::Seq(items) => items
                .iter()
                .flat_map(|item| self.play(item, outer, directory))
                .collect(),
            _ => {
                self.errors.push(
                    Diagnostic::error(
                        "playbook/wrong-type",
                        format!("a list of plays is expected, this is {}", list.type_name()),
                    )
                    .at(&list.span)
                    .why("nothing was touched")
                    .help("start each play with `- hosts: …`"),
                );
                Vec::new()
            }
        }
    }

    /// A task file that `include_tasks` names, when its turn has come.
    pub fn included(&mut self, path: &Path, outer: &Keywords) -> Vec<Step> {
        let Some(list) = self.read(path, None) else {
            return Vec::new();
        };
        self.steps(&list, outer, path.parent().unwrap_or(Path::new("")))
    }

    /// The keywords that `include_tasks` gives to what it includes: its `apply`.
    pub fn applied(&mut self, node: &Node) -> Keywords {
        let Some(mut fields) = Fields::open(node, "`apply`", &mut self.errors) else {
            return Keywords::default();
        };
        let keywords = Keywords::take(&mut fields, &mut self.errors);
        fields.finish("`apply`", SHARED, &mut self.errors);
        keywords
    }

    fn play(&mut self, item: &Node, outer: &Keywords, directory: &Path) -> Vec<Play> {
        let Some(mut fields) = Fields::open(item, "a play", &mut self.errors) else {
            return Vec::new();
        };
        let keywords = Keywords::take(&mut fields, &mut self.errors).inside(outer);
        for name in ["import_playbook", "ansible.builtin.import_playbook"] {
            if let Some(node) = fields.take(name) {
                fields.finish("an import", SHARED, &mut self.errors);
                return self.import_playbook(&node, &keywords, directory);
            }
        }
        let Some(hosts) = fields.take("hosts") else {
            self.errors.push(no_hosts(&fields));
            return Vec::new();
        };
        // Facts are gathered when something asks for them, and then those that are cheap.
        for name in ["gather_subset", "gather_timeout", "fact_path"] {
            fields.take(name);
        }
        self.refuse_roles(&mut fields);
        self.refuse_orders(&mut fields);
        let inner = Keywords {
            name: None,
            ..keywords.clone()
        };
        let sections = [
            (Section::Pre, "pre_tasks"),
            (Section::Tasks, "tasks"),
            (Section::Post, "post_tasks"),
        ]
        .into_iter()
        .filter_map(|(section, key)| fields.take(key).map(|node| (section, node)))
        .map(|(section, node)| (section, self.steps(&node, &inner, directory)))
        .collect();
        let handlers = fields
            .take("handlers")
            .map(|node| self.steps(&node, &inner, directory))
            .unwrap_or_default();
        self.check_hosts(&hosts);
        let play = Play {
            span: fields.span.clone(),
            name: keywords.name.clone(),
            hosts,
            gather_facts: fields.take("gather_facts"),
            serial: fields.take("serial"),
            max_fail_percentage: fields.take("max_fail_percentage"),
            force_handlers: fields.take("force_handlers"),
            vars_files: fields.take_list("vars_files"),
            sections,
            handlers,
            keywords,
            directory: directory.to_owned(),
        };
        literal::share("serial", play.serial.as_ref(), &mut self.errors);
        let most = play.max_fail_percentage.as_ref();
        literal::share("max_fail_percentage", most, &mut self.errors);
        let known: Vec<&str> = SHARED.iter().chain(PLAY_ONLY).copied().collect();
        fields.finish("a play", &known, &mut self.errors);
        vec![play]
    }

    /// `hosts` is a pattern or a list of them.
    fn check_hosts(&mut self, hosts: &Node) {
        let fine = match &hosts.kind {
            Kind::Str(text) => !text.trim().is_empty(),
            Kind::Seq(items) => {
                !items.is_empty() && items.iter().all(|item| item.as_str().is_some())
            }
            _ => false,
        };
        if !fine {
            let mut what = format!("`hosts` must be a pattern, this is {}", hosts.type_name());
            if hosts.as_seq().is_some() || hosts.as_str().is_some() {
                "`hosts` must be a pattern or a list of patterns".clone_into(&mut what);
            }
            self.errors.push(
                Diagnostic::error("playbook/wrong-type", what)
                    .at(&hosts.span)
                    .why("a play runs on the hosts that its pattern selects; nothing was touched")
                    .help("write `hosts: all`, a group, or names with commas; quote a name that looks like a number"),
            );
        }
    }

    /// One order of hosts and one strategy: what asks for another is said, not skipped.
    fn refuse_orders(&mut self, fields: &mut Fields) {
        let accepted: [(&str, &[&str]); 2] = [
            // The others change when hosts do their tasks, not what they do.
            ("strategy", &["linear", "free", "host_pinned"]),
            ("order", &["inventory"]),
        ];
        for (name, ours) in accepted {
            let Some((key, node)) = fields.take_entry(name) else {
                continue;
            };
            let word = node.as_str().unwrap_or_default();
            if !ours.contains(&word.trim_start_matches("ansible.builtin.")) {
                self.errors.push(
                    Diagnostic::error(
                        "playbook/unsupported-keyword",
                        format!("`{name}` can only be `{}`", ours.join("`, `")),
                    )
                    .at(&key.span)
                    .why("nothing was touched")
                    .help(format!(
                        "remove it: every play runs with `{name}: {}`",
                        ours[0]
                    )),
                );
            }
        }
    }

    /// Roles are not read yet: said, not skipped.
    fn refuse_roles(&mut self, fields: &mut Fields) {
        for name in ["roles", "vars_prompt", "module_defaults"] {
            if let Some((key, _)) = fields.take_entry(name) {
                self.errors.push(
                    Diagnostic::error(
                        "playbook/unsupported-keyword",
                        format!("`{name}` is not supported"),
                    )
                    .at(&key.span)
                    .why("nothing was touched")
                    .help(match name {
                        "roles" => {
                            "write the role's tasks with `import_tasks: roles/NAME/tasks/main.yml`"
                        }
                        "module_defaults" => {
                            "write the arguments at the tasks, or share them with a YAML anchor"
                        }
                        _ => "give the value with `-e name=value` or `-e @file`",
                    }),
                );
            }
        }
    }

    fn import_playbook(&mut self, node: &Node, keywords: &Keywords, directory: &Path) -> Vec<Play> {
        let Some(name) = node.as_str() else {
            self.errors.push(
                Diagnostic::error("playbook/wrong-type", "`import_playbook` takes a file name")
                    .at(&node.span)
                    .why("nothing was touched")
                    .help("write `import_playbook: file.yaml`"),
            );
            return Vec::new();
        };
        let Some((list, folder)) = self.read_relative(name, &node.span, directory) else {
            return Vec::new();
        };
        if self.depth > 40 {
            self.errors.push(
                Diagnostic::error(
                    "playbook/import-cycle",
                    format!("playbooks import each other without end at `{name}`"),
                )
                .at(&node.span)
                .why("nothing was touched")
                .help("remove the import that leads back"),
            );
            return Vec::new();
        }
        self.depth += 1;
        let plays = self.plays(
            &list,
            &Keywords {
                name: None,
                ..keywords.clone()
            },
            &folder,
        );
        self.depth -= 1;
        plays
    }

    /// Reads a file named in another one: beside it, or in its `tasks` folder.
    pub(super) fn read_relative(
        &mut self,
        name: &str,
        span: &Span,
        directory: &Path,
    ) -> Option<(Node, PathBuf)> {
        let path = [directory.join(name), directory.join("tasks").join(name)]
            .into_iter()
            .find(|path| self.files.kind(path).is_some())
            .unwrap_or_else(|| directory.join(name));
        let node = self.read(&path, Some(span))?;
        Some((node, path.parent().unwrap_or(Path::new("")).to_owned()))
    }

    /// One YAML document of a file that something at `span` names.
    pub fn document(&mut self, path: &Path, span: Option<&Span>) -> Option<Node> {
        self.read(path, span)
    }

    /// Reads one YAML document.
    pub(super) fn read(&mut self, path: &Path, span: Option<&Span>) -> Option<Node> {
        let bytes = match self.files.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.errors.push(
                    Diagnostic::error(
                        "playbook/unreadable",
                        format!("cannot read `{}`", path.display()),
                    )
                    .at_maybe(span)
                    .why(error.to_string())
                    .help("check the name; paths are relative to the file that names them"),
                );
                return None;
            }
        };
        let Ok(text) = String::from_utf8(bytes) else {
            self.errors.push(
                Diagnostic::error(
                    "input/not-utf8",
                    format!("`{}` is not UTF-8 text", path.display()),
                )
                .at_maybe(span)
                .why("nothing was touched")
                .help("save it as UTF-8"),
            );
            return None;
        };
        let mut source = Source::new(path.display().to_string(), text);
        let is_sealed = vault::is_vault(source.text.as_bytes());
        if is_sealed {
            let place = Span {
                start: 0,
                end: source.text.lines().next().unwrap_or_default().len(),
                source: source.clone(),
            };
            let plain = self.open(&source.text, &place)?;
            source = Source::new(source.name.clone(), plain);
        }
        match input::parse_one(&source, Rules::Ansible) {
            Ok(mut node) => {
                if is_sealed {
                    self.hide(&node);
                }
                self.unseal(&mut node);
                Some(node)
            }
            Err(errors) => {
                self.errors.extend(errors.into_iter().map(Diagnostic::from));
                None
            }
        }
    }
}

/// A play that does not say where it runs.
fn no_hosts(fields: &Fields) -> Diagnostic {
    Diagnostic::error("playbook/no-hosts", "this play names no hosts")
        .at(&fields.span)
        .why("a play runs on the hosts that its `hosts` pattern selects; nothing was touched")
        .help("add `hosts: all`, a group or a pattern")
}
