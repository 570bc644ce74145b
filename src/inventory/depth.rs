//! How deep groups lie: the deeper one's variables win.

use indexmap::IndexMap;

use super::build::Builder;

impl Builder {
    /// How far each group is from the top, by its longest way; `all` is 0.
    pub fn depths(&self) -> IndexMap<String, usize> {
        let mut depths: IndexMap<String, usize> =
            self.groups.keys().map(|name| (name.clone(), 0)).collect();
        // No loops (`add_child` sees to that), so as many rounds as there are groups settle it.
        for _ in 0..self.groups.len() {
            let mut changed = Vec::new();
            for (name, data) in &self.groups {
                let depth = depths.get(name).map_or(0, |depth| depth + 1);
                for child in &data.children {
                    if depths.get(child).is_some_and(|old| *old < depth) {
                        changed.push((child.clone(), depth));
                    }
                }
            }
            if changed.is_empty() {
                break;
            }
            for (child, depth) in changed {
                let known = depths.entry(child).or_default();
                *known = depth.max(*known);
            }
        }
        depths
    }
}
