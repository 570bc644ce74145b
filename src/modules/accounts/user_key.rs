//! The key pair that `user` can make for an account.

use crate::connection::{Action, Attributes, Exec, Probe};
use crate::modules::given::{join, parent};
use crate::modules::seen::stat;
use crate::modules::{Change, Failure, Given, Seen, Steps};

/// What is asked for.
pub struct KeyPair {
    kind: String,
    bits: Option<i64>,
    comment: String,
    /// Relative to the home.
    file: String,
}

impl KeyPair {
    /// Reads the arguments; `None` if no key is asked for.
    pub fn new(given: &Given) -> Option<Self> {
        let kind = given.string("ssh_key_type");
        given.flag("generate_ssh_key").then(|| Self {
            file: given
                .some("ssh_key_file")
                .unwrap_or_else(|| format!(".ssh/id_{kind}")),
            kind,
            bits: given.int("ssh_key_bits"),
            comment: given.string("ssh_key_comment"),
        })
    }

    fn path(&self, home: &str) -> String {
        if self.file.starts_with('/') {
            self.file.clone()
        } else {
            join(home, &self.file)
        }
    }

    /// The question whether it is there.
    pub fn questions(&self, home: Option<&str>) -> Vec<Probe> {
        home.map(|home| stat(&self.path(home)))
            .into_iter()
            .collect()
    }

    /// Adds what makes it.
    pub fn plan(
        &self,
        steps: &mut Steps,
        seen: &Seen,
        (name, home): (&str, &str),
    ) -> Result<(), Failure> {
        let path = self.path(home);
        steps.set("ssh_key_file", path.as_str());
        if seen.knows(&stat(&path)) && seen.stat(&path)?.is_some() {
            return Ok(());
        }
        let owned = |mode: u32| Attributes {
            mode: Some(mode),
            owner: Some(name.to_owned()),
            group: None,
        };
        let folder = parent(&path).to_owned();
        steps.actions.push(Action::MakeDirectory {
            path: folder,
            attributes: owned(0o700),
        });
        let mut argv = [
            "ssh-keygen",
            "-q",
            "-t",
            &self.kind,
            "-C",
            &self.comment,
            "-N",
            "",
            "-f",
            &path,
        ]
        .map(ToOwned::to_owned)
        .to_vec();
        if let Some(bits) = self.bits.filter(|b| *b > 0) {
            argv.extend(["-b".to_owned(), bits.to_string()]);
        }
        steps.step(
            Change::new(&path, "", "a new key pair"),
            Action::Exec(Exec::new(argv)),
        );
        for (path, mode) in [(path.clone(), 0o600), (format!("{path}.pub"), 0o644)] {
            steps.actions.push(Action::SetAttributes {
                path,
                attributes: owned(mode),
                recurse: false,
                follow: false,
            });
        }
        Ok(())
    }
}
