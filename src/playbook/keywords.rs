//! The keywords that plays, blocks and tasks share, and how they are inherited.

use super::ast::Keywords;
use super::fields::Fields;
use super::literal;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Kind, Node};

/// Every keyword that a play, block or task takes; for messages.
pub const SHARED: &[&str] = &[
    "name",
    "when",
    "vars",
    "tags",
    "environment",
    "become",
    "become_user",
    "become_method",
    "no_log",
    "check_mode",
    "diff",
    "ignore_errors",
    "ignore_unreachable",
    "any_errors_fatal",
    "delegate_to",
    "delegate_facts",
    "run_once",
    "throttle",
    "timeout",
    "connection",
    "remote_user",
];

/// Keywords of Ansible that change nothing here; taken without a word.
const HARMLESS: &[&str] = &["collections", "debugger"];

impl Keywords {
    /// Takes the shared keywords out of a mapping.
    pub fn take(fields: &mut Fields, errors: &mut Diagnostics) -> Self {
        for name in HARMLESS {
            fields.take(name);
        }
        refuse_ways(fields, errors);
        let taken = Self {
            name: fields.take("name").filter(|node| !node.is_null()),
            when: fields.take_list("when"),
            vars: take_vars(fields, errors),
            tags: take_tags(fields, errors),
            environment: fields.take_list("environment"),
            become_: fields.take("become"),
            become_user: fields.take("become_user"),
            become_method: fields.take("become_method"),
            no_log: fields.take("no_log"),
            check_mode: fields.take("check_mode"),
            diff: fields.take("diff"),
            ignore_errors: fields.take("ignore_errors"),
            ignore_unreachable: fields.take("ignore_unreachable"),
            any_errors_fatal: fields.take("any_errors_fatal"),
            delegate_to: fields.take("delegate_to"),
            delegate_facts: fields.take("delegate_facts"),
            run_once: fields.take("run_once"),
            throttle: fields.take("throttle"),
            timeout: fields.take("timeout"),
            connection: fields.take("connection"),
            remote_user: fields.take("remote_user"),
            // Plays do not take it; blocks take it themselves.
            notify: Vec::new(),
        };
        literal::keywords(&taken, errors);
        taken
    }

    /// These keywords below those of the block or play around them.
    #[must_use]
    pub fn inside(self, outer: &Self) -> Self {
        let own = self;
        let near = |own: Option<Node>, outer: &Option<Node>| own.or_else(|| outer.clone());
        Self {
            name: own.name,
            when: outer.when.iter().cloned().chain(own.when).collect(),
            vars: outer.vars.iter().cloned().chain(own.vars).collect(),
            tags: outer.tags.iter().cloned().chain(own.tags).collect(),
            environment: outer
                .environment
                .iter()
                .cloned()
                .chain(own.environment)
                .collect(),
            become_: near(own.become_, &outer.become_),
            become_user: near(own.become_user, &outer.become_user),
            become_method: near(own.become_method, &outer.become_method),
            no_log: near(own.no_log, &outer.no_log),
            check_mode: near(own.check_mode, &outer.check_mode),
            diff: near(own.diff, &outer.diff),
            ignore_errors: near(own.ignore_errors, &outer.ignore_errors),
            ignore_unreachable: near(own.ignore_unreachable, &outer.ignore_unreachable),
            any_errors_fatal: near(own.any_errors_fatal, &outer.any_errors_fatal),
            delegate_to: near(own.delegate_to, &outer.delegate_to),
            delegate_facts: near(own.delegate_facts, &outer.delegate_facts),
            run_once: near(own.run_once, &outer.run_once),
            throttle: near(own.throttle, &outer.throttle),
            timeout: near(own.timeout, &outer.timeout),
            connection: near(own.connection, &outer.connection),
            remote_user: near(own.remote_user, &outer.remote_user),
            notify: if own.notify.is_empty() {
                outer.notify.clone()
            } else {
                own.notify
            },
        }
    }
}

/// Other ways to reach a host or to become another user: refused, since they would be passed over.
fn refuse_ways(fields: &mut Fields, errors: &mut Diagnostics) {
    let ways = [
        (
            "become_exe",
            "remove it: `sudo` is found on the host's path",
        ),
        ("become_flags", "remove it: sudo gets the options it needs"),
        ("port", "set `ansible_port` in the inventory"),
    ];
    for (name, help) in ways {
        if let Some((key, _)) = fields.take_entry(name) {
            errors.push(
                Diagnostic::error(
                    "playbook/unsupported-keyword",
                    format!("`{name}` is not supported"),
                )
                .at(&key.span)
                .why("nothing was touched")
                .help(help),
            );
        }
    }
}

/// `vars`: a mapping with names as keys.
fn take_vars(fields: &mut Fields, errors: &mut Diagnostics) -> Vec<(String, Node)> {
    let Some(node) = fields.take("vars") else {
        return Vec::new();
    };
    match node.kind {
        Kind::Null => Vec::new(),
        Kind::Map(entries) => entries
            .into_iter()
            .map(|(key, value)| {
                literal::bad_name(&key, errors);
                (key.key_text(), value)
            })
            .collect(),
        _ => {
            errors.push(
                Diagnostic::error(
                    "playbook/wrong-type",
                    format!("`vars` must be a mapping, this is {}", node.type_name()),
                )
                .at(&node.span)
                .why("nothing was touched")
                .help("write `vars:` with `name: value` lines below it"),
            );
            Vec::new()
        }
    }
}

/// `tags`: a list, or text with commas.
fn take_tags(fields: &mut Fields, errors: &mut Diagnostics) -> Vec<String> {
    let mut tags = Vec::new();
    for node in fields.take_list("tags") {
        match &node.kind {
            Kind::Str(text) => tags.extend(text.split(',').map(|tag| tag.trim().to_owned())),
            Kind::Map(_) | Kind::Seq(_) | Kind::Null => errors.push(
                Diagnostic::error(
                    "playbook/wrong-type",
                    format!("a tag must be a word, this is {}", node.type_name()),
                )
                .at(&node.span)
                .why("nothing was touched")
                .help("write `tags: [one, two]`"),
            ),
            _ => tags.push(node.key_text()),
        }
    }
    tags
}
