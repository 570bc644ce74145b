//! `index.yaml` of a template: which of its files are rendered. No other file is touched, since the
//! others hold Go templates of their own (`trigger_templates.yaml`).

use std::sync::Arc;

use super::problem;
use super::tree::inside;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Node, Rules, Source, parse_one};

/// The file's name.
pub const INDEX: &str = "index.yaml";

/// The paths that it names, in its order.
///
/// # Errors
/// It is no such list, or a path leads out of the template.
pub fn parse(source: &Arc<Source>) -> Result<Vec<(String, Node)>, Diagnostics> {
    let root = parse_one(source, Rules::Ansible)
        .map_err(|found| found.into_iter().map(Diagnostic::from).collect::<Vec<_>>())?;
    let listed = root.get("templates");
    let Some(items) = listed.and_then(Node::as_seq) else {
        let what = "the template's index has no list `templates`";
        let at = listed.unwrap_or(&root);
        return Err(vec![bad(at, what)]);
    };
    let mut errors = Diagnostics::new();
    let mut paths: Vec<(String, Node)> = Vec::new();
    for item in items {
        let Some(path) = item.as_str().and_then(inside) else {
            errors.push(bad(item, "this is no path inside the template"));
            continue;
        };
        if let Some((_, first)) = paths.iter().find(|(known, _)| *known == path) {
            let error = bad(item, format!("`{path}` is named twice"));
            errors.push(error.related(&first.span, "first here"));
            continue;
        }
        paths.push((path, item.clone()));
    }
    if errors.is_empty() {
        Ok(paths)
    } else {
        Err(errors)
    }
}

fn bad(node: &Node, what: impl Into<String>) -> Diagnostic {
    problem("repo/bad-index", what)
        .at(&node.span)
        .help("`index.yaml` is `templates:` with a list of paths in the template")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        parse(&Source::new(INDEX, text))
            .map(|found| found.into_iter().map(|(path, _)| path).collect())
            .map_err(|errors| errors[0].what.clone())
    }

    #[test]
    fn paths_are_plain_and_named_once() {
        let text = "# how\ntemplates:\n- ./a/b.yaml\n- c.yaml\n";
        assert_eq!(read(text).unwrap(), ["a/b.yaml", "c.yaml"]);
        assert!(read("templates: a").unwrap_err().contains("no list"));
        assert!(read("other: []").unwrap_err().contains("no list"));
        assert!(read("templates: [../a]").unwrap_err().contains("no path"));
        assert!(read("templates: [3]").unwrap_err().contains("no path"));
        assert!(read("templates: [a, ./a]").unwrap_err().contains("twice"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(templates:|[-a./ \n\\[\\]{}:\"']){0,30}") {
            for path in read(&text).unwrap_or_default() {
                prop_assert_eq!(inside(&path), Some(path));
            }
        }
    }
}
