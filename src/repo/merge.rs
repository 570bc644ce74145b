//! Three-way merge of trees: what we rendered last (`base`), what we render now (`ours`), what is in
//! the repository (`theirs`), where the Nautes API server and people have written since. Pure; files
//! that both sides changed are left open for a merge of their lines.

use std::collections::BTreeSet;

use super::tree::{Entry, Tree};

/// The three sides.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// What was rendered last; nothing the first time.
    pub base: &'a Tree,
    /// What is wanted now.
    pub ours: &'a Tree,
    /// What is there.
    pub theirs: &'a Tree,
}

/// A merge, as far as files tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merge {
    /// The files, those that are open as in the repository.
    pub tree: Tree,
    /// Files that both sides changed.
    pub open: Vec<Open>,
}

/// A file that both sides changed, each in its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Its path.
    pub path: String,
    /// As rendered last.
    pub base: Option<Entry>,
    /// As wanted now; `None` to remove it.
    pub ours: Option<Entry>,
    /// As it is there; `None` if somebody removed it.
    pub theirs: Option<Entry>,
}

impl Sides<'_> {
    /// Merges. Files of `kept` belong to somebody else once they are there.
    pub fn merge(&self, kept: &[String]) -> Merge {
        let paths: BTreeSet<&str> = self
            .base
            .paths()
            .chain(self.ours.paths())
            .chain(self.theirs.paths())
            .collect();
        let mut merge = Merge::default();
        for path in paths {
            let (base, ours, theirs) = (
                self.base.get(path),
                self.ours.get(path),
                self.theirs.get(path),
            );
            let is_theirs = theirs.is_some() && kept.iter().any(|kept| kept == path);
            let result = if ours == theirs || ours == base || is_theirs {
                theirs
            } else if base == theirs {
                ours
            } else {
                merge.open.push(Open {
                    path: path.to_owned(),
                    base: base.cloned(),
                    ours: ours.cloned(),
                    theirs: theirs.cloned(),
                });
                theirs
            };
            if let Some(entry) = result {
                merge.tree.insert(path, entry.clone());
            }
        }
        merge
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        files
            .iter()
            .map(|(path, text)| (*path, Entry::plain(*text)))
            .collect()
    }

    #[test]
    fn each_side_keeps_what_it_alone_changed() {
        let base = tree(&[("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"), ("k", "1")]);
        let ours = tree(&[("a", "2"), ("b", "1"), ("c", "2"), ("new", "o"), ("k", "2")]);
        let theirs = tree(&[
            ("a", "1"),
            ("b", "3"),
            ("c", "3"),
            ("d", "1"),
            ("k", "4"),
            ("their", "t"),
        ]);
        let merge = Sides {
            base: &base,
            ours: &ours,
            theirs: &theirs,
        }
        .merge(&["k".to_owned()]);
        let expected = tree(&[
            ("a", "2"),
            ("b", "3"),
            ("c", "3"),
            ("new", "o"),
            ("k", "4"),
            ("their", "t"),
        ]);
        assert_eq!(merge.tree, expected);
        assert_eq!(merge.open.len(), 1);
        assert_eq!(merge.open[0].path, "c");
    }

    #[test]
    fn a_removal_meets_a_change() {
        let (base, none, changed) = (tree(&[("a", "1")]), tree(&[]), tree(&[("a", "2")]));
        for (ours, theirs) in [(&none, &changed), (&changed, &none)] {
            let merge = Sides {
                base: &base,
                ours,
                theirs,
            }
            .merge(&[]);
            assert_eq!((&merge.tree, merge.open.len()), (theirs, 1));
        }
    }

    fn trees() -> impl Strategy<Value = Tree> {
        prop::collection::btree_map("[abc]", "[12]", 0..4).prop_map(|files| {
            files
                .into_iter()
                .map(|(path, text)| (path, Entry::plain(text)))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn laws(base in trees(), ours in trees(), theirs in trees()) {
            let merge = |base, ours, theirs| Sides { base, ours, theirs }.merge(&[]);
            // Who changed nothing gets the other's.
            prop_assert_eq!(merge(&base, &base, &theirs).tree, theirs.clone());
            prop_assert_eq!(merge(&base, &ours, &base).tree, ours.clone());
            // A second run with the same template changes nothing.
            let first = merge(&base, &ours, &theirs);
            let second = merge(&ours, &ours, &first.tree);
            prop_assert_eq!(&second.tree, &first.tree);
            prop_assert!(second.open.is_empty());
            // The sides agree on which files are open.
            let turned = merge(&base, &theirs, &ours);
            let paths = |merge: &Merge| merge.open.iter().map(|open| open.path.clone()).collect::<Vec<_>>();
            prop_assert_eq!(paths(&first), paths(&turned));
        }
    }
}
