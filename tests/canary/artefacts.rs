//! Everything that a rehearsal leaves behind, as places with their bytes: what was printed, the state
//! directory, the hosts' files, what ran on them, the repositories with their history, every object of
//! the simulated services.

use std::path::Path;
use std::process::Command;

use nautes_install::input::OsFiles;
use nautes_install::rehearsal::Estate;
use serde_json::Value;

/// A place and what is there.
pub struct Artefact {
    /// `host/HOST/PATH`, `kubernetes/ADDRESS/RESOURCE/NAMESPACE/NAME`, ….
    pub place: String,
    /// What is there.
    pub bytes: Vec<u8>,
    /// Of a host's file: its mode.
    pub mode: Option<u32>,
}

impl Artefact {
    pub fn new(place: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            place: place.into(),
            bytes: bytes.into(),
            mode: None,
        }
    }
}

/// What lies below an estate's directory.
pub fn of(estate: &Path) -> Vec<Artefact> {
    let mut all = files(&estate.join("state"), "state");
    let opened = Estate::open(estate, &OsFiles, 1).unwrap();
    // This machine is simulated as well: its state directory is below the same name there.
    let state = std::path::absolute(estate).unwrap().join("state");
    let state = format!("localhost{}/", state.display());
    for (host, path, mode, bytes) in opened.files() {
        let name = format!("{host}{path}");
        let place = name
            .strip_prefix(&state)
            .map(|path| format!("state/{path}"));
        all.push(Artefact {
            place: place.unwrap_or_else(|| format!("host/{name}")),
            bytes,
            mode: Some(mode),
        });
    }
    let saved = std::fs::read(estate.join("estate.json")).unwrap();
    let saved: Value = serde_json::from_slice(&saved).unwrap();
    for host in saved["hosts"].as_array().unwrap() {
        let mut host = host.clone();
        let _ = host.as_object_mut().unwrap().remove("inodes");
        let place = format!("memory/{}", host["name"].as_str().unwrap());
        all.push(Artefact::new(place, host.to_string()));
    }
    for (address, service) in saved["services"].as_object().unwrap() {
        all.extend(self::service(address, service));
    }
    for entry in std::fs::read_dir(estate.join("git")).into_iter().flatten() {
        repositories(&entry.unwrap().path(), "git", &mut all);
    }
    all
}

/// Real files below a folder.
pub fn files(folder: &Path, place: &str) -> Vec<Artefact> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let place = format!("{place}/{}", path.file_name().unwrap().display());
        if path.is_dir() {
            all.extend(files(&path, &place));
        } else {
            all.push(Artefact::new(place, std::fs::read(path).unwrap()));
        }
    }
    all
}

/// What ran on the hosts, by host and program.
pub fn programs(text: &str) -> Vec<Artefact> {
    let line = |line: &str| {
        let told: Value = serde_json::from_str(line).unwrap();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let place = format!("process/{}/{}", word(&told["host"]), word(&told["argv"][0]));
        Artefact::new(place, line)
    };
    text.lines().map(line).collect()
}

/// A service: the objects of a Kubernetes API, the secrets of a Vault, else by the fields that it has.
fn service(address: &str, saved: &Value) -> Vec<Artefact> {
    let mut all = Vec::new();
    for object in saved["store"]["objects"].as_array().into_iter().flatten() {
        let word = |at: usize| object[at].as_str().unwrap();
        let place = format!("kubernetes/{address}/{}/{}/{}", word(0), word(1), word(2));
        all.push(Artefact::new(place, object[3].to_string()));
    }
    for (field, value) in saved.as_object().into_iter().flatten() {
        // What several servers of one service share.
        if field == "state" && value.is_object() {
            all.extend(service(address, value));
            continue;
        }
        let place = format!("service/{address}/{field}");
        let engines = value.as_object().filter(|_| field == "secrets");
        match engines {
            None if field == "store" => {}
            None => all.push(Artefact::new(place, value.to_string())),
            Some(engines) => {
                let of = |(engine, paths): (&String, &Value)| {
                    let paths = paths.as_object().unwrap().clone().into_iter();
                    let engine = engine.clone();
                    paths.map(move |(path, value)| (format!("{engine}/{path}"), value))
                };
                let found = engines.iter().flat_map(of);
                all.extend(found.map(|(path, value)| {
                    Artefact::new(format!("vault/{address}/{path}"), value.to_string())
                }));
            }
        }
    }
    all
}

/// Every object of every repository below a folder: whatever was ever committed, on whichever branch.
fn repositories(at: &Path, place: &str, all: &mut Vec<Artefact>) {
    let place = format!("{place}/{}", at.file_name().unwrap().display());
    if !at.join("objects").is_dir() {
        for entry in std::fs::read_dir(at).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                repositories(&path, &place, all);
            }
        }
        return;
    }
    let named = git(at, &["rev-list", "--all", "--objects"]);
    let named = String::from_utf8(named).unwrap();
    let listed = git(
        at,
        &[
            "cat-file",
            "--batch-check=%(objectname) %(objecttype)",
            "--batch-all-objects",
        ],
    );
    for line in String::from_utf8(listed).unwrap().lines() {
        let (object, kind) = line.split_once(' ').unwrap();
        let name = named.lines().find_map(|line| line.strip_prefix(object));
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        let what = if kind == "tree" { "-p" } else { kind };
        let bytes = git(at, &["cat-file", what, object]);
        all.push(Artefact::new(
            format!("{place}/{}", name.unwrap_or(kind)),
            bytes,
        ));
    }
}

fn git(at: &Path, args: &[&str]) -> Vec<u8> {
    let ran = Command::new("git")
        .args(args)
        .current_dir(at)
        .output()
        .unwrap();
    assert!(ran.status.success(), "git {args:?}");
    ran.stdout
}
