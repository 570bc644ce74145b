//! Variables that are read when their turn comes: `include_vars`, a file or a folder of files.

use std::path::{Path, PathBuf};

use fancy_regex::Regex;

use crate::event::Status;
use crate::input::{FileKind, Files, Json, Var};
use crate::inventory::Vars;
use crate::playbook::Task;

use super::course::PlayRun;
use super::failure::Stop;
use super::item::Args;
use super::result::Ended;
use super::scope::Scope;

/// Which files of a folder are meant, and how deep.
struct Choice {
    depth: usize,
    matching: Option<Regex>,
    ignored: Vec<Regex>,
    endings: Vec<String>,
    /// Whether files with other endings are passed over; else they are an error.
    passes: bool,
}

impl PlayRun<'_> {
    /// `include_vars`.
    pub async fn include_vars(&self, task: &Task, scope: &Scope) -> Result<Ended, Stop> {
        let args = self.args(task, scope).await?;
        let word = |name: &str| args.get(name).and_then(Json::as_str).map(ToOwned::to_owned);
        let files = self.run.world.files.as_ref();
        let paths = if let Some(dir) = word("dir") {
            let folder = self.find(task, &dir, "vars");
            if files.kind(&folder) != Some(FileKind::Directory) {
                return Err(Stop::msg(format!("`{dir}` is no folder here")));
            }
            let mut found = Vec::new();
            Choice::of(&args)?.walk(files, (&folder, 1), &mut found)?;
            found
        } else {
            vec![self.find(task, &word("file").unwrap_or_default(), "vars")]
        };
        let mut vars = Vars::new();
        let mut loader = self.run.loader();
        for path in &paths {
            vars.extend(loader.variables(path, &task.args.span));
        }
        if let Some(error) = loader.errors.into_iter().next() {
            return Err(error.into());
        }
        if let Some(name) = word("name") {
            let map = self.rendered(&vars, scope).await?;
            vars = Vars::from_iter([(name, Var::Data(Json::Object(map)))]);
        }
        let merges = word("hash_behaviour").as_deref() == Some("merge");
        for (name, value) in vars {
            let value = if merges {
                self.merged((&name, value), scope).await?
            } else {
                value
            };
            self.play.included.set(&scope.host.name, &name, value);
        }
        let mut ended = Ended::new(Status::Ok, "");
        let shown: Vec<Json> = paths
            .iter()
            .map(|path| path.display().to_string().into())
            .collect();
        ended
            .result
            .insert("ansible_included_var_files".to_owned(), shown.into());
        Ok(ended)
    }

    async fn rendered(
        &self,
        vars: &Vars,
        scope: &Scope,
    ) -> Result<serde_json::Map<String, Json>, Stop> {
        let mut map = serde_json::Map::new();
        for (key, value) in vars {
            match value {
                Var::Written(node) => map.insert(key.clone(), self.render(node, scope).await?),
                Var::Data(data) => map.insert(key.clone(), data.clone()),
                Var::Scope(_) | Var::Unknown(_) => None,
            };
        }
        Ok(map)
    }

    /// A mapping over the one of that name that is there already.
    async fn merged(&self, (name, value): (&String, Var), scope: &Scope) -> Result<Var, Stop> {
        let new = self
            .rendered(&Vars::from_iter([(name.clone(), value)]), scope)
            .await?;
        let new = new
            .into_iter()
            .next()
            .map(|(_, value)| value)
            .unwrap_or_default();
        let old = match crate::input::Variables::get(scope, name) {
            Some(old) => {
                self.rendered(&Vars::from_iter([(name.clone(), old)]), scope)
                    .await?
            }
            None => serde_json::Map::new(),
        };
        let old = old
            .into_iter()
            .next()
            .map(|(_, value)| value)
            .unwrap_or_default();
        Ok(Var::Data(over(old, new)))
    }
}

/// `new` over `old`, mappings entry by entry.
fn over(old: Json, new: Json) -> Json {
    match (old, new) {
        (Json::Object(mut old), Json::Object(new)) => {
            for (key, value) in new {
                let before = old.remove(&key).unwrap_or_default();
                old.insert(key, over(before, value));
            }
            Json::Object(old)
        }
        (_, new) => new,
    }
}

impl Choice {
    fn of(args: &Args) -> Result<Self, Stop> {
        let words = |name: &str| match args.get(name) {
            Some(Json::Array(items)) => items
                .iter()
                .filter_map(Json::as_str)
                .map(ToOwned::to_owned)
                .collect(),
            Some(Json::String(text)) => text.split([',', ' ']).map(ToOwned::to_owned).collect(),
            _ => Vec::new(),
        };
        let regex = |text: &str| {
            Regex::new(text)
                .map_err(|error| Stop::msg(format!("`{text}` is no regular expression: {error}")))
        };
        let matching = args.get("files_matching").and_then(Json::as_str);
        let mut endings: Vec<String> = words("extensions");
        if endings.is_empty() {
            endings = ["yaml", "yml", "json"].map(str::to_owned).to_vec();
        }
        Ok(Self {
            depth: args
                .get("depth")
                .and_then(|depth| match depth {
                    Json::String(text) => text.parse().ok(),
                    other => other.as_u64(),
                })
                .and_then(|depth| usize::try_from(depth).ok())
                .unwrap_or(0),
            matching: matching.map(regex).transpose()?,
            ignored: words("ignore_files")
                .iter()
                .map(|text| regex(&format!("{text}$")))
                .collect::<Result<_, _>>()?,
            endings,
            passes: args
                .get("ignore_unknown_extensions")
                .and_then(super::conditions::truth)
                .unwrap_or_default(),
        })
    }

    /// The files of a folder and of those below it, in the order of their names.
    fn walk(
        &self,
        files: &dyn Files,
        (folder, level): (&Path, usize),
        found: &mut Vec<PathBuf>,
    ) -> Result<(), Stop> {
        if self.depth != 0 && level > self.depth {
            return Ok(());
        }
        let names = files
            .list(folder)
            .map_err(|error| Stop::msg(error.to_string()))?;
        let is_folder =
            |name: &&String| files.kind(&folder.join(name)) == Some(FileKind::Directory);
        for name in names.iter().filter(|name| !is_folder(name)) {
            let says = |regex: &Regex| regex.is_match(name).unwrap_or_default();
            if self.matching.as_ref().is_some_and(|regex| !says(regex))
                || self.ignored.iter().any(says)
            {
                continue;
            }
            let known = Path::new(name)
                .extension()
                .is_some_and(|end| self.endings.iter().any(|one| end == one.as_str()));
            match (known, self.passes) {
                (true, _) => found.push(folder.join(name)),
                (false, true) => {}
                (false, false) => {
                    return Err(Stop::msg(format!(
                        "{} does not have a valid extension: {}",
                        folder.join(name).display(),
                        self.endings.join(", ")
                    )));
                }
            }
        }
        for name in names.iter().filter(is_folder) {
            self.walk(files, (&folder.join(name), level + 1), found)?;
        }
        Ok(())
    }
}
