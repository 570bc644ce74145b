//! A tree with a remark on each entry, as YAML for people.

use serde_json::json;

use crate::input::{Json, emit};

/// Columns per level.
const STEP: usize = 2;
/// A line with a remark behind its value is no longer than this; else the remark stands above.
const WIDTH: usize = 110;

/// What stands behind a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Further entries; none is a key with nothing behind it.
    Branch(Vec<Entry>),
    /// A value.
    Plain(Json),
    /// The text of a vault.
    Sealed(String),
}

/// A key with what stands behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    key: String,
    remark: String,
    item: Item,
}

/// Entries in the order in which they were set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree(Vec<Entry>);

impl Tree {
    /// Sets what stands at a path; what stood there goes.
    pub fn set(&mut self, path: &[&str], item: Item, remark: &str) {
        let entry = entry(&mut self.0, path);
        if let Some(entry) = entry {
            entry.item = item;
            remark.clone_into(&mut entry.remark);
        }
    }

    /// As YAML.
    pub fn write(&self) -> String {
        let mut out = String::new();
        write(&self.0, 0, &mut out);
        out
    }
}

/// The entry at a path, made if it is not there.
fn entry<'a>(entries: &'a mut Vec<Entry>, path: &[&str]) -> Option<&'a mut Entry> {
    let (key, rest) = path.split_first()?;
    let at = entries.iter().position(|entry| entry.key == *key);
    let at = at.unwrap_or_else(|| {
        entries.push(Entry {
            key: (*key).to_owned(),
            remark: String::new(),
            item: Item::Branch(Vec::new()),
        });
        entries.len() - 1
    });
    let found = entries.get_mut(at)?;
    if rest.is_empty() {
        return Some(found);
    }
    if !matches!(found.item, Item::Branch(_)) {
        found.item = Item::Branch(Vec::new());
    }
    match &mut found.item {
        Item::Branch(below) => entry(below, rest),
        _ => None,
    }
}

fn write(entries: &[Entry], indent: usize, out: &mut String) {
    for entry in entries {
        let text = match &entry.item {
            Item::Plain(value) => emit(&json!({ entry.key.as_str(): value })),
            Item::Branch(_) => format!("{}\n", head(&entry.key)),
            Item::Sealed(text) => sealed(&head(&entry.key), text),
        };
        let first = text.lines().next().unwrap_or_default();
        let fits = indent + first.chars().count() + entry.remark.chars().count() + 4 <= WIDTH;
        let beside = fits && (text.lines().count() == 1);
        if !entry.remark.is_empty() && !beside {
            out.push_str(&format!("{:indent$}# {}\n", "", entry.remark));
        }
        for line in text.lines() {
            if line.is_empty() {
                out.push('\n');
            } else {
                out.push_str(&format!("{:indent$}{line}", ""));
                if !entry.remark.is_empty() && beside {
                    out.push_str(&format!("  # {}", entry.remark));
                }
                out.push('\n');
            }
        }
        if let Item::Branch(below) = &entry.item {
            write(below, indent + STEP, out);
        }
    }
}

/// A key with its colon, in quotes where it needs them.
fn head(key: &str) -> String {
    let line = emit(&json!({ key: null }));
    let line = line.trim_end();
    line.strip_suffix(" null").unwrap_or(line).to_owned()
}

/// A vault as Ansible writes it behind a key.
fn sealed(head: &str, text: &str) -> String {
    let mut out = format!("{head} !vault |\n");
    for line in text.lines() {
        out.push_str(&format!("{:STEP$}{line}\n", ""));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_stand_beside_what_is_short_and_above_the_rest() {
        let mut tree = Tree::default();
        tree.set(&["all", "vars", "name"], Item::Plain(json!("yes")), "why");
        tree.set(
            &["all", "vars", "list"],
            Item::Plain(json!(["a"])),
            "a list",
        );
        let vault = "$ANSIBLE_VAULT;1.1;AES256\n3132".to_owned();
        tree.set(&["all", "vars", "token"], Item::Sealed(vault), "sealed");
        tree.set(&["all", "hosts", "a1"], Item::Branch(Vec::new()), "");
        let text = "\
all:
  vars:
    name: 'yes'  # why
    # a list
    list:
      - a
    # sealed
    token: !vault |
      $ANSIBLE_VAULT;1.1;AES256
      3132
  hosts:
    a1:
";
        assert_eq!(tree.write(), text);
    }
}
