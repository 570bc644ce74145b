//! Unit files as systemd finds and reads them in the tree.

use super::super::host::Host;
use super::super::tree::{Body, Caller, Follow};

/// Where systemd looks, the first wins.
const DIRECTORIES: [&str; 4] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
];

/// A unit file with its drop-ins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitFile {
    /// The unit's own name, aliases resolved.
    pub name: String,
    /// Where its file lies.
    pub path: String,
    /// The text, drop-ins appended.
    pub text: String,
}

/// What looking for a unit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No file.
    Nothing,
    /// A link to `/dev/null`.
    Masked(String),
    /// A file.
    File(UnitFile),
}

impl UnitFile {
    /// Every value of a setting, in order; an empty value resets the list.
    pub fn all(&self, section: &str, key: &str) -> Vec<String> {
        let mut at = "";
        let mut values = Vec::new();
        for line in self.text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                at = name;
            } else if at == section {
                match line.split_once('=') {
                    Some((k, v)) if k.trim() == key && v.trim().is_empty() => values.clear(),
                    Some((k, v)) if k.trim() == key => values.push(self.specified(v.trim())),
                    _ => {}
                }
            }
        }
        values
    }

    /// The last value of a setting.
    pub fn get(&self, section: &str, key: &str) -> Option<String> {
        self.all(section, key).pop()
    }

    /// The words of a list setting.
    pub fn words(&self, section: &str, key: &str) -> Vec<String> {
        self.all(section, key)
            .iter()
            .flat_map(|value| value.split_whitespace().map(ToOwned::to_owned))
            .collect()
    }

    /// Whether it has an `[Install]` section that says where.
    pub fn installs(&self) -> bool {
        ["WantedBy", "RequiredBy", "Alias", "Also"]
            .iter()
            .any(|key| self.get("Install", key).is_some())
    }

    fn specified(&self, value: &str) -> String {
        let stem = self
            .name
            .rsplit_once('.')
            .map_or(self.name.as_str(), |(s, _)| s);
        let (prefix, instance) = stem.split_once('@').unwrap_or((stem, ""));
        value
            .replace("%n", &self.name)
            .replace("%N", stem)
            .replace("%p", prefix)
            .replace("%i", instance)
            .replace("%I", instance)
            .replace("%%", "%")
    }
}

/// A name with its suffix: `nginx` is `nginx.service`.
pub fn full_name(name: &str) -> String {
    const SUFFIXES: [&str; 8] = [
        ".service", ".socket", ".target", ".timer", ".mount", ".path", ".slice", ".scope",
    ];
    if SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
        name.to_owned()
    } else {
        format!("{name}.service")
    }
}

impl Host {
    /// Looks for a unit's file, through aliases and templates.
    pub fn find_unit(&self, name: &str) -> Found {
        let mut name = full_name(name);
        for _ in 0..5 {
            let Some((path, target)) = self.unit_path(&name) else {
                return Found::Nothing;
            };
            match target {
                Some(target) if target == "/dev/null" => return Found::Masked(path),
                Some(target) => {
                    let other = target.rsplit('/').next().unwrap_or_default();
                    if other == name || other.contains('@') {
                        return self.read_unit(&name, &path);
                    }
                    other.clone_into(&mut name);
                }
                None => return self.read_unit(&name, &path),
            }
        }
        Found::Nothing
    }

    fn read_unit(&self, name: &str, path: &str) -> Found {
        let mut text = self.tree.text(path);
        let root = Caller::root();
        for directory in DIRECTORIES.iter().rev() {
            let drop_ins = format!("{directory}/{name}.d");
            for file in self.tree.names(&root, &drop_ins).unwrap_or_default() {
                if file.ends_with(".conf") {
                    text.push('\n');
                    text.push_str(&self.tree.text(&format!("{drop_ins}/{file}")));
                }
            }
        }
        Found::File(UnitFile {
            name: name.to_owned(),
            path: path.to_owned(),
            text,
        })
    }

    /// The path of a unit's file and, for a link, where it points.
    fn unit_path(&self, name: &str) -> Option<(String, Option<String>)> {
        let template = name
            .split_once('@')
            .filter(|(_, rest)| !rest.starts_with('.'))
            .and_then(|(prefix, rest)| Some(format!("{prefix}@.{}", rest.rsplit('.').next()?)));
        let root = Caller::root();
        for candidate in std::iter::once(name.to_owned()).chain(template) {
            for directory in DIRECTORIES {
                let path = format!("{directory}/{candidate}");
                let Ok((_, node)) = self.tree.find(&root, &path, Follow::No) else {
                    continue;
                };
                match &node.body {
                    Body::Link(target) => return Some((path, Some(target.clone()))),
                    Body::File(_) => return Some((path, None)),
                    _ => {}
                }
            }
        }
        None
    }

    /// The names of all unit files, sorted.
    pub fn unit_names(&self) -> Vec<String> {
        let root = Caller::root();
        let mut names: Vec<String> = DIRECTORIES
            .iter()
            .flat_map(|directory| self.tree.names(&root, directory).unwrap_or_default())
            .filter(|name| {
                name.contains('.')
                    && !name.ends_with(".wants")
                    && !name.ends_with(".d")
                    && !name.ends_with(".requires")
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }
}
