//! A small POSIX shell over the model, for `shell:` tasks and scripts: lists, pipelines,
//! redirections, variables, substitution, `if`, `for`, `while`, `case`, here-documents, functions.
//!
//! What it does not understand is an error that says so; a script is never half-believed.

mod expand;
mod parse;
mod run;
mod syntax;
mod word;

#[cfg(test)]
mod tests;

pub use expand::glob_matches;
pub use run::script;
pub use word::split_words;
