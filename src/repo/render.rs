//! A template becomes the files of a repository: those that its index names are rendered exactly as
//! Ansible's `template` module does, all others stay as they are, the index itself is left out.

use std::sync::Arc;

use super::index::{self, INDEX};
use super::problem;
use super::tree::{Entry, Tree};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Source, Variables, decode};
use crate::template::{Engine, TextOptions, Unrendered};

/// The files of a template with their variables filled in. `origin` is what the template is called
/// in messages.
///
/// # Errors
/// The index is wrong, names a file that is not there, or a file cannot be rendered; all together.
pub fn render(
    (template, origin): (&Tree, &str),
    engine: &Engine,
    variables: &Arc<dyn Variables>,
) -> Result<Tree, Diagnostics> {
    let mut rendered = template.clone();
    let Some(listed) = rendered.remove(INDEX) else {
        let what = format!("the template `{origin}` has no `{INDEX}`");
        return Err(vec![
            problem("repo/no-index", what)
                .why("it says which files are rendered")
                .help("name a tenant template, such as nautes-labs/tenant-repo-template"),
        ]);
    };
    let source = text((origin, INDEX), listed)?;
    let mut errors = Diagnostics::new();
    for (path, node) in index::parse(&source)? {
        let Some(entry) = template.get(&path) else {
            let what = format!("the template has no file `{path}`");
            let error = problem("repo/bad-index", what).at(&node.span);
            errors.push(error.help("take a template whose index fits its files"));
            continue;
        };
        match one((origin, &path), entry, (engine, variables)) {
            Ok(content) => {
                let entry = Entry {
                    content: content.into_bytes(),
                    kind: entry.kind,
                };
                rendered.insert(path, entry);
            }
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() {
        Ok(rendered)
    } else {
        Err(errors)
    }
}

fn one(
    (origin, path): (&str, &str),
    entry: &Entry,
    (engine, variables): (&Engine, &Arc<dyn Variables>),
) -> Result<String, Diagnostics> {
    let source = text((origin, path), entry.clone())?;
    let rendered = engine.render_source(&source, variables, TextOptions::default());
    rendered.map_err(|why| {
        vec![match why {
            Unrendered::Wrong(error) => *error,
            Unrendered::Unknown(until) => {
                let what = format!("`{path}` needs what is unknown until {until}");
                problem("repo/unknown-value", what).help("run `up`, or give the value")
            }
        }]
    })
}

fn text((origin, path): (&str, &str), entry: Entry) -> Result<Arc<Source>, Diagnostics> {
    let name = format!("{origin}/{path}");
    decode(name, entry.content).map_err(|error| vec![Diagnostic::from(error)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::testing::{engine, variables};
    use serde_json::json;

    fn rendered(files: &[(&str, &str)], values: &serde_json::Value) -> Result<Tree, Diagnostics> {
        let tree: Tree = files
            .iter()
            .map(|(path, text)| (*path, Entry::plain(*text)))
            .collect();
        render((&tree, "tpl"), &engine(), &variables(values))
    }

    #[test]
    fn only_what_the_index_names_is_rendered() {
        let tree = rendered(
            &[
                ("index.yaml", "templates: [./a.yaml]"),
                (
                    "a.yaml",
                    "{% if x %}\nx: {{ x | indent(width=2, indentfirst=True) }}\n\n{% endif %}\n",
                ),
                ("b.yaml", "{{ .Go }}\n"),
            ],
            &json!({"x": "1\n2"}),
        )
        .unwrap();
        assert_eq!(tree.paths().collect::<Vec<_>>(), ["a.yaml", "b.yaml"]);
        // The `template` module trims blocks and keeps the newline at the end.
        assert_eq!(tree.get("a.yaml").unwrap().content, b"x:   1\n  2\n\n");
        assert_eq!(tree.get("b.yaml").unwrap().content, b"{{ .Go }}\n");
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let index = "templates: [a.yaml, gone.yaml, b.yaml]";
        let files = [
            ("index.yaml", index),
            ("a.yaml", "{{ no }}"),
            ("b.yaml", "{{ a b }}"),
        ];
        let errors = rendered(&files, &json!({})).unwrap_err();
        let codes: Vec<&str> = errors.iter().map(|error| error.code).collect();
        assert_eq!(
            codes,
            ["template/undefined", "repo/bad-index", "template/syntax"]
        );
        let errors = rendered(&[("a.yaml", "")], &json!({})).unwrap_err();
        assert_eq!(errors[0].code, "repo/no-index");
    }
}
