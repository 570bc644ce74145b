//! `file` with `state: link` and `state: hard`: what is there decides whether a link may be made.

use super::file::{File, word};
use crate::connection::{Action, Attributes, EntryKind};
use crate::modules::mode::Target;
use crate::modules::seen::stat_through;
use crate::modules::{Change, Failure, Seen, Steps};

impl File {
    #[expect(
        clippy::too_many_lines,
        reason = "one decision for each thing that may be there"
    )]
    pub(super) fn link(
        &self,
        steps: &mut Steps,
        src: Option<&str>,
        seen: &Seen,
    ) -> Result<(), Failure> {
        let there = seen.stat(&self.path)?;
        let (src, target) = match (src, there.and_then(|s| s.target.as_deref())) {
            (Some(src), _) => (src, seen.at(&stat_through(&self.meant(src)))?),
            (None, Some(said)) => (said, seen.at(&stat_through(&self.path))?),
            (None, None) => {
                return Err(Failure::msg("src is required for creating new symlinks")
                    .with("path", self.path.as_str()));
            }
        };
        steps.set("src", src);
        if target.is_none() && !self.force {
            return Err(Failure::msg(format!(
                "src file does not exist, use \"force=yes\" if you really want to create the link: {}",
                self.meant(src)
            ))
            .with("path", self.path.as_str())
            .with("src", src));
        }
        match there.map(|s| s.kind) {
            None => {}
            Some(EntryKind::Link) => {
                if let Some(there) = there.filter(|s| s.target.as_deref() == Some(src)) {
                    match (target, self.follow) {
                        (Some(target), true) => self.wanted.settle(steps, &self.path, target),
                        _ => self.wanted.settle(steps, &self.path, there),
                    }
                    return Ok(());
                }
            }
            Some(_) if !self.force => {
                return Err(Failure::msg(format!(
                    "refusing to convert from {} to symlink for {}",
                    word(there),
                    self.path
                ))
                .with("path", self.path.as_str()));
            }
            Some(EntryKind::Directory) => {
                if seen
                    .listing(&self.path, Some(1))?
                    .is_some_and(|l| !l.is_empty())
                {
                    return Err(Failure::msg(format!(
                        "the directory {} is not empty, refusing to convert it",
                        self.path
                    )));
                }
                steps.actions.push(Action::Remove {
                    path: self.path.clone(),
                });
            }
            Some(_) => {}
        }
        let before = there.map_or_else(String::new, |s| {
            s.target
                .as_ref()
                .map_or_else(|| word(there).to_owned(), |t| format!("link to {t}"))
        });
        steps.step(
            Change::new(&self.path, before, format!("link to {src}")),
            Action::Link {
                path: self.path.clone(),
                target: src.to_owned(),
                hard: false,
            },
        );
        match (target, self.follow) {
            (Some(target), true) => self.wanted.settle(steps, &self.path, target),
            _ => self.settle_new_link(steps),
        }
        Ok(())
    }

    /// Adds what gives a link that was just made its owner: a link has no mode of its own.
    fn settle_new_link(&self, steps: &mut Steps) {
        if self.wanted.owner.is_some() || self.wanted.group.is_some() {
            steps.actions.push(Action::SetAttributes {
                path: self.path.clone(),
                attributes: Attributes {
                    mode: None,
                    ..self.wanted.attributes(None, Target::File)
                },
                recurse: false,
                follow: false,
            });
        }
    }

    pub(super) fn hard(&self, steps: &mut Steps, src: &str, seen: &Seen) -> Result<(), Failure> {
        steps.set("src", src);
        let there = seen.stat(&self.path)?;
        let target = seen
            .at(&stat_through(&self.meant(src)))?
            .ok_or_else(|| Failure::msg(format!("src does not exist: {src}")).with("src", src))?;
        if let Some(there) = there {
            if (there.inode, there.device) == (target.inode, target.device) {
                self.wanted.settle(steps, &self.path, there);
                return Ok(());
            }
            if !self.force {
                let what = if there.kind == EntryKind::File && there.links > 1 {
                    "different hard link exists at destination".to_owned()
                } else {
                    format!("{} exists at destination", word(Some(there)))
                };
                return Err(Failure::msg(format!("Cannot link, {what}")).with("src", src));
            }
        }
        steps.step(
            Change::new(
                &self.path,
                there.map_or("", |s| word(Some(s))),
                format!("hard link to {src}"),
            ),
            Action::Link {
                path: self.path.clone(),
                target: self.meant(src),
                hard: true,
            },
        );
        self.wanted.settle(steps, &self.path, target);
        Ok(())
    }
}
