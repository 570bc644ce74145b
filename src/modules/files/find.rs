//! `find`: files below folders by name, age, size, mode and content.

use std::time::SystemTime;

use fancy_regex::Regex;
use serde_json::{Value, json};

use super::stat::{DIGESTS, fields};
use crate::connection::{Entry, EntryKind, FileStat, Probe};
use crate::modules::given::{absolute, base_name, join};
use crate::modules::mode::{Mode, Target};
use crate::modules::regex::{Lines, compile, matches};
use crate::modules::seen::read;
use crate::modules::{Context, Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct Find {
    paths: Vec<String>,
    depth: Option<u32>,
    recurse: bool,
    kind: Option<EntryKind>,
    names: Vec<Regex>,
    excluded: Vec<Regex>,
    contains: Option<Regex>,
    /// The pattern must match the whole content, not a line.
    whole: bool,
    hidden: bool,
    /// Seconds; negative: at most that old.
    age: Option<i64>,
    stamp: Stamp,
    /// Bytes; negative: at most that large.
    size: Option<i64>,
    mode: Option<(Mode, Match)>,
    digest: Option<&'static str>,
    limit: Option<usize>,
    now: SystemTime,
}

/// Which time `age` is about.
#[derive(Clone, Copy)]
enum Stamp {
    Access,
    Change,
    Modification,
}

/// How `mode` is compared.
#[derive(Clone, Copy, PartialEq)]
enum Match {
    Exactly,
    AtLeast,
}

impl Find {
    /// Reads the arguments.
    #[expect(
        clippy::too_many_lines,
        reason = "one step after the other, each used once"
    )]
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let paths: Result<Vec<String>, Failure> = given
            .list("paths")
            .iter()
            .map(|p| absolute("paths", p))
            .collect();
        let patterns = |name: &str| -> Result<Vec<Regex>, Failure> {
            given
                .list(name)
                .iter()
                .filter(|p| !p.is_empty())
                .map(|pattern| {
                    if given.flag("use_regex") {
                        // `re.match`: from the beginning of the name.
                        compile(&format!("^(?:{pattern})"), Lines::One)
                    } else {
                        compile(&glob(pattern), Lines::One)
                    }
                })
                .collect()
        };
        let depth = given.int("depth").and_then(|d| u32::try_from(d).ok());
        let algorithm = given.string("checksum_algorithm");
        Ok(Self {
            paths: paths?,
            depth: if given.flag("recurse") {
                depth
            } else {
                Some(1)
            },
            recurse: given.flag("recurse"),
            kind: match given.text("file_type") {
                Some("any") => None,
                Some("directory") => Some(EntryKind::Directory),
                Some("link") => Some(EntryKind::Link),
                _ => Some(EntryKind::File),
            },
            names: patterns("patterns")?,
            excluded: patterns("excludes")?,
            contains: given
                .some("contains")
                .map(|p| {
                    // Anywhere in the whole, or from the beginning of a line.
                    if given.flag("read_whole_file") {
                        compile(&p, Lines::One)
                    } else {
                        compile(&format!("^(?:{p})"), Lines::Many)
                    }
                })
                .transpose()?,
            whole: given.flag("read_whole_file"),
            hidden: given.flag("hidden"),
            age: given.some("age").map(|a| scaled(&a, &AGES)).transpose()?,
            stamp: match given.text("age_stamp") {
                Some("atime") => Stamp::Access,
                Some("ctime") => Stamp::Change,
                _ => Stamp::Modification,
            },
            size: given.some("size").map(|s| scaled(&s, &SIZES)).transpose()?,
            mode: match given.get("mode").map(Mode::parse).transpose()?.flatten() {
                Some(mode) if given.flag("exact_mode") => Some((mode, Match::Exactly)),
                Some(mode) => Some((mode, Match::AtLeast)),
                None => None,
            },
            digest: DIGESTS
                .into_iter()
                .find(|d| given.flag("get_checksum") && *d == algorithm),
            limit: given.int("limit").and_then(|l| usize::try_from(l).ok()),
            now: context.clock.now(),
        })
    }

    fn listing(&self, path: &str) -> Probe {
        Probe::List {
            path: path.to_owned(),
            depth: self.examined(),
        }
    }

    /// How deep is looked: one level more than asked for, which counts as examined, as Ansible's
    /// walk does.
    fn examined(&self) -> Option<u32> {
        match self.depth {
            Some(depth) if self.recurse => Some(depth.saturating_add(1)),
            other => other,
        }
    }

    fn in_depth(&self, entry: &Entry) -> bool {
        self.depth.is_none_or(|depth| {
            let parts = entry.path.split('/').filter(|p| !p.is_empty()).count();
            u32::try_from(parts).is_ok_and(|parts| parts <= depth)
        })
    }

    /// Whether files are read: `contains` is for `file_type: file` alone.
    fn searched(&self) -> bool {
        self.contains.is_some() && self.kind == Some(EntryKind::File)
    }

    fn digest_of(&self, path: &str) -> Option<Probe> {
        self.digest.map(|digest| Probe::Stat {
            path: path.to_owned(),
            follow: false,
            digests: vec![digest],
        })
    }

    /// Entries that fit by everything but their content, with their whole paths.
    fn candidates<'a>(&self, seen: &'a Seen) -> Result<Vec<(String, &'a FileStat)>, Failure> {
        let mut found = Vec::new();
        for path in &self.paths {
            for entry in seen.listing(path, self.examined())?.into_iter().flatten() {
                if self.in_depth(entry) && self.fits(entry) {
                    found.push((join(path, &entry.path), &entry.stat));
                }
            }
        }
        Ok(found)
    }

    /// Whether an entry fits by its name and its `stat`.
    fn fits(&self, entry: &Entry) -> bool {
        let name = base_name(&entry.path);
        let hidden = name.starts_with('.');
        let any = |patterns: &[Regex]| patterns.iter().any(|p| matches(p, name));
        self.kind.is_none_or(|kind| kind == entry.stat.kind)
            && (self.hidden || !hidden)
            && (self.names.is_empty() || any(&self.names))
            && !any(&self.excluded)
            && self.fits_stat(&entry.stat)
    }

    /// Whether age, size and mode fit.
    fn fits_stat(&self, stat: &FileStat) -> bool {
        let stamp = match self.stamp {
            Stamp::Access => stat.atime,
            Stamp::Change => stat.ctime,
            Stamp::Modification => stat.mtime,
        };
        let now = self
            .now
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0.0, |d| d.as_secs_f64());
        #[expect(
            clippy::cast_precision_loss,
            reason = "ages are far below 2^52 seconds"
        )]
        let age = self.age.is_none_or(|age| {
            let limit = age.unsigned_abs() as f64;
            if age >= 0 {
                now - stamp >= limit
            } else {
                now - stamp <= limit
            }
        });
        let size = self.size.filter(|_| stat.kind == EntryKind::File);
        let size = size.is_none_or(|size| {
            if size >= 0 {
                stat.size >= size.unsigned_abs()
            } else {
                stat.size <= size.unsigned_abs()
            }
        });
        let mode = self.mode.as_ref().is_none_or(|(mode, how)| {
            let wanted = mode.on(
                if *how == Match::Exactly { stat.mode } else { 0 },
                Target::File,
            );
            if *how == Match::Exactly {
                stat.mode == wanted
            } else {
                stat.mode & wanted != 0
            }
        });
        age && size && mode
    }
}

/// Units of `age` in seconds.
const AGES: [(char, i64); 5] = [
    ('s', 1),
    ('m', 60),
    ('h', 3600),
    ('d', 86400),
    ('w', 604_800),
];
/// Units of `size` in bytes.
const SIZES: [(char, i64); 5] = [
    ('b', 1),
    ('k', 1 << 10),
    ('m', 1 << 20),
    ('g', 1 << 30),
    ('t', 1 << 40),
];

/// A number with a unit: `2d`, `-10k`.
fn scaled(text: &str, units: &[(char, i64)]) -> Result<i64, Failure> {
    let text = text.trim().to_lowercase();
    let unit = units.iter().find(|(letter, _)| text.ends_with(*letter));
    let digits = unit.map_or(text.as_str(), |_| {
        text.get(..text.len() - 1).unwrap_or_default()
    });
    digits
        .parse::<i64>()
        .map(|n| n * unit.map_or(1, |(_, factor)| *factor))
        .map_err(|_| {
            Failure::msg(format!(
                "failed to process {text}: not a number with a unit"
            ))
        })
}

/// A shell pattern as a regular expression for whole names.
fn glob(pattern: &str) -> String {
    let mut out = "(?s)^".to_owned();
    let mut class = false;
    for c in pattern.chars() {
        match c {
            '*' if !class => out.push_str(".*"),
            '?' if !class => out.push('.'),
            '[' if !class => {
                class = true;
                out.push('[');
            }
            '!' if class && out.ends_with('[') => out.push('^'),
            ']' if class => {
                class = false;
                out.push(']');
            }
            c if class => out.push(c),
            c => out.push_str(&fancy_regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    out.push('$');
    out
}

impl Recipe for Find {
    fn questions(&self) -> Vec<Probe> {
        self.paths.iter().map(|path| self.listing(path)).collect()
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        let mut probes = Vec::new();
        for (path, _) in self.candidates(seen)? {
            if self.searched() {
                probes.push(read(&path));
            }
            probes.extend(self.digest_of(&path));
        }
        Ok(probes)
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::none("only looks");
        let mut files: Vec<Value> = Vec::new();
        for (path, stat) in self.candidates(seen)? {
            if let Some(pattern) = self.contains.as_ref().filter(|_| self.searched()) {
                let text = seen.text(&path).ok().flatten().unwrap_or_default();
                let found = if self.whole {
                    matches(pattern, &text)
                } else {
                    text.lines().any(|l| matches(pattern, l))
                };
                if !found {
                    continue;
                }
            }
            let mut found = fields(&path, stat);
            found.remove("exists");
            if let Some(probe) = self.digest_of(&path)
                && let Some(digest) = seen.at(&probe)?.and_then(|s| s.digests.values().next())
            {
                found.insert("checksum".to_owned(), json!(digest));
            }
            files.push(Value::Object(found));
        }
        if let Some(limit) = self.limit {
            files.truncate(limit);
        }
        let mut examined = 0;
        let mut skipped = serde_json::Map::new();
        for path in &self.paths {
            match seen.listing(path, self.examined())? {
                Some(entries) => examined += entries.len(),
                None => {
                    skipped.insert(path.clone(), json!(format!("'{path}' is not a directory")));
                }
            }
        }
        steps.set("matched", files.len());
        steps.set("examined", examined);
        steps.set("files", files);
        steps.set("skipped_paths", skipped);
        steps.set("msg", "All paths examined.");
        Ok(steps)
    }
}
