//! A small POSIX shell over the model, for `shell:` tasks and scripts: lists, pipelines,
//! redirections, variables, substitution, `if`, `for`, `while`, `case`, here-documents, functions.
//!
//! What it does not understand is an error that says so; a script is never half-believed.

mod builtin;
mod expand;
mod parse;
mod redirect;
mod run;
mod streams;
mod syntax;
mod word;

#[cfg(test)]
mod tests;

/// A signal's number from `-KILL`, `-9`, `-0`.
pub fn signal(option: &str) -> i32 {
    let name = option.trim_start_matches('-').trim_start_matches("SIG");
    match name {
        "HUP" => 1,
        "INT" => 2,
        "KILL" => 9,
        "TERM" => 15,
        other => other.parse().unwrap_or(15),
    }
}

pub use expand::glob_matches;
pub use run::script;
pub use word::split_words;
