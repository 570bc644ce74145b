//! Installing and removing: files, units and dpkg's table change together, and are on the disk
//! when the command ends, as dpkg's are.

use std::cmp::Ordering;
use std::time::Duration;

use super::super::host::Host;
use super::super::tree::{Errno, Time, parent_and_name};
use super::super::units::Wanted;
use super::{Archive, Installed, Offer};

/// What an `apt-get install` would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Packages with the version to install, dependencies first, and whether they were asked for.
    pub install: Vec<(Offer, Asked)>,
}

/// Why a package is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// By name.
    Yes,
    /// As a dependency.
    No,
}

impl Plan {
    /// How long dpkg takes.
    pub fn duration(&self) -> Duration {
        self.install
            .iter()
            .map(|(offer, _)| Duration::from_secs_f64(offer.seconds.unwrap_or(2.0).max(0.0)))
            .sum()
    }
}

impl Host {
    /// Works out what has to be installed for these names (`name`, `name=version`).
    ///
    /// # Errors
    /// apt's own words.
    pub fn plan_install(&self, names: &[String], archive: &Archive) -> Result<Plan, String> {
        let mut plan = Plan::default();
        for wanted in names {
            let (name, version) = match wanted.split_once('=') {
                Some((name, version)) => (name, Some(version)),
                None => (wanted.as_str(), None),
            };
            self.add(
                name.split(':').next().unwrap_or(name),
                version,
                archive,
                &mut plan,
            )?;
        }
        Ok(plan)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is used, and no two belong together"
    )]
    fn add(
        &self,
        name: &str,
        version: Option<&str>,
        archive: &Archive,
        plan: &mut Plan,
    ) -> Result<(), String> {
        if plan.install.iter().any(|(offer, _)| offer.name == name) {
            return Ok(());
        }
        let installed = self.packages.get(name);
        let offer = archive.get(name).filter(|offer| self.lists_name(offer));
        let Some(offer) = offer else {
            return match installed {
                Some(have) if version.is_none_or(|v| v == have.version) => Ok(()),
                _ => Err(format!("E: Unable to locate package {name}")),
            };
        };
        let version = match version {
            Some(wanted) => std::iter::once(&offer.version)
                .chain(&offer.older)
                .find(|known| matches(known, wanted))
                .ok_or_else(|| format!("E: Version '{wanted}' for '{name}' was not found"))?,
            None => &offer.version,
        };
        if installed.is_some_and(|have| !compare(version, &have.version).is_gt()) {
            return Ok(());
        }
        for dependency in &offer.depends {
            if self.packages.get(dependency).is_none() {
                self.add(dependency, None, archive, plan).map_err(|_| {
                    format!(
                        "The following packages have unmet dependencies:\n {name} : Depends: {dependency} \
                         but it is not installable\nE: Unable to correct problems, you have held broken packages."
                    )
                })?;
                if let Some(last) = plan.install.last_mut() {
                    last.1 = Asked::No;
                }
            }
        }
        let offer = Offer {
            version: version.clone(),
            ..offer.clone()
        };
        plan.install.push((offer, Asked::Yes));
        Ok(())
    }

    /// Unpacks and configures one package.
    pub fn unpack(&mut self, offer: &Offer, asked: Asked, now: Time) -> Result<Vec<String>, Errno> {
        for path in &offer.programs {
            self.put(path, "", now)?;
            super::super::seed::program(&mut self.tree, path)?;
        }
        for (path, value) in &offer.files {
            // A configuration file that the user changed stays (`--force-confold`).
            if !(path.starts_with("/etc/") && self.tree.exists(path)) {
                self.put_described(path, value, now)?;
            }
        }
        for (name, text) in &offer.units {
            self.put(&format!("/usr/lib/systemd/system/{name}"), text, now)?;
        }
        let held = self.packages.get(&offer.name).is_some_and(|p| p.held);
        self.packages.change().insert(
            offer.name.clone(),
            Installed {
                version: offer.version.clone(),
                held,
                auto: asked == Asked::No,
                removed: false,
            },
        );
        let units = offer.units.keys().cloned().collect();
        let list = offer.programs.iter().chain(offer.files.keys());
        let list: String = list.map(|path| format!("{path}\n")).collect();
        self.put(
            &format!("/var/lib/dpkg/info/{}.list", offer.name),
            &list,
            now,
        )?;
        Ok(units)
    }

    /// Removes one package; with `purge` its configuration too.
    pub fn remove_package(&mut self, name: &str, purge: Purge, now: Time) -> Result<(), Errno> {
        let list = self.tree.text(&format!("/var/lib/dpkg/info/{name}.list"));
        for path in list.lines() {
            let keep = path.starts_with("/etc/") && purge == Purge::No;
            if !keep && self.tree.exists(path) {
                self.root(now).remove_one(path)?;
                let (parent, _) = parent_and_name(path);
                // dpkg removes directories that got empty.
                if parent.matches('/').count() > 1 {
                    let _ = self.root(now).remove_one(parent);
                }
            }
        }
        let table = self.packages.change();
        match (purge, table.get_mut(name)) {
            (Purge::No, Some(entry)) => entry.removed = true,
            _ => {
                table.remove(name);
            }
        }
        Ok(())
    }

    /// Stops the units of a package and forgets their files, before it is removed.
    pub fn remove_units(&mut self, units: &[String], now: Time) -> Result<(), Errno> {
        for name in units {
            self.units.forget(name);
            self.set_wanted(name, Wanted::No, now)?;
            let path = format!("/usr/lib/systemd/system/{name}");
            if self.tree.exists(&path) {
                self.root(now).remove_one(&path)?;
            }
        }
        Ok(())
    }
}

/// Whether configuration goes too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purge {
    /// It goes.
    Yes,
    /// It stays.
    No,
}

fn matches(known: &str, wanted: &str) -> bool {
    wanted
        .strip_suffix('*')
        .map_or(known == wanted, |head| known.starts_with(head))
}

/// Compares two versions as dpkg does (epoch, then digits and letters in turn, `~` first).
pub fn compare(a: &str, b: &str) -> Ordering {
    fn epoch(text: &str) -> (u64, &str) {
        text.split_once(':')
            .and_then(|(epoch, rest)| Some((epoch.parse().ok()?, rest)))
            .unwrap_or((0, text))
    }
    let ((ea, ra), (eb, rb)) = (epoch(a), epoch(b));
    ea.cmp(&eb).then_with(|| part(ra, rb))
}

fn part(mut a: &str, mut b: &str) -> Ordering {
    let weight = |c: char| match c {
        '~' => -1,
        c if c.is_ascii_alphabetic() => c as i32,
        c => c as i32 + 256,
    };
    while !a.is_empty() || !b.is_empty() {
        let digits = |t: &str| t.find(|c: char| c.is_ascii_digit()).unwrap_or(t.len());
        let (ta, rest_a) = a.split_at(digits(a));
        let (tb, rest_b) = b.split_at(digits(b));
        for at in 0..ta.len().max(tb.len()) {
            let get = |t: &str| t.chars().nth(at).map_or(0, weight);
            match get(ta).cmp(&get(tb)) {
                Ordering::Equal => {}
                other => return other,
            }
        }
        let end = |t: &str| t.find(|c: char| !c.is_ascii_digit()).unwrap_or(t.len());
        let (na, rest_a) = rest_a.split_at(end(rest_a));
        let (nb, rest_b) = rest_b.split_at(end(rest_b));
        let number = |n: &str| n.parse::<u128>().unwrap_or(0);
        match number(na).cmp(&number(nb)) {
            Ordering::Equal => (a, b) = (rest_a, rest_b),
            other => return other,
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_dpkg_does() {
        for (a, b) in [
            ("1.0~rc1", "1.0"),
            ("1.9", "1.10"),
            ("7.88.1-10+deb12u9", "7.88.1-10+deb12u15"),
            ("9.0", "1:1.0"),
            ("1.0", "1.0a"),
        ] {
            assert_eq!(compare(a, b), Ordering::Less, "{a} < {b}");
            assert_eq!(compare(b, a), Ordering::Greater, "{b} > {a}");
        }
        assert_eq!(compare("1.0-1", "1.0-1"), Ordering::Equal);
    }
}
