//! Becoming another user, as sudo decides it: from the tree's own sudoers and shadow.

use crate::connection::{ConnectionError, Identity};

use super::super::accounts::Accounts;
use super::super::tree::{Caller, hex};
use super::Host;

/// What the rehearsal writes into `/etc/shadow` for a password: a digest, never the password.
pub fn password_field(password: &str) -> String {
    let digest = hex(&ring::digest::SHA256, password.as_bytes());
    format!("$rehearsal${digest}")
}

/// What sudoers says of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    None,
    WithPassword,
    Free,
}

impl Host {
    /// The process identity for a request, after sudo's checks.
    pub fn identity(&self, who: &Identity) -> Result<(String, Caller), ConnectionError> {
        let accounts = self.accounts();
        let login = &self.profile.login;
        let wanted = who.user.as_deref().unwrap_or(login);
        if wanted != login && login != "root" {
            self.check_sudo(&accounts, who)?;
        }
        let caller = accounts
            .caller(wanted)
            .ok_or_else(|| ConnectionError::Become {
                what: format!("cannot become `{wanted}`: sudo: unknown user {wanted}"),
                help: "correct `become_user`".to_owned(),
            })?;
        Ok((wanted.to_owned(), caller))
    }

    fn check_sudo(&self, accounts: &Accounts, who: &Identity) -> Result<(), ConnectionError> {
        let login = &self.profile.login;
        let wanted = who.user.as_deref().unwrap_or("root");
        let refused = |what: &str, help: &str| {
            Err(ConnectionError::Become {
                what: format!("cannot become `{wanted}`: {what}"),
                help: help.to_owned(),
            })
        };
        match self.sudo_rule(accounts) {
            Rule::Free => Ok(()),
            Rule::None => refused(
                &format!("{login} is not in the sudoers file."),
                "allow it in /etc/sudoers.d on the host",
            ),
            Rule::WithPassword => match &who.password {
                None => refused(
                    "sudo: a password is required",
                    "give the password: `ansible_become_password`, `--become-password-file` or \
                     `--ask-become-pass`",
                ),
                Some(password)
                    if accounts.password(login)
                        == Some(password_field(password.expose()).as_str()) =>
                {
                    Ok(())
                }
                Some(_) => refused(
                    "the password was refused",
                    "correct `ansible_become_password` (it was tried once, so no account is locked)",
                ),
            },
        }
    }

    /// The last line of sudoers that is about the login user decides.
    fn sudo_rule(&self, accounts: &Accounts) -> Rule {
        let mut text = self.tree.text("/etc/sudoers");
        let root = Caller::root();
        for name in self.tree.names(&root, "/etc/sudoers.d").unwrap_or_default() {
            if !name.contains('.') && !name.ends_with('~') {
                text.push_str(&self.tree.text(&format!("/etc/sudoers.d/{name}")));
                text.push('\n');
            }
        }
        let login = self.profile.login.as_str();
        let groups: Vec<String> = accounts
            .user(login)
            .map(|user| accounts.group_ids(user))
            .unwrap_or_default()
            .into_iter()
            .map(|gid| accounts.group_name(gid))
            .collect();
        text.lines()
            .filter(|line| {
                let who = line.split_whitespace().next().unwrap_or_default();
                who == login
                    || who == "ALL"
                    || who
                        .strip_prefix('%')
                        .is_some_and(|g| groups.iter().any(|of| of == g))
            })
            .map(|line| {
                if line.contains("NOPASSWD:") {
                    Rule::Free
                } else {
                    Rule::WithPassword
                }
            })
            .next_back()
            .unwrap_or(Rule::None)
    }
}
