//! Variable by variable: what it becomes, with its reason.

use serde_json::json;

use super::read::{self, is_empty};
use super::table::{Fate, TABLE, fate};
use super::text::{Item, Tree};
use super::{Dropped, Given, Imported, Taken};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Json, Node, Span, Var};
use crate::secret::vault;

/// The old installer under way to an inventory of ours.
pub struct Taking<'a> {
    pub(super) given: &'a Given<'a>,
    pub(super) tree: Tree,
    pub(super) to_do: Vec<String>,
    pub(super) dropped: Vec<Dropped>,
    pub(super) errors: Diagnostics,
    taken: Vec<Taken>,
    unknown: Vec<(String, Span)>,
}

/// A variable as it was found.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value.
    pub node: &'a Node,
}

impl<'a> Taking<'a> {
    /// Nothing taken yet.
    pub fn new(given: &'a Given<'a>) -> Self {
        Self {
            given,
            tree: Tree::default(),
            to_do: Vec::new(),
            dropped: Vec::new(),
            errors: Vec::new(),
            taken: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// A variable of the old installer: in its variables, else among those of all hosts.
    pub fn find(&self, name: &'static str) -> Option<Found<'a>> {
        let given = self.given;
        let own = given.variables.get(name).filter(|node| !is_empty(node));
        let all = given.inventory.groups.get("all");
        let hosts = || match all?.vars.get(name)? {
            Var::Written(node) => Some(node.as_ref()).filter(|node| !is_empty(node)),
            _ => None,
        };
        own.or_else(hosts).map(|node| Found { name, node })
    }

    /// All variables.
    pub fn variables(&mut self) {
        self.tenant();
        for (name, fate) in TABLE {
            if let Some(found) = self.find(name) {
                match fate {
                    Fate::Text(settings) => self.text(found, settings),
                    Fate::Port(settings) => self.port(found, settings),
                    Fate::Pinned(setting) => self.pinned(found, setting),
                    Fate::Dropped(why) => self.drop(found, why),
                    Fate::Own => {}
                }
            }
        }
        self.domain();
        self.kubernetes();
        self.images();
        self.templates();
        self.gitlab();
        self.trust();
        for (key, value) in self.given.variables.as_map().unwrap_or_default() {
            let name = key.key_text();
            if fate(&name).is_none() && !is_empty(value) {
                self.unknown.push((name, key.span.clone()));
            }
        }
    }

    /// The result.
    pub fn finish(mut self) -> Result<Imported, Diagnostics> {
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        self.to_do.push(
            "the keys of the hosts are verified: sign in to each once, so that known_hosts has them"
                .to_owned(),
        );
        Ok(Imported {
            text: self.whole(),
            taken: self.taken,
            dropped: self.dropped,
            unknown: self.unknown,
            to_do: self.to_do,
        })
    }

    /// What the old installer does not know.
    pub fn unknown(&self) -> &[(String, Span)] {
        &self.unknown
    }

    /// Writes a setting below `nautes` and says where it comes from.
    pub fn set(&mut self, found: Found<'_>, setting: &str, value: Json) {
        self.put(found, (setting, Item::Plain(value)));
    }

    /// Writes a secret, sealed; without a password it is left out and named.
    pub fn set_secret(&mut self, found: Found<'_>, setting: &str) {
        let sealed = if read::is_sealed(found.node) {
            found.node.as_str().map(ToOwned::to_owned)
        } else {
            self.sealed(found)
        };
        match sealed {
            Some(text) => self.put(found, (setting, Item::Sealed(text))),
            None => self.leave(found, &format!("nautes.{setting}")),
        }
    }

    /// The text of a vault with this value, if there is a password.
    pub fn sealed(&mut self, found: Found<'_>) -> Option<String> {
        let password = self.given.seal?;
        let text = self.caught(read::text(found.name, found.node))?;
        vault::encrypt(text.as_bytes(), password).ok()
    }

    /// A secret that nobody could seal.
    pub fn leave(&mut self, found: Found<'_>, setting: &str) {
        self.drop(found, "a secret, and there was no password to seal it with");
        self.to_do.push(format!(
            "seal `{}` into `{setting}`: run this again with `--vault-password-file FILE`, or take what `ansible-vault encrypt_string` prints",
            found.name
        ));
    }

    fn put(&mut self, found: Found<'_>, (setting, item): (&str, Item)) {
        let path: Vec<&str> = setting.split('.').collect();
        let whole: Vec<&str> = ["all", "vars", "nautes"].into_iter().chain(path).collect();
        let remark = format!("{}, {}", found.name, place(&found.node.span));
        self.tree.set(&whole, item, &remark);
        self.note(found, format!("nautes.{setting}"));
    }

    /// Says what a variable became.
    pub fn note(&mut self, found: Found<'_>, setting: String) {
        self.taken.push(Taken {
            variable: found.name.to_owned(),
            place: Some(found.node.span.clone()),
            setting,
        });
    }

    /// A setting that the old installer did not have, because it did not ask.
    pub fn assume(&mut self, setting: &str, (value, why): (Json, &str)) {
        let whole: Vec<&str> = ["all", "vars", "nautes"]
            .into_iter()
            .chain(setting.split('.'))
            .collect();
        self.tree.set(&whole, Item::Plain(value), why);
    }

    /// Leaves a variable out.
    pub fn drop(&mut self, found: Found<'_>, why: &str) {
        self.dropped.push(Dropped {
            variable: found.name.to_owned(),
            place: Some(found.node.span.clone()),
            why: why.to_owned(),
        });
    }

    /// A value, or its mistake kept for the end.
    pub fn caught<T>(&mut self, read: Result<Option<T>, Box<Diagnostic>>) -> Option<T> {
        read.unwrap_or_else(|error| {
            self.errors.push(*error);
            None
        })
    }

    fn text(&mut self, found: Found<'_>, settings: &[&str]) {
        let text = self.caught(read::text(found.name, found.node));
        for setting in settings {
            if let Some(text) = &text {
                self.set(found, setting, json!(text));
            }
        }
    }

    fn port(&mut self, found: Found<'_>, settings: &[&str]) {
        let port = self.caught(read::port(found.name, found.node));
        for setting in settings {
            if let Some(port) = port {
                self.set(found, setting, json!(port));
            }
        }
    }

    fn pinned(&mut self, found: Found<'_>, setting: &str) {
        match self.caught(read::text(found.name, found.node)) {
            Some(text) if text == "latest" || text.ends_with(":latest") => {
                self.drop(
                    found,
                    "`latest` is nothing that can be installed twice: the release pins it",
                );
            }
            Some(text) => self.set(found, setting, json!(text)),
            None => {}
        }
    }
}

/// Where something stands, without its column.
pub fn place(span: &Span) -> String {
    format!("{}:{}", span.source.name, span.line_column().0)
}
