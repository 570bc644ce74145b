//! The variables and hosts of the installer that this one takes the place of (the Ansible playbooks
//! of Nautes, v0.3.8), turned into an inventory of ours: each setting says where it comes from, what
//! is left out says why, and nothing secret is written in clear. Pure: text in, text out.

mod gitlab;
mod hosts;
mod meaning;
mod read;
mod table;
mod take;
mod text;

use std::path::Path;

use self::take::Taking;
use super::Inventory;
use crate::diagnostic::Diagnostics;
use crate::input::{Node, Span};
use crate::secret::vault::VaultPassword;

/// What is turned into an inventory of ours.
pub struct Given<'a> {
    /// Its variables (`vars.yaml`): a mapping.
    pub variables: &'a Node,
    /// Its hosts.
    pub inventory: &'a Inventory,
    /// Where relative paths in the variables start, absolute.
    pub directory: &'a Path,
    /// What secrets are sealed with; without it they are left out, and named.
    pub seal: Option<&'a VaultPassword>,
}

/// A variable that became a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its name.
    pub variable: String,
    /// Where it stands.
    pub place: Option<Span>,
    /// What it became: `nautes.components.pki.domain`.
    pub setting: String,
}

/// A variable that has no meaning here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Its name.
    pub variable: String,
    /// Where it stands.
    pub place: Option<Span>,
    /// Why, in a few words.
    pub why: String,
}

/// The result.
#[derive(Debug)]
pub struct Imported {
    /// An inventory, with comments.
    pub text: String,
    /// What became of variables.
    pub taken: Vec<Taken>,
    /// What was left out.
    pub dropped: Vec<Dropped>,
    /// Variables that the old installer does not have: their values are left where they are.
    pub unknown: Vec<(String, Span)>,
    /// What a person has to do before the first run.
    pub to_do: Vec<String>,
}

/// The file that names the hosts, where the variables say it.
pub fn inventory_file(variables: &Node) -> Option<&str> {
    let text = variables.get("ansible_inventory_file")?.as_str()?.trim();
    Some(text).filter(|text| !text.is_empty() && !text.contains('\n'))
}

/// Turns them into an inventory of ours.
///
/// # Errors
/// Every value that cannot be taken over, with its place.
pub fn import(given: &Given<'_>) -> Result<Imported, Diagnostics> {
    let mut taking = Taking::new(given);
    taking.variables();
    taking.hosts();
    taking.finish()
}

#[cfg(test)]
mod tests;
