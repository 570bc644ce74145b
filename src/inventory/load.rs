//! The one way in: sources, files and command line become an [`Inventory`].

use std::path::PathBuf;

use super::build::Builder;
use super::merge::{Merge, Places};
use super::open::Opener;
use super::vars_files::VarsFiles;
use super::{Inventory, connection_vars, extra, source};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{FileKind, Files, Processes};
use crate::secret::Redactor;
use crate::secret::vault::VaultPassword;

/// What the command line says about the inventory.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where relative paths begin: the directory the program was started in, absolute.
    pub directory: PathBuf,
    /// Each `-i`, in order: a file, a directory, a program or `a,b,`.
    pub sources: Vec<String>,
    /// The directory of the playbook, whose `group_vars/` and `host_vars/` count too.
    pub playbook: Option<PathBuf>,
    /// Each `-e`: `k=v …`, `@FILE` or `{…}`.
    pub extra: Vec<String>,
    /// Each `--set`: `path.to.leaf=value`.
    pub set: Vec<String>,
    /// The vault passwords.
    pub vault: Vec<VaultPassword>,
    /// What to do with `!vault` values when there is no password.
    pub sealed: Sealed,
}

/// What becomes of `!vault` values when no password was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sealed {
    /// An error: the job needs them.
    #[default]
    Refuse,
    /// They stay sealed: listing an inventory needs no password, as in Ansible.
    Keep,
}

/// What loading may reach for.
pub struct World<'a> {
    /// The controller's files.
    pub files: &'a dyn Files,
    /// The controller's programs, for executable inventories.
    pub processes: &'a dyn Processes,
    /// Learns every decrypted value.
    pub redactor: &'a Redactor,
}

/// Reads everything, merged by Ansible's rules. All mistakes found are returned together.
pub fn load(options: &Options, world: &World<'_>) -> Result<Inventory, Diagnostics> {
    let opener = Opener { options, world };
    let built = build(opener)?;
    let places = places(opener);
    let mut files = VarsFiles::new(opener);
    let mut merge = Merge::new(&built, &mut files, &places);
    let hosts = built
        .hosts
        .keys()
        .map(|name| (name.clone(), merge.host(name)));
    let hosts = hosts.collect();
    let groups = built
        .groups
        .keys()
        .map(|name| (name.clone(), merge.group(name)));
    let groups = groups.collect();
    let localhost = merge.localhost();
    let first = options
        .sources
        .first()
        .map(|written| opener.absolute(written));
    let mut inventory = Inventory {
        hosts,
        groups,
        directory: places.inventory.first().map(|p| p.display().to_string()),
        file: first.map(|path| path.display().to_string()),
        localhost,
        warnings: built.warnings.clone(),
        ..Inventory::default()
    };
    let mut errors = std::mem::take(&mut files.errors);
    inventory.warnings.append(&mut files.warnings);
    let misspelt = connection_vars::misspelt(&inventory);
    inventory.warnings.extend(misspelt);
    match extra::read(opener) {
        Ok(vars) => inventory.extra = vars,
        Err(more) => errors.extend(more),
    }
    if errors.is_empty() {
        errors.extend(extra::set(options, &mut inventory));
    }
    if errors.is_empty() {
        Ok(inventory)
    } else {
        Err(errors)
    }
}

fn build(opener: Opener<'_>) -> Result<Builder, Diagnostics> {
    let mut built = Builder::new();
    let mut errors = Vec::new();
    for written in &opener.options.sources {
        if let Err(more) = source::read(opener, written, &mut built) {
            errors.extend(more);
        }
    }
    let settled = if errors.is_empty() {
        built.reconcile()
    } else {
        Ok(())
    };
    errors.extend(settled.err());
    if built.hosts.len() > super::MOST_HOSTS {
        let what = format!("the inventory has {} hosts", built.hosts.len());
        let most = format!("the most is {}", super::MOST_HOSTS);
        errors.push(Diagnostic::error("inventory/too-many-hosts", what).why(most));
    }
    if errors.is_empty() {
        Ok(built)
    } else {
        Err(errors)
    }
}

/// The directories beside the sources, links resolved as Ansible does.
fn places(opener: Opener<'_>) -> Places {
    let files = opener.world.files;
    let real = |path: PathBuf| files.real_path(&path).unwrap_or(path);
    let beside = |written: &String| {
        let path = opener.absolute(written);
        match files.kind(&path) {
            Some(FileKind::Directory) => Some(real(path)),
            Some(_) => path.parent().map(|parent| real(parent.to_owned())),
            None => None,
        }
    };
    let playbook = opener.options.playbook.clone();
    Places {
        inventory: opener.options.sources.iter().filter_map(beside).collect(),
        playbook: playbook.map(|path| real(opener.options.directory.join(path))),
    }
}
