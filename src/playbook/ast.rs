//! What a playbook is once it is parsed. Nodes are kept as written: rendering is the engine's.

use std::path::PathBuf;

use crate::input::{Node, Span};

/// One play.
#[derive(Clone, Debug)]
pub struct Play {
    /// Where it starts.
    pub span: Span,
    /// Its `name`.
    pub name: Option<Node>,
    /// Its host pattern, possibly a template or a list.
    pub hosts: Node,
    /// Keywords that its tasks inherit.
    pub keywords: Keywords,
    /// `gather_facts`, if stated.
    pub gather_facts: Option<Node>,
    /// `serial`: a number, a percentage or a list of them.
    pub serial: Option<Node>,
    /// `max_fail_percentage`.
    pub max_fail_percentage: Option<Node>,
    /// `force_handlers`.
    pub force_handlers: Option<Node>,
    /// `vars_files`, in order.
    pub vars_files: Vec<Node>,
    /// The sections that hold steps, in the order they run.
    pub sections: Vec<(Section, Vec<Step>)>,
    /// Its handlers.
    pub handlers: Vec<Step>,
    /// The folder that relative paths of this play start from.
    pub directory: PathBuf,
}

/// Which list of a play a step stands in. Handlers are flushed after each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// `pre_tasks`.
    Pre,
    /// `tasks`.
    Tasks,
    /// `post_tasks`.
    Post,
}

/// One entry of a list of tasks.
#[derive(Clone, Debug)]
pub enum Step {
    /// A task.
    Task(Box<Task>),
    /// A block with its rescue and always.
    Block(Box<Block>),
}

/// Tasks that belong together.
#[derive(Clone, Debug)]
pub struct Block {
    /// Where it starts.
    pub span: Span,
    /// Its keywords; already inherited by its steps.
    pub keywords: Keywords,
    /// What runs.
    pub block: Vec<Step>,
    /// What runs on the hosts where the block failed.
    pub rescue: Vec<Step>,
    /// What runs in any case.
    pub always: Vec<Step>,
}

/// One task.
#[derive(Clone, Debug)]
pub struct Task {
    /// Where it starts.
    pub span: Span,
    /// Keywords, those of its blocks and its play included.
    pub keywords: Keywords,
    /// The module as written, short or fully qualified.
    pub module: String,
    /// Where the module's name stands.
    pub module_span: Span,
    /// The module's arguments: a mapping, free-form text, or null.
    pub args: Node,
    /// The `args` keyword: merged below `args`.
    pub more_args: Option<Node>,
    /// `register`.
    pub register: Option<Node>,
    /// `loop`, `with_…`.
    pub repeat: Option<Loop>,
    /// `loop_control`.
    pub loop_control: LoopControl,
    /// `until`: conditions, all of which must hold.
    pub until: Vec<Node>,
    /// `retries`.
    pub retries: Option<Node>,
    /// `delay`, seconds.
    pub delay: Option<Node>,
    /// `changed_when`.
    pub changed_when: Vec<Node>,
    /// `failed_when`.
    pub failed_when: Vec<Node>,
    /// `notify`.
    pub notify: Vec<Node>,
    /// `listen`, for handlers.
    pub listen: Vec<Node>,
    /// The folder of the file it stands in: relative paths start here.
    pub directory: PathBuf,
    /// Whether a `rescue` stands behind it.
    pub rescued: bool,
}

impl Task {
    /// Whether its failure is part of what the playbook is for (`ignore_errors`, a `rescue`): what
    /// is wrong with its values is then for the run to find, as under Ansible.
    pub fn may_fail(&self) -> bool {
        self.rescued || self.keywords.ignore_errors.is_some()
    }
}

/// A loop over items.
#[derive(Clone, Debug)]
pub struct Loop {
    /// How the items are made.
    pub kind: LoopKind,
    /// The expression or list.
    pub items: Node,
}

/// How a loop makes its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoopKind {
    /// `loop`: a list as it is.
    Plain,
    /// `with_items`: a list, flattened by one level.
    Items,
    /// `with_<lookup>`: what the lookup gives.
    Lookup(String),
}

/// `loop_control`.
#[derive(Clone, Debug, Default)]
pub struct LoopControl {
    /// Name of the variable that holds the item; `item` if not stated.
    pub loop_var: Option<Node>,
    /// Name of a variable for the item's number, from 0.
    pub index_var: Option<Node>,
    /// What to show instead of the whole item.
    pub label: Option<Node>,
    /// Seconds between items.
    pub pause: Option<Node>,
    /// Whether `ansible_loop` is set.
    pub extended: Option<Node>,
    /// Whether `ansible_loop.allitems` is set with it; it is unless this says no.
    pub extended_allitems: Option<Node>,
    /// Conditions, all of which end the loop after an item.
    pub break_when: Vec<Node>,
}

/// Keywords that are inherited: play → block → task. The innermost wins, except where a field
/// says that all count.
#[derive(Clone, Debug, Default)]
pub struct Keywords {
    /// `name` of this very thing; not inherited.
    pub name: Option<Node>,
    /// `when`: all of all levels must hold, the outermost first.
    pub when: Vec<Node>,
    /// `vars`: all levels, the innermost last.
    pub vars: Vec<(String, Node)>,
    /// `tags`: of all levels.
    pub tags: Vec<String>,
    /// `environment`: all levels, the outermost first.
    pub environment: Vec<Node>,
    /// `become`.
    pub become_: Option<Node>,
    /// `become_user`.
    pub become_user: Option<Node>,
    /// `become_method`.
    pub become_method: Option<Node>,
    /// `no_log`.
    pub no_log: Option<Node>,
    /// `check_mode`.
    pub check_mode: Option<Node>,
    /// `diff`.
    pub diff: Option<Node>,
    /// `ignore_errors`.
    pub ignore_errors: Option<Node>,
    /// `ignore_unreachable`.
    pub ignore_unreachable: Option<Node>,
    /// `any_errors_fatal`.
    pub any_errors_fatal: Option<Node>,
    /// `delegate_to`.
    pub delegate_to: Option<Node>,
    /// `delegate_facts`.
    pub delegate_facts: Option<Node>,
    /// `run_once`.
    pub run_once: Option<Node>,
    /// `throttle`: how many hosts at once.
    pub throttle: Option<Node>,
    /// `timeout`, seconds.
    pub timeout: Option<Node>,
    /// `connection`.
    pub connection: Option<Node>,
    /// `remote_user`.
    pub remote_user: Option<Node>,
    /// `notify` of the nearest block around; for tasks that have none of their own.
    pub notify: Vec<Node>,
}
