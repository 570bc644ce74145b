//! `unarchive`: an archive of this machine or of the host, unpacked on the host.
//!
//! tar itself compares the archive with what is there (`--diff`), on the host; an archive of this
//! machine goes there by stdin.

use bytes::Bytes;

use crate::connection::{Action, Exec, Probe};
use crate::modules::given::absolute;
use crate::modules::mode::{Mode, octal};
use crate::modules::seen::{stat, stat_through};
use crate::modules::{Change, Context, Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct Unarchive {
    src: String,
    dest: String,
    /// The archive's bytes, if it is one of this machine.
    content: Option<Bytes>,
    zip: bool,
    options: Vec<String>,
    creates: Option<String>,
    owner: Option<String>,
    group: Option<String>,
    mode: Option<Mode>,
    list: bool,
}

impl Unarchive {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let src = given.string("src");
        if src.contains("://") {
            return Err(Failure::msg("`src` must be a file, not an address")
                .help("download it with `get_url` and its checksum, then unpack it with `remote_src: true`"));
        }
        let remote = given.flag("remote_src") || given.choice("copy") == Some(false);
        let zip = src.ends_with(".zip");
        if zip && !remote {
            return Err(Failure::msg(
                "a zip archive of this machine cannot be unpacked on the host by stdin",
            )
            .help("`copy` it there, then unpack it with `remote_src: true`"));
        }
        let content = if remote {
            None
        } else {
            Some(context.read(&context.find("files", &src)?)?.into())
        };
        let mut options = given.list("extra_opts");
        options.extend(
            given
                .list("exclude")
                .iter()
                .map(|e| format!("--exclude={e}")),
        );
        if given.flag("keep_newer") {
            options.push("--keep-newer-files".to_owned());
        }
        Ok(Self {
            src: if remote { absolute("src", &src)? } else { src },
            dest: given.the_path("dest")?,
            content,
            zip,
            options,
            creates: given.path("creates")?,
            owner: given.some("owner"),
            group: given.some("group"),
            mode: given.get("mode").map_or(Ok(None), Mode::parse)?,
            list: given.flag("list_files"),
        })
    }

    /// Ansible's word for the kind of archive.
    fn handler(&self) -> &'static str {
        match self.src.rsplit('.').next().unwrap_or_default() {
            "zip" => "ZipArchive",
            "tar" => "TarArchive",
            "bz2" | "tbz2" => "TarBzipArchive",
            "xz" | "txz" => "TarXzArchive",
            "zst" => "TarZstdArchive",
            _ => "TgzArchive",
        }
    }

    /// tar with the archive, whichever way it gets there.
    fn tar(&self, verb: &str) -> Exec {
        let mut argv = vec![
            "tar".to_owned(),
            verb.to_owned(),
            format!("--directory={}", self.dest),
        ];
        if self.content.is_some() {
            let compression = match self.src.rsplit('.').next().unwrap_or_default() {
                "gz" | "tgz" => Some("--gzip"),
                "bz2" | "tbz2" => Some("--bzip2"),
                "xz" | "txz" => Some("--xz"),
                "zst" => Some("--zstd"),
                _ => None,
            };
            argv.extend(compression.map(ToOwned::to_owned));
            argv.push("--file=-".to_owned());
        } else {
            argv.push(format!("--file={}", self.src));
        }
        argv.extend(self.options.iter().cloned());
        let mut exec = Exec::new(argv);
        exec.stdin.clone_from(&self.content);
        exec.env.insert("LC_ALL".to_owned(), "C".to_owned());
        exec
    }

    fn compare(&self) -> Probe {
        let exec = if self.zip {
            Exec::new(["unzip", "-Z1", &self.src])
        } else {
            self.tar("--diff")
        };
        Probe::Command(Box::new(exec))
    }

    fn members(&self) -> Probe {
        let exec = if self.zip {
            Exec::new(["unzip", "-Z1", &self.src])
        } else {
            self.tar("--list")
        };
        Probe::Command(Box::new(exec))
    }

    fn stopped(&self, seen: &Seen) -> Result<bool, Failure> {
        Ok(match &self.creates {
            Some(path) => seen.stat(path)?.is_some(),
            None => false,
        })
    }

    /// Whether a line of `tar --diff` counts: what the task sets itself does not.
    fn counts(&self, line: &str) -> bool {
        let set = |given: bool, what: &str| given && line.ends_with(what);
        !line.trim().is_empty()
            && !set(self.owner.is_some(), "Uid differs")
            && !set(self.group.is_some(), "Gid differs")
            && !set(self.mode.is_some(), "Mode differs")
            && !line.contains("Removing leading")
            // A name that is empty once its first parts are stripped.
            && !line.starts_with("tar: : Warning: Cannot stat")
            && !line.starts_with(": ")
            && !line.contains("implausibly old time stamp")
    }

    /// The archive's members as paths on the host.
    fn paths(&self, seen: &Seen) -> Result<Vec<String>, Failure> {
        let answer = seen.executed(&self.members())?;
        if answer.code != 0 {
            return Err(Failure::msg(format!(
                "Failed to find handler for \"{}\": {}",
                self.src,
                String::from_utf8_lossy(&answer.stderr).trim()
            )));
        }
        let strip = self
            .options
            .iter()
            .find_map(|o| o.strip_prefix("--strip-components="))
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        Ok(String::from_utf8_lossy(&answer.stdout)
            .lines()
            .filter_map(|line| {
                let parts: Vec<&str> = line
                    .split('/')
                    .filter(|p| !p.is_empty() && *p != ".")
                    .skip(strip)
                    .collect();
                (!parts.is_empty())
                    .then(|| format!("{}/{}", self.dest.trim_end_matches('/'), parts.join("/")))
            })
            .collect())
    }

    /// What differs, for people.
    fn differences(&self, seen: &Seen) -> Result<Vec<String>, Failure> {
        let answer = seen.executed(&self.compare())?;
        if self.zip {
            let mut missing = Vec::new();
            for path in self.paths(seen)? {
                if seen.stat(&path)?.is_none() {
                    missing.push(format!("{path}: missing"));
                }
            }
            return Ok(missing);
        }
        if answer.code == 0 {
            return Ok(Vec::new());
        }
        let words =
            [&answer.stdout, &answer.stderr].map(|b| String::from_utf8_lossy(b).into_owned());
        if answer.code == 127 || words[1].contains("not look like a tar archive") {
            return Err(Failure::msg(format!(
                "Failed to find handler for \"{}\": {}",
                self.src,
                words[1].trim()
            )));
        }
        Ok(words
            .iter()
            .flat_map(|w| w.lines())
            .filter(|l| self.counts(l))
            .map(ToOwned::to_owned)
            .collect())
    }

    /// Members whose owner, group or mode are not as wanted.
    fn unsettled(&self, seen: &Seen) -> Result<Vec<String>, Failure> {
        let mut paths = Vec::new();
        if !self.settles() {
            return Ok(paths);
        }
        let wanted = self.wanted();
        for path in self.paths(seen)? {
            match seen.stat(&path)? {
                Some(there) if wanted.differences(&path, there).is_empty() => {}
                _ => paths.push(path),
            }
        }
        Ok(paths)
    }

    fn settles(&self) -> bool {
        self.owner.is_some() || self.group.is_some() || self.mode.is_some()
    }

    fn wanted(&self) -> crate::modules::wanted::Wanted {
        crate::modules::wanted::Wanted::of(
            self.mode.clone(),
            self.owner.clone(),
            self.group.clone(),
        )
    }

    /// Adds what gives members their owner, group and mode.
    fn settle(&self, steps: &mut Steps, paths: &[String]) {
        for part in paths.chunks(500) {
            let mut run = |words: Vec<String>| {
                steps.actions.push(Action::Exec(Exec::new(
                    words
                        .into_iter()
                        .chain(["--".to_owned()])
                        .chain(part.iter().cloned()),
                )));
            };
            if self.owner.is_some() || self.group.is_some() {
                let owner = self.owner.clone().unwrap_or_default();
                let group = self
                    .group
                    .as_ref()
                    .map(|g| format!(":{g}"))
                    .unwrap_or_default();
                run(vec!["chown".to_owned(), "-h".to_owned(), owner + &group]);
            }
            if let Some(Mode::Exact(bits)) = self.mode {
                run(vec!["chmod".to_owned(), octal(bits)]);
            }
        }
    }
}

impl Recipe for Unarchive {
    fn questions(&self) -> Vec<Probe> {
        let mut probes = vec![stat_through(&self.dest)];
        probes.extend(self.creates.as_ref().map(|path| stat(path)));
        if self.content.is_none() {
            probes.push(stat_through(&self.src));
        }
        probes
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        if self.stopped(seen)? || !seen.is_directory(&self.dest)? {
            return Ok(Vec::new());
        }
        if self.content.is_none() && seen.at(&stat_through(&self.src))?.is_none() {
            return Ok(Vec::new());
        }
        let mut probes = vec![self.compare()];
        if self.settles() || self.zip || self.list {
            probes.push(self.members());
            if seen.knows(&self.members()) {
                probes.extend(self.paths(seen)?.iter().map(|path| stat(path)));
            }
        }
        Ok(probes)
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        steps.set("src", self.src.as_str());
        steps.set("dest", self.dest.as_str());
        steps.set("handler", self.handler());
        if self.stopped(seen)? {
            let path = self.creates.as_deref().unwrap_or_default();
            steps.diff.skipped = true;
            return Ok(steps.or_reason(&format!("skipped, since {path} exists")));
        }
        if self.content.is_none() && seen.at(&stat_through(&self.src))?.is_none() {
            return Err(Failure::msg(format!(
                "Source '{}' does not exist",
                self.src
            )));
        }
        if !seen.is_directory(&self.dest)? {
            return Err(Failure::msg(format!(
                "Destination '{}' is not a directory",
                self.dest
            )));
        }
        if self.list {
            steps.set("files", self.paths(seen)?);
        }
        let differences = self.differences(seen)?;
        if !differences.is_empty() {
            let action = if self.zip {
                Action::Unpack {
                    archive: self.src.clone(),
                    into: self.dest.clone(),
                    options: self.options.clone(),
                }
            } else {
                Action::Exec(self.tar("--extract"))
            };
            steps.step(
                Change::new(
                    &self.dest,
                    differences.join("\n"),
                    format!("content of {}", self.src),
                ),
                action,
            );
            if self.settles() {
                let paths = self.paths(seen)?;
                self.settle(&mut steps, &paths);
            }
            return Ok(steps);
        }
        let paths = self.unsettled(seen)?;
        if !paths.is_empty() {
            steps.diff.changes.push(Change::new(
                &self.dest,
                "",
                format!("owner, group and mode of {} members", paths.len()),
            ));
            self.settle(&mut steps, &paths);
        }
        Ok(steps.or_reason("everything in the archive is there already"))
    }
}
