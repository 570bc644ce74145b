//! Pattern and inventory to hosts, in the order Ansible would meet them.

use indexmap::IndexSet;

use super::{Names, Part, Pattern, Sign, Subscript};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::inventory::{Host, Inventory};

/// The hosts a pattern means.
#[derive(Clone, Debug)]
pub struct Selection<'a> {
    /// In order.
    pub hosts: Vec<&'a Host>,
    /// Parts that mean no group and no host.
    pub warnings: Diagnostics,
}

impl Inventory {
    /// The hosts of a pattern that are also in the limit. A part of the pattern that nothing
    /// matches is a warning, as in Ansible; one of the limit is an error, because a mistyped limit
    /// would touch too much or nothing.
    pub fn select(
        &self,
        pattern: &Pattern,
        limit: Option<&Pattern>,
    ) -> Result<Selection<'_>, Diagnostic> {
        let mut warnings = Vec::new();
        let mut names = self.evaluate(pattern, &mut warnings)?;
        if let Some(limit) = limit {
            let mut unknown = Vec::new();
            let within = self.evaluate(limit, &mut unknown)?;
            if let Some(mut first) = unknown.into_iter().next() {
                first.severity = crate::diagnostic::Severity::Error;
                first.code = "inventory/unknown-limit";
                return Err(first);
            }
            names.retain(|name| within.contains(name));
        }
        let hosts = names.iter().filter_map(|name| self.host(name)).collect();
        Ok(Selection { hosts, warnings })
    }

    fn evaluate(
        &self,
        pattern: &Pattern,
        warnings: &mut Diagnostics,
    ) -> Result<IndexSet<&str>, Diagnostic> {
        let mut hosts: IndexSet<&str> = IndexSet::new();
        // Only exclusions and intersections: they are applied to everything.
        if pattern.parts.iter().all(|part| part.sign != Sign::Add) && !pattern.parts.is_empty() {
            hosts.extend(self.members("all"));
        }
        for part in &pattern.parts {
            if part.sign == Sign::Add
                && let Some((name, _)) = self.hosts.get_key_value(&part.text)
            {
                hosts.insert(name);
                continue;
            }
            let found = self.matching(part, warnings)?;
            match part.sign {
                Sign::Add => hosts.extend(found),
                Sign::Keep => hosts.retain(|host| found.contains(host)),
                Sign::Drop => hosts.retain(|host| !found.contains(host)),
            }
        }
        Ok(hosts)
    }

    fn matching(
        &self,
        part: &Part,
        warnings: &mut Diagnostics,
    ) -> Result<IndexSet<&str>, Diagnostic> {
        let mut hosts: IndexSet<&str> = IndexSet::new();
        let mut groups = 0;
        for name in self.groups.keys() {
            if part.means(name)? {
                groups += 1;
                hosts.extend(self.members(name));
            }
        }
        let open = match part.names {
            Names::Regex(_) => true,
            Names::Glob(_) => part.name().contains(['.', '?', '*', '[']),
        };
        if groups == 0 || open {
            for name in self.hosts.keys() {
                if part.means(name)? {
                    hosts.insert(name);
                }
            }
        }
        if hosts.is_empty()
            && let Some(host) = self.host(part.name())
        {
            hosts.insert(&host.name);
        }
        if hosts.is_empty() && groups == 0 && part.name() != "all" {
            warnings.push(self.unknown(part));
        }
        part.cut(hosts)
    }

    fn unknown(&self, part: &Part) -> Diagnostic {
        let name = part.name();
        let what = format!("`{name}` is no group and no host of the inventory");
        let warning = Diagnostic::warning("inventory/unknown-pattern", what).at(&part.place);
        let known = self.groups.keys().chain(self.hosts.keys());
        match nearest(name, known.map(String::as_str)) {
            Some(near) => warning.help(format!("write `{near}`")),
            None => warning.help("`nautes-install inventory graph` shows what there is"),
        }
    }
}

impl Part {
    /// The part without its subscript.
    fn name(&self) -> &str {
        match (&self.subscript, self.text.rfind('[')) {
            (Some(_), Some(end)) => &self.text[..end],
            _ => &self.text,
        }
    }

    fn means(&self, name: &str) -> Result<bool, Diagnostic> {
        match &self.names {
            Names::Glob(glob) => Ok(glob.matches(name)),
            Names::Regex(regex) => regex.is_match(name).map_err(|error| {
                Diagnostic::error(
                    "inventory/pattern",
                    format!("`{}` takes too long", self.text),
                )
                .at(&self.place)
                .why(error.to_string())
                .help("write a simpler expression")
            }),
        }
    }

    fn cut<'a>(&self, hosts: IndexSet<&'a str>) -> Result<IndexSet<&'a str>, Diagnostic> {
        let Some(subscript) = self.subscript.filter(|_| !hosts.is_empty()) else {
            return Ok(hosts);
        };
        let count = hosts.len();
        match subscript {
            Subscript::Some(from, to) => {
                let end = to.map_or(count, |to| to.saturating_add(1)).min(count);
                Ok(hosts.into_iter().take(end).skip(from).collect())
            }
            Subscript::One(index) => {
                let signed = i64::try_from(count).unwrap_or(i64::MAX);
                let at = if index < 0 { signed + index } else { index };
                let host = usize::try_from(at).ok().and_then(|at| hosts.get_index(at));
                host.map(|host| IndexSet::from([*host])).ok_or_else(|| {
                    let what = format!("`{}` has no host number {index}", self.name());
                    Diagnostic::error("inventory/pattern", what)
                        .at(&self.place)
                        .why(format!("it has {count}, counted from 0"))
                })
            }
        }
    }
}
