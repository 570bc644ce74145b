//! `--identity FILE`: the age identities with which operators open what was sealed to them.

use super::cli::RunArgs;
use super::shared::Console;
use super::{Content, Failed};
use crate::diagnostic::Diagnostic;
use crate::input::{Files as _, Json};
use crate::modules;

/// The name under which components read them.
pub const NAME: &str = "age_identities";

/// The identities of all files, as a list; secrets of the run from here on.
pub fn read(args: &RunArgs, console: &Console) -> Result<Json, Failed> {
    let mut all = Vec::new();
    for path in &args.identity {
        let bytes = Content::new().read(path).map_err(|error| {
            Diagnostic::error(
                "commands/unreadable",
                format!("cannot read `{}`", path.display()),
            )
            .why(error.to_string())
            .help("name a file with an age identity")
        })?;
        let text = String::from_utf8_lossy(&bytes);
        let found = modules::identities(&text);
        if found.is_empty() {
            return Err(unusable(path, &text).into());
        }
        for one in &found {
            console.redactor.add(one);
        }
        all.extend(found.into_iter().map(Json::from));
    }
    Ok(Json::Array(all))
}

fn unusable(path: &std::path::Path, text: &str) -> Diagnostic {
    let path = path.display();
    let sealed = text.starts_with("age-encryption.org/") || text.contains("BEGIN AGE ENCRYPTED");
    let (why, help) = if sealed {
        (
            "it is sealed with a passphrase",
            format!("open it first: `age -d {path}`, into a file that only you can read"),
        )
    } else {
        (
            "no line of it is an age identity (AGE-SECRET-KEY-…)",
            "give the file that `age-keygen` wrote".to_owned(),
        )
    };
    Diagnostic::error(
        "input/no-identity",
        format!("`{path}` holds no identity that can be used"),
    )
    .why(format!("{why}; nothing was touched"))
    .help(help)
}
