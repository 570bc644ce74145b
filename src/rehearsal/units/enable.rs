//! Enabling, disabling and masking: real links in the tree, as systemctl makes them.

use super::super::host::Host;
use super::super::tree::{Body, Caller, Errno, Follow, Time};
use super::{Found, UnitFile, full_name};

const SYSTEM: &str = "/etc/systemd/system";

/// Whether a unit is to be started at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// `enable`.
    Yes,
    /// `disable`.
    No,
}

impl Host {
    /// Makes or removes the links of `[Install]`; gives systemctl's lines about them.
    pub fn set_wanted(
        &mut self,
        name: &str,
        wanted: Wanted,
        now: Time,
    ) -> Result<Vec<String>, Errno> {
        let name = full_name(name);
        if wanted == Wanted::No {
            return self.remove_links(&name, now);
        }
        let Found::File(file) = self.find_unit(&name) else {
            return Ok(Vec::new());
        };
        let mut said = Vec::new();
        for (link, target) in links(&file) {
            if self.tree.find(&Caller::root(), &link, Follow::No).is_ok() {
                continue;
            }
            let (parent, _) = super::super::tree::parent_and_name(&link);
            let mut access = self.root(now);
            access.make_directories(parent)?;
            access.symlink(&target, &link)?;
            said.push(format!("Created symlink {link} \u{2192} {target}."));
        }
        for also in file.words("Install", "Also") {
            if also != name {
                said.extend(self.set_wanted(&also, wanted, now)?);
            }
        }
        Ok(said)
    }

    /// Links the name to `/dev/null`, or removes that link.
    pub fn set_masked(
        &mut self,
        name: &str,
        masked: Wanted,
        now: Time,
    ) -> Result<Vec<String>, Errno> {
        let path = format!("{SYSTEM}/{}", full_name(name));
        let is_masked = matches!(
            self.tree.find(&Caller::root(), &path, Follow::No),
            Ok((_, node)) if node.body == Body::Link("/dev/null".to_owned())
        );
        let mut access = self.root(now);
        match (masked, is_masked) {
            (Wanted::Yes, false) => {
                access.symlink("/dev/null", &path)?;
                Ok(vec![format!("Created symlink {path} \u{2192} /dev/null.")])
            }
            (Wanted::No, true) => {
                access.remove_one(&path)?;
                Ok(vec![format!("Removed \"{path}\".")])
            }
            _ => Ok(Vec::new()),
        }
    }

    /// `UnitFileState`.
    pub fn unit_file_state(&self, name: &str) -> &'static str {
        match self.find_unit(name) {
            Found::Nothing => "",
            Found::Masked(_) => "masked",
            Found::File(file) if !self.links_to(&file.name).is_empty() => "enabled",
            Found::File(file) if file.name != full_name(name) => "alias",
            Found::File(file) if file.installs() => "disabled",
            Found::File(_) => "static",
        }
    }

    /// The units that are to be started at boot.
    pub fn wanted_at_boot(&self) -> Vec<String> {
        let root = Caller::root();
        let mut names = Vec::new();
        for target in [
            "sysinit",
            "basic",
            "sockets",
            "timers",
            "multi-user",
            "default",
        ] {
            for kind in ["wants", "requires"] {
                let directory = format!("{SYSTEM}/{target}.target.{kind}");
                names.extend(self.tree.names(&root, &directory).unwrap_or_default());
            }
        }
        names
    }

    fn links_to(&self, name: &str) -> Vec<String> {
        let root = Caller::root();
        let mut found = Vec::new();
        for directory in self.tree.names(&root, SYSTEM).unwrap_or_default() {
            if directory.ends_with(".wants") || directory.ends_with(".requires") {
                let path = format!("{SYSTEM}/{directory}/{name}");
                if self.tree.find(&root, &path, Follow::No).is_ok() {
                    found.push(path);
                }
            }
        }
        found
    }

    fn remove_links(&mut self, name: &str, now: Time) -> Result<Vec<String>, Errno> {
        let mut found = self.links_to(name);
        let root = Caller::root();
        if let Found::File(file) = self.find_unit(name) {
            for alias in file.words("Install", "Alias") {
                let path = format!("{SYSTEM}/{alias}");
                if self.tree.find(&root, &path, Follow::No).is_ok() {
                    found.push(path);
                }
            }
        }
        for path in &found {
            self.root(now).remove_one(path)?;
        }
        Ok(found
            .iter()
            .map(|path| format!("Removed \"{path}\"."))
            .collect())
    }
}

/// The links that `[Install]` asks for, and where they point.
fn links(file: &UnitFile) -> Vec<(String, String)> {
    let of = |key: &str, kind: &str| -> Vec<(String, String)> {
        file.words("Install", key)
            .into_iter()
            .map(|target| {
                (
                    format!("{SYSTEM}/{target}.{kind}/{}", file.name),
                    file.path.clone(),
                )
            })
            .collect()
    };
    let aliases = file
        .words("Install", "Alias")
        .into_iter()
        .map(|alias| (format!("{SYSTEM}/{alias}"), file.path.clone()));
    let mut all = of("WantedBy", "wants");
    all.extend(of("RequiredBy", "requires"));
    all.extend(aliases);
    all
}
