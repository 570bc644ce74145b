//! Becoming another user: which command line starts the driver as them, and what to say when
//! the host does not let us.

use super::super::ConnectionError;
use super::quote::words;

/// `ansible_become_method`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// sudo, with or without a password.
    #[default]
    Sudo,
    /// su, only where it asks for no password.
    Su,
    /// doas, only where it asks for no password.
    Doas,
}

impl Method {
    /// By Ansible's name.
    pub fn named(name: &str) -> Result<Self, ConnectionError> {
        match name.rsplit('.').next().unwrap_or(name) {
            "sudo" => Ok(Self::Sudo),
            "su" => Ok(Self::Su),
            "doas" => Ok(Self::Doas),
            other => Err(ConnectionError::Become {
                what: format!("become method `{other}` is not supported"),
                help: "set `ansible_become_method` to sudo, su or doas".to_owned(),
            }),
        }
    }
}

/// The command line for the login user's shell that ends in `/bin/sh -c LOADER`.
///
/// The password never is part of it: sudo prints the prompt, a random marker, and reads stdin.
pub fn command(
    method: Method,
    user: Option<&str>,
    prompt: Option<&str>,
    loader: &str,
) -> Result<String, ConnectionError> {
    let Some(user) = user else {
        return Ok(format!("exec {}", words(["/bin/sh", "-c", loader])?));
    };
    if user.is_empty() || user.starts_with('-') {
        return Err(ConnectionError::Become {
            what: format!("`{user}` is not a user name"),
            help: "correct `become_user`".to_owned(),
        });
    }
    let line = match (method, prompt) {
        (Method::Sudo, None) => words([
            "sudo", "-H", "-n", "-u", user, "--", "/bin/sh", "-c", loader,
        ])?,
        (Method::Sudo, Some(prompt)) => words([
            "sudo", "-H", "-S", "-p", prompt, "-u", user, "--", "/bin/sh", "-c", loader,
        ])?,
        (Method::Su, None) => words(["su", "-s", "/bin/sh", user, "-c", loader])?,
        (Method::Doas, None) => words(["doas", "-n", "-u", user, "/bin/sh", "-c", loader])?,
        (Method::Su | Method::Doas, Some(_)) => {
            return Err(ConnectionError::Become {
                what: "su and doas read passwords from a terminal only".to_owned(),
                help: "use `ansible_become_method: sudo`, or allow it without a password"
                    .to_owned(),
            });
        }
    };
    Ok(format!("exec {line}"))
}

/// Why becoming failed, from the last words on stderr.
pub fn failure(user: &str, said: &str) -> ConnectionError {
    let last = said
        .lines()
        .map(str::trim)
        .rfind(|l| !l.is_empty())
        .unwrap_or("no message");
    let lower = said.to_lowercase();
    let help = if lower.contains("password is required") || lower.contains("authentication") {
        "give the password: `ansible_become_password`, `--become-password-file` or `--ask-become-pass`"
    } else if lower.contains("not found") || lower.contains("no such file") {
        "install sudo on the host, or log in as that user"
    } else if lower.contains("sudoers") || lower.contains("not allowed") {
        "allow it in /etc/sudoers.d on the host"
    } else if lower.contains("unknown user") || lower.contains("does not exist") {
        "correct `become_user`"
    } else {
        "try it by hand: ssh to the host and run `sudo -v`"
    };
    ConnectionError::Become {
        what: format!("cannot become `{user}`: {last}"),
        help: help.to_owned(),
    }
}

/// A wrong password, found at the second prompt. It is tried once only.
pub fn wrong_password(user: &str) -> ConnectionError {
    ConnectionError::Become {
        what: format!("cannot become `{user}`: the password was refused"),
        help: "correct `ansible_become_password` (it was tried once, so no account is locked)"
            .to_owned(),
    }
}
