//! Who holds the package manager's lock: apt names the holder only when it does not wait for it.

use crate::connection::{Action, Exec, Executed, Probe, Reply};
use crate::modules::{Failure, Site};

use super::options;

/// Prints the number and the command line of the process that holds one of apt's locks, or nothing.
/// Sh, read-only; the kernel's table of locks names the inode (proc(5), `/proc/locks`).
pub const HOLDER: &str = "for f in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock;do \
    inode=$(stat -c %i \"$f\" 2>/dev/null)||continue;\
    while read -r _ _ _ _ pid where _;do case $where in *:\"$inode\") \
    printf '%s (%s)\\n' \"$pid\" \"$(tr '\\0' ' ' <\"/proc/$pid/cmdline\" 2>/dev/null|sed 's/ *$//')\";exit 0;;esac;done </proc/locks;\
    done";

/// The failure that apt's words mean; a lock's holder is asked for where apt does not name it.
pub async fn explain(at: &Site<'_>, action: &Action, answer: &Executed) -> Failure {
    let words = options::words(answer);
    if !is_locked(&words) || options::named_holder(&words).is_some() {
        return options::explain(action, answer);
    }
    let probe = Probe::Command(Box::new(Exec::shell(HOLDER)));
    let holder = match at.reader().ask_now(&probe).await {
        Ok(Reply::Command(told)) => String::from_utf8_lossy(&told.stdout).trim().to_owned(),
        _ => String::new(),
    };
    let holder = if holder.is_empty() {
        "another package manager, which is gone now".to_owned()
    } else {
        format!("process {holder}")
    };
    options::locked(&holder, answer)
}

/// Whether apt or dpkg gave up because of a lock.
fn is_locked(words: &str) -> bool {
    let held = [
        "Unable to acquire the dpkg",
        "Unable to lock ",
        "Could not get lock",
    ]
    .iter()
    .any(|said| words.contains(said));
    held && !words.contains("are you root?")
}

#[cfg(test)]
mod tests {
    use super::is_locked;

    #[test]
    fn apts_words_for_a_lock_are_known() {
        assert!(is_locked(
            "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?"
        ));
        assert!(is_locked("E: Unable to lock directory /var/lib/apt/lists/"));
        assert!(!is_locked(
            "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?"
        ));
        assert!(!is_locked("E: Unable to locate package nothing"));
    }
}
