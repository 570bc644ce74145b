//! A task's module and arguments against the module's signature; free-form text becomes arguments.

use super::ast::Task;
use super::signatures::{self, Problem, Signature};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Kind, Node};

/// Reports an unknown module or argument, and turns free-form text into a mapping.
pub(super) fn check(task: &mut Task, errors: &mut Diagnostics) {
    let Some(signature) = signatures::find(&task.module) else {
        errors.push(unknown_module(task));
        return;
    };
    if let Some(instead) = signature.unsupported {
        errors.push(
            Diagnostic::error(
                "playbook/unsupported-module",
                format!("module `{}` is not supported", task.module),
            )
            .at(&task.module_span)
            .why("nothing was touched")
            .help(instead),
        );
        return;
    }
    match &task.args.kind {
        Kind::Str(text) => match signature.free_form(text) {
            Ok(pairs) => task.args = mapping(&task.args, pairs),
            Err(problem) => errors.push(bad_argument(task, &task.args, &problem)),
        },
        Kind::Null | Kind::Map(_) => {}
        _ => errors.push(
            Diagnostic::error(
                "playbook/wrong-type",
                format!(
                    "the arguments of `{}` must be a mapping, this is {}",
                    task.module,
                    task.args.type_name()
                ),
            )
            .at(&task.args.span)
            .why("nothing was touched")
            .help(format!(
                "write `{}:` with `argument: value` lines below it",
                task.module
            )),
        ),
    }
    merge(task);
    check_arguments(signature, task, errors);
    super::literal::arguments(signature, task, errors);
    super::literal::task(task, errors);
}

/// The arguments of `args` join the task's own, which win.
fn merge(task: &mut Task) {
    let Some(more) = task.more_args.as_ref().and_then(Node::as_map) else {
        return;
    };
    let own = task.args.as_map().unwrap_or_default();
    let has = |key: &Node| {
        own.iter()
            .any(|(mine, _)| mine.key_text() == key.key_text())
    };
    let mut all: Vec<(Node, Node)> = own.to_vec();
    all.extend(more.iter().filter(|(key, _)| !has(key)).cloned());
    let span = if task.args.is_null() {
        task.module_span.clone()
    } else {
        task.args.span.clone()
    };
    task.args = Node::new(span, Kind::Map(all));
    task.more_args = None;
}

fn check_arguments(signature: &'static Signature, task: &Task, errors: &mut Diagnostics) {
    let given: Vec<&(Node, Node)> = [Some(&task.args), task.more_args.as_ref()]
        .into_iter()
        .flatten()
        .filter_map(Node::as_map)
        .flatten()
        .collect();
    let names: Vec<String> = given.iter().map(|(key, _)| key.key_text()).collect();
    // An argument of `args` that is itself a template (`args: "{{ x }}"`) can only be seen later.
    let later = task
        .more_args
        .as_ref()
        .is_some_and(|node| node.as_str().is_some());
    for problem in signature.check_names(names.iter().map(String::as_str)) {
        let place = given
            .iter()
            .find(|(key, _)| Some(key.key_text()) == problem.argument)
            .map(|(key, _)| key);
        if place.is_none() && later {
            continue;
        }
        errors.push(bad_argument(task, place.unwrap_or(&task.args), &problem));
    }
}

fn bad_argument(task: &Task, at: &Node, problem: &Problem) -> Diagnostic {
    let place = if at.is_null() {
        &task.module_span
    } else {
        &at.span
    };
    let diagnostic = Diagnostic::error(
        "playbook/bad-argument",
        format!("`{}`: {}", task.module, problem.what),
    )
    .at(place)
    .why("nothing was touched");
    match &problem.help {
        Some(help) => diagnostic.help(help.clone()),
        None => diagnostic.help(format!("see Ansible's documentation of `{}`", task.module)),
    }
}

fn unknown_module(task: &Task) -> Diagnostic {
    let help = signatures::nearest(&task.module).map_or_else(
        || "use one of the modules in docs/ansible.md".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Diagnostic::error(
        "playbook/unknown-module",
        format!("unknown module or keyword `{}`", task.module),
    )
    .at(&task.module_span)
    .why("a task is keywords and one module; nothing was touched")
    .help(help)
}

fn mapping(at: &Node, pairs: Vec<(String, String)>) -> Node {
    let node = |text: String| Node::new(at.span.clone(), Kind::Str(text));
    Node::new(
        at.span.clone(),
        Kind::Map(pairs.into_iter().map(|(k, v)| (node(k), node(v))).collect()),
    )
}
