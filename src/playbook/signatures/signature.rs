//! The shape of a module's signature.

/// A module's name and what it takes.
#[derive(Debug)]
pub struct Signature {
    /// Fully qualified: `ansible.builtin.copy`.
    pub name: &'static str,
    /// Further fully qualified names of the same module (`ansible.builtin.systemd`).
    pub aka: &'static [&'static str],
    /// Its own arguments.
    pub arguments: &'static [Argument],
    /// Arguments it has in common with others ([`FILE`]).
    pub shared: &'static [Argument],
    /// What text in place of a mapping means.
    pub free_form: FreeForm,
    /// What it does in check mode.
    pub check: Check,
    /// Who does it.
    pub runs: Runs,
    /// Groups of which at most one argument may be given.
    pub exclusive: &'static [&'static [&'static str]],
    /// Whether it takes any further argument (`set_fact`).
    pub open: bool,
    /// Fields of its result that are never shown: `application.secret`.
    pub secrets: &'static [&'static str],
    /// Why the module is known but not supported: the one thing to do instead.
    pub unsupported: Option<&'static str>,
}

/// One argument.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Ansible's name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// Whether it must be given.
    pub required: bool,
    /// The default as text, converted like a given value.
    pub default: Option<&'static str>,
    /// The only values allowed; empty: any.
    pub choices: &'static [&'static str],
    /// Whether its value must never be shown.
    pub secret: bool,
}

/// Types of arguments; words are Ansible's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text; numbers and booleans become text.
    Str,
    /// A boolean, or one of Ansible's words for it.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A list; text is split at commas.
    List,
    /// A mapping; text is JSON or `k=v`.
    Dict,
    /// A path.
    Path,
    /// Anything, as it is.
    Raw,
    /// Text; collections become JSON.
    Json,
}

/// What text in place of a mapping means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreeForm {
    /// `k=v k=v`.
    KeyValue,
    /// A command line in which the module's own `k=v` (`creates=`, `chdir=`) are arguments; the
    /// rest is `cmd`.
    Command,
    /// A command line in which only `executable=` is an argument; the rest is `cmd`.
    Raw,
    /// The text is this argument.
    Whole(&'static str),
}

/// What a module does in check mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Says what it would change.
    Full,
    /// Only with `creates` or `removes`; otherwise skipped.
    Guarded,
    /// Is skipped.
    None,
}

/// Who does what the module says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// The module, on the task's host.
    Host,
    /// The module, without asking the host anything.
    Controller,
    /// The engine: `modules::build` does not know it.
    Engine,
}

/// An argument of this name and type.
pub(super) const fn opt(name: &'static str, kind: Kind) -> Argument {
    Argument {
        name,
        kind,
        aliases: &[],
        required: false,
        default: None,
        choices: &[],
        secret: false,
    }
}

impl Argument {
    /// With other names.
    pub(super) const fn aka(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// That must be given.
    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// With a default.
    pub(super) const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// That takes only these.
    pub(super) const fn of(mut self, choices: &'static [&'static str]) -> Self {
        self.choices = choices;
        self
    }

    /// Whose value must never be shown.
    pub(super) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Whether it is called so.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

impl Signature {
    /// What most modules have in common.
    pub(super) const BASE: Self = Self {
        name: "",
        aka: &[],
        arguments: &[],
        shared: &[],
        free_form: FreeForm::KeyValue,
        check: Check::Full,
        runs: Runs::Host,
        exclusive: &[],
        open: false,
        secrets: &[],
        unsupported: None,
    };

    /// The name's last part: `copy`.
    pub fn short(&self) -> &'static str {
        short(self.name)
    }

    /// Whether it is called so, short or fully qualified.
    pub fn is_called(&self, name: &str) -> bool {
        std::iter::once(&self.name)
            .chain(self.aka)
            .any(|full| *full == name || short(full) == name)
    }

    /// All arguments, shared ones last.
    pub fn all_arguments(&self) -> impl Iterator<Item = &'static Argument> {
        self.arguments.iter().chain(self.shared)
    }

    /// An argument by its name or one of its other names.
    pub fn argument(&self, name: &str) -> Option<&'static Argument> {
        self.all_arguments().find(|a| a.is_called(name))
    }

    /// The nearest argument to a name that it does not take.
    pub fn nearest_argument(&self, name: &str) -> Option<&'static str> {
        let known = self
            .all_arguments()
            .flat_map(|a| std::iter::once(a.name).chain(a.aliases.iter().copied()));
        crate::diagnostic::nearest(name, known)
    }
}

/// The last part of a fully qualified name.
fn short(name: &'static str) -> &'static str {
    name.rsplit('.').next().unwrap_or(name)
}

/// What every module that leaves a file behind takes.
pub static FILE: &[Argument] = &[
    opt("owner", Kind::Str),
    opt("group", Kind::Str),
    opt("mode", Kind::Raw),
    opt("attributes", Kind::Str).aka(&["attr"]),
    opt("selevel", Kind::Str),
    opt("serole", Kind::Str),
    opt("setype", Kind::Str),
    opt("seuser", Kind::Str),
    opt("unsafe_writes", Kind::Bool).or("false"),
];
