//! `fetch`: a file of the host, brought to this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::place::{sha1, shown};
use crate::connection::{EntryKind, Probe, Reader};
use crate::input::{Files, Json};
use crate::modules::given::base_name;
use crate::modules::seen::{read, stat_digest};
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Seen, Site};

/// The module.
pub struct Fetch {
    src: String,
    dest: PathBuf,
    /// A missing file is a failure.
    strict: bool,
    files: Arc<dyn Files>,
}

/// The file, and what is on this machine in its place.
pub struct Fetched {
    content: Option<Vec<u8>>,
    here: Option<Vec<u8>>,
}

impl Fetch {
    /// Reads the arguments: below `dest/HOST/` unless `flat`.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let src = given.the_path("src")?;
        let written = given.string("dest");
        let base = Path::new(&written);
        // Relative to the playbook, as Ansible has it.
        let base = match context.search.last() {
            Some(folder) if base.is_relative() => folder.join(base),
            _ => base.to_owned(),
        };
        let dest = match (given.flag("flat"), written.ends_with('/')) {
            (true, true) => base.join(base_name(&src)),
            (true, false) if context.is_directory(&base) => {
                return Err(Failure::msg(format!(
                    "dest is an existing directory, use a trailing slash if you want to fetch src into that directory: {written}"
                )));
            }
            (true, false) => base,
            (false, _) => base.join(context.host).join(src.trim_start_matches('/')),
        };
        Ok(Self {
            src,
            dest,
            strict: given.flag("fail_on_missing"),
            files: context.files.clone(),
        })
    }
}

#[async_trait]
impl Module for Fetch {
    type Seen = Fetched;

    fn foresee(&self) -> Vec<Probe> {
        vec![stat_digest(&self.src), read(&self.src)]
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Fetched, Failure> {
        let mut seen = Seen::default();
        seen.ask(at, self.foresee()).await?;
        let there = seen.at(&stat_digest(&self.src))?;
        if there.is_some_and(|s| s.kind == EntryKind::Directory) {
            return Err(Failure::msg(
                "remote file is a directory, fetch cannot work on directories",
            )
            .with("file", self.src.as_str()));
        }
        let content = seen.content(&self.src)?.map(<[u8]>::to_vec);
        if content.is_none() && self.strict {
            return Err(
                Failure::msg("the remote file does not exist").with("file", self.src.as_str())
            );
        }
        Ok(Fetched {
            content,
            here: self.files.read(&self.dest).ok(),
        })
    }

    fn diff(&self, seen: &Fetched) -> Result<Diff, Failure> {
        let mut diff = Diff::default();
        let Some(content) = &seen.content else {
            diff.reason =
                Some("the remote file does not exist, not transferring, ignored".to_owned());
            diff.result
                .insert("msg".to_owned(), diff.reason.clone().into());
            diff.result
                .insert("file".to_owned(), self.src.as_str().into());
            return Ok(diff);
        };
        let dest = self.dest.display().to_string();
        diff.result.insert("dest".to_owned(), dest.as_str().into());
        diff.result
            .insert("checksum".to_owned(), sha1(content).into());
        diff.result
            .insert("file".to_owned(), self.src.as_str().into());
        if seen.here.as_ref() == Some(content) {
            diff.reason = Some("this machine has the same file already".to_owned());
        } else {
            // Of what arrived: the bytes that were compared are the bytes that are written.
            diff.result
                .insert("remote_checksum".to_owned(), sha1(content).into());
            diff.result.insert("remote_md5sum".to_owned(), Json::Null);
            let before = seen.here.as_deref().map(shown).unwrap_or_default();
            diff.changes.push(Change::new(dest, before, shown(content)));
        }
        Ok(diff)
    }

    async fn apply(&self, _: &Site<'_>, seen: Fetched, _: &Diff) -> Result<Outcome, Failure> {
        let content = seen.content.unwrap_or_default();
        let failed = |error: std::io::Error| {
            Failure::msg(format!(
                "could not write `{}`: {error}",
                self.dest.display()
            ))
        };
        if let Some(folder) = self.dest.parent() {
            self.files.make_directory(folder).map_err(failed)?;
        }
        self.files
            .write(&self.dest, &content, 0o600)
            .map_err(failed)?;
        Ok(Outcome::default())
    }
}
