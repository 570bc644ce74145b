//! A host as a table: answers probes from what a case says is there, and remembers what was done
//! to it. Far simpler than the rehearsal's, on purpose: a case must be readable as a whole.

mod act;
mod show;

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use nautes_install::connection::{
    Account, Action, Connection, ConnectionError, Deadline, Done, Entry, EntryKind, Executed,
    FileStat, Identity, PackageState, Probe, Reply, Stream, UnitState,
};
use serde_json::Value;

pub use show::show;

/// What is at a path.
#[derive(Clone, Debug)]
pub struct Thing {
    pub kind: EntryKind,
    pub content: Vec<u8>,
    pub mode: u32,
    pub owner: String,
    pub group: String,
    pub target: Option<String>,
    pub mtime: f64,
    pub inode: u64,
}

/// Everything on the host.
#[derive(Default)]
pub struct State {
    pub things: BTreeMap<String, Thing>,
    pub packages: BTreeMap<String, PackageState>,
    pub units: BTreeMap<String, UnitState>,
    pub users: BTreeMap<String, Account>,
    pub groups: BTreeMap<String, u32>,
    pub sysctls: BTreeMap<String, String>,
    pub commands: BTreeMap<String, Executed>,
    pub ports: Vec<u16>,
    pub facts: serde_json::Map<String, Value>,
    pub done: Vec<String>,
}

pub struct Model(pub Mutex<State>);

fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

fn thing(value: &Value, number: u64) -> Thing {
    let (kind, content, mode) = match value {
        Value::String(content) => (EntryKind::File, content.clone(), 0o644),
        value => {
            let kind = match text(value, "kind").as_deref() {
                Some("directory") => EntryKind::Directory,
                Some("link") => EntryKind::Link,
                _ => EntryKind::File,
            };
            let default = if kind == EntryKind::Directory {
                0o755
            } else {
                0o644
            };
            let mode = text(value, "mode").map_or(default, |m| u32::from_str_radix(&m, 8).unwrap());
            (kind, text(value, "content").unwrap_or_default(), mode)
        }
    };
    Thing {
        kind,
        content: content.into_bytes(),
        mode,
        owner: text(value, "owner").unwrap_or_else(|| "root".to_owned()),
        group: text(value, "group").unwrap_or_else(|| "root".to_owned()),
        target: text(value, "target"),
        mtime: value
            .get("mtime")
            .and_then(Value::as_f64)
            .unwrap_or(1_000_000.0),
        inode: number,
    }
}

fn each(host: &Value, key: &str) -> Vec<(String, Value)> {
    host.get(key)
        .and_then(Value::as_object)
        .map(|map| map.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
        .unwrap_or_default()
}

impl Model {
    /// The host that a case describes.
    pub fn new(host: &Value) -> Self {
        let mut state = State::default();
        state.things.insert(
            "/".to_owned(),
            thing(&serde_json::json!({"kind": "directory"}), 1),
        );
        for (number, (path, value)) in each(host, "files").into_iter().enumerate() {
            let mut folder = path.as_str();
            while let Some((above, _)) = folder.rsplit_once('/').filter(|(a, _)| !a.is_empty()) {
                let directory = thing(&serde_json::json!({"kind": "directory"}), 1000);
                state.things.entry(above.to_owned()).or_insert(directory);
                folder = above;
            }
            state.things.insert(path, thing(&value, 2 + number as u64));
        }
        for (name, v) in each(host, "packages") {
            let package = PackageState {
                installed: text(&v, "installed"),
                candidate: text(&v, "candidate"),
                held: false,
            };
            state.packages.insert(name, package);
        }
        for (name, v) in each(host, "units") {
            let word = |key: &str| text(&v, key).unwrap_or_default();
            let unit = UnitState {
                load: text(&v, "load").unwrap_or_else(|| "loaded".to_owned()),
                active: word("active"),
                sub: word("sub"),
                file: word("file"),
                properties: each(&v, "properties")
                    .into_iter()
                    .map(|(k, v)| (k, v.as_str().unwrap_or_default().to_owned()))
                    .collect(),
            };
            state.units.insert(name, unit);
        }
        for (name, v) in each(host, "users") {
            let number = v.get("uid").and_then(Value::as_u64).unwrap_or(1000);
            let account = Account {
                uid: u32::try_from(number).unwrap(),
                gid: u32::try_from(number).unwrap(),
                group: text(&v, "group").unwrap_or_else(|| name.clone()),
                comment: text(&v, "comment").unwrap_or_default(),
                home: text(&v, "home").unwrap_or_else(|| format!("/home/{name}")),
                shell: text(&v, "shell").unwrap_or_else(|| "/bin/sh".to_owned()),
                groups: text(&v, "groups")
                    .map(|g| g.split(',').map(ToOwned::to_owned).collect())
                    .unwrap_or_default(),
                locked: v.get("locked").and_then(Value::as_bool),
                password_digest: text(&v, "password_digest"),
                name: name.clone(),
            };
            state.users.insert(name, account);
        }
        for (name, v) in each(host, "groups") {
            state
                .groups
                .insert(name, u32::try_from(v.as_u64().unwrap()).unwrap());
        }
        for (name, v) in each(host, "sysctls") {
            state.sysctls.insert(name, v.as_str().unwrap().to_owned());
        }
        for (line, v) in each(host, "commands") {
            let words = |key: &str| text(&v, key).unwrap_or_default().into_bytes();
            let code = v.get("code").and_then(Value::as_i64).unwrap_or(0);
            let executed = Executed {
                code: i32::try_from(code).unwrap(),
                stdout: words("stdout"),
                stderr: words("stderr"),
            };
            state.commands.insert(line, executed);
        }
        if let Some(Value::Object(facts)) = host.get("facts") {
            state.facts.clone_from(facts);
        }
        if let Some(Value::Array(ports)) = host.get("ports") {
            state.ports = ports
                .iter()
                .map(|p| u16::try_from(p.as_u64().unwrap()).unwrap())
                .collect();
        }
        Self(Mutex::new(state))
    }

    /// Takes the list of what was done.
    pub fn take_done(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().done)
    }

    /// What is at a path, in words.
    pub fn describe(&self, path: &str) -> Value {
        let state = self.0.lock().unwrap();
        let Some(thing) = state.things.get(path) else {
            return Value::from("absent");
        };
        match thing.kind {
            EntryKind::Directory => Value::from(format!(
                "directory {:04o} {}:{}",
                thing.mode, thing.owner, thing.group
            )),
            EntryKind::Link => Value::from(format!(
                "link to {}",
                thing.target.as_deref().unwrap_or("?")
            )),
            _ => serde_json::json!({
                "content": String::from_utf8_lossy(&thing.content),
                "mode": format!("{:04o}", thing.mode),
                "owner": thing.owner,
            }),
        }
    }
}

impl State {
    /// The path with a link at its end followed.
    pub fn through(&self, path: &str) -> String {
        match self.things.get(path).and_then(|t| t.target.clone()) {
            Some(target) if target.starts_with('/') => target,
            Some(target) => format!("{}/{target}", path.rsplit_once('/').unwrap().0),
            None => path.to_owned(),
        }
    }

    fn stat(&self, path: &str, digests: &[&'static str]) -> Option<FileStat> {
        let thing = self.things.get(path)?;
        let number = |name: &str| {
            if name == "root" {
                0
            } else {
                self.users.get(name).map_or(1000, |u| u.uid)
            }
        };
        let digest = |name: &str| {
            let algorithm = match name {
                "sha1" => &ring::digest::SHA1_FOR_LEGACY_USE_ONLY,
                _ => &ring::digest::SHA256,
            };
            let digest = ring::digest::digest(algorithm, &thing.content);
            digest
                .as_ref()
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect::<String>()
        };
        Some(FileStat {
            kind: thing.kind,
            mode: thing.mode,
            uid: number(&thing.owner),
            gid: number(&thing.group),
            owner: thing.owner.clone(),
            group: thing.group.clone(),
            size: thing.content.len() as u64,
            mtime: thing.mtime,
            atime: thing.mtime,
            ctime: thing.mtime,
            inode: thing.inode,
            device: 1,
            links: 1,
            target: thing.target.clone(),
            digests: match thing.kind {
                EntryKind::File => digests
                    .iter()
                    .map(|d| ((*d).to_owned(), digest(d)))
                    .collect(),
                _ => BTreeMap::new(),
            },
        })
    }

    fn answer(&self, probe: &Probe) -> Reply {
        match probe {
            Probe::Stat {
                path,
                follow,
                digests,
            } => {
                let path = if *follow {
                    self.through(path)
                } else {
                    path.clone()
                };
                Reply::Stat(self.stat(&path, digests).map(Box::new))
            }
            Probe::RealPath { path } => Reply::RealPath(self.through(path)),
            Probe::Read { path, limit } => {
                let thing = self
                    .things
                    .get(&self.through(path))
                    .filter(|t| t.kind == EntryKind::File);
                match thing {
                    Some(thing) if thing.content.len() as u64 > *limit => {
                        Reply::TooLarge(thing.content.len() as u64)
                    }
                    thing => Reply::Content(thing.map(|t| t.content.clone())),
                }
            }
            Probe::List { path, depth } => {
                if self
                    .things
                    .get(path)
                    .is_none_or(|t| t.kind != EntryKind::Directory)
                {
                    return Reply::List(None);
                }
                let root = format!("{}/", path.trim_end_matches('/'));
                let entries = self
                    .things
                    .keys()
                    .filter_map(|p| p.strip_prefix(&root).map(|r| (p, r)));
                let entries = entries.filter(|(_, r)| {
                    !r.is_empty() && depth.is_none_or(|d| r.matches('/').count() < d as usize)
                });
                Reply::List(Some(
                    entries
                        .map(|(p, r)| Entry {
                            path: r.to_owned(),
                            stat: self.stat(p, &[]).unwrap(),
                        })
                        .collect(),
                ))
            }
            Probe::Package { name } => {
                Reply::Package(self.packages.get(name).cloned().unwrap_or_default())
            }
            Probe::Unit { name } => {
                Reply::Unit(self.units.get(name).cloned().unwrap_or_else(|| UnitState {
                    load: "not-found".to_owned(),
                    active: "inactive".to_owned(),
                    ..UnitState::default()
                }))
            }
            Probe::User { name } => Reply::User(self.users.get(name).cloned()),
            Probe::Group { name } => Reply::Group(self.groups.get(name).map(|n| (*n, Vec::new()))),
            Probe::Port { port, .. } => Reply::Port(self.ports.contains(port)),
            Probe::Sysctl { name } => Reply::Sysctl(self.sysctls.get(name).cloned()),
            Probe::Facts => Reply::Facts(self.facts.clone()),
            Probe::Command(exec) => Reply::Command(self.run(&exec.argv)),
        }
    }

    /// What a program answers: as the case says, by its whole command line or the words it starts
    /// with; otherwise that there is no such program.
    pub fn run(&self, argv: &[String]) -> Executed {
        let line = argv.join(" ");
        let known = self.commands.iter().filter(|(k, _)| {
            line == **k || (k.ends_with('*') && line.starts_with(k.trim_end_matches('*')))
        });
        known.max_by_key(|(k, _)| k.len()).map_or_else(
            || Executed {
                code: 127,
                stdout: Vec::new(),
                stderr: format!("{}: not found", argv[0]).into_bytes(),
            },
            |(_, answer)| answer.clone(),
        )
    }
}

#[async_trait]
impl Connection for Model {
    fn host(&self) -> &'static str {
        "host1"
    }

    async fn probe(&self, _: &Identity, probes: &[Probe]) -> Result<Vec<Reply>, ConnectionError> {
        let state = self.0.lock().unwrap();
        Ok(probes.iter().map(|p| state.answer(p)).collect())
    }

    async fn act(
        &self,
        _: &Identity,
        action: Action,
        _: Deadline,
    ) -> Result<Done, ConnectionError> {
        let mut state = self.0.lock().unwrap();
        let line = show(&action);
        state.done.push(line);
        state.act(action).map(|executed| Done { executed })
    }

    async fn dial(&self, _: &str, _: u16) -> Result<Box<dyn Stream>, ConnectionError> {
        Err(ConnectionError::Refused {
            what: "no streams here".to_owned(),
        })
    }

    async fn close(&self) {}
}
