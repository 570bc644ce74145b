//! What can be said of values that are written out: types, choices and names, before anything runs.
//! Values with templates in them are looked at when they are rendered.

use super::ast::{Keywords, LoopKind, Task};
use super::signatures::Signature;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Kind, Node};

/// Whether nothing in a value is a template.
pub(super) fn is_literal(node: &Node) -> bool {
    match &node.kind {
        Kind::Str(text) => !text.contains("{{") && !text.contains("{%"),
        Kind::Seq(items) => items.iter().all(is_literal),
        Kind::Map(entries) => entries
            .iter()
            .all(|(key, value)| is_literal(key) && is_literal(value)),
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => true,
    }
}

fn wrong(node: &Node, what: String, help: &str) -> Diagnostic {
    Diagnostic::error("playbook/wrong-type", what)
        .at(&node.span)
        .why("nothing was touched")
        .help(help.to_owned())
}

/// Whether a text can be a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

/// A name that a variable cannot have.
pub(super) fn bad_name(node: &Node, errors: &mut Diagnostics) {
    let named = node.as_str();
    if is_literal(node) && !named.is_some_and(is_name) {
        errors.push(wrong(
            node,
            format!("`{}` is no name for a variable", node.key_text()),
            "use letters, digits and `_`, and no digit first",
        ));
    }
}

/// The keywords that plays, blocks and tasks share.
pub(super) fn keywords(keywords: &Keywords, errors: &mut Diagnostics) {
    let flags = [
        ("become", &keywords.become_),
        ("no_log", &keywords.no_log),
        ("check_mode", &keywords.check_mode),
        ("diff", &keywords.diff),
        ("ignore_errors", &keywords.ignore_errors),
        ("ignore_unreachable", &keywords.ignore_unreachable),
        ("any_errors_fatal", &keywords.any_errors_fatal),
        ("delegate_facts", &keywords.delegate_facts),
        ("run_once", &keywords.run_once),
    ];
    for (name, node) in flags {
        flag(name, node.as_ref(), errors);
    }
    number("throttle", keywords.throttle.as_ref(), errors);
    number("timeout", keywords.timeout.as_ref(), errors);
    if let Some(node) = &keywords.become_method
        && is_literal(node)
        && !node.is_null()
        && !matches!(node.as_str(), Some("sudo" | "ansible.builtin.sudo"))
    {
        errors.push(
            Diagnostic::error(
                "playbook/unsupported-keyword",
                format!(
                    "`become_method` can only be `sudo`, this is `{}`",
                    node.key_text()
                ),
            )
            .at(&node.span)
            .why("nothing was touched")
            .help("remove it, and let the user use sudo on the host"),
        );
    }
}

/// A keyword that is true or false.
fn flag(name: &str, node: Option<&Node>, errors: &mut Diagnostics) {
    const WORDS: [&str; 16] = [
        "y", "yes", "on", "1", "true", "t", "1.0", "n", "no", "off", "0", "false", "f", "0.0", "",
        "none",
    ];
    let Some(node) = node.filter(|node| is_literal(node)) else {
        return;
    };
    let fine = match &node.kind {
        Kind::Bool(_) | Kind::Null | Kind::Int(_) => true,
        Kind::Str(text) => WORDS.contains(&text.to_lowercase().as_str()),
        _ => false,
    };
    if !fine {
        let what = format!("`{name}` must be true or false, this is `{}`", said(node));
        errors.push(wrong(node, what, "write `true` or `false`"));
    }
}

/// A keyword that is a number.
pub(super) fn number(name: &str, node: Option<&Node>, errors: &mut Diagnostics) {
    let Some(node) = node.filter(|node| is_literal(node)) else {
        return;
    };
    let fine = match &node.kind {
        Kind::Int(_) | Kind::Float(_) | Kind::Null => true,
        Kind::Str(text) => text.trim().parse::<f64>().is_ok(),
        _ => false,
    };
    if !fine {
        let what = format!("`{name}` must be a number, this is `{}`", said(node));
        errors.push(wrong(node, what, "write a number"));
    }
}

/// A number of hosts or a share of them: `serial`, `max_fail_percentage`.
pub(super) fn share(name: &str, node: Option<&Node>, errors: &mut Diagnostics) {
    let Some(node) = node.filter(|node| is_literal(node)) else {
        return;
    };
    let items = node.as_seq().unwrap_or(std::slice::from_ref(node));
    for item in items {
        let fine = match &item.kind {
            Kind::Int(_) | Kind::Float(_) | Kind::Null => true,
            Kind::Str(text) => text
                .trim()
                .trim_end_matches('%')
                .trim()
                .parse::<f64>()
                .is_ok(),
            _ => false,
        };
        if !fine {
            let what = format!(
                "`{name}` must be a number or a share, this is `{}`",
                said(item)
            );
            errors.push(wrong(
                item,
                what,
                "write a number such as `2`, or a share such as `\"30%\"`",
            ));
        }
    }
}

/// A task's own keywords.
pub(super) fn task(task: &Task, errors: &mut Diagnostics) {
    if let Some(node) = &task.register {
        bad_name(node, errors);
    }
    let control = &task.loop_control;
    for node in control.loop_var.iter().chain(&control.index_var) {
        bad_name(node, errors);
    }
    number("retries", task.retries.as_ref(), errors);
    number("delay", task.delay.as_ref(), errors);
    number("pause", control.pause.as_ref(), errors);
    let Some(repeat) = &task.repeat else { return };
    let items = &repeat.items;
    if repeat.kind == LoopKind::Plain && is_literal(items) && items.as_seq().is_none() {
        let what = format!("a loop needs a list, this is {}", items.type_name());
        let help = "make it a list: `dict2items` for a mapping, `[x]` for one value";
        errors.push(wrong(items, what, help));
    }
}

/// A module's arguments that are written out: types and choices.
pub(super) fn arguments(signature: &Signature, task: &Task, errors: &mut Diagnostics) {
    for (key, value) in task.args.as_map().unwrap_or_default() {
        let name = key.key_text();
        if task.may_fail() || value.is_null() || !is_literal(value) || value.tag.is_some() {
            continue;
        }
        let Some(argument) = signature.argument(&name) else {
            continue;
        };
        let problem = argument.coerce(&value.to_json()).err();
        let problem = problem.or_else(|| (argument.name == "mode").then(|| bad_mode(value))?);
        if let Some(what) = problem {
            let expected = argument.choices;
            let help = match crate::diagnostic::nearest(&said(value), expected.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if expected.is_empty() => {
                    format!("see Ansible's documentation of `{}`", task.module)
                }
                None => format!("write one of: {}", expected.join(", ")),
            };
            errors.push(
                Diagnostic::error(
                    "playbook/bad-argument",
                    format!("`{}`: {what}", task.module),
                )
                .at(&value.span)
                .why("nothing was touched")
                .help(help),
            );
        }
    }
    let short = task.module.rsplit('.').next().unwrap_or_default();
    if short == "set_fact" {
        for (key, _) in task.args.as_map().unwrap_or_default() {
            bad_name(key, errors);
        }
    }
    if short == "pause"
        && ["seconds", "minutes"]
            .iter()
            .all(|name| task.args.get(name).is_none())
    {
        errors.push(
            Diagnostic::error(
                "playbook/bad-argument",
                "`pause` needs `seconds` or `minutes`",
            )
            .at(&task.module_span)
            .why("nobody is asked during a run; nothing was touched")
            .help("write `pause: {seconds: 30}`, or give what would be answered with `-e`"),
        );
    }
}

/// What is wrong with the mode of a file.
fn bad_mode(node: &Node) -> Option<String> {
    let text = node.as_str()?.trim();
    let octal = text.strip_prefix("0o").unwrap_or(text);
    let is_octal = !octal.is_empty() && octal.chars().all(|c| ('0'..='7').contains(&c));
    let clause = |clause: &str| {
        let rest = clause.trim_start_matches(['u', 'g', 'o', 'a']);
        rest.starts_with(['+', '-', '='])
            && rest
                .split(['+', '-', '='])
                .all(|perms| perms.chars().all(|c| "rwxXstugo".contains(c)))
    };
    let fine = is_octal || text == "preserve" || text.split(',').all(|part| clause(part.trim()));
    (!fine).then(|| {
        format!(
            "`{text}` is no mode: write octal in quotes (\"0644\") or symbolic (`u=rw,g=r,o=r`)"
        )
    })
}

fn said(node: &Node) -> String {
    match &node.kind {
        Kind::Seq(_) | Kind::Map(_) => node.type_name().to_owned(),
        _ => node.key_text(),
    }
}
