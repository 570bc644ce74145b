//! Programs that print an inventory as JSON when called with `--list`.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexSet;

use super::build::Builder;
use super::open::Opener;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Json, Kind, Node, Source, Span};

/// Runs the program and reads what it prints. `false`: the file is executable by accident (no
/// program at all) and should be read as text.
pub(super) fn read(
    opener: Opener<'_>,
    path: &Path,
    into: &mut Builder,
) -> Result<bool, Diagnostics> {
    let program = opener
        .world
        .files
        .read(path)
        .is_ok_and(|bytes| bytes.starts_with(b"#!") || bytes.starts_with(b"\x7fELF"));
    if !program {
        return Ok(false);
    }
    let listing = listing(opener, path, &["--list"]).map_err(|error| vec![error])?;
    let mut output = Output {
        opener,
        path,
        into,
        source: Source::new(format!("output of {} --list", opener.shown(path)), ""),
        hosts: IndexSet::new(),
    };
    output.read(&listing)?;
    Ok(true)
}

fn listing(opener: Opener<'_>, path: &Path, args: &[&str]) -> Result<Json, Diagnostic> {
    let error = |why: String| {
        let what = format!("the inventory program `{}` failed", opener.shown(path));
        Diagnostic::error("inventory/program", what).why(why)
    };
    let call = args.join(" ");
    let printed = opener
        .world
        .processes
        .run(path, args, None)
        .map_err(|reason| error(format!("`{call}`: {reason}")).help("run it by hand to see why"))?;
    if printed.iter().all(u8::is_ascii_whitespace) && args[0] == "--host" {
        return Ok(Json::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(&printed).map_err(|reason| {
        error(format!("what it prints for `{call}` is not JSON: {reason}"))
            .help("it must print one JSON object, and nothing else, on stdout")
    })
}

struct Output<'a> {
    opener: Opener<'a>,
    path: &'a Path,
    into: &'a mut Builder,
    source: Arc<Source>,
    hosts: IndexSet<String>,
}

impl Output<'_> {
    fn read(&mut self, listing: &Json) -> Result<(), Diagnostics> {
        let Json::Object(groups) = listing else {
            return Err(vec![self.wrong("the whole output", listing, "an object")]);
        };
        let one = |error| vec![error];
        for (name, data) in groups.iter().filter(|(name, _)| *name != "_meta") {
            self.group(name, data)?;
        }
        let known = match groups.get("_meta") {
            None => None,
            Some(meta) => match meta.get("hostvars") {
                Some(Json::Object(vars)) => Some(vars),
                other => {
                    let found = other.unwrap_or(&Json::Null);
                    return Err(one(self.wrong("_meta.hostvars", found, "an object")));
                }
            },
        };
        for host in self.hosts.clone() {
            let asked;
            let vars = if let Some(vars) = known {
                vars.get(&host)
            } else {
                asked = listing_of(self.opener, self.path, &host).map_err(one)?;
                Some(&asked)
            };
            match vars {
                None => {}
                Some(Json::Object(vars)) => self.vars(&host, vars)?,
                Some(other) => {
                    return Err(one(self.wrong(
                        &format!("_meta.hostvars.{host}"),
                        other,
                        "an object",
                    )));
                }
            }
        }
        Ok(())
    }

    fn group(&mut self, name: &str, data: &Json) -> Result<(), Diagnostics> {
        let place = self.place();
        let one = |error| vec![error];
        self.into.add_group(name, &place).map_err(one)?;
        let parts = ["hosts", "vars", "children"];
        let (hosts, vars, children) = match data {
            Json::Object(data) if parts.iter().any(|part| data.contains_key(*part)) => {
                let [hosts, vars, children] = parts.map(|part| data.get(part).cloned());
                (hosts, vars, children)
            }
            // Two old forms: variables of a host named like the group (whose strings Ansible does
            // not trust as templates), and a bare list of hosts.
            Json::Object(entries) => {
                let vars = entries
                    .iter()
                    .map(|(key, value)| (key.clone(), untrusted(value)))
                    .collect::<serde_json::Map<_, _>>();
                (Some(Json::from(vec![name])), Some(vars.into()), None)
            }
            hosts => (Some(hosts.clone()), None, None),
        };
        if let Some(hosts) = hosts {
            let names = self.names(&format!("{name}.hosts"), &hosts).map_err(one)?;
            for host in names {
                self.into.add_host(&host, Some(name), None);
                self.hosts.insert(host);
            }
        }
        match vars {
            None => {}
            Some(Json::Object(vars)) => self.vars(name, &vars)?,
            Some(other) => {
                return Err(one(self.wrong(
                    &format!("{name}.vars"),
                    &other,
                    "an object",
                )));
            }
        }
        if let Some(children) = children {
            let names = self.names(&format!("{name}.children"), &children);
            for child in names.map_err(one)? {
                self.into.add_group(&child, &place).map_err(one)?;
                self.into.add_child(name, &child, &place).map_err(one)?;
            }
        }
        Ok(())
    }

    fn names(&self, what: &str, list: &Json) -> Result<Vec<String>, Diagnostic> {
        let wrong = |found: &Json| self.wrong(what, found, "a list of names");
        let items = list.as_array().ok_or_else(|| wrong(list))?;
        let name = |item: &Json| item.as_str().map(str::to_owned).ok_or_else(|| wrong(item));
        items.iter().map(name).collect()
    }

    fn vars(
        &mut self,
        entity: &str,
        vars: &serde_json::Map<String, Json>,
    ) -> Result<(), Diagnostics> {
        for (name, value) in vars {
            let node = self.opener.unseal(self.node(name, value))?;
            let set = self.into.set_written(entity, name, node);
            set.map_err(|error| vec![error])?;
        }
        Ok(())
    }

    fn place(&self) -> Span {
        super::open::start(&self.source)
    }

    /// A value that was printed, as a tree: strings in it may be templates, as in Ansible.
    fn node(&self, name: &str, value: &Json) -> Node {
        let tagged = |tag: &str, text: &str| {
            // A source of its own, so that the sealed text can be found again.
            let source = Source::new(format!("{}: {name}", self.source.name), text);
            let span = Span {
                start: 0,
                end: text.len(),
                source,
            };
            Node {
                tag: Some(tag.to_owned()),
                ..Node::new(span, Kind::Str(text.to_owned()))
            }
        };
        let kind = match value {
            Json::Null => Kind::Null,
            Json::Bool(value) => Kind::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(value) => Kind::Int(value),
                None => Kind::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Kind::Str(text.clone()),
            Json::Array(items) => Kind::Seq(items.iter().map(|i| self.node(name, i)).collect()),
            Json::Object(entries) => {
                let only = |key| match entries.get(key) {
                    Some(Json::String(text)) if entries.len() == 1 => Some(text),
                    _ => None,
                };
                if let Some(text) = only("__ansible_vault") {
                    return tagged("!vault", text);
                }
                if let Some(text) = only("__ansible_unsafe") {
                    return tagged("!unsafe", text);
                }
                let pair = |(key, value): (&String, &Json)| {
                    let key_node = Node::new(self.place(), Kind::Str(key.clone()));
                    (key_node, self.node(name, value))
                };
                Kind::Map(entries.iter().map(pair).collect())
            }
        };
        Node::new(self.place(), kind)
    }

    fn wrong(&self, what: &str, found: &Json, wanted: &str) -> Diagnostic {
        let is = match found {
            Json::Null => "missing or null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "a list",
            Json::Object(_) => "an object",
        };
        let program = self.opener.shown(self.path);
        Diagnostic::error(
            "inventory/program",
            format!("the inventory program `{program}` printed something else than an inventory"),
        )
        .why(format!("{what} is {is}, not {wanted}"))
        .help("it must print {\"GROUP\": {\"hosts\": […]}, \"_meta\": {\"hostvars\": {…}}}")
    }
}

/// The value with every string marked as no template.
fn untrusted(value: &Json) -> Json {
    match value {
        Json::String(text) => serde_json::json!({ "__ansible_unsafe": text }),
        Json::Array(items) => items.iter().map(untrusted).collect(),
        Json::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), untrusted(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn listing_of(opener: Opener<'_>, path: &Path, host: &str) -> Result<Json, Diagnostic> {
    listing(opener, path, &["--host", host])
}
