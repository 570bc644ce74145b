//! `apt_repository`: a line in apt's one-line source files.

use async_trait::async_trait;

use super::lock;
use crate::connection::{Action, Attributes, Executed, PackageAction, Probe};
use crate::modules::given::join;
use crate::modules::mode::Mode;
use crate::modules::mode::Target;
use crate::modules::seen::read;
use crate::modules::{Change, Failure, Given, Recipe, Seen, Site, Steps};

/// The module.
pub struct Repository {
    line: String,
    present: bool,
    /// The file that a new line goes to.
    file: String,
    mode: Mode,
    update: bool,
}

/// The file of old.
const MAIN: &str = "/etc/apt/sources.list";
/// The folder of further files.
const FOLDER: &str = "/etc/apt/sources.list.d";

impl Repository {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let repo = given.string("repo");
        if repo.starts_with("ppa:") {
            return Err(Failure::msg("`ppa:` repositories are not supported")
                .help("write the repository as `deb [signed-by=/etc/apt/keyrings/NAME.asc] https://ppa.launchpadcontent.net/OWNER/NAME/ubuntu CODENAME main`"));
        }
        let line = folded(&repo);
        if !line.starts_with("deb ") && !line.starts_with("deb-src ")
            || line.split_whitespace().count() < 3
        {
            return Err(Failure::msg(format!("Invalid repository string: {repo}")));
        }
        let name = given.some("filename").unwrap_or_else(|| suggested(&line));
        let name = if name.ends_with(".list") {
            name
        } else {
            format!("{name}.list")
        };
        Ok(Self {
            file: if name.starts_with('/') {
                name
            } else {
                join(FOLDER, &name)
            },
            line,
            present: given.text("state") != Some("absent"),
            mode: given
                .get("mode")
                .map_or(Ok(None), Mode::parse)?
                .unwrap_or(Mode::Exact(0o644)),
            update: given.flag("update_cache"),
        })
    }

    /// The files that have the line, with their texts.
    fn holders(&self, seen: &Seen) -> Result<Vec<(String, String)>, Failure> {
        let mut holders = Vec::new();
        for path in files(seen)? {
            let text = seen.text(&path)?.unwrap_or_default();
            if text.lines().any(|l| self.is_ours(l)) {
                holders.push((path, text));
            }
        }
        Ok(holders)
    }

    /// Whether a line of a file is the repository, a comment after it aside.
    fn is_ours(&self, line: &str) -> bool {
        folded(line.split(" #").next().unwrap_or_default()) == self.line
    }

    fn write(&self, path: &str, text: String) -> Action {
        Action::WriteFile {
            path: path.to_owned(),
            content: text.into_bytes().into(),
            attributes: Attributes {
                mode: Some(self.mode.on(Target::File.default_mode(), Target::File)),
                ..Attributes::default()
            },
            validate: None,
            backup: None,
        }
    }
}

/// Blanks folded.
fn folded(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name that Ansible gives the file: the address without protocol, options and account.
fn suggested(line: &str) -> String {
    let mut text = line.to_owned();
    while let (Some(open), Some(close)) = (text.find('['), text.find(']')) {
        if open > close {
            break;
        }
        text.replace_range(open..=close, "");
    }
    let address = text
        .split_whitespace()
        .find(|word| !matches!(*word, "deb" | "deb-src"))
        .unwrap_or_default();
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    let address = address.split_once('@').map_or(address, |(_, rest)| rest);
    address
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

fn listing() -> Probe {
    Probe::List {
        path: FOLDER.to_owned(),
        depth: Some(1),
    }
}

/// All source files of the host.
fn files(seen: &Seen) -> Result<Vec<String>, Failure> {
    let entries = seen.listing(FOLDER, Some(1))?.into_iter().flatten();
    let more = entries
        .filter(|e| e.path.ends_with(".list"))
        .map(|e| join(FOLDER, &e.path));
    Ok(std::iter::once(MAIN.to_owned()).chain(more).collect())
}

#[async_trait]
impl Recipe for Repository {
    fn questions(&self) -> Vec<Probe> {
        vec![read(MAIN), listing(), read(&self.file)]
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        Ok(files(seen)?.iter().map(|path| read(path)).collect())
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        let holders = self.holders(seen)?;
        if self.present && holders.is_empty() {
            let before = seen.text(&self.file)?.unwrap_or_default();
            let mut after = before.clone();
            if !after.is_empty() && !after.ends_with('\n') {
                after.push('\n');
            }
            after.push_str(&self.line);
            after.push('\n');
            steps.step(
                Change::new(&self.file, before, &after),
                self.write(&self.file, after),
            );
        }
        if !self.present {
            for (path, text) in holders {
                let after: String = text
                    .lines()
                    .filter(|l| !self.is_ours(l))
                    .map(|l| format!("{l}\n"))
                    .collect();
                let action = if after.trim().is_empty() && path != MAIN {
                    Action::Remove { path: path.clone() }
                } else {
                    self.write(&path, after.clone())
                };
                steps.step(Change::new(&path, text, after), action);
            }
        }
        if self.update && !steps.actions.is_empty() {
            steps.actions.push(Action::Package(PackageAction::Update));
        }
        steps.set("repo", self.line.as_str());
        steps.set("state", if self.present { "present" } else { "absent" });
        Ok(steps.or_reason("the repository is as wanted already"))
    }

    async fn explain(&self, at: &Site<'_>, action: &Action, answer: &Executed) -> Failure {
        lock::explain(at, action, answer).await
    }
}

#[cfg(test)]
mod tests {
    use super::suggested;

    #[test]
    fn files_are_named_as_ansible_names_them() {
        assert_eq!(
            suggested(
                "deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian bookworm stable"
            ),
            "download_docker_com_linux_debian"
        );
        assert_eq!(
            suggested("deb http://user:secret@repo.example/x y main"),
            "repo_example_x"
        );
    }
}
