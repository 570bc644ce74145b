//! Keeping the estate between runs: one JSON file and the contents of files by their digest.
//!
//! Only what differs from a bare host is written. Between two runs more time passes than a kernel
//! keeps written data in memory, so what is loaded is on the disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Estate;
use crate::input::Files;
use crate::rehearsal::host::{Host, Power, Profile};
use crate::rehearsal::packages::{Installed, Packages};
use crate::rehearsal::tree::{Body, Content, Ino, Inode, Layer, StandIn, Time, Tree, hex};
use crate::rehearsal::units::Units;

/// The format; another one is refused.
const FORMAT: u32 = 1;

/// What ran on the hosts in the last run, one program a line.
const PROGRAMS: &str = "programs.jsonl";

#[derive(Serialize, Deserialize)]
struct SavedEstate {
    format: u32,
    base: String,
    seed: u64,
    now_ns: u64,
    hosts: Vec<SavedHost>,
    #[serde(default)]
    services: BTreeMap<String, Value>,
}

#[derive(Serialize, Deserialize)]
struct SavedHost {
    name: String,
    profile: Profile,
    inodes: BTreeMap<Ino, Option<SavedInode>>,
    packages: BTreeMap<String, Installed>,
    units: Units,
    power: Power,
    boot_id: String,
    booted: Time,
    made: Time,
    modules: Vec<String>,
    requests: u64,
    skew: i64,
    memory: Map<String, Value>,
}

#[derive(Serialize, Deserialize)]
struct SavedInode {
    body: SavedBody,
    mode: u32,
    uid: u32,
    gid: u32,
    links: u64,
    times: [u64; 3],
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedBody {
    File(String, #[serde(default)] Option<StandIn>),
    Directory(BTreeMap<String, Ino>),
    Link(String),
    Other,
}

impl Estate {
    /// The estate of a directory; a new one if there is none.
    ///
    /// # Errors
    /// What cannot be read, in one line; an estate of another version of the program.
    pub fn open(directory: &Path, files: &dyn Files, seed: u64) -> Result<Self, String> {
        let estate = Self::new(seed)?;
        let path = directory.join("estate.json");
        if files.kind(&path).is_none() {
            return Ok(estate);
        }
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let bytes = files.read(&path).map_err(|error| wrong(&error))?;
        let saved: SavedEstate = serde_json::from_slice(&bytes).map_err(|error| wrong(&error))?;
        {
            let mut world = estate.world();
            if saved.format != FORMAT || saved.base != fingerprint(&world.base) {
                return Err(format!(
                    "{}: made by another version; remove the directory to begin with bare hosts",
                    path.display()
                ));
            }
            world.saved = saved.services;
            for host in saved.hosts {
                let base = world.base.clone();
                let host = load(host, &base, (directory, files))?;
                world.hosts.insert(host.name.clone(), host);
            }
        }
        estate
            .clock
            .set(Duration::from_nanos(saved.now_ns) + Duration::from_mins(1));
        let revived = estate.world().revive_services();
        revived.map_err(|error| wrong(&error))?;
        Ok(estate)
    }

    /// Writes the estate into its directory.
    ///
    /// # Errors
    /// What cannot be written, in one line.
    pub fn save(&self, directory: &Path, files: &dyn Files) -> Result<(), String> {
        let world = self.world();
        let failed = |error: std::io::Error| format!("{}: {error}", directory.display());
        files
            .make_directory(&directory.join("contents"))
            .map_err(failed)?;
        let mut hosts = Vec::new();
        for host in world.hosts.values() {
            hosts.push(save(host, (directory, files))?);
        }
        let services = world
            .network
            .all()
            .map(|((host, port), service)| (format!("{host}:{port}"), service.save()))
            .collect();
        let saved = SavedEstate {
            format: FORMAT,
            base: fingerprint(&world.base),
            seed: world.seed,
            now_ns: Time::from(self.clock.since_epoch()).0,
            hosts,
            services,
        };
        if let Some(programs) = world.started.text() {
            files
                .write(&directory.join(PROGRAMS), programs.as_bytes(), 0o600)
                .map_err(failed)?;
        }
        let text = serde_json::to_vec_pretty(&saved).map_err(|error| error.to_string())?;
        files
            .write(&directory.join("estate.json"), &text, 0o600)
            .map_err(failed)
    }

    /// What a service at an address had saved.
    pub fn saved_service(&self, host: &str, port: u16) -> Option<Value> {
        self.world().saved.get(&format!("{host}:{port}")).cloned()
    }
}

/// Tells one base tree from another.
fn fingerprint(base: &Tree) -> String {
    let names: String = base
        .below(&crate::rehearsal::tree::Caller::root(), "/", None)
        .unwrap_or_default()
        .into_iter()
        .map(|(path, ino, node)| format!("{path} {ino} {}\n", node.size()))
        .collect();
    hex(&ring::digest::SHA256, names.as_bytes())
}

type Place<'a> = (&'a Path, &'a dyn Files);

fn save(host: &Host, (directory, files): Place<'_>) -> Result<SavedHost, String> {
    let mut inodes = BTreeMap::new();
    for (ino, node) in host.tree.own() {
        let saved = match node {
            None => None,
            Some(node) => {
                let body = match &node.body {
                    Body::File(content) => {
                        let name = hex(&ring::digest::SHA256, content.bytes());
                        let path = directory.join("contents").join(&name);
                        if files.kind(&path).is_none() {
                            files
                                .write(&path, content.bytes(), 0o600)
                                .map_err(|error| format!("{}: {error}", path.display()))?;
                        }
                        SavedBody::File(name, content.stand_in().cloned())
                    }
                    Body::Directory(entries) => SavedBody::Directory(entries.clone()),
                    Body::Link(target) => SavedBody::Link(target.clone()),
                    Body::Other => SavedBody::Other,
                };
                Some(SavedInode {
                    body,
                    mode: node.mode,
                    uid: node.uid,
                    gid: node.gid,
                    links: node.links,
                    times: [node.mtime.0, node.atime.0, node.ctime.0],
                })
            }
        };
        inodes.insert(*ino, saved);
    }
    Ok(SavedHost {
        name: host.name.clone(),
        profile: host.profile.clone(),
        inodes,
        packages: (*host.packages.0).clone(),
        units: host.units.clone(),
        power: host.power,
        boot_id: host.boot_id.clone(),
        booted: host.booted,
        made: host.made,
        modules: host.modules.clone(),
        requests: host.requests,
        skew: host.skew,
        memory: host.memory.clone(),
    })
}

fn load(saved: SavedHost, base: &Tree, place: Place<'_>) -> Result<Host, String> {
    let mut own = Layer::new();
    for (ino, node) in saved.inodes {
        let node = match node {
            None => None,
            Some(node) => Some(Arc::new(load_inode(node, place)?)),
        };
        own.insert(ino, node);
    }
    let mut tree = base.overlaid(own);
    tree.capacity = saved.profile.disk;
    Ok(Host {
        disk: tree.clone(),
        tree,
        checkpoint: saved.booted,
        packages: Packages(Arc::new(saved.packages)),
        units: saved.units,
        power: saved.power,
        boot_id: saved.boot_id,
        booted: saved.booted,
        made: saved.made,
        modules: saved.modules,
        requests: saved.requests,
        bytes: 0,
        skew: saved.skew,
        dpkg_busy: Time(0),
        memory: saved.memory,
        name: saved.name,
        profile: saved.profile,
    })
}

fn load_inode(saved: SavedInode, (directory, files): Place<'_>) -> Result<Inode, String> {
    let body = match saved.body {
        SavedBody::File(name, stand_in) => {
            let path = directory.join("contents").join(&name);
            let bytes = files
                .read(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            Body::File(Content::with(bytes.into(), stand_in))
        }
        SavedBody::Directory(entries) => Body::Directory(entries),
        SavedBody::Link(target) => Body::Link(target),
        SavedBody::Other => Body::Other,
    };
    let [mtime, atime, ctime] = saved.times.map(Time);
    Ok(Inode {
        body,
        mode: saved.mode,
        uid: saved.uid,
        gid: saved.gid,
        links: saved.links,
        mtime,
        atime,
        ctime,
    })
}
