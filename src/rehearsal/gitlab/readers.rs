//! Who may read a project's repository: its deploy keys, for whoever serves git.

use super::projects::found;
use super::state::State;

/// The public keys that may read a project; `None` if there is no such project.
pub fn keys(state: &State, project: &str) -> Option<Vec<String>> {
    let id = found(&state.projects, ("path_with_namespace", project))?;
    let theirs = state.enabled.get(&id).into_iter().flatten();
    let texts = theirs.filter_map(|(key, _)| state.keys.get(key)?["key"].as_str());
    Some(texts.map(ToOwned::to_owned).collect())
}
