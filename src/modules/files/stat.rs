//! `stat`: what is at a path.

use serde_json::{Map, json};

use crate::connection::{EntryKind, Exec, FileStat, Probe};
use crate::input::Json;
use crate::modules::given::{join, parent};
use crate::modules::mode::octal;
use crate::modules::{Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct Stat {
    path: String,
    follow: bool,
    /// Name of the digest to show.
    digest: Option<&'static str>,
    /// The type of the content is asked for (a program of the host tells).
    mime: bool,
    /// The file's flags are asked for.
    flags: bool,
}

/// The digests that hosts can compute.
pub const DIGESTS: [&str; 6] = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

impl Stat {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let algorithm = given.string("checksum_algorithm");
        let algorithm = DIGESTS.into_iter().find(|d| *d == algorithm);
        Ok(Self {
            path: given.the_path("path")?,
            follow: given.flag("follow"),
            digest: algorithm.filter(|_| given.flag("get_checksum")),
            mime: given.flag("get_mime"),
            flags: given.flag("get_attributes"),
        })
    }

    fn question(&self) -> Probe {
        Probe::Stat {
            path: self.path.clone(),
            follow: self.follow,
            digests: self.digest.into_iter().collect(),
        }
    }

    fn mime_question(&self) -> Probe {
        let argv = [
            "file",
            "--brief",
            "--mime-type",
            "--mime-encoding",
            &self.path,
        ];
        Probe::Command(Box::new(Exec::new(argv)))
    }

    fn flags_question(&self) -> Probe {
        Probe::Command(Box::new(Exec::new(["lsattr", "-d", &self.path])))
    }
}

/// The result's fields for what is at a path.
pub fn fields(path: &str, stat: &FileStat) -> Map<String, Json> {
    let bit = |mask: u32| stat.mode & mask != 0;
    let mut fields = json!({
        "exists": true,
        "path": path,
        "mode": octal(stat.mode),
        "isdir": stat.kind == EntryKind::Directory,
        "isreg": stat.kind == EntryKind::File,
        "islnk": stat.kind == EntryKind::Link,
        "ischr": false, "isblk": false, "isfifo": false, "issock": false,
        "uid": stat.uid, "gid": stat.gid,
        "pw_name": stat.owner, "gr_name": stat.group,
        "size": stat.size, "inode": stat.inode, "dev": stat.device, "nlink": stat.links,
        "atime": stat.atime, "mtime": stat.mtime, "ctime": stat.ctime,
        "rusr": bit(0o400), "wusr": bit(0o200), "xusr": bit(0o100),
        "rgrp": bit(0o040), "wgrp": bit(0o020), "xgrp": bit(0o010),
        "roth": bit(0o004), "woth": bit(0o002), "xoth": bit(0o001),
        "isuid": bit(0o4000), "isgid": bit(0o2000),
        // For root, which is who installs: it may read and write everything.
        "readable": true, "writeable": true, "executable": bit(0o111),
    });
    if let Some(fields) = fields.as_object_mut() {
        if let Some(target) = &stat.target {
            let source = if target.starts_with('/') {
                target.clone()
            } else {
                join(parent(path), target)
            };
            fields.insert("lnk_target".to_owned(), json!(target));
            fields.insert("lnk_source".to_owned(), json!(source));
        }
        return std::mem::take(fields);
    }
    Map::new()
}

impl Recipe for Stat {
    fn questions(&self) -> Vec<Probe> {
        let mut probes = vec![self.question()];
        if self.mime {
            probes.push(self.mime_question());
        }
        if self.flags {
            probes.push(self.flags_question());
        }
        probes
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::none("only looks");
        let Some(stat) = seen.at(&self.question())? else {
            steps.set("stat", json!({"exists": false}));
            return Ok(steps);
        };
        let mut fields = fields(&self.path, stat);
        if let Some(digest) = self.digest.and_then(|d| stat.digests.get(d)) {
            fields.insert("checksum".to_owned(), json!(digest));
        }
        if self.mime {
            let answer = seen.executed(&self.mime_question())?;
            let text = String::from_utf8_lossy(&answer.stdout).into_owned();
            let (mime, charset) = text
                .trim()
                .split_once("; charset=")
                .unwrap_or(("unknown", "unknown"));
            fields.insert("mimetype".to_owned(), json!(mime));
            fields.insert("charset".to_owned(), json!(charset));
        }
        if self.flags {
            let answer = seen.executed(&self.flags_question())?;
            let text = String::from_utf8_lossy(&answer.stdout).into_owned();
            let flags: String = text
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .chars()
                .filter(|c| *c != '-')
                .collect();
            fields.insert("attr_flags".to_owned(), json!(flags));
        }
        steps.set("stat", fields);
        Ok(steps)
    }
}
