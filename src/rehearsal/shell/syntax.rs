//! What a script is once it is parsed.

/// A piece of a word.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text; quoted text is neither split nor globbed.
    Text(String, Quoted),
    /// `$name`, `${name}`, `${name:-word}`.
    Parameter {
        /// Name, number, or one of `@ * # ? $`.
        name: String,
        /// `:-`, `-`, `:=`, `:+`, `+`, `:?`, `%`, `%%`, `#`, `##`; empty without.
        operator: String,
        /// What follows the operator.
        operand: Word,
        /// Whether its value is split.
        quoted: Quoted,
    },
    /// `$(…)`.
    Command(String, Quoted),
    /// `$((…))`.
    Arithmetic(String),
}

/// Whether something stood in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoted {
    /// It did.
    Yes,
    /// It did not.
    No,
}

/// A word.
pub type Word = Vec<Part>;

/// Where a stream goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Redirect {
    /// `> file`, `2> file`.
    Write(u8, Word),
    /// `>> file`.
    Append(u8, Word),
    /// `< file`.
    Read(Word),
    /// `<< TEXT`.
    Here(Word),
    /// `2>&1`.
    Same(u8, u8),
}

/// A command.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Assignments, words, redirections.
    Simple {
        /// `NAME=value` before the words.
        assign: Vec<(String, Word)>,
        /// The words.
        words: Vec<Word>,
        /// In order.
        redirects: Vec<Redirect>,
    },
    /// `a | b`.
    Pipeline(Vec<Node>),
    /// `a &`.
    Background(Box<Node>),
    /// `! a`.
    Not(Box<Node>),
    /// `a && b`.
    And(Box<Node>, Box<Node>),
    /// `a || b`.
    Or(Box<Node>, Box<Node>),
    /// `a; b`.
    List(Vec<Node>),
    /// `( a )`, with redirections.
    Subshell(Box<Node>, Vec<Redirect>),
    /// `{ a; }` and compound commands, with redirections.
    Group(Box<Node>, Vec<Redirect>),
    /// Condition, then, else.
    If(Box<Node>, Box<Node>, Option<Box<Node>>),
    /// Variable, words, body.
    For(String, Vec<Word>, Box<Node>),
    /// Condition, body; the flag is `until`.
    While(Box<Node>, Box<Node>, bool),
    /// Word, then patterns with bodies.
    Case(Word, Vec<(Vec<Word>, Node)>),
    /// A function's name and body.
    Function(String, Box<Node>),
}
