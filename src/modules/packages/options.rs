//! What the `apt` arguments become on a command line, and what its messages mean.

use crate::connection::Executed;
use crate::modules::recipe::program_failed;
use crate::modules::{Failure, Given};

/// Options for installing, in front of the names.
pub fn install(given: &Given) -> Vec<String> {
    let mut options = lock(given);
    for option in given.list("dpkg_options").join(",").split(',') {
        if !option.is_empty() {
            options.extend(["-o".to_owned(), format!("Dpkg::Options::=--{option}")]);
        }
    }
    if let Some(release) = given.some("default_release") {
        options.extend(["-t".to_owned(), release]);
    }
    if let Some(recommends) = given.choice("install_recommends") {
        let word = if recommends { "yes" } else { "no" };
        options.extend(["-o".to_owned(), format!("APT::Install-Recommends={word}")]);
    }
    if given.flag("autoremove") {
        options.push("--auto-remove".to_owned());
    }
    for (argument, option) in [
        ("only_upgrade", "--only-upgrade"),
        ("allow_downgrade", "--allow-downgrades"),
        ("allow_change_held_packages", "--allow-change-held-packages"),
    ] {
        if given.flag(argument) {
            options.push(option.to_owned());
        }
    }
    options
}

/// Options for removing.
pub fn remove(given: &Given) -> Vec<String> {
    let mut options = lock(given);
    if given.flag("purge") {
        options.push("--purge".to_owned());
    }
    if given.flag("autoremove") {
        options.push("--auto-remove".to_owned());
    }
    options
}

/// How long to wait for a lock that another package manager holds, seconds.
pub fn lock(given: &Given) -> Vec<String> {
    match given.int("lock_timeout") {
        Some(seconds) => vec!["-o".to_owned(), format!("DPkg::Lock::Timeout={seconds}")],
        None => Vec::new(),
    }
}

/// What a program printed, its complaints first.
pub fn words(answer: &Executed) -> String {
    [
        String::from_utf8_lossy(&answer.stderr),
        String::from_utf8_lossy(&answer.stdout),
    ]
    .join("\n")
}

/// The holder of a lock, where apt names it.
pub fn named_holder(words: &str) -> Option<&str> {
    let line = words.lines().find(|l| l.contains("Could not get lock"))?;
    let (_, who) = line.split_once("held by ")?;
    Some(who.trim_end_matches('.'))
}

/// The failure for a lock that somebody else holds.
pub fn locked(holder: &str, answer: &Executed) -> Failure {
    let words = words(answer);
    let line = words
        .lines()
        .find(|l| l.contains("lock"))
        .unwrap_or_default();
    fields(
        Failure::msg(format!(
            "the package manager's lock is held by {holder}: {}",
            line.trim()
        ))
        .help("wait until it has finished, or raise `lock_timeout`"),
        answer,
    )
}

/// The failure with what the program said.
fn fields(failure: Failure, answer: &Executed) -> Failure {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    failure
        .with("rc", answer.code)
        .with("stderr", text(&answer.stderr))
        .with("stdout", text(&answer.stdout))
}

/// The failure that apt's words mean: the lock's holder and the unknown package are named.
pub fn explain(action: &crate::connection::Action, answer: &Executed) -> Failure {
    let words = words(answer);
    if let Some(holder) = named_holder(&words) {
        return locked(holder, answer);
    }
    if let Some(name) = words.lines().find_map(|l| {
        l.trim()
            .trim_start_matches("E: ")
            .strip_prefix("Unable to locate package ")
    }) {
        return fields(
            Failure::msg(format!("No package matching '{name}' is available")).help(
                "refresh the lists with `update_cache: true`, or add the repository that has it",
            ),
            answer,
        );
    }
    program_failed(action, answer)
}
