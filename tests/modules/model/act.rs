//! What an action does to the table.

use nautes_install::connection::{
    Action, Attributes, ConnectionError, EntryKind, Executed, PackageAction, UnitAction,
};

use super::{State, Thing};

impl State {
    fn set(&mut self, path: &str, attributes: &Attributes) {
        if let Some(thing) = self.things.get_mut(path) {
            thing.mode = attributes.mode.unwrap_or(thing.mode);
            thing.owner = attributes.owner.clone().unwrap_or(thing.owner.clone());
            thing.group = attributes.group.clone().unwrap_or(thing.group.clone());
        }
    }

    fn make(&mut self, path: &str, kind: EntryKind, content: Vec<u8>) {
        let old = self.things.get(path).filter(|t| t.kind == kind).cloned();
        let inode = 5000 + self.things.len() as u64;
        let new = Thing {
            kind,
            content,
            mode: if kind == EntryKind::Directory {
                0o755
            } else {
                0o644
            },
            owner: "root".to_owned(),
            group: "root".to_owned(),
            target: None,
            mtime: 2_000_000.0,
            inode,
        };
        let thing = old.map_or(new.clone(), |old| Thing {
            content: new.content,
            ..old
        });
        self.things.insert(path.to_owned(), thing);
    }

    /// Does it.
    pub fn act(&mut self, action: Action) -> Result<Executed, ConnectionError> {
        match action {
            Action::With { action, .. } => return self.act(*action),
            Action::WriteFile {
                path,
                content,
                attributes,
                backup,
                ..
            } => {
                let folder = path.rsplit_once('/').unwrap().0.to_owned();
                if !folder.is_empty() && !self.things.contains_key(&folder) {
                    let what = format!("{folder}: No such file or directory");
                    return Err(ConnectionError::Refused { what });
                }
                if let (Some(backup), Some(old)) = (backup, self.things.get(&path).cloned()) {
                    self.things.insert(backup, old);
                }
                self.make(&path, EntryKind::File, content.to_vec());
                self.set(&path, &attributes);
            }
            Action::CopyFile {
                from,
                to,
                attributes,
                ..
            } => {
                let content = self.things[&self.through(&from)].content.clone();
                self.make(&to, EntryKind::File, content);
                self.set(&to, &attributes);
            }
            Action::MakeDirectory { path, attributes } => {
                let parts: Vec<&str> = path.split('/').skip(1).collect();
                for end in 1..=parts.len() {
                    let path = format!("/{}", parts[..end].join("/"));
                    if !self.things.contains_key(&path) {
                        self.make(&path, EntryKind::Directory, Vec::new());
                        self.set(&path, &attributes);
                    }
                }
            }
            Action::SetAttributes {
                path,
                attributes,
                recurse,
                ..
            } => {
                let root = format!("{path}/");
                let below: Vec<String> = self
                    .things
                    .keys()
                    .filter(|p| recurse && p.starts_with(&root))
                    .cloned()
                    .collect();
                let path = self.through(&path);
                self.set(&path, &attributes);
                for p in &below {
                    self.set(p, &attributes);
                }
            }
            Action::Link { path, target, hard } => {
                if hard {
                    let thing = self.things[&target].clone();
                    self.things.insert(path, thing);
                } else {
                    self.things.remove(&path);
                    self.make(&path, EntryKind::Link, Vec::new());
                    self.things.get_mut(&path).unwrap().target = Some(target);
                }
            }
            Action::Touch { path, .. } => {
                let content = self
                    .things
                    .get(&path)
                    .map(|t| t.content.clone())
                    .unwrap_or_default();
                self.make(&path, EntryKind::File, content);
            }
            Action::Remove { path } => {
                let root = format!("{path}/");
                self.things
                    .retain(|p, _| *p != path && !p.starts_with(&root));
            }
            Action::Exec(exec) => return Ok(self.run(&exec.argv)),
            Action::Package(action) => return Ok(self.package(action)),
            Action::Unit { name, action } => return Ok(self.unit(&name, action)),
            Action::Sysctl { name, value } => {
                self.sysctls.insert(name, value);
            }
            Action::Download {
                url,
                path,
                attributes,
                ..
            } => {
                let answer = self.run(&["download".to_owned(), url]);
                if answer.code != 0 {
                    let what = match answer.code {
                        127 => nautes_install::connection::NO_DOWNLOADER,
                        _ => "the download failed",
                    };
                    return Err(ConnectionError::Refused {
                        what: what.to_owned(),
                    });
                }
                self.make(&path, EntryKind::File, answer.stdout);
                self.set(&path, &attributes);
            }
            Action::Upload {
                file,
                path,
                attributes,
                ..
            } => {
                let bytes = file.piece(0).unwrap().to_vec();
                self.make(&path, EntryKind::File, bytes);
                self.set(&path, &attributes);
            }
            Action::Unpack { .. } | Action::Reboot { .. } => {}
        }
        Ok(Executed::default())
    }

    fn package(&mut self, action: PackageAction) -> Executed {
        match action {
            PackageAction::Install { names, .. } => {
                for name in names {
                    let (name, version) = name
                        .split_once('=')
                        .map_or((name.as_str(), None), |(n, v)| (n, Some(v)));
                    let Some(package) = self.packages.get_mut(name) else {
                        let stderr = format!("E: Unable to locate package {name}");
                        return Executed {
                            code: 100,
                            stdout: Vec::new(),
                            stderr: stderr.into_bytes(),
                        };
                    };
                    package.installed = version
                        .map(|v| v.replace('*', "1"))
                        .or(package.candidate.clone());
                }
            }
            PackageAction::Remove { names, .. } => {
                for name in names {
                    self.packages.entry(name).or_default().installed = None;
                }
            }
            PackageAction::Update => {
                return self.commands.get("update").cloned().unwrap_or_default();
            }
            PackageAction::Whole { .. } => {}
        }
        Executed::default()
    }

    fn unit(&mut self, name: &str, action: UnitAction) -> Executed {
        if let Some(answer) = self.commands.get(&format!("systemctl {name}")) {
            return answer.clone();
        }
        let Some(unit) = self.units.get_mut(name) else {
            return Executed::default();
        };
        match action {
            UnitAction::Start | UnitAction::Restart => "active".clone_into(&mut unit.active),
            UnitAction::Stop => "inactive".clone_into(&mut unit.active),
            UnitAction::Enable => "enabled".clone_into(&mut unit.file),
            UnitAction::Disable => "disabled".clone_into(&mut unit.file),
            UnitAction::Mask => "masked".clone_into(&mut unit.load),
            UnitAction::Unmask => "loaded".clone_into(&mut unit.load),
            _ => {}
        }
        Executed::default()
    }
}
